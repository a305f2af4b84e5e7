"""The poses in messages, in one form: TRANSFORM, POSITION and the tools of TDATA and QTDATA."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.messages import (
    Message,
    Position,
    QuaternionTrackingData,
    TrackingData,
    Transform,
    pose,
)

__all__ = ["POSE_TYPES", "ToolPose", "poses_of", "quaternions", "status_of"]

Matrix = NDArray[np.float64]

POSE_TYPES: tuple[type[Message], ...] = (
    Transform,
    Position,
    TrackingData,
    QuaternionTrackingData,
)
"""The classes whose messages hold poses."""

_RIGID = 1e-3


class ToolPose(NamedTuple):
    """One pose of a message."""

    tool: str
    """The tool's name in TDATA and QTDATA; "" in TRANSFORM and POSITION, where the device is it."""
    matrix: Matrix
    """(4, 4) float64, from the tool's coordinates to those that it is measured in; mm. Its rotation
    is NaN where the message has none (a POSITION of a point alone)."""
    quaternion: Matrix | None
    """(4,) float64 x y z w as the message has it; None where it has a matrix, or no rotation."""


def poses_of(message: Message) -> tuple[ToolPose, ...]:
    """The poses of a message; none when it is of another type."""
    match message:
        case Transform():
            return (ToolPose("", message.matrix, None),)
        case Position():
            matrix = _matrix(message.position, message.quaternion)
            return (ToolPose("", matrix, message.quaternion),)
        case TrackingData():
            return tuple(ToolPose(tool.name, tool.matrix, None) for tool in message.tools)
        case QuaternionTrackingData():
            return tuple(
                ToolPose(one.name, _matrix(one.position, one.quaternion), one.quaternion)
                for one in message.tools
            )
    return ()


def status_of(message: Message) -> str:
    """What a message says of its poses in its metadata; see `igtl.messages.pose.status_of`."""
    return pose.status_of(message.metadata)


def quaternions(matrices: NDArray[Any]) -> Matrix:
    """The rotations of matrices as unit quaternions.

    Args:
        matrices: (n, 4, 4) or (n, 3, 3).

    Returns:
        (n, 4) float64, x y z w with w >= 0; NaN where a matrix is no rotation: it scales, shears,
        mirrors, or holds numbers that are none.
    """
    turn = np.asarray(matrices, np.float64)[:, :3, :3]
    with np.errstate(all="ignore"):
        found = _from_rotations(turn)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        found *= np.where(found[:, 3:] < 0, -1.0, 1.0)
        off = np.abs(turn.transpose(0, 2, 1) @ turn - np.eye(3)).max(axis=(1, 2))
        rigid = (off < _RIGID) & (np.linalg.det(turn) > 0)
    found[~rigid] = np.nan
    return found


def _from_rotations(turn: Matrix) -> Matrix:
    """(n, 4), not of unit length: of four ways to the same quaternion the best conditioned.

    Row r of `ways[:, r]` is the quaternion times four times its own r-th number, so the one whose
    own number is the largest loses the least.
    """
    m = turn.transpose(1, 2, 0)
    x = np.array((1 + m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0],
                  m[2, 1] - m[1, 2]))  # fmt: skip
    y = np.array((x[1], 1 - m[0, 0] + m[1, 1] - m[2, 2], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]))
    z = np.array((x[2], y[2], 1 - m[0, 0] - m[1, 1] + m[2, 2], m[1, 0] - m[0, 1]))
    w = np.array((x[3], y[3], z[3], 1 + m[0, 0] + m[1, 1] + m[2, 2]))
    ways = np.array((x, y, z, w)).transpose(2, 0, 1)
    best = np.argmax(np.nan_to_num(np.diagonal(ways, axis1=1, axis2=2)), axis=1)
    chosen: Matrix = ways[np.arange(len(ways)), best]
    return chosen


def _matrix(position: ArrayLike, quaternion: ArrayLike | None) -> Matrix:
    """(4, 4) of a position and a quaternion, which need not be of unit length."""
    return pose.matrix_of(position, (np.nan,) * 4 if quaternion is None else quaternion)
