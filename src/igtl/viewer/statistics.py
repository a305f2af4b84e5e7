"""The rows of a connection: one for each type of each device."""

from __future__ import annotations

from collections.abc import Iterator

import igtl
from igtl.codec import extended
from igtl.codec.frame import Frame
from igtl.viewer.row import Row

__all__ = ["Statistics"]

_MOST_ROWS = 1000
#: Peers may invent headers without end that mean the same rows.
_MOST_KNOWN = 10_000
#: So many bytes of newest messages are kept, of bodies that are larger than `_SMALL`.
_MOST_KEPT, _SMALL = 1 << 30, 1 << 16


class Statistics:
    """One row for each type of each device, in the order in which they appeared.

    Peers may invent devices without end: behind the first thousand rows the rest are counted
    together, and of more than 1 GiB of newest messages those that came first are forgotten.

    Args:
        every: is given all rows, whose ids are their places in it; several statistics may share it.
    """

    def __init__(self, every: list[Row] | None = None) -> None:
        self._every = [] if every is None else every
        self._rows: dict[tuple[str, str], Row] = {}
        self._known: dict[tuple[bytes, bytes], Row] = {}
        self._kept: dict[int, tuple[int, Row]] = {}
        self._kept_bytes = 0

    def count(self, frame: Frame, now: float) -> Row:
        """Count one message that came at `now`; its row."""
        raw_name = frame[2]
        if 0 in raw_name or frame[0] < 2:
            row = self._known.get((frame[1], raw_name))
            if row is None:
                row = self._find(frame, now)
        else:
            row = self._row(frame.type_name, _long_name(frame), now)
        row.count(frame, now)
        if frame[4] > _SMALL or self._kept:
            self._keep(row, frame[4])
        return row

    def _keep(self, row: Row, size: int) -> None:
        """Forget others where their newest messages and this one are too much."""
        before, _ = self._kept.pop(row.id, (0, row))
        self._kept_bytes -= before
        if size <= _SMALL:
            return
        self._kept[row.id] = size, row
        self._kept_bytes += size
        while self._kept_bytes > _MOST_KEPT and len(self._kept) > 1:
            less, oldest = self._kept.pop(next(iter(self._kept)))
            self._kept_bytes -= less
            oldest.forget()

    def reset(self, now: float) -> None:
        """Count all rows from 0."""
        for row in self:
            row.reset(now)

    def cut(self) -> None:
        """The connection is lost."""
        for row in self:
            row.cut()

    @property
    def messages(self) -> int:
        """How many came."""
        return sum(row.messages for row in self)

    @property
    def bytes(self) -> int:
        """How much came, headers included."""
        return sum(row.bytes for row in self)

    @property
    def errors(self) -> int:
        """How many of them are malformed, as far as rows know."""
        return sum(row.errors for row in self)

    def _find(self, frame: Frame, now: float) -> Row:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        row = self._row(frame.type_name, frame.device_name, now)
        self._known[frame.raw_type, frame.raw_name] = row
        return row

    def _row(self, wire_type: str, device_name: str, now: float) -> Row:
        key = wire_type, device_name
        if key not in self._rows and len(self._rows) >= _MOST_ROWS:
            key = "", "(others)"
        if key not in self._rows:
            self._rows[key] = Row(*key, now, len(self._every))
            self._every.append(self._rows[key])
        return self._rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(tuple(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)


def _long_name(frame: Frame) -> str:
    """The name of a device whose field in the header is full: the metadata may have more of it."""
    name = frame.device_name
    try:
        longer = extended.split(frame.body).metadata.get("IGTL_DEVICE_NAME", "")
    except igtl.DecodeError:
        return name
    return longer if longer.startswith(name) else name
