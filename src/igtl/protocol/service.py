"""What a server answers: queries from what it has, streams at each client's pace, commands.

No input and output, and no clock. `Service` is what the server has to give, `Guest` is one client
as far as the conversation goes. A question gives a list of things to send back, or a `Job`: a
handler of the application to be run, wherever that is convenient, and what to send with its result.
"""

from __future__ import annotations

import itertools
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from igtl.codec.frame import NAME_SIZE, TYPE_SIZE, Frame
from igtl.codec.text import decode_fixed as text
from igtl.errors import DecodeError, MessageError, NotAvailable
from igtl.messages.bind import Bind
from igtl.messages.catalogue import ImageMeta, LabelMeta
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message, Unknown
from igtl.messages.query import Companion, Get, Ready, Start, Stop
from igtl.messages.registry import class_of
from igtl.messages.status import Capability, Status, StatusCode
from igtl.messages.string import ClientInfo, String
from igtl.messages.video import VideoMeta
from igtl.protocol import plus
from igtl.protocol.flow import VERSION_1, Flows, in_version_1
from igtl.protocol.matching import HELLO, candidates, names_its_items
from igtl.protocol.newest import Newest
from igtl.protocol.outbox import Outgoing
from igtl.protocol.profile import IGTL, Profile, recognise
from igtl.protocol.replies import failed, succeeded

__all__ = ["Guest", "Job", "Reply", "Service", "explained", "is_question"]

Reply = Message | Outgoing
#: Called with the client and its question.
Handler = Callable[[Any, Any], object]

#: So many replies to commands are remembered for each client.
_MOST_REPLIES = 32
#: So many messages of a client are looked at to recognise it.
_GREETINGS = 3
#: Type of what igtl's clients say before their first query.
_HELLO = HELLO.wire_type.encode().ljust(TYPE_SIZE, b"\0")
_order = operator.itemgetter(0)
#: What tells a command from others: its number, and all of it, since not every client numbers well.
Key = tuple[int | str, str, str]
_QUESTIONS = (b"GET_", b"STT_", b"STP_")
_LISTS: tuple[type[Message], ...] = (ImageMeta, LabelMeta, VideoMeta)


def is_question(raw_type: bytes, raw_name: bytes) -> bool:
    """Whether a message of this header is something to be answered."""
    if raw_type[:4] in _QUESTIONS:
        return True
    if raw_type[:6] == b"STRING":
        return raw_name[:4] == b"CMD_"
    return raw_type[:8] == b"COMMAND\0" or raw_type[:10] == b"CLIENTINFO"


@dataclass
class Job:
    """A handler to run, and what to send when it has a result.

    Attributes:
        handler: of the application.
        question: what the handler is called with, besides the client.
        finish: makes the replies from what the handler returned; may raise what handlers may.
        fail: makes the replies from what went wrong.
    """

    handler: Handler
    question: Message
    finish: Callable[[object], list[Reply]]
    fail: Callable[[str], list[Reply]]


class Guest:
    """One client: what it is, what it asked to be sent, which of its commands were answered.

    Args:
        profile: None lets it be recognised by what it sends first.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or IGTL
        self.flows = Flows()
        self.version = 1
        self._greetings = _GREETINGS if profile is None else 0
        self._replies: OrderedDict[Key, Message | None] = OrderedDict()

    @property
    def plain(self) -> bool:
        """Whether all that is published goes to this client as it is."""
        return self.flows.plain and not self.profile.adapts

    @property
    def known(self) -> bool:
        """Whether nothing more can be learned from what it sends."""
        return not self._greetings and self.version > 1

    @property
    def greeting(self) -> bool:
        """Whether its messages are still looked at to learn what it is."""
        return self._greetings > 0

    def hear(self, frames: list[Frame]) -> list[Frame]:
        """Note what header version came; the frames without an igtl client's announcement."""
        if self.version > 1:
            return frames
        self.version = min(2, max((frame[0] for frame in frames), default=1))
        if not any(frame[1] == _HELLO for frame in frames):
            return frames
        self.version = 2
        return [frame for frame in frames if frame[1] != _HELLO]

    def meet(self, message: Message) -> None:
        """Look at a message to learn whom we talk to."""
        if self._greetings:
            self._greetings -= 1
            found = recognise(message)
            if found is not None:
                self.profile, self._greetings = found, 0

    def begun(self, key: Key) -> bool:
        """Note that a command is being executed; whether it was before."""
        if key in self._replies:
            return True
        self._replies[key] = None
        while len(self._replies) > _MOST_REPLIES:
            self._replies.popitem(last=False)
        return False

    def replied(self, key: Key, reply: Message) -> None:
        """Remember the reply to a command."""
        if key in self._replies:
            self._replies[key] = reply

    def reply_to(self, key: Key) -> Message | None:
        """The reply that was given to a command; None while it is being executed."""
        return self._replies.get(key)


class Service:
    """What a server has to give, and the handlers that answer the rest.

    Args:
        name: of the server, for its STATUS and CAPABILITY.
    """

    def __init__(self, name: str = "igtl") -> None:
        self.name = name
        self._newest: Newest[tuple[int, Outgoing]] = Newest()
        self._count = itertools.count()
        self._getters: list[tuple[type[Message], Handler]] = []
        self.commands: dict[str, Handler] = {}

    # ---- what there is

    def keep(self, items: Sequence[Outgoing]) -> None:
        """Make the newest of each device available to queries."""
        for item in items:
            if item.size:
                last = item.last()
                self._newest.keep(last.kind, (next(self._count), last), last.size)

    def add_getter(self, cls: type[Message], handler: Handler) -> None:
        """Have a handler compute answers to GET_."""
        self._getters.insert(0, (cls, handler))

    @property
    def devices(self) -> tuple[tuple[str, str], ...]:
        """Wire type and device name of all that was published or offered."""
        return tuple(sorted((text(kind[0]), text(kind[1])) for kind, _ in self._newest))

    @property
    def types(self) -> tuple[str, ...]:
        """Wire types that this server gives and takes, for CAPABILITY."""
        given = {kind[0] for kind, _ in self._newest}
        classes = {cls for raw in given if (cls := class_of(raw))}
        classes |= {cls for cls, _ in self._getters}
        names = {text(raw) for raw in given} | {cls.wire_type for cls in classes}
        for cls in (*classes, Status, Capability):
            names |= {made.wire_type for kind in (Get, Start, Stop) if (made := kind.of(cls))}
        names |= {"STATUS", "CAPABILITY"}
        return tuple(sorted(names | {"COMMAND"} if self.commands else names))

    def newest(self, cls: type[Message], device: str) -> Outgoing | None:
        """The newest of a class and device; an empty name takes any device."""
        found = [
            entry for kind in _kinds(cls, device) if (entry := self._newest.get(kind)) is not None
        ] or [
            entry
            for kind, entry in candidates(self._newest, cls, device)
            if not device or text(kind[1]) == device
        ]
        return max(found, key=_order)[1] if found else None

    def messages(self) -> Iterator[Message]:
        """The newest of each device, for who looks for something in them."""
        for _, (_, item) in self._newest:
            yield item.message()

    # ---- questions

    def answer(self, guest: Guest, question: Message, now: float, received: float) -> Any:
        """What to send to a client that asked something: a list of `Reply`, or a `Job`.

        Args:
            now: of the clock that streams are paced by, s.
            received: time of arrival, s since 1970.
        """
        match question:
            case Get():
                return self._get(guest, question, received)
            case Start():
                return self._start(guest, question, now)
            case Stop():
                return self._stop(guest, question)
            case Command():
                return self._command(guest, question)
            case String():
                return self._string_command(guest, question)
            case ClientInfo():
                return self._subscribe(guest, question)
            case Unknown() if question.wire_type.startswith(("GET_", "STT_")):
                return [self._not_known(question)]
        return []

    def _get(self, guest: Guest, query: Get, received: float) -> list[Reply] | Job:
        for cls, handler in self._getters:
            if query.target is cls:
                return Job(
                    handler,
                    query,
                    lambda result: self._computed(guest, query, result, received),
                    lambda error: [self._refusal(query, error)],
                )
        return self._given(guest, query, received)

    def _computed(self, guest: Guest, query: Get, result: object, received: float) -> list[Reply]:
        """Answers that a handler gave; without one, what was published."""
        if result is None:
            return self._given(guest, query, received)
        if not isinstance(result, query.target):
            expected = f"expected {query.target.__name__} or None"
            raise MessageError(f"the handler gave {result!r:.60}, {expected}")
        if not result.device_name:
            result = result.replace(device_name=_fitting(query.device_name))
        return [self._as_answer(guest, query, result)]

    def _given(self, guest: Guest, query: Get, received: float) -> list[Reply]:
        """Answers from what was published or offered."""
        cls, device = query.target, query.device_name
        if cls is Capability:
            return [Capability(self.types, **_common(query, self.name))]
        if cls is Bind:
            return [self._bound(guest, query)]
        item = self.newest(cls, device)
        if cls in _LISTS and (item is None or not device):
            return [self._listed(guest, query)]
        if item is None and names_its_items(cls):
            item = self.newest(cls, "")
        if item is None and cls is Status:
            return [self._status(query, received)]
        return [self._refusal(query) if item is None else self._as_answer(guest, query, item)]

    def _status(self, query: Get, received: float) -> Status:
        """How the server is. Its subcode is when the query came, in ns: see `igtl ping`."""
        common = _common(query, query.device_name or self.name)
        return Status(subcode=round(received * 1e9), text=self.name, **common)

    def _listed(self, guest: Guest, query: Get) -> Reply:
        """One list of everything that the lists of all devices have."""
        lists = [
            item.message()
            for kind, (_, item) in sorted(self._newest, key=lambda one: one[0])
            if class_of(kind[0]) is query.target
        ]
        if not lists:
            return self._refusal(query)
        if len(lists) == 1:
            return self._as_answer(guest, query, lists[0])
        field = query.target.names[0]
        entries = [entry for one in lists for entry in getattr(one, field)]
        make: Any = query.target
        message: Message = make(entries, **_common(query, self.name))
        return message

    def _bound(self, guest: Guest, query: Get) -> Reply:
        """The newest of several devices in one BIND; without names, of all there are."""
        wanted = dict.fromkeys(zip(query.types, query.device_names, strict=False))
        published = self.newest(Bind, self._device(query))
        if published is not None and not wanted:
            return self._as_answer(guest, query, published)
        children = [
            item.message()
            for kind, (_, item) in self._newest
            if (not wanted or (text(kind[0]), text(kind[1])) in wanted)
            and class_of(kind[0]) is not Bind
        ]
        if not children or len(children) < len(wanted):
            return self._refusal(query, "not all of what was asked for is there")
        return Bind(children, **_common(query, query.device_name or self.name))

    def _as_answer(self, guest: Guest, query: Message, found: Message | Outgoing) -> Reply:
        """Data as the asker can read it: its header version, and its message id."""
        id_, version = query.message_id, query.header_version or 1
        if version >= 2 and id_:
            message = found if isinstance(found, Message) else found.message()
            return message.replace(header_version=2, message_id=id_)
        if guest.version >= 2:
            return found
        return VERSION_1.adapt(found) if isinstance(found, Message) else in_version_1(found)

    def _refusal(self, query: Message, why: str = "") -> Message:
        """The answer to a query that cannot be obeyed: RTS_ where the type has one, or STATUS."""
        assert isinstance(query, Companion)
        if Ready.of(query.target):
            return Ready(query.target, 1, **_common(query, query.device_name))
        of = f" of device {query.device_name!r}" if query.device_name else ""
        return Status(
            StatusCode.NOT_FOUND,
            error_name="NotAvailable",
            text=why or f"no {query.target.wire_type}{of}",
            **_common(query, query.device_name),
        )

    def _not_known(self, query: Unknown) -> Status:
        """The answer to a query for a type that nobody here has heard of."""
        return Status(
            StatusCode.UNKNOWN_INSTRUCTION,
            error_name="UnknownType",
            text=f"{query.wire_type} is not known",
            **_common(query, query.device_name),
        )

    def _device(self, query: Message) -> str:
        """The device that a query means; a name of the asker's own means any device."""
        assert isinstance(query, Companion)
        device = query.device_name
        if names_its_items(query.target) and self.newest(query.target, device) is None:
            return ""
        return device

    # ---- streams

    def _start(self, guest: Guest, query: Start, now: float) -> list[Reply]:
        cls, device = query.target, self._device(query)
        item = self.newest(cls, device)
        if item is None:
            return [self._refusal(query)]
        interval = getattr(query, "interval", 0.0) or 0.0
        guest.flows.start(cls, device, interval, version=guest.version)
        first = [
            one
            for kind, (_, one) in self._newest
            if class_of(kind[0]) is cls and (not device or text(kind[1]) == device)
        ]
        picked = guest.flows.pick(first, now, pushed=False)
        return [Ready(cls, **_common(query, query.device_name)), *picked]

    def _stop(self, guest: Guest, query: Stop) -> list[Reply]:
        device = self._device(query)
        known = self.newest(query.target, device) is not None
        if known or guest.flows.has(query.target, device):
            guest.flows.stop(query.target, device)
            return [Ready(query.target, **_common(query, query.device_name))]
        return [self._refusal(query)]

    def _subscribe(self, guest: Guest, message: ClientInfo) -> list[Reply]:
        guest.flows.subscribe(plus.Subscription.from_message(message))
        return []

    # ---- commands

    def _command(self, guest: Guest, command: Command) -> list[Reply] | Job:
        key = command.command_id, command.name, command.content
        return self._execute(guest, command, key, lambda reply: reply)

    def _string_command(self, guest: Guest, message: String) -> list[Reply] | Job:
        """The older form of PLUS: a STRING to CMD_n, answered by one from ACK_n."""
        number = plus.is_string_command(message)
        if number is None:
            return []
        name = plus.command_name(message.text)
        command = Command(0, name, message.text, device_name=message.device_name)
        return self._execute(
            guest,
            command,
            (number, name, message.text),
            lambda reply: plus.string_reply(number, reply),
        )

    def _execute(
        self,
        guest: Guest,
        command: Command,
        key: Key,
        form: Callable[[CommandReply], Message],
    ) -> list[Reply] | Job:
        """Have a command executed; one that comes again is answered from memory.

        Number 0 is that of clients which do not number their commands: each is a new one.
        """
        number, *_ = key
        if number and guest.begun(key):
            before = guest.reply_to(key)
            return [] if before is None else [before]

        def reply(answer: CommandReply) -> list[Reply]:
            made = form(answer)
            guest.replied(key, made)
            return [made]

        def fail(error: str) -> list[Reply]:
            return reply(failed(command, error, guest.profile))

        name = command.name or plus.command_name(command.content)
        handler = self.commands.get(name)
        if handler is None:
            known = ", ".join(sorted(self.commands)) or "none"
            return fail(f"command {name!r} is not known, expected one of: {known}")
        return Job(
            handler, command, lambda result: reply(_reply(command, result, guest.profile)), fail
        )


def _reply(command: Command, result: object, profile: Profile) -> CommandReply:
    """The reply to a command from what its handler gave."""
    if isinstance(result, CommandReply):
        return result.replace(command_id=command.command_id)
    if result is None or isinstance(result, (str, Mapping)):
        return succeeded(command, result, profile)
    raise MessageError(
        f"the handler of {command.name!r} gave {type(result).__name__}, expected None, str, a "
        "mapping of parameters or a CommandReply"
    )


@cache
def _raw_types(wire_types: tuple[str, ...]) -> tuple[bytes, ...]:
    """Wire types as headers have them."""
    return tuple(name.encode().ljust(TYPE_SIZE, b"\0") for name in wire_types)


def _kinds(cls: type[Message], device: str) -> list[tuple[bytes, bytes]]:
    """Type and name of a device's messages, as igtl writes them in headers."""
    name = device.encode()
    if not name or len(name) > NAME_SIZE:
        return []
    return [(raw_type, name.ljust(NAME_SIZE, b"\0")) for raw_type in _raw_types(cls.wire_types)]


def explained(error: BaseException) -> str:
    """What a peer is told of an exception that came out of a handler."""
    if isinstance(error, (NotAvailable, DecodeError, MessageError)):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _common(query: Message, device: str) -> dict[str, Any]:
    """Common fields of an answer: as new as the question, with its message id."""
    common: dict[str, Any] = {"device_name": _fitting(device)}
    if (query.header_version or 1) >= 2:
        common |= {"header_version": 2, "message_id": query.message_id}
    return common


def _fitting(name: str) -> str:
    """As much of a name as a header has room for."""
    return name.encode()[:NAME_SIZE].decode(errors="ignore")
