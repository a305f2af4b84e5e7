from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import igtl
from tests.cli.conftest import Call, Serve, Start, StartOnTerminal
from tests.cli.program import stream_of

MARK = igtl.PointElement("A", position=np.array((1.0, 2, 3)))
POINT = igtl.Point((MARK,), device_name="Marks", timestamp=9)
POSE = np.array([[1.0, 0, 0, 10], [0, 1, 0, 20], [0, 0, 1, 30]])
PROBE = igtl.Transform(POSE, device_name="Probe", timestamp=7)
NOTE = igtl.String("hello", device_name="Note", timestamp=8)


def damaged(message: igtl.Message) -> bytes:
    """Its bytes with the last one changed: the checksum does not match."""
    data = igtl.encode(message)
    return data[:-1] + bytes([data[-1] ^ 1])


def test_one_aligned_line_a_message_until_the_server_closes(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(PROBE, NOTE, POINT))
    assert call("listen", server.endpoint) == (
        0,
        "     7.000 s  TRANSFORM    Probe                "
        "(   10.00,    20.00,    30.00) mm  turned   0.0 deg\n"
        "     8.000 s  STRING       Note                 hello\n"
        "     9.000 s  POINT        Marks                1 point: A (1.00, 2.00, 3.00)\n",
        f"igtl: {server.endpoint} closed the connection after 3 messages\n",
    )


def test_types_and_devices_are_picked(call: Call, serve_bytes: Serve) -> None:
    endpoint = serve_bytes(stream_of(PROBE, NOTE, POINT)).endpoint
    assert len(call("listen", endpoint, "--type", "transform,POINT").out.splitlines()) == 2
    assert "hello" in call("listen", endpoint, "--type", "S*", "--type", "STATUS").out
    assert call("listen", endpoint, "--device", "Pro??").out.count("\n") == 1
    assert call("listen", endpoint, "--type", "STRING", "--device", "Probe").out == ""


def test_an_unknown_type_is_doubted(call: Call, serve_bytes: Serve) -> None:
    ended = call("listen", serve_bytes(b"").endpoint, "--type", "TRANFORM")
    assert "type 'TRANFORM' is not known; did you mean TRANSFORM?" in ended.err


def test_count_ends_it(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(PROBE, NOTE, POINT))
    ended = call("listen", server.endpoint, "--count", "2")
    assert (ended.status, ended.out.count("\n"), ended.err) == (0, 2, "")


def test_a_count_that_is_not_reached_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(PROBE))
    ended = call("listen", server.endpoint, "--count", "2")
    assert ended.status == 3
    assert "closed the connection after 1 of 2 messages" in ended.err


def test_json_has_every_field(call: Call, serve_bytes: Serve) -> None:
    note = igtl.String("grüß\x1b", device_name="N", timestamp=3, metadata={"k": "v"}, message_id=4)
    ended = call("listen", serve_bytes(stream_of(note)).endpoint, "--json")
    assert ended.out.isascii()
    found = json.loads(ended.out)
    assert found.pop("arrival") > 1e9
    assert found == {
        "wire_type": "STRING",
        "device_name": "N",
        "text": "grüß\x1b",
        "encoding": 106,
        "timestamp": 3,
        "message_id": 4,
        "metadata": {"k": "v"},
        "header_version": 2,
    }


def test_a_malformed_message_is_reported_and_listening_goes_on(
    call: Call, serve_bytes: Serve
) -> None:
    server = serve_bytes(damaged(PROBE) + stream_of(NOTE))
    ended = call("listen", server.endpoint)
    assert ended.status == 0
    assert ended.out.endswith("hello\n")
    first, second = ended.err.splitlines()
    assert first.startswith("igtl: malformed message: TRANSFORM of device 'Probe': checksum")
    assert second.endswith("closed the connection after 1 message")


@pytest.mark.parametrize(("count", "status"), [([], 1), (["--count", "5"], 3)])
def test_a_broken_connection_has_status_1_unless_a_count_is_missed(
    count: list[str], status: int, call: Call, serve_bytes: Serve
) -> None:
    server = serve_bytes(stream_of(NOTE, PROBE)[:-10])
    ended = call("listen", server.endpoint, *count)
    assert (ended.status, ended.out.count("\n")) == (status, 1)
    assert "broke the connection in the middle of a message" in ended.err
    assert ended.err.endswith(", after 1 of 5 messages\n" if count else ", after 1 message\n")


def test_something_else_than_openigtlink_has_status_1(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(b"\0" * 100)
    ended = call("listen", server.endpoint)
    assert ended.status == 1
    assert "this is not OpenIGTLink" in ended.err


def test_no_server_is_one_clear_line(call: Call) -> None:
    with igtl.Server(port=0) as server:
        endpoint = server.endpoint
    ended = call("listen", endpoint)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"igtl: no OpenIGTLink server at {endpoint}: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("endpoint", ["ws://localhost", "localhost:port", "a:b:c:d"])
def test_a_wrong_endpoint_has_status_2(endpoint: str, call: Call) -> None:
    ended = call("listen", endpoint)
    assert (ended.status, ended.err.count("\n")) == (2, 1)


def test_patience_ends_when_nothing_wanted_comes(call: Call) -> None:
    with igtl.Server(port=0) as server:

        @server.on_connect
        def chatter(peer: igtl.Peer) -> None:
            peer.send(PROBE, PROBE)

        ended = call("listen", server.endpoint, "--type", "STRING", "--timeout", "1")
    assert ended.status == 3
    silence = f"came from {server.endpoint} for 1 s, after 0 messages\n"
    assert ended.err == f"igtl: nothing that was asked for (but 2 other messages) {silence}"


@pytest.mark.parametrize("form", ["line", "classic", "json"])
def test_a_hostile_peer_cannot_write_to_the_terminal(
    form: str, call: Call, serve_bytes: Serve
) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\n"
    messages = (
        igtl.String(hostile, device_name=hostile, metadata={hostile: hostile}),
        igtl.Status(2, error_name=hostile, text=hostile, device_name=hostile),
        igtl.TrackingData((igtl.Tool(hostile, POSE),), device_name=hostile),
        igtl.Unknown(hostile[:12], b"x", device_name=hostile),
        igtl.Capability((hostile[:12],)),
    )
    data = stream_of(*messages) + damaged(messages[0]) + damaged(messages[3])
    ended = call("listen", serve_bytes(data).endpoint, "--format", form)
    assert ended.status == 0
    shown = (ended.out + ended.err).replace("\n", "")
    assert shown.isprintable()
    assert "owned" in shown


def test_saving_keeps_bytes_and_images(call: Call, serve_bytes: Serve, tmp_path: Path) -> None:
    image = igtl.Image([[0.5, 1.5]], device_name="US")
    server = serve_bytes(stream_of(PROBE, image))
    folder = tmp_path / "new" / "folder"
    ended = call("listen", server.endpoint, "--save", str(folder))
    assert ended.out.count("\n") == 2
    assert sorted(file.name for file in folder.iterdir()) == [
        "000001_TRANSFORM_Probe.igtl",
        "000002_IMAGE_US.igtl",
        "000002_IMAGE_US.mha",
    ]
    assert (folder / "000001_TRANSFORM_Probe.igtl").read_bytes() == igtl.encode(PROBE)


def test_saving_takes_a_folder(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "one.mcap"
    path.touch()
    ended = call("listen", "localhost", "--save", str(path))
    assert ended.status == 2
    assert f"{path} is a file: --save takes a folder" in ended.err
    assert "`igtl record` makes recordings" in ended.err


def test_ctrl_c_ends_it_cleanly(start: Start) -> None:
    with igtl.Server(port=0) as server:
        program = start("listen", server.endpoint)
        assert server.wait_for_clients(timeout=20)
        server.publish(NOTE)
        assert "hello" in program.line()
        assert program.interrupt() == (130, "", "")


def test_every_message_is_written_at_once(start: Start) -> None:
    with igtl.Server(port=0) as server:
        program = start("listen", server.endpoint)
        assert server.wait_for_clients(timeout=20)
        for text in ("one", "two"):
            server.publish(igtl.String(text))
            assert program.line().endswith(text)


def test_people_are_told_what_to_do_when_nothing_comes(start_on_terminal: StartOnTerminal) -> None:
    with igtl.Server(port=0) as server:
        program = start_on_terminal("listen", server.endpoint)
        program.wait_for(f"{server.endpoint} has sent nothing so far: 'igtl devices' asks")
        assert program.interrupt() == 130


def test_live_elsewhere_than_on_a_terminal_is_a_table_at_the_end(
    call: Call, serve_bytes: Serve
) -> None:
    server = serve_bytes(stream_of(PROBE, NOTE, NOTE) + damaged(PROBE))
    heading, *rows, total = call("listen", server.endpoint, "--live").out.splitlines()
    assert heading.split()[:3] == ["device", "type", "messages"]
    assert [row.split()[:3] for row in rows] == [
        ["Probe", "TRANSFORM", "2"],
        ["Note", "STRING", "2"],
    ]
    assert [row.split()[-1] for row in rows] == ["1", "0"]
    assert total.startswith("4 messages, 346 B, 1 malformed")


def test_live_on_a_terminal_shows_devices_until_ctrl_c(start_on_terminal: StartOnTerminal) -> None:
    with igtl.Server(port=0) as server:
        program = start_on_terminal("listen", server.endpoint, "--live")
        assert server.wait_for_clients(timeout=20)
        server.publish(NOTE, igtl.String("x", device_name="Evil\x1b[5m"))
        program.wait_for("Note")
        program.wait_for("Evil\\x1b[5m")
        assert program.interrupt() == 130
    assert "Traceback" not in program.shown
    assert "\x1b[5m" not in program.shown


def test_plus_is_told_that_we_read_metadata(start: Start) -> None:
    with igtl.Server(port=0) as server:
        program = start("listen", server.endpoint, "--profile", "plus")
        _, hello = server.receive(timeout=20)
        assert (hello.wire_type, hello.header_version) == ("STATUS", 2)
        assert program.interrupt().status == 130
