"""The panel of a player: where it is, what happens around it, and the keys that control it."""

from __future__ import annotations

import math
import queue
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import igtl
from igtl.cli.keys import Keyboard
from igtl.cli.moments import shown_moment
from igtl.cli.terminal import Progress, say
from igtl.viewer.summary import counted

__all__ = ["KEYS_HELP", "Panel", "shown_speed"]

KEYS_HELP = """\
Keys: space pauses and goes on, left and right go 5 s back and forward, up and
down double and halve the speed, home goes to the beginning, q ends."""

_SKIP_S = 5.0
_SLOWEST, _FASTEST = 1 / 16, 64.0
#: Without a terminal, the position is a line now and then.
_LINE_EVERY_S = 10.0
_TICK_S = 0.1


def shown_speed(speed: float) -> str:
    """A speed for people.

    Examples:
        >>> shown_speed(2.0), shown_speed(float("inf"))
        ('speed 2', 'full speed')
    """
    return "full speed" if speed == math.inf else f"speed {speed:g}"


class Panel:
    """Shows a player and obeys the keyboard, as long as the `with` block lasts.

    Args:
        player: what is shown and controlled.
        server: whose clients are counted.
        news: lines to print when they come.

    Attributes:
        quit: whether somebody pressed q.
    """

    def __init__(
        self, player: igtl.Player, server: igtl.Server, news: queue.SimpleQueue[str]
    ) -> None:
        self.quit = False
        self._player, self._server, self._news = player, server, news
        self._keyboard, self._line = Keyboard(), Progress(pause=0)
        self._plain = not sys.stderr.isatty()
        self._told_at, self._told = time.monotonic(), (player.paused, player.speed)

    @property
    def has_keys(self) -> bool:
        """Whether there is a keyboard."""
        return self._keyboard.usable

    def attend(self, goes_on: Callable[[], bool], text: Callable[[], str] | None = None) -> None:
        """Show what is going on until it is over or q was pressed.

        Args:
            goes_on: whether it does; asked about ten times a second.
            text: what to show; default: where the player is.
        """
        while goes_on() and not self.quit:
            self._line.show((text or self._position)())
            if self._plain and text is None:
                self._tell()
            self._wait()

    def clear(self) -> None:
        """Print the news that have come, and take the line away."""
        self._line.show("")
        while not self._news.empty():
            say(self._news.get())

    def _wait(self) -> None:
        """Wait for keys or news, a moment at most."""
        if self._keyboard.usable:
            for key in self._keyboard.read():
                self._obey(key)
            news = not self._news.empty()
        else:
            news = self._comes()
        if news:
            self.clear()

    def _comes(self) -> bool:
        try:
            first = self._news.get(timeout=_TICK_S)
        except queue.Empty:
            return False
        self._line.show("")
        say(first)
        return True

    def _obey(self, key: str) -> None:
        player = self._player
        match key:
            case "space":
                (player.resume if player.paused else player.pause)()
            case "left" | "right":
                player.skip(-_SKIP_S if key == "left" else _SKIP_S)
            case "up" | "down":
                factor = 2.0 if key == "up" else 0.5
                player.speed = min(max(player.speed * factor, _SLOWEST), _FASTEST)
            case "home":
                player.seek(player.start)
            case "q":
                self.quit = True
            case "suspend":
                self._stand_by()

    def _stand_by(self) -> None:
        """Ctrl-Z: the recording does not go on without this program."""
        paused = self._player.paused
        self._player.pause()
        self._line.show("")
        self._keyboard.stand_by()
        if not paused:
            self._player.resume()

    def _tell(self) -> None:
        """Print the position if a while has passed, or somebody has changed something."""
        player, now = self._player, time.monotonic()
        state = player.paused, player.speed
        if state != self._told or now - self._told_at >= _LINE_EVERY_S:
            self._told, self._told_at = state, now
            say(self._position())

    def _position(self) -> str:
        player = self._player
        parts = [
            f"{'paused' if player.paused else 'playing'}  {shown_moment(player.position)} of "
            f"{shown_moment(player.end)}",
            shown_speed(player.speed),
            counted(len(self._server.clients), "client"),
        ]
        parts += [counted(player.loops, "time") + " again"] * (player.loops > 0)
        parts += [f"{player.late:.1f} s late at most"] * (player.late >= 0.1)
        return "  ".join(parts)

    def __enter__(self) -> Self:
        self._keyboard.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keyboard.__exit__(kind, error, trace)
        self._line.__exit__(kind, error, trace)
