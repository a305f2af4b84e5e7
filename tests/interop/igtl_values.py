"""What igtl reads in messages, in the words of `golden_values.VALUES`.

    values_of(igtl.decode(data)) -> {"type": "TRANSFORM", "device_name": "Probe", ...}

Two things are said as igtl keeps them: a time is the float of seconds that `timestamp` holds,
and one-byte pixels have no byte order. `expected` says a golden message's values in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import igtl
from tests.interop.golden_values import VALUES, Values

SCALAR_TYPES = {
    "int8": 2,
    "uint8": 3,
    "int16": 4,
    "uint16": 5,
    "int32": 6,
    "uint32": 7,
    "float32": 10,
    "float64": 11,
    "complex128": 13,
}
ONE_BYTE = (2, 3)
ATTRIBUTE_KINDS = {"scalars": 0, "vectors": 1, "normals": 2, "tensors": 3, "rgba": 4}
OF_CELLS = 0x10

# The units of the golden SENSORs, by their 64 bits: prefix, then number and exponent of each unit.
# A prefix scales all of it, so milli m^2 is not the mm2 of people: igtl tells it in hexadecimal.
UNIT_TEXTS = {
    11 << 60 | 0x01_1 << 50 | 0x03_E << 40: "mm s-2",
    3 << 60 | 0x02_1 << 50: "kg",
    0x0B_1 << 50: "N",
    0xF05C_290C_DBF1_C881: "0xf05c290cdbf1c881",
    0: "",
}

# Where igtl tells something else than the C++ library, and why.
TOLD_OTHERWISE: dict[str, Values] = {
    # No rotation is no rotation: the library tells the quaternion of none.
    "position-12": {"quaternion": None},
}


def expected(name: str) -> dict[str, Any]:
    """What igtl should read in a golden message."""
    values: dict[str, Any] = VALUES[name] | TOLD_OTHERWISE.get(name, {})
    seconds, fraction = values["timestamp"]
    told = {**values, "timestamp": seconds + fraction / 2**32}
    if values["type"] == "SENSOR":  # prefix and powers are parts of the unit
        told = {key: told[key] for key in told if key not in ("prefix", "powers")}
        told["unit"] = UNIT_TEXTS[values["unit"]]
    if "resolution" in values:  # in ms; igtl speaks of seconds
        told["resolution"] = values["resolution"] / 1000
    return orderless(told)


def orderless(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same, but that pixels of one byte have no byte order, those in a BIND neither."""
    told = dict(values)
    if values["type"] == "IMAGE" and values["scalar_type"] in ONE_BYTE:
        told["endian"] = None
    if values["type"] == "BIND":
        told["children"] = [orderless(child) for child in values["children"]]
    return told


def values_of(message: igtl.Message) -> Values:
    """What a message says, its time as `timestamp` tells it."""
    return _common(message) | {"timestamp": message.timestamp} | _content(message)


def _common(message: igtl.Message) -> Values:
    return {"type": message.wire_type, "device_name": message.device_name}


def _content(message: igtl.Message) -> Values:
    for cls, read in READERS.items():
        if isinstance(message, cls):
            return read(message)
    return {}


def _transform(message: igtl.Transform) -> Values:
    return {"matrix": message.matrix.tolist()}


def _position(message: igtl.Position) -> Values:
    quaternion = None if message.quaternion is None else message.quaternion.tolist()
    return {"position": message.position.tolist(), "quaternion": quaternion}


def _image(message: igtl.Image) -> Values:
    sizes = message.pixels.shape[:3]
    byte_order = message.pixels.dtype.str[0]
    return {
        "components": message.components,
        "scalar_type": SCALAR_TYPES[message.pixels.dtype.name],
        "endian": {"<": "little", ">": "big", "|": None}[byte_order],
        "coordinates": message.coordinates,
        "size": message.size,
        "spacing": message.spacing.tolist(),
        "matrix": _centred(message).tolist(),
        "sub_volume_offset": message.sub_volume_offset,
        "sub_volume_size": sizes[::-1],
        "pixels": message.pixels.ravel().tolist(),
    }


def _centred(message: igtl.Image) -> NDArray[np.float64]:
    """The matrix of the C++ library: axes of length 1, and the centre of the whole image."""
    middle = [(length - 1) / 2 for length in message.size]
    matrix: NDArray[np.float64] = message.ijk_to_world / [*message.spacing, 1.0]
    matrix[:, 3] = message.ijk_to_world @ [*middle, 1.0]
    return matrix


def _fields(*names: str) -> Callable[[Any], Values]:
    """Reads fields that are called the same in igtl and in the table."""
    return lambda message: {name: _plain(getattr(message, name)) for name in names}


def _records(field: str, *names: str) -> Callable[[Any], Values]:
    """Reads a field that holds records."""
    read = _fields(*names)
    return lambda message: {field: [read(record) for record in getattr(message, field)]}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _image_meta(message: igtl.ImageMeta) -> Values:
    read = _fields("name", "id", "modality", "patient_name", "patient_id", "size", "scalar_type")
    return {"images": [read(image) | {"time": image.timestamp} for image in message.images]}


def _color_table(message: igtl.ColorTable) -> Values:
    entries, *rgb = message.table.shape
    return {
        "index_type": {256: 3, 65536: 5}[entries],
        "map_type": 19 if rgb else SCALAR_TYPES[message.table.dtype.name],
        "table": message.table.ravel().tolist(),
    }


def _ndarray(message: igtl.NDArray) -> Values:
    array = message.array
    numbers = array.view(">f8") if array.dtype.kind == "c" else array
    return {
        "scalar_type": SCALAR_TYPES[array.dtype.name],
        "shape": array.shape,
        "elements": numbers.ravel().tolist(),
    }


def _polydata(message: igtl.PolyData) -> Values:
    kinds = ("vertices", "lines", "polygons", "triangle_strips")
    cells = {kind: [cell.tolist() for cell in getattr(message, kind)] for kind in kinds}
    attributes = [_attribute(attribute) for attribute in message.attributes]
    return {"points": message.points.tolist(), "attributes": attributes, **cells}


def _attribute(attribute: igtl.Attribute) -> Values:
    return {
        "name": attribute.name,
        "type": ATTRIBUTE_KINDS[attribute.kind] + OF_CELLS * attribute.cell,
        "components": attribute.data.size // len(attribute.data),
        "data": attribute.data.ravel().tolist(),
    }


def _bind(message: igtl.Bind) -> Values:
    return {"children": [_common(child) | _content(child) for child in message.children]}


def _wanted(query: Any) -> Values:
    """GET_BIND and STT_BIND: which children, and for the latter how often."""
    pairs = list(zip(query.types, query.device_names, strict=True))
    interval = {"resolution": query.interval} if "interval" in query.names else {}
    return {"children": pairs, **interval}


def _query(query: igtl.Get | igtl.Start | igtl.Stop) -> Values:
    if "types" in query.names:
        return _wanted(query)
    if "coordinate_name" in query.names:
        return {"resolution": query.interval, "coordinate_name": query.coordinate_name}
    return {}


# A message of another class has no values, which no test expects.
READERS: dict[type[igtl.Message], Callable[[Any], Values]] = {
    igtl.Transform: _transform,
    igtl.Position: _position,
    igtl.Image: _image,
    igtl.Status: _fields("code", "subcode", "error_name", "text"),
    igtl.Capability: _fields("types"),
    igtl.String: _fields("encoding", "text"),
    igtl.Point: _records("points", "name", "group", "color", "position", "diameter", "owner"),
    igtl.Trajectory: _records(
        "trajectories",
        *("name", "group", "type", "color", "entry", "target", "diameter", "owner"),
    ),
    igtl.TrackingData: _records("tools", "name", "type", "matrix"),
    igtl.QuaternionTrackingData: _records("tools", "name", "type", "position", "quaternion"),
    igtl.ImageMeta: _image_meta,
    igtl.LabelMeta: _records("labels", "name", "id", "label", "color", "size", "owner"),
    igtl.ColorTable: _color_table,
    igtl.Sensor: _fields("unit", "values"),
    igtl.NDArray: _ndarray,
    igtl.PolyData: _polydata,
    igtl.Bind: _bind,
    igtl.Ready: _fields("status"),
    igtl.Get: _query,
    igtl.Start: _query,
    igtl.Stop: _query,
}
