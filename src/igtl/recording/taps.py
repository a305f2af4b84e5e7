"""What passes through a server or arrives over a link, on its way into a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from igtl.codec.frame import Frame
from igtl.errors import MessageError
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
    """Hands on what a server or a link shows, until `end`. Of a link, breaks are noted.

    Attributes:
        source: the server, or the link; None when it was ended.

    Raises:
        MessageError: the source is something else.
    """

    def __init__(self, source: Tappable, pick: Pick | None, put: Put, note: Note) -> None:
        if not callable(getattr(source, "tap", None)):
            raise MessageError(
                f"{source!r} cannot be tapped: expected a server, or a link that `connect` gave"
            )
        self.source: Tappable | None = source
        self._pick, self._put, self._note = pick, put, note
        if isinstance(source, Link):
            self._name = source.endpoint
            note("connected", source.endpoint, source.peer_address, 0.0)
            source.on_event(self._happened)
        self._end = source.tap(self._show)

    def end(self) -> None:
        """End it. A link knows this object as long as it lives, which is not to keep all else."""
        self._end()
        self.source, self._pick, self._put, self._note = None, None, _forget, _forget

    def _show(self, connection: str, frames: list[Frame]) -> None:
        self._put(self._pick(frames) if self._pick else frames, connection)

    def _happened(self, event: LinkEvent) -> None:
        if event.kind != "retrying":
            self._note(event.kind, self._name, event.reason, event.gap)


def _forget(*_: object) -> None:
    pass
