"""What the screen of `igtl top` shows, and what keys do, without a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

import igtl
from igtl.cli.top_lines import Page, Room
from igtl.cli.top_screen import Screen
from igtl.codec.frame import parse
from igtl.net.follower import LinkState
from igtl.viewer.board import Board

NOW = 1.7e9
NOTE = igtl.String("hello", device_name="Note")


class Watched:
    """A screen, its clock, and what it watches."""

    def __init__(self, *messages: igtl.Message, servers: int = 1) -> None:
        self.now = NOW
        self.board = Board()
        self.size = (140, 24)
        for number in range(servers):
            one = self.board.connect(f"host:{number + 1}")
            self.board.state(one, LinkState("connected", f"connected to host:{number + 1}"))
        self.count(*messages)
        self.screen = Screen(self.board, lambda: self.now)

    def count(self, *messages: igtl.Message, server: int = 0) -> None:
        for message in messages:
            self.board.count(server, parse(igtl.encode(message)), self.now)

    def press(self, *keys: str) -> None:
        """Press keys, the screen being drawn before each of them."""
        for key in keys:
            assert self.lines
            self.screen.press(key)

    @property
    def lines(self) -> list[str]:
        """The screen as a terminal would show it."""
        width, height = self.size
        console = Console(width=width, height=height, file=io.StringIO(), record=True)
        console.print(Page(self.screen.lines(Room(width, height, True, True))), end="")
        return [line.rstrip() for line in console.export_text().split("\n")[:height]]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def names(self) -> list[str]:
        """The first words of the rows of the table."""
        state = re.compile(" (live|once|silent|stale|bad)( |$)")
        return [line.split()[0] for line in self.lines if state.search(line)]


def statuses(names: Sequence[str]) -> list[igtl.Message]:
    return [igtl.Status(device_name=name) for name in names]


def test_a_row_has_what_was_counted() -> None:
    watched = Watched()
    for number in range(21):
        watched.now = NOW + number / 10
        watched.count(NOTE.replace(timestamp=watched.now - 0.25, message_id=number + 1))
    watched.now += 0.5
    watched.count(NOTE.replace(timestamp=watched.now - 0.25, message_id=24))
    heading, row = watched.lines[2:4]
    assert heading.split() == [
        "device▲", "type", "messages", "rate", "bandwidth", "age", "latency", "drops", "errors",
        "state", "last", "value",
    ]  # fmt: skip
    cells = "Note STRING 22 8.1/s 656 B/s 0.0 s 250 ms 2 0 live hello"
    assert row.split() == cells.split()
    watched.now += 60
    cells = "Note STRING 22 0.0/s 0 B/s 60 s 250 ms 2 0 silent hello"
    assert watched.lines[3].split() == cells.split()


def test_a_rate_that_is_not_known_yet_is_not_shown() -> None:
    watched = Watched()
    for number in range(9):
        watched.now = NOW + number / 10
        watched.count(NOTE)
    cells = "Note STRING 9 - - 0.0 s - - 0 live hello"
    assert watched.lines[3].split() == cells.split()


def test_rows_are_sorted_either_way() -> None:
    watched = Watched(*statuses("CABB"))
    assert watched.names == ["A", "B", "C"]
    watched.press("s")
    assert watched.names == ["C", "B", "A"]
    assert "device▼" in watched.text
    watched.press("right", "right")
    assert "messages▼" in watched.text
    assert watched.names == ["B", "C", "A"]
    watched.press("left")
    assert "type▲" in watched.text
    watched.press("left", "left")
    assert "last value▲" in watched.text
    assert watched.names == ["C", "A", "B"]


def test_the_chosen_device_stays_chosen_while_rows_move() -> None:
    watched = Watched(*statuses("ABC"))
    watched.press("right", "right", "down")
    watched.count(*statuses("CCA"))
    watched.press("enter")
    assert "B  STATUS" in watched.text


def test_what_is_paused_stands_still() -> None:
    watched = Watched(NOTE)
    watched.press("p")
    frozen = watched.lines
    assert "PAUSED" in frozen[0]
    watched.now += 60
    watched.count(NOTE.replace(text="other"), *statuses("X"))
    assert watched.lines == frozen
    watched.press("enter")
    assert "text = hello" in watched.text
    assert "1 message," in watched.text
    watched.press("escape", "space")
    assert "other" in watched.text
    assert watched.names == ["Note", "X"]


def test_counts_begin_anew() -> None:
    watched = Watched(NOTE, NOTE)
    watched.press("r")
    assert watched.lines[3].split()[:3] == ["Note", "STRING", "0"]
    watched.count(NOTE)
    assert watched.lines[3].split()[:3] == ["Note", "STRING", "1"]


def test_only_some_names() -> None:
    watched = Watched(NOTE, *statuses("AB"))
    watched.press("/", *"tRinx", "backspace")
    assert watched.names == ["Note"]
    assert "show names with: tRin_" in watched.text
    watched.press("q", "escape")  # q is a letter here
    assert watched.names == ["A", "B", "Note"]
    watched.press("/", *"s*us", "enter")
    assert watched.names[:2] == ["A", "B"]
    assert "filter 's*us': 2 of 3 devices" in watched.text
    watched.press("escape")
    assert watched.names == ["A", "B", "Note"]
    watched.press("/", *"zz", "enter")
    assert "no device has 'zz'" in watched.text
    watched.press("enter", "down")  # nothing is chosen
    assert not watched.screen.control.over


def test_the_keys_are_explained_and_left_where_they_were_asked_for() -> None:
    watched = Watched(NOTE)
    watched.press("enter", "?")
    assert "count from 0 again" in watched.text
    watched.press("x")
    assert "text = hello" in watched.text


def test_more_devices_than_lines() -> None:
    watched = Watched(*[igtl.Status(device_name=f"D{number:03}") for number in range(200)])
    names = [f"D{number:03}" for number in range(200)]
    assert watched.names == names[:20]
    assert watched.lines[1].endswith(" 1 to 20 of 200")
    watched.press("page down")
    assert watched.names == names[1:21]
    watched.press("end")
    assert watched.names == names[180:]
    assert watched.lines[1].endswith(" 181 to 200 of 200")
    watched.size = (140, 300)
    assert watched.lines[1] == ""
    watched.size = (140, 24)
    watched.press("up")
    assert watched.names == names[180:]
    watched.press("home")
    assert watched.names == names[:20]


def test_malformed_messages_show_soon_though_out_of_sight() -> None:
    watched = Watched(*[igtl.Status(device_name=f"D{number:03}") for number in range(100)])
    broken = parse(igtl.encode(igtl.Unknown("STRING", b"\0\3\0\x05", device_name="Z")))
    watched.board.count(0, broken, NOW)
    assert "1 error" not in watched.lines[0]
    for _ in range(10):
        watched.press("x")
    assert "1 error" in watched.lines[0]


def test_a_long_message_scrolls() -> None:
    points = [igtl.PointElement(f"P{n}", position=(n, 0, 0)) for n in range(30)]
    watched = Watched(igtl.Point(points, device_name="Targets"))
    watched.press("enter")
    assert "points[0].name = P0" in watched.text
    assert "points[29].name" not in watched.text
    watched.press(*["page down"] * 20)
    assert "points[29].name = P29" in watched.text
    assert len(watched.lines) == 24
    watched.press("home")
    assert "points[0].name = P0" in watched.text


def test_of_a_very_long_message_the_first_lines_are_shown_and_no_more_is_made() -> None:
    points = [igtl.PointElement(f"P{n}", position=(n, 0, 0)) for n in range(5000)]
    watched = Watched(igtl.Point(points, device_name="Targets"))
    watched.press("enter", *["page down"] * 60)
    assert watched.lines[-2].strip() == "only the first 1,000 lines; igtl listen shows all"
    (row,) = watched.board.rows()
    assert row.seen is not None
    assert "points" not in vars(row.seen)


def test_the_slices_of_a_volume() -> None:
    pixels = np.zeros((5, 20, 20), np.uint8)
    watched = Watched(igtl.Image(pixels, device_name="CT"))
    watched.press("enter")
    assert "slice 3 of 5" in watched.text
    watched.press("right", "right")
    assert "slice 5 of 5" in watched.text
    watched.press("right")
    assert "slice 1 of 5" in watched.text


def test_why_there_is_nothing_to_see() -> None:
    watched = Watched()
    assert "host:1 is connected and has sent nothing so far." in watched.text
    state = LinkState("waiting", "no OpenIGTLink server at host:1: connection refused.")
    watched.board.state(0, state)
    assert "no OpenIGTLink server at host:1: connection refused." in watched.text
    watched.press("down", "up", "enter", "end", "s", "left", "p", "r", "page up")
    assert "waiting" in watched.lines[0]


def test_many_servers_leave_room_for_devices() -> None:
    watched = Watched(NOTE, servers=9)
    watched.count(NOTE, server=8)
    watched.size = (100, 24)
    assert "9 of 9 servers connected" in watched.lines[0]
    assert watched.lines[5].startswith(" 5 host:5  connected")
    assert "and 4 more servers" in watched.lines[6]
    assert watched.names == ["1", "9"]


@pytest.mark.parametrize("width", [*range(1, 40), 60, 79, 80, 99, 120, 200])
@pytest.mark.parametrize("mode", [[], ["enter"], ["?"], ["/", "N"]])
def test_it_fits_into_any_window(width: int, mode: list[str]) -> None:
    picture = igtl.Image(np.zeros((3, 30, 30), np.int16), device_name="画像")
    watched = Watched(picture, NOTE, servers=2)
    watched.press(*mode)
    for height in (1, 2, 5, 24):
        lines = watched.screen.lines(Room(width, height, True, True))
        assert len(lines) <= height
        sizes = [text.cell_len + sum(one.cell_length for one in beside) for text, beside in lines]
        assert max(sizes) <= width


def test_names_that_would_act_or_are_wide() -> None:
    watched = Watched(*statuses(["X\x1b[2J", "手術室"]))
    evil, wide = watched.lines[3:5]
    assert evil.startswith("X\\x1b[2J ")
    assert wide.index("STATUS") == evil.index("STATUS") - 3  # characters of two cells


def test_columns_give_way_in_a_narrow_window() -> None:
    watched = Watched(NOTE)
    watched.size = (80, 24)
    assert watched.lines[2].split() == [
        "device▲", "type", "rate", "bandwidth", "age", "latency", "drops", "errors", "state",
    ]  # fmt: skip
    watched.size = (40, 24)
    assert watched.lines[2].split() == ["device▲", "rate", "age", "drops", "state"]
