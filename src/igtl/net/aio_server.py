"""The server for asyncio: the same server, on its own thread, with what waits awaited.

Its thread makes sure that a busy event loop never keeps clients waiting; handlers and iteration run
in the loop.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from igtl.errors import ClosedError, DecodeError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Sendable
from igtl.net import server as blocking
from igtl.net.endpoint import DEFAULT_PORT
from igtl.net.peer import Peer
from igtl.net.switchboard import called
from igtl.protocol.counters import Counters
from igtl.protocol.link import Tap

__all__ = ["Server"]

M = TypeVar("M", bound=Message)
H = TypeVar("H", bound=Callable[[Peer], object])
AH = TypeVar("AH", bound=Callable[[Peer, Any], object])

_LINGER = 0.5
#: Messages that wait for one handler.
_LANE = 100
_log = logging.getLogger("igtl")


class Server:
    """The server for asyncio: as `igtl.Server`, with what waits awaited.

        async with igtl.aio.Server(port=18944) as server:
            await server.publish(igtl.Transform(matrix, device_name="Probe"))

    Make it inside a running event loop. Handlers are called in the loop and may be coroutine
    functions.

    Args and errors are those of `igtl.Server`, and so are its attributes: host, port, endpoint,
    clients, devices, counters and closed.
    """

    def __init__(self, port: int = DEFAULT_PORT, host: str = "127.0.0.1", **limits: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = blocking.Server(port, host, **limits)
        self._board = blocking.switchboard(self._server)
        self._changed = asyncio.Event()
        self._lanes: list[tuple[type[Message], asyncio.Queue[tuple[Peer, Message]]]] = []
        self._iterated: asyncio.Queue[tuple[Peer, Message]] = asyncio.Queue(_LANE)
        self._iterating = self._over = False
        self._tasks: set[asyncio.Task[object]] = set()
        self._board.on_change = self._notice
        self._board.answers.call = self._call_and_wait

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def endpoint(self) -> str:
        """Where clients connect to."""
        return self._server.endpoint

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._server.host

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._server.closed

    @property
    def clients(self) -> tuple[Peer, ...]:
        """Who is connected now."""
        return self._server.clients

    @property
    def counters(self) -> Counters:
        """What went to and came from all clients so far."""
        return self._server.counters

    async def publish(self, *messages: Sendable, timeout: float = 5.0) -> None:
        """Send messages to every client; arguments and errors as for `igtl.Server.publish`."""
        waiting = self._board.provide(messages, pushed=True)
        if waiting:
            await asyncio.to_thread(self._board.wait_for_room, waiting, timeout)

    async def offer(self, *messages: Sendable) -> None:
        """Make messages available to who asks; arguments and errors as for `igtl.Server.offer`."""
        self._server.offer(*messages)

    def tap(self, callback: Tap) -> Callable[[], None]:
        """Show everything that passes to a function as well; as `igtl.Server.tap`.

        It is called in the threads named there, not in the loop, unless that is where you publish.
        """
        return self._server.tap(callback)

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        """Wire type and device name of all that was published or offered so far, sorted."""
        return self._server.devices

    def on_get(self, cls: type[Message]) -> Callable[[AH], AH]:
        """Decorator: as `igtl.Server.on_get`; the function is called in the loop."""
        return self._server.on_get(cls)

    def on_command(self, name: str) -> Callable[[AH], AH]:
        """Decorator: as `igtl.Server.on_command`; the function is called in the loop.

        A coroutine function that takes longer than `command_timeout` is cancelled.
        """
        return self._server.on_command(name)

    def _call_and_wait(
        self, handler: Callable[..., object], peer: Peer, question: Message, left: float
    ) -> object:
        """Have the loop call a handler, and wait for its result (a handlers' thread)."""
        result: Future[object] = Future()
        tasks: list[asyncio.Task[object]] = []

        def start() -> None:
            if self._board.closed:
                result.set_exception(ClosedError("the server is closed"))
                return
            tasks.append(self._start(_called(handler, peer, question)))
            tasks[0].add_done_callback(partial(_hand_over, result))

        def stop() -> None:
            for task in tasks:
                task.cancel()

        self._loop.call_soon_threadsafe(start)
        try:
            return result.result(left)
        except builtins.TimeoutError:
            if not result.done():
                self._loop.call_soon_threadsafe(stop)
            return result.result()  # once it has ended: the next of this client comes after it

    async def wait_for_clients(self, count: int = 1, timeout: float | None = None) -> bool:
        """Wait until `count` clients are connected; False when they are not within `timeout` s."""
        try:
            async with asyncio.timeout(timeout):
                while len(self.clients) < count and not self._server.closed:
                    await self._change()
        except builtins.TimeoutError:
            return False
        return not self._server.closed

    def on_message(self, cls: Any) -> Any:
        """Decorator: as `igtl.Server.on_message`; the function is called in the loop.

        Each handler gets its messages one after another, in order; clients have to wait while it
        is busy and a hundred messages wait for it.
        """
        cls = blocking.handled(cls)
        if isinstance(cls, type):
            return lambda handler: self._add_handler(cls, handler)
        return self._add_handler(Message, cls)

    def _add_handler(self, cls: type[Message], handler: Any) -> Any:
        if not self._lanes:
            self._board.arrivals.wanted = True  # from now on, though taking begins a bit later
            self._start(self._distribute())
        lane: asyncio.Queue[tuple[Peer, Message]] = asyncio.Queue(_LANE)
        self._board.answer_elsewhere(cls)
        self._lanes.append((cls, lane))
        self._start(self._work(handler, lane))
        return handler

    def _start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _distribute(self) -> None:
        """Put every message into the lanes of its handlers, and of who iterates."""
        try:
            while True:
                try:
                    peer, message = await self._next()
                except DecodeError as error:
                    _log.warning("igtl: %s", error)
                    continue
                lanes = [lane for cls, lane in self._lanes if isinstance(message, cls)]
                for lane in [*lanes, self._iterated] if self._iterating else lanes:
                    await lane.put((peer, message))
                self._changed.set()
        except ClosedError:
            pass
        finally:
            self._over = True
            self._changed.set()

    async def _work(
        self, handler: Callable[..., object], lane: asyncio.Queue[tuple[Peer, Message]]
    ) -> None:
        """Call one handler with what is in its lane, one message after another."""
        while True:
            await self._call(handler, *await lane.get())

    async def _call(self, handler: Callable[..., object], peer: Peer, *message: Message) -> None:
        try:
            result = handler(peer, *message)
            if inspect.isawaitable(result):
                await result
        except Exception:  # noqa: BLE001 - users' code may raise anything
            self._board.failed(peer, called(handler))

    def on_connect(self, handler: H) -> H:
        """Decorator: call the function with each client that connects, in the loop."""
        self._server.on_connect(self._in_loop(handler))
        return handler

    def on_disconnect(self, handler: H) -> H:
        """Decorator: call the function with each client that is gone, in the loop."""
        self._server.on_disconnect(self._in_loop(handler))
        return handler

    def _in_loop(self, handler: Callable[..., object]) -> Callable[[Peer], None]:
        """The handler, to be called from the server's thread."""

        def start(peer: Peer) -> None:
            self._start(self._call(handler, peer))

        def hand_over(peer: Peer) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(start, peer)

        return hand_over

    async def __aiter__(self) -> AsyncIterator[tuple[Peer, Message]]:
        """Every message of all clients; as iterating over an `igtl.Server`."""
        while True:
            try:
                yield await self.receive()
            except ClosedError:
                return

    async def receive(self, timeout: float | None = None) -> tuple[Peer, Message]:
        """The next message of any client; errors as for `igtl.Server.receive`."""
        self._iterating = True
        try:
            async with asyncio.timeout(timeout):
                return await (self._next_iterated() if self._lanes else self._next())
        except builtins.TimeoutError:
            raise TimeoutError(f"no client sent a message within {timeout} s") from None

    async def _next(self) -> tuple[Peer, Message]:
        while (found := self._board.take()) is None:
            await self._change()
        peer, frame = found
        return peer, self._board.decode(peer, frame)

    async def _next_iterated(self) -> tuple[Peer, Message]:
        while self._iterated.empty():
            if self._over:
                raise ClosedError(f"the server on {self.endpoint} is closed")
            self._changed.clear()
            await self._changed.wait()
        return self._iterated.get_nowait()

    async def close(self) -> None:
        """End all connections and free the port; what is queued still goes out.

        Coroutine functions that are still at work as handlers are cancelled.
        """
        await asyncio.to_thread(self._server.close)
        self._changed.set()
        if at_work := self._tasks - {asyncio.current_task()}:
            for task in at_work:
                task.cancel()
            await asyncio.wait(at_work, timeout=_LINGER)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _change(self) -> None:
        """Wait until a client or a message comes or goes."""
        self._changed.clear()
        await self._changed.wait()

    def _notice(self) -> None:
        """Something changed (server's thread)."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._changed.set)


async def _called(handler: Callable[..., object], peer: Peer, question: Message) -> object:
    result = handler(peer, question)
    return await result if inspect.isawaitable(result) else result


def _hand_over(result: Future[object], task: asyncio.Task[object]) -> None:
    """Give what became of a task to the thread that waits for it."""
    if task.cancelled():
        result.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        result.set_exception(error)
    else:
        result.set_result(task.result())
