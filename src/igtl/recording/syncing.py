"""Having a disk really write files, in a thread of its own, since that may take long."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path

__all__ = ["Syncer", "sync_file", "sync_folder"]

#: The file was moved away; or it is a pipe, say, which nobody can sync.
_HARMLESS = errno.ENOENT, errno.EINVAL, errno.ENXIO


class Syncer:
    """Makes files survive a power cut, as soon as the disk can.

    Attributes:
        error: why that failed, once it has.
    """

    def __init__(self) -> None:
        self.error: OSError | None = None
        self._due: dict[Path, None] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="igtl-sync", daemon=True)
        self._thread.start()

    def request(self, path: Path) -> None:
        """Have what was written to a file so far synced; several requests may be met at once."""
        with self._changed:
            self._due[path] = None
            self._changed.notify()

    def close(self) -> None:
        """Return when all requests are met."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closed)
                due, self._due = list(self._due), {}
            if not due:
                return
            for path in due:
                self._sync(path)

    def _sync(self, path: Path) -> None:
        try:
            sync_file(path)
        except OSError as error:
            if error.errno not in _HARMLESS:
                self.error = error


def sync_file(path: Path) -> None:
    """Return when a file's content will survive a power cut.

    Raises:
        OSError: the disk failed.
    """
    opened = os.open(path, os.O_RDWR)
    try:
        getattr(os, "fdatasync", os.fsync)(opened)
    finally:
        os.close(opened)


def sync_folder(folder: Path) -> None:
    """Let the names of new files survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
