"""The newest of every type and device, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

__all__ = ["Key", "Newest"]

#: A header's 12 bytes of type and 20 bytes of name.
Key = tuple[bytes, bytes]
T = TypeVar("T")

#: So many types and devices with small bodies are kept, and so many bytes of bodies that are
#: larger than `_SMALL_BODY`. Beyond, those heard of first are forgotten.
_MOST_DEVICES, _MOST_BYTES, _SMALL_BODY = 2000, 256 << 20, 1 << 16


class Newest(Generic[T]):
    """The newest thing of each type and device."""

    def __init__(self) -> None:
        self._small: dict[Key, T] = {}
        self._large: dict[Key, tuple[int, T]] = {}
        self._large_bytes = 0

    def keep(self, key: Key, thing: T, size: int) -> None:
        """Take in one thing whose body has `size` bytes."""
        if size > _SMALL_BODY:
            self._keep_large(key, thing, size)
            return
        if self._large and key in self._large:
            self._large_bytes -= self._large.pop(key)[0]
        self._small[key] = thing
        if len(self._small) > _MOST_DEVICES:
            del self._small[next(iter(self._small))]

    def keep_all(self, things: Iterable[tuple[Key, T]]) -> None:
        """Take in things with small bodies, oldest first."""
        small = self._small
        if self._large:
            things = tuple(things)
            for key in self._large.keys() & {key for key, _ in things}:
                self._large_bytes -= self._large.pop(key)[0]
        small.update(things)
        while len(small) > _MOST_DEVICES:
            del small[next(iter(small))]

    def _keep_large(self, key: Key, thing: T, size: int) -> None:
        self._small.pop(key, None)
        before, _ = self._large.pop(key, (0, None))
        self._large_bytes += size - before
        self._large[key] = size, thing
        while self._large_bytes > _MOST_BYTES and len(self._large) > 1:
            forgotten, _ = self._large.pop(next(iter(self._large)))
            self._large_bytes -= forgotten

    def get(self, key: Key) -> T | None:
        """The newest of one type and device."""
        found = self._small.get(key)
        return self._large.get(key, (0, None))[1] if found is None else found

    def __iter__(self) -> Iterator[tuple[Key, T]]:
        """Type and device, and the newest of them; another thread may take in more meanwhile."""
        large = [(key, thing) for key, (_, thing) in tuple(self._large.items())]
        return chain(tuple(self._small.items()), large)
