"""A stream of messages that was asked for, for the blocking client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

from igtl.closable import Closable
from igtl.messages.message import Message
from igtl.net.line import Line
from igtl.protocol.exchange import Subscription
from igtl.protocol.incoming import Incoming

__all__ = ["Stream"]

M = TypeVar("M", bound=Message)

#: A stream that another thread closes ends within so many seconds, even if nothing comes any more.
_GLANCE = 0.2


class Stream(Incoming[M], Closable):
    """Messages that were asked for with `Client.stream`; iterate over it. Closing it stops them.

    What comes and is not taken waits, up to 10,000 messages and 256 MiB; beyond, the oldest are
    dropped and counted.
    """

    def __init__(self, line: Line, subscription: Subscription[M]) -> None:
        super().__init__(line, subscription)
        self._line = line

    def __iter__(self) -> Iterator[M]:
        """Every message in order, until the stream is closed or the link ends.

        Raises:
            NotAvailable: the server ended the stream.
            DecodeError: the next message is malformed. Iterating again goes on behind it.
            ClosedError: the connection broke.
        """
        while self._frames or self._fill(None):
            yield self._take()

    def receive(self, timeout: float | None = None) -> M:
        """The next message.

        Args:
            timeout: seconds to wait for it; None waits for ever.

        Raises:
            TimeoutError: none came in time.
            ClosedError: the stream was closed, or the link is over.
            NotAvailable, DecodeError: as for iterating.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not (self._frames or self._fill(deadline)):
            raise self._line._nothing_of(self._subscription, timeout)
        return self._take()

    def close(self) -> None:
        """Stop the stream: STP_x. Never fails."""
        self._line._unsubscribe(self._subscription)

    def _fill(self, deadline: float | None) -> bool:
        """Wait for a message; False when there will be none, or not before the deadline."""
        while True:
            end = time.monotonic() + _GLANCE
            if deadline is not None:
                end = min(end, deadline)
            if self._line.wait_for(self._settled, end) or end == deadline:
                return self._any()
