"""The poses in a message, each with the key and the coordinate frames that the page knows it by."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.messages.message import Message
from igtl.messages.pose import Position, Transform, matrix_of
from igtl.messages.tracking import QuaternionTrackingData, ToolType, TrackingData
from igtl.protocol.transforms import frames_of
from igtl.viewer.row import Row

__all__ = ["POSE_TYPES", "Reading", "described", "key_of", "readings", "upper"]

POSE_TYPES = (Transform, Position, TrackingData, QuaternionTrackingData)
"""The classes whose messages hold poses."""

What = Literal["pose", "point"]

_WORLD = "World"
_POSE: What = "pose"
_POINT: What = "point"
#: No pose has this many digits behind the decimal point: what more come are those of binary.
_DIGITS = 6


class Reading(NamedTuple):
    """One pose of a message."""

    tool: str
    """Its name in TDATA and QTDATA; "" where the device is the tool."""
    what: What
    matrix: NDArray[np.float64]
    """(4, 4), from the tool's coordinates to those that it is measured in; mm. Of a point its
    rotation is none."""


def readings(message: Message) -> list[Reading]:
    """The poses of a message, of one of `POSE_TYPES`."""
    match message:
        case Transform():
            return [Reading("", _POSE, message.matrix)]
        case Position():
            what = _POINT if message.quaternion is None else _POSE
            turn = (0.0, 0.0, 0.0, 1.0) if message.quaternion is None else message.quaternion
            return [Reading("", what, matrix_of(message.position, turn))]
        case TrackingData():
            return [Reading(one.name, _what(one.type), one.matrix) for one in message.tools]
        case QuaternionTrackingData() if message.tools:
            tools = message.tools
            places = np.array([one.position for one in tools])
            matrices = matrix_of(places, np.array([one.quaternion for one in tools]))
            pairs = zip(tools, matrices, strict=True)
            return [Reading(one.name, _what(one.type), matrix) for one, matrix in pairs]
    return []


def _what(kind: int) -> What:
    return _POINT if kind == ToolType.THREE_D else _POSE


def upper(matrix: NDArray[np.float64]) -> list[float] | None:
    """The upper 3x4 of a matrix, row by row, to a millionth; None when not all are numbers."""
    if not np.isfinite(matrix).all():
        return None
    values: list[float] = matrix[:3].round(_DIGITS).ravel().tolist()
    return values


def key_of(row: Row, tool: str) -> str:
    """By what the page knows a tool; "" is the device itself."""
    return f"{row.id}:{tool}" if tool else str(row.id)


def described(row: Row, message: Message, tool: str, what: str, unit: str = "") -> dict[str, Any]:
    """What the page has to know of a tool or sensor.

    Its frames are those of `igtl.protocol.transforms`; where nothing says them, it leads from a
    frame that is called like it, to "World".
    """
    name = tool or message.device_name or message.wire_type
    source, target = frames_of(message, tool)
    return {
        "key": key_of(row, tool),
        "row": row.id,
        "device": message.device_name,
        "name": name,
        "from": source or name,
        "to": target or _WORLD,
        "what": what,
        "unit": unit,
    }
