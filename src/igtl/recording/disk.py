"""A file that grows by whole pieces, taking back what does not fit, with room kept for its end."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from igtl.codec.buffers import Buffer

__all__ = ["GrowingFile"]

#: Most pieces that one system call takes (IOV_MAX is 1024 on Linux and macOS).
_PIECES = 512
_GATHERS = hasattr(os, "writev")
#: Room that is kept for the end of a file, in bytes, at first.
_ROOM = 1 << 18


class GrowingFile:
    """A new file to which pieces are appended; each append happens as a whole, or not at all.

    Args:
        path: of the file.
        overwrite: whether a file that is there already is lost.

    Raises:
        OSError: it cannot be made; FileExistsError where it is there and must not be lost.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        if overwrite and path.is_file():
            path.unlink()  # who reads it goes on reading it
        fate = os.O_TRUNC if overwrite else os.O_EXCL
        binary: int = getattr(os, "O_BINARY", 0)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | fate | binary, 0o666)
        self.position = 0
        self._room = _Room(path.parent)

    def append(self, pieces: Sequence[Buffer]) -> None:
        """Write all `pieces`.

        Raises:
            OSError: they do not fit; the file is as it was before.
        """
        try:
            self.position += _write_all(self._file, pieces)
        except BaseException:
            self.shorten(self.position)
            raise

    def shorten(self, position: int) -> None:
        """Take back what was appended behind a position."""
        self.position = position
        with contextlib.suppress(OSError):  # of what is no file on a disk
            os.ftruncate(self._file, position)
            os.lseek(self._file, position, os.SEEK_SET)

    def keep_room(self, size: int) -> None:
        """Have room on the disk for `size` bytes more, where the file system can do that.

        Raises:
            OSError: the disk has none.
        """
        self._room.keep(size)

    def use_room(self) -> None:
        """Give free what `keep_room` kept, for what is appended last."""
        self._room.close()

    def close(self) -> None:
        """Close the file."""
        self._room.close()
        os.close(self._file)


class _Room:
    """Room on a disk, held by a file without a name: nothing of it stays, however we end."""

    def __init__(self, folder: Path) -> None:
        self._size = 0
        self._file: int | None = None
        if hasattr(os, "posix_fallocate"):
            with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
                self._file = os.dup(file.fileno())

    def keep(self, size: int) -> None:
        if self._file is None or size <= self._size:
            return
        wanted = max(2 * size, _ROOM)
        try:
            os.posix_fallocate(self._file, 0, wanted)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.close()  # this file system keeps none
        self._size = wanted

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _write_all(file: int, pieces: Sequence[Buffer]) -> int:
    """Write `pieces`, in as many calls as that takes; how many bytes they are."""
    left, total = deque(pieces), 0
    while left:
        written = (
            os.writev(file, list(islice(left, _PIECES))) if _GATHERS else os.write(file, left[0])
        )
        total += written
        while left and len(left[0]) <= written:  # empty ones too
            written -= len(left.popleft())
        if written:
            left[0] = memoryview(left[0])[written:]
    return total
