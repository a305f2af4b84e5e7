"""A recording that is played for the page, which pauses it, jumps about in it and loops it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from igtl.errors import MessageError, OpenIGTLinkError
from igtl.recording.playback import Moment
from igtl.recording.player import Player
from igtl.recording.recording import Recording, read
from igtl.recording.retiming import moved

__all__ = ["Playing"]

#: One round of a loop takes at least so long, s.
_SHORTEST_ROUND_S = 0.2
#: What was recorded within so many s before a place is shown there while it stands still.
_LOOK_BACK_S = 1.0
_SLOWEST, _FASTEST = 1 / 64, 64.0

Give = Callable[[list[Moment]], object]
Tell = Callable[[str], object]


class Playing:
    """Plays a recording in a thread of its own. Its controls may be used from any thread.

    Times in headers are moved so that the messages are made now; all else is as it was recorded.

    Args:
        paths: the recording, or its parts.
        give: is handed what is due.
        tell: is told if playing fails.

    Raises:
        RecordingError: it is none, or there are no messages in it.
        OSError: it cannot be opened.
    """

    def __init__(self, paths: Sequence[Path], give: Give, tell: Tell) -> None:
        self.name = (
            paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
        )
        self._recording = read(*paths)
        if not len(self._recording):
            raise MessageError(
                f"there are no messages in {self.name}: record some, or give another"
            )
        self._player = Player(self._recording, times="now")
        self._give, self._tell = give, tell
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="igtl view player", daemon=True)
        self._closing = self._over = self._loop = False
        self._loops = 0

    @property
    def connections(self) -> tuple[str, ...]:
        """Over which the messages came, as they were recorded."""
        keys = (key for scan in self._recording.scans for key in scan.keys.values())
        return tuple(dict.fromkeys(key.connection for key in keys))

    @property
    def damage(self) -> str:
        """What is wrong with the recording, for people; "" as far as is known."""
        for scan in self._recording.scans:
            if scan.damage or not scan.complete:
                what = "is damaged" if scan.complete else "is cut off, or still being written"
                return f"{scan.path} {what}: what is whole is played; `igtl info` tells more"
        return ""

    def begin(self) -> None:
        """Start to play, unless it did before."""
        with self._changed:
            if not self._closing and self._thread.ident is None:
                self._thread.start()

    def pause(self) -> None:
        """Stand still."""
        self._player.pause()

    def resume(self) -> None:
        """Go on; from the start, if it was over."""
        self._player.resume()
        self._go_on()

    def seek(self, position: float) -> None:
        """Go to a position, s since the recording's start, or as near as can be.

        Raises:
            MessageError: it is no number.
        """
        if math.isnan(position):
            raise MessageError("a position is not a number, expected s since the recording's start")
        position = min(max(position, self._player.start), self._player.end)
        self._player.seek(position)
        if self._player.paused:
            self._show(position)
        self._go_on()

    def change_speed(self, speed: float) -> None:
        """Play faster or slower; math.inf is as fast as can be.

        Raises:
            MessageError: nobody could want that.
        """
        if speed != math.inf and not _SLOWEST <= speed <= _FASTEST:
            raise MessageError(
                f"speed is {speed:g}, expected {_SLOWEST:g} to {_FASTEST:g}, or full speed"
            )
        self._player.speed = speed

    def change_loop(self, loop: bool) -> None:
        """Begin again at the end, or not; if it is over, at once."""
        with self._changed:
            self._loop = loop
            if loop:
                self._over = False
            self._changed.notify_all()

    def state(self) -> dict[str, Any]:
        """Where it is, as the page is told."""
        player, over = self._player, self._over
        return {
            "kind": "playback",
            "file": self.name,
            "position": player.end if over else min(player.position, player.end),
            "start": player.start,
            "end": player.end,
            "paused": player.paused,
            "speed": None if player.speed == math.inf else player.speed,
            "loop": self._loop,
            "loops": self._loops,
            "over": over,
        }

    def close(self) -> None:
        """End it."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._player.stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._recording.close()

    def _go_on(self) -> None:
        with self._changed:
            self._over = False
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._closing:
            began, failed = time.monotonic(), False
            try:
                self._player.play_moments(self._give)
            except (OpenIGTLinkError, OSError) as error:
                failed = True
                self._tell(str(error))
            if self._loop and not failed:
                self._repeat(began)
            else:
                self._rest()

    def _repeat(self, began: float) -> None:
        """Go on with the next round; not too soon, where there is little to play."""
        with self._changed:
            self._loops += not self._closing
            left = began + _SHORTEST_ROUND_S - time.monotonic()
            self._changed.wait_for(lambda: self._closing, max(left, 0.0))

    def _rest(self) -> None:
        """Wait until somebody wants more."""
        with self._changed:
            self._over = True
            self._changed.wait_for(lambda: self._closing or not self._over)

    def _show(self, position: float) -> None:
        """Hand over the newest of each device at a position where it stands still."""
        newest = _newest(self._recording, position)
        if newest and self._player.paused:
            self._give(newest)


def _newest(recording: Recording, position: float) -> list[Moment]:
    """The last message of each channel within a while before a position, as made now."""
    found: dict[tuple[str, bytes, bytes], Moment] = {}
    now = time.time_ns()
    part = recording.select(start=position - _LOOK_BACK_S, end=position + 1e-9)
    for entry in part.entries():
        frame = entry.frame
        key = entry.connection, frame.raw_type, frame.raw_name
        found[key] = Moment(position, moved(frame, now - entry.time_ns), entry.connection)
    return list(found.values())
