"""What is kept of each row, of those rows that have something of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from igtl.codec.frame import Frame
from igtl.viewer.row import Row

__all__ = ["ByRow", "Keeper"]


class Keeper(Protocol):
    """Keeps what it is given of one row."""

    def take(self, frame: Frame, received: float) -> None:
        """Keep a frame that came at `received`, unix s; by one thread."""


K = TypeVar("K", bound=Keeper)


class ByRow(Generic[K]):
    """A keeper for each row; which one is decided with the row's first message."""

    def __init__(self) -> None:
        self._keepers: dict[int, K | None] = {}

    def take(self, row: Row, frame: Frame, received: float) -> None:
        """Keep a frame, undecoded, if its row has a keeper; by any thread, but one for a row.

        Args:
            row: its row.
            received: when it came, unix s.
        """
        try:
            keeper = self._keepers[row.id]
        except KeyError:  # rows without a type stand for many devices
            keeper = self.opened(row, frame) if row.wire_type else None
            self._keepers[row.id] = keeper
        if keeper is not None:
            keeper.take(frame, received)

    def of(self, row_id: int) -> K | None:
        """A row's keeper; None where it has none."""
        return self._keepers.get(row_id)

    def __iter__(self) -> Iterator[K]:
        return (one for one in tuple(self._keepers.values()) if one is not None)

    def opened(self, row: Row, frame: Frame) -> K | None:
        """The keeper of a new row; None where messages of this type have nothing to keep."""
        raise NotImplementedError
