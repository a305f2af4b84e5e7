"""Tells those who wait that something newer is there: asyncio tasks, and threads.

A receiving thread rings thousands of times a second; tasks are woken once for all rings that came
since the event loop last looked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

__all__ = ["Bell"]


class Bell:
    """Rung by any thread. All tasks that wait run in one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._events: tuple[threading.Event, ...] = ()
        self._is_on_its_way = False

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits right now."""
        return bool(self._waiters or self._events)

    def ring(self) -> None:
        """Wake all who wait; what they wait for is there already."""
        for event in self._events:
            event.set()
        if self._waiters and not self._is_on_its_way and self._loop is not None:
            self._is_on_its_way = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._is_on_its_way = False

    def add(self, event: threading.Event) -> None:
        """Set this event at every ring from now on."""
        self._events = (*self._events, event)

    def remove(self, event: threading.Event) -> None:
        """No longer set it."""
        self._events = tuple(one for one in self._events if one is not event)

    async def wait(self, is_there: Callable[[], bool], seconds: float) -> bool:
        """Wait until `is_there` holds, which is looked at after every ring.

        Returns:
            False when it did not hold in time.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._until(is_there)
        except TimeoutError:
            return is_there()
        return True

    async def _until(self, is_there: Callable[[], bool]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        while True:
            waiter = loop.create_future()
            self._waiters.add(waiter)  # before the look: a ring between the two is not missed
            try:
                if is_there():
                    return
                await waiter
            finally:
                self._waiters.discard(waiter)

    def _wake(self) -> None:
        self._is_on_its_way = False  # before the waiters are looked at: a later ring wakes again
        for waiter in tuple(self._waiters):
            if not waiter.done():
                waiter.set_result(None)
