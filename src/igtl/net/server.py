"""The blocking server: any number of clients, each with its own queue and its own pace.

A thread of the server receives and answers; `publish` sends in the caller's thread whatever the
sockets take at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from igtl.closable import Closable
from igtl.codec.frame import Frame
from igtl.errors import ClosedError, MessageError, TimeoutError
from igtl.messages.message import Message
from igtl.messages.series import Sendable
from igtl.net.connection import Limits
from igtl.net.endpoint import DEFAULT_PORT
from igtl.net.peer import Peer
from igtl.net.switchboard import Switchboard
from igtl.protocol.counters import Counters
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.link import Tap
from igtl.protocol.outbox import WhenFull
from igtl.protocol.profile import Profile

__all__ = ["Server", "handled", "switchboard"]

M = TypeVar("M", bound=Message)
#: Called with the client and its message.
Handler = Callable[[Peer, M], object]
#: Called with the client.
PeerHandler = Callable[[Peer], object]

_PH = TypeVar("_PH", bound=PeerHandler)
_AH = TypeVar("_AH", bound=Callable[[Peer, Any], object])

#: Seconds for which the next question is looked for before sleeping, where the last was as quick.
SPIN = 200e-6


class Server(Closable):
    """Serves messages to clients and takes theirs.

        with Server(port=18944) as server:
            server.publish(Transform(matrix, device_name="Probe"))

    Args:
        port: to listen on; 0 takes any free one, see `port`.
        host: address to listen on. The default is this machine only; "0.0.0.0" or "::" lets
            everybody in who reaches this machine.
        when_full: what happens to messages for a client that does not keep up: "drop-oldest",
            "newest" (of each type and device), "wait" (publish waits) or "disconnect". A video
            that loses a frame goes on with its next key frame.
        queue_messages, queue_bytes: how much may wait for each client.
        max_clients: further ones are refused.
        max_body: larger bodies from clients end their connection, before memory is taken.
        stall_timeout: seconds of silence in the middle of a message that end a connection.
        spin: seconds to look for the next message again and again before sleeping, after a
            handler answered one, if the last one came as fast as this. 0 always sleeps at once.
        profile: what kind of programs the clients are: "igtl", "slicer", "plus" or "v1"; "auto"
            recognises each by what it sends first.
        command_timeout: seconds after which a client is told that its command or query failed,
            if its handler is not done. One that had to wait as long behind others of the same
            client is not executed any more.
        keep_alive: seconds of idleness after which a client is sent a STATUS, so that it sees that
            the server lives; also how long a client's machine may leave data unconfirmed until it
            is given up. None sends nothing, and leaves that to the operating system.

    Attributes:
        host: the address it listens on.
        port: the port it listens on, also where 0 was given.
        endpoint: where clients connect to, as text for `igtl.connect`.
        clients: who is connected now, each an `igtl.Peer`.
        devices: wire type and device name of all that was published or offered.
        counters: what went to and came from all clients so far.
        closed: whether it was closed.

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
        limits = Limits(
            when_full, queue_messages, queue_bytes, max_clients, max_body, stall_timeout
        )
        self._board = Switchboard(
            port,
            host,
            limits,
            spin=spin,
            profile=profile,
            command_timeout=command_timeout,
            keep_alive=keep_alive,
        )
        self.host: str = host
        self.port: int = self._board.port

    @property
    def endpoint(self) -> str:
        """Where clients connect to."""
        return self._board.endpoint

    @property
    def clients(self) -> tuple[Peer, ...]:
        """Who is connected now."""
        return self._board.peers

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._board.closed

    @property
    def counters(self) -> Counters:
        """What went to and came from all clients so far."""
        return self._board.counters

    def publish(self, *messages: Sendable, timeout: float = 5.0) -> None:
        """Send messages to every client, encoded once; who is not connected misses them.

        The newest of each type and device also answers queries (GET_) of clients, and is what they
        get first when they ask for a stream (STT_); such clients get it no faster than they asked.

        A `Frame` goes out as it came, byte for byte and unchecked.

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
        waiting = self._board.provide(messages, pushed=True)
        if waiting:
            self._board.wait_for_room(waiting, timeout)

    def offer(self, *messages: Sendable) -> None:
        """Make messages available to who asks, by query or as a stream; send them to nobody else.

        Raises:
            MessageError, ClosedError: as `publish`.
        """
        for peer, items in self._board.provide(messages, pushed=False):
            peer.drop(items)

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        """Wire type and device name of all that was published or offered so far, sorted."""
        return self._board.service.devices

    def wait_for_clients(self, count: int = 1, timeout: float | None = None) -> bool:
        """Wait until `count` clients are connected; False when they are not within `timeout` s."""
        board = self._board
        with board.changed:
            board.changed.wait_for(lambda: len(board.peers) >= count or board.closed, timeout)
            return len(board.peers) >= count and not board.closed

    def tap(self, callback: Tap) -> Callable[[], None]:
        """Show everything that passes to a function as well: a recorder, say.

        It is called with (connection, frames), in the thread of whoever publishes or offers, with
        "published" or "offered"; in the server's own thread for what clients send, with the
        client's address. It is to be quick; what it raises is logged. What goes to single clients,
        as answers do, is not shown.

        Returns:
            A function that ends it.
        """

        def show(connection: str, frames: list[Frame]) -> None:
            callback(connection, frames)

        board = self._board
        board.taps = (*board.taps, show)

        def end() -> None:
            board.taps = tuple(one for one in board.taps if one is not show)

        return end

    @overload
    def on_message(self, cls: type[M]) -> Callable[[Handler[M]], Handler[M]]: ...  # type: ignore[overload-overlap]
    @overload
    def on_message(self, cls: Handler[Message]) -> Handler[Message]: ...
    def on_message(self, cls: Any) -> Any:
        """Decorator: call the function with (client, message) for each message that comes.

        `@server.on_message(igtl.String)` does so for one class. Handlers run in the server's own
        thread, one at a time: let them be quick. What they raise is logged and counted.

        The server answers queries and commands by itself, see `on_get` and `on_command`. A handler
        for their class, such as `@server.on_message(igtl.Get)`, takes that over. What igtl's
        clients ask for their own ends (whether the server lives, what its clock shows) is answered
        all the same, unless a handler takes over `type(igtl.Get(igtl.Status))`.

        Raises:
            MessageError: this is neither a class of messages nor a function.
        """
        cls = handled(cls)
        if isinstance(cls, type):
            return lambda handler: self._add_handler(cls, handler)
        return self._add_handler(Message, cls)

    def _add_handler(self, cls: type[Message], handler: Handler[Message]) -> Handler[Message]:
        self._board.message_handlers.append((cls, handler))
        self._board.answer_elsewhere(cls)
        return handler

    def on_get(self, cls: type[Message]) -> Callable[[_AH], _AH]:
        """Decorator: compute answers to GET_ of a class by calling the function.

            @server.on_get(igtl.Image)
            def image(client, query): return newest_image(query.device_name)

        It is called with (client, query), for any device name, in a thread other than the
        server's: queries and commands of one client one after another, as they came; those of
        several clients side by side. It returns a message, or None to give what was published; it
        raises `NotAvailable` to refuse. Whatever else it raises refuses as well; what is no error
        of igtl's is logged and counted.

        Streams (STT_) are made of what is published or offered, not of what handlers compute.

        Raises:
            MessageError: this is no class of messages.
        """
        given: Any = cls
        if not (isinstance(given, type) and issubclass(given, Message)):
            raise MessageError(
                f"on_get takes a class of messages, not {cls!r:.60}: @server.on_get(igtl.Image)"
            )

        def register(handler: _AH) -> _AH:
            self._board.service.add_getter(cls, handler)
            return handler

        return register

    def on_command(self, name: str) -> Callable[[_AH], _AH]:
        """Decorator: execute a command by calling the function.

            @server.on_command("StartRecording")
            def start(client, command): recorder.start(command.content)

        It is called with (client, command), in a thread as for `on_get`. It returns None, the
        reply's content as text, a mapping of parameters, or a `CommandReply`. What it raises
        becomes the reply's error: raise `CommandError` to say why it cannot be done; what is no
        error of igtl's is logged and counted. After `command_timeout` seconds the client is told
        that it failed. A command that is repeated (same id) is answered from memory.

        Every server knows RequestDeviceIds, RequestChannelIds, GetTransform and Version; handlers
        of the same names replace them.

        Raises:
            MessageError: this is no name.
        """
        given: Any = name
        if not isinstance(given, str) or not given:
            raise MessageError(
                "on_command takes the command's name, not "
                f"{getattr(name, '__qualname__', name)!r:.60}: @server.on_command('StartRecording')"
            )

        def register(handler: _AH) -> _AH:
            self._board.service.commands[name] = handler
            return handler

        return register

    def on_connect(self, handler: _PH) -> _PH:
        """Decorator: call the function with each client that connects, in the server's thread.

        It is called before the client is one of `clients`: what it sends comes first, before
        anything that is published. Clients that came before are not told of.
        """
        self._board.connect_handlers.append(handler)
        return handler

    def on_disconnect(self, handler: _PH) -> _PH:
        """Decorator: call the function with each client that is gone, in the server's thread."""
        self._board.disconnect_handlers.append(handler)
        return handler

    def __iter__(self) -> Iterator[tuple[Peer, Message]]:
        """Every message of all clients, in order of arrival, until the server is closed.

        Clients that send faster than this takes are made to wait. What came before anybody
        iterated is kept, up to 10,000 messages and 256 MiB. Queries and commands come too, though
        the server answers them.

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
        board = self._board
        with board.changed:
            while (taken := board.take()) is None:
                if not board.changed.wait_for(lambda: board.pending, timeout):
                    raise TimeoutError(
                        f"no client of {self.endpoint} sent a message within {timeout} s"
                    )
        return taken[0], board.decode(*taken)

    def close(self) -> None:
        """End all connections and free the port. What is queued still goes out, for half a second.

        Never fails, and may be called from any thread. From a handler it waits for nobody: what the
        sockets do not take at once is lost.
        """
        self._board.close()

    def __repr__(self) -> str:
        return (
            f"<igtl.Server {self.endpoint}, {len(self.clients)} clients{' closed' * self.closed}>"
        )


def handled(cls: Any) -> Any:
    """A class of messages, or a function for all of them, as `on_message` takes them.

    Raises:
        MessageError: it is neither.
    """
    if callable(cls) and not (isinstance(cls, type) and not issubclass(cls, Message)):
        return cls
    raise MessageError(
        f"on_message takes a class of messages or a function, not {cls!r:.60}: "
        "@server.on_message(igtl.String)"
    )


def switchboard(server: Server) -> Switchboard:
    """What is behind a server, for asyncio's face of it."""
    return server._board
