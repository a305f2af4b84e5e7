"""One browser on `/api/live`: what waits to be sent to it, within bounds.

A browser that reads too slowly costs the others nothing. What waits for it is thrown away, counted,
and it begins anew with how everything is by then: the newest board, the newest poses. One that
takes nothing at all for a while is thrown out; its page connects again when it is awake.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from aiohttp import web

__all__ = ["DEADLINE", "Browser", "send_within"]

DEADLINE = 20.0
"""Seconds after which a browser that takes nothing is thrown out."""

_MOST_MESSAGES = 64
_MOST_CHARACTERS = 4 << 20


class Browser:
    """A queue of texts for one browser.

    Args:
        socket: its WebSocket.
        fresh: gives all that a browser has to know that begins anew.
        deadline: s after which one that takes nothing is given up.

    Attributes:
        skipped: messages that it was not sent, since it was too slow.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        fresh: Callable[[], Iterable[str]],
        *,
        deadline: float = DEADLINE,
    ) -> None:
        self.skipped = 0
        self._socket, self._fresh, self._deadline = socket, fresh, deadline
        self._waiting: deque[str] = deque()
        self._size = 0
        self._behind = True
        self._awake = asyncio.Event()
        self._awake.set()

    def offer(self, text: str) -> None:
        """Send this when it is its turn; never waits."""
        if self._behind:
            self.skipped += 1
            return
        self._waiting.append(text)
        self._size += len(text)
        if len(self._waiting) > _MOST_MESSAGES or self._size > _MOST_CHARACTERS:
            self._fall_behind()
        self._awake.set()

    async def work(self) -> None:
        """Send, until the browser is gone.

        Raises:
            ConnectionError: it is gone.
            TimeoutError: it takes nothing.
        """
        while True:
            await self._awake.wait()
            while self._waiting or self._behind:
                if not self._waiting:
                    self._catch_up()
                text = self._waiting.popleft()
                self._size -= len(text)
                await send_within(self._deadline, self._socket, text)
            self._awake.clear()

    def _fall_behind(self) -> None:
        self.skipped += len(self._waiting)
        self._waiting.clear()
        self._size, self._behind = 0, True

    def _catch_up(self) -> None:
        self._behind = False
        self._waiting.extend(self._fresh())
        self._size = sum(map(len, self._waiting))


async def send_within(seconds: float, socket: web.WebSocketResponse, data: str | bytes) -> None:
    """Send a message to a browser.

    Raises:
        ConnectionError: it is gone.
        TimeoutError: it does not take it in time.
    """
    async with asyncio.timeout(seconds):
        if isinstance(data, str):
            await socket.send_str(data)
        else:
            await socket.send_bytes(data)
