"""The pixels of a sequence file, frame by frame: as they lie there, inflated, or regrouped.

Nothing here holds more than a frame, whatever the size of the file.
"""

from __future__ import annotations

import tempfile
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from igtl.sequences.header import FrameOrder, SequenceHeader

__all__ = ["Deflated", "Pixels", "Raw", "most_frames", "open_pixels"]

#: zlib makes at most so many bytes of one.
_EXPANSION = 1032
_CHUNK, _PART = 1 << 16, 1 << 18
_BLOCK = 1 << 24
_ANY_CONTAINER = zlib.MAX_WBITS | 32

Bytes = NDArray[np.uint8]


class Pixels(Protocol):
    """Where frames come from."""

    def frame(self, index: int) -> Bytes | None:
        """The bytes of a frame, a new array; None when they are not there."""

    def close(self) -> None:
        """Let go of the file."""


class _Stream(Protocol):
    """Bytes one behind the other."""

    def readinto(self, view: memoryview, /) -> int | None:
        """Fill some of `view`; how many bytes, 0 at the end."""


class Raw:
    """Frames that lie in a file one behind the other.

    Args:
        file: is closed with this.
        offset: of the first frame.
        frame_bytes: of each.
    """

    def __init__(self, file: BufferedIOBase, offset: int, frame_bytes: int) -> None:
        self._file, self._offset, self._size = file, offset, frame_bytes

    def frame(self, index: int) -> Bytes | None:
        """The bytes of a frame; None when the file ends before."""
        self._file.seek(self._offset + index * self._size)
        return _read(self._file, self._size)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Deflated:
    """Frames in one stream of zlib or gzip. Going back begins at its start again.

    Args:
        file: is closed with this.
        offset: where the stream begins.
        frame_bytes: of each frame.
    """

    def __init__(self, file: BufferedIOBase, offset: int, frame_bytes: int) -> None:
        self._file, self._offset, self._size = file, offset, frame_bytes
        self._rewind()

    def _rewind(self) -> None:
        self._file.seek(self._offset)
        self._stream, self._next = _Inflated(self._file), 0

    def frame(self, index: int) -> Bytes | None:
        """The bytes of a frame; None when the stream ends, or is damaged, before."""
        if index < self._next:
            self._rewind()
        data = None
        while self._next <= index:
            data = None  # let go of the one before
            data = _read(self._stream, self._size)
            if data is None:
                return None
            self._next += 1
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class _Inflated:
    """What is packed in the rest of a file, as a stream of bytes that ends where it is damaged."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file, self._inflate = file, zlib.decompressobj(_ANY_CONTAINER)

    def readinto(self, view: memoryview) -> int:
        """Fill some of `view`; how many bytes, 0 at the end."""
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_CHUNK)
            try:
                part = self._inflate.decompress(packed, min(len(view), _PART))
            except zlib.error:
                return 0
            if part:
                view[: len(part)] = part
                return len(part)
            if not packed:
                return 0
        return 0


def most_frames(header: SequenceHeader, data_bytes: int) -> int:
    """How many whole frames there can be at most in so many bytes of pixels."""
    if not header.frame_bytes:
        return header.frames
    most = data_bytes * _EXPANSION if header.compressed else data_bytes
    found = min(header.frames, most // header.frame_bytes)
    return 0 if header.order == FrameOrder.FIRST and found < header.frames else found


def open_pixels(path: Path, offset: int, header: SequenceHeader) -> Pixels:
    """The pixels in a file, from `offset` on.

    Frames that lie side by side are put one behind the other in a temporary file, which takes as
    much room on the disk as the pixels do.

    Raises:
        OSError: it cannot be read.
    """
    file = path.open("rb")
    if header.order == FrameOrder.LAST:
        made = Deflated if header.compressed else Raw
        return made(file, offset, header.frame_bytes)
    with file:
        file.seek(offset)
        stream: _Stream = _Inflated(file) if header.compressed else file
        return Raw(_regrouped(stream, header), 0, header.frame_bytes)


def _regrouped(stream: _Stream, header: SequenceHeader) -> BufferedIOBase:
    """A temporary file with frame behind frame; an empty one if not all is there."""
    item, frames = header.dtype.itemsize, header.frames
    voxels = header.frame_bytes // item
    step = max(1, _BLOCK // (item * max(frames, 1)))
    result = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads the frames closes it
    for start in range(0, voxels, step):
        count = min(step, voxels - start)
        data = _read(stream, count * frames * item)
        if data is None:
            result.truncate(0)
            break
        together = data.reshape(count, frames, item)
        for index in range(frames):
            result.seek((index * voxels + start) * item)
            result.write(together[:, index].tobytes())
    result.flush()
    return result


def _read(stream: _Stream, size: int) -> Bytes | None:
    """The next `size` bytes; None when there are fewer."""
    data = np.empty(size, np.uint8)
    view, done = data.data, 0
    while done < size:
        read = stream.readinto(view[done:])
        if not read:
            return None
        done += read
    return data
