"""The client for asyncio: a thin shell over the same link, its bytes taken in by one task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from igtl.codec.frame import Frame
from igtl.messages.command import CommandReply
from igtl.messages.message import Message
from igtl.messages.status import Capability
from igtl.net.aio_line import Line, opened
from igtl.net.aio_stream import Stream
from igtl.net.endpoint import Endpoint
from igtl.net.transport import readable
from igtl.protocol.clock import ClockEstimate
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.protocol.habits import Habits
from igtl.protocol.profile import Profile
from igtl.protocol.recovery import Reconnect

__all__ = ["Client", "Stream", "connect"]

M = TypeVar("M", bound=Message)

#: `latest` lets the reader read at most so often before it answers, however fast the peer sends.
_READS_AT_ONCE = 256


class _Connecting:
    """What `connect` gives: to be awaited, or entered with `async with`."""

    def __init__(self, endpoint: Endpoint, timeout: float, habits: Habits) -> None:
        self._endpoint, self._timeout, self._habits = endpoint, timeout, habits
        self._client: Client | None = None

    async def _connect(self) -> Client:
        sock = await opened(self._endpoint, self._timeout)
        client = Client(sock, self._endpoint, self._habits, timeout=self._timeout)
        await client._begin()
        return client

    def __await__(self) -> Any:
        return self._connect().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._connect()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()


def connect(
    endpoint: str = "localhost:18944",
    *,
    timeout: float = 5.0,
    max_body: int = DEFAULT_MAX_BODY,
    profile: str | Profile = "auto",
    reconnect: bool | Reconnect = False,
    keep_alive: float | None = None,
) -> _Connecting:
    """Connect to a server; to be awaited, or entered with `async with`.

    Args and errors are those of `igtl.connect`.
    """
    habits = Habits.of(max_body, profile, reconnect, keep_alive)
    return _Connecting(Endpoint.parse(endpoint), timeout, habits)


class Client(Line):
    """A connection to a server. Made by `connect`; use it in the event loop that made it.

    Attributes:
        endpoint, peer_address, local_address, counters, closed, profile, clock: as for
            `igtl.Client`.
        transforms: poses by the names of two frames, from all that the loop has taken in.
    """

    def __aiter__(self) -> AsyncIterator[Message]:
        """Every message in order, until the peer closes; errors as for `igtl.Client`."""
        return self

    async def __anext__(self) -> Message:
        while not self._inbox.frames:
            if not await self._more():
                raise StopAsyncIteration
        return self._pop()

    async def frames(self) -> AsyncIterator[Frame]:
        """Every message in order as a frame, not decoded and not checked."""
        while self._inbox.frames or await self._more():
            if self._inbox.frames:
                yield self._pop_frame()

    async def receive(self, timeout: float | None = None) -> Message:
        """The next message; arguments and errors as for `igtl.Client.receive`."""
        await self._await_message(timeout)
        return self._pop()

    async def receive_frame(self, timeout: float | None = None) -> Frame:
        """The next message as a frame; arguments and errors as for `igtl.Client.receive_frame`."""
        await self._await_message(timeout)
        return self._pop_frame()

    async def latest(self, cls: type[M], device: str | None = None, *, timeout: float = 5.0) -> M:
        """The newest message of a class; arguments and errors as for `igtl.Client.latest`."""
        for _ in range(_READS_AT_ONCE):
            more = self._receiving and readable(self._sock)
            await asyncio.sleep(0)  # the reader takes in what it has read
            self._drop_oldest()
            if not more:
                break
        deadline = time.monotonic() + timeout
        while (message := self._newest(cls, device)) is None:
            if not await self.wait_for(self._more_than(self.counters.messages_received), deadline):
                raise self._nothing(self._no_latest(cls, device, timeout))
        return message

    async def get(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> M:
        """Ask the server for one message; arguments and errors as for `igtl.Client.get`."""
        await self._greet()
        with self._session.get(cls, device, fields) as request:
            await self._ask(request, timeout)
            return request.result()

    def stream(
        self, cls: type[M], device: str | None = None, *, timeout: float = 5.0, **fields: Any
    ) -> Stream[M]:
        """Ask the server for a stream, to be entered with `async with` or awaited.

            async with link.stream(igtl.TrackingData, interval=0.02) as frames:
                async for message in frames: ...

        Arguments and errors are those of `igtl.Client.stream`.
        """
        return Stream(self, self._session.subscription(cls, device, fields), timeout)

    async def command(
        self,
        name: str,
        content: str | Mapping[str, object] = "",
        *,
        device: str = "",
        timeout: float = 5.0,
        metadata: Mapping[str, str] | None = None,
    ) -> CommandReply:
        """Tell the server to do something; arguments and errors as for `igtl.Client.command`."""
        with self._session.command(name, content, device, metadata) as order:
            await self._ask(order, timeout)
            return order.result()

    async def capabilities(self, *, timeout: float = 5.0) -> tuple[str, ...]:
        """The wire types that the server says it understands; as `igtl.Client.capabilities`."""
        return (await self.get(Capability, timeout=timeout)).types

    async def subscribe(
        self,
        *types: str,
        transforms: Sequence[str] = (),
        images: Sequence[str] = (),
        strings: Sequence[str] = (),
        tracking_interval: float | None = None,
    ) -> None:
        """Tell a PLUS server what to send; arguments as for `igtl.Client.subscribe`."""
        await self.send(self._wish(types, transforms, images, strings, tracking_interval))

    async def ping(self, count: int = 8, *, timeout: float = 5.0) -> ClockEstimate:
        """Measure the round trip and the clocks' difference; as `igtl.Client.ping`."""
        self._pings.check(count)
        await self._greet()
        for _ in range(count):
            with self._pings.question() as request:
                sent = time.time()
                await self._ask(request, timeout)
                arrived = time.time()
                self._pings.compare(sent, request.result(), arrived)
        return self._pings.estimate()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _more_than(self, known: int) -> Callable[[], bool]:
        """Whether more messages have come than that."""
        return lambda: self.counters.messages_received > known

    async def _await_message(self, timeout: float | None) -> None:
        """Wait for a message to be in line."""
        deadline = None if timeout is None else time.monotonic() + timeout
        frames = self._inbox.frames
        while not frames:
            if not await self.wait_for(lambda: bool(frames), deadline):
                raise self._nothing(self._no_message(timeout))

    def _pop_frame(self) -> Frame:
        frame = self._inbox.frames.popleft()
        self._wanted.set()
        return frame

    def _pop(self) -> Message:
        try:
            return self._inbox.take()
        finally:
            if not self._inbox.full:
                self._wanted.set()
