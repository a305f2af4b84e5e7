"""What of a recording is due when: the schedule of a player, without threads and without a clock.

The times of a recording lie on a straight line against the clock. Pausing, jumping and changing the
speed begin a new line; nothing else does, so delays do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from igtl.codec.frame import Frame
from igtl.recording.retiming import Retiming, moved

__all__ = ["Film", "Moment", "Pace", "Playback"]

#: What is handed over at once, at most: who pauses waits no longer than for this.
_MOST_MESSAGES, _MOST_BYTES = 500, 4 << 20
#: A loop over a single moment would have no end of messages at once: it takes so many s.
_SHORTEST_PERIOD = 1.0


class Moment(NamedTuple):
    """A message and its place in the recording."""

    position: float
    """s since the recording's start."""
    frame: Frame
    connection: str = ""
    """Over which it came, as in the recording."""


#: Gives what was recorded from a position (s) on, in order: in runs that lie ready once they are
#: there, while the next one may have to be read.
Film = Callable[[float], Iterator[Iterable[Moment]]]


class Pace(NamedTuple):
    """Which part of a recording plays at which time of a clock."""

    position: float
    """s since the recording's start,"""
    time: float
    """which is played at this time of the clock, s."""
    speed: float
    """s of the recording in a second; math.inf is as fast as can be."""

    def due(self, position: float) -> float:
        """When a position is to be played; -inf: as soon as can be."""
        if self.speed == math.inf:
            return -math.inf
        return self.time + (position - self.position) / self.speed

    def at(self, now: float) -> float:
        """Which position is to be played now; inf: whatever comes."""
        if self.speed == math.inf:
            return math.inf
        return self.position + (now - self.time) * self.speed


class Playback:
    """Hands out messages as they are due. It rests at first; `now` is s of one steady clock.

    Args:
        film: what is played.
        start, end: the part of it that is played, s since the recording's start.
        speed: as `Pace.speed`.
        loop: begin again at the end.
        retiming: moves the times in the headers; None keeps them.

    Attributes:
        loops: how often it began again.
        late: how late something was handed out at most, s.
    """

    def __init__(
        self,
        film: Film,
        start: float,
        end: float,
        *,
        speed: float = 1.0,
        loop: bool = False,
        retiming: Retiming | None = None,
    ) -> None:
        self._film, self._start, self._end = film, start, end
        self._loop, self._retiming = loop, retiming
        self._pace = Pace(start, 0.0, speed)
        self._held: float | None = start  # where it rests
        self.loops, self.late = 0, 0.0
        self._open(start)

    @property
    def speed(self) -> float:
        """Seconds of the recording in a second."""
        return self._pace.speed

    @property
    def due(self) -> float | None:
        """When to `take` next: inf while it rests, -inf at once, None when all is over."""
        if self._over:
            return None
        if self._held is not None:
            return math.inf
        if self._unread:
            return -math.inf
        return self._pace.due(self._seam if self._next is None else self._next.position)

    def position(self, now: float) -> float:
        """Where it is, s since the recording's start: never beyond what was not handed out yet."""
        if self._held is not None:
            return self._held
        return min(self._bound, self._pace.at(now))

    def take(self, now: float) -> list[Moment]:
        """What is due, in recorded order, unless that is much: then call again.

        What has to be read first is not waited for by what is there: then, too.
        """
        due = self.due
        if due is None or due > now:
            return []
        if self._unread:
            self._load()
            return []
        if due > -math.inf:
            self.late = max(self.late, now - due)
        if self._next is None:
            self._repeat()
        return list(self._due_until(self._pace.at(now)))

    def rest(self, now: float) -> None:
        """Stand still."""
        self._held = self._leave(now)

    def go_on(self, now: float) -> None:
        """Play from where it rests."""
        if self._held is not None:
            held, self._held = self._held, None
            self._begin(held, now)

    def jump(self, position: float, now: float) -> None:
        """Go to a position: only what was recorded from there on is handed out."""
        self._leave(now)
        self._open(position)
        if self._held is None:
            self._begin(position, now)
        else:
            self._held = position

    def change_speed(self, speed: float, now: float) -> None:
        """Play faster or slower from here on."""
        position = self._leave(now)
        self._pace = self._pace._replace(speed=speed)
        if self._held is None:
            self._begin(position, now)

    @property
    def _period(self) -> float:
        return (self._end - self._start) or _SHORTEST_PERIOD

    @property
    def _seam(self) -> float:
        return self._start + self._period

    def _leave(self, now: float) -> float:
        """Stop following a line; where that was."""
        position = self.position(now)
        if self._retiming and self._held is None:
            self._retiming.leave(position)
        return position

    def _begin(self, position: float, now: float) -> None:
        """Follow a new line from now on."""
        self._pace = Pace(position, now, self._pace.speed)
        if self._retiming:
            self._retiming.begin(position, now)

    def _repeat(self) -> None:
        """Go on at the start, on the same line against the clock."""
        self._pace = Pace(self._start, self._pace.due(self._seam), self._pace.speed)
        if self._retiming:
            self._retiming.repeat(self._period)
        self.loops += 1
        self._open(self._start)
        self._over = self._next is None  # nothing at all was recorded there

    def _open(self, position: float) -> None:
        self._runs = self._film(position)
        self._load()

    def _load(self) -> None:
        """Have the next run read."""
        self._unread = False
        for run in self._runs:
            self._run = iter(run)
            if (first := next(self._run, None)) is not None:
                self._put(first)
                return
        self._put(None)

    def _put(self, moment: Moment | None) -> None:
        """This one comes next; None: nothing more."""
        self._next = moment if moment and moment.position <= self._end else None
        self._bound = self._end if self._next is None else self._next.position
        self._over = self._next is None and not self._loop

    def _advance(self) -> None:
        following = next(self._run, None)
        self._unread = following is None
        if following is not None:
            self._put(following)
        else:
            self._next = None

    def _due_until(self, position: float) -> Iterator[Moment]:
        """What is due at a position, within bounds."""
        messages = size = 0
        while (
            (moment := self._next) is not None
            and moment.position <= position
            and messages < _MOST_MESSAGES
            and size < _MOST_BYTES
        ):
            self._advance()
            messages, size = messages + 1, size + moment.frame.body_size
            if self._retiming:
                frame = moved(moment.frame, self._retiming.offset_ns)
                moment = Moment(moment.position, frame, moment.connection)
            yield moment
