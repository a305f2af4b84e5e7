"""What came of one type from one device: how much, how fast, how long ago, how much was lost.

Messages are counted by their headers and checksums, in a microsecond or two each. What a message
means is found out when somebody asks, of the newest one only, and once for all who ask.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import igtl
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.messages.message import decode_frame, decode_sound
from igtl.protocol.matching import message_id_of
from igtl.viewer.pace import SAMPLE_S, Pace

__all__ = ["Look", "Row"]

#: From so many messages on, a device is expected to go on sending.
_REGULAR = 3
#: From so many ids in a row on, a device counts as one that numbers its messages.
_NUMBERED = 3
#: Peers may invent metadata keys without end.
_MOST_KEYS = 50
#: Header times before 1973 are those of devices that count from their own start.
_FIRST_DATE_S = 1e8

#: Of a message: its number in its row, itself, when it came, whether its checksum is right.
_Arrival = tuple[int, Frame, float, bool]


class Look(NamedTuple):
    """What somebody found out of a message."""

    number: int
    """Of the row's messages, the first of which is 1."""
    frame: Frame
    received: float
    message: igtl.Message | igtl.DecodeError
    """What it means, or why it means nothing."""
    sound: igtl.Message | None
    """The same where it means something; else the one before that did, if somebody saw it."""


class Row:
    """What came of one type from one device.

    Times are in s, all of the same clock; for `latency` it has to tell unix time. One thread
    counts, others may look.

    Attributes:
        id: its number, in the order in which rows appeared.
        wire_type, device_name: of the header; a name that is longer is that of the metadata.
        number: of the message that came last, the first of which is 1; whatever is reset.
        messages, bytes: how much came, headers included.
        first_time, last_time: when the first and the last one came.
        versions: of their headers.
        metadata_keys: the first fifty, in order, of the messages that somebody looked at.
        looked: what was found out last, of the newest message or of one before.
        left_out: what of it is not shown, for people; told by who follows it.
        is_cut: whether its connection was lost, and nothing came since it is back.
        forgotten: called when the newest one is forgotten, for who keeps something of it.
    """

    def __init__(self, wire_type: str, device_name: str, now: float, row_id: int = 0) -> None:
        self.id, self.wire_type, self.device_name = row_id, wire_type, device_name
        self.versions: set[int] = set()
        self.metadata_keys: dict[str, None] = {}
        self.looked: Look | None = None
        self.left_out, self.is_cut = "", False
        self.forgotten: Callable[[], object] = bool
        self.number, self.last_time = 0, now
        self._newest: _Arrival | None = None
        self._looking = threading.Lock()
        self._pace = Pace()
        self._begin(now)

    def reset(self, now: float) -> None:
        """Count from 0; what came last, when, and how fast it came, is still known."""
        self._pace.begin_anew(self._speed, settled=True)
        self._begin(now)

    def cut(self) -> None:
        """Its connection is lost."""
        self._pace.begin_anew(self._speed, settled=False)
        self.is_cut = True

    def _begin(self, now: float) -> None:
        self.messages = self.bytes = self._spoilt = self._malformed = 0
        self._before = self.number
        self.first_time = self._stamp_time = now
        self._stamp = 0
        self._id, self._run, self._missing = 0, 0, 0

    def count(self, frame: Frame, now: float) -> None:
        """Count one message that came at `now`."""
        version, _, _, stamp, size, checksum, body = frame
        if not self.messages:
            self.first_time = now
        self.messages += 1
        self.bytes += HEADER_SIZE + size
        if version not in self.versions:
            self.versions.add(version)
        is_sound = crc64(body) == checksum
        if not is_sound:
            self._spoilt += 1
        elif version > 1 or self._id:
            self._count_id(message_id_of(frame))
        self._newest = self.number + 1, frame, now, is_sound
        self.number, self.last_time = self.number + 1, now  # once it can be looked at
        if stamp != self._stamp:
            self._stamp, self._stamp_time = stamp, now
        if not 0 <= now - self._pace.sampled_at < SAMPLE_S:
            self._pace.sample(now, self.messages, self.bytes)

    def _count_id(self, message_id: int) -> None:
        """Look for gaps, once a device has shown that it counts its messages one by one."""
        step = message_id - self._id
        if self._run >= _NUMBERED and step > 1:
            self._missing += step - 1
        elif step != 1 or not message_id:
            self._run = -1
        self._run += 1
        self._id = message_id

    # ---- what the newest message means

    @property
    def newest(self) -> Frame | None:
        """The last message as it came; None when nothing was counted yet, or it was forgotten."""
        newest = self._newest
        return None if newest is None else newest[1]

    def forget(self) -> None:
        """Let go of what came last; it is still counted."""
        with self._looking:
            self._newest = self.looked = None
        self.forgotten()

    def look(self) -> Look | None:
        """Find out what the newest message means, unless that is known; by any thread.

        Returns:
            What was found out; None when nothing was counted yet, or it was forgotten.
        """
        with self._looking:
            newest = self._newest
            if newest is not None and not self._knows(newest):
                self._note(newest, _meaning(newest))
            return self.looked

    def take(self, message: igtl.Message | igtl.DecodeError) -> None:
        """What the message means that was counted last, from somebody who knows already."""
        with self._looking:
            newest = self._newest
            if newest is not None and not self._knows(newest):
                self._note(newest, message)

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody found out what the newest message means."""
        newest = self._newest
        return newest is None or self._knows(newest)

    @property
    def trouble(self) -> str:
        """Why the last one that somebody looked at is malformed; "" when it is not."""
        looked = self.looked
        if looked is None or isinstance(looked.message, igtl.Message):
            return ""
        return str(looked.message)

    @property
    def seen(self) -> igtl.Message | None:
        """The newest well-formed message that somebody looked at."""
        looked = self.looked
        return None if looked is None else looked.sound

    @property
    def last(self) -> igtl.Message | None:
        """What the newest message means; if it is malformed, what was `seen` before."""
        self.look()
        return self.seen

    def _knows(self, newest: _Arrival) -> bool:
        looked = self.looked
        return looked is not None and looked.number == newest[0]

    def _note(self, newest: _Arrival, message: igtl.Message | igtl.DecodeError) -> None:
        """Keep what was found out; by who is looking."""
        number, frame, received, is_sound = newest
        if isinstance(message, igtl.Message):
            self.looked = Look(number, frame, received, message, message)
            if frame.version > 1 and len(self.metadata_keys) < _MOST_KEYS:
                keys = self.metadata_keys | dict.fromkeys(message.metadata)
                self.metadata_keys = dict.fromkeys(islice(keys, _MOST_KEYS))
        else:
            self.looked = Look(number, frame, received, message, self.seen)
            self._malformed += is_sound and number > self._before  # the others are counted

    # ---- numbers

    @property
    def errors(self) -> int:
        """Malformed ones: all with a wrong checksum, of the others those somebody looked at."""
        return self._spoilt + self._malformed

    @property
    def drops(self) -> int | None:
        """Messages that are missing between those that came; None when they are not numbered."""
        return self._missing if self._run >= _NUMBERED else None

    def age(self, now: float) -> float:
        """Seconds since the last message."""
        return max(0.0, now - self.last_time)

    @property
    def latency(self) -> float | None:
        """Seconds from the newest message's own time to its arrival; None where it gives no date.

        None as well while nothing was counted since `reset`.
        Below 0 the clocks differ.
        """
        newest = self._newest
        if newest is None or not self.messages:
            return None
        _, frame, received, _ = newest
        stamp = frame.timestamp
        return None if stamp is None or stamp < _FIRST_DATE_S else received - stamp

    @property
    def stands_still(self) -> float:
        """For how long messages came whose own time did not change, s; 0 where they have none."""
        return self.last_time - self._stamp_time if self._stamp else 0.0

    def rate(self, now: float) -> float:
        """Messages per second of late; 0 when there are none any more, or it is not known yet."""
        return self._lately(now)[0]

    @property
    def mean_rate(self) -> float | None:
        """Messages per second from the first to the last; None while that is too little to say."""
        took = self.last_time - self.first_time
        return (self.messages - 1) / took if self.messages > 1 and took >= SAMPLE_S else None

    def bandwidth(self, now: float) -> float:
        """Bytes per second of late, headers included."""
        return self._lately(now)[1]

    @property
    def interval(self) -> float | None:
        """Seconds from one message to the next, as it is used to come; None: it is not regular."""
        if speed := self._speed:
            return 1 / speed[0]
        mean = self.mean_rate
        return 1 / mean if mean and self.messages >= _REGULAR else None

    def is_silent(self, now: float) -> bool:
        """Whether it came regularly and stopped."""
        since = self.last_time if self.messages else self.first_time
        interval = self.interval
        return self.is_cut or (interval is not None and now - since > 1 + 3 * interval)

    def _lately(self, now: float) -> tuple[float, float]:
        speed = self._speed
        return (0.0, 0.0) if speed is None or self.is_silent(now) else speed

    @property
    def _speed(self) -> tuple[float, float] | None:
        """Messages and bytes per second while it came; None when it is not known yet."""
        return self._pace.until(self.last_time, self.messages, self.bytes)


def _meaning(arrival: _Arrival) -> igtl.Message | igtl.DecodeError:
    """What a message means, or why it means nothing."""
    _, frame, _, is_sound = arrival
    try:
        return decode_sound(frame) if is_sound else decode_frame(frame)
    except igtl.DecodeError as error:
        return error.with_traceback(None)  # which would keep what is forgotten
