"""The blocking client: one connection to a server, read in the caller's own thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from igtl.closable import Closable
from igtl.codec.frame import Frame
from igtl.errors import ClosedError, DecodeError, FramingError
from igtl.messages.command import CommandReply
from igtl.messages.message import Message, decode_frame
from igtl.messages.status import Capability
from igtl.net.endpoint import Endpoint, open_socket
from igtl.net.line import SPIN, Line
from igtl.net.stream import Stream
from igtl.protocol.clock import ClockEstimate
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.habits import Habits
from igtl.protocol.profile import Profile
from igtl.protocol.recovery import Reconnect

__all__ = ["Client", "Stream", "connect"]

M = TypeVar("M", bound=Message)

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


class Client(Line, Closable):
    """A connection to a server. Made by `connect`.

    Iterating gives every message in order until the peer closes. Nothing is read while nobody
    asks: the peer then has to wait or to drop. One thread receives; any thread may send or close.

    Attributes:
        endpoint: what was connected to, as text.
        peer_address, local_address: both ends, as text.
        counters: what went over this link.
        closed: whether it is over.
        profile: what kind of program the server is, as far as is known.
        transforms: poses by the names of two frames, from all that came: `igtl.Pose`. Whoever
            looks at them takes in what has arrived, as `latest` does.
        clock: how the server's clock differs from ours, as far as `ping` has found out.
    """

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
        self._await_message(timeout)
        return self._inbox.take()

    def receive_frame(self, timeout: float | None = None) -> Frame:
        """The next message as a frame, not decoded and not checked; errors as `receive`."""
        self._await_message(timeout)
        return self._inbox.frames.popleft()

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
        self._take_in()
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
        self._greet()
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
        self._greet()
        subscription = self._session.add(self._session.subscription(cls, device, fields))
        try:
            self._ask(subscription, timeout)
            if not subscription.backlog.frames:  # else they come first
                subscription.check()
        except BaseException:
            self._unsubscribe(subscription, linger=0.0)
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
            MessageError: the count is none.
        """
        self._pings.check(count)
        self._greet()
        for _ in range(count):
            with self._pings.question() as request:
                sent = time.time()
                self._ask(request, timeout)
                arrived = time.time()
                self._pings.compare(sent, request.result(), arrived)
        return self._pings.estimate()

    def _newest_frames(self) -> Iterable[tuple[int, Frame]]:
        """For `transforms`: what has arrived by now is taken in first."""
        self._take_in()
        return super()._newest_frames()

    def _take_in(self) -> None:
        """Take in what has arrived by now, however fast the peer sends; the oldest may go."""
        frames = self._inbox.frames
        with contextlib.suppress(ClosedError, FramingError):  # first what came before the end
            for _ in range(_READS_AT_ONCE):
                if not self._fill(0.0, len(frames)):
                    break
                self._inbox.drop_oldest()

    def _await_message(self, timeout: float | None) -> None:
        """Wait for a message to be in line; errors as `receive`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._inbox.frames:
            if not self._fill(deadline):
                raise self._nothing(self._no_message(timeout))

    def _fill(self, deadline: float | None, known: int = 0) -> bool:
        """Read until more than `known` messages wait; as `wait_for`."""
        frames = self._inbox.frames
        return self.wait_for(lambda: len(frames) > known, deadline)
