"""Sessions for Foxglove, and for others that know its schemas: `.foxglove.mcap`.

Foxglove measures in metres: lengths are divided by 1000. What becomes of what:

* TRANSFORM, POSITION, TDATA, QTDATA: FrameTransforms. "ProbeToTracker" puts the child frame Probe
  into the parent Tracker; another tool lies in a frame called like its device, or "Tracker";
  another device lies in "world". Poses that are not valid (PLUS's status) or no rotation are left
  out.
* IMAGE: RawImage, if it has one slice: mono8, rgb8, rgba8, mono16 of uint16; other grey types
  become 32FC1, which rounds (u)int32 and float64 to 24 bits.
* VIDEO: CompressedVideo, the encoded frames as they are; RawImage of I420, which is not encoded.
* POINT, TRAJ, POLYDATA: SceneUpdate in the frame "world"; a message replaces the one before.
* SENSOR: JSON objects with values and unit, to plot; STATUS and STRING: Log.

Log time is the arrival; publish time and the timestamps in messages are the sender's.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.convert.mcap_file import McapFile
from igtl.convert.poses import POSE_TYPES, poses_of, quaternions, status_of
from igtl.convert.scene import scene_of
from igtl.errors import MissingExtraError
from igtl.messages import (
    Image,
    Message,
    Point,
    PolyData,
    Sensor,
    Status,
    String,
    Trajectory,
    Video,
)
from igtl.protocol.transforms import names_of
from igtl.recording.entry import Entry
from igtl.recording.filing import publish_time
from igtl.recording.staging import Staging
from igtl.video.codecs import RAW
from igtl.video.decoder import Decoder

__all__ = ["FoxgloveWriter"]

_NOT_HELD = "Foxglove has no schema for it"
_MM = 1e-3
#: Its timestamps end in 2106.
_LATEST_NS = (1 << 32) * 1_000_000_000 - 1
_WORLD, _TRACKER = "world", "Tracker"
_PIXELS = {("u1", 1): "mono8", ("u1", 3): "rgb8", ("u1", 4): "rgba8", ("u2", 1): "mono16"}
_VIDEO = {"H264": "h264", "X265": "h265", "O265": "h265", "VP90": "vp9", "AV10": "av1"}
_SENSOR_SCHEMA = {
    "type": "object",
    "properties": {
        "values": {"type": "array", "items": {"type": "number"}},
        "unit": {"type": "string"},
    },
}


class _Made(NamedTuple):
    """A message in Foxglove's terms."""

    schema: str
    encoding: str
    definition: bytes
    data: bytes


class FoxgloveWriter:
    """Writes `.foxglove.mcap`: one channel for each connection, type and device.

    Args:
        staging: where the file goes.

    Raises:
        MissingExtraError: foxglove-sdk is not installed.
        OSError: the file cannot be made.
    """

    def __init__(self, staging: Staging) -> None:
        self._sdk = _sdk()
        self._staging = staging
        self._path = staging.new(".mcap")
        self._file = McapFile(self._path, "igtl")
        self._channels: dict[tuple[str, str, str, str], int] = {}

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        message, sent = entry.message, publish_time(entry.frame, entry.time_ns)
        topic = f"/{entry.connection}/{message.wire_type}/{message.device_name}"
        seconds, rest = divmod(min(sent, _LATEST_NS), 1_000_000_000)
        stamp = self._sdk.Timestamp(sec=seconds, nsec=rest)
        made = self._make(message, topic, stamp)
        if isinstance(made, str):
            return made
        channel = self._channel(entry, message, topic, made)
        self._file.message(channel, entry.time_ns, sent, made.data)
        return None

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        self._staging.keep(self._path, self._staging.target)

    def abandon(self) -> None:
        """Close the file."""
        self._file.abandon()

    def _channel(self, entry: Entry, message: Message, topic: str, made: _Made) -> int:
        key = entry.connection, message.wire_type, message.device_name, made.schema
        if key not in self._channels:
            schema = self._file.schema(made.schema, made.encoding, made.definition)
            encoding = "json" if made.encoding == "jsonschema" else made.encoding
            names = {"connection": key[0], "type": key[1], "device": key[2]}
            self._channels[key] = self._file.channel(schema, topic, encoding, names)
        return self._channels[key]

    def _make(self, message: Message, topic: str, stamp: Any) -> _Made | str:
        """The message in Foxglove's terms; or why there is none."""
        made: Any
        match message:
            case Sensor():
                return _sensor(message)
            case Image():
                made = _raw_image(self._sdk, message.pixels, message.device_name, stamp)
            case Video():
                made = _video(self._sdk, message, stamp)
            case Point() | Trajectory() | PolyData():
                made = scene_of(self._sdk, message, stamp, entity=topic, frame=_WORLD)
            case Status() | String():
                made = _log(self._sdk, message, stamp)
            case _ if isinstance(message, POSE_TYPES):
                made = _transforms(self._sdk, message, stamp)
            case _:
                return _NOT_HELD
        return made if isinstance(made, str) else _encoded(made)


def _sdk() -> Any:
    try:
        import foxglove.messages
    except ImportError as error:
        purpose = "writing .foxglove.mcap"
        raise MissingExtraError.of("foxglove-sdk", "foxglove", purpose) from error
    return foxglove.messages


def _encoded(made: Any) -> _Made:
    schema = type(made).get_schema()
    return _Made(schema.name, schema.encoding, schema.data, made.encode())


def _raw_image(sdk: Any, volume: NDArray[Any], frame: str, stamp: Any) -> Any:
    """A RawImage of (k, j, i) or (k, j, i, c), or why there is none."""
    if volume.shape[0] > 1:
        return "Foxglove's images have one slice"
    pixels = volume[0]
    components = pixels.shape[2] if pixels.ndim == 3 else 1
    encoding = _PIXELS.get((pixels.dtype.str[1:], components))
    if encoding is None and components > 1:
        return "Foxglove's images in colour are rgb8 or rgba8"
    wanted = np.dtype("<f4") if encoding is None else pixels.dtype.newbyteorder("<")
    data = np.ascontiguousarray(pixels, wanted)
    return sdk.RawImage(
        timestamp=stamp,
        frame_id=frame,
        width=data.shape[1],
        height=data.shape[0],
        encoding=encoding or "32FC1",
        step=data[0].nbytes,
        data=data.tobytes(),
    )


def _video(sdk: Any, video: Video, stamp: Any) -> Any:
    """A CompressedVideo, or a RawImage; or why there is none."""
    if video.codec == RAW:
        pixels = Decoder().decode(video)
        assert pixels is not None  # every frame stands for itself
        return _raw_image(sdk, pixels, video.device_name, stamp)
    form = _VIDEO.get(video.codec)
    if form is None:
        return f"Foxglove's videos are {', '.join(sorted(set(_VIDEO.values())))}"
    name = video.device_name
    return sdk.CompressedVideo(timestamp=stamp, frame_id=name, data=bytes(video.data), format=form)


def _transforms(sdk: Any, message: Message, stamp: Any) -> Any:
    """The poses of a message that are valid; or why there is none."""
    if status_of(message) not in ("", "OK"):
        return "its status is not OK"
    parts = []
    is_tool = hasattr(message, "tools")
    for pose in poses_of(message):
        name = pose.tool if is_tool else message.device_name
        outside = (message.device_name or _TRACKER) if is_tool else _WORLD
        child, parent = names_of(name) or (name, outside)
        x, y, z, w = _turn(message, pose.matrix)
        place = (pose.matrix[:3, 3] * _MM).tolist()
        if child and child != parent and np.isfinite([x, *place]).all():
            parts.append(
                sdk.FrameTransform(
                    timestamp=stamp,
                    parent_frame_id=parent,
                    child_frame_id=child,
                    translation=sdk.Vector3(x=place[0], y=place[1], z=place[2]),
                    rotation=sdk.Quaternion(x=x, y=y, z=z, w=w),
                )
            )
    return sdk.FrameTransforms(transforms=parts) if parts else "no rotation, or no names of frames"


def _turn(message: Message, matrix: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """X y z w; NaN where the matrix is no rotation. A POSITION without one is not turned."""
    if getattr(message, "quaternion", matrix) is None:
        return [0.0, 0.0, 0.0, 1.0]
    found: list[float] = quaternions(matrix[np.newaxis])[0].tolist()
    return found


def _sensor(sensor: Sensor) -> _Made:
    values = [value if math.isfinite(value) else None for value in sensor.values.tolist()]
    data = json.dumps({"values": values, "unit": sensor.unit}).encode()
    return _Made("igtl.Sensor", "jsonschema", json.dumps(_SENSOR_SCHEMA).encode(), data)


def _log(sdk: Any, message: Status | String, stamp: Any) -> Any:
    level, text = sdk.LogLevel.Info, message.text
    if isinstance(message, Status):
        name = getattr(message.code, "name", str(int(message.code)))
        text = ": ".join(part for part in (name, message.error_name, message.text) if part)
        levels = {0: sdk.LogLevel.Warning, 1: sdk.LogLevel.Info}
        level = levels.get(int(message.code), sdk.LogLevel.Error)
    return sdk.Log(timestamp=stamp, level=level, message=text, name=message.device_name)
