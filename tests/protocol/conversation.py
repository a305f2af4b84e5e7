"""A client and a server that talk over bytes in memory, on a clock that tests set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest

import igtl
from igtl.codec.frame import parse
from igtl.messages.message import decode_frame
from igtl.messages.query import Get, Start
from igtl.protocol.commands import Job, Reply, explained
from igtl.protocol.exchange import Exchange, Subscription
from igtl.protocol.guest import Guest
from igtl.protocol.inbox import Inbox
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.profile import Profile
from igtl.protocol.service import Service
from igtl.protocol.session import Session
from tests.messages.samples import sample
from tests.own_types import own_types

__all__ = [
    "QUERIED",
    "STREAMED",
    "Client",
    "Cls",
    "FakeClock",
    "Pair",
    "chunked",
    "contents",
    "for_each",
    "named",
    "packets",
    "taken",
]

Cls = type[igtl.Message]

E = TypeVar("E", bound=Exchange)
M = TypeVar("M", bound=igtl.Message)


def targets(kind: type[Get | Start]) -> list[type[igtl.Message]]:
    """Classes that have this kind of query."""
    found = {cls.target for cls in own_types().values() if issubclass(cls, kind)}
    return sorted(found, key=lambda cls: cls.wire_type)


QUERIED, STREAMED = targets(Get), targets(Start)


class FakeClock:
    """A clock that stands until somebody sets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def named(cls: type[M], device: str, time: float = 1.0) -> M:
    """A message of a class from a device, with a time that tells it from others."""
    message = sample(cls)
    assert isinstance(message, cls)
    return message.replace(device_name=device, timestamp=time)


def for_each(classes: list[Cls]) -> pytest.MarkDecorator:
    """A test for each class of messages."""
    return pytest.mark.parametrize("cls", classes, ids=lambda cls: cls.wire_type)


chunked = pytest.mark.parametrize("chunk", [1, 1 << 16], ids=["bytewise", "whole"])


def contents(messages: list[igtl.Message]) -> list[tuple[str, str, float | None]]:
    """What tells messages apart."""
    return [(one.wire_type, one.device_name, one.timestamp) for one in messages]


def taken(stream: Subscription[M]) -> list[igtl.Message]:
    """All that waits in a stream; it waits no longer."""
    return [stream.backlog.take() for _ in range(len(stream.backlog.frames))]


def packets(items: Iterable[Reply | bytes]) -> list[bytes]:
    """The bytes of messages, one piece each."""
    found = []
    for item in items:
        if isinstance(item, igtl.Message):
            item = Outgoing(item, 1.0)
        found.append(item if isinstance(item, bytes) else b"".join(item.buffers))
    return found


class Client:
    """The asking side.

    Args:
        chunk: so many bytes arrive at once.
    """

    def __init__(
        self, clock: FakeClock, profile: Profile | None = None, chunk: int = 1 << 16
    ) -> None:
        self.inbox = Inbox()
        self.session = Session(self.inbox, "server", profile)
        self.session.clock = clock
        self._chunk = chunk

    def receive(self, *items: Reply | bytes) -> None:
        """Take in what arrives, in one piece or as many as told."""
        data = b"".join(packets(items))
        while data:
            buffer = self.inbox.buffer()
            count = min(len(buffer), len(data), self._chunk)
            buffer[:count] = data[:count]
            self.inbox.received(count)
            data = data[count:]

    def line(self) -> list[igtl.Message]:
        """All that waits for iteration; it waits no longer."""
        found = [decode_frame(frame) for frame in self.inbox.frames]
        self.inbox.frames.clear()
        return found

    def stream(self, cls: type[M], device: str = "", **fields: object) -> Subscription[M]:
        """A stream that was prepared; its question is to be sent."""
        return self.session.add(self.session.subscription(cls, device, fields))


class Pair(Client):
    """A client, and a service with this client as its guest.

    Args:
        beside: another client of the same service, at the same time.
    """

    def __init__(
        self, profile: Profile | None = None, chunk: int = 1 << 16, beside: Pair | None = None
    ) -> None:
        self.clock: FakeClock = beside.clock if beside else FakeClock()
        super().__init__(self.clock, profile, chunk)
        self.service: Service = beside.service if beside else Service("server")
        self.guest = Guest()

    def answers(self, question: igtl.Message, guest: Guest | None = None) -> list[bytes]:
        """What the server answers: bytes there, bytes back."""
        guest = guest or self.guest
        (frame,) = guest.hear([parse(igtl.encode(question))])
        message = decode_frame(frame)
        guest.meet(message)
        answer = self.service.answer(guest, message, self.clock.now, 1000.0)
        return packets(_outcome(answer) if isinstance(answer, Job) else answer)

    def ask(self, exchange: E) -> E:
        """Send a question, and take in the answers."""
        self.receive(*self.answers(exchange.question))
        return exchange

    def stop(self, stream: Subscription[M]) -> None:
        """Leave a stream, as the clients do."""
        with stream:
            question = stream.stop(self.clock.now)
            if question is not None:
                self.receive(*self.answers(question))

    def offer(self, *messages: igtl.Message) -> None:
        """Make messages available to who asks."""
        self._give(messages, pushed=False)

    def publish(self, *messages: igtl.Message) -> None:
        """Make messages available, and send them."""
        self._give(messages, pushed=True)

    def send_due(self) -> None:
        """The server sends what it held back for this client, if it is time."""
        self.receive(*self.guest.flows.due(self.clock.now))

    def speak_version_2(self) -> None:
        """The server sends something with header version 2, so that questions have message ids."""
        self.receive(igtl.String("hello", device_name="Greeter", header_version=2))
        self.line()

    def _give(self, messages: Iterable[igtl.Message], *, pushed: bool) -> None:
        items = [Outgoing(message, 1.0) for message in messages]
        self.service.keep(items)
        self.receive(*self.guest.flows.pick(items, self.clock.now, pushed=pushed))


def _outcome(job: Job) -> list[Reply]:
    """What came of a handler, as a server finds it out."""
    try:
        return job.finish(job.handler("the client", job.question))
    except Exception as error:  # noqa: BLE001 - handlers raise anything
        return job.fail(explained(error))
