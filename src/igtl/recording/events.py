"""What happened to a recording while it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from igtl.errors import RecordingError
from igtl.recording.layout import MESSAGE_HEAD, RECORD
from igtl.recording.scan import Scan

__all__ = ["Event", "events_of"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a recording."""

    time_ns: int
    """When, in ns since 1970 UTC."""
    event: str
    """"connected", "lost", "restored", "dropped", "checksum", "skipped", "cut", ..."""
    connection: str
    """To which connection; "" to the recording itself."""
    details: dict[str, Any]
    """What else was noted, such as "count" or "text"."""

    @property
    def time(self) -> float:
        """When, in s since 1970 UTC."""
        return self.time_ns / 1e9

    @property
    def count(self) -> int:
        """How many messages it concerns."""
        count = self.details.get("count", 0)
        return count if isinstance(count, int) else 0


def events_of(scan: Scan) -> Iterator[Event]:
    """The events in a file, in order; unreadable ones are left out."""
    for block in scan.blocks:
        ids = block.channel_ids()
        if ids and not ids & scan.events:
            continue
        try:
            indexes = block.indexes(scan.keys)
            records = block.records() if any(i.channel in scan.events for i in indexes) else None
        except RecordingError:  # compressed, and unreadable
            continue
        if records is None:
            continue
        offsets = [at for i in indexes if i.channel in scan.events for at in i.offsets.tolist()]
        for at in sorted(offsets):
            event = _event(records, at)
            if event is not None:
                yield event


def _event(records: memoryview, at: int) -> Event | None:
    if at + MESSAGE_HEAD.size > len(records):
        return None
    _, length, _, _, time_ns, _ = MESSAGE_HEAD.unpack_from(records, at)
    if length > len(records) - at - RECORD.size:
        return None
    data = bytes(records[at + MESSAGE_HEAD.size : at + RECORD.size + length])
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    event, connection = str(values.pop("event", "")), str(values.pop("connection", ""))
    return Event(time_ns, event, connection, values)
