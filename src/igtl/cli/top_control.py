"""What somebody wants to see of the live table, by the keys that were pressed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from igtl.cli.top_rows import Glance

__all__ = ["KEYS_HELP", "Control", "Mode"]

Mode = Literal["table", "device", "filter", "help"]

KEYS_HELP = (
    ("up, down", "choose a device; page up, page down, home and end, too"),
    ("Enter", "inspect it: its fields, metadata, header, picture; Esc goes back"),
    ("left, right", "sort by another column; in a device, go through the slices of a volume"),
    ("s", "sort the other way round"),
    ("/", "show only devices whose name or type has this in it; * and ? are wildcards"),
    ("p, space", "freeze what is shown, and go on; counting never stops"),
    ("r", "count from 0 again"),
    ("?", "show this; any key goes back"),
    ("q", "quit; so does Ctrl-C"),
)
"""Keys, and what they do."""

_LONGEST_FILTER = 60


class Control:
    """The state of the screen.

    Attributes:
        mode: what it shows: the table, one device, the table while a filter is typed, the keys.
        sort: heading of the column that the table is sorted by.
        turned: whether the other way round than is usual.
        filter: what names have to have in them; "" takes all.
        chosen: id of the row that is chosen; None: the first one.
        paused: whether the picture stands still.
        resets: how often the counts were to begin anew.
        over: whether somebody wants to quit.
        scroll: first line of a device that is shown.
        slice: of a volume, counted from its middle.
    """

    def __init__(self) -> None:
        self.mode: Mode = "table"
        self.sort, self.turned = "device", False
        self.filter = ""
        self.chosen: int | None = None
        self.paused = self.over = False
        self.resets = self.scroll = self.slice = 0
        self._before_filter = ""
        self._behind: Mode = "table"

    def press(self, key: str, rows: list[Glance], headings: list[str], page: int) -> None:
        """Obey a key.

        Args:
            rows: all that the table holds, in the order of now.
            headings: of its columns.
            page: so many rows are on the screen.
        """
        known = True
        match self.mode:
            case "filter":
                self._type(key)
            case "help":
                self.mode = self._behind
            case "device":
                known = self._look_at_device(key, page)
            case "table":
                known = self._choose(key, rows, page) or self._arrange(key, headings)
        if not known:
            self._anywhere(key)

    def _anywhere(self, key: str) -> None:
        match key:
            case "q":
                self.over = True
            case "p" | "space":
                self.paused = not self.paused
            case "r":
                self.resets += 1
            case "?":
                self._behind, self.mode = self.mode, "help"

    def _choose(self, key: str, rows: list[Glance], page: int) -> bool:
        """Keys that go to another row; whether it was one."""
        ids = [one.row.id for one in rows]
        at = ids.index(self.chosen) if self.chosen in ids else 0
        goals = {
            "up": at - 1,
            "down": at + 1,
            "page up": at - page,
            "page down": at + page,
            "home": 0,
            "end": len(ids) - 1,
        }
        if key in goals and ids:
            self.chosen = ids[min(max(goals[key], 0), len(ids) - 1)]
        elif key == "enter" and ids:
            self.chosen, self.mode = ids[at], "device"
            self.scroll = self.slice = 0
        return key in goals or key == "enter"

    def _arrange(self, key: str, headings: list[str]) -> bool:
        """Keys that sort or filter; whether it was one."""
        match key:
            case "left" | "right":
                at = headings.index(self.sort) if self.sort in headings else 0
                self.sort = headings[(at + (1 if key == "right" else -1)) % len(headings)]
                self.turned = False
            case "s":
                self.turned = not self.turned
            case "/":
                self.mode, self._before_filter = "filter", self.filter
            case "escape":
                self.filter = ""
            case _:
                return False
        return True

    def _look_at_device(self, key: str, page: int) -> bool:
        """Keys of the view of one device; whether it was one."""
        steps = {"up": -1, "down": 1, "page up": -page, "page down": page, "home": -(10**6)}
        if key in ("escape", "enter", "backspace"):
            self.mode = "table"
        elif key in steps:
            self.scroll = max(0, self.scroll + steps[key])
        elif key in ("left", "right"):
            self.slice += 1 if key == "right" else -1
        else:
            return False
        return True

    def _type(self, key: str) -> None:
        match key:
            case "enter":
                self.mode = "table"
            case "escape":
                self.mode, self.filter = "table", self._before_filter
            case "backspace":
                self.filter = self.filter[:-1]
            case _:
                typed = " " if key == "space" else key
                if len(typed) == 1 and typed.isprintable() and len(self.filter) < _LONGEST_FILTER:
                    self.filter += typed

    def wants(self, shown: Glance) -> bool:
        """Whether a row passes the filter."""
        if not self.filter:
            return True
        wanted = f"*{self.filter.lower()}*"
        names = shown.row.device_name.lower(), shown.row.wire_type.lower()
        return any(fnmatchcase(name, wanted) for name in names)
