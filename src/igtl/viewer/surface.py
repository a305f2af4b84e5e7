"""A POLYDATA as arrays that a browser can draw as they are.

All are little-endian: "points" (n, 3) float32 in mm; "vertices", "lines", "polygons" and "strips"
uint32, for each cell its number of points, then their indices; "scalars:NAME", "normals:NAME" and
"rgba:NAME" float32. Vectors, tensors and texture coordinates are not drawn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.scalars import bytes_of
from igtl.errors import DecodeError
from igtl.messages.polydata import Attribute, Cells, PolyData
from igtl.viewer.envelope import ALIGNMENT
from igtl.viewer.levels import range_of

__all__ = ["Surface", "surface"]

_DRAWN = ("scalars", "normals", "rgba")
_MOST_ATTRIBUTES = 100
_MOST_NAMED = 4


class Surface(NamedTuple):
    """What a scene's envelope has of a surface."""

    bounds: list[float]
    """Least and greatest x, y and z of the points in mm; 0 where there are none."""
    arrays: list[dict[str, Any]]
    payload: list[Buffer]
    note: str
    """What is left out, and why; "" for nothing."""


def surface(message: PolyData) -> Surface:
    """The arrays of a POLYDATA.

    Raises:
        DecodeError: a cell names a point that is not there.
    """
    points = message.points
    cells = {
        "vertices": message.vertices,
        "lines": message.lines,
        "polygons": message.polygons,
        "strips": message.triangle_strips,
    }
    made = _Arrays()
    made.add("points", points, "<f4", on="points")
    for name, some in cells.items():
        if len(some):
            _check(name, some, len(points))
            made.add(name, some.data, "<u4", on="cells")
    counts = {False: len(points), True: sum(map(len, cells.values()))}
    drawn = [one for one in message.attributes if one.kind in _DRAWN][:_MOST_ATTRIBUTES]
    for one in drawn:
        if len(one.data) == counts[one.cell]:
            where = "cells" if one.cell else "points"
            made.add(f"{one.kind}:{one.name}", one.data, "<f4", on=where)
    note = _unfit([one for one in drawn if len(one.data) != counts[one.cell]], counts)
    return Surface(_bounds(points), made.described, made.payload, note)


class _Arrays:
    """Arrays one behind the other, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.described: list[dict[str, Any]] = []
        self.payload: list[Buffer] = []
        self._offset = 0

    def add(self, name: str, values: NDArray[Any], dtype: str, *, on: str) -> None:
        """Append one."""
        array = np.ascontiguousarray(values, dtype)
        self.described.append(
            {
                "name": name,
                "dtype": array.dtype.name,
                "shape": array.shape,
                "offset": self._offset,
                "on": on,
                "range": range_of(array) if array.size else (0.0, 0.0),
            }
        )
        padding = bytes(-array.nbytes % ALIGNMENT)
        self.payload += [bytes_of(array), padding] if padding else [bytes_of(array)]
        self._offset += array.nbytes + len(padding)


def _check(name: str, cells: Cells, points: int) -> None:
    """See that all indices are those of points; numbers of points are among them.

    Raises:
        DecodeError: one is not.
    """
    if int(cells.data.max()) < points:
        return
    for cell in cells:
        if cell.size and cell.max() >= points:
            raise DecodeError(
                f"{name} name point {cell.max()}, but there are {points} points, counted from 0"
            )


def _unfit(attributes: list[Attribute], counts: dict[bool, int]) -> str:
    """What is wrong with attributes that are not drawn."""
    parts = (
        f"{one.kind} {one.name!r} have {len(one.data)} items for {counts[one.cell]} "
        f"{'cells' if one.cell else 'points'}"
        for one in attributes[:_MOST_NAMED]
    )
    return f"not drawn: {', '.join(parts)}" if attributes else ""


def _bounds(points: NDArray[np.float32]) -> list[float]:
    """Of the points that are somewhere."""
    if not len(points):
        return [0.0] * 6
    with np.errstate(all="ignore"):
        ends = np.fmin.reduce(points), np.fmax.reduce(points)
    if not np.isfinite(ends).all():
        finite = points[np.isfinite(points).all(axis=1)]
        return _bounds(finite)
    bounds: list[float] = np.stack(ends, axis=1).ravel().tolist()
    return bounds
