"""The connection of a blocking client: who reads, who sends, and how it comes back.

Whoever waits for something reads, in its own thread, and takes in all that comes; others that wait
meanwhile are told when there is something new, or when it is their turn to read.
"""

from __future__ import annotations

import inspect
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from igtl.codec.buffers import Buffer
from igtl.errors import ClosedError, MessageError, OpenIGTLinkError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Sendable, encode_all
from igtl.net.endpoint import Endpoint, addresses_of, limit_silence, open_socket
from igtl.net.transport import DONTWAIT, drain, half_close, read_into, send_some, shut, wait
from igtl.protocol.exchange import Exchange, Subscription
from igtl.protocol.habits import Habits
from igtl.protocol.link import Encoded, H, Link

__all__ = ["SPIN", "Line"]

#: Closing waits so many seconds for the peer to read what was sent; ten times that while it does.
_LINGER = 0.5
#: An attempt to connect again takes so many seconds at least, though less time is left.
_ATTEMPT = 0.25
#: Seconds for which an answer is looked for before sleeping, where the last one was as quick.
SPIN = 200e-6


class Line(Link):
    """One connection after another to the same server, read by whoever waits."""

    def __init__(
        self,
        sock: socket.socket,
        endpoint: Endpoint,
        habits: Habits,
        *,
        timeout: float = 5.0,
        spin: float = SPIN,
    ) -> None:
        super().__init__(str(endpoint), addresses_of(sock), habits)
        self._where, self._timeout = endpoint, timeout
        self._reading, self._sending = threading.Lock(), threading.Lock()
        self._turn = threading.Condition()  # somebody stopped reading, or something came
        self._waiting = 0  # threads that wait for that
        self._spin = spin
        self._asked_at = 0.0  # when something was sent that may be answered
        self._quick = False  # the last answer came within `spin`
        self._closing = threading.Event()
        self._adopt(sock)
        if words := self._first_words():
            try:
                self.send(*words)
            except BaseException:
                self.close()
                raise

    def _adopt(self, sock: socket.socket) -> None:
        """Use a new connection."""
        self._prepare(sock)
        self._sock = sock
        self._counts: list[int] = []  # what was read and not taken in
        self._taking = False  # it is being taken in
        self._likely = False  # the last read filled its buffer: there is probably more

    def _prepare(self, sock: socket.socket) -> None:
        sock.setblocking(DONTWAIT != 0)
        if self._habits.keep_alive is not None:
            limit_silence(sock, self._habits.keep_alive)

    def wait_for(self, done: Callable[[], bool], deadline: float | None) -> bool:
        """Read until `done()`; False when it never will be, or not before `deadline`.

        Where another thread reads, this one waits for it to read what is wanted, or to stop.

        Raises:
            FramingError, ClosedError: as `__iter__`.
        """
        while True:
            if self._reading.acquire(blocking=False) or self._await_turn(done, deadline):
                try:
                    self._read_until(done, deadline)
                finally:
                    self._reading.release()
                    self._stir()
            if not self._news:
                break
            self._deliver()
        if not done():
            self._raise_if_broken()
            return done()
        return True

    def on_event(self, handler: H) -> H:
        """Decorator: call the function with a `LinkEvent` when the link breaks or is restored.

        It is called by whoever notices: who receives, or sends, in that thread. It may use the
        link, but should not take long.

        Raises:
            MessageError: it is a coroutine function, for which there is `igtl.aio`.
        """
        if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - of an object
        ):
            raise MessageError(
                f"{handler!r} is a coroutine function, which a blocking link cannot run: give a "
                "plain function, or use igtl.aio"
            )
        return super().on_event(handler)

    def send(self, *messages: Sendable, timeout: float = 5.0) -> None:
        """Send messages, together in as few system calls as possible; returns when all are sent.

        Messages without a timestamp get the time of now. What the peer sends meanwhile is taken
        in, so two sides that send at once do not block each other.

        Args:
            timeout: seconds it may take.

        Raises:
            MessageError: a message cannot be encoded, or said to this kind of server; none is sent.
            TimeoutError: the peer does not read; the connection ends, since it may have half a
                message. Or the link is being restored for as long.
            ClosedError: the link is closed, or broke just now: what was sent may not have arrived.
        """
        encoded = encode_all(self._readable_form(messages), time.time())
        self._post(lambda: encoded, timeout)

    def _post(self, words: Callable[[], Encoded], timeout: float) -> None:
        """Send what `words` gives once nobody else sends; errors as for `send`."""
        deadline = time.monotonic() + timeout
        if self._down is not None and not self.wait_for(lambda: self._down is None, deadline):
            raise self._not_sent(timeout)
        broken: ClosedError | None = None
        try:
            with self._sending:
                self._check_sending()
                sock = self._sock
                pieces, count = words()
                try:
                    self._send(sock, pieces, deadline, timeout)
                except (TimeoutError, KeyboardInterrupt) as error:
                    self._end(ClosedError(f"sending was broken off: {error!r}"))
                    shut(sock)
                    raise
                except OSError as error:  # what the peer sent before can still be received
                    broken = self._refused(error)
                else:
                    self.counters.messages_sent += count
                    self._asked_at = time.monotonic()
        finally:
            if self._news:
                self._deliver()
        if broken is not None:
            self._find_broken(sock, deadline)
            raise broken

    def _find_broken(self, sock: socket.socket, deadline: float) -> None:
        """Where the link will be restored: read until the end of a connection that broke."""
        if self._recovery is not None:
            self.wait_for(lambda: self._down is not None or self._sock is not sock, deadline)

    def close(self) -> None:
        """Close the link. What was sent still arrives; a blocked reader ends. Never fails."""
        if self._closed:
            return
        self._close()
        self._closing.set()
        self._stir()
        idle = self._sending.acquire(timeout=_LINGER)
        half_close(self._sock)
        # Who reads elsewhere must not find this thread taking pieces out of the stream. It stops
        # at the next message, and leaves the rest to us.
        alone = self._reading.acquire(timeout=_LINGER if self.counters.bytes_sent else 0.0)
        try:
            if alone and idle and self.counters.bytes_sent and self._down is None:
                drain(self._sock, _LINGER)
            shut(self._sock)
            self._stir()
            # A signal handler that closes may have interrupted the reader, which cannot end then.
            alone = alone or self._reading.acquire(timeout=_LINGER)
        finally:
            self._sock.close()
            if alone:
                self._reading.release()
            if idle:
                self._sending.release()

    def _greet(self) -> None:
        """Wait for what the peer says first, for the moment that this may take."""
        if self._stranger:
            self.wait_for(lambda: not self._stranger, self._greeting_ends)
            self._greeted = True

    def _ask(self, exchange: Exchange, timeout: float) -> None:
        """Send a question and wait until it is settled, one way or another."""
        deadline = time.monotonic() + timeout
        try:
            if not self._carries_later(exchange):
                self._post(lambda: self._words(exchange), timeout)
        except ClosedError:
            if not self._asks_again(exchange):
                raise
        self.wait_for(lambda: exchange.settled, deadline)
        exchange.expire(timeout)

    def _unsubscribe(self, subscription: Subscription[Any], *, linger: float = 1.0) -> None:
        """End a stream; the server's confirmation is waited for if it gave one before."""
        try:
            with subscription:
                stop = subscription.stop(time.monotonic())
                if stop is None or not self._open or self._carries_later(subscription):
                    return
                self._post(lambda: self._words(subscription), _LINGER)
                if subscription.confirmed and linger:
                    self.wait_for(lambda: subscription.over, time.monotonic() + linger)
        except (OpenIGTLinkError, OSError):
            pass  # the link is over, and the stream with it

    def _await_turn(self, done: Callable[[], bool], deadline: float | None) -> bool:
        """Wait until this thread may read; False when it need not any more, or time is over."""
        with self._turn:
            self._waiting += 1
            try:
                while not (done() or self._closed):
                    if self._reading.acquire(blocking=False):
                        return True
                    left = None if deadline is None else deadline - time.monotonic()
                    if (left is not None and left <= 0) or not self._turn.wait(left):
                        return False
            finally:
                self._waiting -= 1
        return False

    def _stir(self) -> None:
        """Have threads look that wait for another one to read."""
        if self._waiting:
            with self._turn:
                self._turn.notify_all()

    def _read_until(self, done: Callable[[], bool], deadline: float | None) -> None:
        """Read until `done()`, the deadline or the end; the reading lock is held."""
        asked, self._asked_at = self._asked_at, 0.0
        if asked and self._quick:
            self._read_spinning(done, asked + self._spin)
        while not done() and self._open and not self._news:
            if not (self._restore(deadline) if self._down is not None else self._read(deadline)):
                break
            self._inbox.drop_oldest()
        if asked:
            self._quick = time.monotonic() < asked + self._spin

    def _read_spinning(self, done: Callable[[], bool], until: float) -> None:
        """Read again and again until `done()`, or `until` has passed."""
        while not done() and self._receiving and time.monotonic() < until:
            self._read_once(DONTWAIT)

    def _read(self, deadline: float | None) -> bool:
        """Read once, sleeping until there is something; False when there is nothing in time."""
        flags = DONTWAIT
        if self._again_pending:
            self._ask_again(time.monotonic())
        if (
            DONTWAIT
            and deadline is None
            and not self._likely
            and not self._inbox.reader.pending
            and self._alive is None
            and not self._again_pending
        ):
            flags = 0  # wait in the read itself: one call, one wake-up
        elif not self._likely and not self._readable(deadline):
            return False
        self._read_once(flags)
        return True

    def _read_once(self, flags: int) -> None:
        """Take in what one read gives."""
        buffer, counts = self._inbox.buffer(), self._counts
        try:
            if not counts:
                read_into(self._sock, buffer, counts, flags)
            if not counts:
                self._likely = False
                return
            self._likely = counts[0] == len(buffer)
            self._taking = True
            self._received(counts[0])
            counts.clear()
            self._taking = False
            self._stir()
        except OSError as error:
            self._lost(f": {error}")
        except BaseException:
            if self._taking:  # Ctrl-C just here: what was taken in is not certain
                self._end(ClosedError("receiving was interrupted"))
            raise

    def _readable(self, deadline: float | None) -> bool:
        """Wait until there is something to look at; False when the deadline passed."""
        while True:
            now = time.monotonic()
            ends = [] if deadline is None else [max(0.0, deadline - now)]
            silence = self._patience(now)
            if silence is not None:
                ends.append(silence)
            if wait(self._sock, read=True, write=False, timeout=min(ends, default=None))[0]:
                return True
            now = time.monotonic()
            self._look(now)
            if not self._receiving:
                shut(self._sock)
                return True
            if deadline is not None and now >= deadline:
                return False

    def _whisper(self, words: Callable[[], Sequence[Message]]) -> int | None:
        if not self._sending.acquire(blocking=False):
            return None
        sent = 0
        try:
            pieces, count = encode_all(words(), time.time())
            sent = send_some(self._sock, pieces)
            if sent and pieces:
                self._send(self._sock, pieces, time.monotonic() + _LINGER, _LINGER)
            self.counters.bytes_sent += sent
            self.counters.messages_sent += count if sent else 0
        except (OSError, TimeoutError):
            shut(self._sock)  # reading will tell
        finally:
            self._sending.release()
        return sent

    def _restore(self, deadline: float | None) -> bool:
        """Connect again when it is time to; False when the deadline comes first."""
        assert self._recovery is not None
        shut(self._sock)
        now, due_at = time.monotonic(), self._recovery.due_at
        until = due_at if deadline is None else min(due_at, deadline)
        if now < due_at and (self._closing.wait(max(0.0, until - now)) or until < due_at):
            return False
        if self._gives_up():
            return True
        left = self._timeout if deadline is None else deadline - time.monotonic()
        try:
            self._resume(open_socket(self._where, min(self._timeout, max(left, _ATTEMPT))))
        except (OpenIGTLinkError, OSError) as error:
            self._failed(error)
        return True

    def _resume(self, sock: socket.socket) -> None:
        """Go on with a new connection: what was asked for is asked for again, before all else."""
        resumed = False
        try:
            addresses = addresses_of(sock)
            self._prepare(sock)
            with self._sending:
                if self._closed:
                    raise ClosedError("closed in the meantime")
                self._say_first(sock, self._questions_again())
                self._sock.close()
                self._adopt(sock)
                self._restored(addresses)
                resumed = True
                self._say_first(sock, self._session.unsent())
        except BaseException as error:
            if resumed:
                self._end(ClosedError(f"{self.endpoint} broke the new connection: {error!r}"))
                shut(sock)
            else:
                self._not_restored()
                sock.close()
            if not (resumed and isinstance(error, (OSError, TimeoutError))):
                raise

    def _say_first(self, sock: socket.socket, words: list[Message]) -> None:
        """Send over a new connection; the lock for sending is held."""
        pieces, count = encode_all(words, time.time())
        self._send(sock, pieces, time.monotonic() + self._timeout, self._timeout)
        self.counters.messages_sent += count

    def _send(
        self, sock: socket.socket, pieces: list[Buffer], deadline: float, timeout: float
    ) -> None:
        while pieces:
            self.counters.bytes_sent += send_some(sock, pieces)
            if pieces:
                self._wait_to_send(sock, deadline, timeout)

    def _wait_to_send(self, sock: socket.socket, deadline: float, timeout: float) -> None:
        """Wait until the socket takes more; what the peer sends meanwhile is taken in."""
        reads = (
            self._receiving
            and not (self._waiting or self._inbox.full)
            and self._reading.acquire(blocking=False)
        )
        try:
            left = deadline - time.monotonic()
            readable, writable = wait(sock, read=reads, write=True, timeout=left)
            if readable:
                self._read_once(DONTWAIT)
        finally:
            if reads:
                self._reading.release()
                self._stir()
        if writable:
            self._made_room()
        elif not readable:
            raise self._late(timeout)
