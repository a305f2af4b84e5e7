"""Which messages of a recording are wanted: by type, device, connection and time."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from igtl.messages import Message
from igtl.recording.filing import Key

__all__ = ["ALL", "Selection", "Types", "Wanted"]

#: Names or patterns such as "Probe*"; none means all.
Wanted = str | Iterable[str]
#: Wire types, patterns of them, or classes; none means all.
Types = str | type[Message] | Iterable[str | type[Message]]

#: Beyond every time.
_NEVER = 1 << 63


class Selection(NamedTuple):
    """What is wanted. All conditions hold at once."""

    types: tuple[tuple[str | type[Message], ...], ...] = ()
    devices: tuple[tuple[str, ...], ...] = ()
    connections: tuple[tuple[str, ...], ...] = ()
    start_ns: int = 0
    """Arrival of the first message, ns since 1970."""
    end_ns: int = _NEVER
    """Arrival before which the last message came."""

    def narrowed(
        self, types: Types, devices: Wanted, connections: Wanted, start_ns: int, end_ns: int
    ) -> Selection:
        """This and more conditions."""
        return Selection(
            self.types + _types(types),
            self.devices + _names(devices),
            self.connections + _names(connections),
            max(self.start_ns, start_ns),
            min(self.end_ns, end_ns),
        )

    def wants(self, key: Key) -> bool:
        """Whether messages of a channel are wanted, whenever they came."""
        return (
            all(any(_is_type(one, key) for one in several) for several in self.types)
            and all(_matches(key.device_name, several) for several in self.devices)
            and all(_matches(key.connection, several) for several in self.connections)
        )

    def covers(self, time_ns: int, connection: str) -> bool:
        """Whether what happened to a connection, or to all ("") then, is of interest."""
        timely = self.start_ns <= time_ns < self.end_ns
        return timely and (
            not connection or all(_matches(connection, several) for several in self.connections)
        )

    @property
    def is_timed(self) -> bool:
        """Whether not all times are wanted."""
        return self.start_ns > 0 or self.end_ns < _NEVER


ALL = Selection()


def _types(wanted: Types) -> tuple[tuple[str | type[Message], ...], ...]:
    several = (wanted,) if isinstance(wanted, (str, type)) else tuple(wanted)
    return (several,) if several else ()


def _names(wanted: Wanted) -> tuple[tuple[str, ...], ...]:
    several = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    return (several,) if several else ()


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of some, or fits one of some patterns."""
    return any(name == one or fnmatchcase(name, one) for one in patterns)


def _is_type(wanted: str | type[Message], key: Key) -> bool:
    if isinstance(wanted, str):
        return _matches(key.wire_type, (wanted,))
    return wanted.knows(key.raw_type)
