from __future__ import annotations

import igtl
from tests.cli.conftest import Start, StartOnTerminal

DEVICES = {
    ("ProbeToTracker", "TRANSFORM"),
    ("NeedleToTracker", "TRANSFORM"),
    ("ReferenceToTracker", "TRANSFORM"),
    ("Tracker", "TDATA"),
    ("Ultrasound", "IMAGE"),
    ("CT", "IMAGE"),
}


def test_once_ends_by_itself_when_everything_was_seen(start: Start) -> None:
    ended = start("demo", "--once", "--port", "0").wait()
    assert (ended.status, ended.err) == (0, "")
    heading, *rows, total = ended.out.splitlines()
    assert heading.split()[:3] == ["device", "type", "messages"]
    assert {tuple(row.split()[:2]) for row in rows} == DEVICES
    assert "0 malformed" in total


def test_on_a_terminal_it_shows_devices_and_how_to_look_at_them(
    start_on_terminal: StartOnTerminal,
) -> None:
    with igtl.Server(port=0) as other:
        program = start_on_terminal("demo", "--port", "0")
        program.wait_for("igtl listen localhost:")
        for device, _ in DEVICES:
            program.wait_for(device)
        assert program.interrupt() == 130
        assert other.clients == ()
    assert "3D Slicer" in program.shown
    assert "Traceback" not in program.shown


def test_a_taken_port_that_was_asked_for_has_status_1(start: Start) -> None:
    with igtl.Server(port=0) as server:
        ended = start("demo", "--once", "--port", str(server.port)).wait()
    assert (ended.status, ended.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{server.port}" in ended.err
