"""The times in headers of messages that are played again: as they were, or as if made now.

Only the header's time is moved, by the same amount for message after message, so that differences
are kept. The CRC-64 covers the body alone and stays right (or wrong, where it came wrong). Times
that a body holds by itself (IMGMETA, LBMETA, VIDEOMETA) stay as they were recorded.
"""

from __future__ import annotations

from igtl.codec.frame import Frame

__all__ = ["Retiming", "moved"]

_SECOND = 1_000_000_000
_LIMIT = 1 << 64


def moved(frame: Frame, offset_ns: int) -> Frame:
    """The frame with its header's time moved; where there is none, as it is.

    A time that the move would take out of the header's range (1970 to 2106) was no time of a clock:
    it stays as well.
    """
    if not frame.raw_time:
        return frame
    raw_time = frame.raw_time + (offset_ns << 32) // _SECOND
    return frame._replace(raw_time=raw_time) if 0 < raw_time < _LIMIT else frame


class Retiming:
    """Says by how much header times are moved, so that they are those of now and keep rising.

    The time given to what was recorded at some moment passes as the recording does: at speed 2
    twice as fast as the clock. Whenever playing begins (at first, after a pause, a jump or a change
    of speed) it goes on from now, or from where it was, if that is later.

    Args:
        origin_ns: when the recording began, ns since 1970.
        epoch_ns: what to add to the player's clock to have ns since 1970.
    """

    def __init__(self, origin_ns: int, epoch_ns: int) -> None:
        self._origin_ns, self._epoch_ns = origin_ns, epoch_ns
        self._reached_ns = self.offset_ns = 0

    def leave(self, position: float) -> None:
        """Playing stops at a position, s since the recording's start."""
        self._reached_ns = max(self._reached_ns, self._recorded_ns(position) + self.offset_ns)

    def begin(self, position: float, now: float) -> None:
        """Playing begins at a position."""
        time_ns = max(self._reached_ns, self._epoch_ns + round(now * _SECOND))
        self.offset_ns = time_ns - self._recorded_ns(position)

    def repeat(self, period: float) -> None:
        """Playing goes on at the beginning, `period` s of the recording before."""
        self.offset_ns += round(period * _SECOND)

    def _recorded_ns(self, position: float) -> int:
        return self._origin_ns + round(position * _SECOND)
