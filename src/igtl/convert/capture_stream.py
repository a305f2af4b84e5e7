"""One direction of a TCP connection as a stream again: segments put in order, holes found.

Captures differ from what the receiver got: they hold segments twice and out of order, and they
lack some that the receiver has. What is missing may still come, as long as the receiver does not
acknowledge it; then the capture lost it.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

__all__ = ["Piece", "Reassembly"]

#: A hole that was acknowledged is given this time: captures may mix packets of one moment.
_ACKNOWLEDGED_NS = 50_000_000
#: So long after the segments behind it, a hole is given up anyway.
_LONGEST_NS = 30 * 10**9
#: Sequence numbers further apart than the largest window are of another connection.
_WINDOW = 1 << 30
#: Many small segments are as much of a load as large ones.
_OVERHEAD = 256


class Piece(NamedTuple):
    """What comes next in a stream."""

    time_ns: int
    """When it was known, in ns since 1970 UTC."""
    gap: int
    """So many bytes before it are lost."""
    data: bytes


class _Waiting(NamedTuple):
    """A segment behind a hole."""

    position: int
    number: int
    time_ns: int
    data: bytes


class Reassembly:
    """Puts segments in order.

    Positions are sequence numbers that go on counting where those on the line begin again at 0.

    Args:
        sequence: of the first byte.

    Attributes:
        waiting_bytes: memory that segments behind holes take.
    """

    def __init__(self, sequence: int) -> None:
        self.waiting_bytes = 0
        self._next = sequence
        self._known_ns = 0
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._acknowledged = sequence

    @property
    def waiting_since(self) -> int | None:
        """The time of the first segment behind a hole, None when there is none."""
        return self._waiting[0].time_ns if self._waiting else None

    def is_far(self, sequence: int) -> bool:
        """Whether a number cannot be of this connection."""
        return abs(self._position(sequence) - self._next) > _WINDOW

    def add(self, sequence: int, data: bytes, time_ns: int) -> Iterator[Piece]:
        """What follows now, with the content of a segment, which is not empty."""
        self._count += 1
        self.waiting_bytes += len(data) + _OVERHEAD
        heappush(self._waiting, _Waiting(self._position(sequence), self._count, time_ns, data))
        return self._drain(time_ns)

    def acknowledge(self, sequence: int) -> None:
        """The receiver has everything before a number."""
        self._acknowledged = max(self._acknowledged, self._position(sequence))

    def give_up(self, now_ns: int) -> Iterator[Piece]:
        """What follows the holes of which nothing more is to be expected."""
        while self._waiting and self._is_lost(now_ns):
            yield from self.skip()

    def skip(self) -> Iterator[Piece]:
        """What follows the next hole."""
        return self._drain(0, over=self._waiting[0].position - self._next)

    def _is_lost(self, now_ns: int) -> bool:
        first = self._waiting[0]
        acknowledged = self._acknowledged >= first.position
        age = now_ns - first.time_ns
        return age > (_ACKNOWLEDGED_NS if acknowledged else _LONGEST_NS)

    def _position(self, sequence: int) -> int:
        """The position with a sequence number, the one that is nearest to the next byte."""
        return self._next + ((sequence - self._next + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31)

    def _drain(self, time_ns: int, over: int = 0) -> Iterator[Piece]:
        """What can follow at a time, if it is known by then, behind a hole of `over` bytes."""
        self._next += over
        while self._waiting and self._waiting[0].position <= self._next:
            first = heappop(self._waiting)
            self.waiting_bytes -= len(first.data) + _OVERHEAD
            known = self._next - first.position
            if known < len(first.data):
                self._next += len(first.data) - known
                self._known_ns = max(self._known_ns, first.time_ns, time_ns)
                yield Piece(self._known_ns, over, first.data[known:])
                over = 0
