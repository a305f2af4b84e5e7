"""`igtl top` in a real terminal and without one, against real servers."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.cli import status
from igtl.cli.log import show_log
from igtl.cli.top import quiet_log
from tests.cli.conftest import Call
from tests.cli.program import free_port
from tests.cli.tmux import Pane, need_tmux
from tests.net.waiting import eventually

TOP = (sys.executable, "-m", "igtl", "top")
#: From when the server is there, what it sends at once is long there by then.
SHORT = ("--seconds", "1")
Show = Callable[..., Pane]

MATRIX = np.array([[1, 0, 0, 10], [0, 1, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]], np.float64)
PROBE = igtl.Transform(MATRIX, device_name="ProbeToTracker")
NOTE = igtl.String("hello", device_name="Note", metadata={"author": "Anna"})
RED, GREEN, BLUE, GREY = (248, 0, 0), (0, 248, 0), (0, 0, 248), (200, 200, 200)


def quarters() -> igtl.Image:
    """Red beside green, above blue beside grey."""
    pixels = np.zeros((80, 80, 3), np.uint8)
    pixels[:40, :40], pixels[:40, 40:] = RED, GREEN
    pixels[40:, :40], pixels[40:, 40:] = BLUE, GREY
    return igtl.Image(pixels, device_name="Camera")


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(port=0) as made:
        yield made


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """Starts `igtl top` in a terminal."""
    need_tmux()
    with ExitStack() as stack:

        def started(*arguments: str, size: tuple[int, int] = (100, 30), **more: str) -> Pane:
            return stack.enter_context(Pane(tmp_path, [*TOP, *arguments], size, **more))

        yield started


def published(server: igtl.Server, *messages: igtl.Message) -> None:
    server.wait_for_clients()
    server.publish(*messages)


def assert_terminal_is_as_before(pane: Pane, expected: int) -> None:
    """See that the program ended with a status, and left what was on the terminal before."""
    pane.wait_for(f"status {expected}", "isig icanon iexten echo ")
    assert pane.lines[:2] == ["before", f"status {expected}"]
    assert "igtl top" not in pane.text


# ---- what is shown


def test_devices_are_shown_sorted_frozen_and_inspected(show: Show, server: igtl.Server) -> None:
    pane = show(server.endpoint, size=(140, 30))
    published(server, *[PROBE] * 7, NOTE)
    pane.wait_for("2 devices", "device▲")
    first, second = pane.lines[3:5]
    assert first.split()[:3] == ["Note", "STRING", "1"]
    assert first.endswith("once   hello {author=Anna}")
    assert second.split()[:3] == ["ProbeToTracker", "TRANSFORM", "7"]
    # Live for 2 s: after that, seven at once are nothing regular.
    assert re.search(r"(live|once)   \(10\.00, 20\.00, 30\.00\) mm turned", second)
    assert pane.lines[0].split()[:4] == ["igtl", "top", server.endpoint, "connected"]
    assert pane.lines[29].startswith("q quit")
    pane.press("Right", "Right")
    pane.wait_for("messages▼")
    assert pane.lines[3].startswith("ProbeToTracker")
    pane.press("p")
    pane.wait_for("PAUSED")
    frozen = pane.lines
    server.publish(*[PROBE] * 4)
    pane.press("/", "x")
    pane.wait_for("show names with: x_")
    pane.press("Escape")
    pane.wait_until_gone("show names with")
    assert pane.lines == frozen
    pane.press("Space")
    eventually(lambda: pane.line_with("ProbeToTracker").split()[2] == "11")
    pane.press("Enter")
    pane.wait_for("ProbeToTracker  TRANSFORM", "11 messages", "(1, 0, 0, 10)", "(0, 0, 1, 30)")
    pane.press("Escape", "Down", "Enter")
    pane.wait_for("Note  STRING", "text = hello", "author = Anna")
    pane.press("q")
    assert_terminal_is_as_before(pane, 0)


def test_an_image_is_shown_in_its_colours(show: Show, server: igtl.Server) -> None:
    pane = show(server.endpoint, size=(82, 24))
    published(server, quarters())
    pane.wait_for("Camera")
    pane.press("Enter")
    pane.wait_for("▀" * 40, "pixels = 1 x 80 x 80 x 3 uint8")
    rows = [row for row, line in enumerate(pane.lines) if "▀" in line]
    assert rows == list(range(1, 21))  # 40 x 40 dots, two in a character

    def colours(row: int, column: int) -> tuple[tuple[int, ...], ...]:
        character, style = pane.cells(row)[column]
        assert character == "▀"
        assert style.color is not None
        assert style.bgcolor is not None
        return tuple(style.color.get_truecolor()), tuple(style.bgcolor.get_truecolor())

    assert colours(1, 42) == colours(10, 61) == (RED, RED)
    assert colours(1, 62) == colours(10, 81) == (GREEN, GREEN)
    assert colours(11, 42) == colours(20, 61) == (BLUE, BLUE)
    assert colours(11, 62) == colours(20, 81) == (GREY, GREY)
    pane.kill(signal.SIGTERM)
    assert_terminal_is_as_before(pane, 143)


def test_without_colours_there_are_shades(show: Show, server: igtl.Server) -> None:
    pane = show(server.endpoint, size=(82, 24), NO_COLOR="1")
    published(server, quarters())
    pane.wait_for("Camera")
    pane.press("Enter")
    pane.wait_for("pixels = 1 x 80 x 80 x 3 uint8", "Esc back")
    assert pane.lines[1].endswith("::" * 10 + "+" * 20)
    assert "▀" not in pane.text
    styles = [style for row in range(24) for _, style in pane.cells(row)]
    colours = {one for style in styles for one in (style.color, style.bgcolor) if one is not None}
    assert all(one.is_default for one in colours)
    pane.press("C-c")
    assert_terminal_is_as_before(pane, status.INTERRUPTED)


# ---- servers that come and go


def test_a_server_is_waited_for_and_followed(show: Show) -> None:
    port = free_port()
    pane = show(f"localhost:{port}", size=(140, 30))
    pane.wait_for(f"no OpenIGTLink server at localhost:{port}: connection refused", "waiting")
    with igtl.Server(port=port) as first:
        published(first, PROBE)
        pane.wait_for("ProbeToTracker", "connected")
    pane.wait_for("waiting", "It is tried again and again", "ProbeToTracker")
    with igtl.Server(port=port) as second:
        published(second, PROBE)
        pane.wait_for("connected")
        eventually(lambda: pane.line_with("ProbeToTracker").split()[2] == "2")


# ---- the terminal


def test_it_fits_into_any_window(show: Show, server: igtl.Server) -> None:
    pane = show(server.endpoint, size=(100, 30))
    published(server, PROBE, NOTE)
    pane.wait_for("last value")
    pane.resize(60, 12)
    pane.wait_until_gone("last value")
    eventually(lambda: pane.lines[11].startswith("q quit"))
    pane.wait_for("ProbeToTracker", "Note")
    pane.resize(160, 40)
    pane.wait_for("last value", "messages")
    eventually(lambda: pane.lines[39].startswith("q quit"))
    pane.resize(12, 3)
    eventually(lambda: pane.lines[2].startswith("q quit"))
    pane.resize(100, 30)
    pane.wait_for("last value")
    pane.kill(signal.SIGHUP)
    assert_terminal_is_as_before(pane, 129)


def test_nothing_is_logged_onto_the_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("igtl")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", True)
    show_log()
    with quiet_log():
        log.warning("igtl: link to localhost lost")
    log.warning("igtl: after")
    assert capsys.readouterr().err == "igtl: after\n"


def test_a_terminal_that_cannot_be_drawn_on_gets_a_table(show: Show, server: igtl.Server) -> None:
    server.on_connect(lambda peer: peer.send(PROBE))
    pane = show(server.endpoint, TERM="dumb")
    pane.wait_for("ProbeToTracker", "status 0")


# ---- without a terminal


def test_a_table_is_printed_once(call: Call, server: igtl.Server) -> None:
    server.on_connect(lambda peer: peer.send(*[PROBE] * 3, NOTE))
    ended = call("top", server.endpoint, *SHORT)
    assert (ended.status, ended.err) == (status.DONE, "")
    heading, probe, note = ended.out.splitlines()
    assert re.split(" {2,}", heading)[-4:] == ["drops", "errors", "state", "last value"]
    assert probe.split()[:3] == ["ProbeToTracker", "TRANSFORM", "3"]
    assert note.split()[:3] == ["Note", "STRING", "1"]


def test_the_same_for_programs(call: Call, server: igtl.Server) -> None:
    server.on_connect(lambda peer: peer.send(*[PROBE] * 3, NOTE))
    ended = call("top", server.endpoint, *SHORT, "--json")
    found = json.loads(ended.out)
    assert found["connections"][0]["state"] == "connected"
    assert [(row["device"], row["messages"]) for row in found["rows"]] == [
        ("ProbeToTracker", 3),
        ("Note", 1),
    ]


def test_nothing_came(call: Call, server: igtl.Server) -> None:
    ended = call("top", server.endpoint, "--seconds", "0.1")
    assert (ended.status, ended.out) == (status.INCOMPLETE, "")
    assert "has sent nothing" in ended.err


def test_no_server_is_there(call: Call) -> None:
    endpoint = f"localhost:{free_port()}"
    ended = call("top", endpoint, "--seconds", "0.1")
    assert ended.status == status.FAILED
    assert f"no OpenIGTLink server at {endpoint}" in ended.err


def test_one_server_of_two_is_there(call: Call, server: igtl.Server) -> None:
    server.on_connect(lambda peer: peer.send(PROBE))
    missing = f"localhost:{free_port()}"
    ended = call("top", missing, server.endpoint, *SHORT)
    assert ended.status == status.DONE
    assert ended.out.splitlines()[1].split()[:2] == ["2", "ProbeToTracker"]
    assert ended.out.splitlines()[-1] == f"2 is {server.endpoint}"
    assert missing in ended.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["a:1", "a:1"], "given twice"),
        ([__file__], "is a file, expected a server"),
        (["ws://a"], "not supported"),
        (["--seconds", "0"], "above 0"),
    ],
)
def test_wrong_use(call: Call, arguments: list[str], text: str) -> None:
    ended = call("top", *arguments)
    assert ended.status == status.USAGE
    assert text in ended.err
