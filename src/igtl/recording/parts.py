"""The files of one recording: a single one, or numbered parts."""

from __future__ import annotations

import os
import re
from pathlib import Path

from igtl.errors import RecordingError
from igtl.recording.behind import BehindWriter, Helper
from igtl.recording.syncing import sync_folder
from igtl.recording.writer import FileWriter

__all__ = ["Parts"]


class Parts:
    """Opens the files of a recording one after another.

    A recording that is split has the parts session-001.mcap, session-002.mcap, and so on; each is
    complete by itself. One that is not split goes on with session-002.mcap only when the file has
    nearly as many channels as it can have.

    Args:
        path: session.mcap.
        max_bytes, max_ns: a part is full when it would be larger, or last longer; None: never.
        overwrite: whether files that are there already are lost, parts of an earlier recording
            that are not written again included.
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
        path = self._path
        if self._split or self.paths:
            path = path.with_name(f"{path.stem}-{len(self.paths) + 1:03}{path.suffix}")
        writer = BehindWriter(path, self._helper, overwrite=self._overwrite)
        sync_folder(path.parent)
        self.paths.append(path)
        self._begun = now
        return writer

    def full(self, writer: FileWriter, size: int, now: int) -> bool:
        """Whether `size` bytes more belong into the next file."""
        if not self._split or not writer.messages:
            return writer.crowded
        too_large = self._max_bytes is not None and writer.size + size > self._max_bytes
        too_long = self._max_ns is not None and now - self._begun >= self._max_ns
        return too_large or too_long or writer.crowded

    def _clear_way(self) -> None:
        """Remove the parts of an earlier recording of this name, or refuse to."""
        part = re.compile(rf"{re.escape(self._path.stem)}-\d{{3,}}{re.escape(self._path.suffix)}")
        try:
            found = sorted(one for one in self._path.parent.iterdir() if part.fullmatch(one.name))
            if found and not self._overwrite:
                raise RecordingError(
                    f"{found[0]} is there already: choose another name, or overwrite it on purpose"
                )
            for one in found:
                one.unlink()
        except OSError as error:
            raise RecordingError(f"{self._path} cannot be written: {error.strerror}") from error
