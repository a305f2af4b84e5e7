from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest

import igtl
from tests.cli.conftest import Call, Serve, Start, StartOnTerminal
from tests.cli.program import stream_of
from tests.cli.servers import asked_of, slicer_server

US = igtl.Image(np.zeros((4, 5), np.uint8), spacing=(0.5, 0.25, 1), device_name="US", timestamp=7)
PROBE = igtl.Transform(
    np.eye(4), device_name="ProbeToTracker", metadata={"TransformStatus": "OK", "Unit": "mm"}
)
EVIL = igtl.String("x", device_name="\x1b[2J", metadata={"\x1b[5m": "y"})
SHORT = ("--seconds", "1")


@pytest.fixture
def quiet_server() -> Iterator[igtl.Server]:
    """A server that sends nothing by itself."""
    with igtl.Server(port=0) as server:
        yield server


@pytest.fixture
def server(quiet_server: igtl.Server) -> igtl.Server:
    """A server that sends a few messages to each client who comes."""

    @quiet_server.on_connect
    def send(client: igtl.Peer) -> None:
        client.send(US, US, PROBE, EVIL)

    return quiet_server


def test_a_line_a_device_and_what_is_known_of_the_server(server: igtl.Server, call: Call) -> None:
    server.offer(US)
    ended = call("devices", server.endpoint, *SHORT)
    assert (ended.status, ended.err) == (0, "")
    head, *rows, blank, counts, kind, types = ended.out.splitlines()
    assert head.split() == [
        *("device", "type", "messages", "rate", "header", "latest", "metadata"),
    ]
    assert [" ".join(row.split()) for row in rows] == [
        "US IMAGE 2 - v1 5 x 4 x 1 uint8, 0.5 x 0.25 x 1 mm, RAS -",
        "ProbeToTracker TRANSFORM 1 - v2 ( 0.00, 0.00, 0.00) mm turned 0.0 deg "
        "TransformStatus Unit",
        "\\x1b[2J STRING 1 - v2 x \\x1b[5m",
    ]
    assert blank == ""
    assert re.fullmatch(r"4 messages in \d\.\d s", counts)
    assert kind == f"{server.endpoint} is 127.0.0.1:{server.port}, PLUS (profile plus)"
    assert types.startswith("it understands CAPABILITY COMMAND GET_CAPABIL GET_IMAGE ")


def test_json_has_the_same_and_more(server: igtl.Server, call: Call) -> None:
    ended = call("devices", server.endpoint, *SHORT, "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["messages"], found["malformed"], found["profile"]) == (4, 0, "plus")
    assert "GET_STATUS" in found["capabilities"]
    us, probe, _ = found["devices"]
    assert us.pop("image") == {
        "size": [5, 4, 1],
        "components": 1,
        "scalar": "uint8",
        "spacing": [0.5, 0.25, 1.0],
        "origin": [0.0, 0.0, 0.0],
        "coordinates": "RAS",
    }
    assert us == {
        "device": "US",
        "type": "IMAGE",
        "messages": 2,
        "malformed": 0,
        "bytes": 2 * len(igtl.encode(US)),
        "rate": None,
        "header_versions": [1],
        "metadata_keys": [],
    }
    assert probe["metadata_keys"] == ["TransformStatus", "Unit"]


def test_rates_are_those_of_the_whole_time(start: Start) -> None:
    server = start("serve", "tracker", "--port", "0")
    port = server.line_with("Listening on").partition(",")[0].rpartition(":")[2]
    ended = start("devices", f"localhost:{port}", "--seconds", "1", "--json").wait()
    found = {one["device"]: one for one in json.loads(ended.out)["devices"]}
    assert found.keys() == {
        *("ProbeToTracker", "NeedleToTracker", "ReferenceToTracker", "Tracker"),
    }
    assert 5 < found["Tracker"]["rate"] < 500  # 50, where the machine keeps up


def test_3d_slicer_is_recognised_and_not_asked(call: Call) -> None:
    with slicer_server() as (server, asked):
        ended = call("devices", server.endpoint, *SHORT)
    assert ended.status == 0
    assert "3D Slicer (profile slicer)\nit was not asked what it understands" in ended.out
    assert asked_of(asked) == []


def test_a_server_that_sends_nothing_by_itself(quiet_server: igtl.Server, call: Call) -> None:
    quiet_server.offer(US)
    ended = call("devices", quiet_server.endpoint, *SHORT)
    assert ended.status == 0
    assert "\nUS      IMAGE         0  on request  -               -\n" in ended.out
    assert re.search(r"^0 messages in \d\.\d s$", ended.out, re.MULTILINE)
    assert "nothing comes by itself: igtl get and igtl stream ask for it\n" in ended.out


TYPED = (
    '<CommandReply Name="RequestDeviceIds" Status="SUCCESS" Message="US,MR,\x9b">'
    '<Device Type="IMAGE" Name="US"/><Device Type="IMAGE" Name="MR"/>'
    '<Device Type="POINT" Name="\x9b"/></CommandReply>'
)
NAMED = '<CommandReply Name="RequestDeviceIds" Status="SUCCESS" Message="US, Tracker"/>'


def tells(server: igtl.Server, reply: str) -> list[str]:
    """Have a server name its devices; the commands that it got."""
    got: list[str] = []

    @server.on_command("RequestDeviceIds")
    def told(client: igtl.Peer, command: igtl.Command) -> str:
        got.append(command.name)
        return reply

    return got


def test_what_is_there_on_request_is_listed(server: igtl.Server, call: Call) -> None:
    tells(server, TYPED)
    ended = call("devices", server.endpoint, *SHORT)
    assert (ended.status, ended.err) == (0, "")
    rows = [" ".join(row.split()) for row in ended.out.partition("\n\n")[0].splitlines()]
    assert [row for row in rows if " IMAGE " in row or "POINT" in row] == [
        "US IMAGE 2 - v1 5 x 4 x 1 uint8, 0.5 x 0.25 x 1 mm, RAS -",
        "MR IMAGE 0 on request - -",
        "\\x9b POINT 0 on request - -",
    ]


def test_what_was_sent_is_recognised_however_it_is_named(
    quiet_server: igtl.Server, start: Start
) -> None:
    program = start("devices", quiet_server.endpoint, "--seconds", "1", "--json")
    assert quiet_server.wait_for_clients(timeout=20)
    quiet_server.publish(EVIL)
    found = json.loads(program.wait().out)["devices"]
    assert [(one["device"], one["messages"]) for one in found] == [("\x1b[2J", 1)]


def test_names_without_types_are_listed_as_well(quiet_server: igtl.Server, call: Call) -> None:
    tells(quiet_server, NAMED)
    ended = call("devices", quiet_server.endpoint, *SHORT)
    first, second = [" ".join(row.split()) for row in ended.out.splitlines()[1:3]]
    assert (first, second) == ("US - 0 on request - -", "Tracker - 0 on request - -")


def test_a_name_without_type_adds_nothing_to_what_came(server: igtl.Server, call: Call) -> None:
    tells(server, NAMED)
    ended = call("devices", server.endpoint, *SHORT, "--json")
    found = {one["device"]: one for one in json.loads(ended.out)["devices"]}
    assert list(found) == ["US", "ProbeToTracker", "\x1b[2J", "Tracker"]
    assert found["US"]["messages"] == 2
    assert found["Tracker"] == {
        "device": "Tracker",
        "type": None,
        "messages": 0,
        "malformed": 0,
        "bytes": 0,
        "rate": None,
        "header_versions": [],
        "metadata_keys": [],
        "image": None,
    }


def test_who_says_nothing_of_commands_gets_none(quiet_server: igtl.Server, call: Call) -> None:
    got = tells(quiet_server, TYPED)

    @quiet_server.on_message(igtl.Get)
    def answer(client: igtl.Peer, query: igtl.Get) -> None:
        client.send(igtl.Capability(("STATUS", "GET_STATUS")))

    ended = call("devices", quiet_server.endpoint, *SHORT)
    assert (ended.status, got) == (0, [])
    assert call("devices", quiet_server.endpoint, *SHORT, "--profile", "slicer").status == 3
    assert got == []
    call("devices", quiet_server.endpoint, *SHORT, "--profile", "plus")
    assert got == ["RequestDeviceIds"]


def test_a_port_without_anything_has_status_3(quiet_server: igtl.Server, call: Call) -> None:
    quiet_server.on_message(igtl.Get)(lambda client, query: None)
    ended = call("devices", quiet_server.endpoint, "--seconds", "0.1")
    assert ended.status == 3
    assert "it does not say what it understands" in ended.out


def test_what_came_before_the_server_closed_is_listed(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(US, US.replace(timestamp=8)))
    ended = call("devices", server.endpoint, "--seconds", "60")
    assert ended.status == 0
    assert "US      IMAGE         2" in ended.out
    assert ended.err.startswith(f"igtl: {server.endpoint} closed the connection after ")


def test_nothing_before_the_server_closed_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(b"")
    ended = call("devices", server.endpoint, "--seconds", "60")
    assert ended.status == 3
    said = rf"igtl: {server.endpoint} closed the connection after \d\.\d s\n"
    assert re.fullmatch(said, ended.err)


def test_malformed_messages_are_counted(call: Call, serve_bytes: Serve) -> None:
    data = bytearray(igtl.encode(US))
    data[-1] ^= 1
    ended = call("devices", serve_bytes(bytes(data)).endpoint, "--seconds", "60")
    assert "US      IMAGE         1     -  v1      1 malformed  -\n" in ended.out
    assert re.search(r"^1 message in \d\.\d s, 1 malformed$", ended.out, re.MULTILINE)


def test_something_else_than_openigtlink_has_status_1(call: Call, serve_bytes: Serve) -> None:
    ended = call("devices", serve_bytes(stream_of(US) + b"\0" * 100).endpoint)
    assert ended.status == 1
    assert "US" in ended.out
    assert "this is not OpenIGTLink" in ended.err


def test_ctrl_c_lists_what_came_so_far(start_on_terminal: StartOnTerminal) -> None:
    with igtl.Server(port=0) as server:
        program = start_on_terminal("devices", server.endpoint, "--seconds", "60")
        assert server.wait_for_clients(timeout=20)
        server.publish(igtl.String("hello", device_name="Note"))
        program.wait_for("1 device, 1 message; ")
        assert program.interrupt() == 130
    end = program.shown.rpartition("\x1b[K")[2]
    assert "Note    STRING         1" in end
    assert "Traceback" not in program.shown
