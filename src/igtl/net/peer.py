"""One client of a server, seen from the server."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Sequence

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, MessageError
from igtl.messages.message import Message
from igtl.messages.series import Sendable
from igtl.net.connection import Connection, Limits
from igtl.net.reactor import Reactor, Timer
from igtl.protocol.guest import Guest
from igtl.protocol.newest import Key
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.profile import Profile

__all__ = ["Peer"]

_log = logging.getLogger("igtl")

#: So many types and devices that a client cannot read are warned of, once each.
_MOST_UNREADABLE = 2000


class Peer(Connection):
    """One client of a server: its queue, its pace, its counters.

    `send` and `close` may be called from any thread.

    Attributes:
        address: of the client, as text.
        guest: what the client is and what it asked for.
        held: what came and is handled when it is this client's turn again.
    """

    def __init__(
        self,
        sock: socket.socket,
        reactor: Reactor,
        limits: Limits,
        *,
        on_frames: Callable[[Peer, list[Frame]], None],
        on_closed: Callable[[Peer, str], None],
        on_room: Callable[[Peer], None],
        profile: Profile | None = None,
    ) -> None:
        super().__init__(
            sock, reactor, limits, on_frames=on_frames, on_closed=on_closed, on_room=on_room
        )
        self.guest = Guest(profile)
        self.held: list[Frame] = []
        self.past = False  # its counters are in the server's sum for good
        self._due_at: float | None = None  # the reactor will send what a stream holds
        self._due: Timer | None = None
        self._first: Sequence[Outgoing] = ()  # what a stream began with
        self._unreadable: set[Key] = set()  # what this kind of client cannot read
        self._sent_at, self._sent_before = time.monotonic(), 0

    @property
    def profile(self) -> Profile:
        """What kind of program this client is, as far as is known."""
        return self.guest.profile

    def send(self, *messages: Sendable, timeout: float = 5.0) -> None:
        """Send messages to this client alone, through its queue.

        Args:
            timeout: seconds to wait for room when the server's policy is "wait".

        Raises:
            MessageError: a message cannot be encoded, or said to this kind of client.
            ClosedError: the client is gone.
            TimeoutError: no room in time.
        """
        full = self._send(self._encoded(messages))
        if full:
            self.push_waiting(full, time.monotonic() + timeout)

    def answer(self, *messages: Message | Outgoing) -> None:
        """Send answers to this client; no full queue drops them. Errors are those of `send`."""
        self._send([item.as_answer() for item in self._encoded(messages)])

    def _encoded(self, messages: Sequence[Sendable | Outgoing]) -> list[Outgoing]:
        """Messages as this kind of client can read them."""
        now = time.time()
        items = [
            message if isinstance(message, Outgoing) else Outgoing(message, now)
            for message in messages
        ]
        if self.guest.profile.adapts:
            items = [item.for_peer(self.guest.profile) for item in items]
        return items

    def _send(self, items: list[Outgoing]) -> list[Outgoing]:
        """Queue items; those that have to wait for room."""
        if self.closed:
            raise ClosedError(f"client {self.address} is gone")
        full = self.push(items)
        if self._reactor.inside:
            self._reactor.expect()
        return full

    def publish(self, items: list[Outgoing], *, pushed: bool) -> list[Outgoing]:
        """Queue what this client wants of the items; those for which the sender has to wait.

        Args:
            pushed: whether they also go to a client that did not ask for them.
        """
        if self.guest.profile.adapts:
            self._prepare(items, pushed=pushed)
        with self.lock:  # or a stream could start or stop between these lines
            guest = self.guest
            if guest.plain:
                return self.push(items) if pushed else []
            if self._first:
                items = [item for item in items if item not in self._first]
                self._first = ()
            picked = guest.flows.pick(items, time.monotonic(), pushed=pushed)
            self.schedule()
            return self.push(self._adapted(picked))

    def _prepare(self, items: list[Outgoing], *, pushed: bool) -> None:
        """Adapt what will be sent while nobody waits for the lock: images take their time.

        The items remember it.
        """
        if pushed or not self.guest.flows.plain:
            for item in items:
                with contextlib.suppress(MessageError):  # comes again where it is told
                    item.for_peer(self.guest.profile)

    def begin(self, first: list[Outgoing]) -> None:
        """Send what a stream begins with. The lock is held since it was asked for.

        Whoever publishes one of these just now is not to send it again.
        """
        self._first = first
        self.drop(self.push(self._adapted(first)))
        self.schedule()

    def schedule(self) -> None:
        """Have the reactor send what a stream holds, when its time has come. The lock is held."""
        when = self.guest.flows.next_due()
        if when is not None and (self._due_at is None or when < self._due_at) and not self.closed:
            self._forget_due()
            self._due_at, self._due = when, self._reactor.call_at(when, self._send_due)

    def _forget_due(self) -> None:
        if self._due is not None:
            self._reactor.cancel(self._due)
        self._due_at = self._due = None

    def _send_due(self) -> None:
        with self.lock:
            self._due_at = self._due = None
            now, flows = time.monotonic(), self.guest.flows
            full = self.push(self._adapted(flows.due(now)))
            self.drop(flows.hold(full, now))  # the last one always arrives
            self.schedule()

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
                self.drop([item])
                if item.kind not in self._unreadable:
                    if len(self._unreadable) < _MOST_UNREADABLE:
                        self._unreadable.add(item.kind)
                    _log.warning("igtl: client %s is not sent: %s", self.address, error)
        return adapted

    def __repr__(self) -> str:
        return f"<igtl.Peer {self.address}{' gone' * self.closed}>"

    def end(self, reason: str) -> None:
        """Close the connection (reactor's thread)."""
        with self.lock:
            self._forget_due()
            self._first = ()
        super().end(reason)

    def idle_since(self, now: float) -> float:
        """Seconds in which nothing was sent to this client, as far as calls of this have seen."""
        if self.counters.messages_sent != self._sent_before or self._outbox:
            self._sent_before, self._sent_at = self.counters.messages_sent, now
        return now - self._sent_at
