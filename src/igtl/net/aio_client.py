"""The client for asyncio: a thin shell over the same link, its bytes taken in by one task."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import ClosedError, LinkError, OpenIGTLinkError, TimeoutError
from igtl.messages.command import CommandReply
from igtl.messages.message import Message
from igtl.messages.series import Series, encode_all
from igtl.messages.status import Capability
from igtl.net.endpoint import Endpoint, addresses_of, limit_silence, open_socket
from igtl.net.transport import drain, half_close, readable, shut
from igtl.protocol.clock import ClockEstimate
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.link import Habits, Link, LinkEvent, Reconnect
from igtl.protocol.profile import Profile
from igtl.protocol.session import Exchange, State, Subscription

__all__ = ["Client", "Stream", "connect"]

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_LINGER = 0.5
#: `latest` lets the reader read at most so often before it answers, however fast the peer sends.
_READS_AT_ONCE = 256


class _Connecting:
    """What `connect` gives: to be awaited, or entered with `async with`."""

    def __init__(self, endpoint: Endpoint, timeout: float, habits: Habits) -> None:
        self._endpoint, self._timeout, self._habits = endpoint, timeout, habits
        self._client: Client | None = None

    async def _connect(self) -> Client:
        sock = await _opened(self._endpoint, self._timeout)
        client = Client(sock, self._endpoint, self._habits, timeout=self._timeout)
        await client.begin()
        return client

    def __await__(self) -> Any:
        return self._connect().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._connect()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()


async def _opened(endpoint: Endpoint, timeout: float) -> socket.socket:
    """A connected socket; errors as for `open_socket`."""
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, open_socket, endpoint, timeout)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


def _close_unwanted(opening: asyncio.Future[socket.socket]) -> None:
    """Close a connection that came about when nobody waited for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def connect(
    endpoint: str = "localhost:18944",
    *,
    timeout: float = 5.0,
    max_body: int = DEFAULT_MAX_BODY,
    profile: str | Profile = "auto",
    reconnect: bool | Reconnect = False,
    keep_alive: float | None = None,
) -> _Connecting:
    """Connect to a server; to be awaited, or entered with `async with`.

    Args and errors are those of `igtl.connect`.
    """
    habits = Habits.of(max_body, profile, reconnect, keep_alive)
    return _Connecting(Endpoint.parse(endpoint), timeout, habits)


class Client(Link):
    """A connection to a server. Made by `connect`; use it in the event loop that made it."""

    def __init__(
        self, sock: socket.socket, endpoint: Endpoint, habits: Habits, *, timeout: float = 5.0
    ) -> None:
        super().__init__(str(endpoint), addresses_of(sock), habits)
        self._where, self._timeout = endpoint, timeout
        self._arrived, self._wanted = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.Lock()
        self._whispers: set[asyncio.Future[None]] = set()
        self._adopt(sock)
        self._task = asyncio.create_task(self._read())

    def _adopt(self, sock: socket.socket) -> None:
        """Use a new connection."""
        if self._habits.keep_alive is not None:
            limit_silence(sock, self._habits.keep_alive)
        self._sock = sock

    async def begin(self) -> None:
        """Say what is to be said first."""
        if words := self._first_words():
            await self.send(*words)

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

    async def get(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> M:
        """Ask the server for one message; arguments and errors as for `igtl.Client.get`."""
        with self._session.get(cls, device, fields) as request:
            await self._ask(request, timeout)
            return request.result()

    def stream(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> Stream[M]:
        """Ask the server for a stream, to be entered with `async with` or awaited.

            async with link.stream(igtl.TrackingData, interval=0.02) as frames:
                async for message in frames: ...

        Arguments and errors are those of `igtl.Client.stream`.
        """
        return Stream(self, self._session.subscription(cls, device, fields), timeout)

    async def command(
        self,
        name: str,
        content: str | Mapping[str, object] = "",
        *,
        device: str = "",
        timeout: float = 5.0,
        metadata: Mapping[str, str] | None = None,
    ) -> CommandReply:
        """Tell the server to do something; arguments and errors as for `igtl.Client.command`."""
        with self._session.command(name, content, device, metadata) as order:
            await self._ask(order, timeout)
            return order.result()

    async def capabilities(self, *, timeout: float = 5.0) -> tuple[str, ...]:
        """The wire types that the server says it understands; as `igtl.Client.capabilities`."""
        return (await self.get(Capability, timeout=timeout)).types

    async def subscribe(
        self,
        *types: str,
        transforms: Sequence[str] = (),
        images: Sequence[str] = (),
        strings: Sequence[str] = (),
        tracking_interval: float | None = None,
    ) -> None:
        """Tell a PLUS server what to send; arguments as for `igtl.Client.subscribe`."""
        await self.send(self._wish(types, transforms, images, strings, tracking_interval))

    async def ping(self, count: int = 8, *, timeout: float = 5.0) -> ClockEstimate:
        """Measure the round trip and the clocks' difference; as `igtl.Client.ping`."""
        for number in range(count):
            with self._clock_question(number) as request:
                sent = time.time()
                await self._ask(request, timeout)
                arrived = time.time()
                self._compare_clocks(sent, request.result(), arrived)
        return self._clock_estimate()

    async def _ask(self, exchange: Exchange, timeout: float) -> None:
        """Send a question and wait until it is settled, one way or another."""
        deadline = time.monotonic() + timeout
        await self.send(exchange.question, timeout=timeout)
        await self.wait_for(lambda: exchange.settled, deadline)
        exchange.expire(timeout)

    async def start(self, subscription: Subscription[Any], timeout: float) -> None:
        """Begin a stream that was prepared."""
        self._session.add(subscription)
        try:
            await self._ask(subscription, timeout)
            subscription.check()
        except BaseException:
            await self.unsubscribe(subscription, linger=0.0)
            raise

    async def unsubscribe(self, subscription: Subscription[Any], *, linger: float = 1.0) -> None:
        """End a stream; the server's confirmation is waited for if it gave one before."""
        try:
            with subscription:
                stop = subscription.stop(time.monotonic())
                if stop is None or not self._open or self._down is not None:
                    return
                await self.send(stop, timeout=_LINGER)
                if subscription.confirmed and linger:
                    await self.wait_for(lambda: subscription.over, time.monotonic() + linger)
        except (OpenIGTLinkError, OSError):
            pass  # the link is over, and the stream with it

    async def wait_for(self, done: Callable[[], bool], deadline: float | None) -> bool:
        """Wait until `done()`; False when it never will be, or not before `deadline`."""
        try:
            async with asyncio.timeout(None if deadline is None else deadline - time.monotonic()):
                while not done() and await self._more():
                    self._drop_oldest()
        except builtins.TimeoutError:
            pass
        return done()

    async def send(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
        """Send messages; arguments and errors as for `igtl.Client.send`."""
        pieces, count = encode_all(self._readable_form(messages), time.time())
        deadline = time.monotonic() + timeout
        if self._down is not None and not await self.wait_for(lambda: not self._down, deadline):
            raise self._nothing(f"nothing was sent to {self.endpoint}")
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
        """Take in what comes, until it ends for good; wait while the inbox is full."""
        try:
            while self._open:
                if self._down is not None:
                    await self._restore()
                else:
                    await self._read_connection()
        finally:
            self._arrived.set()

    async def _read_connection(self) -> None:
        """Take in what comes over one connection, until it ends."""
        loop, inbox = asyncio.get_running_loop(), self._inbox
        try:
            while self._open and self._down is None:
                if inbox.full:
                    self._wanted.clear()
                    await self._wanted.wait()
                count = await self._within_patience(
                    lambda: loop.sock_recv_into(self._sock, inbox.buffer())
                )
                settled = self._session.active
                if count is not None and (self._received(count) or settled):
                    self._arrived.set()
        except OSError as error:
            self._lost(f": {error}")
        finally:
            self._arrived.set()

    async def _within_patience(self, read: Callable[[], Awaitable[int]]) -> int | None:
        """The number of bytes read; None when the peer was silent, and it was seen to that."""
        stalls, now = self._inbox.reader.pending > 0, time.monotonic()
        ends = [self.stall_timeout] if stalls else []
        if self._alive is not None:
            ends.append(self._alive.next(now))
        try:
            async with asyncio.timeout(min(ends) if ends else None):
                return await read()
        except builtins.TimeoutError as error:
            if error.errno:
                raise
        if stalls and min(ends) == self.stall_timeout:
            self._stalled()
        else:
            await self._see_to_silence()
        return None

    async def _see_to_silence(self) -> None:
        now = time.monotonic()
        state = self._silence(now)
        if state == "ask" and self._alive is not None:
            self._alive.asked(now)
            asking = asyncio.ensure_future(self._whisper())
            self._whispers.add(asking)
            asking.add_done_callback(self._whispers.discard)
        elif state == "dead":
            self._fell_silent()
            shut(self._sock)

    async def _whisper(self) -> None:
        with contextlib.suppress(OpenIGTLinkError, OSError):  # reading will tell
            await self.send(self._sign_of_life(), timeout=_LINGER)

    async def _restore(self) -> None:
        """Connect again, as often as it takes."""
        plan = self._habits.reconnect
        assert plan is not None
        shut(self._sock)
        backoff, broke_at, attempts = plan.backoff(), time.monotonic(), 0
        while self._open and self._down is not None:
            await asyncio.sleep(backoff.next())
            attempts += 1
            try:
                sock = await _opened(self._where, self._timeout)
                await self._resume(sock, attempts)
            except (LinkError, TimeoutError, OSError) as error:
                self._down = error
                self._tell(LinkEvent("retrying", str(error), self._gap(), attempts))
            if plan.gives_up(time.monotonic() - broke_at) and self._down is not None:
                late = f"not restored within {plan.give_up_after:g} s: {self._down}"
                self._finish(ClosedError(late))

    async def _resume(self, sock: socket.socket, attempts: int) -> None:
        """Go on with a new connection: what was asked for is asked for again, before all else."""
        try:
            addresses = addresses_of(sock)
            async with self._sending:
                words = self._restored(addresses, attempts)
                self._sock.close()
                self._adopt(sock)
                pieces, count = encode_all(words, time.time())
                await self._within(self._timeout, self._send(pieces), "no room for a first word")
                self.counters.messages_sent += count
        except BaseException:
            sock.close()
            raise
        self._arrived.set()

    async def _send(self, pieces: list[Buffer]) -> None:
        loop = asyncio.get_running_loop()
        if not pieces:
            return
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


class Stream(Generic[M]):
    """Messages that are asked for with `Client.stream`; see `igtl.Client.stream`."""

    def __init__(self, link: Client, subscription: Subscription[M], timeout: float) -> None:
        self._link, self._subscription, self._timeout = link, subscription, timeout
        self._frames = subscription.backlog.frames

    @property
    def dropped(self) -> int:
        """Messages of this stream that were thrown away, because nobody took them."""
        return self._subscription.dropped

    def __await__(self) -> Any:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._link.start(self._subscription, self._timeout)
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
        if not await self._fill(None):
            raise StopAsyncIteration
        return self._take()

    async def receive(self, timeout: float | None = None) -> M:
        """The next message; errors as for `igtl.Client.stream`'s."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if not await self._fill(deadline):
            raise self._link.nothing_of(self._subscription, timeout)
        return self._take()

    async def close(self) -> None:
        """Stop the stream: STP_x. Never fails."""
        await self._link.unsubscribe(self._subscription)

    def _take(self) -> M:
        message: Any = self._subscription.backlog.take()
        return message  # type: ignore[no-any-return]

    async def _fill(self, deadline: float | None) -> bool:
        """Wait for a message; False when there will be none, or not before the deadline."""
        if self._frames:
            return True
        subscription = self._subscription
        await self._link.wait_for(lambda: bool(self._frames) or not subscription.live, deadline)
        if not self._frames and subscription.state is State.REFUSED:
            subscription.check()
        return bool(self._frames)
