"""Which question an answer is for, where it is no data: RTS_, STATUS and replies to commands."""

from __future__ import annotations

from typing import Any, TypeVar

from igtl.errors import MessageError
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message
from igtl.messages.query import Ready
from igtl.messages.status import Status, StatusCode
from igtl.protocol.exchange import AboutType, Exchange, State, Subscription
from igtl.protocol.matching import names_its_items

__all__ = [
    "REFUSALS",
    "awaits",
    "check_class",
    "closest",
    "concerns",
    "names",
    "refuses",
    "replies",
]

E = TypeVar("E", bound=Exchange)

#: Codes of a STATUS that can mean "no" to a question. Others are news of the device.
REFUSALS = frozenset(
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
#: States in which the peer has still to say yes or no, or that a stream is stopped.
_AWAITING = (State.ASKED, State.RETURNING, State.STOPPING)


def check_class(cls: object) -> None:
    """MessageError unless it is a class of messages."""
    if not (isinstance(cls, type) and issubclass(cls, Message)):
        raise MessageError(f"{cls!r} is no class of messages: give a class such as igtl.Image")


def awaits(exchange: Exchange) -> bool:
    """Whether an RTS_ is still to come for this exchange."""
    if isinstance(exchange, Subscription) and exchange.state is State.RUNNING:
        return not exchange.confirmed
    return exchange.state in _AWAITING


def concerns(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ can be about an exchange.

    Answers have the device name of their query (reference, ImageDatabaseServer); where neither is
    named, or the type names what it holds, nothing is certain.
    """
    if _foreign(ready, exchange):
        return False
    unsure = not (ready.device_name and exchange.device) or names_its_items(exchange.cls)
    return unsure or ready.device_name == exchange.device


def names(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ is about just what an exchange is."""
    return ready.device_name == exchange.device and not _foreign(ready, exchange)


def _foreign(ready: Ready, exchange: AboutType[Any]) -> bool:
    """Whether an RTS_ answers another question, by its message id. STP_ has one of its own."""
    own, theirs = exchange.question.message_id, ready.message_id
    return bool(own and theirs) and own != theirs and exchange.state is not State.STOPPING


def closest(exchanges: list[E], answer: Message) -> E:
    """The one that an answer is for: by message id, by device, else the oldest."""
    for one in exchanges:
        if answer.message_id and answer.message_id == one.question.message_id:
            return one
    named = [one for one in exchanges if one.device == answer.device_name]
    return (named or exchanges)[0]


def refuses(status: Message, exchange: AboutType[Any]) -> bool:
    """Whether a STATUS can be the answer to a question."""
    if status.message_id and exchange.question.message_id:
        return status.message_id == exchange.question.message_id
    if exchange.cls is Status:
        return False
    if exchange.device and status.device_name == exchange.device:
        return True
    return not status.device_name and Ready.of(exchange.cls) is None


def replies(reply: Message, question: Message) -> bool:
    """Whether this is the reply to a command."""
    if isinstance(reply, CommandReply):
        return isinstance(question, Command) and reply.command_id == question.command_id
    return reply.device_name == "ACK_" + question.device_name.removeprefix("CMD_")
