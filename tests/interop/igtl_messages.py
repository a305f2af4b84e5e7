"""The golden messages as igtl's constructors make them, from their values alone.

    message_of(expected("transform")) -> Transform(matrix, device_name="Probe", timestamp=...)

The values are those of `igtl_values.expected`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

import igtl
from tests.interop.igtl_values import ATTRIBUTE_KINDS, OF_CELLS, SCALAR_TYPES

Told: TypeAlias = Mapping[str, Any]

DTYPES = {number: np.dtype(name) for name, number in SCALAR_TYPES.items()}
BYTE_ORDERS: dict[str | None, Literal[">", "<", "="]] = {"big": ">", "little": "<", None: "="}
KINDS = {number: kind for kind, number in ATTRIBUTE_KINDS.items()}

QUERIES: dict[str, Callable[..., igtl.Message]] = {
    "GET": igtl.Get,
    "STT": igtl.Start,
    "STP": igtl.Stop,
    "RTS": igtl.Ready,
}
# What a query's name says behind its prefix, where that is not the type's own name.
TARGETS: dict[str, type[igtl.Message]] = {
    "TRANS": igtl.Transform,
    "CAPABIL": igtl.Capability,
    "QTRANS": igtl.Position,
    "VMETA": igtl.VideoMeta,
}
# What queries carry, in the words of the table and in igtl's.
ARGUMENTS = {"resolution": "interval", "coordinate_name": "coordinate_name", "status": "status"}


def message_of(values: Told) -> igtl.Message:
    """A new message that says the same."""
    wire_type = values["type"]
    common = {key: values[key] for key in ("device_name", "timestamp") if key in values}
    if wire_type.partition("_")[0] in QUERIES:
        return _query(values, common)
    return MAKERS[wire_type](values, common)


def _query(values: Told, common: Told) -> igtl.Message:
    prefix, _, name = values["type"].partition("_")
    arguments = {own: values[told] for told, own in ARGUMENTS.items() if told in values}
    if name == "QTRANS":  # a name that a Position has besides its own
        arguments["wire_type"] = values["type"]
    if "children" in values:
        arguments["types"] = [wire_type for wire_type, _ in values["children"]]
        arguments["device_names"] = [device_name for _, device_name in values["children"]]
    target = TARGETS.get(name) or igtl.message_types()[name]
    return QUERIES[prefix](target, **arguments, **common)


def _position(values: Told, common: Told) -> igtl.Message:
    kind = {"wire_type": values["type"]}
    return igtl.Position(values["position"], values["quaternion"], **kind, **common)


def _image(values: Told, common: Told) -> igtl.Message:
    return igtl.Image(
        _pixels(values),
        ijk_to_world=_ijk_to_world(values),
        components=values["components"],
        coordinates=values["coordinates"],
        sub_volume_offset=tuple(values["sub_volume_offset"]),
        volume_size=tuple(values["size"]),
        **common,
    )


def _pixels(values: Told) -> NDArray[Any]:
    """The pixels as (k, j, i) or (k, j, i, components), in their byte order."""
    dtype = DTYPES[values["scalar_type"]].newbyteorder(BYTE_ORDERS[values["endian"]])
    shape = [*values["sub_volume_size"][::-1], values["components"]]
    array = np.array(values["pixels"], dtype).reshape(shape)
    return array[..., 0] if values["components"] == 1 else array


def _ijk_to_world(values: Told) -> NDArray[np.float64]:
    """From the axes and the centre of the image to its first voxel."""
    matrix: NDArray[np.float64] = np.array(values["matrix"]) * [*values["spacing"], 1.0]
    middle = (np.array(values["size"]) - 1) / 2
    matrix[:3, 3] -= matrix[:3, :3] @ middle
    return matrix


def _records(
    cls: type[igtl.Message], field: str, record: Callable[..., igtl.Record]
) -> Callable[[Told, Told], igtl.Message]:
    """Makes messages of a class whose one field holds records."""
    return lambda values, common: cls([record(**one) for one in values[field]], **common)


def _image_meta_element(time: float, **fields: Any) -> igtl.ImageMetaElement:
    return igtl.ImageMetaElement(timestamp=time, **fields)


def _color_table(values: Told, common: Told) -> igtl.Message:
    dtype = np.uint16 if values["map_type"] == 5 else np.uint8
    shape = (-1, 3) if values["map_type"] == 19 else (-1,)
    return igtl.ColorTable(np.array(values["table"], dtype).reshape(shape), **common)


def _ndarray(values: Told, common: Told) -> igtl.Message:
    dtype = DTYPES[values["scalar_type"]]
    numbers = np.array(values["elements"], np.float64 if dtype.kind == "c" else dtype)
    return igtl.NDArray(numbers.view(dtype).reshape(values["shape"]), **common)


def _polydata(values: Told, common: Told) -> igtl.Message:
    kinds = ("vertices", "lines", "polygons", "triangle_strips")
    cells = {kind: values[kind] for kind in kinds}
    attributes = [_attribute(attribute) for attribute in values["attributes"]]
    return igtl.PolyData(values["points"], attributes=attributes, **cells, **common)


def _attribute(values: Told) -> igtl.Attribute:
    cell = values["type"] >= OF_CELLS
    data = np.array(values["data"]).reshape(-1, values["components"])
    return igtl.Attribute(values["name"], KINDS[values["type"] % OF_CELLS], data, cell=cell)


MAKERS: dict[str, Callable[[Told, Told], igtl.Message]] = {
    "TRANSFORM": lambda values, common: igtl.Transform(values["matrix"], **common),
    "POSITION": _position,
    "QTRANS": _position,
    "IMAGE": _image,
    "STATUS": lambda values, common: igtl.Status(
        values["code"], values["subcode"], values["error_name"], values["text"], **common
    ),
    "CAPABILITY": lambda values, common: igtl.Capability(values["types"], **common),
    "STRING": lambda values, common: igtl.String(values["text"], values["encoding"], **common),
    "POINT": _records(igtl.Point, "points", igtl.PointElement),
    "TRAJ": _records(igtl.Trajectory, "trajectories", igtl.TrajectoryElement),
    "TDATA": _records(igtl.TrackingData, "tools", igtl.Tool),
    "QTDATA": _records(igtl.QuaternionTrackingData, "tools", igtl.QuaternionTool),
    "IMGMETA": _records(igtl.ImageMeta, "images", _image_meta_element),
    "LBMETA": _records(igtl.LabelMeta, "labels", igtl.LabelMetaElement),
    "COLORT": _color_table,
    "SENSOR": lambda values, common: igtl.Sensor(values["values"], values["unit"], **common),
    "NDARRAY": _ndarray,
    "POLYDATA": _polydata,
    "BIND": lambda values, common: igtl.Bind(
        [message_of(child) for child in values["children"]], **common
    ),
}
