from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import igtl
from tests.cli.conftest import Call, Start
from tests.cli.program import Program
from tests.recording.playing import numbered, recorded, texts

TIMEOUT_S = 20.0
HOUR = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def endpoint_of(program: Program) -> str:
    """Where a program listens."""
    return program.line_with("Listening on").split()[2].removesuffix(".")


def all_of(endpoint: str) -> list[igtl.Frame]:
    """All that a server sends until it closes."""
    with igtl.connect(endpoint) as link:
        return list(link.frames())


def replayed(start: Start, *arguments: str) -> list[igtl.Frame]:
    """What one client receives of a replay at full speed."""
    program = start("replay", *arguments, "--port", "0", "--speed", "max")
    frames = all_of(endpoint_of(program))
    ended = program.wait()
    assert (ended.status, ended.err) == (0, "")
    return frames


def test_every_byte_comes_again(start: Start, path: Path) -> None:
    frames = recorded(path, numbered(*(n * 1e-6 for n in range(2000))))
    program = start("replay", str(path), "--port", "0")
    assert program.line() == f"{path}: 0:00.0 to 0:00.0 at speed 1"
    endpoint = endpoint_of(program)
    assert program.line() == "Begins with 1 client..."
    received = all_of(endpoint)
    assert [frame.to_bytes() for frame in received] == [frame.to_bytes() for frame in frames]
    ended = program.wait()
    assert (ended.status, ended.err) == (0, "")
    left, last = ended.out.splitlines()[-2:]
    assert left.endswith(" left after 2,000 messages")
    assert last.startswith("2,000 messages played, 2,000 sent to 1 client, 0 dropped, ")
    assert last.endswith(" ms late at most")


def test_a_split_recording_is_one(start: Start, tmp_path: Path) -> None:
    parts = numbered(0, 1, 2, 3)
    recorded(tmp_path / "1.mcap", parts[:2])
    recorded(tmp_path / "2.mcap", parts[2:])
    frames = replayed(start, str(tmp_path / "1.mcap"), str(tmp_path / "2.mcap"))
    assert texts(frames) == list("0123")


def test_it_begins_when_enough_clients_are_there(start: Start, path: Path) -> None:
    recorded(path, numbered(0))
    program = start("replay", str(path), "--port", "0", "--wait", "2")
    endpoint = endpoint_of(program)
    assert program.line() == "Begins with 2 clients..."
    with igtl.connect(endpoint) as first:
        assert program.line().endswith(" connected")
        with igtl.connect(endpoint) as second:
            assert [texts(link.frames()) for link in (first, second)] == [["0"], ["0"]]
    assert ", 2 sent to 2 clients, 0 dropped" in program.wait().out


def test_it_need_not_wait(start: Start, path: Path) -> None:
    recorded(path, numbered(0, 0.001))
    ended = start("replay", str(path), "--port", "0", "--no-wait").wait()
    assert ended.status == 0
    assert "\n2 messages played, 0 sent to 0 clients, 0 dropped" in ended.out


def test_a_part_of_some_devices_is_chosen(start: Start, path: Path) -> None:
    probe = igtl.Transform(np.eye(4), device_name="Probe")
    recorded(path, [*numbered(0, 61), (62, probe), (63, probe), *numbered(70, 90)])
    part = ("--from", "1:01", "--to", "1:10")
    assert [frame.device_name for frame in replayed(start, str(path), *part)] == [
        "Count", "Probe", "Probe", "Count",
    ]  # fmt: skip
    frames = replayed(start, str(path), *part, "--type", "TRANSFORM,IMAGE", "--device", "Pr*")
    assert [frame.device_name for frame in frames] == ["Probe", "Probe"]
    assert len(replayed(start, str(path), "--connection", "track*")) == 6


def test_times_may_be_those_of_now(start: Start, path: Path) -> None:
    before = recorded(path, numbered(0, 1))
    after = replayed(start, str(path), "--times", "now")
    assert after[0].raw_time > before[0].raw_time
    assert after[1].raw_time - after[0].raw_time == 1 << 32


def test_a_loop_goes_on_until_ctrl_c(start: Start, path: Path) -> None:
    recorded(path, numbered(0, 0.001, 0.002))
    program = start("replay", str(path), "--port", "0", "--loop")
    with igtl.connect(endpoint_of(program)) as link:
        frames = [link.receive_frame(TIMEOUT_S) for _ in range(30)]
        ended = program.interrupt()
    assert texts(frames) == list("012") * 10
    assert (ended.status, ended.err) == (130, "")


def test_clients_control_it(start: Start, call: Call, path: Path) -> None:
    recorded(path, numbered(*(n * HOUR for n in range(5))))
    program = start("replay", str(path), "--port", "0")
    endpoint = endpoint_of(program)
    with igtl.connect(endpoint) as link:
        assert texts([link.receive_frame(TIMEOUT_S)]) == ["0"]
        assert "Paused    true" in call("command", endpoint, "Pause").out
        assert "paused  0:" in program.line_with("paused")
        sought = call("command", endpoint, "Seek", "--param", "Time=10800")
        assert "Position  10800.0" in sought.out
        assert call("command", endpoint, "Resume").status == 0
        assert texts([link.receive_frame(TIMEOUT_S)]) == ["3"]
        wrong = call("command", endpoint, "Seek", "--param", "Time=-1")
        assert (wrong.status, "expected 0 s to 14400 s" in wrong.err) == (1, True)
        call("command", endpoint, "SetSpeed", "--param", "Speed=max")
        assert texts(link.frames()) == ["4"]
    assert program.wait().status == 0


def test_nothing_is_lost_for_a_client_that_is_slow(start: Start, path: Path) -> None:
    image = igtl.Image(np.zeros((1000, 1000), np.uint8), device_name="US")
    recorded(path, [(n * 1e-3, image) for n in range(200)])  # more than a queue holds
    program = start("replay", str(path), "--port", "0", "--speed", "max")
    with igtl.connect(endpoint_of(program)) as link:
        program.line_with("connected")
        assert len([frame for frame in link.frames() if frame.body_size > 1_000_000]) == 200
    assert ", 200 sent to 1 client, 0 dropped" in program.wait().out


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["missing.mcap"], 1, "missing.mcap: No such file"),
        (["FILE", "--from", "1:99"], 2, "'1:99' is no moment, expected seconds, m:ss"),
        (["FILE", "--from", "3:00"], 2, "--from 3:00.0 is behind the end of a recording of 0:02.0"),
        (["FILE", "--from", "3", "--to", "2"], 2, "--to 0:02.0 is not behind --from 0:03.0"),
        (["FILE", "--from", "1", "--to", "1"], 2, "--to 0:01.0 is not behind --from 0:01.0"),
        (["FILE", "FILE"], 1, "was named twice"),
        (["FILE", "--device", "Nix"], 1, "session.mcap: there are STRING of 'Count'\n"),
        (["FILE", "--connection", "a,b"], 1, "there are STRING of 'Count', over tracker\n"),
        (["FILE", "--speed", "0"], 2, "'0' is not a number above 0"),
        (["FILE", "--wait", "0"], 2, "'0' is not a whole number above 0"),
        (["FILE", "--wait", "2", "--no-wait"], 2, "not allowed with argument"),
        ([], 2, "the following arguments are required: FILE"),
    ],
)
def test_wrong_use_is_one_clear_line(
    arguments: list[str], status: int, complaint: str, call: Call, path: Path
) -> None:
    recorded(path, numbered(0, 2))
    ended = call("replay", *[str(path) if one == "FILE" else one for one in arguments])
    assert (ended.status, ended.out) == (status, "")
    assert complaint in ended.err


def test_an_empty_recording_is_refused(call: Call, path: Path) -> None:
    recorded(path, [])
    ended = call("replay", str(path), "--port", "0")
    assert (ended.status, ended.err) == (1, f"igtl: there are no messages in {path}\n")


def test_one_line_tells_of_a_file_that_is_cut_off(start: Start, path: Path) -> None:
    recorded(path, numbered(0, 0.001))
    path.write_bytes(path.read_bytes()[:-100])
    ended = start("replay", str(path), "--port", "0", "--no-wait").wait()
    assert "\n2 messages played" in ended.out
    assert ended.status == 0
    assert ended.err == (
        f"igtl: {path} is cut off, or still being written: what is whole is played; "
        "`igtl info` tells more\n"
    )
