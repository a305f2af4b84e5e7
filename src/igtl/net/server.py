"""The server: any number of clients, each with its own queue and its own pace.

One thread of its own accepts, receives and sends what had to wait; `publish` sends in the caller's
thread whatever the sockets take at once.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, DecodeError, TimeoutError
from igtl.messages.command import Command
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Companion
from igtl.messages.series import Series
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import ClientInfo
from igtl.net.answers import Answers
from igtl.net.endpoint import DEFAULT_PORT, Endpoint, bind, limit_silence, prepare
from igtl.net.peer import Limits, Peer
from igtl.net.reactor import Reactor
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.outbox import Outgoing, WhenFull, check_policy
from igtl.protocol.plus_commands import plus_commands
from igtl.protocol.profile import Profile, named
from igtl.protocol.service import Service, is_question

__all__ = ["Server"]

_log = logging.getLogger("igtl")

M = TypeVar("M", bound=Message)
#: Called with the client and its message.
Handler = Callable[[Peer, M], object]
#: Called with the client.
PeerHandler = Callable[[Peer], object]

_PH = TypeVar("_PH", bound=PeerHandler)
_AH = TypeVar("_AH", bound=Callable[[Peer, Any], object])

#: Messages of clients that wait for somebody to iterate over the server, and bytes of their bodies.
_MOST_INCOMING, _MOST_INCOMING_BYTES = 10_000, 256 << 20
#: Closing waits at most so many seconds for clients to read what waits for them.
_LINGER = 0.5
#: Seconds for which the next question is looked for before sleeping, where the last was as quick.
SPIN = 200e-6
#: What an idle client is sent to show that the server lives.
_ALIVE = Status(StatusCode.OK)
#: How often connections that stopped in the middle of a message are looked for, in s.
_SWEEP = 5.0


class Server:
    """Serves messages to clients and takes theirs.

        with Server(port=18944) as server:
            server.publish(Transform(matrix, device_name="Probe"))

    Args:
        port: to listen on; 0 takes any free one, see `port`.
        host: address to listen on. The default is this machine only; "0.0.0.0" or "::" lets
            everybody in who reaches this machine.
        when_full: what happens to messages for a client that does not keep up: "drop-oldest",
            "newest" (of each type and device), "wait" (publish waits) or "disconnect".
        queue_messages, queue_bytes: how much may wait for each client.
        max_clients: further ones are refused.
        max_body: larger bodies from clients end their connection, before memory is taken.
        stall_timeout: seconds of silence in the middle of a message that end a connection.
        spin: seconds to look for the next message again and again before sleeping, after a
            handler answered one, if the last one came as fast as this. 0 always sleeps at once.
        profile: what kind of programs the clients are: "igtl", "slicer", "plus" or "v1"; "auto"
            recognises each by what it sends first. "plus" also answers the commands that clients
            of PLUS send.
        command_timeout: seconds that handlers of commands and queries may take, until the client
            is told that they failed.
        keep_alive: seconds of idleness after which a client is sent a STATUS, so that it sees that
            the server lives; also how long a client's machine may leave data unconfirmed until it
            is given up. None sends nothing, and leaves that to the operating system.

    Raises:
        ConnectError: the address cannot be listened on.
    """

    def __init__(
        self,
        port: int = DEFAULT_PORT,
        host: str = "127.0.0.1",
        *,
        when_full: WhenFull = "drop-oldest",
        queue_messages: int = 10_000,
        queue_bytes: int = 128 << 20,
        max_clients: int = 1000,
        max_body: int = DEFAULT_MAX_BODY,
        stall_timeout: float = 30.0,
        spin: float = SPIN,
        profile: str | Profile = "auto",
        command_timeout: float = 10.0,
        keep_alive: float | None = None,
    ) -> None:
        check_policy(when_full)
        self._profile = None if profile == "auto" else named(profile)
        self._limits = Limits(
            when_full, queue_messages, queue_bytes, max_clients, max_body, stall_timeout
        )
        self._listener = bind(host, port)
        self.host: str = host
        self.port: int = self._listener.getsockname()[1]
        self._peers: tuple[Peer, ...] = ()
        self._past = Counters()
        self._changed = threading.Condition()
        self.on_change: Callable[[], None] = lambda: None
        self._incoming: deque[tuple[Peer, Frame]] = deque()
        self._incoming_bytes = 0
        self._iterating = self._closed = False
        self._paused: set[Peer] = set()
        self._message_handlers: list[tuple[type[Message], Handler[Message]]] = []
        self._answered_elsewhere: tuple[type[Message], ...] = ()
        self._connect_handlers: list[PeerHandler] = []
        self._disconnect_handlers: list[PeerHandler] = []
        self._keep_alive = keep_alive
        self._reactor = Reactor(f"igtl server {self.port}", spin)
        self._service, self._offering = Service(), threading.Lock()
        if self._profile is not None and self._profile.replies == "plus":
            self._service.commands |= plus_commands(self._service)
        self._answers = Answers(
            self._reactor,
            self._service,
            name=f"igtl server {self.port}",
            timeout=command_timeout,
            failed=self.failed,
        )
        self._reactor.watch(self._listener, self._accept, read=True, write=False)
        self._sweep()
        self._reactor.start()

    @property
    def endpoint(self) -> str:
        """Where clients connect to."""
        return str(Endpoint(self.host, self.port))

    @property
    def clients(self) -> tuple[Peer, ...]:
        """Who is connected now."""
        return self._peers

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def counters(self) -> Counters:
        """What went to and came from all clients so far."""
        with self._changed:
            return sum((peer.counters for peer in self._peers), self._past)

    def publish(self, *messages: Message | Series[Any], timeout: float = 5.0) -> None:
        """Send messages to every client, encoded once; who is not connected misses them.

        The newest of each type and device also answers queries (GET_) of clients, and is what they
        get first when they ask for a stream (STT_); such clients get it no faster than they asked.

        Messages without a timestamp get the time of now. Large arrays that can be written to are
        copied, since a client may still wait for them when you write the next one; make them
        read-only (`array.flags.writeable = False`) to hand them over without.

        Args:
            timeout: seconds to wait for clients whose queue is full when the policy is "wait".

        Raises:
            MessageError: a message cannot be encoded; none is sent.
            ClosedError: the server is closed.
            TimeoutError: a client had no room in time; the others got the messages.
        """
        waiting = self.push(*messages)
        if waiting:
            self.wait_for_room(waiting, timeout)

    def push(self, *messages: Message | Series[Any]) -> list[tuple[Peer, list[Outgoing]]]:
        """Publish without waiting: the clients that have no room, and what they did not get."""
        return self._provide(messages, pushed=True)

    def offer(self, *messages: Message | Series[Any]) -> None:
        """Make messages available to who asks, by query or as a stream; send them to nobody else.

        Raises:
            MessageError, ClosedError: as `publish`.
        """
        for peer, items in self._provide(messages, pushed=False):
            peer.counters.dropped += sum(item.count for item in items)

    def _provide(
        self, messages: Sequence[Message | Series[Any]], *, pushed: bool
    ) -> list[tuple[Peer, list[Outgoing]]]:
        if self._closed:
            raise ClosedError(f"the server on {self.endpoint} is closed")
        now = time.time()
        items = [Outgoing(message, now) for message in messages]
        with self._offering:
            self._service.keep(items)
        return [
            (peer, full) for peer in self._peers if (full := peer.publish(items, pushed=pushed))
        ]

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        """Wire type and device name of all that was published or offered so far, sorted."""
        return self._service.devices

    def wait_for_room(self, waiting: list[tuple[Peer, list[Outgoing]]], timeout: float) -> None:
        """Wait for the clients that `push` found full; TimeoutError as `publish`."""
        deadline = time.monotonic() + timeout
        late: list[TimeoutError] = []
        for peer, items in waiting:
            if self._reactor.inside:  # the thread that would make room must not wait for it
                peer.counters.dropped += sum(item.count for item in items)
                continue
            try:
                peer.push_waiting(items, deadline)
            except TimeoutError as error:
                late.append(error)
        if late:
            raise late[0]

    def wait_for_clients(self, count: int = 1, timeout: float | None = None) -> bool:
        """Wait until `count` clients are connected; False when they are not within `timeout` s."""
        with self._changed:
            return (
                self._changed.wait_for(lambda: len(self._peers) >= count or self._closed, timeout)
                and not self._closed
            )

    @overload
    def on_message(self, cls: type[M]) -> Callable[[Handler[M]], Handler[M]]: ...  # type: ignore[overload-overlap]
    @overload
    def on_message(self, cls: Handler[Message]) -> Handler[Message]: ...
    def on_message(self, cls: Any) -> Any:
        """Decorator: call the function with (client, message) for each message that comes.

        `@server.on_message(igtl.String)` does so for one class. Handlers run in the server's own
        thread, one at a time: let them be quick. What they raise is logged and counted.

        The server answers queries and commands by itself, see `on_get` and `on_command`. A handler
        for their class, such as `@server.on_message(igtl.Get)`, takes that over.
        """
        if isinstance(cls, type) and issubclass(cls, Message):
            return lambda handler: self._add_handler(cls, handler)
        return self._add_handler(Message, cls)

    def _add_handler(self, cls: type[Message], handler: Handler[Message]) -> Handler[Message]:
        self._message_handlers.append((cls, handler))
        self.answer_elsewhere(cls)
        return handler

    def answer_elsewhere(self, cls: type[Message]) -> None:
        """Leave questions of a class to a handler of the application."""
        if issubclass(cls, (Companion, Command, ClientInfo)):
            self._answered_elsewhere += (cls,)

    def on_get(self, cls: type[Message]) -> Callable[[_AH], _AH]:
        """Decorator: compute answers to GET_ of a class by calling the function.

            @server.on_get(igtl.Image)
            def image(client, query): return newest_image(query.device_name)

        It is called with (client, query), in a thread of its own, for any device name. It returns
        a message, or None to give what was published; it raises `NotAvailable` to refuse. Whatever
        else it raises is logged and counted, and refuses as well.
        """

        def register(handler: _AH) -> _AH:
            self._service.add_getter(cls, handler)
            return handler

        return register

    def on_command(self, name: str) -> Callable[[_AH], _AH]:
        """Decorator: execute a command by calling the function.

            @server.on_command("StartRecording")
            def start(client, command): recorder.start(command.content)

        It is called with (client, command), in a thread of its own; commands of one client one
        after another. It returns None, the reply's content as text, a mapping of parameters, or a
        `CommandReply`. What it raises becomes the reply's error. After `command_timeout` seconds
        the client is told that it failed. A command that is repeated (same id) is answered from
        memory.
        """

        def register(handler: _AH) -> _AH:
            self._service.commands[name] = handler
            return handler

        return register

    def on_connect(self, handler: _PH) -> _PH:
        """Decorator: call the function with each client that connects, in the server's thread.

        It is called before the client is one of `clients`: what it sends comes first, before
        anything that is published. Clients that came before are not told of.
        """
        self._connect_handlers.append(handler)
        return handler

    def on_disconnect(self, handler: _PH) -> _PH:
        """Decorator: call the function with each client that is gone, in the server's thread."""
        self._disconnect_handlers.append(handler)
        return handler

    def __iter__(self) -> Iterator[tuple[Peer, Message]]:
        """Every message of all clients, in order of arrival, until the server is closed.

        Clients that send faster than this takes are made to wait. What came before anybody
        iterated is kept, up to 10,000 messages and 256 MiB.

        Raises:
            DecodeError: a message is malformed. Iterating again goes on behind it.
        """
        while True:
            try:
                yield self.receive()
            except ClosedError:
                return

    def receive(self, timeout: float | None = None) -> tuple[Peer, Message]:
        """The next message of any client, with the client.

        Raises:
            TimeoutError: none came within `timeout` s.
            ClosedError: the server is closed.
            DecodeError: the message is malformed; the next call goes on behind it.
        """
        with self._changed:
            self._iterating = True
            if not self._changed.wait_for(lambda: self.pending, timeout):
                raise TimeoutError(
                    f"no client of {self.endpoint} sent a message within {timeout} s"
                )
            taken = self.take()
        assert taken is not None  # the lock was held
        return taken[0], self.decode(*taken)

    @property
    def pending(self) -> bool:
        """Whether `take` would give or raise something."""
        return bool(self._incoming) or self._closed

    def take(self) -> tuple[Peer, Frame] | None:
        """The next frame of any client, None if there is none now.

        Raises:
            ClosedError: there never will be one.
        """
        with self._changed:
            self._iterating = True
            if not self._incoming:
                if self._closed:
                    raise ClosedError(f"the server on {self.endpoint} is closed")
                return None
            taken = self._pop_incoming()
            if self._paused and not self._crowded(2):
                self._resume()
            return taken

    def decode(self, peer: Peer, frame: Frame) -> Message:
        """The message in a client's frame; a DecodeError is counted."""
        try:
            return decode_frame(frame)
        except DecodeError:
            self._count_error(peer)
            raise

    def failed(self, peer: Peer, handler: Callable[..., object]) -> None:
        """Log and count the exception that came out of a handler."""
        self._count_error(peer)
        _log.exception("igtl: %r failed; the server goes on", handler)

    def _count_error(self, peer: Peer) -> None:
        with self._changed:
            peer.counters.errors += 1
            self._past.errors += peer.past

    def close(self) -> None:
        """End all connections and free the port. What is queued still goes out, for half a second.

        Never fails, and may be called from any thread. From a handler it waits for nobody: what the
        sockets do not take at once is lost.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._notify()
        self._answers.close()
        self._reactor.call(self._stop_listening)
        deadline = time.monotonic() + _LINGER
        if not self._reactor.inside:
            self._drain(deadline)
        self._reactor.call(self._end_all)
        self._reactor.stop(timeout=_LINGER)

    def _drain(self, deadline: float) -> None:
        """Wait until every client has got what waits for it, and has closed."""
        with self._changed:
            while any(peer.queued for peer in self._peers) and time.monotonic() < deadline:
                self._changed.wait(0.01)
        for peer in self._peers:
            peer.finish()
        with self._changed:
            self._changed.wait_for(lambda: not self._peers, deadline - time.monotonic())

    def _stop_listening(self) -> None:
        self._reactor.watch(self._listener, self._accept, read=False, write=False)
        self._listener.close()

    def _end_all(self) -> None:
        for peer in self._peers:
            peer.finish()
            peer.end("the server closed")

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
            f"<igtl.Server {self.endpoint}, {len(self._peers)} clients{' closed' * self._closed}>"
        )

    def _accept(self, _read: bool, _write: bool) -> None:
        """Take in who knocks (server's thread)."""
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
        if not self._closed:
            self._reactor.watch(self._listener, self._accept, read=True, write=False)

    def _admit(self, sock: socket.socket) -> None:
        if len(self._peers) >= self._limits.max_clients:
            _log.warning("igtl: refused a client, %d are connected", len(self._peers))
            sock.close()
            return
        try:
            prepare(sock)
            peer = Peer(
                sock,
                self._reactor,
                self._limits,
                on_frames=self._take,
                on_closed=self._forget,
                profile=self._profile,
            )
            if self._keep_alive is not None:
                limit_silence(sock, self._keep_alive)
        except OSError:  # gone already
            sock.close()
            return
        for handler in self._connect_handlers:
            self._guard(peer, handler, peer)
        with self._changed:
            self._peers += (peer,)
            self._notify()
        peer.start()

    def _forget(self, peer: Peer, reason: str) -> None:
        """A client is gone (server's thread)."""
        _log.info("igtl: client %s is gone: %s", peer.address, reason)
        with self._changed:
            self._peers = tuple(one for one in self._peers if one is not peer)
            self._past = self._past + peer.counters
            peer.past = True
            self._paused.discard(peer)
            self._notify()
        for handler in self._disconnect_handlers:
            self._guard(peer, handler, peer)

    def _take(self, peer: Peer, frames: list[Frame]) -> None:
        """Frames came from a client (server's thread)."""
        handled, news = bool(self._message_handlers), frames
        for frame in frames:
            asks = is_question(frame[1], frame[2])
            if asks or handled or not peer.guest.known:
                self._handle(peer, frame, asks)
            if asks and not self._iterating:
                news = [one for one in frames if not is_question(one[1], one[2])]
        if self._iterating or not handled:
            self._enqueue(peer, news)

    def _handle(self, peer: Peer, frame: Frame, asks: bool) -> None:
        """Show a message to whom it concerns, and answer it."""
        handlers = self._message_handlers
        try:
            message = self.decode(peer, frame) if asks or handlers else decode_frame(frame)
        except DecodeError as error:
            if asks or handlers:
                _log.warning("igtl: client %s: %s", peer.address, error)
            return
        if not peer.guest.known:
            peer.guest.meet(message)
        if asks and not isinstance(message, self._answered_elsewhere):
            self._answers.answer(peer, message)
        for cls, handler in handlers:
            if isinstance(message, cls):
                self._guard(peer, handler, peer, message)

    def _guard(self, peer: Peer, handler: Callable[..., object], *args: object) -> None:
        try:
            handler(*args)
        except BaseException:  # noqa: BLE001 - users' code may raise anything, SystemExit too
            self.failed(peer, handler)

    def _enqueue(self, peer: Peer, frames: list[Frame]) -> None:
        with self._changed:
            self._incoming.extend((peer, frame) for frame in frames)
            self._incoming_bytes += sum(frame.body_size for frame in frames)
            if self._iterating and self._crowded():
                self._paused.add(peer)
                peer.pause()
            while not self._iterating and self._crowded() and len(self._incoming) > 1:
                sender, _ = self._pop_incoming()
                sender.counters.dropped += 1
                self._past.dropped += sender.past
            self._notify()

    def _crowded(self, share: int = 1) -> bool:
        """Whether more than one part in `share` of what may wait for an iteration does."""
        return (
            len(self._incoming) > _MOST_INCOMING // share
            or self._incoming_bytes > _MOST_INCOMING_BYTES // share
        )

    def _pop_incoming(self) -> tuple[Peer, Frame]:
        peer, frame = self._incoming.popleft()
        self._incoming_bytes -= frame.body_size
        return peer, frame

    def _notify(self) -> None:
        """Wake whoever waits for clients, messages or the end. The lock is held."""
        self._changed.notify_all()
        self.on_change()

    def _resume(self) -> None:
        for peer in self._paused:
            self._reactor.call(peer.resume)
        self._paused.clear()

    def _sweep(self) -> None:
        now = time.monotonic()
        for peer in self._peers:
            peer.check_alive(now)
            if self._keep_alive is not None and peer.idle_since(now) >= self._keep_alive / 2:
                self._guard(peer, peer.send, _ALIVE)
        pause = min(_SWEEP, self._limits.stall_timeout / 2, (self._keep_alive or 60.0) / 4)
        self._reactor.call_at(now + pause, self._sweep)
