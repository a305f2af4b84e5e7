"""How a device is, and what it can: STATUS and CAPABILITY."""

from __future__ import annotations

from enum import IntEnum

from igtl.codec.declaration import field
from igtl.codec.layout import I64, U16, Choice, Text
from igtl.codec.tails import Names, TerminatedText
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["Capability", "Status", "StatusCode"]


class StatusCode(IntEnum):
    """What a STATUS says (protocol document, STATUS)."""

    INVALID = 0
    OK = 1
    UNKNOWN_ERROR = 2
    PANIC_MODE = 3
    NOT_FOUND = 4
    ACCESS_DENIED = 5
    BUSY = 6
    TIME_OUT = 7
    OVERFLOW = 8
    CHECKSUM_ERROR = 9
    CONFIG_ERROR = 10
    RESOURCE_ERROR = 11
    UNKNOWN_INSTRUCTION = 12
    NOT_READY = 13
    MANUAL_MODE = 14
    DISABLED = 15
    NOT_PRESENT = 16
    UNKNOWN_VERSION = 17
    HARDWARE_FAILURE = 18
    SHUT_DOWN = 19


@queries("GET")
@message("STATUS")
class Status(Message):
    """How the device is: STATUS.

    Args:
        code: a `StatusCode`; other numbers are kept.
        subcode: the device's own, 64 bits.
        error_name: short name of an error, up to 19 bytes.
        text: what to tell people.
    """

    code: int = field(Choice(U16, StatusCode), default=StatusCode.OK, doc="1 is OK")
    subcode: int = field(I64, default=0, doc="of the device")
    error_name: str = field(Text(20), default="", doc="name of an error")
    text: str = field(TerminatedText(), default="", doc="for people")


@queries("GET RTS", "CAPABIL")
@message("CAPABILITY")
class Capability(Message):
    """The types of message that the sender understands: CAPABILITY.

    Args:
        types: wire types, up to 12 bytes each.
    """

    types: tuple[str, ...] = field(Names(12), doc="wire types")
