"""From a stream of bytes to frames, in any chunks.

`FrameReader` says where the next bytes should go (`buffer`) and is told how many came
(`received`), which is what `recv_into` and asyncio want. Many small messages are cut from one
read; a large body is received straight into a buffer of its own size, which becomes the frame's.
"""

from __future__ import annotations

import numpy as np

from igtl.codec.frame import HEADER, HEADER_SIZE, Frame, check_header
from igtl.errors import FramingError

__all__ = ["DEFAULT_MAX_BODY", "FrameReader"]

#: Largest body that is accepted unless told otherwise.
DEFAULT_MAX_BODY = 1 << 30
#: Size of one read of small messages. Messages that do not fit are received on their own.
_CHUNK = 1 << 16

_Fields = tuple[int, bytes, bytes, int, int, int]


class FrameReader:
    """Cuts a stream into frames. Checksums are left to whoever decodes.

    Args:
        max_body: a larger body is refused when its header arrives, before anything is allocated.
    """

    def __init__(self, max_body: int = DEFAULT_MAX_BODY) -> None:
        self._max_body = max_body
        self._chunk = memoryview(bytearray(_CHUNK))
        self._filled = 0
        self._large: memoryview | None = None
        self._large_fields: _Fields = (0, b"", b"", 0, 0, 0)
        self._large_filled = 0
        self._error: FramingError | None = None

    @property
    def pending(self) -> int:
        """Bytes received of a message that is not complete."""
        if self._large is not None:
            return HEADER_SIZE + self._large_filled
        return self._filled

    def buffer(self) -> memoryview:
        """Where to put the next bytes; never empty.

        Raises:
            FramingError: the stream cannot go on. Every further call raises it again.
        """
        if self._error is not None:
            raise self._error
        if self._large is not None:
            return self._large[self._large_filled :]
        return self._chunk[self._filled :]

    def received(self, count: int) -> list[Frame]:
        """The frames that are complete now that `count` bytes were put into `buffer()`.

        When the stream cannot go on, the frames before that point are returned and the next call
        of `buffer` raises.
        """
        if self._large is not None:
            return self._received_large(count)
        data = bytes(self._chunk[: self._filled + count])
        frames: list[Frame] = []
        at = self._cut(data, frames)
        if self._error is None and self._large is None:
            self._filled = len(data) - at
            self._chunk[: self._filled] = data[at:]
        return frames

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that are complete with `data`, which may be any chunk of the stream.

        Raises:
            FramingError: as `buffer`.
        """
        view = memoryview(data).cast("B")
        frames: list[Frame] = []
        while len(view):
            if self._error is not None and frames:
                break
            buffer = self.buffer()
            count = min(len(buffer), len(view))
            buffer[:count] = view[:count]
            frames += self.received(count)
            view = view[count:]
        return frames

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append all whole frames of `data`; where the rest begins."""
        at, end = 0, len(data)
        unpack, make, limit = HEADER.unpack_from, tuple.__new__, self._max_body
        while end - at >= HEADER_SIZE:
            fields = unpack(data, at)
            start = at + HEADER_SIZE
            size = fields[4]
            if size > limit or not fields[0]:
                self._refuse(fields)
                break
            if start + size > end:
                if start - at + size > _CHUNK:
                    self._begin_large(fields, data[start:])
                break
            at = start + size
            frames.append(make(Frame, (*fields, data[start:at])))
        return at

    def _refuse(self, fields: _Fields) -> None:
        try:
            check_header(fields, self._max_body)
        except FramingError as error:
            self._error = error

    def _begin_large(self, fields: _Fields, beginning: bytes) -> None:
        """Make room for a body of its own; what came of it already is copied there."""
        try:
            body = np.empty(fields[4], np.uint8)
        except MemoryError:
            self._error = FramingError(f"no memory for a body of {fields[4]} bytes")
            return
        self._large, self._large_fields = body.data, fields
        self._large[: len(beginning)] = beginning
        self._large_filled, self._filled = len(beginning), 0

    def _received_large(self, count: int) -> list[Frame]:
        self._large_filled += count
        if self._large is None or self._large_filled < len(self._large):
            return []
        frame = Frame(*self._large_fields, self._large.toreadonly())
        self._large, self._large_filled = None, 0
        return [frame]
