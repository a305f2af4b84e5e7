"""What waits to be recorded: bounded, timed when it came, and every loss counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from igtl.codec.frame import HEADER_SIZE, Frame

__all__ = ["Batch", "Note", "Queue", "Taken"]

#: Whoever writes is woken when so many bytes wait, and takes about so many at once.
_MANY = 4 << 20


class Batch(NamedTuple):
    """Messages that came at once over one connection."""

    time_ns: int
    connection: str
    frames: Sequence[Frame]
    size: int
    """Bytes of them."""


class Note(NamedTuple):
    """Something that happened to the recording."""

    time_ns: int
    connection: str
    event: str
    details: Mapping[str, Any]


@dataclass
class Taken:
    """What was taken out of a queue at once."""

    items: list[Batch | Note]
    drops: dict[str, int]
    """Messages of each connection that found no room since the last time."""
    now: int
    """When, ns since 1970: not before anything that was taken, nor after anything that waits."""
    more: bool
    """Whether there is more."""


class Queue:
    """Messages and notes on their way to a recording; any number of threads put, one takes.

    Args:
        max_messages, max_bytes: bounds of what waits. What comes at once into an empty queue may
            exceed them by itself.
        clock: ns since 1970, never going back.

    Attributes:
        messages, bytes: that wait.
        accepted, dropped: messages, ever.
    """

    def __init__(self, max_messages: int, max_bytes: int, clock: Callable[[], int]) -> None:
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._clock = clock
        self._lock, self._stir = threading.Lock(), threading.Event()
        self._closed = False
        self._items: deque[Batch | Note] = deque()
        self._drops: dict[str, int] = {}
        self.messages = self.bytes = self.accepted = self.dropped = 0

    def put(self, frames: Sequence[Frame], connection: str) -> bool:
        """Queue messages that came now, all of them or none; whether there was room."""
        count = len(frames)
        size = count * HEADER_SIZE
        for frame in frames:
            size += len(frame[6])
        with self._lock:
            if self._closed or not self._has_room(count, size):
                self.dropped += count
                self._drops[connection] = self._drops.get(connection, 0) + count
                return False
            self._items.append(Batch(self._clock(), connection, frames, size))
            self.accepted += count
            self.messages += count
            self.bytes += size
            crossed = self.bytes >= _MANY > self.bytes - size
        if crossed:
            self._stir.set()
        return True

    def note(self, event: str, connection: str, details: Mapping[str, Any]) -> None:
        """Queue a note, for which there is always room."""
        with self._lock:
            if not self._closed:
                self._items.append(Note(self._clock(), connection, event, details))

    def take(self) -> Taken:
        """Some of what waits, oldest first."""
        items: list[Batch | Note] = []
        size = 0
        with self._lock:
            while self._items and size < _MANY:
                item = self._items.popleft()
                items.append(item)
                if isinstance(item, Batch):
                    size += item.size
                    self.messages -= len(item.frames)
            self.bytes -= size
            more = bool(self._items)
            drops, self._drops = self._drops, {}
            return Taken(items, drops, items[-1].time_ns if more else self._clock(), more)

    def clear(self) -> int:
        """Throw away what waits; how many messages were dropped since `take` told them."""
        with self._lock:
            self._items.clear()
            self.messages = self.bytes = 0
            drops, self._drops = self._drops, {}
        return sum(drops.values())

    def wait(self, timeout: float) -> None:
        """Sleep until much waits, the queue was closed, or for `timeout` seconds."""
        self._stir.wait(timeout)
        self._stir.clear()

    def close(self) -> None:
        """Take nothing more in; what comes later is counted as dropped. What waits stays."""
        with self._lock:
            self._closed = True
        self._stir.set()

    @property
    def closed(self) -> bool:
        """Whether nothing more comes in."""
        return self._closed

    def _has_room(self, count: int, size: int) -> bool:
        if not self.messages:
            return True
        return self.messages + count <= self._max_messages and self.bytes + size <= self._max_bytes
