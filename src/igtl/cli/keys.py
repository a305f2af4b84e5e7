"""The keyboard, key by key, as long as a program runs on a terminal; and the terminal as before.

The terminal is put back when the `with` block is left, by whatever: its end, an exception, Ctrl-C,
a signal that ends the program (see `signals`). Ctrl-Z is a key, "suspend", for `Keyboard.stand_by`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["KEYS", "Keyboard", "keys_in"]

KEYS = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[H": "home",
    "\x1b[1~": "home",
    "\x1b[7~": "home",
    "\x1b[F": "end",
    "\x1b[4~": "end",
    "\x1b[8~": "end",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b": "escape",
    " ": "space",
    "\n": "enter",
    "\r": "enter",
    "\x7f": "backspace",
    "\b": "backspace",
}
"""What terminals send for keys that have a name; others are called as they are."""

#: A key of several characters, in either mode of a terminal; one character; or the first one of
#: several where nothing belongs to it.
_KEY = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]|[^\x1b]|\x1b(?=\x1b|\Z)")
#: The beginning of a key of several characters, at the end.
_BEGUN = re.compile(r"\x1b(?:[\[O][0-9;]*)?\Z")
_ESCAPE = "\x1b"
#: For how long reading waits for a key, in the terminal's tenths of a second.
_TENTHS = 1


def keys_in(typed: str) -> tuple[list[str], str]:
    """The keys in what was typed, and the beginning of one that is not there as a whole yet."""
    begun = _BEGUN.search(typed)
    rest = begun[0] if begun else ""
    whole = typed.removesuffix(rest)
    return [KEYS.get(key.replace("\x1bO", "\x1b["), key) for key in _KEY.findall(whole)], rest


class Keyboard:
    """The keys that are typed while the `with` block lasts.

    Attributes:
        usable: whether there are any: standard input is a terminal, this program is the one in
            front of it, and the system has terminals as Unix does.
    """

    def __init__(self) -> None:
        self.usable = _in_front()
        self._rest, self._suspended = "", False
        self._before: list[Any] = []
        self._handler: Any = None

    def read(self) -> list[str]:
        """The keys that were typed; waits for some, for a tenth of a second."""
        begun = time.monotonic()
        typed = os.read(sys.stdin.fileno(), 1024).decode(errors="ignore")
        if not typed:  # a terminal that is gone does not wait
            time.sleep(max(0.0, begun + _TENTHS / 10 - time.monotonic()))
        keys, self._rest = keys_in(self._rest + typed)
        if not typed and self._rest == _ESCAPE:  # what begins a longer key has no other part
            keys, self._rest = [KEYS[_ESCAPE]], ""
        if self._suspended:
            self._suspended = False
            keys.append("suspend")
        return keys

    def stand_by(self) -> None:
        """Stop, with the terminal as before, until the shell lets this program go on."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGTSTP)
        self._take()

    def __enter__(self) -> Self:
        if self.usable:
            self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.usable:
            self._give_back()

    def _take(self) -> None:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        self._before = termios.tcgetattr(descriptor)
        self._handler = signal.signal(signal.SIGTSTP, self._suspend)
        tty.setcbreak(descriptor)
        mode = termios.tcgetattr(descriptor)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 0, _TENTHS
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)

    def _give_back(self) -> None:
        import termios

        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)
        signal.signal(signal.SIGTSTP, self._handler)

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        self._suspended = True


def _in_front() -> bool:
    if sys.stdin is None or not sys.stdin.isatty() or not hasattr(os, "tcgetpgrp"):
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal that controls nobody, so there is no front
        return True
