"""igtl's own recordings, `.mcap`, as a reader and a writer of entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from igtl.recording.entry import Entry
from igtl.recording.events import Event
from igtl.recording.recording import Channel, Recording, read
from igtl.recording.staging import Staging
from igtl.recording.writer import FileWriter
from igtl.sources.recorded import damage_of

__all__ = ["RecordingEntries", "RecordingWriter"]


class RecordingEntries:
    """The messages of a recording, as far as they can be read.

    Args:
        recording: made by `of`, or what was selected from it.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @classmethod
    def of(cls, *paths: Path) -> Self:
        """Those of a file, or of the files of a split recording.

        Raises:
            RecordingError: it cannot be read, or is no recording.
        """
        return cls(read(*paths))

    def select(self, **wanted: Any) -> Self:
        """Fewer of them, see `Recording.select`; what is not wanted is not read."""
        return type(self)(self._recording.select(**wanted))

    def channels(self) -> tuple[Channel, ...]:
        """What there is of each type, device and connection."""
        return self._recording.channels

    def __iter__(self) -> Iterator[Entry]:
        return self._recording.entries()

    def __len__(self) -> int:
        return len(self._recording)

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened to the recording. Wrong checksums are left out: who writes finds them."""
        return tuple(event for event in self._recording.events if event.event != "checksum")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is damaged, as far as it was read."""
        return damage_of(self._recording)

    def close(self) -> None:
        """Let go of the files."""
        self._recording.close()


class RecordingWriter:
    """Writes `.mcap`: every message, byte for byte, with the time and connection it came with.

    Args:
        staging: where the file goes.
        events: what happened to the recording that the messages are from; written in their place.

    Raises:
        RecordingError: the file cannot be made.
    """

    def __init__(self, staging: Staging, events: Sequence[Event] = ()) -> None:
        self._staging = staging
        self._events = deque(sorted(events, key=attrgetter("time_ns")))
        self._path = staging.new(".mcap")
        self._file = FileWriter(self._path)

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        while self._events and self._events[0].time_ns <= entry.time_ns:
            self._note(self._events.popleft())
        self._file.add(entry)
        return None

    def _note(self, event: Event) -> None:
        self._file.event(event.event, event.connection, event.time_ns, **event.details)

    def close(self) -> None:
        """Finish the file."""
        for event in self._events:
            self._note(event)
        self._file.close()
        self._staging.keep(self._path, self._staging.target)

    def abandon(self) -> None:
        """Close the file."""
        self._file.abandon()
