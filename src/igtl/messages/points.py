"""Landmarks and planned paths: POINT and TRAJ."""

from __future__ import annotations

from enum import IntEnum

from igtl.codec.declaration import Record, Records, Several, Vector, field
from igtl.codec.layout import F32, U8, Choice, Reserved, Text
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["Point", "PointElement", "Trajectory", "TrajectoryElement", "TrajectoryType"]

_YELLOW = (255, 255, 0, 255)
_ZERO = (0.0, 0.0, 0.0)

Color = tuple[int, int, int, int]


class PointElement(Record):
    """One landmark.

    Args:
        name: up to 63 bytes.
        group: such as "Labeled Point" or "Fiducial", up to 31 bytes.
        color: red, green, blue, alpha, 0 to 255.
        position: (3,) mm.
        diameter: mm, 0 for a point. (The reference calls it radius.)
        owner: device name of the image that it belongs to, up to 19 bytes.
    """

    name: str = field(Text(64), default="", doc="name or description")
    group: str = field(Text(32), default="", doc="such as Labeled Point, Fiducial")
    color: Color = field(U8[4], default=_YELLOW, doc="red green blue alpha")
    position: Vector = field(F32[3], default=_ZERO, unit="mm", doc="x y z")
    diameter: float = field(F32, default=0.0, unit="mm", doc="0 for a point")
    owner: str = field(Text(20), default="", doc="device name of its image")


@queries("GET")
@message("POINT")
class Point(Message):
    """Landmarks: POINT.

    Args:
        points: a sequence of `PointElement`.
    """

    points: Several[PointElement] = field(Records(PointElement), doc="one for each point")


class TrajectoryType(IntEnum):
    """Which points of a trajectory count (protocol document, TRAJ)."""

    ENTRY_ONLY = 1
    TARGET_ONLY = 2
    ENTRY_AND_TARGET = 3


class TrajectoryElement(Record):
    """One planned path.

    Args:
        name: up to 63 bytes.
        group: such as "Trajectory", up to 31 bytes.
        type: a `TrajectoryType`.
        color: red, green, blue, alpha, 0 to 255.
        entry: (3,) mm.
        target: (3,) mm.
        diameter: mm.
        owner: device name of the image that it belongs to, up to 19 bytes.
    """

    name: str = field(Text(64), default="", doc="name or description")
    group: str = field(Text(32), default="", doc="such as Trajectory")
    type: int = field(
        Choice(U8, TrajectoryType),
        default=TrajectoryType.ENTRY_AND_TARGET,
        doc="1 entry only, 2 target only, 3 both",
    )
    _reserved = field(Reserved(1))
    color: Color = field(U8[4], default=_YELLOW, doc="red green blue alpha")
    entry: Vector = field(F32[3], default=_ZERO, unit="mm", doc="x y z")
    target: Vector = field(F32[3], default=_ZERO, unit="mm", doc="x y z")
    diameter: float = field(F32, default=0.0, unit="mm", doc="of the path")
    owner: str = field(Text(20), default="", doc="device name of its image")


@queries("GET")
@message("TRAJ")
class Trajectory(Message):
    """Planned paths: TRAJ.

    Args:
        trajectories: a sequence of `TrajectoryElement`.
    """

    trajectories: Several[TrajectoryElement] = field(
        Records(TrajectoryElement), doc="one for each trajectory"
    )
