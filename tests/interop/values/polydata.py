"""POLYDATA, as polydata.cpp writes it."""

from __future__ import annotations

from tests.interop.values.building import Values, message, ramp


def points(count: int) -> list[list[float]]:
    """Points i = 0, 1, ...: (i + 0.5, 10.25 - 2 i, i^2 - 3.125) mm."""
    return [[i + 0.5, 10.25 - 2 * i, i * i - 3.125] for i in range(count)]


def attribute(name: str, kind: int, components: int, data: list[float]) -> Values:
    """An attribute of a POLYDATA; `kind` is its number on the wire, +16 for cells."""
    return {"name": name, "type": kind, "components": components, "data": data}


def polydata(serial: int, device_name: str, count: int, **fields: object) -> Values:
    """A POLYDATA of `count` points and no cells, but for the fields."""
    kinds = ("vertices", "lines", "polygons", "triangle_strips", "attributes")
    nothing: Values = {kind: [] for kind in kinds}
    return message("POLYDATA", device_name, serial, points=points(count)) | nothing | fields


POLYDATA = {
    "polydata": polydata(
        70,
        "Liver",
        6,
        vertices=[[0, 2, 4]],
        lines=[[0, 1], [1, 2, 3]],
        polygons=[[0, 1, 2], [2, 3, 4, 5], [0, 5, 4, 3, 1]],
        triangle_strips=[[0, 1, 2, 3], [2, 3, 4, 5, 0]],
        attributes=[
            attribute("pressure", 0, 1, ramp(6, 100.0, 0.25)),
            attribute("flow", 1, 3, ramp(18, -50.0, 0.25)),
            attribute("outwards", 2, 3, ramp(18, 0.5, 0.25)),
            attribute("strain", 3, 9, ramp(54, 1000.0, 0.25)),
        ],
    ),
    "polydata-points": polydata(
        71, "Cloud", 6, attributes=[attribute("range", 0, 2, ramp(12, 7.0, 0.25))]
    ),
    "polydata-triangle": polydata(72, "Mesh", 3, polygons=[[2, 0, 1]]),
    "polydata-cell-tensors": polydata(
        73,
        "Mesh",
        4,
        polygons=[[2, 0, 1], [1, 2, 3]],
        attributes=[attribute("stress", 0x13, 9, ramp(18, -3.5, 0.25))],
    ),
}
