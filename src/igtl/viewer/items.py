"""The records of a message - tools, points, trajectories - made one by one when they are read.

A message makes all of them when somebody reads its field, and keeps them: right for programs, and
seconds and hundreds of megabytes too much for who shows the first four of 100,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from igtl.codec.buffers import Buffer
from igtl.codec.declaration import Record, Records
from igtl.messages.message import Message

__all__ = ["Items", "has_items", "value_of"]

_SHOWN = 4


def value_of(message: Message, name: str) -> Any:
    """The value of a field; where it is a sequence of records, as `Items`."""
    records, wire = _records(type(message)), message.wire
    if records is not None and name == wire.tail_name:
        return Items(records, message.raw_content[wire.layout.size :])
    return getattr(message, name)


def has_items(kind: type[Message]) -> bool:
    """Whether messages of this class have a field of records."""
    return _records(kind) is not None


def _records(kind: type[Message]) -> Records | None:
    tail = kind.wire.tail
    return tail if isinstance(tail, Records) and kind._is_declared() else None


class Items(Sequence[Any]):
    """Records that lie one behind the other; each is made again when it is read again.

    Args:
        kind: what they are.
        data: their bytes, a whole number of them.
    """

    def __init__(self, kind: Records, data: Buffer) -> None:
        self._kind, self._data = kind, data

    def __len__(self) -> int:
        return len(self._data) // self._kind.layout.size

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, at: int | slice) -> Any:
        places = range(len(self))[at]
        if isinstance(places, range):
            return tuple(map(self._made, places))
        return self._made(places)

    def __iter__(self) -> Iterator[Any]:
        return map(self._made, range(len(self)))

    def __repr__(self) -> str:
        """The first few, and how many there are."""
        shown = list(map(repr, self[:_SHOWN]))
        more = [f"... {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return f"[{', '.join(shown + more)}]"

    def _made(self, place: int) -> Record:
        layout = self._kind.layout
        return self._kind.record.of(layout.unpack(self._data, place * layout.size))
