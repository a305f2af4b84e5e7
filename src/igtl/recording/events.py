"""What happened to a recording while it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from igtl.errors import RecordingError
from igtl.recording.block import Messages
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
        if block.is_indexed and not block.channel_ids() & scan.events:
            continue
        with suppress(RecordingError):  # compressed, and unreadable
            messages = block.messages(scan.keys)
            wanted = np.isin(messages.heads["channel"], list(scan.events))
            yield from _events(messages.only(wanted))


def _events(messages: Messages) -> Iterator[Event]:
    columns = (messages.heads[name].tolist() for name in ("length", "time"))
    for at, length, time_ns in zip(messages.offsets.tolist(), *columns, strict=True):
        data = messages.data[at + MESSAGE_HEAD.size : at + RECORD.size + length]
        try:
            values = dict(json.loads(bytes(data)))
            json.dumps(values, allow_nan=False)  # JSON has no such numbers; Python reads them
        except (ValueError, TypeError, RecursionError):
            continue
        event, connection = str(values.pop("event", "")), str(values.pop("connection", ""))
        yield Event(time_ns, event, connection, values)
