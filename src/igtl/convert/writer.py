"""What every writer of a format offers."""

from __future__ import annotations

from typing import Protocol

from igtl.recording.entry import Entry

__all__ = ["Writer"]


class Writer(Protocol):
    """Takes entries, and makes files of them under temporary names of a `Staging`.

    One may also have `notes`: lines for people; `check()`, which raises RecordingError where the
    entries turned out to be none that were asked for; and `left_out`: of entries that it took, how
    many the files do not have after all, by wire type and reason, once it is closed.
    """

    def add(self, entry: Entry) -> str | None:
        """Take one message: None. Or leave it out: why, in words that fit all of its type.

        Raises:
            DecodeError: its bytes are no valid message; it counts as left out.
            RecordingError, OSError: nothing more can be written.
        """

    def close(self) -> None:
        """Finish the files and say what they are to be called (`Staging.keep`)."""

    def abandon(self) -> None:
        """Let go of everything; the files are removed. Also after a `close` that failed."""
