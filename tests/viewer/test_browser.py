"""What waits for a browser that reads slowly, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from igtl.viewer.browser import Browser
from tests.viewer.pages import PATIENCE

LARGE = "x" * 100_000
"""Much of these fits into no buffer of a system."""


class Desk:
    """Serves one browser, and keeps what became of it."""

    def __init__(self, deadline: float = PATIENCE) -> None:
        self.anew = 0
        self.ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self.browser: Browser | None = None
        self._deadline = deadline

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.browser = Browser(socket, self._fresh, deadline=self._deadline)
        working = asyncio.create_task(self._work(self.browser, request))
        async for _ in socket:
            pass
        working.cancel()
        return socket

    async def _work(self, browser: Browser, request: web.Request) -> None:
        try:
            await browser.work()
        except (ConnectionError, TimeoutError) as error:
            self.ended.set_result(error)
            if request.transport is not None:
                request.transport.abort()

    def _fresh(self) -> Iterator[str]:
        self.anew += 1
        yield f"anew {self.anew}"


@asynccontextmanager
async def served(desk: Desk) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A browser at a desk."""
    app = web.Application()
    app.router.add_get("/", desk.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"http://127.0.0.1:{port}", max_msg_size=0) as socket,
        ):
            assert await socket.receive_str(timeout=PATIENCE) == "anew 1"
            yield socket
    finally:
        await runner.cleanup()


async def fill(browser: Browser, until: Callable[[], object]) -> int:
    """Offer large messages, as fast as the loop goes; how many."""
    count = 0
    async with asyncio.timeout(PATIENCE):
        while not until():
            browser.offer(LARGE)
            count += 1
            await asyncio.sleep(0)
    return count


async def test_everything_comes_in_order_to_who_reads() -> None:
    desk = Desk()
    async with served(desk) as socket:
        assert desk.browser is not None
        for number in range(50):
            desk.browser.offer(str(number))
        got = [await socket.receive_str(timeout=PATIENCE) for _ in range(50)]
        assert got == [str(number) for number in range(50)]
        assert desk.browser.skipped == 0
        assert desk.anew == 1


async def test_what_waits_is_bounded_and_who_reads_again_begins_anew() -> None:
    desk = Desk()
    async with served(desk) as socket:
        browser = desk.browser
        assert browser is not None
        offered = await fill(browser, lambda: browser.skipped > 200)
        received = 0
        async with asyncio.timeout(PATIENCE):
            while (text := await socket.receive_str()) == LARGE:
                received += 1
        assert text == "anew 2"
        assert received + browser.skipped == offered
        browser.offer("and on")
        assert await socket.receive_str(timeout=PATIENCE) == "and on"


async def test_many_small_messages_are_bounded_as_well() -> None:
    desk = Desk()
    async with served(desk) as socket:
        assert desk.browser is not None
        for number in range(10_000):  # the loop does not go on meanwhile
            desk.browser.offer(str(number))
        assert desk.browser.skipped == 10_000
        assert await socket.receive_str(timeout=PATIENCE) == "anew 2"


async def test_who_takes_nothing_is_given_up() -> None:
    desk = Desk(deadline=0.2)
    async with served(desk):
        assert desk.browser is not None
        await fill(desk.browser, desk.ended.done)
        assert isinstance(desk.ended.result(), TimeoutError)
