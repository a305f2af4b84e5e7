"""Writing to people and pipes: line by line, and never what a terminal would obey."""

from __future__ import annotations

import io
import os
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Self

__all__ = ["Progress", "leave_closed_pipe", "prepare_streams", "printable", "say", "warn"]


_WIPE = "\r\x1b[K"
#: Held while standard error is written to, by whichever thread.
_writing = threading.RLock()


def printable(text: str) -> str:
    r"""The text with everything that is not printable written as an escape.

    Names and texts come from peers: escape sequences of terminals, line breaks, and marks that
    turn the direction of writing must not act.

    Examples:
        >>> printable("CT\x1b[2J")
        'CT\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """Write one line to standard output, at once.

    Raises:
        BrokenPipeError: nobody reads it any more.
    """
    print(text, flush=True)


def warn(text: str) -> None:
    """Write one line to standard error, marked as ours; what a peer put into it cannot act.

    It takes the place of a `Progress` that stands there.
    """
    with _writing:
        wipe = _WIPE * Progress.stands
        Progress.stands = False
        print(f"{wipe}igtl: {printable(text)}", file=sys.stderr, flush=True)


def prepare_streams() -> None:
    """Let standard output and error take any character, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def leave_closed_pipe() -> None:
    """Send what is still buffered for a closed pipe nowhere, so that Python ends quietly."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())


class Progress:
    """One line on standard error that changes, and is gone at the end; on a terminal only.

    Args:
        pause: seconds for which a text stays at least.

    Attributes:
        stands: whether such a line is on the terminal now.
    """

    stands = False

    def __init__(self, pause: float = 0.1) -> None:
        self._pause, self._next = pause, 0.0
        self._shows = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Write this instead of what was there, unless that has just been written."""
        if self._shows and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._pause
            self._write(text)

    def _write(self, text: str) -> None:
        room = shutil.get_terminal_size().columns - 1
        with _writing:
            Progress.stands = bool(text)
            print(f"{_WIPE}{printable(text)[:room]}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shows:
            self._write("")
