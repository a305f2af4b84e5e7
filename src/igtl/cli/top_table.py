"""The table on the screen: headings, rows, and which of them are in sight."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from igtl.cli.top_lines import Line, fitted
from igtl.cli.top_rows import COLUMNS, Glance

__all__ = ["headline", "longest_name", "row_line", "scrolled"]

_STATES = {"live": "green", "silent": "yellow", "stale": "yellow", "bad": "bold red"}


def scrolled(first: int, chosen: int, count: int, shows: int) -> int:
    """The first row in sight, so that the chosen one is and no room is wasted.

    Args:
        first: the one before.
        count: of all rows.
        shows: so many are in sight.
    """
    return max(0, min(max(first, chosen - shows + 1), chosen, count - shows))


def headline(widths: dict[str, int], sort: str, arrow: str) -> Line:
    """The headings of columns; an arrow marks the one that is sorted by."""
    text = Text(style="bold")
    for heading, width in widths.items():
        mark = arrow if heading == sort else " "
        style = "underline" if heading == sort else ""
        if COLUMNS[heading].right:
            text.append(" " * (width - len(heading))).append(heading + mark, style)
        else:
            text.append(heading + mark, style).append(" " * (width - len(heading)))
    return Line(text)


def row_line(shown: Glance, widths: dict[str, int], *, chosen: bool) -> Line:
    """A row; the chosen one stands out."""
    text = Text(style="reverse" if chosen else "dim" if shown.state == "silent" else "")
    for heading, width in widths.items():
        column = COLUMNS[heading]
        cell = fitted(column.text(shown), width, right=column.right)
        text.append(cell, "" if chosen else _style(heading, shown)).append(" ")
    return Line(text)


def _style(heading: str, shown: Glance) -> str:
    if heading == "state":
        return _STATES.get(shown.state, "")
    if heading == "errors" and shown.errors:
        return "bold red"
    return "yellow" if heading == "drops" and shown.drops else ""


def longest_name(rows: Sequence[Glance]) -> int:
    """Characters of the longest name of a device."""
    return max((len(one.row.device_name) for one in rows), default=0)
