"""What this side asked its peer for, and what came of it: queries, streams and commands.

No input and output, and no clock: frames that arrive are shown to `Session.route`, the time is an
argument. Every question is an `Exchange`, whose life is a table of states and events; which frame
is which event of which exchange is decided in one place, `Session._take`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, CommandError, DecodeError, MessageError, NotAvailable
from igtl.errors import TimeoutError as IgtlTimeoutError
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Get, Ready, Start, Stop
from igtl.messages.registry import class_of
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import String
from igtl.protocol.backlog import Backlog
from igtl.protocol.inbox import Inbox
from igtl.protocol.matching import is_of, message_id_of, names_its_items
from igtl.protocol.plus import command_text, string_command
from igtl.protocol.profile import IGTL, Profile, recognise
from igtl.protocol.replies import verdict

__all__ = ["TABLES", "Answer", "Event", "Exchange", "Order", "Session", "State", "Subscription"]

M = TypeVar("M", bound=Message)

#: Data of a stream that was stopped still comes for a while: so many seconds it is thrown away.
_AFTERMATH = 1.0
#: So many messages are looked at to recognise a peer by what it sends first.
_GREETINGS = 3
#: What a stream may have waiting.
_MOST_FRAMES, _MOST_BYTES = 10_000, 256 << 20

#: Codes of a STATUS that can mean "no" to a question. Others are news of the device.
_REFUSALS = frozenset(
    {
        StatusCode.UNKNOWN_ERROR,
        StatusCode.NOT_FOUND,
        StatusCode.ACCESS_DENIED,
        StatusCode.BUSY,
        StatusCode.UNKNOWN_INSTRUCTION,
        StatusCode.NOT_READY,
        StatusCode.DISABLED,
        StatusCode.NOT_PRESENT,
    }
)


class State(Enum):
    """Where an exchange is."""

    ASKED = auto()
    RUNNING = auto()
    STOPPING = auto()
    DONE = auto()
    REFUSED = auto()
    LATE = auto()
    LOST = auto()


class Event(Enum):
    """What happens to an exchange."""

    DATA = "data"
    ACCEPTED = "RTS_ 0"
    DENIED = "RTS_ 1, STATUS"
    STOPPED = "stopped"
    EXPIRED = "time is over"
    LOST = "link lost"
    RESTORED = "link restored"


Table = dict[tuple[State, Event], State]

_ANSWER: Table = {
    (State.ASKED, Event.DATA): State.DONE,
    (State.ASKED, Event.ACCEPTED): State.ASKED,
    (State.ASKED, Event.DENIED): State.REFUSED,
    (State.ASKED, Event.STOPPED): State.DONE,
    (State.ASKED, Event.EXPIRED): State.LATE,
    (State.ASKED, Event.LOST): State.LOST,
}
_STREAM: Table = {
    (State.ASKED, Event.DATA): State.RUNNING,
    (State.ASKED, Event.ACCEPTED): State.RUNNING,
    (State.ASKED, Event.DENIED): State.REFUSED,
    (State.ASKED, Event.STOPPED): State.STOPPING,
    (State.ASKED, Event.EXPIRED): State.LATE,
    (State.ASKED, Event.LOST): State.LOST,
    (State.RUNNING, Event.DATA): State.RUNNING,
    (State.RUNNING, Event.ACCEPTED): State.RUNNING,
    (State.RUNNING, Event.DENIED): State.REFUSED,
    (State.RUNNING, Event.STOPPED): State.STOPPING,
    (State.RUNNING, Event.LOST): State.LOST,
    (State.LATE, Event.STOPPED): State.STOPPING,
    (State.LOST, Event.RESTORED): State.RUNNING,
    (State.LOST, Event.STOPPED): State.DONE,
    (State.REFUSED, Event.STOPPED): State.DONE,
    (State.STOPPING, Event.DATA): State.STOPPING,
    (State.STOPPING, Event.ACCEPTED): State.DONE,
    (State.STOPPING, Event.DENIED): State.DONE,
    (State.STOPPING, Event.EXPIRED): State.DONE,
    (State.STOPPING, Event.LOST): State.DONE,
}
#: All transitions; what is not listed changes nothing.
TABLES: Mapping[str, Table] = {"GET_, COMMAND": _ANSWER, "STT_ ... STP_": _STREAM}


class Exchange:
    """One question, and what became of it.

    Attributes:
        question: the message to send.
        asked: what was asked of whom, for people.
        state: where it is.
    """

    table: ClassVar[Table] = _ANSWER

    def __init__(self, session: Session, question: Message, asked: str) -> None:
        self.question, self.asked = question, asked
        self.state = State.ASKED
        self.answer: Frame | None = None
        self.device = question.device_name
        self._session = session
        self._why = ""
        self._refusal: Message | None = None

    @property
    def settled(self) -> bool:
        """Whether the question is not open any more."""
        return self.state is not State.ASKED

    def on(self, event: Event, why: str = "", refusal: Message | None = None) -> bool:
        """Go where the table leads; whether it leads anywhere."""
        state = self.table.get((self.state, event))
        if state is None:
            return False
        if state is not self.state:
            self.state, self._why, self._refusal = state, why or self._why, refusal
        return True

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self.state is State.REFUSED:
            raise NotAvailable(f"{self.asked}: {self._why}", self._refusal)
        if self.state is State.LATE:
            raise IgtlTimeoutError(f"{self.asked}: no answer within {self._why}")
        if self.state is State.LOST:
            raise ClosedError(f"{self.asked}: the link ended before the answer: {self._why}")

    def expire(self, timeout: float) -> None:
        """The time for an answer is over."""
        self.on(Event.EXPIRED, f"{timeout:g} s{self._session.hint(self)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.forget(self)


E = TypeVar("E", bound=Exchange)


class _AboutType(Exchange, Generic[M]):
    """A question for messages of one class."""

    def __init__(self, session: Session, cls: type[M], question: Message, asked: str) -> None:
        super().__init__(session, question, asked)
        self.cls = cls

    def wants(self, frame: Frame) -> bool:
        """Whether a frame can be what was asked for."""
        if not self.cls.knows(frame.raw_type):
            return False
        own, theirs = self.question.message_id, message_id_of(frame)
        if own and theirs:
            return own == theirs
        return not self.device or names_its_items(self.cls) or is_of(frame, self.device)


class Answer(_AboutType[M]):
    """A GET_ and its answer."""

    def result(self) -> M:
        """The message that was asked for.

        Raises:
            NotAvailable, TimeoutError, ClosedError: there is none.
            DecodeError: it is malformed.
        """
        self.check()
        assert self.answer is not None  # the state is DONE
        message: Any = decode_frame(self.answer)
        return message  # type: ignore[no-any-return]


class Order(Exchange):
    """A COMMAND and its reply."""

    def __init__(self, session: Session, question: Message, asked: str, name: str) -> None:
        super().__init__(session, question, asked)
        self.name = name
        self.reply: CommandReply | String | None = None

    def result(self) -> CommandReply:
        """The reply.

        Raises:
            CommandError: the peer says that it failed.
            TimeoutError, ClosedError: there is none.
        """
        self.check()
        assert self.reply is not None
        error = verdict(self.reply, self.name)
        reply = self.reply
        if isinstance(reply, String):
            reply = CommandReply(0, self.name, reply.text, device_name=reply.device_name)
        if error is not None:
            raise CommandError(f"{self.asked} failed: {error or 'no reason was given'}", reply)
        return reply


class Subscription(_AboutType[M]):
    """An STT_, the data that follow, and the STP_ that ends them.

    Attributes:
        backlog: data that came and wait to be taken.
    """

    table = _STREAM

    def __init__(self, session: Session, cls: type[M], question: Message, asked: str) -> None:
        super().__init__(session, cls, question, asked)
        self.backlog = Backlog(
            session.inbox.counters, max_frames=_MOST_FRAMES, max_bytes=_MOST_BYTES
        )
        self.dropped = 0
        self.confirmed = False  # the peer answers with RTS_
        self.again = False  # the link was restored, and nothing came since
        self.newest: Frame | None = None
        self.over_at = 0.0  # when what comes is no longer thrown away

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self.state in (State.ASKED, State.RUNNING) or (
            self.state is State.LOST and not self._session.over
        )

    @property
    def over(self) -> bool:
        """Whether a stream that was stopped has come to its end."""
        return self.state is not State.STOPPING

    def take_in(self, frame: Frame) -> None:
        """Data came."""
        again, self.again = self.again, False
        if again and frame == self.newest:  # came before the link broke
            return
        self.newest = frame
        if self.state is State.RUNNING:
            self.backlog.extend((frame,), len(frame.body))
            self.dropped += self.backlog.drop_oldest()

    def stop(self, now: float) -> Message | None:
        """What to send to end it; None when nothing has to be sent."""
        before = self.state
        self.on(Event.STOPPED)
        self.over_at = now + _AFTERMATH
        if self.state is not State.STOPPING:
            return None
        if before is State.STOPPING:
            return None
        return Stop(self.cls, device_name=self.device, **self._session.common())


class Session:
    """All that was asked over one link, and which frames answer it.

    Args:
        inbox: of the link; frames that answer something do not go into its line.
        endpoint: of the peer, as people wrote it.
        profile: what the peer is; None lets it be recognised by what it sends first.
    """

    def __init__(self, inbox: Inbox, endpoint: str, profile: Profile | None = None) -> None:
        self.inbox, self.endpoint = inbox, endpoint
        self.profile = profile or IGTL
        self.over = False  # the link will not be restored
        self.clock: Callable[[], float] = lambda: 0.0  # of `route`; the shells set it
        self._greetings = _GREETINGS if profile is None else 0
        self._exchanges: tuple[Exchange, ...] = ()
        self._pushed: set[tuple[bytes, bytes]] = set()  # what also comes unasked
        self._answered: dict[tuple[bytes, bytes], Frame] = {}
        self._ids = itertools.count(1)
        self._listen()

    @property
    def active(self) -> bool:
        """Whether anything is asked for."""
        return bool(self._exchanges)

    # ---- asking

    def common(self) -> dict[str, Any]:
        """Header version and message id of the next query.

        Version 2 goes only to who has shown it: programs of version 1 do not read the 14 bytes
        of such a query's body, and are lost then.
        """
        if self.inbox.version < 2 or self.profile.newest_version < 2:
            return {"header_version": 1}
        return {"header_version": 2, "message_id": next(self._ids)}

    def get(self, cls: type[M], device: str | None, fields: Mapping[str, Any]) -> Answer[M]:
        """Ask for one message.

        Raises:
            MessageError: the class has no GET_, or this peer must not be asked.
        """
        self._check_queries(f"GET_{cls.wire_type}")
        question = Get(cls, device_name=device or "", **fields, **self.common())
        self._note_pushed(cls)
        return self.add(Answer(self, cls, question, self._asked(question)))

    def subscription(
        self, cls: type[M], device: str | None, fields: Mapping[str, Any]
    ) -> Subscription[M]:
        """Prepare to ask for a stream of messages, with `add`; errors as for `get`."""
        self._check_queries(f"STT_{cls.wire_type}")
        try:
            question = Start(cls, device_name=device or "", **fields, **self.common())
        except TypeError as error:
            raise MessageError(f"STT_{cls.wire_type} cannot carry that: {error}") from None
        return Subscription(self, cls, question, self._asked(question))

    def command(
        self,
        name: str,
        content: str | Mapping[str, object],
        device: str,
        metadata: Mapping[str, str] | None,
    ) -> Order:
        """Tell the peer to do something.

        Raises:
            MessageError: it does not fit into a COMMAND, or this peer takes none.
        """
        number, form = next(self._ids), self.profile.commands
        if form == "none":
            raise MessageError(
                f"a peer of profile {self.profile.name!r} takes no commands: they came with "
                "protocol 3. Choose another profile if it does"
            )
        xml = content if isinstance(content, str) else command_text(name, content)
        if not xml and self.profile.replies == "plus":
            xml = command_text(name, {})
        question: Message
        if form == "string":
            question = string_command(number, xml)
        else:
            question = Command(number, name, xml, device_name=device, metadata=dict(metadata or {}))
        asked = f"command {name!r} to {self.endpoint}"
        return self.add(Order(self, question, asked, name))

    def forget(self, exchange: Exchange) -> None:
        """An exchange is over for who asked; a stream that still runs out stays a while."""
        if exchange.state is not State.STOPPING:
            self._exchanges = tuple(one for one in self._exchanges if one is not exchange)
            self._listen()

    def hint(self, exchange: Exchange) -> str:
        """What came instead of an answer, for the text of a time-out."""
        if not isinstance(exchange, _AboutType) or not exchange.device:
            return ""
        names = sorted(
            {frame.device_name for (t, _), (_, frame) in self.inbox.newest if exchange.cls.knows(t)}
            - {exchange.device}
        )
        if not names:
            return ""
        shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        return f"; {exchange.cls.wire_type} came from {shown}"

    # ---- the life of the link

    def lost(self, why: str, *, over: bool) -> None:
        """The link broke; with `over` for good."""
        self.over = over
        for exchange in self._exchanges:
            exchange.on(Event.LOST, why)

    def restored(self) -> list[Message]:
        """What to send first on a new connection: every stream is asked for again."""
        self.over = False
        questions = []
        for exchange in self._exchanges:
            if exchange.on(Event.RESTORED) and isinstance(exchange, Subscription):
                exchange.confirmed, exchange.again = False, True
                questions.append(exchange.question.replace(header_version=1, message_id=0))
        return questions

    # ---- frames

    def route(self, frames: list[Frame]) -> list[Frame]:
        """The frames that answer nothing, in order."""
        if self._greetings:
            self._meet(frames)
        if not self._exchanges:
            return frames
        now = self.clock()
        left = [frame for frame in frames if not self._take(frame)]
        for exchange in self._exchanges:
            if isinstance(exchange, Subscription) and exchange.over_at:
                if now > exchange.over_at:
                    exchange.on(Event.EXPIRED)
                if exchange.state is State.DONE:
                    self.forget(exchange)
        return left

    def _meet(self, frames: list[Frame]) -> None:
        """Look at what a peer sends first."""
        for frame in frames[: self._greetings]:
            try:
                found = recognise(decode_frame(frame))
            except DecodeError:
                found = None
            if found is not None:
                self.profile, self._greetings = found, 0
                break
            self._greetings -= 1
        self._listen()

    def _take(self, frame: Frame) -> bool:
        """Whether a frame is an event of some exchange, and of nothing else."""
        cls = class_of(frame.raw_type)
        if cls is None or not self._exchanges:
            return False
        try:
            if issubclass(cls, Ready):
                return self._take_ready(decode_frame(frame))
            if cls is CommandReply or (cls is String and frame.raw_name.startswith(b"ACK_")):
                return self._take_reply(decode_frame(frame))
            taken = self._take_data(frame)
            if not taken and cls is Status:
                return self._take_status(decode_frame(frame))
        except DecodeError:  # who takes it out of the line is told
            return False
        return taken

    def _take_data(self, frame: Frame) -> bool:
        """Data for streams, and for the oldest question that asks for just this."""
        wanting = [
            one for one in self._exchanges if isinstance(one, _AboutType) and one.wants(frame)
        ]
        taken = False
        for stream in wanting:
            if isinstance(stream, Subscription) and stream.on(Event.DATA):
                stream.take_in(frame)
                taken = True
        asked = [one for one in wanting if isinstance(one, Answer) and not one.settled]
        if asked:
            key = frame.raw_type, frame.raw_name
            exact = [one for one in asked if one.device] or asked
            exact[0].answer = self._answered[key] = frame
            exact[0].on(Event.DATA)
            certain = exact[0].question.message_id and message_id_of(frame)
            taken = taken or bool(certain) or key not in self._pushed
        return taken

    def _take_ready(self, ready: Message) -> bool:
        assert isinstance(ready, Ready)
        open_ones = [
            one
            for one in self._exchanges
            if isinstance(one, _AboutType) and one.cls is ready.target and _awaits(one)
        ]
        if not open_ones:
            return self._take_end(ready)
        exchange = _closest(open_ones, ready)
        if isinstance(exchange, Subscription):
            exchange.confirmed = True
        if ready.status == 0:
            return exchange.on(Event.ACCEPTED)
        why = f"the answer was {ready.wire_type} with status {ready.status}"
        return exchange.on(Event.DENIED, why, ready)

    def _take_end(self, ready: Message) -> bool:
        """A stream that runs may be ended by the peer, with an RTS_ of failure."""
        running = [
            one
            for one in self._exchanges
            if isinstance(one, Subscription) and one.cls is ready.target  # type: ignore[attr-defined]
        ]
        if not running or ready.status == 0:  # type: ignore[attr-defined]
            return False
        why = f"the peer ended it with {ready.wire_type}"
        return _closest(running, ready).on(Event.DENIED, why, ready)

    def _take_status(self, status: Message) -> bool:
        """A STATUS that says no to the oldest question that it can be about."""
        assert isinstance(status, Status)
        if status.code not in _REFUSALS:
            return False
        about = [
            one
            for one in self._exchanges
            if isinstance(one, _AboutType) and not one.settled and _refuses(status, one)
        ]
        if not about:
            return False
        text = status.text or status.error_name or "no text"
        why = f"the answer was STATUS {status.code} ({text})"
        _closest(about, status).on(Event.DENIED, why, status)
        return bool(status.device_name or status.message_id)  # else it may be news as well

    def _take_reply(self, reply: Message) -> bool:
        assert isinstance(reply, (CommandReply, String))
        for order in self._exchanges:
            if isinstance(order, Order) and not order.settled and _replies(reply, order.question):
                order.reply = reply
                return order.on(Event.DATA)
        return False

    # ---- books

    def add(self, exchange: E) -> E:
        """Look out for the answers to an exchange."""
        self._exchanges += (exchange,)
        self._listen()
        return exchange

    def _listen(self) -> None:
        """Look at frames only while there is something to look for."""
        self.inbox.route = self.route if self._greetings or self._exchanges else None

    def _note_pushed(self, cls: type[Message]) -> None:
        """Remember what came unasked: an answer of the same name then goes into line as well."""
        for key, (_, frame) in self.inbox.newest:
            if cls.knows(key[0]) and self._answered.get(key) is not frame:
                self._pushed.add(key)

    def _asked(self, question: Message) -> str:
        of = f" of device {question.device_name!r}" if question.device_name else ""
        return f"{question.wire_type}{of} from {self.endpoint}"

    def _check_queries(self, query: str) -> None:
        if not self.profile.queries:
            raise MessageError(
                f"{query} is not sent to a peer of profile {self.profile.name!r}: it answers no "
                "query, and may crash. If it is something else, connect with profile='igtl'"
            )


def _awaits(exchange: Exchange) -> bool:
    """Whether an RTS_ can be for this exchange."""
    if isinstance(exchange, Subscription) and exchange.state is State.RUNNING:
        return not exchange.confirmed
    return exchange.state in (State.ASKED, State.STOPPING)


def _closest(exchanges: list[E], answer: Message) -> E:
    """The one that an answer is for: by message id, by device, else the oldest."""
    for one in exchanges:
        if answer.message_id and answer.message_id == one.question.message_id:
            return one
    named = [one for one in exchanges if one.device == answer.device_name]
    return (named or exchanges)[0]


def _refuses(status: Message, exchange: _AboutType[Any]) -> bool:
    """Whether a STATUS can be the answer to a question."""
    if status.message_id and exchange.question.message_id:
        return status.message_id == exchange.question.message_id
    if exchange.cls is Status:
        return False
    if exchange.device and status.device_name == exchange.device:
        return True
    return not status.device_name and Ready.of(exchange.cls) is None


def _replies(reply: Message, question: Message) -> bool:
    if isinstance(reply, CommandReply):
        return isinstance(question, Command) and reply.command_id == question.command_id
    return reply.device_name == "ACK_" + question.device_name.removeprefix("CMD_")
