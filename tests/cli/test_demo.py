from __future__ import annotations

import socket
import urllib.request

import pytest

import igtl
from tests.cli.conftest import Start, StartOnTerminal
from tests.cli.program import free_port

DEVICES = {
    ("ProbeToTracker", "TRANSFORM"),
    ("NeedleToTracker", "TRANSFORM"),
    ("ReferenceToTracker", "TRANSFORM"),
    ("TrackerToWorld", "TRANSFORM"),
    ("Ultrasound", "IMAGE"),
    ("CT", "IMAGE"),
    ("Plan", "TRAJ"),
    ("Target", "POINT"),
    ("Lesion", "POLYDATA"),
    ("Vessel", "POLYDATA"),
    ("TipToTarget", "SENSOR"),
    ("Log", "STRING"),
    ("Tracker", "STATUS"),
}


def complaints(errors: str) -> list[str]:
    """What was complained about, but for a machine that is too busy for the room."""
    return [text for text in errors.splitlines() if "room cannot keep up" not in text]


def test_once_ends_by_itself_when_everything_was_seen(start: Start) -> None:
    ended = start("demo", "--once", "--port", "0").wait()
    assert (ended.status, complaints(ended.err)) == (0, [])
    heading, *rows, total = ended.out.splitlines()
    assert heading.split()[:3] == ["device", "type", "messages"]
    assert {tuple(row.split()[:2]) for row in rows} == DEVICES
    assert "0 malformed" in total


def test_on_a_terminal_it_shows_devices_and_how_to_look_at_them(
    start_on_terminal: StartOnTerminal,
) -> None:
    with igtl.Server(port=0) as other:
        program = start_on_terminal("demo", "--port", "0", "--page-port", "0")
        program.wait_for("igtl listen localhost:")
        for device, _ in DEVICES:
            program.wait_for(device)
        assert program.interrupt() == 130
        assert other.clients == ()
    assert "In a browser:" in program.shown
    assert "3D Slicer" in program.shown
    assert "Traceback" not in program.shown


def test_the_page_is_there_as_long_as_the_demo_and_tells_of_its_devices(start: Start) -> None:
    program = start("demo", "--port", "0", "--page-port", "0")
    address = program.line_with("open http://127.0.0.1:").removeprefix("open ")
    with urllib.request.urlopen(f"{address}api/board", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/json")
        assert b'"connections"' in answer.read()
    assert complaints(program.interrupt().err) == []
    port = int(address.rstrip("/").rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_page_that_is_not_wanted_is_not_served(start_on_terminal: StartOnTerminal) -> None:
    program = start_on_terminal("demo", "--port", "0", "--no-page")
    program.wait_for("Ctrl-C ends")
    assert program.interrupt() == 130
    assert "http://" not in program.shown


def test_a_taken_port_of_the_page_that_was_asked_for_has_status_1(start: Start) -> None:
    with igtl.Server(port=0) as other:
        ended = start("demo", "--port", "0", "--page-port", str(other.port)).wait()
    assert ended.status == 1
    assert f"cannot listen on 127.0.0.1:{other.port}" in ended.err


def test_who_comes_late_gets_everything_that_does_not_change(start: Start) -> None:
    port = free_port()
    program = start("demo", "--port", str(port), "--page-port", "0")
    program.line_with("open http://")
    missing = {"Plan", "Target", "Lesion", "Vessel", "TrackerToWorld", "CT"}
    with igtl.connect(f"127.0.0.1:{port}") as link:
        while missing:
            missing.discard(link.receive(timeout=10).device_name)
    program.interrupt()


def test_a_taken_port_that_was_asked_for_has_status_1(start: Start) -> None:
    with igtl.Server(port=0) as server:
        ended = start("demo", "--once", "--port", str(server.port)).wait()
    assert (ended.status, ended.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{server.port}" in ended.err
