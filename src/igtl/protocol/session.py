"""What this side asked its peer for, and what came of it: queries, streams and commands.

No input and output, and no clock: frames that arrive are shown to `Session.route`, the time is an
argument. Every question is an `Exchange` with a state; which frame is which event of which exchange
is decided in one place, `Session._take`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MessageError
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Get, Ready, Start
from igtl.messages.registry import class_of
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import String
from igtl.protocol.exchange import (
    AboutType,
    Answer,
    Event,
    Exchange,
    Order,
    State,
    Subscription,
)
from igtl.protocol.inbox import Inbox
from igtl.protocol.matching import HELLO, candidates, is_of, message_id_of, names_its_items
from igtl.protocol.newest import Newest
from igtl.protocol.plus import command_text, string_command
from igtl.protocol.profile import IGTL, Profile, recognise

__all__ = ["Session"]

M = TypeVar("M", bound=Message)
E = TypeVar("E", bound=Exchange)

#: So many messages are looked at to recognise a peer by what it sends first.
_GREETINGS = 3

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
        self._exchanges: dict[Exchange, None] = {}  # in order; several threads may ask
        self._pushed: Newest[bool] = Newest()  # what also comes unasked
        self._answered: Newest[Frame] = Newest()
        self._ids = itertools.count(1)
        self._told = False
        self._routed = 0  # messages that were answers, and nothing else
        inbox.route = self.route

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

    def preface(self) -> tuple[Message, ...]:
        """What goes before the first query: that header version 2 is read here.

        A server would otherwise leave out the metadata of what it answers.
        """
        if self._told or self.profile is not IGTL:
            return ()
        self._told = True
        return () if self.inbox.version > 1 else (HELLO,)

    def get(self, cls: type[M], device: str | None, fields: Mapping[str, Any]) -> Answer[M]:
        """Ask for one message.

        Raises:
            MessageError: the class has no GET_, or this peer must not be asked.
        """
        self._check_queries(f"GET_{cls.wire_type}")
        question = Get(cls, device_name=device or "", **fields, **self.common())
        self._note_pushed(cls, device or "")
        self._note_pushed(Status, device or "")
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
        self._note_pushed(cls, device or "")
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
            self._exchanges.pop(exchange, None)

    def streams_also(self, ended: Subscription[Any]) -> bool:
        """Whether another stream asks for just what this one did: STP_ would end both."""
        return any(
            one.cls is ended.cls and one.device == ended.device and one.live
            for one in self._all(Subscription)
        )

    def hint(self, exchange: Exchange) -> str:
        """What came instead of an answer, for the text of a time-out."""
        if not isinstance(exchange, AboutType) or not exchange.device:
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
        """The link broke; with `over` for good. Else open queries wait to be asked again."""
        self.over = over
        for exchange in self._all(Exchange):
            if over or exchange.settled or not isinstance(exchange, AboutType):
                exchange.on(Event.LOST, why)

    def restored(self) -> list[Message]:
        """What to send first on a new connection: queries and streams are asked for again."""
        self.over = self._told = False
        again = [
            one
            for one in self._all(AboutType)
            if not one.settled or (isinstance(one, Subscription) and one.on(Event.RESTORED))
        ]
        return [one.resume() for one in again]

    # ---- frames

    def route(self, frames: list[Frame]) -> list[Frame]:
        """The frames that answer nothing, in order."""
        if self._greetings:
            self._meet(frames)
        if not self._exchanges:
            return frames
        now = self.clock()
        for stream in self._all(Subscription):
            if stream.state is State.STOPPING and now > stream.over_at:
                stream.on(Event.EXPIRED)
            if stream.state is State.DONE:
                self.forget(stream)
        left = [frame for frame in frames if not self._take(frame)]
        self._routed += len(frames) - len(left)
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
                return self._take_status(decode_frame(frame), frame)
        except DecodeError:  # who takes it out of the line is told
            return False
        return taken

    def _take_data(self, frame: Frame) -> bool:
        """Data for streams, and for the oldest question that asks for just this."""
        wanting = [one for one in self._all(AboutType) if one.wants(frame)]
        asked = [one for one in wanting if isinstance(one, Answer) and not one.settled]
        id_ = message_id_of(frame)
        for one in asked:
            if id_ and one.question.message_id == id_:
                self._answer(one, frame)
                return True
        taken = False
        for stream in wanting:
            if isinstance(stream, Subscription) and stream.on(Event.DATA):
                stream.take_in(frame)
                taken = True
        if asked:
            named = [one for one in asked if is_of(frame, one.device)]
            taken = taken or not self.also_pushed(frame)
            self._answer((named or asked)[0], frame)
        return taken

    def _answer(self, asked: Answer[Any], frame: Frame) -> None:
        asked.answer = frame
        asked.on(Event.DATA)
        self.note_answered(frame)

    def _take_ready(self, ready: Message) -> bool:
        """Consent or refusal, for a question that waits for it; or the end of a stream."""
        assert isinstance(ready, Ready)
        about = [one for one in self._all(AboutType) if one.cls is ready.target]
        waiting = [one for one in about if _awaits(one) and _concerns(ready, one)]
        if ready.status == 0:  # who asked for one message waits for that, whatever is said
            waiting = [one for one in waiting if isinstance(one, Subscription)] or waiting
        elif not waiting:
            streams = [one for one in about if isinstance(one, Subscription)]
            waiting = [one for one in streams if _names(ready, one)]
        return bool(waiting) and _closest(waiting, ready).consented(ready)

    def _take_status(self, status: Message, frame: Frame) -> bool:
        """A STATUS that says no to the oldest question that it can be about."""
        assert isinstance(status, Status)
        if status.code not in _REFUSALS:
            return False
        about = [one for one in self._all(AboutType) if not one.settled and _refuses(status, one)]
        if not about:
            return False
        text = status.text or status.error_name or "no text"
        why = f"the answer was STATUS {status.code} ({text})"
        _closest(about, status).on(Event.DENIED, why, status)
        if not (status.device_name or status.message_id) or self.also_pushed(frame):
            return False  # it may be news as well
        self.note_answered(frame)
        return True

    def _take_reply(self, reply: Message) -> bool:
        assert isinstance(reply, (CommandReply, String))
        for order in self._all(Order):
            if not order.settled and _replies(reply, order.question):
                order.reply = reply
                return order.on(Event.DATA)
        return False

    # ---- books

    def add(self, exchange: E) -> E:
        """Look out for the answers to an exchange."""
        self._exchanges[exchange] = None
        return exchange

    def _all(self, kind: type[E]) -> list[E]:
        """Exchanges of a kind, the oldest first."""
        return [one for one in tuple(self._exchanges) if isinstance(one, kind)]

    def _note_pushed(self, cls: type[Message], device: str) -> None:
        """Remember what came unasked: an answer of the same name then goes into line as well."""
        if self._routed == self.inbox.counters.messages_received:  # nothing did
            return
        streams = self._all(Subscription)
        named = "" if names_its_items(cls) else device
        for key, (_, frame) in candidates(self.inbox.newest, cls, named):
            answered = self._answered.get(key) is frame
            if not answered and not any(stream.wants(frame) for stream in streams):
                self._pushed.keep(key, True, 0)

    def also_pushed(self, frame: Frame) -> bool:
        """Whether what a frame is of came unasked before."""
        return self._pushed.get((frame.raw_type, frame.raw_name)) is not None

    def note_answered(self, frame: Frame) -> None:
        """Remember that what came last of a device was asked for."""
        self._answered.keep((frame.raw_type, frame.raw_name), frame, frame.body_size)

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
    """Whether an RTS_ is still to come for this exchange."""
    if isinstance(exchange, Subscription) and exchange.state is State.RUNNING:
        return not exchange.confirmed
    return exchange.state in (State.ASKED, State.STOPPING)


def _concerns(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ can be about an exchange.

    Answers have the device name of their query (reference, ImageDatabaseServer); where neither is
    named, or the type names what it holds, nothing is certain.
    """
    if _foreign(ready, exchange):
        return False
    unsure = not (ready.device_name and exchange.device) or names_its_items(exchange.cls)
    return unsure or ready.device_name == exchange.device


def _names(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ is about just what an exchange is."""
    return ready.device_name == exchange.device and not _foreign(ready, exchange)


def _foreign(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ answers another question, by its message id. STP_ has one of its own."""
    own, theirs = exchange.question.message_id, ready.message_id
    return bool(own and theirs) and own != theirs and exchange.state is not State.STOPPING


def _closest(exchanges: list[E], answer: Message) -> E:
    """The one that an answer is for: by message id, by device, else the oldest."""
    for one in exchanges:
        if answer.message_id and answer.message_id == one.question.message_id:
            return one
    named = [one for one in exchanges if one.device == answer.device_name]
    return (named or exchanges)[0]


def _refuses(status: Message, exchange: AboutType[Any]) -> bool:
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
