"""The blocking client: one connection to a server, read in the caller's own thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import (
    ClosedError,
    DecodeError,
    FramingError,
    LinkError,
    OpenIGTLinkError,
    TimeoutError,
)
from igtl.messages.command import CommandReply
from igtl.messages.message import Message, decode_frame, encode_buffers
from igtl.messages.series import Series, encode_all
from igtl.messages.status import Capability
from igtl.net.endpoint import Endpoint, addresses_of, limit_silence, open_socket
from igtl.net.transport import DONTWAIT, drain, half_close, read_into, send_some, shut, wait
from igtl.protocol.clock import ClockEstimate
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.link import Habits, Link, LinkEvent, Reconnect
from igtl.protocol.profile import Profile
from igtl.protocol.session import Exchange, State, Subscription

__all__ = ["Client", "Stream", "connect"]

M = TypeVar("M", bound=Message)

#: Closing waits so many seconds for the peer to read what was sent; ten times that while it does.
_LINGER = 0.5
#: An attempt to connect again takes so many seconds at least, though less time is left.
_ATTEMPT = 0.25
#: Seconds for which an answer is looked for before sleeping, where the last one was as quick.
SPIN = 200e-6
#: `latest` reads at most so often before it answers, however fast the peer sends.
_READS_AT_ONCE = 256


def connect(
    endpoint: str = "localhost:18944",
    *,
    timeout: float = 5.0,
    max_body: int = DEFAULT_MAX_BODY,
    spin: float = SPIN,
    profile: str | Profile = "auto",
    reconnect: bool | Reconnect = False,
    keep_alive: float | None = None,
) -> Client:
    """Connect to a server.

    Args:
        endpoint: "host:port", "host", "tcp://host:port" or "unix:///path"; the port is 18944
            unless told otherwise.
        timeout: seconds that connecting may take.
        max_body: a message with a larger body ends the connection, before memory is taken for it.
        spin: seconds to look for an answer again and again before sleeping, after something was
            sent to which the last answer came as fast as this. Waking up costs more than a quick
            answer takes. 0 always sleeps at once.
        profile: what kind of program the server is: "igtl", "slicer", "plus", "plus-strings" or
            "v1"; "auto" recognises it by what it sends first.
        reconnect: whether to restore the link when it breaks, as often as it takes; an
            `igtl.Reconnect` says how. Streams are asked for again; see `Client.on_event`.
        keep_alive: seconds of silence after which the server is given up. After half of them it is
            asked for a sign of life (GET_STATUS). For servers that send all the time, or answer
            queries. None waits for ever, or until the operating system notices.

    Raises:
        EndpointError: the text is not understood.
        MessageError: profile, reconnect or keep_alive make no sense.
        ConnectError: nobody listens there.
        TimeoutError: no answer in time.
    """
    where = Endpoint.parse(endpoint)
    habits = Habits.of(max_body, profile, reconnect, keep_alive)
    return Client(open_socket(where, timeout), where, habits, timeout=timeout, spin=spin)


class Client(Link):
    """A connection to a server. Made by `connect`.

    Iterating gives every message in order until the peer closes. Nothing is read while nobody
    asks: the peer then has to wait or to drop. One thread receives; any thread may send or close.
    """

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
        self._backoff = (habits.reconnect or Reconnect()).backoff()
        self._attempts, self._broke_at = 0, 0.0
        self._next_attempt: float | None = None
        self._adopt(sock)
        if words := self._first_words():
            self.send(*words)

    def _adopt(self, sock: socket.socket) -> None:
        """Use a new connection."""
        sock.setblocking(DONTWAIT != 0)
        if self._habits.keep_alive is not None:
            limit_silence(sock, self._habits.keep_alive)
        self._sock = sock
        self._counts: list[int] = []  # what was read and not taken in
        self._taking = False  # it is being taken in
        self._likely = False  # the last read filled its buffer: there is probably more

    def __iter__(self) -> Iterator[Message]:
        """Every message in order, until the peer closes.

        Raises:
            DecodeError: the next message is malformed. Iterating again goes on behind it, unless
                it was a FramingError, which ends the link.
            ClosedError: the connection broke in the middle of a message.
        """
        frames, decode = self._inbox.frames, decode_frame
        while frames or self._fill(None):
            try:  # as Inbox.take, without its call: half a million times a second
                message = decode(frames.popleft())
            except DecodeError:
                self.counters.errors += 1
                raise
            yield message

    def frames(self) -> Iterator[Frame]:
        """Every message in order as a frame, not decoded and not checked."""
        frames = self._inbox.frames
        while frames or self._fill(None):
            yield frames.popleft()

    def receive(self, timeout: float | None = None) -> Message:
        """The next message.

        Args:
            timeout: seconds to wait for it; None waits for ever.

        Raises:
            TimeoutError: none came in time.
            ClosedError: the link is closed and nothing is left.
            DecodeError: it is malformed; the next call goes on behind it.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._inbox.frames:
            if not self._fill(deadline):
                raise self._nothing(self._no_message(timeout))
        return self._inbox.take()

    def latest(self, cls: type[M], device: str | None = None, *, timeout: float = 5.0) -> M:
        """The newest message of a class that has arrived by now; the first one is waited for.

        What arrived before it stays in line for iteration, within the bounds of the queue; who
        only asks for the latest loses the oldest (`counters.dropped`).

        Args:
            cls: class of messages, such as `igtl.Transform`.
            device: device name; None takes any.
            timeout: seconds to wait when there has been none so far.

        Raises:
            TimeoutError: there has been none.
            ClosedError: the link is over, and there has been none, or none since the last call.
        """
        deadline = time.monotonic() + timeout
        frames = self._inbox.frames
        with contextlib.suppress(ClosedError, FramingError):  # first what came before the end
            for _ in range(_READS_AT_ONCE):
                if not self._fill(0.0, len(frames)):
                    break
                self._inbox.drop_oldest()
        known = len(frames)
        while (message := self._newest(cls, device)) is None:
            if not self._fill(deadline, known):
                raise self._nothing(self._no_latest(cls, device, timeout))
            self._inbox.drop_oldest()
            known = len(frames)
        return message

    def get(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> M:
        """Ask the server for one message: GET_x. What else it sends meanwhile stays in line.

        Args:
            cls: class of messages, such as `igtl.Image`.
            device: device name; None takes any.
            timeout: seconds to wait for the answer.
            fields: of the query, where it has any: those of `igtl.Get(igtl.Bind)`.

        Raises:
            NotAvailable: the server does not have it.
            TimeoutError: no answer in time.
            ClosedError: the link is over, or broke before the answer.
            MessageError: there is no such query, or this kind of server must not be asked.
            DecodeError: the answer is malformed.
        """
        with self._session.get(cls, device, fields) as request:
            self._ask(request, timeout)
            return request.result()

    def stream(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> Stream[M]:
        """Ask the server for a stream of messages: STT_x. Leaving the `with` stops it: STP_x.

            with link.stream(igtl.TrackingData, interval=0.02) as frames:
                for message in frames: ...

        Args:
            cls, device: as for `get`.
            timeout: seconds to wait for the server's consent, or for its first message.
            fields: of the query, where it has any: interval (s; 0 is as fast as possible),
                coordinate_name, codec; those of `igtl.Start(cls)`.

        Raises:
            As `get`.
        """
        subscription = self._session.add(self._session.subscription(cls, device, fields))
        try:
            self._ask(subscription, timeout)
            subscription.check()
        except BaseException:
            self.unsubscribe(subscription, linger=0.0)
            raise
        return Stream(self, subscription)

    def command(
        self,
        name: str,
        content: str | Mapping[str, object] = "",
        *,
        device: str = "",
        timeout: float = 5.0,
        metadata: Mapping[str, str] | None = None,
    ) -> CommandReply:
        """Tell the server to do something: COMMAND. Returns its reply, RTS_COMMAND.

        Args:
            name: of the command.
            content: XML by habit; a mapping gives attributes of `<Command Name="..."/>`.
            device: who is meant, where a server has several.
            timeout: seconds to wait for the reply.
            metadata: to send along.

        Raises:
            CommandError: the server says that it failed; `reply` is what it said.
            TimeoutError, ClosedError, MessageError: as `get`.
        """
        with self._session.command(name, content, device, metadata) as order:
            self._ask(order, timeout)
            return order.result()

    def capabilities(self, *, timeout: float = 5.0) -> tuple[str, ...]:
        """The wire types that the server says it understands: GET_CAPABIL. Errors as `get`."""
        return self.get(Capability, timeout=timeout).types

    def subscribe(
        self,
        *types: str,
        transforms: Sequence[str] = (),
        images: Sequence[str] = (),
        strings: Sequence[str] = (),
        tracking_interval: float | None = None,
    ) -> None:
        """Tell a PLUS server what to send, instead of what it was told before: CLIENTINFO.

        Args:
            types: wire types, such as "IMAGE" and "TRANSFORM".
            transforms, images, strings: names; empty takes those that the server chooses.
            tracking_interval: seconds between TDATA, if that is wanted; 0 is as fast as possible.
        """
        wish = self._wish(types, transforms, images, strings, tracking_interval)
        self.send(wish)

    def ping(self, count: int = 8, *, timeout: float = 5.0) -> ClockEstimate:
        """Measure the round trip, and how the server's clock differs from ours; see `clock`.

        Args:
            count: so many questions.
            timeout: seconds for each answer.

        Raises:
            TimeoutError: the server does not answer GET_STATUS as igtl servers do.
            NotAvailable: it gives no time.
        """
        for number in range(count):
            with self._clock_question(number) as request:
                sent = time.time()
                self._ask(request, timeout)
                arrived = time.time()
                self._compare_clocks(sent, request.result(), arrived)
        return self._clock_estimate()

    def _ask(self, exchange: Exchange, timeout: float) -> None:
        """Send a question and wait until it is settled, one way or another."""
        deadline = time.monotonic() + timeout
        self.send(exchange.question, timeout=timeout)
        self.wait_for(lambda: exchange.settled, deadline)
        exchange.expire(timeout)

    def unsubscribe(self, subscription: Subscription[Any], *, linger: float = 1.0) -> None:
        """End a stream; the server's confirmation is waited for if it gave one before."""
        try:
            with subscription:
                stop = subscription.stop(time.monotonic())
                if stop is None or not self._open or self._down is not None:
                    return
                self.send(stop, timeout=_LINGER)
                if subscription.confirmed and linger:
                    self.wait_for(lambda: subscription.over, time.monotonic() + linger)
        except (OpenIGTLinkError, OSError):
            pass  # the link is over, and the stream with it

    def send(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
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
        pieces, count = encode_all(self._readable_form(messages), time.time())
        deadline = time.monotonic() + timeout
        if self._down is not None and not self.wait_for(lambda: self._down is None, deadline):
            raise self._nothing(f"nothing was sent to {self.endpoint}")
        with self._sending:
            self._check_sending()
            try:
                self._send(pieces, deadline, timeout)
            except (TimeoutError, KeyboardInterrupt) as error:
                self._end(ClosedError(f"sending was broken off: {error!r}"))
                shut(self._sock)
                raise
            except OSError as error:  # what the peer sent before can still be received
                broken = self._refused(error)
            else:
                self.counters.messages_sent += count
                self._asked_at = time.monotonic()
                return
        if self._habits.reconnect is not None:
            self.wait_for(lambda: self._down is not None, deadline)
        raise broken

    def close(self) -> None:
        """Close the link. What was sent still arrives; a blocked reader ends. Never fails."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        idle = self._sending.acquire(timeout=_LINGER)
        half_close(self._sock)
        # Who reads elsewhere must not find this thread taking pieces out of the stream. It stops
        # at the next message, and leaves the rest to us.
        alone = self._reading.acquire(timeout=_LINGER if self.counters.bytes_sent else 0.0)
        try:
            if alone and idle and self.counters.bytes_sent:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _fill(self, deadline: float | None, known: int = 0) -> bool:
        """Read until more than `known` messages wait; as `wait_for`."""
        frames = self._inbox.frames
        return self.wait_for(lambda: len(frames) > known, deadline)

    def wait_for(self, done: Callable[[], bool], deadline: float | None) -> bool:
        """Read until `done()`; False when it never will be, or not before `deadline`.

        Where another thread reads, this one waits for it to read what is wanted, or to stop.

        Raises:
            FramingError, ClosedError: as `__iter__`.
        """
        if self._reading.acquire(blocking=False) or self._await_turn(done, deadline):
            try:
                self._read_until(done, deadline)
            finally:
                self._reading.release()
                self._stir()
        if not done():
            self._raise_if_broken()
            return done()
        return True

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
        while not done() and self._open:
            if not (self._restore(deadline) if self._down is not None else self._read(deadline)):
                break
            self._inbox.drop_oldest()
        if asked:
            self._quick = time.monotonic() < asked + self._spin

    def _read_spinning(self, done: Callable[[], bool], until: float) -> None:
        """Read again and again until `done()`, or `until` has passed."""
        while not done() and self._open and self._down is None and time.monotonic() < until:
            self._read_once(DONTWAIT)

    def _read(self, deadline: float | None) -> bool:
        """Read once, sleeping until there is something; False when there is nothing in time."""
        flags = DONTWAIT
        if (
            DONTWAIT
            and deadline is None
            and not self._likely
            and not self._inbox.reader.pending
            and self._alive is None
        ):
            flags = 0  # wait in the read itself: one call, one wake-up
        elif not self._likely and not self._readable(deadline):
            return False
        self._read_once(flags)
        return True

    def _read_once(self, flags: int) -> int:
        """Take in what one read gives; how many messages it completed."""
        buffer, counts = self._inbox.buffer(), self._counts
        try:
            if not counts:
                read_into(self._sock, buffer, counts, flags)
            if not counts:
                self._likely = False
                return 0
            self._likely = counts[0] == len(buffer)
            self._taking = True
            complete = self._received(counts[0])
            counts.clear()
            self._taking = False
            self._stir()
        except OSError as error:
            self._lost(f": {error}")
            return 0
        except BaseException:
            if self._taking:  # Ctrl-C just here: what was taken in is not certain
                self._end(ClosedError("receiving was interrupted"))
            raise
        return complete

    def _readable(self, deadline: float | None) -> bool:
        """Wait until there is something to look at; False when the deadline passed."""
        while True:
            now = time.monotonic()
            ends = [deadline - now] if deadline is not None else []
            stalls = self._inbox.reader.pending > 0
            if stalls:
                ends.append(self.stall_timeout)
            if self._alive is not None:
                ends.append(self._alive.next(now))
            patience = max(0.0, min(ends)) if ends else None
            if wait(self._sock, read=True, write=False, timeout=patience)[0]:
                return True
            if stalls and patience == self.stall_timeout:
                self._stalled()
                return True
            if self._gave_up():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False

    def _gave_up(self) -> bool:
        """See to a peer that is silent; whether that was too long."""
        now = time.monotonic()
        state = self._silence(now)
        if state == "ask" and self._alive is not None:
            self._alive.asked(now)
            self._whisper(self._sign_of_life())
        elif state == "dead":
            self._fell_silent()
            shut(self._sock)
        return state == "dead"

    def _whisper(self, message: Message) -> None:
        """Send a small message, unless somebody else sends or the socket takes nothing now."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            pieces = list(encode_buffers(message, now=time.time()))
            sent = send_some(self._sock, pieces)
            if sent and pieces:
                self._send(pieces, time.monotonic() + _LINGER, _LINGER)
            self.counters.bytes_sent += sent
            self.counters.messages_sent += bool(sent)
        except (OSError, TimeoutError):
            shut(self._sock)  # reading will tell
        finally:
            self._sending.release()

    def _restore(self, deadline: float | None) -> bool:
        """Connect again when it is time to; False when the deadline comes first."""
        plan = self._habits.reconnect
        assert plan is not None
        if self._next_attempt is None:
            shut(self._sock)
            self._attempts, self._broke_at = 0, time.monotonic()
            self._next_attempt = self._broke_at + self._backoff.next()
        if plan.gives_up(time.monotonic() - self._broke_at):
            self._finish(ClosedError(f"not restored within {plan.give_up_after:g} s: {self._down}"))
            return True
        until = self._next_attempt if deadline is None else min(self._next_attempt, deadline)
        if self._closing.wait(max(0.0, until - time.monotonic())) or until < self._next_attempt:
            return False
        self._attempts += 1
        left = self._timeout if deadline is None else deadline - time.monotonic()
        try:
            self._resume(open_socket(self._where, min(self._timeout, max(left, _ATTEMPT))))
        except (LinkError, TimeoutError, OSError) as error:
            self._down = error
            self._next_attempt = time.monotonic() + self._backoff.next()
            self._tell(LinkEvent("retrying", str(error), self._gap(), self._attempts))
        return True

    def _resume(self, sock: socket.socket) -> None:
        """Go on with a new connection: what was asked for is asked for again, before all else."""
        try:
            addresses = addresses_of(sock)
            with self._sending:
                if self._closed:
                    raise ClosedError("closed in the meantime")
                words = self._restored(addresses, self._attempts)
                old, self._next_attempt = self._sock, None
                self._adopt(sock)
                old.close()
                pieces, count = encode_all(words, time.time())
                self._send(pieces, time.monotonic() + self._timeout, self._timeout)
                self.counters.messages_sent += count
        except BaseException:
            sock.close()
            raise
        self._backoff.reset()

    def _send(self, pieces: list[Buffer], deadline: float, timeout: float) -> None:
        while pieces:
            self.counters.bytes_sent += send_some(self._sock, pieces)
            if pieces:
                self._wait_to_send(deadline, timeout)

    def _wait_to_send(self, deadline: float, timeout: float) -> None:
        """Wait until the socket takes more; what the peer sends meanwhile is taken in."""
        left = deadline - time.monotonic()
        reads = not (
            self._waiting or self._inbox.full or self._ended is not None
        ) and self._reading.acquire(blocking=False)
        try:
            readable, writable = wait(self._sock, read=reads, write=True, timeout=left)
            if readable:
                self._read_once(DONTWAIT)
        finally:
            if reads:
                self._reading.release()
                self._stir()
        if not (readable or writable):
            raise self._late(timeout)


class Stream(Generic[M]):
    """Messages that were asked for with `Client.stream`; iterate over it. Closing it stops them.

    What comes and is not taken waits, up to 10,000 messages and 256 MiB; beyond, the oldest are
    dropped and counted.
    """

    def __init__(self, link: Client, subscription: Subscription[M]) -> None:
        self._link, self._subscription = link, subscription
        self._frames = subscription.backlog.frames

    @property
    def dropped(self) -> int:
        """Messages of this stream that were thrown away, because nobody took them."""
        return self._subscription.dropped

    def __iter__(self) -> Iterator[M]:
        """Every message in order, until the stream is closed or the link ends.

        Raises:
            NotAvailable: the server ended the stream.
            DecodeError: the next message is malformed. Iterating again goes on behind it.
            ClosedError: the connection broke.
        """
        while self._frames or self._fill(None):
            yield self._take()

    def receive(self, timeout: float | None = None) -> M:
        """The next message.

        Args:
            timeout: seconds to wait for it; None waits for ever.

        Raises:
            TimeoutError: none came in time.
            ClosedError: the stream was closed, or the link is over.
            NotAvailable, DecodeError: as for iterating.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not (self._frames or self._fill(deadline)):
            raise self._link.nothing_of(self._subscription, timeout)
        return self._take()

    def close(self) -> None:
        """Stop the stream: STP_x. Never fails."""
        self._link.unsubscribe(self._subscription)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self) -> M:
        message: Any = self._subscription.backlog.take()
        return message  # type: ignore[no-any-return]

    def _fill(self, deadline: float | None) -> bool:
        """Wait for a message; False when there will be none, or not before the deadline."""
        subscription = self._subscription
        self._link.wait_for(lambda: bool(self._frames) or not subscription.live, deadline)
        if not self._frames and subscription.state is State.REFUSED:
            subscription.check()
        return bool(self._frames)
