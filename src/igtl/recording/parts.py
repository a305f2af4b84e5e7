"""The files of one recording: a single one, or numbered parts."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from igtl.errors import RecordingError
from igtl.recording import disk
from igtl.recording.behind import BehindWriter, Helper
from igtl.recording.layout import INDEX_ENTRY, MESSAGE_HEAD
from igtl.recording.syncing import sync_folder
from igtl.recording.writer import FileWriter

__all__ = ["Parts"]

#: What a message takes in a file besides its own bytes.
_BESIDES = MESSAGE_HEAD.size + INDEX_ENTRY.size


class Parts:
    """Opens the files of a recording one after another.

    A recording that is split has the parts session-001.mcap, session-002.mcap, and so on; each is
    complete by itself. One that is not split goes on with session-002.mcap only when the file has
    nearly as many channels as it can have.

    Args:
        path: session.mcap.
        max_bytes, max_ns: a part is full when it would be larger, or last longer; None: never.
        overwrite: whether files that are there already are lost, parts of an earlier recording
            (001, 002 and so on without a gap) that are not written again included.
        helper: writes the files.

    Attributes:
        paths: of the files so far.

    Raises:
        RecordingError: there is such a file already.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_bytes: int | None,
        max_ns: int | None,
        *,
        overwrite: bool,
        helper: Helper,
    ) -> None:
        self._path = Path(path).absolute()  # however the working directory changes
        self._max_bytes, self._max_ns = max_bytes, max_ns
        self._overwrite, self._helper = overwrite, helper
        self.paths: list[Path] = []
        self._begun = 0
        self._split = max_bytes is not None or max_ns is not None
        if self._split:
            self._clear_way()

    def begin(self, now: int) -> FileWriter:
        """The next file. RecordingError where it cannot be made."""
        path = self._part(len(self.paths) + 1) if self._split or self.paths else self._path
        writer = BehindWriter(path, self._helper, overwrite=self._overwrite)
        sync_folder(path.parent)
        self.paths.append(path)
        self._begun = now
        return writer

    def full(self, writer: FileWriter, messages: int, size: int, now: int) -> bool:
        """Whether so many messages more, of `size` bytes in all, belong into the next file."""
        if not self._split or not writer.messages:
            return writer.crowded
        grown = writer.size + size + messages * _BESIDES
        too_large = self._max_bytes is not None and grown > self._max_bytes
        too_long = self._max_ns is not None and now - self._begun >= self._max_ns
        return too_large or too_long or writer.crowded

    def _part(self, number: int) -> Path:
        path = self._path
        return path.with_name(f"{path.stem}-{number:03}{path.suffix}")

    def _clear_way(self) -> None:
        """Remove the parts of an earlier recording of this name, or refuse to."""
        disk.check_folder(self._path)
        part = re.compile(rf"{re.escape(self._path.stem)}-\d{{3}}{re.escape(self._path.suffix)}")
        try:
            found = sorted(one for one in self._path.parent.iterdir() if part.fullmatch(one.name))
            if found and not self._overwrite:
                raise disk.taken(found[0])
            # session-20260101 or session-101 may be another recording: parts begin at 1, in a row
            parts = itertools.takewhile(Path.is_file, map(self._part, itertools.count(1)))
            for one in reversed(list(parts)):  # the last one may be being written
                disk.remove(one)
        except BlockingIOError as error:
            raise RecordingError(
                f"{self._path} is being recorded by another program: choose another name"
            ) from error
        except OSError as error:
            raise RecordingError(f"{self._path} cannot be written: {error.strerror}") from error
