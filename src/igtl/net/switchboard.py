"""The server behind its face: who is connected, and what passes between them and the application.

One thread of its own, the reactor's, accepts, receives, answers and sends what had to wait.
`igtl.Server` and `igtl.aio.Server` are two faces of this.
"""

from __future__ import annotations

import contextlib
import logging
import math
import operator
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, DecodeError, MessageError, OpenIGTLinkError, TimeoutError
from igtl.messages.command import Command
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Companion, Get
from igtl.messages.series import Sendable
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import ClientInfo
from igtl.net.answers import Answers
from igtl.net.arrivals import Arrivals
from igtl.net.connection import Limits
from igtl.net.endpoint import Endpoint, bind, limit_silence, prepare
from igtl.net.peer import Peer
from igtl.net.reactor import Reactor
from igtl.protocol.counters import Counters
from igtl.protocol.link import Tap
from igtl.protocol.matching import asks_for_igtl
from igtl.protocol.outbox import check_policy
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.profile import Profile, named
from igtl.protocol.service import Service, is_question

__all__ = ["Switchboard", "called"]

_log = logging.getLogger("igtl")

#: Closing waits at most so many seconds for clients to read what waits for them.
_LINGER = 0.5
#: What an idle client is sent to show that the server lives.
_ALIVE = Status(StatusCode.OK)
#: Who takes over this query answers igtl's own questions as well: keep-alive and clocks.
_ALIVE_QUERY = type(Get(Status))
#: How often connections that stopped in the middle of a message are looked for, in s.
_SWEEP = 5.0
#: Systems take no more for the silence after which they end a connection, in s.
_LONGEST_SILENCE = 30_000.0
#: So many questions of one client are answered, for about so many seconds, until others have their
#: turn.
_TURN, _TURN_TIME = 32, 5e-3
_DATA_QUESTIONS = (b"GET_", b"STT_", b"STP_")

_kind = operator.itemgetter(1, 2)
#: For each client the items that have to wait for room.
Waiting = list[tuple[Peer, list[Outgoing]]]


class Switchboard:
    """Listens, and serves clients. Args and errors are those of `igtl.Server`.

    Attributes:
        service: what there is to give, and the handlers that compute the rest.
        answers: runs these handlers.
        arrivals: messages that wait to be taken.
        on_change: called when a client or a message comes or goes, in any thread.
        message_handlers, connect_handlers, disconnect_handlers: called in the reactor's thread.
        taps: shown all that is published, and all that clients send.
    """

    def __init__(
        self,
        port: int,
        host: str,
        limits: Limits,
        *,
        spin: float,
        profile: str | Profile,
        command_timeout: float,
        keep_alive: float | None,
    ) -> None:
        check_policy(limits.when_full)
        _check_seconds("command_timeout", command_timeout)
        _check_seconds("keep_alive", 1.0 if keep_alive is None else keep_alive)
        self._profile = None if profile == "auto" else named(profile)
        self._limits, self._keep_alive = limits, keep_alive
        self._listener = bind(host, port)
        self.port: int = self._listener.getsockname()[1]
        self.endpoint = str(Endpoint(host, self.port))
        self.peers: tuple[Peer, ...] = ()
        self.closed = False
        self._past = Counters()
        self.changed = threading.Condition()
        self.on_change: Callable[[], None] = lambda: None
        self.arrivals = Arrivals(self.changed)
        self.message_handlers: list[tuple[type[Message], Callable[..., object]]] = []
        self.connect_handlers: list[Callable[..., object]] = []
        self.disconnect_handlers: list[Callable[..., object]] = []
        self.taps: tuple[Tap, ...] = ()
        self._elsewhere: tuple[type[Message], ...] = ()
        name = f"igtl server {self.port}"
        self._reactor = Reactor(name, spin)
        self.service, self._offering = Service(), threading.Lock()
        self.answers = Answers(
            self._reactor, self.service, name=name, timeout=command_timeout, failed=self.failed
        )
        self._reactor.watch(self._listener, self._accept, read=True, write=False)
        self._sweep()
        self._reactor.start()

    # ---- sending

    def provide(self, messages: Sequence[Sendable], *, pushed: bool) -> Waiting:
        """Make messages available, and send them to clients that are to get them, without waiting.

        Args:
            pushed: whether they also go to clients that did not ask for them.
        """
        if self.closed:
            raise ClosedError(f"the server on {self.endpoint} is closed")
        now = time.time()
        items = [Outgoing(message, now) for message in messages]
        with self._offering:
            self.service.keep(items)
        if self.taps:
            frames = [frame for item in items for frame in item.frames()]
            self._show("published" if pushed else "offered", frames)
        return [(peer, full) for peer in self.peers if (full := peer.publish(items, pushed=pushed))]

    def wait_for_room(self, waiting: Waiting, timeout: float) -> None:
        """Wait for the clients that `provide` found full.

        Raises:
            TimeoutError: some had no room in time; they did not get the messages.
        """
        deadline = time.monotonic() + timeout
        late: list[TimeoutError] = []
        for peer, items in waiting:
            if self._reactor.inside:  # the thread that would make room must not wait for it
                peer.drop(items)
                continue
            try:
                peer.push_waiting(items, deadline)
            except TimeoutError as error:
                late.append(error)
        if late:
            raise late[0]

    @property
    def counters(self) -> Counters:
        """What went to and came from all clients so far."""
        with self.changed:
            return sum((peer.counters for peer in self.peers), self._past)

    # ---- taking

    def answer_elsewhere(self, cls: type[Message]) -> None:
        """Leave questions of a class to a handler of the application."""
        if issubclass(cls, (Companion, Command, ClientInfo)):
            self._elsewhere += (cls,)

    @property
    def pending(self) -> bool:
        """Whether `take` would give or raise something."""
        return bool(self.arrivals) or self.closed

    def take(self) -> tuple[Peer, Frame] | None:
        """The next frame of any client, None if there is none now.

        Raises:
            ClosedError: there never will be one.
        """
        with self.changed:
            self.arrivals.wanted = True
            if self.arrivals:
                return self.arrivals.take()
            if self.closed:
                raise ClosedError(f"the server on {self.endpoint} is closed")
            return None

    def decode(self, peer: Peer, frame: Frame) -> Message:
        """The message in a client's frame; a DecodeError is counted."""
        try:
            return decode_frame(frame)
        except DecodeError:
            self._count_error(peer)
            raise

    def failed(self, peer: Peer, what: str) -> None:
        """Log and count the exception that came out of a handler."""
        self._count_error(peer)
        _log.exception("igtl: %s failed; the server goes on", what)

    def _count_error(self, peer: Peer) -> None:
        with self.changed:
            peer.counters.errors += 1
            self._past.errors += peer.past

    def _take_in(self, peer: Peer, frames: list[Frame]) -> None:
        """Frames came from a client (reactor's thread)."""
        if self.taps:
            self._show(peer.address, frames)
        self._go_through(peer, peer.guest.hear(frames))

    def _show(self, connection: str, frames: list[Frame]) -> None:
        for tap in self.taps:
            try:
                tap(connection, frames)
            except Exception:  # noqa: BLE001 - users' code may raise anything
                _log.exception("igtl: the tap %r failed; the server goes on", tap)

    def _go_through(self, peer: Peer, frames: list[Frame]) -> None:
        """Handle frames, and answer as many questions as one client may ask at once.

        The rest is held, and the client not read, until the others had their turn and this one has
        taken its answers.
        """
        handled = bool(self.message_handlers)
        questions = {kind for kind in set(map(_kind, frames)) if is_question(*kind)}
        asks = (
            [_kind(frame) in questions for frame in frames] if questions else [False] * len(frames)
        )
        if handled or peer.guest.greeting or questions:
            end = self._handle_some(peer, frames, asks)
            if end < len(frames):
                peer.held, frames, asks = frames[end:], frames[:end], asks[:end]
                peer.pause(self)
                if not peer.crowded:
                    self._reactor.call(partial(self._go_on, peer))
        with self.changed:
            if not self.arrivals.wanted:
                if handled:
                    return
                frames = [one for one, asking in zip(frames, asks, strict=True) if not asking]
            elif questions:
                frames = [one for one in frames if not asks_for_igtl(one[1], one[2])]
            if frames:
                self._past.dropped += self.arrivals.add(peer, frames)
                self._notify()

    def _handle_some(self, peer: Peer, frames: list[Frame], asks: list[bool]) -> int:
        """Handle frames until too many of them ask; how many were handled."""
        handled, left, until = bool(self.message_handlers), _TURN, time.monotonic() + _TURN_TIME
        for index, (frame, asking) in enumerate(zip(frames, asks, strict=True)):
            if asking:
                if left == 0 or peer.crowded or (left < _TURN and time.monotonic() > until):
                    return index
                left -= 1
            if handled or asking or peer.guest.greeting:
                self._handle(peer, frame, asking)
        return len(frames)

    def _go_on(self, peer: Peer) -> None:
        """Handle what a client had to wait with, unless it still has to (reactor's thread)."""
        if peer.crowded or peer.closed:
            return
        frames, peer.held = peer.held, []
        peer.resume(self)
        if frames:
            self._go_through(peer, frames)

    def _has_room(self, peer: Peer) -> None:
        """A client has taken its answers (reactor's thread)."""
        self.answers.resume(peer)
        self._go_on(peer)

    def _handle(self, peer: Peer, frame: Frame, asks: bool) -> None:
        """Show a message to whom it concerns, and answer it."""
        own = asks and asks_for_igtl(frame[1], frame[2]) and _ALIVE_QUERY not in self._elsewhere
        handlers = [] if own else self.message_handlers
        if not (asks or handlers or peer.guest.greeting):
            return
        try:
            message = self.decode(peer, frame) if asks or handlers else decode_frame(frame)
        except DecodeError as error:
            if asks or handlers:
                _log.warning("igtl: client %s: %s", peer.address, error)
            return
        if peer.guest.greeting:
            peer.guest.meet(message)
        if asks and (own or not isinstance(message, self._elsewhere)):
            self._guard(peer, self.answers.answer, peer, message, len(frame.body))
        for cls, handler in handlers:
            if isinstance(message, cls):
                self._guard(peer, handler, peer, message)

    def _guard(self, peer: Peer, handler: Callable[..., object], *args: object) -> None:
        try:
            handler(*args)
        except BaseException:  # noqa: BLE001 - users' code may raise anything, SystemExit too
            self.failed(peer, called(handler))

    def _notify(self) -> None:
        """Wake whoever waits for clients, messages or the end. The lock is held."""
        self.changed.notify_all()
        self.on_change()

    # ---- coming and going

    def _accept(self, _read: bool, _write: bool) -> None:
        """Take in who knocks (reactor's thread)."""
        for _ in range(64):
            try:
                sock, _address = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:  # out of file descriptors, say
                _log.warning("igtl: cannot accept a client: %s", error)
                self._reactor.watch(self._listener, self._accept, read=False, write=False)
                self._reactor.call_at(time.monotonic() + 0.2, self._accept_again)
                return
            self._admit(sock)

    def _accept_again(self) -> None:
        if not self.closed:
            self._reactor.watch(self._listener, self._accept, read=True, write=False)

    def _admit(self, sock: socket.socket) -> None:
        if len(self.peers) >= self._limits.max_clients:
            _log.warning("igtl: refused a client, %d are connected", len(self.peers))
            sock.close()
            return
        try:
            prepare(sock)
            peer = Peer(
                sock,
                self._reactor,
                self._limits,
                on_frames=self._take_in,
                on_closed=self._forget,
                on_room=self._has_room,
                profile=self._profile,
            )
            if self._keep_alive is not None:
                limit_silence(sock, min(self._keep_alive, _LONGEST_SILENCE))
        except OSError:  # gone already
            sock.close()
            return
        for handler in self.connect_handlers:
            self._guard(peer, handler, peer)
        with self.changed:
            self.peers += (peer,)
            self._notify()
        peer.start()

    def _forget(self, peer: Peer, reason: str) -> None:
        """A client is gone (reactor's thread)."""
        _log.info("igtl: client %s is gone: %s", peer.address, reason)
        held, peer.held = peer.held, []
        for frame in held:
            if not frame[1].startswith(_DATA_QUESTIONS) and is_question(frame[1], frame[2]):
                self._handle(peer, frame, True)  # what it told us to do is done all the same
        self.answers.resume(peer)
        with self.changed:
            self.peers = tuple(one for one in self.peers if one is not peer)
            self._past = self._past + peer.counters
            peer.past = True
            self.arrivals.forget(peer)
            self._notify()
        for handler in self.disconnect_handlers:
            self._guard(peer, handler, peer)

    def _sweep(self) -> None:
        """Look after clients that are silent, or hear nothing."""
        now = time.monotonic()
        for peer in self.peers:
            peer.check_alive(now)
            if self._keep_alive is not None and peer.idle_since(now) >= self._keep_alive / 2:
                with contextlib.suppress(OpenIGTLinkError):  # gone, or its queue is full
                    peer.send(_ALIVE)
        pause = min(_SWEEP, self._limits.stall_timeout / 2, (self._keep_alive or 60.0) / 4)
        self._reactor.call_at(now + pause, self._sweep)

    def close(self) -> None:
        """End all connections and free the port; see `igtl.Server.close`."""
        with self.changed:
            if self.closed:
                return
            self.closed = True
            self._notify()
        self.answers.close()
        self._reactor.call(self._stop_listening)
        deadline = time.monotonic() + _LINGER
        if not self._reactor.inside:
            self._drain(deadline)
        self._reactor.call(self._end_all)
        self._reactor.stop(timeout=_LINGER)

    def _drain(self, deadline: float) -> None:
        """Wait until every client has got what waits for it, and has closed."""
        with self.changed:
            while any(peer.queued for peer in self.peers) and time.monotonic() < deadline:
                self.changed.wait(0.01)
        for peer in self.peers:
            peer.finish()
        with self.changed:
            self.changed.wait_for(lambda: not self.peers, deadline - time.monotonic())

    def _stop_listening(self) -> None:
        self._reactor.watch(self._listener, self._accept, read=False, write=False)
        self._listener.close()

    def _end_all(self) -> None:
        for peer in self.peers:
            peer.finish()
            peer.end("the server closed")


def called(handler: Callable[..., object]) -> str:
    """What a function of the application is called, for people."""
    return f"the handler {getattr(handler, '__qualname__', None) or repr(handler)}"


def _check_seconds(name: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise MessageError(f"{name} is {value!r} s, expected more than 0 s")
