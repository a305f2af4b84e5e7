"""From a stream of bytes to frames, in any chunks.

`FrameReader` says where the next bytes should go (`buffer`) and is told how many came
(`received`), which is what `recv_into` and asyncio want. Many small messages are cut from one
read; a large body is received straight into a buffer of its own size, which becomes the frame's.
"""

from __future__ import annotations

import struct
import sys
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from igtl.codec.frame import HEADER, HEADER_SIZE, NAME_SIZE, TYPE_SIZE, Frame, check_header
from igtl.errors import FramingError

__all__ = ["DEFAULT_MAX_BODY", "FrameReader"]

#: Largest body that is accepted unless told otherwise.
DEFAULT_MAX_BODY = 1 << 30
#: Size of one read of small messages. Messages that do not fit are received on their own.
_CHUNK = 1 << 16

_Fields = tuple[int, bytes, bytes, int, int, int]

_make_frame = partial(tuple.__new__, Frame)
#: Where a header has its version, its type and device, and its body's size.
_VERSION_AT, _TYPE_AT, _SIZE_AT = 0, 2, 42


@lru_cache(maxsize=256)
def _whole(size: int) -> struct.Struct:
    """A message with a body of `size` bytes."""
    return struct.Struct(f"{HEADER.format}{size}s")


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
        #: Why the stream cannot go on, once it cannot.
        self.error: FramingError | None = None
        self._spare = _Spare()
        #: Whether the frames that `received` gave last are many, of one type and device.
        self.alike = False

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
        if self.error is not None:
            raise self.error
        if self._large is not None:
            return self._large[self._large_filled :]
        return self._chunk[self._filled :]

    def received(self, count: int) -> list[Frame]:
        """The frames that are complete now that `count` bytes were put into `buffer()`.

        When the stream cannot go on, the frames before that point are returned and the next call
        of `buffer` raises.
        """
        if self._large is not None:
            self.alike = False
            return self._received_large(count)
        data = bytes(self._chunk[: self._filled + count])
        frames: list[Frame] = []
        at = self._cut(data, frames)
        if self.error is None and self._large is None:
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
            if self.error is not None and frames:
                break
            buffer = self.buffer()
            count = min(len(buffer), len(view))
            buffer[:count] = view[:count]
            frames += self.received(count)
            view = view[count:]
        return frames

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append all whole frames of `data`; where the rest begins."""
        at, end, alike = 0, len(data), 0
        while end - at >= HEADER_SIZE:
            fields = HEADER.unpack_from(data, at)
            start, size = at + HEADER_SIZE, fields[4]
            if size > self._max_body or not fields[0]:
                self._refuse(fields)
                break
            if start + size > end:
                if HEADER_SIZE + size > _CHUNK:
                    self._begin_large(fields, data[start:])
                break
            run = _run(data, at, size)
            if run > 1:
                alike = run if not frames and _of_one_device(data, at, size, run) else 0
                stop = at + run * (HEADER_SIZE + size)
                frames += map(_make_frame, _whole(size).iter_unpack(memoryview(data)[at:stop]))
                at = stop
            else:
                at = start + size
                frames.append(_make_frame((*fields, data[start:at])))
        self.alike = 0 < alike == len(frames)
        return at

    def _refuse(self, fields: _Fields) -> None:
        try:
            check_header(fields, self._max_body)
        except FramingError as error:
            self.error = error

    def _begin_large(self, fields: _Fields, beginning: bytes) -> None:
        """Make room for a body of its own; what came of it already is copied there."""
        try:
            body = self._spare.take(fields[4])
        except (MemoryError, ValueError):  # numpy's word for more than there can be
            self.error = FramingError(f"no memory for a body of {fields[4]} bytes")
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


def _of_one_device(data: bytes, at: int, size: int, run: int) -> bool:
    """Whether a run of messages is of one type and device."""
    names: NDArray[np.bytes_] = np.ndarray(
        (run,), f"S{TYPE_SIZE + NAME_SIZE}", data, at + _TYPE_AT, (HEADER_SIZE + size,)
    )
    return bool((names == names[0]).all())


def _run(data: bytes, at: int, size: int) -> int:
    """How many messages with a body of `size` bytes follow each other from `at` on, at least 1."""
    stride = HEADER_SIZE + size
    most = (len(data) - at) // stride
    if most < _WORTHWHILE:
        return 1
    sizes: NDArray[np.uint64] = np.ndarray((most,), ">u8", data, at + _SIZE_AT, (stride,))
    versions: NDArray[np.uint16] = np.ndarray((most,), ">u2", data, at + _VERSION_AT, (stride,))
    others = (sizes != size) | (versions == 0)
    return int(others.argmax()) if others.any() else most


#: So many messages of one size are cut faster together than one by one.
_WORTHWHILE = 16


class _Spare:
    """Memory of bodies that nobody looks at any more, for the next ones of the same size.

    Fresh memory has to be mapped page by page, which costs as much as receiving into it.
    """

    def __init__(self) -> None:
        self._buffers: list[NDArray[np.uint8]] = []

    def take(self, size: int) -> NDArray[np.uint8]:
        """A buffer of `size` bytes that nothing refers to; MemoryError when there is none."""
        self._buffers = [buffer for buffer in self._buffers if len(buffer) == size]
        for index in range(len(self._buffers)):
            if sys.getrefcount(self._buffers[index]) == _UNUSED:
                return self._buffers[index]
        buffer = np.empty(size, np.uint8)
        if len(self._buffers) < _SPARES and size <= _LARGEST_SPARE:
            self._buffers.append(buffer)
        return buffer


#: References to a buffer that only the list has: the list's, and the call's that counts them.
_UNUSED = 2
#: A reader keeps so many buffers, each of so many bytes at most.
_SPARES, _LARGEST_SPARE = 3, 1 << 26
