"""Programs on a terminal of their own that can be typed to, Ctrl-C and Ctrl-Z included."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Sequence

from tests.cli.program import TerminalProgram

__all__ = ["CTRL_C", "CTRL_Z", "DOWN", "HOME", "LEFT", "RIGHT", "UP", "TypedProgram"]

UP, DOWN, RIGHT, LEFT, HOME = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H"
CTRL_C, CTRL_Z = "\x03", "\x1a"


class TypedProgram(TerminalProgram):
    """A program on a terminal that controls it.

    Args:
        command: with its arguments.
        stdout: where standard output goes, if not to the terminal.

    Attributes:
        before: the terminal's mode before the program began.
    """

    def __init__(self, command: Sequence[str], stdout: int | None = None) -> None:
        self._terminal, inside = pty.openpty()
        self.before = termios.tcgetattr(inside)
        self.shown = ""
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=inside,
            stdout=inside if stdout is None else stdout,
            stderr=inside,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHON": sys.executable},
        )
        os.close(inside)

    def type(self, keys: str) -> None:
        """Press keys; what was shown before does not count for `wait_for` any more."""
        self.shown = ""
        os.write(self._terminal, keys.encode())

    def kill(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit status, when it has ended."""
        while self._read():
            pass
        return self._process.wait()

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return termios.tcgetattr(self._terminal) == self.before

    @property
    def reads_lines(self) -> bool:
        """Whether the terminal gives whole lines, as shells find it and leave it to programs."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ICANON)
