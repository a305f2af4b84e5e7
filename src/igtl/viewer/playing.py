"""A recording that is played for the page, which pauses it, jumps about in it and loops it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MessageError, OpenIGTLinkError
from igtl.messages import Video, decode_frame
from igtl.recording.entry import Entry
from igtl.recording.playback import Moment
from igtl.recording.player import Player
from igtl.recording.recording import read

__all__ = ["Playing"]

#: One round of a loop takes at least so long, s.
_SHORTEST_ROUND_S = 0.2
#: What was recorded within so many s before a place is shown there while it stands still.
_LOOK_BACK_S = 1.0
#: And so many s more of video: the time from key frame to key frame, as far as it is usual.
_LOOK_BACK_VIDEO_S = 10.0
_SLOWEST, _FASTEST = 1 / 64, 64.0

Give = Callable[[list[Moment]], object]
Tell = Callable[[str], object]
Jumped = Callable[[], object]


class Playing:
    """Plays a recording in a thread of its own. Its controls may be used from any thread.

    Args:
        paths: the recording, or its parts.
        give: is handed what is due.
        tell: is told if playing fails.
        jumped: is told when it goes elsewhere, before anything from there is handed over.

    Attributes:
        name: what is played, for people.
        origin: when the recording began, unix s: positions count from there.

    Raises:
        RecordingError: it is none, or there are no messages in it.
        OSError: it cannot be opened.
    """

    def __init__(self, paths: Sequence[Path], give: Give, tell: Tell, jumped: Jumped) -> None:
        self.name = (
            paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
        )
        self._recording = read(*paths)
        if not len(self._recording):
            raise MessageError(
                f"there are no messages in {self.name}: `igtl recover` looks for what a damaged "
                "recording still holds"
            )
        self.origin = self._recording.zero_ns / 1e9
        self._player = Player(self._recording)
        self._give, self._tell, self._jumped = give, tell, jumped
        self._giving = threading.Lock()  # nothing of before is handed over after a jump
        self._first = self._player.start  # what is before this is not handed over
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="igtl view player", daemon=True)
        self._closing = self._over = self._loop = self._ended = False
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
        with self._giving:
            self._jump(position)
            if self._player.paused:
                self._show(position)

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

    @property
    def position(self) -> float:
        """Where it is, s since the recording's start."""
        player = self._player
        return player.end if self._over else min(player.position, player.end)

    def state(self) -> dict[str, Any]:
        """Where it is, as the page is told."""
        player, over, position = self._player, self._over, self.position
        return {
            "kind": "playback",
            "file": self.name,
            "position": position,
            "clock": self.origin + position,
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
            self._rewind()
            try:
                self._player.play_moments(self._deliver)
            except (OpenIGTLinkError, OSError) as error:
                failed = True
                self._tell(str(error))
            self._ended = not failed
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

    def _rewind(self) -> None:
        """Begin again at the start, once it came to the end."""
        with self._giving:
            if self._ended:
                self._jump(self._player.start)

    def _jump(self, position: float) -> None:
        """Go elsewhere; by who is giving."""
        self._player.seek(position)
        self._first, self._ended = position, False
        self._go_on()
        self._jumped()

    def _deliver(self, moments: list[Moment]) -> None:
        """Hand over what is due, but for what was due at a place of before."""
        with self._giving:
            first, last = self._first, self._player.position
            self._give([one for one in moments if first <= one.position <= last])

    def _show(self, position: float) -> None:
        """Hand over what came shortly before a position where it stands still; by who is giving."""
        origin_ns = self._recording.zero_ns
        start = position - _LOOK_BACK_S
        part = self._recording.select(start=start, end=position + 1e-9)
        for entry in chain(self._video_before(start, position), part.entries()):
            moment = Moment((entry.time_ns - origin_ns) / 1e9, entry.frame, entry.connection)
            self._give([moment])
            self._first = math.nextafter(max(position, moment.position), math.inf)

    def _video_before(self, start: float, position: float) -> Iterator[Entry]:
        """What the video from `start` to `position` may build on: so no key frame is waited for."""
        video = partial(self._recording.select, type=Video)
        late = video(start=start, end=position + 1e-9)
        if any(_is_coded(entry.frame) for entry in late.entries()):
            yield from video(start=start - _LOOK_BACK_VIDEO_S, end=start).entries()


def _is_coded(frame: Frame) -> bool:
    """Whether it is a frame of video that may build on others."""
    try:
        video = decode_frame(frame)
    except DecodeError:
        return False
    return isinstance(video, Video) and video.codec != "I420"
