"""The plan of the simulated intervention: where to go, on which way, and what lies beside it.

Everything is in the tracker's frame (RAS, mm; see `motion`) and fits the phantom: the path leads
from the skin to the middle of the lesion, and the surfaces are those of the lesion and the vessel.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from igtl.messages import Attribute, Point, PointElement, PolyData, Trajectory, TrajectoryElement
from igtl.sources.motion import NEEDLE_ENTRY, NEEDLE_TARGET
from igtl.sources.phantom import LESION, VESSEL, Rod, Sphere

__all__ = ["lesion", "path", "target", "to_path", "to_target", "vessel"]

Places = NDArray[np.float64]

_RED, _GREEN = (235, 70, 60, 255), (60, 200, 90, 255)
_NEEDLE_MM, _TARGET_MM = 1.0, 4.0
_ALONG, _AROUND = 24, 36
_POLE_RAD = 0.01
_VESSEL_HALF_LENGTH_MM = 37.0
_OWNER = "CT"


def path() -> Trajectory:
    """The planned way of the needle: TRAJ "Plan"."""
    planned = TrajectoryElement(
        "Path to the lesion",
        group="Trajectory",
        color=_GREEN,
        entry=NEEDLE_ENTRY,
        target=NEEDLE_TARGET,
        diameter=_NEEDLE_MM,
        owner=_OWNER,
    )
    return Trajectory([planned], device_name="Plan")


def target() -> Point:
    """The middle of the lesion: POINT "Target"."""
    middle = PointElement(
        "Lesion",
        group="Target",
        color=_RED,
        position=NEEDLE_TARGET,
        diameter=_TARGET_MM,
        owner=_OWNER,
    )
    return Point([middle], device_name="Target")


def lesion() -> PolyData:
    """The lesion's surface: POLYDATA "Lesion", with each point's distance from the path."""
    return _surface(_ball(LESION), "Lesion")


def vessel() -> PolyData:
    """The vessel's surface: POLYDATA "Vessel", with each point's distance from the path."""
    return _surface(_tube(VESSEL), "Vessel")


def to_target(needle_to_tracker: NDArray[np.float64]) -> float:
    """How far the needle's tip is from the target, mm.

    Args:
        needle_to_tracker: (4, 4) float64, mm; the translation is the tip.
    """
    return float(np.linalg.norm(needle_to_tracker[:3, 3] - NEEDLE_TARGET))


def to_path(places: Places) -> NDArray[np.float64]:
    """How far some places are from the planned path, which ends at the skin and at the target.

    Args:
        places: (..., 3) float64, mm.

    Returns:
        (...) float64, mm.
    """
    entry, way = np.array(NEEDLE_ENTRY), np.subtract(NEEDLE_TARGET, NEEDLE_ENTRY)
    along = np.clip((places - entry) @ way / (way @ way), 0, 1)
    distance: NDArray[np.float64] = np.linalg.norm(
        places - entry - along[..., np.newaxis] * way, axis=-1
    )
    return distance


def _surface(grid: Places, device_name: str) -> PolyData:
    """A grid of (rows, columns, 3) places, closed around its columns, with values on it."""
    places = grid.reshape(-1, 3)
    return PolyData(
        places,
        polygons=_triangles(*grid.shape[:2]),
        attributes=[Attribute("DistanceToPath", "scalars", to_path(places))],
        device_name=device_name,
    )


def _triangles(rows: int, columns: int) -> NDArray[np.int64]:
    """(n, 3) indices into such a grid; counterclockwise, seen from outside."""
    corner = np.arange(rows * columns).reshape(rows, columns)
    beside = np.roll(corner, -1, axis=1)
    quads = (corner[:-1], beside[:-1], beside[1:], corner[1:])
    a, b, c, d = (quad.ravel() for quad in quads)
    return np.concatenate((np.stack((a, b, c), 1), np.stack((a, c, d), 1)))


def _ball(ball: Sphere) -> Places:
    """Places on a sphere, from the lower pole to the upper one, but for a speck around them."""
    up = np.linspace(_POLE_RAD, math.pi - _POLE_RAD, _ALONG + 1)[:, np.newaxis]
    around = _turn()
    z = np.broadcast_to(-np.cos(up), (_ALONG + 1, _AROUND))
    unit = np.stack((np.sin(up) * np.cos(around), np.sin(up) * np.sin(around), z), -1)
    return np.array(ball.centre) + ball.radius * unit


def _tube(rod: Rod) -> Places:
    """Places on a straight tube without ends."""
    axis = np.array(rod.direction) / math.hypot(*rod.direction)
    first = np.cross(axis, (0.0, 1.0, 0.0))
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    around = _turn()[:, np.newaxis]
    ring = rod.radius * (np.cos(around) * first + np.sin(around) * second)
    along = np.linspace(-_VESSEL_HALF_LENGTH_MM, _VESSEL_HALF_LENGTH_MM, _ALONG + 1)
    places: Places = np.array(rod.point) + along[:, np.newaxis, np.newaxis] * axis + ring
    return places


def _turn() -> NDArray[np.float64]:
    """Angles all around, rad."""
    return np.linspace(0, math.tau, _AROUND, endpoint=False, dtype=np.float64)
