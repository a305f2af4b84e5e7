"""Several tracked tools at once: TDATA and QTDATA, and the queries that start them."""

from __future__ import annotations

from enum import IntEnum

from igtl.codec.declaration import Record, Records, Several, Vector, field
from igtl.codec.layout import F32, I32, POSE, U8, Choice, Reserved, Scaled, Text
from igtl.messages.message import Message
from igtl.messages.query import Start, companion, queries
from igtl.messages.registry import message

__all__ = ["QuaternionTool", "QuaternionTrackingData", "Tool", "ToolType", "TrackingData"]


class ToolType(IntEnum):
    """What is known of a tool's pose (protocol document, TDATA)."""

    TRACKER = 1
    SIX_D = 2
    THREE_D = 3
    FIVE_D = 4


class Tool(Record):
    """One tool of a TDATA.

    Args:
        name: up to 19 bytes.
        matrix: (4, 4), tool to tracker, mm.
        type: a `ToolType`.
    """

    name: str = field(Text(20), doc="name of the tool")
    type: int = field(
        Choice(U8, ToolType),
        default=ToolType.SIX_D,
        kw_only=True,
        doc="1 tracker, 2 6D, 3 3D, 4 5D",
    )
    _reserved = field(Reserved(1))
    matrix: Vector = field(POSE, unit="mm", doc="upper 3x4, column by column")


class QuaternionTool(Record):
    """One tool of a QTDATA.

    Args:
        name: up to 19 bytes.
        position: (3,) in the tracker's coordinates, mm.
        quaternion: (4,) x y z w, tool to tracker.
        type: a `ToolType`.
    """

    name: str = field(Text(20), doc="name of the tool")
    type: int = field(
        Choice(U8, ToolType),
        default=ToolType.SIX_D,
        kw_only=True,
        doc="1 tracker, 2 6D, 3 3D, 4 5D",
    )
    _reserved = field(Reserved(1))
    position: Vector = field(F32[3], unit="mm", doc="x y z")
    quaternion: Vector = field(F32[4], default=(0.0, 0.0, 0.0, 1.0), doc="x y z w")


@queries("GET STP RTS")
@message("TDATA")
class TrackingData(Message):
    """Poses of several tools at one time: TDATA.

    Args:
        tools: a sequence of `Tool`.
    """

    tools: Several[Tool] = field(Records(Tool), doc="one for each tool")


@queries("GET STP RTS")
@message("QTDATA")
class QuaternionTrackingData(Message):
    """Poses of several tools at one time, with quaternions: QTDATA.

    Args:
        tools: a sequence of `QuaternionTool`.
    """

    tools: Several[QuaternionTool] = field(Records(QuaternionTool), doc="one for each tool")


class _StartTracking(Start):
    """STT_TDATA, STT_QTDATA: asks for a stream of tracking data.

    Args:
        interval: seconds between messages, in whole milliseconds; 0 is as fast as possible.
        coordinate_name: coordinate system to give the poses in; empty: the device's own.
    """

    interval: float = field(
        Scaled(I32, 0.001), default=0.0, unit="ms", doc="between messages; 0 as fast as possible"
    )
    coordinate_name: str = field(Text(32), default="", doc="coordinate system of the poses")


@companion(TrackingData)
class StartTrackingData(_StartTracking):
    __doc__ = _StartTracking.__doc__


# The document gives STT_QTDATA one more byte, a status. The reference neither writes nor reads it.
@companion(QuaternionTrackingData)
class StartQuaternionTrackingData(_StartTracking):
    __doc__ = _StartTracking.__doc__
