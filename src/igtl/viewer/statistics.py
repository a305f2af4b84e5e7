"""What came from each device: how much, how fast, how long ago, how much was lost.

Messages are counted by their headers and checksums, in a microsecond or two each. What a message
means is found out when somebody asks, of the newest one only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

import igtl
from igtl.codec import extended
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.messages.message import decode_frame
from igtl.protocol.matching import message_id_of

__all__ = ["Row", "Statistics"]

_WINDOW_S = 5.0
_SAMPLE_S = 0.1
_MOST_ROWS = 1000
#: Peers may invent headers without end that mean the same rows.
_MOST_KNOWN = 10_000
#: So many bytes of newest messages are kept, of bodies that are larger than `_SMALL`.
_MOST_KEPT, _SMALL = 1 << 30, 1 << 16
#: From so many ids in a row on, a device counts as one that numbers its messages.
_NUMBERED = 3
#: Peers may invent metadata keys without end.
_MOST_KEYS = 50
#: Header times before 1973 are those of devices that count from their own start.
_FIRST_DATE_S = 1e8


class Row:
    """What came of one type from one device.

    Times are in s, all of the same clock; for `latency` it has to tell unix time. One thread
    counts, others may look.

    Attributes:
        id: its number, in the order in which rows appeared.
        wire_type, device_name: of the header; a name that is longer is that of the metadata.
        messages, bytes: how much came, headers included.
        errors: malformed ones: all whose checksum is wrong, and of the others those that somebody
            looked at.
        newest: the last one as it came; None when nothing was counted yet, or it was forgotten.
        first_time, last_time: when the first and the last one came.
        versions: of their headers.
        metadata_keys: the first fifty, in order, of the messages that somebody looked at.
        seen: the newest well-formed message that somebody looked at.
        trouble: why the newest one is malformed, if somebody looked at it; "" when it is not.
        forgotten: called when the newest one is forgotten, for who keeps it as well.
    """

    def __init__(self, wire_type: str, device_name: str, now: float, number: int = 0) -> None:
        self.id, self.wire_type, self.device_name = number, wire_type, device_name
        self.newest: Frame | None = None
        self.versions: set[int] = set()
        self.metadata_keys: dict[str, None] = {}
        self.trouble = ""
        self._looking = threading.Lock()
        self.seen: igtl.Message | None = None
        self._looked_at: Frame | None = None
        self.forgotten: Callable[[], object] = bool
        self.last_time = now
        self.reset(now)

    def reset(self, now: float) -> None:
        """Count from 0; what came last, and when, is still known."""
        self.messages = self.bytes = self.errors = 0
        self.first_time = self._stamp_time = now
        self._stamp = 0
        self._samples: deque[tuple[float, int, int]] = deque()
        self._id, self._run, self._missing = 0, 0, 0

    def count(self, frame: Frame, now: float) -> None:
        """Count one message that came at `now`."""
        version, _, _, stamp, size, checksum, body = frame
        if not self.messages:
            self.first_time = now
        self.messages += 1
        self.bytes += HEADER_SIZE + size
        self.newest, self.last_time = frame, now
        if version not in self.versions:
            self.versions.add(version)
        if crc64(body) != checksum:
            self.errors += 1
        elif version > 1 or self._id:
            self._number(message_id_of(frame))
        if stamp != self._stamp:
            self._stamp, self._stamp_time = stamp, now
        if not self._samples or not 0 <= now - self._samples[-1][0] < _SAMPLE_S:
            self._sample(now)

    def _sample(self, now: float) -> None:
        samples = self._samples
        if samples and now < samples[-1][0]:  # the clock was set back
            samples.clear()
        samples.append((now, self.messages, self.bytes))
        while now - samples[0][0] > _WINDOW_S and len(samples) > 2:
            samples.popleft()

    def _number(self, message_id: int) -> None:
        """Look for gaps, once a device has shown that it counts its messages one by one."""
        step = message_id - self._id
        if self._run >= _NUMBERED and step > 1:
            self._missing += step - 1
        elif step != 1 or not message_id:
            self._run = -1
        self._run += 1
        self._id = message_id

    def forget(self) -> None:
        """Let go of what came last; it is still counted."""
        self.newest = self.seen = self._looked_at = None
        self.forgotten()

    @property
    def last(self) -> igtl.Message | None:
        """What the newest message means; if it is malformed, what was `seen` before."""
        self.look()
        return self.seen

    def look(self) -> None:
        """Find out what the newest message means, unless that is known."""
        with self._looking:
            frame = self.newest
            if frame is None or frame is self._looked_at:
                return
            try:
                self._take(frame, decode_frame(frame))
            except igtl.DecodeError as error:
                self._take(frame, error)

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody found out what the newest message means."""
        return self.newest is self._looked_at

    def take(self, message: igtl.Message | igtl.DecodeError) -> None:
        """What the message means that was counted last, from somebody who knows already."""
        with self._looking:
            if self.newest is not None and self.newest is not self._looked_at:
                self._take(self.newest, message)

    def _take(self, frame: Frame, message: igtl.Message | igtl.DecodeError) -> None:
        self._looked_at = frame
        if isinstance(message, igtl.Message):
            self.seen, self.trouble = message, ""
            if frame.version > 1 and len(self.metadata_keys) < _MOST_KEYS:
                self.metadata_keys |= dict.fromkeys(message.metadata)
        else:
            self.trouble = str(message)
            self.errors += not isinstance(message, igtl.ChecksumError)  # which are counted

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
        stamp = self.newest.timestamp if self.newest is not None and self.messages else None
        return None if stamp is None or stamp < _FIRST_DATE_S else self.last_time - stamp

    @property
    def stands_still(self) -> float:
        """For how long messages came whose own time did not change, s; 0 where they have none."""
        return self.last_time - self._stamp_time if self._stamp else 0.0

    def rate(self, now: float) -> float:
        """Messages per second of late; 0 when there are none any more."""
        return self._pace(now, 1)

    @property
    def mean_rate(self) -> float | None:
        """Messages per second from the first to the last; None while that is too little to say."""
        took = self.last_time - self.first_time
        return (self.messages - 1) / took if took >= _SAMPLE_S else None

    def bandwidth(self, now: float) -> float:
        """Bytes per second of late, headers included."""
        return self._pace(now, 2)

    def _pace(self, now: float, index: int) -> float:
        if self.messages < 2:
            return 0.0
        start = self._samples[0]
        took = self.last_time - start[0]
        came = self.messages - start[1]
        if took < _SAMPLE_S or self.age(now) > 1 + 3 * took / came:
            return 0.0
        return ((self.bytes if index == 2 else self.messages) - start[index]) / took


class Statistics:
    """One row for each type of each device, in the order in which they appeared.

    Peers may invent devices without end: behind the first thousand rows the rest are counted
    together, and of more than 1 GiB of newest messages those that came first are forgotten.

    Args:
        numbers: gives the rows their ids; several statistics may share it.
    """

    def __init__(self, numbers: Iterator[int] | None = None) -> None:
        self._numbers = count() if numbers is None else numbers
        self._rows: dict[tuple[str, str], Row] = {}
        self._known: dict[tuple[bytes, bytes], Row] = {}
        self._kept: dict[int, tuple[int, Row]] = {}
        self._kept_bytes = 0

    def count(self, frame: Frame, now: float) -> Row:
        """Count one message that came at `now`; its row."""
        raw_name = frame[2]
        if 0 in raw_name or frame[0] < 2:
            row = self._known.get((frame[1], raw_name))
            if row is None:
                row = self._find(frame, now)
        else:
            row = self._row(frame.type_name, _long_name(frame), now)
        row.count(frame, now)
        if frame[4] > _SMALL or self._kept:
            self._keep(row, frame[4])
        return row

    def _keep(self, row: Row, size: int) -> None:
        """Forget others where their newest messages and this one are too much."""
        before, _ = self._kept.pop(row.id, (0, row))
        self._kept_bytes -= before
        if size <= _SMALL:
            return
        self._kept[row.id] = size, row
        self._kept_bytes += size
        while self._kept_bytes > _MOST_KEPT and len(self._kept) > 1:
            less, oldest = self._kept.pop(next(iter(self._kept)))
            self._kept_bytes -= less
            oldest.forget()

    def reset(self, now: float) -> None:
        """Count all rows from 0."""
        for row in self:
            row.reset(now)

    @property
    def messages(self) -> int:
        """How many came."""
        return sum(row.messages for row in self)

    @property
    def bytes(self) -> int:
        """How much came, headers included."""
        return sum(row.bytes for row in self)

    @property
    def errors(self) -> int:
        """How many of them are malformed, as far as rows know."""
        return sum(row.errors for row in self)

    def _find(self, frame: Frame, now: float) -> Row:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        row = self._row(frame.type_name, frame.device_name, now)
        self._known[frame.raw_type, frame.raw_name] = row
        return row

    def _row(self, wire_type: str, device_name: str, now: float) -> Row:
        key = wire_type, device_name
        if key not in self._rows and len(self._rows) >= _MOST_ROWS:
            key = "", "(others)"
        if key not in self._rows:
            self._rows[key] = Row(*key, now, next(self._numbers))
        return self._rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(tuple(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)


def _long_name(frame: Frame) -> str:
    """The name of a device whose field in the header is full: the metadata may have more of it."""
    name = frame.device_name
    try:
        longer = extended.split(frame.body).metadata.get("IGTL_DEVICE_NAME", "")
    except igtl.DecodeError:
        return name
    return longer if longer.startswith(name) else name
