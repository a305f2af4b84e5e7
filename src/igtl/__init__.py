"""OpenIGTLink for Python: poses, images and commands between programs of image-guided therapy.

    with igtl.connect("tracker.local:18944") as link:
        for message in link:
            match message:
                case igtl.Transform(device_name="Probe"):
                    print(message.matrix)

    with igtl.Server(port=18944) as server:
        server.publish(igtl.Image(pixels, device_name="US"))

`igtl.aio` has the same for asyncio. `igtl.Recorder` keeps what passes, `igtl.read` and
`igtl.Player` give it back, `igtl.video` compresses images.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from igtl import aio, video
    from igtl.codec import layout
    from igtl.codec.declaration import MaybeVector, Record, Records, Several, Vector, field
    from igtl.codec.frame import Frame
    from igtl.errors import (
        ChecksumError,
        ClosedError,
        CommandError,
        ConnectError,
        DecodeError,
        EndpointError,
        FramingError,
        LinkError,
        MessageError,
        MissingExtraError,
        NotAvailable,
        OpenIGTLinkError,
        RecordingError,
        SourceError,
        TimeoutError,
    )
    from igtl.messages import (
        Attribute,
        Bind,
        Capability,
        Cells,
        ClientInfo,
        ColorTable,
        Command,
        CommandReply,
        FrameType,
        Get,
        Image,
        ImageMeta,
        ImageMetaElement,
        LabelMeta,
        LabelMetaElement,
        Message,
        NDArray,
        Point,
        PointElement,
        PolyData,
        Position,
        QuaternionTool,
        QuaternionTrackingData,
        Query,
        Ready,
        Sensor,
        Series,
        Start,
        Status,
        StatusCode,
        Stop,
        String,
        Tool,
        ToolType,
        TrackingData,
        Trajectory,
        TrajectoryElement,
        TrajectoryType,
        Transform,
        Unknown,
        Video,
        VideoMeta,
        VideoMetaElement,
        decode,
        decode_frame,
        describe,
        encode,
        message,
        message_types,
    )
    from igtl.net.client import Client, connect
    from igtl.net.peer import Peer
    from igtl.net.server import Server
    from igtl.net.stream import Stream
    from igtl.protocol.clock import ClockEstimate
    from igtl.protocol.counters import Counters
    from igtl.protocol.inbox import Decoder
    from igtl.protocol.profile import Profile
    from igtl.protocol.recovery import LinkEvent, Reconnect
    from igtl.protocol.replies import parameters
    from igtl.protocol.transforms import Pose
    from igtl.recording.entry import Entry
    from igtl.recording.player import Player
    from igtl.recording.recorder import Recorder
    from igtl.recording.recording import Recording, read
    from igtl.recording.recovery import Recovered, recover

__version__ = "0.1.0"

__all__ = [
    "Attribute",
    "Bind",
    "Capability",
    "Cells",
    "ChecksumError",
    "Client",
    "ClientInfo",
    "ClockEstimate",
    "ClosedError",
    "ColorTable",
    "Command",
    "CommandError",
    "CommandReply",
    "ConnectError",
    "Counters",
    "DecodeError",
    "Decoder",
    "EndpointError",
    "Entry",
    "Frame",
    "FrameType",
    "FramingError",
    "Get",
    "Image",
    "ImageMeta",
    "ImageMetaElement",
    "LabelMeta",
    "LabelMetaElement",
    "LinkError",
    "LinkEvent",
    "MaybeVector",
    "Message",
    "MessageError",
    "MissingExtraError",
    "NDArray",
    "NotAvailable",
    "OpenIGTLinkError",
    "Peer",
    "Player",
    "Point",
    "PointElement",
    "PolyData",
    "Pose",
    "Position",
    "Profile",
    "QuaternionTool",
    "QuaternionTrackingData",
    "Query",
    "Ready",
    "Reconnect",
    "Record",
    "Recorder",
    "Recording",
    "RecordingError",
    "Records",
    "Recovered",
    "Sensor",
    "Series",
    "Server",
    "Several",
    "SourceError",
    "Start",
    "Status",
    "StatusCode",
    "Stop",
    "Stream",
    "String",
    "TimeoutError",
    "Tool",
    "ToolType",
    "TrackingData",
    "Trajectory",
    "TrajectoryElement",
    "TrajectoryType",
    "Transform",
    "Unknown",
    "Vector",
    "Video",
    "VideoMeta",
    "VideoMetaElement",
    "aio",
    "connect",
    "decode",
    "decode_frame",
    "describe",
    "encode",
    "field",
    "layout",
    "message",
    "message_types",
    "parameters",
    "read",
    "recover",
    "video",
]


#: Where names come from that are neither messages nor errors.
_HOMES = {
    "Client": "net.client",
    "ClockEstimate": "protocol.clock",
    "Counters": "protocol.counters",
    "Decoder": "protocol.inbox",
    "Entry": "recording.entry",
    "Frame": "codec.frame",
    "LinkEvent": "protocol.recovery",
    "MaybeVector": "codec.declaration",
    "Peer": "net.peer",
    "Player": "recording.player",
    "Pose": "protocol.transforms",
    "Profile": "protocol.profile",
    "Reconnect": "protocol.recovery",
    "Record": "codec.declaration",
    "Recorder": "recording.recorder",
    "Recording": "recording.recording",
    "Records": "codec.declaration",
    "Recovered": "recording.recovery",
    "Server": "net.server",
    "Several": "codec.declaration",
    "Stream": "net.stream",
    "Vector": "codec.declaration",
    "connect": "net.client",
    "field": "codec.declaration",
    "parameters": "protocol.replies",
    "read": "recording.recording",
    "recover": "recording.recovery",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `igtl --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module 'igtl' has no attribute {name!r}")
    if name in ("aio", "video"):
        return import_module(f"igtl.{name}")
    if name == "layout":
        return import_module("igtl.codec.layout")
    home = import_module("igtl.errors")
    if name not in home.__all__:
        home = import_module(f"igtl.{_HOMES.get(name, 'messages')}")
    value = globals()[name] = getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
