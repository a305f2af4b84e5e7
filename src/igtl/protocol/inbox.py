"""Messages on their way in: decoded in order, the newest of each device at hand."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Iterator
from typing import Any, TypeVar

from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.errors import DecodeError
from igtl.messages.message import Message, decode_frame
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY, FrameReader

__all__ = ["Decoder", "Inbox"]

M = TypeVar("M", bound=Message)

_type_and_name = operator.itemgetter(1, 2)
_order = operator.itemgetter(0)

#: Devices of which the newest message is kept; beyond, the one heard of first is forgotten.
_MOST_DEVICES = 10_000


class Inbox:
    """Frames that arrived and were not asked for yet, and the newest of each type and device.

    Args:
        max_body: as for `FrameReader`.
        max_frames, max_bytes: what may wait. A reader who respects `full` loses nothing; beyond
            the bounds the oldest frames are dropped and counted.
    """

    def __init__(
        self,
        *,
        max_body: int = DEFAULT_MAX_BODY,
        max_frames: int = 100_000,
        max_bytes: int = 256 << 20,
        counters: Counters | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self.reader = FrameReader(max_body)
        self.buffer = self.reader.buffer
        #: What waits, oldest first; whoever reads takes from the left.
        self.frames: deque[Frame] = deque()
        self._newest: dict[tuple[bytes, bytes], tuple[int, Frame]] = {}
        self._bytes = 0
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._full_above = max_frames

    def received(self, count: int) -> int:
        """Take in `count` bytes that were put into `buffer()`; how many messages are complete."""
        frames = self.reader.received(count)
        counters, newest = self.counters, self._newest
        order = enumerate(frames, counters.messages_received)
        newest.update(zip(map(_type_and_name, frames), order, strict=True))
        self._bytes = count if not self.frames else self._bytes + count
        self.frames += frames
        counters.messages_received += len(frames)
        counters.bytes_received += count
        while len(newest) > _MOST_DEVICES:
            del newest[next(iter(newest))]
        return len(frames)

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

    def drop_oldest(self) -> None:
        """Make room, an eighth of the bounds at once, for who only wants the latest."""
        if not self.full:
            return
        self._full_above = self._max_frames
        frames, size = self._max_frames * 7 // 8, self._max_bytes * 7 // 8
        self._bytes = sum(HEADER_SIZE + frame.body_size for frame in tuple(self.frames))
        while self.frames and (len(self.frames) > frames or self._bytes > size):
            self._bytes -= HEADER_SIZE + self.frames.popleft().body_size
            self.counters.dropped += 1

    def newest(self, cls: type[Message], device: str | None) -> tuple[int, Frame] | None:
        """The newest frame of a class, and of a device if one is named, and when in order it came."""
        candidates = [
            (order, frame)
            for order, frame in self._newest.values()
            if cls.knows(frame.raw_type) and device in (None, frame.device_name)
        ]
        return max(candidates, key=_order) if candidates else None

    def latest(self, cls: type[M], device: str | None) -> M | None:
        """The newest message of a class and device; None when there is none.

        Raises:
            DecodeError: that message is malformed.
        """
        found = self.newest(cls, device)
        message: Any = None if found is None else decode_frame(found[1])
        return message  # type: ignore[no-any-return]


class Decoder:
    """Turns a stream of bytes into messages, whatever chunks they come in.

        decoder = Decoder()
        for message in decoder.feed(chunk): ...

    A message that is malformed raises DecodeError from the iteration; iterating again goes on
    behind it. Where the stream cannot go on, FramingError is raised behind the last message.

    Args:
        max_body: a larger body is refused (FramingError) before anything is allocated for it.
    """

    def __init__(self, max_body: int = DEFAULT_MAX_BODY) -> None:
        self._reader = FrameReader(max_body)
        self._frames: deque[Frame] = deque()

    def feed(self, chunk: bytes | bytearray | memoryview) -> Decoder:
        """Take in a chunk. Returns the decoder itself, to iterate over what is complete.

        Raises:
            FramingError: the stream cannot go on.
        """
        self._frames += self._reader.feed(chunk)
        return self

    @property
    def pending(self) -> int:
        """Bytes of a message that is not complete."""
        return self._reader.pending

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        if not self._frames:
            self._reader.buffer()  # says so when the stream cannot go on
            raise StopIteration
        return decode_frame(self._frames.popleft())
