"""What is in a recording: streams, how evenly they came, what was lost. From indexes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from igtl.errors import DecodeError, RecordingError
from igtl.messages import Message, decode_frame
from igtl.recording import cutting
from igtl.recording.block import Block, Messages
from igtl.recording.events import Event
from igtl.recording.intervals import Gathered, Intervals
from igtl.recording.recording import Recording
from igtl.recording.scan import Damage, Scan
from igtl.recording.tally import Found, found_in
from igtl.recording.walk import heads_of

__all__ = ["GAP", "Stream", "Survey", "survey"]

#: An interval of more than so many times the median is a gap.
GAP = 5.0


@dataclass(frozen=True, slots=True)
class Stream:
    """The messages of one type and device over one connection. Times in s since the start."""

    connection: str
    wire_type: str
    device_name: str
    versions: tuple[int, ...]
    """Header versions."""
    messages: int
    bytes: int
    """Headers included."""
    start: float
    """When the first message came."""
    end: float
    """When the last message came."""
    intervals: Intervals | None
    """None where there are less than two messages."""
    gap_start: float
    """When the longest interval began; 0 where there is none."""
    first: Message | None
    """The first message; None if it is not valid."""
    last: Message | None
    """The last message; None if it is not valid."""

    @property
    def rate(self) -> float | None:
        """Messages per second from the first to the last; None where that is not known."""
        took = self.end - self.start
        return (self.messages - 1) / took if took > 0 else None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a recording."""

    paths: tuple[Path, ...]
    size: int
    """Bytes of the files."""
    library: str
    """What wrote them."""
    complete: bool
    """Whether all files were ended as they should be."""
    start_ns: int
    """Arrival of the first message of the whole recording, ns since 1970; 0: there is none."""
    duration: float
    """From the first to the last of the messages that were selected, s."""
    messages: int
    bytes: int
    """Of the messages, headers included."""
    streams: tuple[Stream, ...]
    """In the order of appearance."""
    events: tuple[Event, ...]
    damage: tuple[Damage, ...]
    foreign: tuple[str, ...]
    """Topics that other programs wrote, which are left out."""

    @property
    def dropped(self) -> int:
        """Messages that the recorder could not keep up with."""
        return self._counted("dropped")

    @property
    def skipped(self) -> int:
        """Messages that were lost before they came to the recorder."""
        return self._counted("skipped")

    @property
    def checksum_errors(self) -> int:
        """Messages that came with a wrong checksum, as the recorder noted."""
        return self._counted("checksum")

    @property
    def lost(self) -> int:
        """Messages that are known to be lost by damage to the files."""
        return sum(one.lost for one in self.damage)

    @property
    def zero_ns(self) -> int:
        """From when on times are shown, ns since 1970: the first message, or else event."""
        return self.start_ns or min((one.time_ns for one in self.events), default=0)

    def _counted(self, event: str) -> int:
        return sum(one.count for one in self.events if one.event == event)


@dataclass(slots=True)
class _Row:
    """A stream while it is gathered."""

    name: _Name
    versions: set[int] = field(default_factory=set)
    messages: int = 0
    bytes: int = 0
    start_ns: int = 1 << 64
    end_ns: int = 0
    gathered: Gathered = field(default_factory=Gathered)
    first: _Place | None = None
    last: _Place | None = None

    def add(self, scan: Scan, block: Block, found: list[Found]) -> None:
        """Take the messages of a block; several channels differ in the header's version."""
        times = _ascending([one.times for one in found])
        self.gathered.add(times)
        self.messages += len(times)
        self.bytes += sum(int(one.sizes.sum()) for one in found)
        self.start_ns = min(self.start_ns, int(times[0]))
        self.end_ns = max(self.end_ns, int(times[-1]))
        self.versions |= {scan.keys[one.channel].version for one in found}
        if self.first is None:
            self.first = scan, block, min(int(one.offsets.min()) for one in found)
        self.last = scan, block, max(int(one.offsets.max()) for one in found)


#: Connection, type and device.
_Name = tuple[str, str, str]
#: Where a message is.
_Place = tuple[Scan, Block, int]


def survey(recording: Recording, *, gap: float = GAP) -> Survey:
    """Look at a recording, or at what was selected of it, without reading the messages.

    Only files without message indexes are read, and of each stream its first and last message.

    Args:
        recording: to look at.
        gap: so many times the median interval is a gap.
    """
    rows: dict[_Name, _Row] = {}
    for scan in recording.scans:
        for block, found in found_in(scan, recording.selection):
            for name, several in _by_stream(scan, found).items():
                rows.setdefault(name, _Row(name)).add(scan, block, several)
    ordered = sorted(rows.values(), key=lambda row: row.start_ns)
    zero = recording.zero_ns
    return Survey(
        paths=recording.paths,
        size=sum(scan.size for scan in recording.scans),
        library=", ".join(sorted({scan.library for scan in recording.scans} - {""})),
        complete=recording.complete,
        start_ns=zero,
        duration=recording.duration,
        messages=sum(row.messages for row in ordered),
        bytes=sum(row.bytes for row in ordered),
        streams=tuple(_stream(row, zero, gap) for row in ordered),
        events=recording.events,
        damage=recording.damage,
        foreign=tuple(sorted(_foreign(recording))),
    )


def _foreign(recording: Recording) -> set[str]:
    return {channel.topic for scan in recording.scans for channel in scan.foreign.values()}


def _by_stream(scan: Scan, found: list[Found]) -> dict[_Name, list[Found]]:
    """What belongs together, whatever the version of the header."""
    streams: dict[_Name, list[Found]] = {}
    for one in found:
        key = scan.keys[one.channel]
        name = key.connection, key.wire_type, key.device_name
        streams.setdefault(name, []).append(one)
    return streams


def _ascending(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    times = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return np.sort(times) if (times[1:] < times[:-1]).any() else times


def _stream(row: _Row, zero: int, gap: float) -> Stream:
    intervals = row.gathered.result(gap)
    return Stream(
        connection=row.name[0],
        wire_type=row.name[1],
        device_name=row.name[2],
        versions=tuple(sorted(row.versions)),
        messages=row.messages,
        bytes=row.bytes,
        start=(row.start_ns - zero) / 1e9,
        end=(row.end_ns - zero) / 1e9,
        intervals=intervals,
        gap_start=0.0 if intervals is None else (intervals.longest_at_ns - zero) / 1e9,
        first=next(_message(row.first), None),
        last=next(_message(row.last), None),
    )


def _message(place: _Place | None) -> Iterator[Message]:
    """The message at a place, if it is valid."""
    if place is None:
        return
    _, block, offset = place
    try:
        records = block.records()
        offsets = np.array([offset], np.int64)
        messages = Messages(records, offsets, heads_of(records, offsets))
        sizes = cutting.body_sizes(messages)
        if sizes[0] >= 0:
            yield from map(decode_frame, cutting.cut(messages, sizes))
    except (DecodeError, RecordingError, IndexError):
        return
