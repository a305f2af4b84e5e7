from __future__ import annotations

import json
import re
import signal
import socket
import sys
import traceback
from contextlib import ExitStack
from pathlib import Path

import pytest

import igtl
from igtl.cli import status
from igtl.cli.feeds import Feed, Sieve
from igtl.cli.session import Session
from tests.cli.conftest import Call, Serve, Start, StartOnTerminal
from tests.cli.program import Program, free_port, stream_of
from tests.net.waiting import eventually
from tests.recording.disks import small_disk
from tests.recording.inspection import events, statistics, stored
from tests.recording.traffic import damaged, pose

MANY = [igtl.String(str(number), device_name=f"D{number % 3}") for number in range(30)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def texts(path: Path, connection: str = "") -> list[str]:
    """What was sent, of a file that may be being written."""
    found = [one for one in stored(path, whole=False) if connection in one.connection]
    messages = [igtl.decode(one.data) for one in found]
    return [one.text for one in messages if isinstance(one, igtl.String)]


def told(path: Path) -> list[tuple[str, str]]:
    """The events of a file."""
    return [(one["event"], one["connection"]) for one in events(path)]


def recording(start: Start, path: Path, *arguments: str) -> Program:
    """A program that records, once it does."""
    program = start("record", *arguments, "-o", str(path))
    program.line_with("recording ")
    return program


# ---- what is recorded


def test_every_byte_is_in_the_file(call: Call, serve_bytes: Serve, path: Path) -> None:
    frames = [pose(0), damaged(pose(1)), pose(2, "Needle")]
    server = serve_bytes(b"".join(frame.to_bytes() for frame in frames))
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect")
    assert ended.status == 0
    assert ended.err == f"igtl: {server.endpoint} closed the connection\n"
    assert [one.data for one in stored(path)] == [frame.to_bytes() for frame in frames]
    assert {one.connection for one in stored(path)} == {server.endpoint}
    first, *table, total, hint = ended.out.splitlines()
    assert first == f"recording {server.endpoint} into {path}; Ctrl-C ends"
    assert [line.split()[1:] for line in table] == [
        ["type", "device", "messages"],
        ["TRANSFORM", "Probe", "2"],
        ["TRANSFORM", "Needle", "1"],
    ]
    assert total.startswith("3 messages in 0:")
    assert total.endswith("none dropped, 1 with a wrong checksum, kept as they came")
    assert f"igtl replay {path}" in hint


def test_many_servers_in_one_file(call: Call, serve_bytes: Serve, path: Path) -> None:
    servers = [serve_bytes(stream_of(*MANY[n : n + 10])) for n in (0, 10, 20)]
    endpoints = [server.endpoint for server in servers]
    assert call("record", *endpoints, "-o", str(path), "--no-reconnect").status == 0
    for number, endpoint in enumerate(endpoints):
        assert texts(path, endpoint) == [str(10 * number + n) for n in range(10)]
    happened = [(what, one) for what in ("connected", "ended") for one in sorted(endpoints)]
    assert sorted(told(path)) == happened


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--device", "D0"], {"D0"}),
        (["--device", "D1,X", "--device", "*2"], {"D1", "D2"}),
        (["--type", "string", "--device", "?1"], {"D1"}),
        (["--type", "TRANS*"], {"Probe"}),
    ],
)
def test_only_what_is_wanted(
    call: Call, serve_bytes: Serve, path: Path, options: list[str], expected: set[str]
) -> None:
    server = serve_bytes(stream_of(*MANY) + pose(0).to_bytes())
    call("record", server.endpoint, "-o", str(path), "--no-reconnect", *options)
    assert {one.topic.rpartition("/")[2] for one in stored(path)} == expected


def test_the_file_is_told_as_it_can_be_typed(
    call: Call, serve_bytes: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server = serve_bytes(stream_of(*MANY))
    ended = call("record", server.endpoint, "-o", "first try.mcap", "--no-reconnect")
    assert "`igtl info 'first try.mcap'` tells more" in ended.out


def test_a_split_recording(call: Call, serve_bytes: Serve, path: Path) -> None:
    server = serve_bytes(stream_of(*[igtl.String("x" * 60_000)] * 500))
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect", "--split", "9MB")
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [f"session-00{n}.mcap" for n in (1, 2, 3, 4)]
    assert all(file.stat().st_size <= 9_000_000 for file in files)
    assert sum(statistics(file).message_count for file in files) == 502  # with two events
    assert ended.out.endswith(f"{' '.join(map(str, files))}` plays it again\n")


def test_what_was_recorded_for_programs(call: Call, serve_bytes: Serve, path: Path) -> None:
    server = serve_bytes(stream_of(*MANY) + damaged(pose(0)).to_bytes())
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect", "--json")
    facts = json.loads(ended.out)
    assert facts.pop("servers") == [{"endpoint": server.endpoint, "came": True, "missing": 0.0}]
    assert 0 < facts.pop("seconds") < 60
    assert facts.pop("devices")[1] == {
        "connection": server.endpoint,
        "type": "STRING",
        "device": "D1",
        "version": 1,
        "messages": 10,
    }
    assert facts == {
        "paths": [str(path)],
        "messages": 31,
        "bytes": path.stat().st_size,
        "dropped": 0,
        "checksum_errors": 1,
        "error": None,
    }


def test_a_file_has_the_time_as_its_name(
    call: Call, serve_bytes: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call("record", serve_bytes(stream_of(*MANY)).endpoint, "--no-reconnect")
    (path,) = tmp_path.iterdir()
    assert re.fullmatch(r"igtl-\d{8}-\d{6}\.mcap", path.name)
    assert len(texts(path)) == 30


# ---- servers that come and go


def test_a_server_that_comes_back_is_recorded_again(start: Start, path: Path) -> None:
    port = free_port()
    endpoint = f"127.0.0.1:{port}"
    with igtl.Server(port=port) as server:
        program = recording(start, path, endpoint)
        server.wait_for_clients()
        server.publish(igtl.String("before"))
        eventually(lambda: texts(path) == ["before"])
    with igtl.Server(port=port) as server:
        server.wait_for_clients()
        server.publish(igtl.String("after"))
        eventually(lambda: texts(path) == ["before", "after"])
        ended = program.interrupt()
    assert ended.status == status.INTERRUPTED
    assert told(path) == [("connected", endpoint), ("lost", endpoint), ("restored", endpoint)]
    assert events(path)[2]["gap"] > 0
    assert f"\n{endpoint} was missing for " in ended.out
    assert ended.err == (
        f"igtl: link to {endpoint} lost: {endpoint} closed the connection; it is tried again\n"
        f"igtl: link to {endpoint} restored: connected to {endpoint}\n"
    )


def test_a_server_that_is_not_there_yet_is_waited_for(start: Start, path: Path) -> None:
    port = free_port()
    with igtl.Server(port=0) as first:
        program = recording(start, path, first.endpoint, f"127.0.0.1:{port}")
        with igtl.Server(port=port) as second:
            second.wait_for_clients()
            second.publish(igtl.String("late"))
            eventually(lambda: texts(path, str(port)) == ["late"])
            ended = program.interrupt()
    first_line, second_line, *_ = ended.err.splitlines()
    assert f"127.0.0.1:{port}" in first_line
    assert first_line.endswith("; trying again")
    assert second_line == f"igtl: 127.0.0.1:{port} is there now"
    assert re.search(
        rf"^127\.0\.0\.1:{port} was missing for \S+ s of \S+ s$", ended.out, re.MULTILINE
    )
    assert f"\n{first.endpoint} was" not in ended.out


def test_a_server_that_never_came_is_told(call: Call, path: Path) -> None:
    missing = f"127.0.0.1:{free_port()}"
    with igtl.Server(port=0) as server:
        server.on_connect(lambda peer: peer.send(*MANY))
        ended = call("record", server.endpoint, missing, "-o", str(path), "--for", "2s")
        assert ended.status == status.INCOMPLETE
        assert f"\n{missing} was not there\n30 messages in 0:" in ended.out
        ended = call(
            "record", server.endpoint, missing, "-o", str(path), "--for", "2s", "--json",
            "--overwrite",
        )  # fmt: skip
    there, not_there = json.loads(ended.out)["servers"]
    assert there == {"endpoint": server.endpoint, "came": True, "missing": 0.0}
    assert (not_there["endpoint"], not_there["came"]) == (missing, False)
    assert 0.4 < not_there["missing"] < 30


@pytest.mark.parametrize("options", [[], ["--no-reconnect"]])
def test_no_server_is_there(call: Call, path: Path, options: list[str]) -> None:
    endpoints = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"]
    ended = call("record", *endpoints, "-o", str(path), *options)
    assert ended.status == status.FAILED
    assert endpoints[0] in ended.err
    assert not path.exists()


def test_one_server_is_missing_and_not_waited_for(
    call: Call, serve_bytes: Serve, path: Path
) -> None:
    missing = f"127.0.0.1:{free_port()}"
    server = serve_bytes(stream_of(*MANY))
    ended = call("record", server.endpoint, missing, "-o", str(path), "--no-reconnect")
    assert ended.status == status.FAILED
    assert missing in ended.err
    assert not path.exists()


def test_a_server_that_breaks_off(call: Call, serve_bytes: Serve, path: Path) -> None:
    server = serve_bytes(stream_of(*MANY)[:-5])
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect")
    assert ended.status == status.FAILED
    assert "in the middle of a message" in ended.err
    assert len(texts(path)) == 29


# ---- how it ends


def test_it_ends_after_a_while(call: Call, path: Path) -> None:
    with igtl.Server(port=0) as server:
        server.on_connect(lambda peer: peer.send(*MANY))
        ended = call("record", server.endpoint, "-o", str(path), "--for", "2s")
    assert (ended.status, ended.err) == (0, "")
    assert len(texts(path)) == 30
    assert " for 2 s; Ctrl-C ends" in ended.out


def test_nothing_came(call: Call, path: Path) -> None:
    with igtl.Server(port=0) as server:
        ended = call("record", server.endpoint, "-o", str(path), "--for", "0.3")
    assert ended.status == status.INCOMPLETE
    assert texts(path) == []
    first, *absences, last = ended.out.splitlines()  # nothing to look at, so no advice how to
    assert (first.split()[0], absences, last[:11]) == ("recording", [], "0 messages ")


@pytest.mark.parametrize("more", [(), ("--split", "1MB")])
def test_there_is_no_folder_for_the_file(
    call: Call, serve_bytes: Serve, path: Path, more: tuple[str, ...]
) -> None:
    path = path.parent / "none" / path.name
    ended = call("record", serve_bytes(stream_of(*MANY)).endpoint, "-o", str(path), *more)
    assert ended.status == status.FAILED
    assert ended.err == f"igtl: cannot write {path}: there is no folder {path.parent}\n"


def test_an_unknown_type_is_doubted(call: Call, serve_bytes: Serve, path: Path) -> None:
    server = serve_bytes(stream_of(*MANY))
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect", "--type", "STRNG")
    assert ended.status == status.INCOMPLETE
    assert "igtl: type 'STRNG' is not known; did you mean STRING?\n" in ended.err


def test_a_server_that_closes_too_early(call: Call, serve_bytes: Serve, path: Path) -> None:
    server = serve_bytes(stream_of(*MANY))
    ended = call("record", server.endpoint, "-o", str(path), "--no-reconnect", "--for", "1h")
    assert ended.status == status.INCOMPLETE
    assert len(texts(path)) == 30


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_good_order(
    start: Start, path: Path, number: signal.Signals, expected: int
) -> None:
    with igtl.Server(port=0) as server:
        program = recording(start, path, server.endpoint)
        server.wait_for_clients()
        server.publish(*MANY)
        eventually(lambda: len(texts(path)) == 30)
        program._process.send_signal(number)
        ended = program.wait()
    assert ended.status == expected
    assert ended.err == ""
    assert "30 messages in 0:" in ended.out
    assert statistics(path).message_count == 31


def test_nohup_is_obeyed(start: Start, path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which a program inherits
    with igtl.Server(port=0) as server:
        try:
            program = recording(start, path, server.endpoint)
        finally:
            signal.signal(signal.SIGHUP, before)
        server.wait_for_clients()
        program._process.send_signal(signal.SIGHUP)
        server.publish(*MANY)
        eventually(lambda: len(texts(path)) == 30)
        assert program.interrupt().status == status.INTERRUPTED


def connecting(feed: Feed) -> bool:
    """Whether its thread is trying to connect now."""
    thread = feed._follower._thread
    assert thread is not None
    stack = traceback.walk_stack(sys._current_frames().get(thread.ident or 0))
    return "open_socket" in [frame.f_code.co_name for frame, _ in stack]


def test_a_server_that_never_answers_does_not_delay_the_end(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        with ExitStack() as stack:
            for _ in range(2):  # as many as the system keeps for it
                caller = stack.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(silent.getsockname())
            feeds = [Feed(endpoint, "igtl", reconnect=True, tell=print) for _ in range(3)]
            with igtl.Recorder(path) as recorder:
                for feed in feeds:
                    feed.start(recorder, Sieve((), ()))
                eventually(lambda: all(map(connecting, feeds)))
                for feed in feeds:
                    feed.close()
                assert all(map(connecting, feeds))  # they go on alone


def test_a_full_disk(start: Start) -> None:
    with small_disk(6 << 20) as folder, igtl.Server(port=0) as server:
        path = folder / "session.mcap"
        server.on_connect(lambda peer: peer.send(*[igtl.String("x" * 60_000)] * 400))
        ended = recording(start, path, server.endpoint).wait()
        assert ended.status == status.FAILED
        assert "No space left on device" in ended.err
        assert "were lost" in ended.err
        assert len(texts(path)) > 20
        assert told(path)[-1] == ("cut", "")


def test_drops_make_it_incomplete(path: Path) -> None:
    with igtl.Recorder(path) as recorder:
        session = Session(recorder, [], None)
        recorder.write(pose(0))
        eventually(lambda: recorder.messages)
        assert session.judge(status.DONE) == status.DONE
        recorder.write(pose(1)._replace(version=1 << 16))  # which no header can hold
    assert session.judge(status.DONE) == status.INCOMPLETE
    assert session.judge(status.INTERRUPTED) == status.INTERRUPTED


# ---- what is refused


def test_a_file_that_is_there_is_kept(call: Call, serve_bytes: Serve, path: Path) -> None:
    path.write_text("precious")
    server = serve_bytes(stream_of(*MANY))
    ended = call("record", server.endpoint, "-o", str(path))
    assert ended.status == status.FAILED
    assert ended.err == (
        f"igtl: {path} is there already: choose another name, or overwrite it on purpose "
        "(--overwrite)\n"
    )
    assert path.read_text() == "precious"
    call("record", server.endpoint, "-o", str(path), "--overwrite", "--no-reconnect")
    assert len(texts(path)) == 30


def test_a_file_that_is_being_recorded_is_kept(start: Start, call: Call, path: Path) -> None:
    with igtl.Server(port=0) as server:
        program = recording(start, path, server.endpoint)
        server.wait_for_clients()
        server.publish(*MANY)
        ended = call("record", server.endpoint, "-o", str(path), "--overwrite", "--for", "0.1")
        assert ended.status == status.FAILED
        assert ended.err == (
            f"igtl: {path} is being recorded by another program: choose another name\n"
        )
        server.publish(*MANY)
        eventually(lambda: len(texts(path)) == 60)
        assert program.interrupt().status == status.INTERRUPTED


@pytest.mark.parametrize("name", ["film.mp4", "session", "2026.11"])
def test_a_name_that_is_none_of_a_recording(call: Call, tmp_path: Path, name: str) -> None:
    ended = call("record", "localhost", "-o", str(tmp_path / name))
    assert ended.status == status.USAGE
    assert "expected one that ends in .mcap; `igtl convert` makes" in ended.err


def test_a_server_that_is_given_twice(call: Call, path: Path) -> None:
    ended = call("record", "localhost", "tcp://localhost:18944", "-o", str(path))
    assert ended.status == status.USAGE
    assert "localhost:18944 is given twice" in ended.err


@pytest.mark.parametrize(
    "options",
    [
        ["--for", "soon"],
        ["--for", "0"],
        ["--split", "2XB"],
        ["--split", "10"],
        ["--flush", "0"],
        [],
    ],
)
def test_wrong_use(call: Call, options: list[str]) -> None:
    endpoints = ["localhost"] * bool(options)
    assert call("record", *endpoints, *options).status == status.USAGE


# ---- what people see


def test_a_line_that_keeps_up(start_on_terminal: StartOnTerminal, path: Path) -> None:
    with igtl.Server(port=0) as server:
        program = start_on_terminal("record", server.endpoint, "-o", str(path))
        server.wait_for_clients()
        server.publish(*MANY)
        program.wait_for("30 messages")
        program.wait_for("0 dropped")
        program.wait_for(" left")
        assert program.interrupt() == status.INTERRUPTED
    assert "30 messages in 0:" in program.shown
