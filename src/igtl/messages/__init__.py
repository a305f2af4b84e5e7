"""All messages of OpenIGTLink, one module a family; importing this registers them."""

from __future__ import annotations

from igtl.messages.bind import Bind
from igtl.messages.catalogue import ImageMeta, ImageMetaElement, LabelMeta, LabelMetaElement
from igtl.messages.color import ColorTable
from igtl.messages.command import Command, CommandReply, Query
from igtl.messages.image import Image
from igtl.messages.message import (
    Message,
    Unknown,
    decode,
    decode_frame,
    describe,
    encode,
    encode_buffers,
)
from igtl.messages.ndarray import NDArray
from igtl.messages.points import (
    Point,
    PointElement,
    Trajectory,
    TrajectoryElement,
    TrajectoryType,
)
from igtl.messages.polydata import Attribute, Cells, PolyData
from igtl.messages.pose import Position, Transform
from igtl.messages.query import Get, Ready, Start, Stop, companion, queries
from igtl.messages.registry import message, message_types
from igtl.messages.sensor import Sensor
from igtl.messages.series import Series
from igtl.messages.status import Capability, Status, StatusCode
from igtl.messages.string import ClientInfo, String
from igtl.messages.tracking import (
    QuaternionTool,
    QuaternionTrackingData,
    Tool,
    ToolType,
    TrackingData,
)
from igtl.messages.video import FrameType, Video, VideoMeta, VideoMetaElement

__all__ = [
    "Attribute",
    "Bind",
    "Capability",
    "Cells",
    "ClientInfo",
    "ColorTable",
    "Command",
    "CommandReply",
    "FrameType",
    "Get",
    "Image",
    "ImageMeta",
    "ImageMetaElement",
    "LabelMeta",
    "LabelMetaElement",
    "Message",
    "NDArray",
    "Point",
    "PointElement",
    "PolyData",
    "Position",
    "QuaternionTool",
    "QuaternionTrackingData",
    "Query",
    "Ready",
    "Sensor",
    "Series",
    "Start",
    "Status",
    "StatusCode",
    "Stop",
    "String",
    "Tool",
    "ToolType",
    "TrackingData",
    "Trajectory",
    "TrajectoryElement",
    "TrajectoryType",
    "Transform",
    "Unknown",
    "Video",
    "VideoMeta",
    "VideoMetaElement",
    "companion",
    "decode",
    "decode_frame",
    "describe",
    "encode",
    "encode_buffers",
    "message",
    "message_types",
    "queries",
]
