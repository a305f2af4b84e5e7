"""Which entries of a source are wanted: by type, device, connection and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Protocol, runtime_checkable

from igtl.recording.entry import Entry
from igtl.recording.filing import Key
from igtl.recording.selection import ALL, Types, Wanted

__all__ = ["Request", "Selected"]

_NS = 1_000_000_000
#: So many answers are remembered; peers that invent names without end do not fill the memory.
_MOST_KNOWN = 10_000
_MOST_NAMED = 20


class _Named(Protocol):
    """What a message is called."""

    @property
    def wire_type(self) -> str: ...
    @property
    def device_name(self) -> str: ...
    @property
    def connection(self) -> str: ...


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

    def channels(self) -> Iterable[_Named]: ...


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
        request: what is wanted.
    """

    def __init__(self, reader: Iterable[Entry], request: Request) -> None:
        self.request, self._passes = request, isinstance(reader, _Selective)
        self.reader: Any = reader
        self._all = reader
        if isinstance(reader, _Selective):
            self.reader = reader.select(**vars(request) | {"start": request.start or None})

    def __iter__(self) -> Iterator[Entry]:
        if self._passes:
            return iter(self.reader)
        return self._named(self._in_time(self.reader))

    def _in_time(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        start, end = self.request.start, self.request.end
        first: int | None = None
        for entry in entries:
            first = entry.time_ns if first is None else first
            since = entry.time_ns - first  # below 0 where clocks went back
            if (not start or since >= start * _NS) and (end is None or since < end * _NS):
                yield entry

    def _named(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        request = self.request
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

    def absence(self) -> str:
        """Why nothing is selected: what was asked for and is not there, and what is."""
        channels = list(self._channels())
        there = {
            "type": {one.wire_type for one in channels},
            "device": {one.device_name for one in channels},
            "connection": {one.connection for one in channels},
        }
        lacking = [
            _lacking(what, one, sorted(names))
            for what, names in there.items()
            for one in _asked(getattr(self.request, what))
            if not any(fnmatchcase(name, one) or name == one for name in names)
        ]
        return "; ".join(lacking) or (
            "it has no message that fits all of the type, device, connection and times that were "
            "asked for (igtl info shows what it holds)"
        )

    def _channels(self) -> Iterable[_Named]:
        """What there is, whether wanted or not."""
        if isinstance(self._all, _Selective):
            return self._all.channels()
        found: dict[Key, None] = {}
        for entry in self._all:
            if len(found) >= _MOST_KNOWN:
                break
            found[Key(entry.connection, *entry.frame[:3])] = None
        return found


def _asked(wanted: Types | Wanted) -> Iterator[str]:
    """The names among what was asked for, classes left out."""
    several = (wanted,) if isinstance(wanted, (str, type)) else wanted
    return (one for one in several if isinstance(one, str))


def _lacking(what: str, name: str, there: list[str]) -> str:
    close = get_close_matches(name, there, n=1)
    if close:
        return f"it has no {what} {name!r}, did you mean {close[0]!r}?"
    told = ", ".join(map(repr, there[:_MOST_NAMED])) + ", ..." * (len(there) > _MOST_NAMED)
    return f"it has no {what} {name!r}, but {told or 'nothing at all'}"
