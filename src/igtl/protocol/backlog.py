"""Frames that wait to be taken, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.errors import DecodeError
from igtl.messages.message import Message, decode_frame
from igtl.protocol.counters import Counters

__all__ = ["Backlog"]


class Backlog:
    """Frames in order. Who respects `full` loses nothing; `drop_oldest` makes room, and counts.

    Args:
        max_frames, max_bytes: what may wait.
        counters: where dropped and malformed messages are counted.

    Attributes:
        frames: what waits, oldest first; whoever reads takes from the left.
    """

    def __init__(
        self, counters: Counters, *, max_frames: int = 100_000, max_bytes: int = 256 << 20
    ) -> None:
        self.frames: deque[Frame] = deque()
        self.counters = counters
        self._bytes = 0
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._full_above = max_frames

    def extend(self, frames: Sequence[Frame], size: int) -> None:
        """Take in frames of `size` bytes altogether."""
        self._bytes = size if not self.frames else self._bytes + size
        self.frames += frames

    @property
    def full(self) -> bool:
        """Whether more would be dropped, sooner or later; until an eighth of it was taken."""
        if len(self.frames) > self._full_above:
            return True
        self._full_above = self._max_frames
        if self._bytes >= self._max_bytes:  # an upper bound: what was taken is not subtracted
            self._bytes = sum(HEADER_SIZE + frame.body_size for frame in tuple(self.frames))
        full = len(self.frames) >= self._max_frames or self._bytes >= self._max_bytes
        if full:
            self._full_above = len(self.frames) * 7 // 8
        return full

    def take(self) -> Message:
        """The next message; IndexError when none waits.

        Raises:
            DecodeError: it is malformed. It is counted, and out of the way.
        """
        try:
            return decode_frame(self.frames.popleft())
        except DecodeError:
            self.counters.errors += 1
            raise

    def drop_oldest(self) -> int:
        """When it is full, throw the oldest away, an eighth of the bounds at once; how many."""
        if not self.full:
            return 0
        self._full_above = self._max_frames
        frames, size = self._max_frames * 7 // 8, self._max_bytes * 7 // 8
        self._bytes = sum(HEADER_SIZE + frame.body_size for frame in tuple(self.frames))
        dropped = 0
        while len(self.frames) > 1 and (len(self.frames) > frames or self._bytes > size):
            self._bytes -= HEADER_SIZE + self.frames.popleft().body_size
            dropped += 1
        self.counters.dropped += dropped
        return dropped
