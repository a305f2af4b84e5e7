"""Where something is: TRANSFORM and POSITION; and what all messages with poses have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.declaration import MaybeVector, Vector, field
from igtl.codec.layout import F32, POSE, Layout, frozen
from igtl.errors import DecodeError
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["Position", "Transform", "matrix_of", "status_of"]


@queries("GET STT STP RTS", "TRANS", "TRANSFOR")
@message("TRANSFORM")
class Transform(Message):
    """A pose as a matrix: TRANSFORM.

    Args:
        matrix: (4, 4) or (3, 4), from the device's coordinates to those of whatever it is
            measured in (named by the device, "ProbeToTracker" say); translation in mm. Read back
            as (4, 4) float64 holding the 32-bit values of the wire.
    """

    matrix: Vector = field(POSE, unit="mm", doc="upper 3x4, column by column")


@queries("GET STT STP RTS", "POSITION", "QTRANS")
@message("POSITION", "QTRANS")
class Position(Message):
    """A pose as a point and a quaternion: POSITION, or QTRANS, which is the same.

    Args:
        position: (3,) mm. Read back as float64.
        quaternion: (4,) x y z w, the rotation; None writes the short form without one.
    """

    names = ("position", "quaternion")

    position: Vector = field(F32[3], unit="mm", doc="x y z")
    quaternion: MaybeVector = field(
        F32[4], default=(0.0, 0.0, 0.0, 1.0), doc="x y z w; also legal: x y z alone, or nothing"
    )

    @classmethod
    def _encode(cls, values: dict[str, Any]) -> Buffer:
        if values["quaternion"] is None:
            return _POINT.pack(values)
        return cls.wire.pack(values)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        """Protocol document, POSITION: 12 bytes, 24 (w follows from the unit norm) or 28."""
        match len(content):
            case 12:
                return _POINT.unpack(content) | {"quaternion": None}
            case 24:
                values = _SHORT.unpack(content)
                x, y, z = values["quaternion"]
                w = np.sqrt(max(0.0, 1.0 - (x * x + y * y + z * z)))
                return values | {"quaternion": frozen(np.array((x, y, z, w)))}
            case 28:
                return cls.wire.unpack(content)
        raise DecodeError(f"content of {len(content)} bytes, expected 12, 24 or 28")


_POINT = Layout([("position", F32[3], "")])
_SHORT = Layout([("position", F32[3], ""), ("quaternion", F32[3], "")])


def matrix_of(position: ArrayLike, quaternion: ArrayLike) -> NDArray[np.float64]:
    """The matrix of a position and a quaternion, or those of many.

    Args:
        position: (..., 3) mm.
        quaternion: (..., 4) x y z w, which need not be of unit length.

    Returns:
        (..., 4, 4) float64; the rotation is NaN where the quaternion is zero or not finite.
    """
    given = np.asarray(quaternion, np.float64)
    with np.errstate(all="ignore"):
        x, y, z, w = np.moveaxis(given / np.linalg.norm(given, axis=-1, keepdims=True), -1, 0)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
    matrices = np.zeros((*given.shape[:-1], 4, 4))
    matrices[..., :3, :3] = np.moveaxis(rotation, (0, 1), (-2, -1))
    matrices[..., :3, 3], matrices[..., 3, 3] = position, 1.0
    return matrices


def status_of(metadata: Mapping[str, str]) -> str:
    """What a message's metadata say of its poses, as PLUS writes it: "OK", "OUT_OF_VIEW" ...

    "" when they say nothing; "INVALID" when they say no more than that the poses are not valid.
    """
    status = metadata.get("TransformStatus", "").strip().upper()
    valid = metadata.get("TransformValid", "").strip().lower()
    if valid in ("false", "0") and status in ("", "OK"):
        return "INVALID"
    return status or ("OK" if valid in ("true", "1") else "")
