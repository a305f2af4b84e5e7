"""A recording that is started and stopped from the page: what comes, as it comes, in a file."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from igtl.codec.frame import Frame
from igtl.errors import RecordingError
from igtl.recording.recorder import Recorder

__all__ = ["Tape"]

#: Recordings that begin in the same second are numbered, up to so many.
_MOST_OF_A_SECOND = 100


class Tape:
    """Records into one file after another: igtl-DATE-TIME.mcap, in a folder.

    All methods may be called from any thread; `start` and `stop` wait for the disk.

    Args:
        folder: where the files are made; it has to be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changing = threading.Lock()
        self._recorder: Recorder | None = None
        self._last: Recorder | None = None
        self._began = self._ended = time.monotonic()
        self._error, self._is_closed = "", False

    @property
    def on(self) -> bool:
        """Whether what comes is recorded."""
        recorder = self._recorder
        return recorder is not None and recorder.error is None

    @property
    def path(self) -> str:
        """Of the last recording, which may go on; "" before the first."""
        return "" if self._last is None else str(self._last.path)

    @property
    def messages(self) -> int:
        """How many are in it."""
        return 0 if self._last is None else self._last.messages

    def start(self, connected: Iterable[tuple[str, str]]) -> None:
        """Begin a recording, unless there is one.

        Args:
            connected: what is connected by now, as endpoint and address; noted in the file.

        Raises:
            RecordingError: the file cannot be made.
        """
        with self._changing:
            if self.on:
                return
            if self._is_closed:
                raise RecordingError("nothing more is recorded: the viewer is being closed")
            self._end()
            self._error = ""
            try:
                recorder = Recorder(_free_name(self._folder))
            except RecordingError as error:
                self._error = str(error)
                raise
            self._began = self._ended = time.monotonic()
            for endpoint, address in connected:
                recorder.event("connected", endpoint, text=address)
            self._recorder = self._last = recorder

    def stop(self) -> None:
        """End the recording in good order, if there is one."""
        with self._changing:
            self._end()

    def close(self) -> None:
        """The same for good: none can be begun any more."""
        with self._changing:
            self._is_closed = True
            self._end()

    def write(self, frames: Sequence[Frame], connection: str) -> None:
        """Record what came over a connection, byte for byte; never waits."""
        recorder = self._recorder
        if recorder is not None:
            with contextlib.suppress(RecordingError):  # it was stopped between two lines
                recorder.write_all(frames, connection)

    def note(self, event: str, connection: str, text: str) -> None:
        """Note in the file what happened to a connection."""
        recorder = self._recorder
        if recorder is not None:
            with contextlib.suppress(RecordingError):
                recorder.event(event, connection, text=text)

    def state(self) -> dict[str, Any]:
        """How it goes, as the page is told; also how the last recording went."""
        recorder, on = self._last, self.on
        if on:
            self._ended = time.monotonic()
        error = self._error or str((recorder and recorder.error) or "")
        return {
            "kind": "recording",
            "state": "failed" if error else "on" if on else "off",
            "path": self.path,
            "seconds": self._ended - self._began,
            "bytes": 0 if recorder is None else recorder.bytes,
            "messages": self.messages,
            "dropped": 0 if recorder is None else recorder.dropped,
            "free": _free_bytes(self._folder),
            "text": error,
        }

    def _end(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if recorder.error is None:
            self._ended = time.monotonic()
        try:
            recorder.close()
        except RecordingError as error:
            self._error = str(error)


def _free_name(folder: Path) -> Path:
    """A path that no file has.

    Raises:
        RecordingError: somebody makes many recordings at once.
    """
    stem = time.strftime("igtl-%Y%m%d-%H%M%S")
    for number in range(1, _MOST_OF_A_SECOND):
        path = folder / f"{stem}{f'-{number}' * (number > 1)}.mcap"
        if not path.exists():
            return path
    raise RecordingError(f"too many recordings are called {stem} in {folder}: try again")


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
