"""Playing a recording again: the same bytes at the same pace, for as long as nobody says otherwise.

`Playback` knows what is due when; the player waits for it, and lets other threads pause, jump and
change the speed meanwhile, which ends the waiting at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Literal

from igtl.codec.frame import Frame
from igtl.errors import MessageError
from igtl.net.server import Server
from igtl.recording import remote
from igtl.recording.playback import Moment, Playback
from igtl.recording.recording import Recording, read
from igtl.recording.retiming import Retiming
from igtl.recording.selection import Types, Wanted

__all__ = ["Player"]

Path = str | os.PathLike[str]
#: No system waits for longer at once, s.
_LONGEST_WAIT = 86_400.0


class Player:
    """Plays a recording: hands over the frames as they came, when they are due.

        player = igtl.Player("session.mcap", speed=2)
        with igtl.Server(when_full="wait") as server:
            player.control(server)
            player.play(lambda frames: server.publish(*frames))

    Messages that are due together are handed over together, in recorded order. Times are counted
    from where playing began, was resumed, or jumped to, so delays do not add up: what is late is
    handed over at once, and nothing is left out. All methods but `play` may be called from any
    thread, also from within `give`, and act at once.

    Args:
        source: the path of a recording, paths of one that was split, or what `igtl.read` and
            `select` gave.
        speed: s of the recording in a second; math.inf plays as fast as `give` takes it, which is
            as fast as clients read where a server has when_full="wait".
        loop: begin again at the end, without a pause, until `stop`.
        start, end: the part to play, s since the recording's start; None is its end.
        device: only this device, or these; * and ? stand for any characters.
        type: only this type, or these, as classes or wire types.
        connection: only what came over this connection, or these; as `device`.
        times: "kept" leaves the headers as they are; "now" moves the times in them, all by the same
            amount, so that the messages are made now. Where there is no time, there stays none.
            Bodies stay as they are, and with them the checksums, and the times that IMGMETA,
            LBMETA and VIDEOMETA hold within.

    Attributes:
        duration: s from the recording's first message to its last, whatever is selected.
        start, end: the part that is played, s.

    Raises:
        RecordingError: the recording cannot be read.
        MessageError: an argument is wrong.
    """

    def __init__(
        self,
        source: Path | Sequence[Path] | Recording,
        *,
        speed: float = 1.0,
        loop: bool = False,
        start: float = 0.0,
        end: float | None = None,
        device: Wanted = (),
        type: Types = (),
        connection: Wanted = (),
        times: Literal["kept", "now"] = "kept",
    ) -> None:
        recording = source if isinstance(source, Recording) else read(*_paths(source))
        self.duration: float = Recording(recording.scans).duration
        self.start, self.end = self._part(recording, start, end)
        film = _Film(recording.select(device=device, type=type, connection=connection))
        self._playback = Playback(
            film,
            self.start,
            self.end,
            speed=_checked_speed(speed),
            loop=loop,
            retiming=_retiming(times, film.origin_ns),
        )
        self._changed = threading.Condition()
        self._paused = self._stopped = self._playing = False

    def play(self, give: Callable[[list[Frame]], object]) -> None:
        """Hand over what is due when it is due, until the end or `stop`, in this thread.

        Once it came to its end, it plays from its start again.

        Args:
            give: called with the frames that are due, 500 and 4 MiB at most but for a larger one.

        Raises:
            MessageError: it plays already.
        """
        self.play_moments(lambda moments: give([moment.frame for moment in moments]))

    def play_moments(self, give: Callable[[list[Moment]], object]) -> None:
        """The same as `play`, for who wants to know over which connections they came."""
        with self._on_stage():
            while (moments := self._next()) is not None:
                give(moments)

    def pause(self) -> None:
        """Stand still; at once, but for what `give` has already."""
        with self._changed:
            self._paused = True
            self._playback.rest(time.monotonic())
            self._changed.notify_all()

    def resume(self) -> None:
        """Go on from where it stands."""
        with self._changed:
            self._paused = False
            if self._playing:
                self._playback.go_on(time.monotonic())
            self._changed.notify_all()

    def seek(self, position: float) -> None:
        """Go to a position, s since the recording's start: what was recorded from there on follows.

        What came before it, such as an image that was sent once, is not sent.

        Raises:
            MessageError: it is not within the part that is played.
        """
        _check_number(position=position)
        if not self.start <= position <= self.end:
            raise MessageError(
                f"position {position!r} is not in the part that is played: "
                f"expected {self.start:g} s to {self.end:g} s"
            )
        with self._changed:
            self._playback.jump(position, time.monotonic())
            self._changed.notify_all()

    def skip(self, seconds: float) -> None:
        """Go forward, or back where this is negative, but not beyond the part that is played."""
        with self._changed:
            self.seek(min(max(self.position + seconds, self.start), self.end))

    def stop(self) -> None:
        """End `play`, for good: it returns, and does at once whenever it is called again."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def position(self) -> float:
        """Where it is, s since the recording's start."""
        with self._changed:
            return self._playback.position(time.monotonic())

    @property
    def paused(self) -> bool:
        """Whether it was told to pause."""
        return self._paused

    @property
    def speed(self) -> float:
        """Seconds of the recording in a second; may be set, also while it plays."""
        return self._playback.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._changed:
            self._playback.change_speed(_checked_speed(speed), time.monotonic())
            self._changed.notify_all()

    @property
    def loops(self) -> int:
        """How often it began again."""
        return self._playback.loops

    @property
    def late(self) -> float:
        """By how much a message was handed over too late, at most, s."""
        return self._playback.late

    def control(self, server: Server) -> None:
        """Let clients of a server control this player by COMMAND.

        The commands are Pause, Resume, Seek (with a parameter Time, s), SetSpeed (with a parameter
        Speed, a number or "max"), GetPosition and GetStatus. All reply with Position, Duration,
        Start and End in s, Speed, Paused and Loops.
        """
        remote.obey(server, self)

    def __repr__(self) -> str:
        position = min(self.position, self.end)
        return f"<Player at {position:.3f} s of {self.duration:.3f} s>"

    def _part(self, recording: Recording, start: float, end: float | None) -> tuple[float, float]:
        """The part to play: what was asked for, within what was selected before."""
        end = self.duration if end is None else end
        _check_number(start=start, end=end)
        if not (0.0 <= start <= self.duration and start <= end):
            raise MessageError(
                f"the part from {start:g} s to {end:g} s is not in a recording of "
                f"{self.duration:g} s: expected 0 <= start <= end, and start <= {self.duration:g}"
            )
        selected, zero_ns = recording.selection, recording.zero_ns
        start = max(start, (selected.start_ns - zero_ns) / 1e9)
        return start, max(start, min(end, (selected.end_ns - zero_ns) / 1e9, self.duration))

    @contextmanager
    def _on_stage(self) -> Iterator[None]:
        """Let the time pass as long as this lasts, unless it was told to pause."""
        with self._changed:
            if self._playing:
                raise MessageError("this player plays already, in another call of play()")
            self._playing = True
            if self._playback.due is None:
                self._playback.jump(self.start, time.monotonic())
            if not self._paused:
                self._playback.go_on(time.monotonic())
        try:
            yield
        finally:
            with self._changed:
                self._playing = False
                self._playback.rest(time.monotonic())

    def _next(self) -> list[Moment] | None:
        """Wait for what is due next; None when all is over."""
        with self._changed:
            while not self._stopped and (due := self._playback.due) is not None:
                now = time.monotonic()
                if due > now:
                    self._changed.wait(min(due - now, _LONGEST_WAIT))
                elif moments := self._playback.take(now):
                    return moments
            return None


class _Film:
    """A recording as messages at positions."""

    def __init__(self, recording: Recording) -> None:
        self._recording, self.origin_ns = recording, recording.zero_ns

    def __call__(self, position: float) -> Iterator[Iterator[Moment]]:
        """What was recorded from a position on, block by block."""
        for part in self._recording.select(start=position).parts():
            yield (
                Moment((entry.time_ns - self.origin_ns) / 1e9, entry.frame, entry.connection)
                for entry in part.entries()
            )


def _paths(source: Path | Sequence[Path]) -> Sequence[Path]:
    return [source] if isinstance(source, (str, os.PathLike)) else source


def _checked_speed(speed: float) -> float:
    _check_number(speed=speed)
    if not speed > 0.0:
        raise MessageError(f"speed is {speed!r}, expected more than 0; math.inf is full speed")
    return float(speed)


def _check_number(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, Real):
            raise MessageError(f"{name} is {value!r}, expected a number")


def _retiming(times: str, origin_ns: int) -> Retiming | None:
    if times not in ("kept", "now"):
        raise MessageError(f"times is {times!r}, expected 'kept' or 'now'")
    epoch_ns = time.time_ns() - round(time.monotonic() * 1e9)
    return None if times == "kept" else Retiming(origin_ns, epoch_ns)
