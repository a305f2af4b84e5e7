"""What this side asked its peer for, and what came of it: queries, streams and commands.

No input and output, and no clock: frames that arrive are shown to `Session.route`, the time is an
argument. Every question is an `Exchange` with a state; which frame is which event of which exchange
is decided in one place, `Session._take`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MessageError
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Get, Ready, Start
from igtl.messages.registry import class_of
from igtl.messages.status import Status
from igtl.messages.string import String
from igtl.protocol.addressing import (
    REFUSALS,
    awaits,
    check_class,
    closest,
    concerns,
    names,
    refuses,
    replies,
)
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
from igtl.protocol.matching import (
    HELLO,
    candidates,
    is_of,
    message_id_of,
    names_its_items,
)
from igtl.protocol.newest import Newest
from igtl.protocol.plus import command_text, string_command
from igtl.protocol.profile import IGTL, PLUS, Profile, recognise

__all__ = ["Session"]

M = TypeVar("M", bound=Message)
E = TypeVar("E", bound=Exchange)

#: So many messages of each header version are looked at to recognise a peer by what it sends.
_GREETINGS = 3


class Session:
    """All that was asked over one link, and which frames answer it.

    Args:
        inbox: of the link; frames that answer something do not go into its line.
        endpoint: of the peer, as people wrote it.
        profile: what the peer is; None lets it be recognised by what it sends first.

    Attributes:
        connected: whether there is a connection, or one is being made for what `restored` gave.
        over: whether the link will not be restored.
        clock: of `route`, in s; the shells set it.
        due_at: when `again` has something to say at the earliest, by that clock.
    """

    def __init__(self, inbox: Inbox, endpoint: str, profile: Profile | None = None) -> None:
        self.inbox, self.endpoint = inbox, endpoint
        self.profile = profile or IGTL
        self.connected, self.over = True, False
        self.clock: Callable[[], float] = lambda: 0.0
        self.due_at = math.inf
        self._connection = 1  # its number
        self._asked_again: list[Subscription[Any]] = []  # by the last `again`
        self._auto = profile is None
        self._greetings = dict.fromkeys((1, 2), _GREETINGS if self._auto else 0)  # by version
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
        question = self._question(Get, cls, device, fields)
        self._note_pushed(cls, device or "")
        self._note_pushed(Status, device or "")
        return self.add(Answer(self, cls, question, self._asked(question)))

    def subscription(
        self, cls: type[M], device: str | None, fields: Mapping[str, Any]
    ) -> Subscription[M]:
        """Prepare to ask for a stream of messages, with `add`; errors as for `get`."""
        question = self._question(Start, cls, device, fields)
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

    def _question(
        self, kind: type[Get | Start], cls: Any, device: str | None, fields: Mapping[str, Any]
    ) -> Message:
        """GET_ or STT_ of a class; MessageError when there is none, or it must not be sent."""
        check_class(cls)
        query = f"{'GET' if kind is Get else 'STT'}_{cls.wire_type}"
        self._check_queries(query)
        try:
            return kind(cls, device_name=device or "", **fields, **self.common())
        except TypeError as error:
            raise MessageError(f"{query} cannot carry that: {error}") from None

    def takes_wishes(self) -> None:
        """The peer is told what to send as PLUS is: who was not recognised yet is taken for it."""
        if self._auto and self.profile is IGTL:
            self._recognised(PLUS)

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
        self.over, self.connected = over, False
        for exchange in self._all(Exchange):
            if over or exchange.settled or not isinstance(exchange, AboutType):
                exchange.on(Event.LOST, why)

    def restored(self) -> list[Message]:
        """What to send first on a new connection: queries and streams are asked for again."""
        self.over, self._told, self.connected = False, False, True
        self._connection += 1
        again = [
            one
            for one in self._all(AboutType)
            if not one.settled or (isinstance(one, Subscription) and one.on(Event.RESTORED))
        ]
        return [self._carry(one, one.resume()) for one in again]

    def words(self, exchange: Exchange) -> list[Message]:
        """What is to be sent now for an exchange; whoever sends holds the lock for sending.

        The question, unless this connection carried it already; or the STP_ that is left to send.
        """
        if not exchange.settled and exchange.carried != self._connection:
            first = self.preface() if isinstance(exchange, AboutType) else ()
            return [*first, self._carry(exchange, exchange.question)]
        if not isinstance(exchange, Subscription) or exchange.farewell is None:
            return []
        farewell, exchange.farewell = exchange.farewell, None
        if exchange.carried != self._connection:  # there is nothing to stop
            exchange.on(Event.EXPIRED)
            return []
        return [farewell]

    def unsent(self) -> list[Message]:
        """What was asked or stopped after `restored`, while nothing else could be sent."""
        left = [one for one in self._all(AboutType) if one.carried != self._connection]
        for one in left:
            one.resume()  # what is known of the peer is known of the connection before
        return [word for one in self._all(AboutType) for word in self.words(one)]

    def _carry(self, exchange: Exchange, question: Message) -> Message:
        exchange.carried = self._connection
        return question

    # ---- streams that a peer that is back does not have yet

    def again(self, now: float) -> list[Message]:
        """Questions for streams that were refused and whose time has come, to be sent now."""
        due = [one for one in self._all(Subscription) if one.again_at <= now]
        self._asked_again = [one for one in due if one.ask_again()]
        self._look_ahead()
        return [one.question for one in self._asked_again]

    def postpone(self, now: float) -> None:
        """Nothing could be sent: what is due, or was given by `again` just now, is due later."""
        for one in self._asked_again:
            one.on(Event.DENIED)
        self._asked_again = []
        for one in self._all(Subscription):
            if one.state is State.WAITING and one.again_at <= now:
                one.postpone(now)
        self._look_ahead()

    def _look_ahead(self) -> None:
        waiting = [one for one in self._all(Subscription) if one.state is State.WAITING]
        self.due_at = min((one.again_at for one in waiting), default=math.inf)

    # ---- frames

    def route(self, frames: list[Frame]) -> list[Frame]:
        """The frames that answer nothing, in order."""
        if self._greetings[min(self.inbox.version, 2)]:
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
        for frame in frames:
            version = min(max(frame.version, 1), 2)
            if not self._greetings[version]:
                continue
            self._greetings[version] -= 1
            try:
                found = recognise(decode_frame(frame))
            except DecodeError:
                continue
            if found is not None:
                self._recognised(found)
                return

    def _recognised(self, profile: Profile) -> None:
        self.profile, self._greetings = profile, {1: 0, 2: 0}

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
        waiting = [one for one in about if awaits(one) and concerns(ready, one)]
        if ready.status == 0:  # who asked for one message waits for that, whatever is said
            waiting = [one for one in waiting if isinstance(one, Subscription)] or waiting
        elif not waiting:
            streams = [one for one in about if isinstance(one, Subscription)]
            waiting = [one for one in streams if names(ready, one)]
        return bool(waiting) and closest(waiting, ready).consented(ready)

    def _take_status(self, status: Message, frame: Frame) -> bool:
        """A STATUS that says no to the oldest question that it can be about."""
        assert isinstance(status, Status)
        if status.code not in REFUSALS:
            return False
        about = [one for one in self._all(AboutType) if one.deniable and refuses(status, one)]
        if not about:
            return False
        text = status.text or status.error_name or "no text"
        why = f"the answer was STATUS {status.code} ({text})"
        closest(about, status).on(Event.DENIED, why, status)
        if not (status.device_name or status.message_id) or self.also_pushed(frame):
            return False  # it may be news as well
        self.note_answered(frame)
        return True

    def _take_reply(self, reply: Message) -> bool:
        assert isinstance(reply, (CommandReply, String))
        for order in self._all(Order):
            if not order.settled and replies(reply, order.question):
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
