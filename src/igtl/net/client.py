"""The blocking client: one connection to a server, read in the caller's own thread."""

from __future__ import annotations

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
from igtl.net.transport import DONTWAIT, finish, read_into, send_some, wait
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.inbox import Inbox

__all__ = ["Client", "connect"]

M = TypeVar("M", bound=Message)

#: A peer that stops in the middle of a message for so many seconds is given up.
STALL_TIMEOUT = 30.0
#: Closing waits at most so many seconds for the peer to read what was sent.
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


class Client:
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
        self.endpoint = endpoint
        self.peer_address, self.local_address = addresses_of(sock)
        sock.setblocking(DONTWAIT != 0)
        self._sock = sock
        self._inbox = Inbox(max_body=max_body)
        self._reading, self._sending = threading.Lock(), threading.Lock()
        self._spin = spin
        self._asked_at = 0.0  # when something was sent that may be answered
        self._quick = False  # the last answer came within `spin`
        self._turn_wanted = False  # a thread that receives waits for one that sends
        self._likely = False  # the last read filled its buffer: there is probably more
        self._ended: Exception | None = None
        self._closed = False

    @property
    def counters(self) -> Counters:
        """What went over this link."""
        return self._inbox.counters

    @property
    def closed(self) -> bool:
        """Whether this side was closed."""
        return self._closed

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
                raise self._nothing(f"no message from {self.endpoint} within {timeout} s")
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
            ClosedError: the link is closed and there has been none.
        """
        deadline = time.monotonic() + timeout
        frames = self._inbox.frames
        for _ in range(_READS_AT_ONCE):
            if not self._fill(0.0, len(frames)):
                break
            self._inbox.drop_oldest()
        known = len(frames)
        while (message := self._inbox.latest(cls, device)) is None:
            if not self._fill(deadline, known):
                named = f" of device {device!r}" if device is not None else ""
                wanted = f"no {cls.__name__}{named} from {self.endpoint} within {timeout:g} s"
                raise self._nothing(wanted)
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
            if self._closed:
                raise ClosedError(f"the link to {self.endpoint} was closed by this side")
            try:
                self._send(pieces, deadline, timeout)
            except (TimeoutError, KeyboardInterrupt) as error:
                self._ended = self._ended or ClosedError(f"sending was broken off: {error!r}")
                finish(self._sock, linger=0.0)
                raise
            except OSError as error:  # what the peer sent before can still be received
                raise ClosedError(f"{self.endpoint} closed the connection: {error}") from None
            self.counters.messages_sent += count
            self._asked_at = time.monotonic()

    def close(self) -> None:
        """Close the link. What was sent still arrives; a blocked reader ends. Never fails."""
        if not self._closed:
            self._closed = True
            idle = self._sending.acquire(timeout=_LINGER)
            finish(self._sock, linger=_LINGER if self.counters.bytes_sent and idle else 0.0)
            if idle:
                self._sending.release()
            # A signal handler that closes may have interrupted the reader, which then cannot end.
            read_out = self._reading.acquire(timeout=_LINGER)
            self._sock.close()
            if read_out:
                self._reading.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<igtl.Client {self.local_address} -> {self.peer_address}{' closed' * self._closed}>"
        )

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
        if not complete and isinstance(self._ended, (FramingError, ClosedError)):
            raise self._ended
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
        while self._ended is None and not self._closed:
            flags = DONTWAIT
            if deadline is None and not self._likely and not self._inbox.reader.pending:
                flags = 0  # wait in the read itself: one call, one wake-up
            elif not self._likely and not self._readable(deadline):
                return False
            if self._read_once(flags):
                return True
        return False

    def _read_once(self, flags: int) -> int:
        """Take in what one read gives; how many messages it completed."""
        inbox = self._inbox
        try:
            buffer = inbox.buffer()
            count = read_into(self._sock, buffer, flags)
        except OSError as error:
            count, reason = 0, f": {error}"
        else:
            reason = ""
        self._likely = count == len(buffer)
        if count is None:
            return 0
        if count == 0:
            self._ended = self._lost(reason)
            return 0
        complete = inbox.received(count)
        if inbox.reader.error is not None:
            self.counters.errors += 1
            self._ended = inbox.reader.error
        return complete

    def _lost(self, reason: str) -> Exception:
        """What the end of the stream means: EOFError for an orderly one."""
        pending = self._inbox.reader.pending
        if self._closed or not (reason or pending):
            return EOFError(f"{self.endpoint} closed the connection")
        middle = f" in the middle of a message, after {pending} bytes of it" if pending else ""
        return ClosedError(f"{self.endpoint} broke the connection{middle}{reason}")

    def _readable(self, deadline: float | None) -> bool:
        """Wait until there is something to read; False when the deadline passed."""
        stalls = self._inbox.reader.pending > 0
        now = time.monotonic()
        left = None if deadline is None else max(0.0, deadline - now)
        patience = STALL_TIMEOUT if stalls and (left is None or left > STALL_TIMEOUT) else left
        if wait(self._sock, read=True, write=False, timeout=patience)[0]:
            return True
        if stalls and patience == STALL_TIMEOUT:
            self._ended = ClosedError(
                f"{self.endpoint} sent nothing for {STALL_TIMEOUT:g} s in the middle of a message"
            )
        return False

    def _nothing(self, wanted: str) -> Exception:
        """Why there is no message: the link ended, or the time is over."""
        if self._ended is not None or self._closed:
            reason = "this side closed the link" if self._closed else self._ended
            return ClosedError(f"{wanted}: {reason}")
        return TimeoutError(wanted)

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
            raise TimeoutError(f"{self.endpoint} did not read what was sent within {timeout:g} s")
