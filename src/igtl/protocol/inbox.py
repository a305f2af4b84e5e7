"""Messages on their way in: decoded in order, the newest of each device at hand."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from igtl.codec.frame import Frame
from igtl.messages.message import Message, decode_frame
from igtl.protocol.backlog import Backlog
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY, FrameReader
from igtl.protocol.matching import candidates, is_of
from igtl.protocol.newest import Newest

__all__ = ["Decoder", "Inbox"]

M = TypeVar("M", bound=Message)

_type_and_name = operator.itemgetter(1, 2)
_version = operator.itemgetter(0)
_order = operator.itemgetter(0)


class Inbox(Backlog):
    """Frames that arrived and were not asked for yet, and the newest of each type and device.

    Args:
        max_body: as for `FrameReader`.
        max_frames, max_bytes: as for `Backlog`.

    Attributes:
        newest: of each type and device, with their place in the order of arrival.
        version: highest header version that was seen.
        route: shown all frames that arrive, if there is one; what it returns goes into line.
        taps: shown all frames that arrive, before that.
    """

    def __init__(
        self,
        *,
        max_body: int = DEFAULT_MAX_BODY,
        max_frames: int = 100_000,
        max_bytes: int = 256 << 20,
        counters: Counters | None = None,
    ) -> None:
        super().__init__(counters or Counters(), max_frames=max_frames, max_bytes=max_bytes)
        self._max_body = max_body
        self.newest: Newest[tuple[int, Frame]] = Newest()
        self.route: Callable[[list[Frame]], list[Frame]] | None = None
        self.taps: tuple[Callable[[list[Frame]], None], ...] = ()
        self.begin()

    def begin(self) -> None:
        """A new stream of bytes: what was incomplete is forgotten, all that waits is kept."""
        self.reader = FrameReader(self._max_body)
        self.buffer = self.reader.buffer
        self.version = 1

    def received(self, count: int) -> int:
        """Take in `count` bytes that were put into `buffer()`; how many messages wait more."""
        frames = self.reader.received(count)
        counters, number = self.counters, len(frames)
        first = counters.messages_received
        counters.messages_received += number
        counters.bytes_received += count
        if self.reader.alike:
            last = frames[-1]
            self.newest.keep_all(((_type_and_name(last), (first + number - 1, last)),))
        elif number == 1:
            frame = frames[0]
            self.newest.keep(_type_and_name(frame), (first, frame), frame.body_size)
        else:
            order = enumerate(frames, first)
            self.newest.keep_all(zip(map(_type_and_name, frames), order, strict=True))
        if number:
            if self.version < 2:
                self.version = max(map(_version, frames))
            for tap in self.taps:
                tap(frames)
            if self.route is not None:
                frames = self.route(frames)
        self.extend(frames, count)
        return len(frames)

    def latest_frame(self, cls: type[Message], device: str | None) -> tuple[int, Frame] | None:
        """The newest frame of a class, and of a device if one is named, with its place in order."""
        found = [
            entry
            for _, entry in candidates(self.newest, cls, device or "")
            if device is None or is_of(entry[1], device)
        ]
        return max(found, key=_order) if found else None

    def latest(self, cls: type[M], device: str | None) -> M | None:
        """The newest message of a class and device; None when there is none.

        Raises:
            DecodeError: that message is malformed.
        """
        found = self.latest_frame(cls, device)
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
