"""Which entries of a source are wanted: by type, device, connection and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from igtl.recording.entry import Entry
from igtl.recording.filing import Key
from igtl.recording.selection import ALL, Types, Wanted

__all__ = ["Request", "Selected"]

_NS = 1_000_000_000
#: So many answers are remembered; peers that invent names without end do not fill the memory.
_MOST_KNOWN = 10_000


@runtime_checkable
class _Selective(Protocol):
    """A reader that knows itself where its messages are."""

    def select(
        self,
        *,
        type: Types,
        device: Wanted,
        connection: Wanted,
        start: float | None,
        end: float | None,
    ) -> Iterable[Entry]: ...


@dataclass(frozen=True)
class Request:
    """What is wanted of a source; what is not said selects nothing away.

    Attributes:
        type, device, connection: names or patterns, any of which may fit; as `Recording.select`.
        start, end: seconds since the source's first message; `end` itself is left out.
    """

    type: Types = ()
    device: Wanted = ()
    connection: Wanted = ()
    start: float = 0.0
    end: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether everything is wanted."""
        named = self.type or self.device or self.connection
        return not named and not self.start and self.end is None


class Selected:
    """The wanted entries of a reader; each iteration reads it anew.

    Attributes:
        reader: the reader, or what it selected itself.
    """

    def __init__(self, reader: Iterable[Entry], request: Request) -> None:
        self._request, self._passes = request, isinstance(reader, _Selective)
        self.reader: Any = reader
        if isinstance(reader, _Selective):
            self.reader = reader.select(**vars(request) | {"start": request.start or None})

    def __iter__(self) -> Iterator[Entry]:
        if self._passes:
            return iter(self.reader)
        return self._named(self._in_time(self.reader))

    def _in_time(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        start, end = self._request.start, self._request.end
        first: int | None = None
        for entry in entries:
            first = entry.time_ns if first is None else first
            since = entry.time_ns - first
            if since >= start * _NS and (end is None or since < end * _NS):
                yield entry

    def _named(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        request = self._request
        names = ALL.narrowed(request.type, request.device, request.connection, 0, ALL.end_ns)
        known: dict[Key, bool] = {}
        for entry in entries:
            key = Key(entry.connection, *entry.frame[:3])
            wanted = known.get(key)
            if wanted is None:
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                wanted = known[key] = names.wants(key)
            if wanted:
                yield entry
