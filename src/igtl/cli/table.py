"""The table of devices: live on a terminal by rich, or once as plain text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import igtl
from igtl.cli.amounts import shown_size
from igtl.cli.reception import Arrival
from igtl.cli.terminal import printable, say
from igtl.viewer.row import Row
from igtl.viewer.statistics import Statistics
from igtl.viewer.summary import summary

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Table", "aligned", "live"]

_HEADINGS = ("device", "type", "messages", "rate", "bandwidth", "age", "drops", "errors")
_NUMBERS = range(2, len(_HEADINGS))
_LATEST_FROM_COLUMNS = 120
_REFRESHES_PER_S = 4


class Table:
    """Counts what arrives and shows it. One thread adds, another may show.

    Args:
        title: what is looked at.
        clock: a steady clock, in s.
    """

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.title, self._clock = title, clock
        self.statistics = Statistics()
        self._start = clock()
        self._lock = threading.Lock()

    def add(self, arrival: Arrival) -> None:
        """Count one message."""
        with self._lock:
            self.statistics.count(arrival.frame, self._clock()).take(arrival.message)

    def lines(self) -> list[str]:
        """The table as plain text."""
        with self._lock:
            now = self._clock()
            cells = [_HEADINGS, *(_cells(row, now) for row in self.statistics)]
        return [*aligned(cells, right=_NUMBERS), self._totals(now)]

    def _totals(self, now: float) -> str:
        counted = self.statistics
        elapsed = time.strftime("%H:%M:%S", time.gmtime(now - self._start))
        return (
            f"{counted.messages} messages, {shown_size(counted.bytes)}, "
            f"{counted.errors} malformed, in {elapsed}"
        )

    def rendered(self, width: int) -> Group:
        """The table for rich, `width` columns wide; wide ones show each device's latest message."""
        from rich import box
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        headings = (*_HEADINGS, "latest") if width >= _LATEST_FROM_COLUMNS else _HEADINGS
        with self._lock:
            now = self._clock()
            rows = [(_cells(row, now), _latest(row), _style(row, now)) for row in self.statistics]
        gives_way = headings.index("latest" if "latest" in headings else "device")
        table = RichTable(
            box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False
        )
        for index, heading in enumerate(headings):
            justify: Literal["left", "right"] = "right" if index in _NUMBERS else "left"
            # In a narrow terminal one column gives way, so that the others stay whole.
            table.add_column(heading, justify=justify, no_wrap=index != gives_way)
        for cells, latest, style in rows:
            texts = [Text(cell, no_wrap=True, overflow="ellipsis") for cell in (*cells, latest)]
            table.add_row(*texts[: len(headings)], style=style)
        title, totals = Text(self.title, style="bold"), Text(self._totals(now), style="dim")
        return Group(title, Text(), table, Text(), totals)


@contextmanager
def live(table: Table, *notes: str) -> Iterator[None]:
    """Show the table on the terminal as it changes; its last state stays.

    Where the output is no terminal, the last state alone is printed, as plain text.

    Args:
        notes: lines below the table.

    Raises:
        MissingExtraError: rich is not installed.
    """
    try:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.text import Text
    except ImportError as error:
        raise igtl.MissingExtraError.of("rich", "cli", "the live table") from error
    console = Console()
    if not console.is_terminal:
        yield
        say("\n".join(table.lines()))
        return
    below = [Text(note) for note in notes]

    def picture() -> Group:
        return Group(table.rendered(console.width), *below)

    with Live(get_renderable=picture, console=console, refresh_per_second=_REFRESHES_PER_S):
        yield


def aligned(lines: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Lines of cells as text in columns; those numbered in `right` are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(_padded(cells, widths, right)).rstrip() for cells in lines]


def _padded(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.rjust(width) if index in right else cell.ljust(width)


def _cells(row: Row, now: float) -> tuple[str, ...]:
    rate = row.rate(now)
    is_known = rate or row.is_silent(now)
    return (
        printable(row.device_name) or "-",
        printable(row.wire_type),
        str(row.messages),
        f"{rate:.1f}/s" if is_known else "-",
        f"{shown_size(row.bandwidth(now))}/s" if is_known else "-",
        f"{row.age(now):.1f} s",
        "-" if row.drops is None else str(row.drops),
        str(row.errors),
    )


def _latest(row: Row) -> str:
    return "" if row.last is None else printable(summary(row.last))


def _style(row: Row, now: float) -> str:
    if row.errors or row.drops:
        return "red"
    return "dim" if row.is_silent(now) else ""
