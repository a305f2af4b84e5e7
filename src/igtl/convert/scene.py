"""POINT, TRAJ and POLYDATA as Foxglove draws them: an entity in a scene, in metres."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.messages import Cells, Point, PolyData, Trajectory

__all__ = ["scene_of"]

_MM = 1e-3
#: Diameters in mm of what has none of its own.
_LANDMARK, _VERTEX, _PATH = 3.0, 1.0, 1.0
_LETTERS = 5.0
_SURFACE = (0.85, 0.8, 0.7, 1.0)


def scene_of(
    sdk: Any, message: Point | Trajectory | PolyData, stamp: Any, *, entity: str, frame: str
) -> Any:
    """The SceneUpdate for a message.

    Args:
        sdk: the module `foxglove.messages`.
        message: what is drawn.
        stamp: its time.
        entity: id of the entity; another one of this id is replaced.
        frame: name of the frame that the message's coordinates are in.
    """
    match message:
        case Point():
            parts = _landmarks(sdk, message)
        case Trajectory():
            parts = _paths(sdk, message)
        case PolyData():
            parts = _surface(sdk, message)
    one = sdk.SceneEntity(timestamp=stamp, frame_id=frame, id=entity, **parts)
    return sdk.SceneUpdate(entities=[one])


def _landmarks(sdk: Any, message: Point) -> dict[str, Any]:
    spheres, texts = [], []
    for point in message.points:
        color, size = _color(sdk, point.color), point.diameter or _LANDMARK
        spheres.append(_sphere(sdk, point.position, size, color))
        if point.name:
            texts.append(_label(sdk, point.position, point.name, color))
    return {"spheres": spheres, "texts": texts}


def _paths(sdk: Any, message: Trajectory) -> dict[str, Any]:
    spheres, lines, texts = [], [], []
    for path in message.trajectories:
        color, size = _color(sdk, path.color), path.diameter or _PATH
        ends = [end for end, without in ((path.entry, 2), (path.target, 1)) if path.type != without]
        spheres += [_sphere(sdk, end, max(size, _LANDMARK), color) for end in ends]
        if len(ends) == 2:
            points = _points(sdk, np.array(ends))
            lines.append(sdk.LinePrimitive(points=points, thickness=size * _MM, color=color))
        if path.name:
            texts.append(_label(sdk, ends[0], path.name, color))
    return {"spheres": spheres, "lines": lines, "texts": texts}


def _surface(sdk: Any, message: PolyData) -> dict[str, Any]:
    points, look = _points(sdk, message.points), _look(sdk, message)
    triangles = _triangles(message.polygons) + _strips(message.triangle_strips)
    segments = [end for cell in message.lines for pair in pairwise(cell.tolist()) for end in pair]
    parts: dict[str, Any] = {}
    if triangles:
        parts["triangles"] = [sdk.TriangleListPrimitive(points=points, indices=triangles, **look)]
    if segments:
        kind = sdk.LinePrimitiveLineType.LineList
        parts["lines"] = [
            sdk.LinePrimitive(
                type=kind, points=points, indices=segments, thickness=2.0, scale_invariant=True,
                **look,
            )
        ]  # fmt: skip
    alone = [one for cell in message.vertices for one in cell.tolist()]
    if not (triangles or segments or alone):
        alone = list(range(len(points)))
    color = sdk.Color(r=_SURFACE[0], g=_SURFACE[1], b=_SURFACE[2], a=_SURFACE[3])
    parts["spheres"] = [_sphere(sdk, message.points[one], _VERTEX, color) for one in alone]
    return parts


def _look(sdk: Any, message: PolyData) -> dict[str, Any]:
    """The colour of each point where the message has them, else one for all."""
    for attribute in message.attributes:
        if attribute.kind == "rgba" and not attribute.cell:
            rows = attribute.data.tolist()
            return {"colors": [sdk.Color(r=r, g=g, b=b, a=a) for r, g, b, a in rows]}
    return {"color": sdk.Color(r=_SURFACE[0], g=_SURFACE[1], b=_SURFACE[2], a=_SURFACE[3])}


def _triangles(polygons: Cells) -> list[int]:
    """Indices of corners, three a triangle: polygons are cut into fans."""
    try:
        cells = polygons.as_array()
    except ValueError:
        return [one for cell in polygons for one in _triangles(Cells(cell[np.newaxis]))]
    if cells.shape[1] < 3:
        return []
    first = np.repeat(cells[:, :1], cells.shape[1] - 2, axis=1)
    corners = np.stack((first, cells[:, 1:-1], cells[:, 2:]), axis=-1)
    found: list[int] = corners.ravel().tolist()
    return found


def _strips(strips: Cells) -> list[int]:
    """Indices of corners: each point of a strip makes a triangle with the two before it.

    Every other triangle is turned round, so that all face to the same side.
    """
    found: list[int] = []
    for strip in strips:
        corners = strip.tolist()
        for index in range(len(corners) - 2):
            a, b, c = corners[index : index + 3]
            found += (b, a, c) if index % 2 else (a, b, c)
    return found


def _points(sdk: Any, points: NDArray[Any]) -> list[Any]:
    rows = (np.asarray(points, np.float64) * _MM).tolist()
    return [sdk.Point3(x=x, y=y, z=z) for x, y, z in rows]


def _sphere(sdk: Any, position: NDArray[Any], diameter: float, color: Any) -> Any:
    size = diameter * _MM
    return sdk.SpherePrimitive(
        pose=_pose(sdk, position), size=sdk.Vector3(x=size, y=size, z=size), color=color
    )


def _label(sdk: Any, position: NDArray[Any], text: str, color: Any) -> Any:
    return sdk.TextPrimitive(
        pose=_pose(sdk, position), billboard=True, font_size=_LETTERS * _MM, color=color, text=text
    )


def _pose(sdk: Any, position: NDArray[Any]) -> Any:
    x, y, z = (np.asarray(position, np.float64) * _MM).tolist()
    return sdk.Pose(
        position=sdk.Vector3(x=x, y=y, z=z), orientation=sdk.Quaternion(x=0, y=0, z=0, w=1)
    )


def _color(sdk: Any, color: Sequence[int]) -> Any:
    r, g, b, a = (part / 255 for part in color)
    return sdk.Color(r=r, g=g, b=b, a=a)
