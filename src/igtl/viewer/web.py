"""The server of the page: an aiohttp application around a session."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from igtl.net.endpoint import bind
from igtl.viewer.asked import Asked, number
from igtl.viewer.browser import DEADLINE
from igtl.viewer.door import MOST_CONNECTIONS, Door
from igtl.viewer.files import PAGE, page_file
from igtl.viewer.guard import HEADERS, Guard
from igtl.viewer.live import Live, encoded
from igtl.viewer.session import Session

__all__ = ["Page", "application"]

#: Who is being answered when all ends is given so long, s.
_SHUTDOWN_S = 0.5

_log = logging.getLogger("igtl.viewer")


class Page:
    """A session's page, listening.

    Args:
        session: what it shows.
        host, port: where to listen; port 0 takes a free one.
        guard: who may look.
        files: where the built page is.
        deadline: s after which a browser is thrown out that takes nothing, or asks for nothing.
        most: so many connections are let in at once.

    Attributes:
        port: where it listens.

    Raises:
        ConnectError: the port is taken, or the address is not one of this machine.
    """

    def __init__(
        self,
        session: Session,
        host: str,
        port: int,
        guard: Guard,
        *,
        files: Path = PAGE,
        deadline: float = DEADLINE,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._app = application(session, guard, files=files, deadline=deadline)
        self._door = Door(most, deadline)
        self._app.middlewares.insert(0, self._door.heard)
        self._listener = bind(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._closed, self._over = False, asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve(self) -> None:
        """Serve until this thread is interrupted, or until `close`."""
        asyncio.run(self._alone())

    def close(self) -> None:
        """End `serve`, from any thread."""
        self._closed = True  # `run` looks after it has said which loop to tell
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._over.set)

    async def _alone(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_complaints())
        await self.run()

    async def run(self) -> None:
        """The same in an event loop, until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        if self._closed:
            self._over.set()
        runner = web.AppRunner(
            self._app,
            access_log=None,
            handler_cancellation=True,  # of who is gone
            logger=_log,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await runner.setup()
        assert runner.server is not None  # it is set up
        admit = partial(self._door.admit, runner.server)
        listening = await asyncio.get_running_loop().create_server(admit, sock=self._listener)
        try:
            await self._over.wait()
        finally:
            listening.close()
            await runner.cleanup()


def application(
    session: Session, guard: Guard, *, files: Path = PAGE, deadline: float = DEADLINE
) -> web.Application:
    """The page, and all that it asks for."""
    app = web.Application(middlewares=[_guarded(guard)])
    live, asked = Live(session, deadline), Asked(session, deadline)
    app.on_response_prepare.append(_add_headers)
    app.cleanup_ctx.append(_running(live, asked))
    ends = _Ends()
    app.on_shutdown.append(ends.end)

    async def attend(request: web.Request) -> web.StreamResponse:
        return await live.attend(request, near=_is_near(request))

    async def board(_request: web.Request) -> web.StreamResponse:
        return _json(encoded(session.board.plain(session.clock())))

    async def message(request: web.Request) -> web.StreamResponse:
        found = await asyncio.to_thread(session.message, number(request.match_info["row"], "row"))
        if found is None:
            raise web.HTTPNotFound(text="there is no such row; /api/board lists all\n")
        return _json(encoded(found))

    async def page(request: web.Request) -> web.StreamResponse:
        return page_file(files, request.match_info["name"])

    routes: dict[str, Handler] = {
        "/api/live": attend,
        "/api/board": board,
        "/api/message/{row}": message,
        "/api/picture/{row}": asked.picture,
        "/api/scene/{row}": asked.scene,
        "/api/video/{row}": asked.video,
        "/{name:.*}": page,
    }
    for path, handler in routes.items():
        app.router.add_get(path, ends.ended(handler))
    return app


class _Ends:
    """All that is being answered, so that it can be ended at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def ended(self, handler: Handler) -> Handler:
        """A handler that is ended when the server is."""

        async def handle(request: web.Request) -> web.StreamResponse:
            task = asyncio.current_task()
            assert task is not None  # aiohttp runs handlers in tasks
            self._tasks.add(task)
            try:
                return await handler(request)
            except (ConnectionError, TimeoutError):  # who asked is gone, or takes nothing
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            finally:
                self._tasks.discard(task)

        return handle

    async def end(self, _app: web.Application) -> None:
        """End them."""
        for task in tuple(self._tasks):
            task.cancel()


def _guarded(guard: Guard) -> Middleware:
    """What lets nobody in who may not look."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = guard.refusal(request.headers, request.query.get("token"), path=request.path)
        if refusal is not None:
            raise web.HTTPForbidden(text=f"refused: {refusal}\n")
        return await handler(request)

    return check


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _running(live: Live, asked: Asked) -> Callable[[web.Application], AsyncIterator[None]]:
    """Runs what all browsers share as long as the application does."""

    async def run(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(live.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        asked.close()

    return run


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether something that aiohttp logs is our mistake; then what it is, in the same line."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):  # whoever scans ports is answered, not reported
        return False
    what = f": {error!r}" if error is not None else ""
    record.msg, record.args = f"igtl: {record.getMessage()}{what}", ()
    return True


_log.addFilter(_is_ours)


def _complaints() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Has what asyncio complains of logged, each once: some of it comes by the thousand.

    It would write tracebacks into the terminal.
    """
    known: set[tuple[str, type | None]] = set()

    def log(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message, error = context["message"], context.get("exception")
        kind = message, error and type(error)
        if kind in known or isinstance(error, (ConnectionError, TimeoutError)):  # who is gone
            return
        known.add(kind)
        _log.error("%s", message, exc_info=error)

    return log


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


def _is_near(request: web.Request) -> bool:
    """Whether who asks is on this machine."""
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
