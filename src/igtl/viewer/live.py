"""`/api/live`: all browsers that look on, and the clock that tells them what is new.

What is new is gathered and encoded once, for all of them. While nobody looks, nothing is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from aiohttp import WSMsgType, web

from igtl import __version__
from igtl.errors import OpenIGTLinkError
from igtl.viewer.browser import DEADLINE, Browser, send_within
from igtl.viewer.encoding import can_compress
from igtl.viewer.session import Session
from igtl.viewer.wishes import obey

__all__ = ["Live", "encoded"]

_log = logging.getLogger("igtl")

_TICK_S = 0.033
_IDLE_S = 0.5
#: Of how many ticks one brings this.
_BOARD, _PLAYBACK, _TAPE = 8, 3, 15

Plain = Mapping[str, Any]


def encoded(message: Plain) -> str:
    """A message as JSON text.

    Raises:
        ValueError: there is a NaN in it, or an infinity.
    """
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


class Live:
    """Tells browsers what is new in a session. To be used in one event loop.

    Args:
        session: what they look at.
        deadline: s after which one that takes nothing is thrown out.
    """

    def __init__(self, session: Session, deadline: float) -> None:
        self._session, self._deadline = session, deadline
        self._browsers: set[Browser] = set()
        self._somebody = asyncio.Event()
        self._seen = 0  # how much of the board all were told
        self._playback: Plain | None = None
        self._tape: Plain | None = None
        self._told_trouble = False

    async def attend(self, request: web.Request, *, near: bool) -> web.WebSocketResponse:
        """One browser, from its coming to its end."""
        socket = web.WebSocketResponse(
            heartbeat=DEADLINE, compress=False, max_msg_size=1 << 12, timeout=1.0
        )
        await socket.prepare(request)
        await send_within(self._deadline, socket, encoded(self._hello(near=near)))
        browser = Browser(socket, self._fresh, deadline=self._deadline)
        self._session.visited()
        self._browsers.add(browser)
        self._somebody.set()
        sending = asyncio.create_task(_send(browser, request))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._obey(message.data, browser)
        finally:
            self._browsers.discard(browser)
            sending.cancel()
        return socket

    async def run(self) -> None:
        """Tell what is new, again and again, for ever."""
        while True:
            if self._browsers:  # who comes is told all there is: from here on what changes
                self._seen, _ = self._session.board.changed_since(0, self._session.clock())
            tick = 0
            while self._browsers:
                self._tell_all(partial(self._news, tick))
                tick += 1
                await asyncio.sleep(_TICK_S)
            self._somebody.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._somebody.wait(), _IDLE_S)
            if not self._browsers:  # what came meanwhile is kept for who comes next
                self._tell_all(self._session.values.drain)

    def _hello(self, *, near: bool) -> Plain:
        compresses = can_compress()
        return {
            "kind": "hello",
            "version": __version__,
            "server": self._session.id,
            "title": self._session.title,
            "mode": "live" if self._session.playing is None else "file",
            "clock": self._session.clock(),
            "h264": compresses,
            "jpeg": compresses,
            "near": near,
            "can_record": self._session.playing is None,
        }

    def _tell_all(self, news: Callable[[], Iterable[Plain]]) -> None:
        """Tell what is new by now. Whatever goes wrong with it, the clock goes on."""
        try:
            for message in news():
                self._tell(message)
        except Exception as error:  # noqa: BLE001 - ours, and told
            if not self._told_trouble:  # thirty times a second would help nobody
                self._told_trouble = True
                _log.error("igtl: the page is not told all: %r", error, exc_info=True)

    def _news(self, tick: int) -> Iterator[Plain]:
        session = self._session
        yield from session.values.drain()
        if tick % _BOARD == 0:
            self._seen, board = session.board.changed_since(self._seen, session.clock())
            yield board
        if tick % _PLAYBACK == 0:
            yield from self._playback_news()
        if tick % _TAPE == 0:
            yield from self._tape_news()

    def _playback_news(self) -> Iterator[Plain]:
        if self._session.playing is None:
            return
        state = self._session.playing.state()
        if state != self._playback:
            self._playback = state
            yield state

    def _tape_news(self) -> Iterator[Plain]:
        state = self._session.tape.state()
        known = {**state, "free": 0}  # others write to the disk as well
        if known != self._tape:
            self._tape = known
            yield state

    def _tell(self, message: Plain) -> None:
        text = encoded(message)
        for browser in self._browsers:
            browser.offer(text)

    def _fresh(self) -> Iterator[str]:
        """All that somebody has to know who comes now."""
        session = self._session
        if session.playing is not None:  # who was too slow may not have heard of the last jump
            yield encoded({"kind": "jump", "clock": session.clock()})
        yield encoded(session.board.plain(session.clock()))
        yield from map(encoded, session.values.recent())
        if session.playing is not None:
            yield encoded(session.playing.state())
        yield encoded(session.tape.state())

    async def _obey(self, text: str, browser: Browser) -> None:
        """Do what a page asks for, and tell all how it is then; only the asker, if it cannot be."""
        try:
            await asyncio.to_thread(obey, self._session, text)
        except (OpenIGTLinkError, OSError) as error:
            browser.offer(encoded({"kind": "trouble", "text": str(error)}))
        news = self._session.values.drain()  # where it jumped, this comes first
        for message in (*news, *self._playback_news(), *self._tape_news()):
            self._tell(message)


async def _send(browser: Browser, request: web.Request) -> None:
    """Send to a browser until it is gone; one that takes nothing is cut off."""
    try:
        await browser.work()
    except (ConnectionError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
