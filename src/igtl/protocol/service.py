"""What a server answers: queries from what it has, streams at each client's pace, commands.

No input and output, and no clock. `Service` is what the server has to give, `Guest` is one client
as far as the conversation goes. A question gives a list of things to send back, or a `Job`: a
handler of the application to be run, wherever that is convenient, and what to send with its result.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from igtl.codec.frame import NAME_SIZE, TYPE_SIZE
from igtl.codec.text import decode_fixed as text
from igtl.errors import MessageError
from igtl.messages.bind import Bind
from igtl.messages.catalogue import ImageMeta, LabelMeta
from igtl.messages.command import Command
from igtl.messages.message import Message, Unknown
from igtl.messages.query import Companion, Get, Ready, Start, Stop
from igtl.messages.registry import class_of
from igtl.messages.status import Capability, Status, StatusCode
from igtl.messages.string import ClientInfo, String
from igtl.messages.video import VideoMeta
from igtl.protocol import plus
from igtl.protocol.commands import Commands, Handler, Job, Reply
from igtl.protocol.flow import VERSION_1, in_version_1
from igtl.protocol.gaps import KeyFrames
from igtl.protocol.guest import Guest
from igtl.protocol.matching import CLOCK, candidates, is_own, names_its_items
from igtl.protocol.newest import Newest
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.plus_commands import plus_commands

__all__ = ["Service", "is_question"]

_order = operator.itemgetter(0)
_QUESTIONS = (b"GET_", b"STT_", b"STP_")
_LISTS: tuple[type[Message], ...] = (ImageMeta, LabelMeta, VideoMeta)
#: So many devices are named in a refusal, which is so many characters long at most.
_MOST_NAMES, _LONGEST_REASON = 10, 4000


def is_question(raw_type: bytes, raw_name: bytes) -> bool:
    """Whether a message of this header is something to be answered."""
    if raw_type[:4] in _QUESTIONS:
        return True
    if raw_type[:6] == b"STRING":
        return raw_name[:4] == b"CMD_"
    return raw_type[:8] == b"COMMAND\0" or raw_type[:10] == b"CLIENTINFO"


class Service:
    """What a server has to give, and the handlers that answer the rest.

    Args:
        name: of the server, for its STATUS and CAPABILITY.

    Attributes:
        commands: the application's handlers of commands, by name.
    """

    def __init__(self, name: str = "igtl") -> None:
        self.name = name
        self._newest: Newest[tuple[int, Outgoing]] = Newest()
        self._count = itertools.count()
        self._key_frames = KeyFrames()
        self._getters: list[tuple[type[Message], Handler]] = []
        self.commands: dict[str, Handler] = {}
        self._commands = Commands(self.commands, plus_commands(self))

    # ---- what there is

    def keep(self, items: Sequence[Outgoing]) -> None:
        """Make the newest of each device available to queries; nobody else has the items yet."""
        for item in items:
            if item.size:
                self._key_frames.judge(item)
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
        """Wire types that this server gives and takes, for CAPABILITY.

        Streams are made of what is published, not of what handlers compute.
        """
        given = {kind[0] for kind, _ in self._newest}
        streamed = {cls for raw in given if (cls := class_of(raw))}
        asked: set[type[Message]] = {Status, Capability, *streamed}
        asked.update(cls for cls, _ in self._getters)
        names = {text(raw) for raw in given} | {cls.wire_type for cls in asked} | {"COMMAND"}
        names |= {made.wire_type for cls in asked if (made := Get.of(cls))}
        for cls in streamed:
            names |= {made.wire_type for kind in (Start, Stop) if (made := kind.of(cls))}
        return tuple(sorted(names))

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

        Raises:
            OpenIGTLinkError: it cannot be answered so; `refuse` says what to send then.
        """
        match question:
            case Get():
                return self._get(guest, question, received)
            case Start():
                return self._start(guest, question, now)
            case Stop():
                return self._stop(guest, question)
            case Command() | String():
                return self._commands.answer(guest, question)
            case ClientInfo():
                return self._subscribe(guest, question)
            case Unknown() if question.wire_type.startswith(("GET_", "STT_")):
                return [self._not_known(question)]
        return []

    def refuse(self, guest: Guest, question: Message, why: str) -> list[Reply]:
        """What to send to a client whose question could not be answered."""
        if isinstance(question, (Command, String)):
            return self._commands.refuse(guest, question, why)
        return [self._refusal(guest, question, why)] if isinstance(question, Companion) else []

    def _get(self, guest: Guest, query: Get, received: float) -> list[Reply] | Job:
        for cls, handler in self._getters:
            if query.target is cls and not is_own(query):
                return Job(
                    handler,
                    query,
                    lambda result: self._computed(guest, query, result, received),
                    lambda error: [self._refusal(guest, query, error)],
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
        device = self._device(guest, query)
        if cls in _LISTS and not device:
            return [self._listed(guest, query)]
        item = self.newest(cls, device)
        if item is None and cls is Status:
            return [self._status(query, received)]
        if item is None:
            return [self._refusal(guest, query)]
        return [self._as_answer(guest, query, item)]

    def _status(self, query: Get, received: float) -> Status:
        """How the server is. To `igtl ping` its subcode is when the query came, in ns."""
        name = query.device_name or self.name
        subcode = round(received * 1e9) if name.startswith(CLOCK) else 0
        return Status(subcode=subcode, text=self.name, **_common(query, name))

    def _listed(self, guest: Guest, query: Get) -> Reply:
        """One list of everything that the lists of all devices have."""
        lists = [
            item.message()
            for kind, (_, item) in sorted(self._newest, key=lambda one: one[0])
            if class_of(kind[0]) is query.target
        ]
        if not lists:
            return self._refusal(guest, query)
        if len(lists) == 1:
            return self._as_answer(guest, query, lists[0])
        field = query.target.names[0]
        entries = [entry for one in lists for entry in getattr(one, field)]
        make: Any = query.target
        message: Message = make(entries, **_common(query, self.name))
        return message

    def _bound(self, guest: Guest, query: Get) -> Reply:
        """The newest of several devices in one BIND; without names, of all there are.

        Children have no metadata. Their contents are not copied.
        """
        wanted = dict.fromkeys(zip(query.types, query.device_names, strict=False))
        published = self.newest(Bind, query.device_name)
        if published is not None and not wanted:
            return self._as_answer(guest, query, published)
        children = [
            item.part()
            for kind, (_, item) in self._newest
            if (not wanted or (text(kind[0]), text(kind[1])) in wanted)
            and class_of(kind[0]) is not Bind
        ]
        if not children or len(children) < len(wanted):
            return self._refusal(guest, query, "not all of what was asked for is there")
        return Bind(children, **_common(query, query.device_name or self.name))

    def _as_answer(self, guest: Guest, query: Message, found: Message | Outgoing) -> Reply:
        """Data as the asker can read it: its header version, and its message id."""
        id_, version = query.message_id, query.header_version or 1
        if version >= 2 and id_:
            if isinstance(found, Message):
                return found.replace(header_version=2, message_id=id_)
            return found.numbered(id_, guest.profile)
        if guest.version >= 2:
            return found
        return VERSION_1.adapt(found) if isinstance(found, Message) else in_version_1(found)

    def _refusal(self, guest: Guest, query: Companion, why: str = "") -> Message:
        """The answer to a query that cannot be obeyed: RTS_ where the type has one, or STATUS.

        An RTS_ has room for the reason in its metadata, for those that read them.
        """
        why = (why or self._missing(query))[:_LONGEST_REASON]
        common = _common(query, query.device_name)
        if Ready.of(query.target):
            if guest.version >= 2:
                common |= {"header_version": 2, "metadata": {"ErrorMessage": why}}
            return Ready(query.target, 1, **common)
        return Status(StatusCode.NOT_FOUND, error_name="NotAvailable", text=why, **common)

    def _missing(self, query: Companion) -> str:
        """What is not there, and what of its kind is."""
        cls, device = query.target, query.device_name
        names = sorted({text(kind[1]) for kind, _ in self._newest if class_of(kind[0]) is cls})
        shown = ", ".join(map(repr, names[:_MOST_NAMES])) + ", ..." * (len(names) > _MOST_NAMES)
        of = f" of device {device!r}" if device else ""
        return f"no {cls.wire_type}{of}" + (f"; there is {shown}" if names else "")

    def _not_known(self, query: Unknown) -> Status:
        """The answer to a query for a type that nobody here has heard of."""
        return Status(
            StatusCode.UNKNOWN_INSTRUCTION,
            error_name="UnknownType",
            text=f"{query.wire_type} is not known",
            **_common(query, query.device_name),
        )

    def _device(self, guest: Guest, query: Get | Start | Stop) -> str:
        """The device that a query means.

        The reference's clients put their own name into queries for what has names within: from who
        never showed header version 2, such a name means any device.
        """
        device = query.device_name
        lenient = guest.version < 2 and names_its_items(query.target)
        return "" if lenient and self.newest(query.target, device) is None else device

    # ---- streams

    def _start(self, guest: Guest, query: Start, now: float) -> list[Reply]:
        cls, device = query.target, self._device(guest, query)
        if self.newest(cls, device) is None:
            return [self._refusal(guest, query)]
        interval = getattr(query, "interval", 0.0) or 0.0
        guest.flows.start(cls, device, interval, version=guest.version)
        first = [
            one
            for kind, (_, one) in self._newest
            if class_of(kind[0]) is cls
            and (not device or text(kind[1]) == device)
            and not one.builds  # on what was before the stream
        ]
        picked = guest.flows.pick(first, now, pushed=False)
        return [Ready(cls, **_common(query, query.device_name)), *picked]

    def _stop(self, guest: Guest, query: Stop) -> list[Reply]:
        device = self._device(guest, query)
        known = self.newest(query.target, device) is not None
        if known or guest.flows.has(query.target, device):
            guest.flows.stop(query.target, device)
            return [Ready(query.target, **_common(query, query.device_name))]
        return [self._refusal(guest, query)]

    def _subscribe(self, guest: Guest, message: ClientInfo) -> list[Reply]:
        guest.flows.subscribe(plus.Subscription.from_message(message))
        return []


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


def _common(query: Message, device: str) -> dict[str, Any]:
    """Common fields of an answer: as new as the question, with its message id."""
    common: dict[str, Any] = {"device_name": _fitting(device)}
    if (query.header_version or 1) >= 2:
        common |= {"header_version": 2, "message_id": query.message_id}
    return common


def _fitting(name: str) -> str:
    """As much of a name as a header has room for."""
    return name.encode()[:NAME_SIZE].decode(errors="ignore")
