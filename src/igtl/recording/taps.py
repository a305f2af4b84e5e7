"""What passes through a server or arrives over a link, on its way into a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from igtl.codec.frame import Frame
from igtl.protocol.link import Link, Tap
from igtl.protocol.recovery import LinkEvent

__all__ = ["Note", "Pick", "Put", "Tappable", "Tapping"]

#: Chooses among frames.
Pick = Callable[[Sequence[Frame]], Sequence[Frame]]
#: Takes frames of a connection.
Put = Callable[[Sequence[Frame], str], object]
#: Takes what happened to a connection: event, connection, text and gap in s.
Note = Callable[[str, str, str, float], object]


class Tappable(Protocol):
    """Shows what passes through it: an `igtl.Server`, an `igtl.Client`, and those of `igtl.aio`."""

    def tap(self, callback: Tap) -> Callable[[], None]:
        """Show everything to a function as well; returns a function that ends it."""


class Tapping:
    """Hands on what a server or a link shows, until it is called. Of a link, breaks are noted."""

    def __init__(self, source: Tappable, pick: Pick | None, put: Put, note: Note) -> None:
        self._pick, self._put, self._note = pick, put, note
        self._over = False
        if isinstance(source, Link):
            self._name = source.endpoint
            note("connected", source.endpoint, source.peer_address, 0.0)
            source.on_event(self._happened)
        self._end = source.tap(self._show)

    def __call__(self) -> None:
        """End it."""
        self._over = True
        self._end()

    def _show(self, connection: str, frames: list[Frame]) -> None:
        self._put(self._pick(frames) if self._pick else frames, connection)

    def _happened(self, event: LinkEvent) -> None:
        if not self._over and event.kind in ("lost", "restored"):
            self._note(event.kind, self._name, event.reason, event.gap)
