"""Which frame is of which class and device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from igtl.codec.frame import NAME_SIZE, Frame
from igtl.errors import DecodeError
from igtl.messages.catalogue import ImageMeta, LabelMeta
from igtl.messages.message import Message, Unknown, decode_frame
from igtl.messages.status import Capability
from igtl.messages.tracking import QuaternionTrackingData, TrackingData
from igtl.messages.video import VideoMeta
from igtl.protocol.newest import Key, Newest

__all__ = [
    "CLOCK",
    "HELLO",
    "LIFE",
    "asks_for_igtl",
    "candidates",
    "is_of",
    "is_own",
    "message_id_of",
    "names_its_items",
]

T = TypeVar("T")

#: What igtl's clients send before their first query: "I read header version 2". It is itself of
#: version 1 and has no body, as queries have none, so that no server stumbles over it: those of
#: the reference do not read bodies of queries, and pass over types that they do not know.
HELLO = Unknown("GET_IGTL", b"", device_name="igtl-hello")

#: What igtl's clients call the device whose STATUS shows that a server is alive, and what names of
#: devices begin with whose STATUS tells a server's time.
LIFE, CLOCK = "igtl-alive", "igtl-clock-"
_OWN_TYPE = b"GET_STATUS\0\0"
_OWN_NAMES = (LIFE.encode() + b"\0", CLOCK.encode())

#: What these hold has names of its own. The reference's clients put their own name into queries
#: for them, and its servers answer under any name.
_NAMED_WITHIN = (
    TrackingData,
    QuaternionTrackingData,
    ImageMeta,
    LabelMeta,
    VideoMeta,
    Capability,
)
#: Where the message id stands in the extended header.
_ID = slice(8, 12)


def names_its_items(cls: type[Message]) -> bool:
    """Whether answers, and queries, of a class may have other device names than asked for."""
    return issubclass(cls, _NAMED_WITHIN)


def asks_for_igtl(raw_type: bytes, raw_name: bytes) -> bool:
    """Whether a header is that of a question between igtl and igtl, which no application sees."""
    return raw_type == _OWN_TYPE and raw_name.startswith(_OWN_NAMES)


def is_own(message: Message) -> bool:
    """Whether a message is a question between igtl and igtl, which no application sees."""
    name = message.device_name
    return message.wire_type == "GET_STATUS" and (name == LIFE or name.startswith(CLOCK))


def message_id_of(frame: Frame) -> int:
    """The message id of a frame; 0 when it has none."""
    if frame.version < 2 or len(frame.body) < _ID.stop:
        return 0
    return int.from_bytes(frame.body[_ID])


def candidates(newest: Newest[T], cls: type[Message], device: str) -> Iterator[tuple[Key, T]]:
    """The newest of a class that may be of a device, going by its header; of any when it is empty.

    A thousand devices are looked through in some 60 us: few reach the slower questions.
    """
    start = device.encode("ascii", "replace").partition(b"?")[0][:NAME_SIZE]
    known: dict[bytes, bool] = {}
    for key, thing in newest:
        if key[1].startswith(start):
            raw_type = key[0]
            if raw_type not in known:
                known[raw_type] = cls.knows(raw_type)
            if known[raw_type]:
                yield key, thing


def is_of(frame: Frame, device: str) -> bool:
    """Whether a frame is of a device, whose full name may stand in the metadata only."""
    name = frame.device_name
    if name == device or 0 in frame.raw_name or not device.startswith(name):
        return name == device
    try:
        return decode_frame(frame).device_name == device
    except DecodeError:
        return False
