"""A stream that was asked for, as whoever takes its messages sees it."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from igtl.messages.message import Message
from igtl.protocol.exchange import State, Subscription
from igtl.protocol.link import Link

__all__ = ["Incoming"]

M = TypeVar("M", bound=Message)


class Incoming(Generic[M]):
    """Messages of one subscription. The blocking stream and asyncio's wait for them, each its way.

    What comes and is not taken waits, up to 10,000 messages and 256 MiB; beyond, the oldest are
    dropped and counted.
    """

    def __init__(self, link: Link, subscription: Subscription[M]) -> None:
        self._link, self._subscription = link, subscription
        self._frames = subscription.backlog.frames

    @property
    def dropped(self) -> int:
        """Messages of this stream that were thrown away, because nobody took them."""
        return self._subscription.dropped

    def _settled(self) -> bool:
        """Whether there is a message, or will be none."""
        return bool(self._frames) or not self._subscription.live

    def _any(self) -> bool:
        """Whether there is a message.

        Raises:
            NotAvailable: the peer ended the stream.
            ClosedError, FramingError: the connection broke.
        """
        if not self._frames:
            if self._subscription.state is State.REFUSED:
                self._subscription.check()
            if self._subscription.state is State.LOST:
                self._link._raise_if_broken()
        return bool(self._frames)

    def _take(self) -> M:
        message: Any = self._subscription.backlog.take()
        return message  # type: ignore[no-any-return]
