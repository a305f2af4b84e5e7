"""A file that grows by whole pieces, taking back what does not fit, with room kept for its end."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from igtl.codec.buffers import Buffer
from igtl.errors import RecordingError

try:
    import fcntl
except ImportError:  # Windows lets nobody remove a file that is open anyway
    _LOCKS = False
else:
    _LOCKS = True

__all__ = ["GrowingFile", "check_folder", "check_free", "put_in_place", "remove", "taken"]

#: Most pieces that one system call takes (IOV_MAX is 1024 on Linux and macOS).
_PIECES = 512
_GATHERS = hasattr(os, "writev")
#: Room that is kept for the end of a file, in bytes, at first.
_ROOM = 1 << 18


def taken(path: Path) -> RecordingError:
    """What says that a new file cannot have this name, since there is such a file, or folder."""
    if path.is_dir():
        return RecordingError(f"cannot write {path}: it is a folder, expected the name of a file")
    return RecordingError(
        f"{path} is there already: choose another name, or overwrite it on purpose (--overwrite)"
    )


def check_free(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that a new file cannot have.

    Raises:
        RecordingError: there is such a file, and it is not to be overwritten; it is a folder, or a
            device; or there is no folder for it.
    """
    check_folder(path)
    if path.is_dir() or (not overwrite and os.path.lexists(path)):
        raise taken(path)
    if path.exists() and not path.is_file():
        raise RecordingError(f"cannot write {path}: it is there, and is no file")


def check_folder(path: Path) -> None:
    """Refuse a name that has no folder to be in.

    Raises:
        RecordingError: there is none.
    """
    if not path.parent.is_dir():
        raise RecordingError(f"cannot write {path}: there is no folder {path.parent}")


def remove(path: Path) -> None:
    """Remove a file, unless a `GrowingFile` writes it: who has it open to read goes on reading.

    Raises:
        BlockingIOError: it is being written.
        OSError: it cannot be removed.
    """
    with _held(path) if _LOCKS and path.exists() else contextlib.nullcontext():
        path.unlink()


def put_in_place(temporary: Path, final: Path, *, overwrite: bool) -> None:
    """Give a finished file its name.

    Args:
        temporary: where it is.
        final: where it is to be.
        overwrite: whether a file of that name is lost; if not, it stays, whenever it came.

    Raises:
        RecordingError: see `check_free`; or a `GrowingFile` writes what is there.
        OSError: it cannot be renamed.
    """
    check_free(final, overwrite=overwrite)
    if not overwrite:
        try:
            final.hardlink_to(temporary)  # unlike a new name, a link replaces nothing
        except FileExistsError as error:
            raise taken(final) from error
        except OSError:
            pass  # this file system has no links
        else:
            temporary.unlink()
            return
    try:
        with _held(final) if _LOCKS and final.exists() else contextlib.nullcontext():
            temporary.replace(final)
    except BlockingIOError as error:
        raise RecordingError(
            f"cannot write {final}: it is being recorded by another program: choose another name"
        ) from error


class GrowingFile:
    """A new file to which pieces are appended; each append happens as a whole, or not at all.

    It is locked as long as it grows, so that nobody else overwrites it meanwhile.

    Args:
        path: of the file.
        overwrite: whether a file that is there already is lost.

    Raises:
        OSError: it cannot be made; FileExistsError where it is there and must not be lost,
            BlockingIOError where it is being written.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        if overwrite and (path.is_file() or (path.is_symlink() and not path.exists())):
            remove(path)
        fate = 0 if overwrite and path.exists() else os.O_EXCL  # a device, or a pipe, stays
        binary: int = getattr(os, "O_BINARY", 0)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | fate | binary, 0o666)
        try:
            _lock(self._file)
        except OSError:
            os.close(self._file)
            raise
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
        _unlock(self._file)  # processes that were forked off have it open still
        os.close(self._file)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the lock of a file that is there, so that nobody else replaces it meanwhile."""
    file = os.open(path, os.O_RDONLY)
    try:
        _lock(file)
        if not os.path.samestat(os.fstat(file), path.stat()):
            raise BlockingIOError(errno.EAGAIN, "somebody has just replaced it", str(path))
        yield
    finally:
        os.close(file)


def _lock(file: int) -> None:
    """Lock a file; nothing where it is no file, or the system has no locks.

    Raises:
        BlockingIOError: somebody else has locked it.
    """
    if not _LOCKS or not stat.S_ISREG(os.fstat(file).st_mode):
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some file systems have none
        pass


def _unlock(file: int) -> None:
    if _LOCKS:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


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
        file, self._file = self._file, None  # first, or a signal might have it closed twice
        if file is not None:
            os.close(file)


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
