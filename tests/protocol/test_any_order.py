"""Whatever happens in whatever order: nothing breaks, nothing is lost, what is over stays over."""

from __future__ import annotations

import contextlib

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import igtl
from igtl.messages.query import Get, Ready, Start, Stop
from igtl.protocol.exchange import AboutType, Answer, Exchange, Order, State, Subscription
from tests.codec.wire import packet
from tests.protocol.conversation import Client, FakeClock, named

CLASSES = [igtl.Transform, igtl.TrackingData, igtl.Point, igtl.Status]
STREAMS = [igtl.Transform, igtl.TrackingData]
DEVICES = ["", "A", "B"]
DOCUMENTED = (
    igtl.NotAvailable,
    igtl.TimeoutError,
    igtl.ClosedError,
    igtl.CommandError,
    igtl.DecodeError,
)
NO_ANSWER = {State.REFUSED, State.LATE, State.LOST}
FINAL = {State.DONE, *NO_ANSWER}

classes, streamed = st.sampled_from(CLASSES), st.sampled_from(STREAMS)
devices, numbers = st.sampled_from(DEVICES), st.integers(0, 4)


class Conversation(RuleBasedStateMachine):
    """One link; every frame that arrives has a time of its own, to be found again by."""

    exchanges: Bundle[Exchange] = Bundle("exchanges")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.client = Client(self.clock)
        self.all: list[Exchange] = []
        self.settled: dict[Exchange, State] = {}
        self.frames = 0

    def come(self, *messages: igtl.Message) -> None:
        """Messages arrive; each is found in the line, or where somebody asked for it."""
        for message in messages:
            self.frames += 1
            message = message.replace(timestamp=float(self.frames))
            before = {one: one.state for one in self.all}
            self.client.receive(message)
            found = self.places(float(self.frames))
            assert found or self.meant_something(message, before), message
            self.empty()

    def meant_something(self, message: igtl.Message, before: dict[Exchange, State]) -> bool:
        """Whether a message that is nowhere said yes or no, or was of a stream that was stopped."""
        if any(one.state is not state for one, state in before.items()):
            return True
        about = message.target if isinstance(message, Ready) else type(message)
        states = [State.STOPPING, State.ASKED, State.RUNNING, State.RETURNING, State.WAITING]
        if not isinstance(message, Ready):
            states = [State.STOPPING]
        return any(
            state in states and isinstance(one, (Answer, Subscription)) and one.cls is about
            for one, state in before.items()
        )

    def empty(self) -> None:
        """Take everything that waits."""
        self.client.inbox.frames.clear()
        for one in self.all:
            if isinstance(one, Subscription):
                one.backlog.frames.clear()

    def places(self, time: float) -> list[str]:
        """Where the message of a time is now."""
        found = ["line"] * sum(one.timestamp == time for one in self.client.inbox.frames)
        for one in self.all:
            if isinstance(one, Answer) and one.answer is not None:
                found += ["answer"] * (one.answer.timestamp == time)
            if isinstance(one, Order) and one.reply is not None:
                found += ["reply"] * (one.reply.timestamp == time)
            if isinstance(one, Subscription):
                found += ["stream"] * sum(f.timestamp == time for f in one.backlog.frames)
        assert found.count("line") <= 1
        assert not {"line", "stream"} <= set(found)
        assert found.count("answer") + found.count("reply") <= 1
        return found

    # ---- this side

    @rule(target=exchanges, cls=classes, device=devices)
    def get(self, cls: type[igtl.Message], device: str) -> Exchange:
        self.all.append(self.client.session.get(cls, device, {}))
        return self.all[-1]

    @rule(target=exchanges, cls=streamed, device=devices)
    def start(self, cls: type[igtl.Message], device: str) -> Exchange:
        self.all.append(self.client.stream(cls, device))
        return self.all[-1]

    @rule(target=exchanges)
    def command(self) -> Exchange:
        self.all.append(self.client.session.command("Go", "", "", None))
        return self.all[-1]

    @rule(exchange=exchanges)
    def expire(self, exchange: Exchange) -> None:
        exchange.expire(1.0)

    @rule(exchange=consumes(exchanges))
    def leave(self, exchange: Exchange) -> None:
        with exchange:
            if isinstance(exchange, Subscription):
                stop = exchange.stop(self.clock.now)
                assert stop is None or isinstance(stop, Stop)
        assert exchange.settled

    @rule(seconds=st.sampled_from([0.1, 0.6, 5.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    # ---- the link and the peer

    @rule(over=st.booleans())
    def lose(self, over: bool) -> None:
        self.client.session.lost("cable", over=over)

    @rule()
    def restore(self) -> None:
        lost = {one for one in self.all if one.state is State.LOST}
        self.client.inbox.begin()
        questions = self.client.session.restored()
        again = [
            one.question
            for one in self.all
            if (one in lost and one.state is State.RETURNING)
            or (isinstance(one, AboutType) and one.state is State.ASKED)
        ]
        assert questions == again
        assert all(isinstance(one, (Get, Start)) for one in questions)

    @rule(sent=st.booleans())
    def again(self, sent: bool) -> None:
        session, now = self.client.session, self.clock.now
        waiting = [one for one in self.all if one.state is State.WAITING]
        questions = session.again(now)
        asked = [one for one in waiting if one.state is State.RETURNING]
        assert questions == [one.question for one in asked]
        if not sent:
            session.postpone(now)
            assert all(one.state is State.WAITING for one in waiting)
        assert session.due_at > now

    @rule(cls=classes, device=devices, version=st.sampled_from([1, 2]), number=numbers)
    def data(self, cls: type[igtl.Message], device: str, version: int, number: int) -> None:
        message = named(cls, device).replace(header_version=version)
        self.come(message.replace(message_id=number) if version == 2 else message)

    @rule(cls=streamed, device=devices, status=st.sampled_from([0, 1]), number=numbers)
    def ready(self, cls: type[igtl.Message], device: str, status: int, number: int) -> None:
        self.come(Ready(cls, status, device_name=device, message_id=number))

    @rule(code=st.sampled_from([1, 4, 13]), device=devices, number=numbers)
    def status(self, code: int, device: str, number: int) -> None:
        self.come(igtl.Status(code, device_name=device, message_id=number))

    @rule(number=numbers, name=st.sampled_from(["", "no"]))
    def reply(self, number: int, name: str) -> None:
        self.come(igtl.CommandReply(number, name))

    @rule(wire_type=st.sampled_from(["RTS_TDATA", "STATUS", "RTS_COMMAND", "TDATA", "GET_IMAGE"]))
    def malformed(self, wire_type: str) -> None:
        self.client.receive(packet(wire_type, b"\1\2", version=2, device_name=b"A", crc=1))
        self.empty()

    @rule()
    def question(self) -> None:
        self.come(Get(igtl.Image))

    # ---- what always holds

    @invariant()
    def what_is_settled_stays_so(self) -> None:
        for one in self.all:
            final = FINAL if not isinstance(one, Subscription) else {State.DONE}
            assert self.settled.get(one, one.state) is one.state
            if one.state in final:
                self.settled[one] = one.state

    @invariant()
    def outcomes_are_documented(self) -> None:
        for one in self.all:
            if (
                isinstance(one, (Answer, Order))
                and one.settled
                and (one.state in NO_ANSWER or has(one))
            ):
                with contextlib.suppress(*DOCUMENTED):
                    one.result()


def has(exchange: Answer[igtl.Message] | Order) -> bool:
    return (exchange.answer if isinstance(exchange, Answer) else exchange.reply) is not None


TestConversation = Conversation.TestCase
