"""The blocking client: one connection to a server, read in the caller's own thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import ClosedError, DecodeError, FramingError, TimeoutError
from igtl.messages.message import Message, decode_frame
from igtl.messages.series import Series, encode_all
from igtl.net.endpoint import Endpoint, addresses_of, open_socket
from igtl.net.transport import DONTWAIT, drain, half_close, read_into, send_some, shut, wait
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.link import Link

__all__ = ["Client", "connect"]

M = TypeVar("M", bound=Message)

#: Closing waits so many seconds for the peer to read what was sent; ten times that while it does.
_LINGER = 0.5
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

    Raises:
        EndpointError: the text is not understood.
        ConnectError: nobody listens there.
        TimeoutError: no answer in time.
    """
    where = Endpoint.parse(endpoint)
    return Client(open_socket(where, timeout), str(where), max_body=max_body, spin=spin)


class Client(Link):
    """A connection to a server. Made by `connect`.

    Iterating gives every message in order until the peer closes. Nothing is read while nobody
    asks: the peer then has to wait or to drop. One thread receives; any thread may send or close.
    """

    def __init__(
        self,
        sock: socket.socket,
        endpoint: str,
        *,
        max_body: int = DEFAULT_MAX_BODY,
        spin: float = SPIN,
    ) -> None:
        super().__init__(endpoint, addresses_of(sock), max_body)
        sock.setblocking(DONTWAIT != 0)
        self._sock = sock
        self._reading, self._sending = threading.Lock(), threading.Lock()
        self._spin = spin
        self._asked_at = 0.0  # when something was sent that may be answered
        self._quick = False  # the last answer came within `spin`
        self._turn_wanted = False  # a thread that receives waits for one that sends
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

    def send(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
        """Send messages, together in as few system calls as possible; returns when all are sent.

        Messages without a timestamp get the time of now. What the peer sends meanwhile is taken
        in, so two sides that send at once do not block each other.

        Args:
            timeout: seconds it may take.

        Raises:
            MessageError: a message cannot be encoded; none is sent.
            TimeoutError: the peer does not read; the link ends, since it may have half a message.
            ClosedError: the link is closed.
        """
        pieces, count = encode_all(messages, time.time())
        deadline = time.monotonic() + timeout
        with self._sending:
            self._check_sending()
            try:
                self._send(pieces, deadline, timeout)
            except (TimeoutError, KeyboardInterrupt) as error:
                self._end(ClosedError(f"sending was broken off: {error!r}"))
                shut(self._sock)
                raise
            except OSError as error:  # what the peer sent before can still be received
                raise self._refused(error) from None
            self.counters.messages_sent += count
            self._asked_at = time.monotonic()

    def close(self) -> None:
        """Close the link. What was sent still arrives; a blocked reader ends. Never fails."""
        if self._closed:
            return
        self._closed = True
        idle = self._sending.acquire(timeout=_LINGER)
        half_close(self._sock)
        # Who reads elsewhere must not find this thread taking pieces out of the stream. It stops
        # at the next message, and leaves the rest to us.
        alone = self._reading.acquire(timeout=_LINGER if self.counters.bytes_sent else 0.0)
        try:
            if alone and idle and self.counters.bytes_sent:
                drain(self._sock, _LINGER)
            shut(self._sock)
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
        """Read until a message is complete; False when none will be, or not before `deadline`.

        Args:
            known: so many messages wait already. More are no reason to read: a thread that sends
                took them in.

        Raises:
            FramingError, ClosedError: as `__iter__`.
        """
        if not (self._reading.acquire(blocking=False) or self._await_turn(deadline)):
            return len(self._inbox.frames) > known
        try:
            if len(self._inbox.frames) > known:
                return True
            asked, self._asked_at = self._asked_at, 0.0
            if asked and self._quick and self._read_spinning(asked + self._spin):
                return True
            complete = self._read_waiting(deadline)
            self._quick = asked > 0.0 and time.monotonic() < asked + self._spin
        finally:
            self._reading.release()
        if not complete:
            self._raise_if_broken()
        return complete

    def _await_turn(self, deadline: float | None) -> bool:
        """Wait until a thread that sends, and reads meanwhile, lets go of the socket."""
        self._turn_wanted = True
        try:
            left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
            return self._reading.acquire(timeout=left)
        finally:
            self._turn_wanted = False

    def _read_spinning(self, until: float) -> bool:
        """Read again and again until a message is complete; False when `until` has passed."""
        while not self._read_once(DONTWAIT):
            if self._ended is not None or time.monotonic() > until:
                return False
        return True

    def _read_waiting(self, deadline: float | None) -> bool:
        """Read, sleeping in between, until a message is complete; False when none will be."""
        while self._open:
            flags = DONTWAIT
            if (
                DONTWAIT
                and deadline is None
                and not self._likely
                and not self._inbox.reader.pending
            ):
                flags = 0  # wait in the read itself: one call, one wake-up
            elif not self._likely and not self._readable(deadline):
                return False
            if self._read_once(flags):
                return True
        return False

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
        except OSError as error:
            self._lost(f": {error}")
            return 0
        except BaseException:
            if self._taking:  # Ctrl-C just here: what was taken in is not certain
                self._end(ClosedError("receiving was interrupted"))
            raise
        return complete

    def _readable(self, deadline: float | None) -> bool:
        """Wait until there is something to read; False when the deadline passed."""
        stalls = self._inbox.reader.pending > 0
        now = time.monotonic()
        left = None if deadline is None else max(0.0, deadline - now)
        patience = (
            self.stall_timeout if stalls and (left is None or left > self.stall_timeout) else left
        )
        if wait(self._sock, read=True, write=False, timeout=patience)[0]:
            return True
        if stalls and patience == self.stall_timeout:
            self._stalled()
        return False

    def _send(self, pieces: list[Buffer], deadline: float, timeout: float) -> None:
        while pieces:
            self.counters.bytes_sent += send_some(self._sock, pieces)
            if pieces:
                self._wait_to_send(deadline, timeout)

    def _wait_to_send(self, deadline: float, timeout: float) -> None:
        """Wait until the socket takes more; what the peer sends meanwhile is taken in."""
        left = deadline - time.monotonic()
        reads = not (
            self._turn_wanted or self._inbox.full or self._ended is not None
        ) and self._reading.acquire(blocking=False)
        try:
            readable, writable = wait(self._sock, read=reads, write=True, timeout=left)
            if readable:
                self._read_once(DONTWAIT)
        finally:
            if reads:
                self._reading.release()
        if not (readable or writable):
            raise self._late(timeout)
