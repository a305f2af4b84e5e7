"""Which frame is of which class and device."""

from __future__ import annotations

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.catalogue import ImageMeta, LabelMeta
from igtl.messages.message import Message, decode_frame
from igtl.messages.status import Capability
from igtl.messages.tracking import QuaternionTrackingData, TrackingData
from igtl.messages.video import VideoMeta

__all__ = ["is_of", "message_id_of", "names_its_items"]

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


def message_id_of(frame: Frame) -> int:
    """The message id of a frame; 0 when it has none."""
    if frame.version < 2 or len(frame.body) < _ID.stop:
        return 0
    return int.from_bytes(frame.body[_ID])


def is_of(frame: Frame, device: str) -> bool:
    """Whether a frame is of a device, whose full name may stand in the metadata only."""
    name = frame.device_name
    if name == device or 0 in frame.raw_name or not device.startswith(name):
        return name == device
    try:
        return decode_frame(frame).device_name == device
    except DecodeError:
        return False
