"""Programs in a real terminal, whose screen can be read: tmux, without a window.

Where tmux is not installed, tests that need it are skipped with the command that installs it;
where CI is set, they fail.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest
from rich.style import Style
from rich.text import Text

from tests.net.waiting import eventually

__all__ = ["Pane", "need_tmux"]


def need_tmux() -> None:
    """Skip the test where there is no tmux; fail where CI is set."""
    if shutil.which("tmux") is None:
        lacking = "needs tmux: apt-get install tmux"
        if os.environ.get("CI"):
            pytest.fail(f"{lacking} (CI is set: a missing program is a failure)", pytrace=False)
        pytest.skip(lacking)


class Pane:
    """A terminal with a program in it, of 256 colours and more.

    Args:
        folder: for the socket of this tmux.
        command: with its arguments; it is followed by its exit status and the terminal's mode.
        size: columns and rows.
        environment: variables on top of the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        size: tuple[int, int] = (100, 30),
        **environment: str,
    ) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", os.devnull]
        given = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        unset = ["-u", "NO_COLOR", "-u", "COLUMNS", "-u", "LINES"]
        program = ["env", *unset, *(f"{name}={value}" for name, value in given.items()), *command]
        after = "echo status $?; stty -a; read x"
        script = f"trap : INT TERM HUP; echo before; {shlex.join(program)}; {after}"
        width, height = map(str, size)
        self._run("new-session", "-d", "-x", width, "-y", height, f"sh -c {shlex.quote(script)}")

    def _run(self, *arguments: str) -> str:
        command = [*self._tmux, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    @property
    def lines(self) -> list[str]:
        """What is on the screen now."""
        return self._run("capture-pane", "-p").split("\n")[:-1]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    def line_with(self, text: str) -> str:
        """The line that holds a text, which is waited for."""
        self.wait_for(text)
        return next(line for line in self.lines if text in line)

    def cells(self, row: int) -> list[tuple[str, Style]]:
        """The characters of a line of the screen, each with its colours."""
        styled = self._run("capture-pane", "-p", "-e", "-N").split("\n")[row]
        text = Text.from_ansi(styled)
        found = []
        for at, character in enumerate(text.plain):
            spans = [one.style for one in text.spans if one.start <= at < one.end]
            style = sum((one for one in spans if isinstance(one, Style)), Style())
            found.append((character, style))
        return found

    def wait_for(self, *texts: str) -> None:
        """Wait until all of them are on the screen."""

        def there() -> bool:
            screen = self.text
            return all(text in screen for text in texts)

        try:
            eventually(there)
        except AssertionError:
            raise AssertionError(f"{texts} did not appear:\n{self.text}") from None

    def wait_until_gone(self, text: str) -> None:
        """Wait until a text is not on the screen any more."""
        eventually(lambda: text not in self.text, f"{text!r} is gone")

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self._run("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Make the window larger or smaller."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def kill(self, number: int) -> None:
        """Send a signal to the program; the shell behind it does not mind."""
        os.killpg(int(self._run("list-panes", "-F", "#{pane_pid}")), number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
