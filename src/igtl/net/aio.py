"""Client and server for asyncio: thin shells over the same inbox, queues and server.

A client's bytes are taken in by one task, which stops while nobody asks. A server runs on its own
thread, as the blocking one does, so that a busy event loop never keeps clients waiting; handlers
and iteration run in the loop.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import inspect
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import ClosedError, DecodeError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Series, encode_all
from igtl.net import server as blocking
from igtl.net.endpoint import DEFAULT_PORT, Endpoint, addresses_of, open_socket
from igtl.net.peer import Peer
from igtl.net.transport import drain, half_close, readable, shut
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.link import Link

__all__ = ["Client", "Server", "connect"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")
H = TypeVar("H", bound=Callable[[Peer], object])

_LINGER = 0.5
#: Messages that wait for one handler.
_LANE = 100
_log = logging.getLogger("igtl")
#: `latest` lets the reader read at most so often before it answers, however fast the peer sends.
_READS_AT_ONCE = 256


class _Connecting:
    """What `connect` gives: to be awaited, or entered with `async with`."""

    def __init__(self, endpoint: Endpoint, timeout: float, max_body: int) -> None:
        self._endpoint, self._timeout, self._max_body = endpoint, timeout, max_body
        self._client: Client | None = None

    async def _connect(self) -> Client:
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(None, open_socket, self._endpoint, self._timeout)
        try:
            sock = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise
        return Client(sock, str(self._endpoint), max_body=self._max_body)

    def __await__(self) -> Any:
        return self._connect().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._connect()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()


def _close_unwanted(opening: asyncio.Future[socket.socket]) -> None:
    """Close a connection that came about when nobody waited for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def connect(
    endpoint: str = "localhost:18944", *, timeout: float = 5.0, max_body: int = DEFAULT_MAX_BODY
) -> _Connecting:
    """Connect to a server; to be awaited, or entered with `async with`.

    Args and errors are those of `igtl.connect`.
    """
    return _Connecting(Endpoint.parse(endpoint), timeout, max_body)


class Client(Link):
    """A connection to a server. Made by `connect`; use it in the event loop that made it."""

    def __init__(self, sock: socket.socket, endpoint: str, *, max_body: int) -> None:
        super().__init__(endpoint, addresses_of(sock), max_body)
        self._sock = sock
        self._arrived, self._wanted = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.Lock()
        self._task = asyncio.create_task(self._read())

    def __aiter__(self) -> AsyncIterator[Message]:
        """Every message in order, until the peer closes; errors as for `igtl.Client`."""
        return self

    async def __anext__(self) -> Message:
        while not self._inbox.frames:
            if not await self._more():
                raise StopAsyncIteration
        return self._pop()

    async def frames(self) -> AsyncIterator[Frame]:
        """Every message in order as a frame, not decoded and not checked."""
        while self._inbox.frames or await self._more():
            if self._inbox.frames:
                yield self._inbox.frames.popleft()
                self._wanted.set()

    async def receive(self, timeout: float | None = None) -> Message:
        """The next message; arguments and errors as for `igtl.Client.receive`."""
        wanted = self._no_message(timeout)
        with contextlib.suppress(StopAsyncIteration):
            return await self._within(timeout, self.__anext__(), wanted)
        raise self._nothing(wanted)

    async def latest(self, cls: type[M], device: str | None = None, *, timeout: float = 5.0) -> M:
        """The newest message of a class; arguments and errors as for `igtl.Client.latest`."""
        for _ in range(_READS_AT_ONCE):
            more = self._open and readable(self._sock)
            await asyncio.sleep(0)  # the reader takes in what it has read
            self._drop_oldest()
            if not more:
                break
        wanted = self._no_latest(cls, device, timeout)
        deadline = time.monotonic() + timeout
        while (message := self._newest(cls, device)) is None:
            if not await self._within(deadline - time.monotonic(), self._more(), wanted):
                raise self._nothing(wanted)
            self._drop_oldest()
        return message

    async def send(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
        """Send messages; arguments and errors as for `igtl.Client.send`."""
        pieces, count = encode_all(messages, time.time())
        async with self._sending:
            self._check_sending()
            try:
                await self._within(timeout, self._send(pieces), str(self._late(timeout)))
            except (TimeoutError, asyncio.CancelledError) as error:
                self._end(ClosedError(f"sending was broken off: {error!r}"))
                shut(self._sock)  # the peer may have half of a message
                raise
            except OSError as error:  # what the peer sent before can still be received
                raise self._refused(error) from None
        self.counters.messages_sent += count

    async def close(self) -> None:
        """Close the link. What was sent still arrives; a waiting reader ends. Never fails."""
        if self._closed:
            return
        self._closed = True
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._arrived.set()
        try:
            half_close(self._sock)
            if self.counters.bytes_sent:
                await asyncio.to_thread(drain, self._sock, _LINGER)
        finally:
            shut(self._sock)
            self._sock.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _drop_oldest(self) -> None:
        """Make room, and let the reader go on."""
        self._inbox.drop_oldest()
        self._wanted.set()

    def _pop(self) -> Message:
        try:
            return self._inbox.take()
        finally:
            if not self._inbox.full:
                self._wanted.set()

    async def _more(self) -> bool:
        """Wait until something arrives; False when nothing will."""
        if self._open:
            self._arrived.clear()
            self._wanted.set()
            await self._arrived.wait()
            return True
        self._raise_if_broken()
        return False

    async def _read(self) -> None:
        """Take in what comes, until it ends; wait while the inbox is full."""
        loop, inbox = asyncio.get_running_loop(), self._inbox
        try:
            while self._open:
                if inbox.full:
                    self._wanted.clear()
                    await self._wanted.wait()
                patience = self.stall_timeout if inbox.reader.pending else None
                async with asyncio.timeout(patience):
                    count = await loop.sock_recv_into(self._sock, inbox.buffer())
                if self._received(count):
                    self._arrived.set()
        except OSError as error:
            if error.errno:
                self._lost(f": {error}")
            else:  # asyncio.timeout's
                self._stalled()
        finally:
            self._arrived.set()

    async def _send(self, pieces: list[Buffer]) -> None:
        loop = asyncio.get_running_loop()
        small = b"".join(pieces) if len(pieces) > 1 and len(pieces[-1]) < 1 << 16 else None
        for piece in pieces if small is None else [small]:
            await loop.sock_sendall(self._sock, piece)
            self.counters.bytes_sent += len(piece)

    async def _within(self, timeout: float | None, waiting: Awaitable[T], wanted: str) -> T:
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        except builtins.TimeoutError:
            raise TimeoutError(wanted) from None


class Server:
    """The server for asyncio: as `igtl.Server`, with what waits awaited.

        async with igtl.aio.Server(port=18944) as server:
            await server.publish(igtl.Transform(matrix, device_name="Probe"))

    Make it inside a running event loop. Handlers are called in the loop and may be coroutine
    functions.

    Args and errors are those of `igtl.Server`.
    """

    def __init__(self, port: int = DEFAULT_PORT, host: str = "127.0.0.1", **limits: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = blocking.Server(port, host, **limits)
        self._changed = asyncio.Event()
        self._lanes: list[tuple[type[Message], asyncio.Queue[tuple[Peer, Message]]]] = []
        self._iterated: asyncio.Queue[tuple[Peer, Message]] = asyncio.Queue(_LANE)
        self._iterating = self._over = False
        self._tasks: set[asyncio.Task[object]] = set()
        self._server.on_change = self._notice

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def endpoint(self) -> str:
        """Where clients connect to."""
        return self._server.endpoint

    @property
    def clients(self) -> tuple[Peer, ...]:
        """Who is connected now."""
        return self._server.clients

    @property
    def counters(self) -> Counters:
        """What went to and came from all clients so far."""
        return self._server.counters

    async def publish(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
        """Send messages to every client; arguments and errors as for `igtl.Server.publish`."""
        waiting = self._server.push(*messages)
        if waiting:
            await asyncio.to_thread(self._server.wait_for_room, waiting, timeout)

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
        if isinstance(cls, type) and issubclass(cls, Message):
            return lambda handler: self._add_handler(cls, handler)
        return self._add_handler(Message, cls)

    def _add_handler(self, cls: type[Message], handler: Any) -> Any:
        if not self._lanes:
            self._start(self._distribute())
        lane: asyncio.Queue[tuple[Peer, Message]] = asyncio.Queue(_LANE)
        self._lanes.append((cls, lane))
        self._start(self._work(handler, lane))
        return handler

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            self._server.failed(peer, handler)

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
        while (found := self._server.take()) is None:
            await self._change()
        peer, frame = found
        return peer, self._server.decode(peer, frame)

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
