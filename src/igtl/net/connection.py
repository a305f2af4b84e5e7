"""One connection of a server: a queue, a pace, and bytes in both directions."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from igtl.codec.frame import Frame
from igtl.errors import TimeoutError
from igtl.net.endpoint import describe_address
from igtl.net.reactor import Reactor
from igtl.net.transport import half_close, hung_up, read_into, readable, shut, write
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY, FrameReader
from igtl.protocol.outbox import Outbox, Push, WhenFull
from igtl.protocol.outgoing import Outgoing

__all__ = ["Connection", "Limits"]

#: Small messages go out at once, a system call each, until those that follow another within `_SOON`
#: seconds have spent one part in `_SHARE` of the time on such calls, `_BURST` seconds of it ahead.
#: From then on they gather, and one call sends them all, after `_DELAY` seconds at the latest.
_SOON, _SHARE, _BURST, _DELAY = 25e-6, 8, 3e-3, 2e-3
#: So many bytes go out at once in any case.
_ENOUGH = 1 << 15


@dataclass(frozen=True)
class Limits:
    """What one client may take.

    Attributes:
        when_full: what happens to a client whose queue is full, see `igtl.protocol.outbox`.
        queue_messages, queue_bytes: bounds of its queue.
        max_clients: further ones are refused.
        max_body: a message with a larger body ends its connection.
        stall_timeout: seconds of silence in the middle of a message that end its connection.
    """

    when_full: WhenFull = "drop-oldest"
    queue_messages: int = 10_000
    queue_bytes: int = 128 << 20
    max_clients: int = 1000
    max_body: int = DEFAULT_MAX_BODY
    stall_timeout: float = 30.0


class Connection:
    """A connection that the reactor reads, and any thread writes to, through a queue.

    Attributes:
        address: of the client, as text.
        lock: of all that goes out, in order.
        crowded: whether so many answers wait that no further ones should be made; `on_room` is
            called in the reactor's thread when that is over.
    """

    def __init__(
        self,
        sock: socket.socket,
        reactor: Reactor,
        limits: Limits,
        *,
        on_frames: Callable[[Any, list[Frame]], None],
        on_closed: Callable[[Any, str], None],
        on_room: Callable[[Any], None],
    ) -> None:
        self.address = describe_address(sock.getpeername())
        self.counters = Counters()
        self.closed = self.crowded = False
        self._sock, self._reactor = sock, reactor
        self._on_frames, self._on_closed, self._on_room = on_frames, on_closed, on_room
        self._reader = FrameReader(limits.max_body)
        self._outbox = Outbox(
            when_full=limits.when_full,
            max_messages=limits.queue_messages,
            max_bytes=limits.queue_bytes,
            counters=self.counters,
        )
        self.lock = threading.RLock()
        self._room = threading.Condition(self.lock)
        self._blocked = False  # the socket takes nothing now: the reactor waits for it
        self._paused: set[object] = set()  # who wants nothing to be read
        self._gathering = False  # the reactor will send what gathers
        self._paced_until = self._soon_until = 0.0
        self._stall_timeout = limits.stall_timeout
        self._last_read = time.monotonic()

    @property
    def queued(self) -> int:
        """Messages that are not sent yet."""
        return len(self._outbox)

    def push(self, items: list[Outgoing]) -> list[Outgoing]:
        """Queue items and send what can be sent now; those for which the sender has to wait."""
        with self.lock:
            if self.closed:
                self.drop(items)
                return []
            for index, item in enumerate(items):
                result = self._outbox.push(item)
                if result is Push.FULL and self._unblocked():
                    result = self._outbox.push(item)
                if result is Push.FULL:
                    return items[index:]
                if result is Push.OVERFLOW:
                    self.drop(items[index:])
                    self._reactor.call(
                        lambda: self.end("it does not read as fast as messages come")
                    )
                    return []
            self.crowded |= self._outbox.crowded
            if not self._blocked and self._flush_or_gather():
                self._reactor.call(self._watch)
        return []

    def _unblocked(self) -> bool:
        """Whether sending at once what gathered made room."""
        if self._blocked:
            return False
        if self._flush():
            self._reactor.call(self._watch)
        return True

    def push_waiting(self, items: list[Outgoing], deadline: float) -> None:
        """Queue items one by one, waiting for room.

        Raises:
            TimeoutError: there was none until `deadline`, or the caller is the thread that would
                make room; what is left of the items is dropped.
        """
        while items := self.push(items):
            with self._room:
                if self.closed or self._outbox.has_room(items[0].size):
                    continue
                if self._reactor.inside or not self._room.wait(deadline - time.monotonic()):
                    self.drop(items)
                    raise TimeoutError(
                        f"client {self.address} has not read for too long: its queue of "
                        f"{len(self._outbox)} messages is full"
                    )

    def drop(self, items: list[Outgoing]) -> None:
        """Count items that are not sent after all, and send nothing that builds on them."""
        with self.lock:
            self._outbox.leave_out(items)

    def close(self) -> None:
        """Throw this client out. What it was sent is not waited for."""
        with self.lock:
            if not (self.closed or self._blocked):
                self._flush()  # what gathered
        self._reactor.call(lambda: self.end("closed by the server"))

    def pause(self, who: object) -> None:
        """Stop reading, until all who did so want to go on (reactor's thread)."""
        self._paused.add(who)
        self._watch()

    def resume_soon(self, who: object) -> None:
        """Go on reading; from any thread."""
        self._reactor.call(partial(self.resume, who))

    def resume(self, who: object) -> None:
        """Go on reading (reactor's thread)."""
        if who in self._paused:
            self._paused.remove(who)
            self._last_read = time.monotonic()  # it was us who was silent
            self._watch()

    def ready(self, read: bool, write: bool) -> None:
        """The socket can be read or written (reactor's thread)."""
        if write:
            with self.lock:
                if not self._flush():
                    self._watch()
                self._room.notify_all()
        if read and not self.closed and not self._paused:
            self._read()

    def start(self) -> None:
        """Begin to read (reactor's thread)."""
        self._watch()

    def finish(self) -> None:
        """Tell the client that nothing more will come; it closes when it has read everything."""
        with self.lock, contextlib.suppress(OSError):
            if not self.closed:
                self._flush()
                half_close(self._sock)

    def end(self, reason: str) -> None:
        """Close the connection (reactor's thread)."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
            self._reactor.watch(self._sock, self.ready, read=False, write=False)
            self._outbox.clear()
            self._room.notify_all()
        shut(self._sock)
        self._sock.close()
        self._on_closed(self, reason)

    def check_alive(self, now: float) -> None:
        """End a connection that stopped in the middle of a message, or left while it had to wait.

        In the reactor's thread.
        """
        if self._paused and hung_up(self._sock):
            self.end("it closed the connection")
            return
        if (
            self._reader.pending
            and now - self._last_read > self._stall_timeout
            and not self._paused
            and not readable(self._sock)  # or it was this thread that had no time for it
        ):
            self.end(f"it sent nothing for {self._stall_timeout:g} s in the middle of a message")

    def _flush_or_gather(self) -> bool:
        """Send now, or let small messages gather when they come faster than calls are cheap.

        As `_flush`, tells whether the socket is blocked.
        """
        if self._outbox.waiting_bytes < _ENOUGH and not self._reactor.inside:  # no answers
            now = time.monotonic()
            soon = now < self._soon_until
            if soon and now < self._paced_until:
                self._soon_until = now + _SOON
                if not self._gathering:
                    self._gathering = True
                    self._reactor.call_at(now + _DELAY, self._send_gathered)
                return False
            blocked = self._flush()
            after = time.monotonic()
            if soon:
                cost = (after - now) * _SHARE
                self._paced_until = max(self._paced_until, now - _BURST) + cost
            self._soon_until = after + _SOON
            return blocked
        return self._flush()

    def _send_gathered(self) -> None:
        with self.lock:
            self._gathering = False
            if not self._blocked and not self.closed and self._flush():
                self._watch()
            self._room.notify_all()

    def _flush(self) -> bool:
        """Send until the queue is empty or the socket takes no more. The lock is held.

        Returns whether the socket is blocked; the caller then has the reactor wait for it.
        """
        self._blocked = False
        outbox = self._outbox
        try:
            while pieces := outbox.next_buffers():
                sent = write(self._sock, pieces)
                short = sent < outbox.flight_bytes
                outbox.sent(sent)
                if short:
                    self._blocked = True
                    break
        except OSError as error:
            self._break(str(error))
            return False
        except BaseException:  # Ctrl-C just here: what the client has got is not certain
            self._break("sending was interrupted")
            raise
        if self.crowded and not outbox.crowded:
            self.crowded = False
            self._reactor.call(partial(self._on_room, self))
        return self._blocked

    def _break(self, reason: str) -> None:
        """Send nothing more, and have the reactor end the connection."""
        self._blocked = True
        self._reactor.call(partial(self.end, reason))

    def _watch(self) -> None:
        if not self.closed:
            self._reactor.watch(self._sock, self.ready, read=not self._paused, write=self._blocked)

    def _read(self) -> None:
        """One read, and what it completes."""
        counts: list[int] = []
        try:
            read_into(self._sock, self._reader.buffer(), counts)
        except OSError as error:
            self.end(str(error))
            return
        if not counts:
            return
        count = counts[0]
        if count == 0:
            self.end("it closed the connection")
            return
        self._last_read = time.monotonic()
        frames = self._reader.received(count)
        self.counters.bytes_received += count
        self.counters.messages_received += len(frames)
        if frames:
            self._on_frames(self, frames)
        if self._reader.error is not None and not self.closed:
            self.counters.errors += 1
            self.end(str(self._reader.error))
