"""The blocking and the asyncio client and server behind one face, so that one suite tests both.

`Blocking` hands out igtl's own blocking objects. `Aio` keeps an event loop in a thread and hands
out objects of the same face, whose calls run in that loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar, cast

import igtl
import igtl.aio
from igtl.messages.command import CommandReply
from igtl.net import aio_stream
from igtl.protocol.clock import Clock, ClockEstimate
from igtl.protocol.profile import Profile
from tests.net.waiting import PATIENCE

__all__ = [
    "Aio",
    "Blocking",
    "Link",
    "Service",
    "Shell",
    "Streamed",
    "receive_from_all",
    "receive_some",
]

#: What is sent and published.
Sent: TypeAlias = igtl.Message | igtl.Series[Any] | igtl.Frame
Tap: TypeAlias = Callable[[str, list[igtl.Frame]], object]

M = TypeVar("M", bound=igtl.Message)
M_co = TypeVar("M_co", bound=igtl.Message, covariant=True)
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class Streamed(Protocol[M_co]):
    """What a stream offers."""

    @property
    def dropped(self) -> int: ...
    def __iter__(self) -> Iterator[M_co]: ...
    def receive(self, timeout: float | None = None) -> M_co: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Link(Protocol):
    """What a client offers."""

    @property
    def endpoint(self) -> str: ...
    @property
    def peer_address(self) -> str: ...
    @property
    def local_address(self) -> str: ...
    @property
    def profile(self) -> Profile: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def counters(self) -> igtl.Counters: ...
    @property
    def closed(self) -> bool: ...
    def __iter__(self) -> Iterator[igtl.Message]: ...
    def frames(self) -> Iterator[igtl.Frame]: ...
    def receive(self, timeout: float | None = None) -> igtl.Message: ...
    def receive_frame(self, timeout: float | None = None) -> igtl.Frame: ...
    def tap(self, callback: Tap) -> Callable[[], None]: ...
    def latest(self, cls: type[M], device: str | None = None, *, timeout: float = 5.0) -> M: ...
    def get(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> M: ...
    def stream(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> Streamed[M]: ...
    def command(self, name: str, content: str = "", *, timeout: float = 5.0) -> CommandReply: ...
    def capabilities(self, *, timeout: float = 5.0) -> tuple[str, ...]: ...
    def ping(self, count: int = 8, *, timeout: float = 5.0) -> ClockEstimate: ...
    def subscribe(self, *types: str) -> None: ...
    def on_event(self, handler: F) -> F: ...
    def send(self, *messages: Sent, timeout: float = 5.0) -> None: ...
    def close(self) -> None: ...


class Service(Protocol):
    """What a server offers."""

    @property
    def port(self) -> int: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def clients(self) -> tuple[igtl.Peer, ...]: ...
    @property
    def counters(self) -> igtl.Counters: ...
    def __iter__(self) -> Iterator[tuple[igtl.Peer, igtl.Message]]: ...
    def receive(self, timeout: float | None = None) -> tuple[igtl.Peer, igtl.Message]: ...
    def publish(self, *messages: Sent, timeout: float = 5.0) -> None: ...
    def offer(self, *messages: Sent) -> None: ...
    def tap(self, callback: Tap) -> Callable[[], None]: ...
    @property
    def devices(self) -> tuple[tuple[str, str], ...]: ...
    def on_get(self, cls: type[igtl.Message]) -> Callable[[F], F]: ...
    def on_command(self, name: str) -> Callable[[F], F]: ...
    def wait_for_clients(self, count: int = 1, timeout: float | None = None) -> bool: ...
    def close(self) -> None: ...
    def on_message(self, cls: Any) -> Callable[[F], F]: ...
    def on_connect(self, handler: F) -> F: ...
    def on_disconnect(self, handler: F) -> F: ...


class Shell:
    """Makes clients and servers of one kind, and closes them all in the end."""

    name: str

    def __init__(self) -> None:
        self._made: list[Link | Service] = []

    def connect(self, endpoint: str, **options: Any) -> Link:
        """A client connected to `endpoint`; options are those of `igtl.connect`."""
        link = self._connect(endpoint, **options)
        self._made.append(link)
        return link

    def serve(self, port: int = 0, *args: str, **options: Any) -> Service:
        """A server; options are those of `igtl.Server`."""
        service = self._serve(port, *args, **options)
        self._made.append(service)
        return service

    def _connect(self, endpoint: str, **options: Any) -> Link:
        raise NotImplementedError

    def _serve(self, port: int, *args: str, **options: Any) -> Service:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in reversed(self._made):
            one.close()


class Blocking(Shell):
    """`igtl.connect` and `igtl.Server` themselves."""

    name = "blocking"

    def _connect(self, endpoint: str, **options: Any) -> Link:
        return cast(Link, igtl.connect(endpoint, **options))

    def _serve(self, port: int, *args: str, **options: Any) -> Service:
        return cast(Service, igtl.Server(port, *args, **options))


class Aio(Shell):
    """`igtl.aio` in a loop of its own. What goes wrong in the loop unnoticed fails the test."""

    name = "aio"

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._complaints: list[str] = []
        self._loop.set_exception_handler(
            lambda _, context: self._complaints.append(str(context.get("exception", context)))
        )
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Await something in the loop."""

        async def awaited() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(PATIENCE + 5)

    def _connect(self, endpoint: str, **options: Any) -> Link:
        return _AioLink(self, self.run(igtl.aio.connect(endpoint, **options)))

    def _serve(self, port: int, *args: str, **options: Any) -> Service:
        async def make() -> igtl.aio.Server:
            return igtl.aio.Server(port, *args, **options)

        return _AioService(self, self.run(make()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        left = self.run(self._others())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        assert not left, f"closing left tasks behind: {left}"
        assert not self._complaints

    async def _others(self) -> list[str]:
        """Tasks that are not finished once everything that is ready has run."""
        for _ in range(10):
            await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [str(task) for task in tasks]


class _AioLink:
    """An `igtl.aio.Client` called from outside its loop."""

    def __init__(self, shell: Aio, client: igtl.aio.Client) -> None:
        self._run, self._client = shell.run, client

    @property
    def endpoint(self) -> str:
        return self._client.endpoint

    @property
    def peer_address(self) -> str:
        return self._client.peer_address

    @property
    def local_address(self) -> str:
        return self._client.local_address

    @property
    def profile(self) -> Profile:
        return self._client.profile

    @property
    def clock(self) -> Clock:
        return self._client.clock

    @property
    def counters(self) -> igtl.Counters:
        return self._client.counters

    @property
    def closed(self) -> bool:
        return self._client.closed

    def __iter__(self) -> Iterator[igtl.Message]:
        return _stepped(self._run, aiter(self._client))

    def frames(self) -> Iterator[igtl.Frame]:
        return _stepped(self._run, self._client.frames())

    def receive(self, timeout: float | None = None) -> igtl.Message:
        return self._run(self._client.receive(timeout))

    def receive_frame(self, timeout: float | None = None) -> igtl.Frame:
        return self._run(self._client.receive_frame(timeout))

    def tap(self, callback: Tap) -> Callable[[], None]:
        return self._client.tap(callback)

    def latest(self, cls: type[M], device: str | None = None, *, timeout: float = 5.0) -> M:
        return self._run(self._client.latest(cls, device, timeout=timeout))

    def receive_some(self, count: int) -> list[igtl.Message]:
        async def receive() -> list[igtl.Message]:
            return [await self._client.receive(PATIENCE) for _ in range(count)]

        return self._run(receive())

    def get(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> M:
        return self._run(self._client.get(cls, device, timeout=timeout, **fields))

    def stream(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> Streamed[M]:
        async def begun() -> aio_stream.Stream[M]:
            stream = self._client.stream(cls, device, timeout=timeout, **fields)
            await stream
            return stream

        return _AioStream(self._run, self._run(begun()))

    def command(self, name: str, content: str = "", *, timeout: float = 5.0) -> CommandReply:
        return self._run(self._client.command(name, content, timeout=timeout))

    def capabilities(self, *, timeout: float = 5.0) -> tuple[str, ...]:
        return self._run(self._client.capabilities(timeout=timeout))

    def ping(self, count: int = 8, *, timeout: float = 5.0) -> ClockEstimate:
        return self._run(self._client.ping(count, timeout=timeout))

    def subscribe(self, *types: str) -> None:
        self._run(self._client.subscribe(*types))

    def on_event(self, handler: F) -> F:
        self._client.on_event(cast(Any, handler))
        return handler

    def send(self, *messages: Sent, timeout: float = 5.0) -> None:
        self._run(self._client.send(*messages, timeout=timeout))

    def close(self) -> None:
        self._run(self._client.close())


class _AioStream(Generic[M]):
    """A stream of an `igtl.aio.Client` used from outside its loop."""

    def __init__(self, run: Callable[[Awaitable[Any]], Any], stream: aio_stream.Stream[M]) -> None:
        self._run, self._stream = run, stream

    @property
    def dropped(self) -> int:
        return self._stream.dropped

    def __iter__(self) -> Iterator[M]:
        return _stepped(self._run, aiter(self._stream))

    def receive(self, timeout: float | None = None) -> M:
        message: M = self._run(self._stream.receive(timeout))
        return message

    def close(self) -> None:
        self._run(self._stream.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _AioService:
    """An `igtl.aio.Server` called from outside its loop."""

    def __init__(self, shell: Aio, server: igtl.aio.Server) -> None:
        self._run, self._server = shell.run, server

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def endpoint(self) -> str:
        return self._server.endpoint

    @property
    def clients(self) -> tuple[igtl.Peer, ...]:
        return self._server.clients

    @property
    def counters(self) -> igtl.Counters:
        return self._server.counters

    def __iter__(self) -> Iterator[tuple[igtl.Peer, igtl.Message]]:
        return _stepped(self._run, aiter(self._server))

    def receive(self, timeout: float | None = None) -> tuple[igtl.Peer, igtl.Message]:
        return self._run(self._server.receive(timeout))

    def receive_some(self, count: int) -> list[tuple[igtl.Peer, igtl.Message]]:
        async def receive() -> list[tuple[igtl.Peer, igtl.Message]]:
            return [await self._server.receive(PATIENCE) for _ in range(count)]

        return self._run(receive())

    def publish(self, *messages: Sent, timeout: float = 5.0) -> None:
        self._run(self._server.publish(*messages, timeout=timeout))

    def offer(self, *messages: Sent) -> None:
        self._run(self._server.offer(*messages))

    def tap(self, callback: Tap) -> Callable[[], None]:
        return self._server.tap(callback)

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        return self._server.devices

    def on_get(self, cls: type[igtl.Message]) -> Callable[[F], F]:
        added: Callable[[Any], Any] = self._server.on_get(cls)
        return added

    def on_command(self, name: str) -> Callable[[F], F]:
        added: Callable[[Any], Any] = self._server.on_command(name)
        return added

    def wait_for_clients(self, count: int = 1, timeout: float | None = None) -> bool:
        return self._run(self._server.wait_for_clients(count, timeout))

    def close(self) -> None:
        self._run(self._server.close())

    def on_message(self, cls: Any) -> Callable[[F], F]:
        added: Callable[[F], F] = self._server.on_message(cls)
        return added

    def on_connect(self, handler: F) -> F:
        self._server.on_connect(handler)
        return handler

    def on_disconnect(self, handler: F) -> F:
        self._server.on_disconnect(handler)
        return handler


def receive_some(source: Link, count: int) -> list[igtl.Message]:
    """The next messages of a client, by `receive`."""
    if isinstance(source, _AioLink):
        return source.receive_some(count)
    return [source.receive(PATIENCE) for _ in range(count)]


def receive_from_all(source: Service, count: int) -> list[tuple[igtl.Peer, igtl.Message]]:
    """The next messages of a server's clients, by `receive`."""
    if isinstance(source, _AioService):
        return source.receive_some(count)
    return [source.receive(PATIENCE) for _ in range(count)]


def _stepped(run: Callable[[Awaitable[T | None]], T | None], items: Any) -> Iterator[T]:
    """The items of an asynchronous iterator, one step in the loop each."""
    try:
        while (item := run(anext(items, None))) is not None:
            yield item
    finally:
        if hasattr(items, "aclose"):
            with contextlib.suppress(RuntimeError):  # the loop has ended
                run(items.aclose())
