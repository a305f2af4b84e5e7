"""The screen of `igtl top`: servers above, devices below, keys at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rich.text import Text

from igtl.cli.top_control import KEYS_HELP, Control
from igtl.cli.top_device import device_lines
from igtl.cli.top_head import bar, nothing, servers
from igtl.cli.top_lines import Line, Room, folded, line
from igtl.cli.top_rows import COLUMNS, Glance, fitting, glance, glances, in_order
from igtl.cli.top_table import headline, longest_name, row_line, scrolled
from igtl.viewer.board import Board, Connection
from igtl.viewer.row import Row
from igtl.viewer.summary import counted

__all__ = ["Screen"]

#: So many rows are looked at each time, whether on the screen or not, in turns.
_IN_TURNS = 25


class Screen:
    """What is shown of a board, by what the keys said.

    Args:
        board: what is counted.
        clock: unix seconds.

    Attributes:
        control: what somebody wants to see.
    """

    def __init__(self, board: Board, clock: Callable[[], float] = time.time) -> None:
        self.control = Control()
        self._board, self._clock, self._now = board, clock, clock()
        self._rows: list[Glance] = []
        self._headings = [*COLUMNS]
        self._page = self._turn = self._first = self._resets = 0
        self._frozen = False

    def press(self, key: str) -> None:
        """Obey a key."""
        self.control.press(key, self._ordered(), self._headings, max(1, self._page))
        if self.control.resets != self._resets:
            self._resets = self.control.resets
            self._board.reset(self._clock())

    def lines(self, room: Room) -> list[Line]:
        """What to draw: as many lines as the room is high, or fewer."""
        self._look()
        title = "PAUSED" if self._frozen else "igtl top"
        head = [bar(self._connections, self._rows, self._now, title, room.width)]
        head += servers(self._connections, self._rows, room.width)
        foot = list(self._foot(room))
        left = max(1, room.height - len(head) - len(foot))
        body = self._body(room._replace(height=left))[:left]
        body += [line("") for _ in range(left - len(body))]
        lines = [*head, *body, *foot][: room.height]
        for one in lines:
            one.text.truncate(room.width)
        return lines

    def _look(self) -> None:
        """See how all rows are now, unless the picture stands still."""
        if self._frozen and self.control.paused:
            return
        self._frozen, self._now = self.control.paused, self._clock()
        rows = self._board.rows()
        for row in rows if self._frozen else self._some(rows):
            row.look()
        self._rows = glances(self._board, self._now)

    def _some(self, rows: list[Row]) -> list[Row]:
        """Some of all rows, others the next time: what is malformed shows soon."""
        start = self._turn if self._turn < len(rows) else 0
        self._turn = start + _IN_TURNS
        return rows[start : self._turn]

    def _fresh(self, shown: Glance) -> Glance:
        """The same row with its newest message understood; while it stands still, as it is."""
        if self._frozen:
            return shown
        shown.row.look()
        return glance(shown.row, shown.server, self._now)

    def _ordered(self) -> list[Glance]:
        wanted = [one for one in self._rows if self.control.wants(one)]
        return in_order(wanted, self.control.sort, turned=self.control.turned)

    def _body(self, room: Room) -> list[Line]:
        control = self.control
        if control.mode == "help":
            return list(_help(room))
        if control.mode == "device":
            for shown in self._rows:
                if shown.row.id == control.chosen:
                    return self._device(shown, room)
            control.mode = "table"
        return self._table(room) if self._rows else list(nothing(self._connections, room.width))

    @property
    def _connections(self) -> list[Connection]:
        return self._board.connections

    def _device(self, shown: Glance, room: Room) -> list[Line]:
        self._page = room.height - 1
        server = self._connections[shown.server - 1].endpoint
        control = self.control
        return device_lines(self._fresh(shown), server, room, control.scroll, control.slice)

    def _table(self, room: Room) -> list[Line]:
        rows, control = self._ordered(), self.control
        several = len(self._connections) > 1
        widths = fitting(room.width, longest_name(self._rows), several=several)
        self._headings, self._page = [*widths], max(1, room.height - 2)
        ids = [one.row.id for one in rows]
        chosen = ids.index(control.chosen) if control.chosen in ids else 0
        self._first = scrolled(self._first, chosen, len(rows), self._page)
        in_sight = rows[self._first : self._first + self._page]
        where = f"{self._first + 1} to {self._first + len(in_sight)} of {len(rows):,}"
        lines = [
            line(where.rjust(room.width - 1) if len(in_sight) < len(rows) else "", "dim"),
            headline(widths, control.sort, self._arrow(room)),
        ]
        for at, shown in enumerate(in_sight, self._first):
            lines.append(row_line(self._fresh(shown), widths, chosen=at == chosen))
        if not rows:
            lines.append(line(f"no device has {control.filter!r} in its name or type", "dim"))
        return lines

    def _arrow(self, room: Room) -> str:
        falling = COLUMNS[self.control.sort].falling != self.control.turned
        return ("▲▼" if room.unicode else "^v")[falling]

    def _foot(self, room: Room) -> Iterator[Line]:
        """What is typed or filtered, and what keys do."""
        control = self.control
        if control.mode == "filter":
            yield line(f"show names with: {control.filter}_", "bold")
            yield line("Enter keeps it, Esc does not", "dim")
            return
        if control.filter and control.mode == "table":
            shown = sum(map(control.wants, self._rows))
            of = f"{shown} of {counted(len(self._rows), 'device')}"
            yield line(f"filter {control.filter!r}: {of}, Esc shows all", "bold")
        yield line(_KEYS[control.mode].format(*(_ARROWS if room.unicode else _NO_ARROWS)), "dim")


_ARROWS, _NO_ARROWS = ("←→", "↑↓"), ("left/right", "up/down")
_KEYS = {
    "table": "q quit  p pause  Enter inspect  {0} sort  s reverse  / filter  r reset  ? keys",
    "device": "Esc back  {1} scroll  p pause  ? keys  q quit",
    "help": "any key goes back",
}


def _help(room: Room) -> Iterator[Line]:
    yield line("")
    for keys, what in KEYS_HELP:
        first, *rest = folded(what, room.width - 14)
        yield Line(Text.assemble((f" {keys:<12} ", "bold"), first.text))
        yield from (line(" " * 14 + one.text.plain) for one in rest)
