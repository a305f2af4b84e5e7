"""The connection of asyncio's client: one task takes in what comes, and brings the link back."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import math
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from igtl.codec.buffers import Buffer
from igtl.errors import ClosedError, OpenIGTLinkError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Sendable, encode_all
from igtl.net.endpoint import Endpoint, addresses_of, limit_silence, open_socket
from igtl.net.transport import drain, half_close, send_some, shut
from igtl.protocol.exchange import Exchange, Subscription
from igtl.protocol.habits import Habits
from igtl.protocol.link import Encoded, Link

__all__ = ["Line", "opened"]

T = TypeVar("T")

#: A large message is handed to the loop in parts of so many bytes.
_PART = 1 << 18
#: Closing waits so many seconds for the peer to read what was sent; ten times that while it does.
_LINGER = 0.5


async def opened(endpoint: Endpoint, timeout: float) -> socket.socket:
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


class Line(Link):
    """One connection after another to the same server, read by a task of its own."""

    def __init__(
        self, sock: socket.socket, endpoint: Endpoint, habits: Habits, *, timeout: float = 5.0
    ) -> None:
        super().__init__(str(endpoint), addresses_of(sock), habits)
        self._where, self._timeout = endpoint, timeout
        self._arrived, self._wanted = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.Lock()
        self._listening = False  # the task waits for the peer, not for us
        self._watch: asyncio.Handle | None = None  # over a silent peer
        self._watch_ends = math.inf
        self._handling: set[asyncio.Task[object]] = set()  # coroutines of `on_event`
        self._prepare(sock)
        self._sock = sock
        self._task = asyncio.create_task(self._read())

    def _prepare(self, sock: socket.socket) -> None:
        if self._habits.keep_alive is not None:
            limit_silence(sock, self._habits.keep_alive)

    async def _begin(self) -> None:
        """Say what is to be said first."""
        try:
            if words := self._first_words():
                await self.send(*words)
        except BaseException:
            await self.close()
            raise

    async def wait_for(self, done: Callable[[], bool], deadline: float | None) -> bool:
        """Wait until `done()`; False when it never will be, or not before `deadline`.

        Raises:
            FramingError, ClosedError: the connection broke.
        """
        try:
            async with asyncio.timeout(None if deadline is None else deadline - time.monotonic()):
                while not done() and await self._more():
                    if not done():
                        self._drop_oldest()
        except builtins.TimeoutError:
            pass
        return done()

    async def send(self, *messages: Sendable, timeout: float = 5.0) -> None:
        """Send messages; arguments and errors as for `igtl.Client.send`."""
        encoded = encode_all(self._readable_form(messages), time.time())
        await self._post(lambda: encoded, timeout)

    async def _post(self, words: Callable[[], Encoded], timeout: float) -> None:
        """Send what `words` gives once nobody else sends; errors as for `send`."""
        deadline = time.monotonic() + timeout
        if self._down is not None and not await self.wait_for(lambda: not self._down, deadline):
            raise self._not_sent(timeout)
        async with self._sending:
            self._check_sending()
            sock = self._sock
            pieces, count = words()
            try:
                await self._within(timeout, self._send(sock, pieces), str(self._late(timeout)))
            except (TimeoutError, asyncio.CancelledError) as error:
                self._end(ClosedError(f"sending was broken off: {error!r}"))
                shut(sock)  # the peer may have half of a message
                raise
            except OSError as error:  # what the peer sent before can still be received
                raise self._refused(error) from None
            self.counters.messages_sent += count

    async def close(self) -> None:
        """Close the link. What was sent still arrives; a waiting reader ends. Never fails."""
        if self._closed:
            return
        self._close()
        self._arrived.set()
        self._task.cancel()
        try:
            await asyncio.wait({self._task})
            half_close(self._sock)
            if self.counters.bytes_sent and self._down is None:
                await asyncio.to_thread(drain, self._sock, _LINGER)
        finally:
            shut(self._sock)
            self._sock.close()

    async def _greet(self) -> None:
        """Wait for what the peer says first, for the moment that this may take."""
        if self._stranger:
            await self.wait_for(lambda: not self._stranger, self._greeting_ends)
            self._greeted = True

    async def _ask(self, exchange: Exchange, timeout: float) -> None:
        """Send a question and wait until it is settled, one way or another."""
        deadline = time.monotonic() + timeout
        try:
            if not self._carries_later(exchange):
                await self._post(lambda: self._words(exchange), timeout)
        except ClosedError:
            if not self._asks_again(exchange):
                raise
        await self.wait_for(lambda: exchange.settled, deadline)
        exchange.expire(timeout)

    async def _start(self, subscription: Subscription[Any], timeout: float) -> None:
        """Begin a stream that was prepared."""
        await self._greet()
        self._session.add(subscription)
        try:
            await self._ask(subscription, timeout)
            if not subscription.backlog.frames:  # else they come first
                subscription.check()
        except BaseException:
            await self._unsubscribe(subscription, linger=0.0)
            raise

    async def _unsubscribe(self, subscription: Subscription[Any], *, linger: float = 1.0) -> None:
        """End a stream; the server's confirmation is waited for if it gave one before."""
        try:
            with subscription:
                stop = subscription.stop(time.monotonic())
                self._arrived.set()  # another task may wait for its messages
                if stop is None or not self._open or self._carries_later(subscription):
                    return
                await self._post(lambda: self._words(subscription), _LINGER)
                if subscription.confirmed and linger:
                    await self.wait_for(lambda: subscription.over, time.monotonic() + linger)
        except (OpenIGTLinkError, OSError):
            pass  # the link is over, and the stream with it

    def _drop_oldest(self) -> None:
        """Make room, and let the reader go on."""
        self._inbox.drop_oldest()
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

    def _tell(self, kind: Any, reason: str) -> None:
        super()._tell(kind, reason)
        self._deliver()

    def _handled(self, outcome: object) -> None:
        """Start what a coroutine function returned."""
        if inspect.iscoroutine(outcome):
            task = asyncio.get_running_loop().create_task(outcome)
            self._handling.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[object]) -> None:
        """A handler's coroutine has ended."""
        self._handling.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._news.failed(task.get_coro(), error)

    # ---- the task that reads

    async def _read(self) -> None:
        """Take in what comes, until it ends for good; wait while the inbox is full."""
        try:
            while self._open:
                if self._down is not None:
                    await self._restore()
                else:
                    await self._read_connection()
        except Exception as error:
            self._finish(ClosedError(f"reading from {self.endpoint} failed: {error!r}"))
            raise
        finally:
            if self._watch is not None:
                self._watch.cancel()
            self._arrived.set()

    async def _read_connection(self) -> None:
        """Take in what comes over one connection, until it ends."""
        loop, inbox = asyncio.get_running_loop(), self._inbox
        try:
            while self._receiving:
                if inbox.full:
                    self._listening = False
                    self._wanted.clear()
                    await self._wanted.wait()
                if self._watch is None or self._session.due_at < self._watch_ends:
                    self._begin_watch()
                self._listening = True
                # Never cancelled for a time-out: bytes that have just come would be lost.
                count = await loop.sock_recv_into(self._sock, inbox.buffer())
                asked = self._session.active
                if self._received(count) or asked:
                    self._arrived.set()
        except OSError as error:
            self._lost(f": {error}")
        finally:
            self._listening = False
            self._arrived.set()

    # ---- a silent peer

    def _begin_watch(self) -> None:
        now = time.monotonic()
        patience = self._patience(now)
        if patience is not None:
            if self._watch is not None:
                self._watch.cancel()
            patience = min(patience, self.stall_timeout)
            self._watch_ends = now + patience
            self._watch = asyncio.get_running_loop().call_later(patience, self._wake)

    def _wake(self) -> None:
        """Time is over; but what has come by now is taken in first, if the loop was late."""
        self._watch_ends = -math.inf
        self._watch = asyncio.get_running_loop().call_soon(self._see_to_silence)

    def _see_to_silence(self) -> None:
        self._watch = None
        if not self._listening:
            self._ask_again(time.monotonic())
            return
        self._look(time.monotonic())
        if self._receiving:
            self._begin_watch()
        else:
            shut(self._sock)

    def _whisper(self, words: Callable[[], Sequence[Message]]) -> int | None:
        if self._sending.locked():
            return None
        pieces, count = encode_all(words(), time.time())
        try:
            sent = send_some(self._sock, pieces)
        except OSError:
            sent = -1
        if sent < 0 or (sent and pieces):  # reading will tell
            shut(self._sock)
            return 0
        self.counters.bytes_sent += sent
        self.counters.messages_sent += count if sent else 0
        return sent

    # ---- another connection instead

    async def _restore(self) -> None:
        """Connect again when it is time to."""
        assert self._recovery is not None
        shut(self._sock)
        await asyncio.sleep(max(0.0, self._recovery.due_at - time.monotonic()))
        if self._gives_up():
            return
        try:
            await self._resume(await opened(self._where, self._timeout))
        except (OpenIGTLinkError, OSError) as error:
            self._failed(error)

    async def _resume(self, sock: socket.socket) -> None:
        """Go on with a new connection: what was asked for is asked for again, before all else."""
        resumed = False
        try:
            addresses = addresses_of(sock)
            self._prepare(sock)
            async with self._sending:
                await self._say_first(sock, self._questions_again())
                self._sock.close()
                self._sock = sock
                self._restored(addresses)
                resumed = True
                await self._say_first(sock, self._session.unsent())
        except BaseException as error:
            if resumed:
                self._end(ClosedError(f"{self.endpoint} broke the new connection: {error!r}"))
                shut(sock)
            else:
                self._not_restored()
                sock.close()
            if not (resumed and isinstance(error, (OSError, TimeoutError))):
                raise
        self._arrived.set()

    async def _say_first(self, sock: socket.socket, words: list[Message]) -> None:
        """Send over a new connection; the lock for sending is held."""
        pieces, count = encode_all(words, time.time())
        late = str(self._late(self._timeout))
        await self._within(self._timeout, self._send(sock, pieces), late)
        self.counters.messages_sent += count

    async def _send(self, sock: socket.socket, pieces: list[Buffer]) -> None:
        while pieces and (sent := send_some(sock, pieces)):
            self.counters.bytes_sent += sent
        loop = asyncio.get_running_loop()
        for piece in pieces:  # the socket is full
            for start in range(0, len(piece), _PART):
                part = piece[start : start + _PART]
                await loop.sock_sendall(sock, part)
                self.counters.bytes_sent += len(part)
                self._made_room()

    async def _within(self, timeout: float | None, waiting: Awaitable[T], wanted: str) -> T:
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        except builtins.TimeoutError:
            raise TimeoutError(wanted) from None
