"""What came from each device: how much, how fast, how long ago, how much was lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import igtl
from igtl.cli.reception import Arrival
from igtl.codec.frame import HEADER_SIZE

__all__ = ["Row", "Statistics"]

_WINDOW_S = 5.0
_SAMPLE_S = 0.1
_MOST_ROWS = 1000
#: From so many ids in a row on, a device counts as one that numbers its messages.
_NUMBERED = 3
#: Peers may invent metadata keys without end.
_MOST_KEYS = 50


class Row:
    """What came of one type from one device.

    Times are those of any steady clock, in s, the same one throughout.
    """

    def __init__(self, wire_type: str, device_name: str, now: float) -> None:
        self.wire_type, self.device_name = wire_type, device_name
        self.messages = self.bytes = self.errors = 0
        self.last: igtl.Message | None = None
        self.first_time = self.last_time = now
        self.versions: set[int] = set()
        """Header versions."""
        self.metadata_keys: dict[str, None] = {}
        """The first fifty, in order."""
        self._samples: deque[tuple[float, int, int]] = deque()
        self._id, self._run, self._missing = 0, 0, 0

    def add(self, arrival: Arrival, now: float) -> None:
        """Count one message."""
        self.messages += 1
        self.bytes += HEADER_SIZE + arrival.frame.body_size
        self.last_time = now
        self.versions.add(arrival.frame.version)
        if isinstance(arrival.message, igtl.Message):
            self.last = arrival.message
            self._number(arrival.message.message_id)
            if arrival.frame.version > 1 and len(self.metadata_keys) < _MOST_KEYS:
                self.metadata_keys |= dict.fromkeys(arrival.message.metadata)
        else:
            self.errors += 1
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE_S:
            self._samples.append((now, self.messages, self.bytes))
            while now - self._samples[0][0] > _WINDOW_S and len(self._samples) > 2:
                self._samples.popleft()

    def _number(self, message_id: int) -> None:
        """Look for gaps, once a device has shown that it counts its messages one by one."""
        step = message_id - self._id
        if self._run >= _NUMBERED and step > 1:
            self._missing += step - 1
        elif step != 1 or not message_id:
            self._run = -1
        self._run += 1
        self._id = message_id

    @property
    def drops(self) -> int | None:
        """Messages that are missing between those that came; None when they are not numbered."""
        return self._missing if self._run >= _NUMBERED else None

    def age(self, now: float) -> float:
        """Seconds since the last message."""
        return now - self.last_time

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
        start = self._samples[0]
        took = self.last_time - start[0]
        count = self.messages - start[1]
        if took < _SAMPLE_S or self.age(now) > 1 + 3 * took / count:
            return 0.0
        return ((self.bytes if index == 2 else self.messages) - start[index]) / took


class Statistics:
    """One row for each type of each device, in the order in which they appeared.

    Peers may invent devices without end: behind the first thousand rows the rest are counted
    together.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Row] = {}
        self.messages = self.bytes = self.errors = 0

    def add(self, arrival: Arrival, now: float) -> None:
        """Count one message that came at `now`."""
        self.messages += 1
        self.bytes += HEADER_SIZE + arrival.frame.body_size
        self.errors += isinstance(arrival.message, igtl.DecodeError)
        self._row(arrival.frame.type_name, arrival.device_name, now).add(arrival, now)

    def _row(self, wire_type: str, device_name: str, now: float) -> Row:
        key = wire_type, device_name
        if key not in self._rows and len(self._rows) >= _MOST_ROWS:
            key = "", "(others)"
        if key not in self._rows:
            self._rows[key] = Row(*key, now)
        return self._rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(tuple(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)
