"""A stream of messages that is asked for, for asyncio's client."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar

from igtl.messages.message import Message
from igtl.net.aio_line import Line
from igtl.protocol.exchange import Subscription
from igtl.protocol.incoming import Incoming

__all__ = ["Stream"]

M = TypeVar("M", bound=Message)


class Stream(Incoming[M]):
    """Messages that are asked for with `Client.stream`; see `igtl.Client.stream`."""

    def __init__(self, line: Line, subscription: Subscription[M], timeout: float) -> None:
        super().__init__(line, subscription)
        self._line, self._timeout = line, timeout

    def __await__(self) -> Any:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._line._start(self._subscription, self._timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[M]:
        """Every message in order, until the stream is closed; errors as for `igtl`'s stream."""
        return self

    async def __anext__(self) -> M:
        if not (self._frames or await self._fill(None)):
            raise StopAsyncIteration
        return self._take()

    async def receive(self, timeout: float | None = None) -> M:
        """The next message; errors as for `igtl.Client.stream`'s."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if not (self._frames or await self._fill(deadline)):
            raise self._line._nothing_of(self._subscription, timeout)
        return self._take()

    async def close(self) -> None:
        """Stop the stream: STP_x. Never fails."""
        await self._line._unsubscribe(self._subscription)

    async def _fill(self, deadline: float | None) -> bool:
        """Wait for a message; False when there will be none, or not before the deadline."""
        await self._line.wait_for(self._settled, deadline)
        return self._any()
