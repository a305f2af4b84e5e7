"""Rows of the live table: what is seen of a device at one moment, in columns that can be sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from igtl.cli.amounts import shown_duration, shown_size
from igtl.cli.terminal import printable
from igtl.viewer.board import Board
from igtl.viewer.row import Look, Row
from igtl.viewer.standing import standing
from igtl.viewer.summary import summary

__all__ = ["COLUMNS", "Column", "Glance", "fitting", "glance", "glances", "in_order"]

#: The state that needs most attention first.
_STATES = ("bad", "silent", "stale", "once", "live")
_LEAST_LAST, _ROOMY_LAST = 18, 30
_WIDEST_NAME = 28


class Glance(NamedTuple):
    """What is seen of a row at one moment, which goes on counting."""

    row: Row
    server: int
    """Number of its connection, from 1 on."""
    look: Look | None
    """What its newest message means, as far as somebody has looked at it."""
    state: str
    note: str
    messages: int
    bytes: int
    rate: float
    bandwidth: float
    age: float
    latency: float | None
    drops: int | None
    errors: int


def glance(row: Row, server: int, now: float) -> Glance:
    """How a row is at `now`, in unix seconds."""
    return Glance(
        row,
        server,
        row.looked,
        *standing(row, now),
        row.messages,
        row.bytes,
        row.rate(now),
        row.bandwidth(now),
        row.age(now),
        row.latency,
        row.drops,
        row.errors,
    )


def glances(board: Board, now: float) -> list[Glance]:
    """All rows of all connections, in their order."""
    return [
        glance(row, connection.id + 1, now)
        for connection in board.connections
        for row in connection.rows
    ]


class Column(NamedTuple):
    """A column of the table."""

    heading: str
    width: int
    """At least."""
    text: Callable[[Glance], str]
    key: Callable[[Glance], Any]
    """What rows are sorted by."""
    right: bool = True
    """Whether it is aligned to the right."""
    falling: bool = True
    """Whether the largest comes first, unless told otherwise."""


def _number(value: float | None) -> float:
    return -math.inf if value is None else value


def _is_unknown(shown: Glance) -> bool:
    """Whether it cannot be said yet how fast it comes."""
    return not shown.rate and shown.state != "silent"


def _rate(rate: float) -> str:
    return f"{rate:,.1f}/s" if rate < 999.5 else f"{rate / 1000:.3g}k/s"


def _age(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 9.95 else shown_duration(seconds)


def _span(seconds: float | None) -> str:
    """Seconds in a few characters."""
    if seconds is None:
        return "-"
    sign, size = "-" * (seconds < 0), abs(seconds)
    if size < 0.9995:
        return f"{sign}{size * 1e3:.{2 if size < 0.00995 else 1 if size < 0.0995 else 0}f} ms"
    return f"{sign}{shown_duration(size)}" if size < 2 * 86400 else f"{sign}{size / 86400:,.0f} d"


def _last(shown: Glance) -> str:
    if shown.look is None or shown.look.sound is None:
        return ""
    return printable(" ".join(summary(shown.look.sound).split()).replace("( ", "("))


COLUMNS = {
    column.heading: column
    for column in (
        Column("on", 2, lambda g: str(g.server), lambda g: g.server, falling=False),
        Column(
            "device",
            12,
            lambda g: printable(g.row.device_name) or "-",
            lambda g: (g.row.device_name.lower(), g.row.wire_type),
            right=False,
            falling=False,
        ),
        Column(
            "type",
            9,
            lambda g: printable(g.row.wire_type),
            lambda g: g.row.wire_type,
            right=False,
            falling=False,
        ),
        Column("messages", 9, lambda g: f"{g.messages:,}", lambda g: g.messages),
        Column("rate", 7, lambda g: "-" if _is_unknown(g) else _rate(g.rate), lambda g: g.rate),
        Column(
            "bandwidth",
            9,
            lambda g: "-" if _is_unknown(g) else shown_size(g.bandwidth) + "/s",
            lambda g: g.bandwidth,
        ),
        Column("age", 6, lambda g: _age(g.age), lambda g: g.age),
        Column("latency", 7, lambda g: _span(g.latency), lambda g: _number(g.latency)),
        Column(
            "drops",
            5,
            lambda g: "-" if g.drops is None else str(g.drops),
            lambda g: _number(g.drops),
        ),
        Column("errors", 6, lambda g: str(g.errors), lambda g: g.errors),
        Column(
            "state",
            6,
            lambda g: g.state,
            lambda g: _STATES.index(g.state),
            right=False,
            falling=False,
        ),
        Column("last value", _LEAST_LAST, _last, lambda g: g.row.id, right=False, falling=False),
    )
}
"""By their headings, from left to right."""

#: In a narrow terminal, those at the end are left out.
_BY_WORTH = (
    "device", "state", "rate", "age", "type", "errors", "bandwidth", "drops", "latency",
    "last value",
)  # fmt: skip


def fitting(width: int, longest_name: int, *, several: bool) -> dict[str, int]:
    """The columns that fit into a width, and how wide they are; a space is between them.

    Args:
        longest_name: of the devices.
        several: whether devices of several servers have to be told apart.
    """
    chosen = {"on": COLUMNS["on"].width} if several else {}
    for heading in _BY_WORTH:
        wider = chosen | {heading: COLUMNS[heading].width}
        if _total(wider) <= width or heading == "device":
            chosen = wider
    _widen(chosen, width, longest_name)
    return {heading: chosen[heading] for heading in COLUMNS if heading in chosen}


def _widen(chosen: dict[str, int], width: int, longest_name: int) -> None:
    """Give what is left to those that can use it."""
    wanted = min(max(longest_name, COLUMNS["device"].width), _WIDEST_NAME)
    chosen["device"] += max(0, min(wanted - chosen["device"], width - _total(chosen)))
    if "type" in chosen:
        chosen["type"] += max(0, min(3, width - _total(chosen)))
    if "last value" in chosen:
        extra = COLUMNS["messages"].width
        if width - _total(chosen) - extra - 1 + _LEAST_LAST >= _ROOMY_LAST:
            chosen["messages"] = extra
        chosen["last value"] += max(0, width - _total(chosen))


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(widths) - 1


def in_order(shown: Sequence[Glance], heading: str, *, turned: bool) -> list[Glance]:
    """Sorted by a column; those that are equal stay in the order in which they appeared.

    Args:
        turned: the other way round than is usual for this column.
    """
    column = COLUMNS[heading]
    return sorted(shown, key=column.key, reverse=column.falling != turned)
