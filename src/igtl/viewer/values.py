"""Poses, sensor values and log lines, as they came, for all who look.

Frames are kept as they come and decoded in one go, thirty times a second: a thread that receives
loses less than a microsecond on each.

The time of a value is when its message came, by the session's clock. Those in headers are by
clocks that differ, where there are any; latency, on the board, is told from them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.message import Message, Unknown, decode_frame
from igtl.messages.registry import class_of
from igtl.messages.sensor import Sensor
from igtl.viewer.by_row import ByRow
from igtl.viewer.lines import Level, is_line, line
from igtl.viewer.log import Log
from igtl.viewer.readers import News, PoseReader, Reader, SensorReader
from igtl.viewer.row import Row
from igtl.viewer.tools import POSE_TYPES

__all__ = ["Values"]

#: So many frames of a row are kept from one drain to the next.
_MOST_WAITING = 16
#: So many bytes are decoded in one drain, some 20 ms of work; each frame counts for so many more.
_MOST_DECODED, _FRAME = 250_000, 200
#: Bodies of more bytes are passed over: more than 1,100 tools, or the longest STRING.
_LARGEST = 80_000


class Values:
    """What tools, sensors and texts said lately.

    `take`, `say` and `trouble` may be called by any thread; `drain` and `recent` by one, the event
    loop's. Call `drain` about 30 times a second, also while nobody looks.
    """

    def __init__(self) -> None:
        self._inboxes, self._log = _Inboxes(), Log()
        self._draining = threading.Lock()
        self._jump: list[dict[str, Any]] = []  # that was not told yet
        self._turn = 0

    def take(self, row: Row, frame: Frame, received: float) -> None:
        """Keep a frame of a type that has values, undecoded; others are passed over.

        Args:
            row: its row.
            received: when it came, unix s.
        """
        self._inboxes.take(row, frame, received)

    def say(self, text: str, *, time: float, level: Level = "info", row: Row | None = None) -> None:
        """Add a line to the log, such as what happened to a link.

        Args:
            time: unix s.
            row: what it is about, if it is one row.
        """
        self._log.say(text, time=time, level=level, row=row)

    def trouble(self, row: Row, error: Exception, time: float) -> None:
        """Add a line to the log: a message of this row is malformed."""
        self.say(f"malformed: {error}", time=time, level="error", row=row)

    def jump(self, time: float) -> None:
        """Forget what waits and what the log has of rows: a recording goes on at another time.

        What concerns no row is told again after the message "jump". Nobody may call `take`
        meanwhile.

        Args:
            time: there, unix s.
        """
        with self._draining:
            for inbox in self._inboxes:
                inbox.frames.clear()
                inbox.accounted = inbox.came
            self._log.forget_rows()
            self._jump = [{"kind": "jump", "clock": time}]

    def drain(self) -> list[dict[str, Any]]:
        """The messages "tools", "poses", "sensors" and "log" of what came since the last call.

        Only those that have something in them; tools come before their poses. After a jump that
        comes first.
        """
        with self._draining:
            jump, self._jump = self._jump, []
            return jump + self._drained()

    def _drained(self) -> list[dict[str, Any]]:
        news, left = News(), _MOST_DECODED
        waiting = [inbox for inbox in self._inboxes if inbox.frames]
        waiting.sort(key=_last_turn)
        share, self._turn = max(1, left // _FRAME // max(1, len(waiting))), self._turn + 1
        for inbox in waiting:
            if left <= 0:  # the others come first the next time
                break
            inbox.turn = self._turn
            for frame, received in inbox.taken(share):
                left -= _FRAME + frame.body_size
                self._read(inbox, frame, received, news)
            if inbox.reader is None and inbox.lost:
                self._say_lost(inbox)
        return news.messages() + self._log.news()

    def recent(self) -> list[dict[str, Any]]:
        """The same four for somebody who joins: all tools, the newest of each, the log's end."""
        news = News()
        for inbox in self._inboxes:
            if inbox.reader is not None:
                inbox.reader.recall(news)
        return news.messages() + self._log.recent()

    def _read(self, inbox: _Inbox, frame: Frame, received: float, news: News) -> None:
        """Take in a message; of malformed or too large ones the first of several is told."""
        if frame.body_size > _LARGEST:
            self._pass_over(inbox, frame, received)
            return
        try:
            message = decode_frame(frame)
            if inbox.reader is None:
                self._say(inbox, message, received)
            else:
                inbox.row.left_out = inbox.reader.read(message, received, news)
        except DecodeError as error:
            if not inbox.is_bad:
                self.trouble(inbox.row, error, received)
            inbox.is_bad = True
        else:
            inbox.is_bad = False

    def _say(self, inbox: _Inbox, message: Message, received: float) -> None:
        level, text = line(message)
        self.say(text, time=received, level=level, row=inbox.row)

    def _pass_over(self, inbox: _Inbox, frame: Frame, received: float) -> None:
        text = f"{frame.body_size:,} bytes are not followed here, at most {_LARGEST:,} are"
        if not inbox.is_bad:
            self.say(text, time=received, level="warning", row=inbox.row)
        inbox.is_bad = True
        if inbox.reader is not None:
            inbox.row.left_out = text

    def _say_lost(self, inbox: _Inbox) -> None:
        text = f"{inbox.lost} more came faster than can be shown"
        self.say(text, time=inbox.last_time, level="warning", row=inbox.row)


_last_turn = attrgetter("turn")


class _Inbox:
    """Frames of one row that wait; filled by one thread, emptied by another.

    Attributes:
        frames: the newest that came, with when.
        came: how many did.
        reader: what reads them; None: they are lines of the log.
        lost: how many were pushed out by newer ones before the last call of `taken`.
        last_time: when the newest came that was taken, unix s.
        is_bad: whether the last one was malformed, or too large.
        turn: the drain that took from it last.
        accounted: how many of those that came were taken, or lost.
    """

    __slots__ = (
        "accounted", "came", "frames", "is_bad", "last_time", "lost", "reader", "row", "turn",
    )  # fmt: skip

    def __init__(self, row: Row, reader: Reader | None) -> None:
        self.row, self.reader = row, reader
        self.frames: deque[tuple[Frame, float]] = deque(maxlen=_MOST_WAITING)
        self.came = self.lost = self.turn = self.accounted = 0
        self.last_time, self.is_bad = 0.0, False

    def take(self, frame: Frame, received: float) -> None:
        """Put a frame in; of one that is too large, only that it came."""
        if frame.body_size > _LARGEST:
            frame = frame._replace(body=b"")
        self.frames.append((frame, received))
        self.came += 1

    def taken(self, most: int) -> Iterator[tuple[Frame, float]]:
        """Empty it; the newest `most` frames, oldest first."""
        came, frames = self.came, []
        while self.frames:
            frames.append(self.frames.popleft())
        frames = frames[-most:]
        # A frame that came in between may be taken and not counted yet: it is the next time.
        self.lost = max(0, came - self.accounted - len(frames))
        self.accounted += self.lost + len(frames)
        self.last_time = frames[-1][1] if frames else self.last_time
        return iter(frames)


class _Inboxes(ByRow[_Inbox]):
    """Those of rows that have values."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: set[str] = set()  # of all tools

    def opened(self, row: Row, frame: Frame) -> _Inbox | None:
        """A new row's inbox; None where it has no values."""
        kind = class_of(frame.raw_type) or Unknown
        if issubclass(kind, POSE_TYPES):
            return _Inbox(row, PoseReader(row, self._keys))
        if issubclass(kind, Sensor):
            return _Inbox(row, SensorReader(row))
        return _Inbox(row, None) if is_line(frame) else None
