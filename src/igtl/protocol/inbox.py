"""Messages on their way in: decoded in order, the newest of each device at hand."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Iterator
from itertools import chain
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

#: Types and devices of which the newest message is kept: so many with small bodies, and so many
#: bytes of bodies that are larger than `_SMALL_BODY`. Beyond, those heard of first are forgotten.
_MOST_DEVICES, _MOST_BYTES, _SMALL_BODY = 2000, 256 << 20, 1 << 16


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
        self._newest_large: dict[tuple[bytes, bytes], tuple[int, Frame]] = {}
        self._large_bytes = 0
        self._bytes = 0
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._full_above = max_frames

    def received(self, count: int) -> int:
        """Take in `count` bytes that were put into `buffer()`; how many messages are complete."""
        frames = self.reader.received(count)
        counters, newest = self.counters, self._newest
        if self.reader.alike:
            last = frames[-1]
            newest[_type_and_name(last)] = counters.messages_received + len(frames) - 1, last
        elif len(frames) == 1 and frames[0].body_size > _SMALL_BODY:
            self._keep_large(frames[0])
        else:
            order = enumerate(frames, counters.messages_received)
            newest.update(zip(map(_type_and_name, frames), order, strict=True))
        self._bytes = count if not self.frames else self._bytes + count
        self.frames += frames
        counters.messages_received += len(frames)
        counters.bytes_received += count
        while len(newest) > _MOST_DEVICES:
            del newest[next(iter(newest))]
        return len(frames)

    def _keep_large(self, frame: Frame) -> None:
        """Note the newest of a type and device whose body is large, within the bounds."""
        key, large = _type_and_name(frame), self._newest_large
        self._newest.pop(key, None)
        _, before = large.pop(key, (0, None))
        self._large_bytes += frame.body_size - (before.body_size if before else 0)
        large[key] = self.counters.messages_received, frame
        while self._large_bytes > _MOST_BYTES and len(large) > 1:
            _, oldest = large.pop(next(iter(large)))
            self._large_bytes -= oldest.body_size

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
        while len(self.frames) > 1 and (len(self.frames) > frames or self._bytes > size):
            self._bytes -= HEADER_SIZE + self.frames.popleft().body_size
            self.counters.dropped += 1

    def newest(self, cls: type[Message], device: str | None) -> tuple[int, Frame] | None:
        """The newest frame of a class, and of a device if one is named, with its place in order."""
        candidates = [
            (order, frame)
            for order, frame in chain(self._newest.values(), self._newest_large.values())
            if cls.knows(frame.raw_type) and (device is None or _is_of(frame, device))
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


def _is_of(frame: Frame, device: str) -> bool:
    """Whether a frame is of a device, whose full name may stand in the metadata only."""
    name = frame.device_name
    if name == device or 0 in frame.raw_name or not device.startswith(name):
        return name == device
    return decode_frame(frame).device_name == device


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
