"""What happens to a link, told to those who want to know."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from igtl.protocol.counters import Counters
from igtl.protocol.recovery import LinkEvent

__all__ = ["News"]

_log = logging.getLogger("igtl")

#: How loud each kind of event is in the log. "restored" is as loud as "lost", so that whoever sees
#: only the worst also learns that it is over.
_LEVELS = {"lost": logging.WARNING, "restored": logging.WARNING}


class News:
    """Events of one link that wait to be told, and the handlers that are told.

    Args:
        endpoint: of the peer, for the log.
        counters: of the link; handlers that fail are counted as errors.
    """

    def __init__(self, endpoint: str, counters: Counters) -> None:
        self.handlers: list[Callable[[LinkEvent], object]] = []
        self._endpoint, self._counters = endpoint, counters
        self._waiting: deque[LinkEvent] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, event: LinkEvent) -> None:
        """Log an event, and put it into line for the handlers."""
        level = _LEVELS.get(event.kind, logging.INFO)
        then = "; it is tried again" if event.kind == "lost" else ""
        _log.log(level, "igtl: link to %s %s: %s%s", self._endpoint, event.kind, event.reason, then)
        self._waiting.append(event)

    def deliver(self, take: Callable[[object], None]) -> None:
        """Call the handlers. They may use the link, so nothing may be locked here.

        Args:
            take: is given what a handler returned.
        """
        while self._waiting:
            try:
                event = self._waiting.popleft()
            except IndexError:  # another thread was faster
                return
            for handler in self.handlers:
                try:
                    take(handler(event))
                except Exception as error:  # noqa: BLE001 - users' code may raise anything
                    self.failed(handler, error)

    def failed(self, handler: object, error: BaseException) -> None:
        """A handler raised something: it is logged and counted."""
        self._counters.errors += 1
        _log.error("igtl: %r failed; the link goes on", handler, exc_info=error)
