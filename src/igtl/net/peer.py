"""One client of a server, seen from the server."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, MessageError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Series
from igtl.net.endpoint import describe_address
from igtl.net.reactor import Reactor
from igtl.net.transport import half_close, hung_up, read_into, readable, shut, write
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY, FrameReader
from igtl.protocol.newest import Key
from igtl.protocol.outbox import Outbox, Outgoing, Push, WhenFull
from igtl.protocol.profile import Profile
from igtl.protocol.service import Guest

__all__ = ["Limits", "Peer"]

_log = logging.getLogger("igtl")

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


class Peer:
    """One client of a server: its queue, its pace, its counters.

    `send` and `close` may be called from any thread.

    Attributes:
        address: of the client, as text.
        guest: what the client is and what it asked for.
    """

    def __init__(
        self,
        sock: socket.socket,
        reactor: Reactor,
        limits: Limits,
        *,
        on_frames: Callable[[Peer, list[Frame]], None],
        on_closed: Callable[[Peer, str], None],
        profile: Profile | None = None,
    ) -> None:
        self.guest = Guest(profile)
        self.address = describe_address(sock.getpeername())
        self.counters = Counters()
        self.closed = False
        self.past = False  # its counters are in the server's sum for good
        self._sock, self._reactor = sock, reactor
        self._on_frames, self._on_closed = on_frames, on_closed
        self._reader = FrameReader(limits.max_body)
        self._outbox = Outbox(
            when_full=limits.when_full,
            max_messages=limits.queue_messages,
            max_bytes=limits.queue_bytes,
            counters=self.counters,
        )
        self.lock = threading.RLock()
        self._room = threading.Condition(self.lock)
        self._due_at: float | None = None  # the reactor will send what a stream holds
        self._unreadable: set[Key] = set()  # what this kind of client cannot read
        self._blocked = False  # the socket takes nothing now: the reactor waits for it
        self._paused = False  # nothing is read, because nobody takes what comes
        self._gathering = False  # the reactor will send what gathers
        self._paced_until = self._soon_until = 0.0
        self._stall_timeout = limits.stall_timeout
        self._last_read = self._sent_at = time.monotonic()
        self._sent_before = 0

    @property
    def queued(self) -> int:
        """Messages that are not sent yet."""
        return len(self._outbox)

    @property
    def profile(self) -> Profile:
        """What kind of program this client is, as far as is known."""
        return self.guest.profile

    def send(self, *messages: Message | Series[Any] | Outgoing, timeout: float = 5.0) -> None:
        """Send messages to this client alone, through its queue.

        Args:
            timeout: seconds to wait for room when the server's policy is "wait".

        Raises:
            MessageError: a message cannot be encoded, or said to this kind of client.
            ClosedError: the client is gone.
            TimeoutError: no room in time.
        """
        now = time.time()
        items = [
            message if isinstance(message, Outgoing) else Outgoing(message, now)
            for message in messages
        ]
        if self.guest.profile.adapts:
            items = [item.for_peer(self.guest.profile) for item in items]
        if self.closed:
            raise ClosedError(f"client {self.address} is gone")
        full = self.push(items)
        if self._reactor.inside:
            self._reactor.expect()
        if full:
            self.push_waiting(full, time.monotonic() + timeout)

    def publish(self, items: list[Outgoing], *, pushed: bool) -> list[Outgoing]:
        """Queue what this client wants of the items; those for which the sender has to wait.

        Args:
            pushed: whether they also go to a client that did not ask for them.
        """
        if self.guest.plain:
            return self.push(items) if pushed else []
        with self.lock:
            picked = self.guest.flows.pick(items, time.monotonic(), pushed=pushed)
            self.schedule()
        return self.push(self._adapted(picked))

    def schedule(self) -> None:
        """Have the reactor send what a stream holds, when its time has come. The lock is held."""
        when = self.guest.flows.next_due()
        if when is not None and (self._due_at is None or when < self._due_at):
            self._due_at = when
            self._reactor.call_at(when, self._send_due)

    def _send_due(self) -> None:
        with self.lock:
            self._due_at = None
            due = self.guest.flows.due(time.monotonic())
            self.schedule()
            self._drop(self.push(self._adapted(due)))

    def _adapted(self, items: list[Outgoing]) -> list[Outgoing]:
        """The items as this kind of client can read them; those that it cannot are dropped."""
        profile = self.guest.profile
        if not profile.adapts:
            return items
        adapted = []
        for item in items:
            try:
                adapted.append(item.for_peer(profile))
            except MessageError as error:
                self._drop([item])
                if item.kind not in self._unreadable:
                    self._unreadable.add(item.kind)
                    _log.warning("igtl: client %s is not sent: %s", self.address, error)
        return adapted

    def push(self, items: list[Outgoing]) -> list[Outgoing]:
        """Queue items and send what can be sent now; those for which the sender has to wait."""
        with self.lock:
            if self.closed:
                return []
            for index, item in enumerate(items):
                result = self._outbox.push(item)
                if result is Push.FULL and self._unblocked():
                    result = self._outbox.push(item)
                if result is Push.FULL:
                    return items[index:]
                if result is Push.OVERFLOW:
                    self._drop(items[index:])
                    self._reactor.call(
                        lambda: self.end("it does not read as fast as messages come")
                    )
                    return []
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
                    self._drop(items)
                    raise TimeoutError(
                        f"client {self.address} has not read for too long: its queue of "
                        f"{len(self._outbox)} messages is full"
                    )

    def __repr__(self) -> str:
        return f"<igtl.Peer {self.address}{' gone' * self.closed}>"

    def _drop(self, items: list[Outgoing]) -> None:
        self.counters.dropped += sum(item.count for item in items)

    def close(self) -> None:
        """Throw this client out. What it was sent is not waited for."""
        with self.lock:
            if not (self.closed or self._blocked):
                self._flush()  # what gathered
        self._reactor.call(lambda: self.end("closed by the server"))

    def pause(self) -> None:
        """Stop reading (reactor's thread)."""
        self._paused = True
        self._watch()

    def resume(self) -> None:
        """Go on reading (reactor's thread)."""
        if self._paused:
            self._paused = False
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

    def idle_since(self, now: float) -> float:
        """Seconds in which nothing was sent to this client, as far as calls of this have seen."""
        if self.counters.messages_sent != self._sent_before or self._outbox:
            self._sent_before, self._sent_at = self.counters.messages_sent, now
        return now - self._sent_at

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
