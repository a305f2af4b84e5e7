"""What the messages of `golden write` say, by name, written by hand beside the C++ that makes them.

`VALUES[name]` holds what `golden read` tells of the message: `type` (the type on the wire),
`device_name`, `timestamp` (seconds and fractions of 2^32, as on the wire), and its fields:

    transform                matrix: 4 rows, mm
    position, qtrans         position: mm; quaternion: x y z w
    image                    components, scalar_type, endian, coordinates, size, spacing,
                             matrix (axes of length 1; the last column is the centre of the whole
                             image, mm), sub_volume_offset, sub_volume_size (all i j k),
                             pixels (in their order on the wire: component, i, j, k)
    status                   code, subcode, error_name, text
    capability               types
    string                   encoding, text
    point                    points: name, group, color, position, diameter, owner
    traj                     trajectories: name, group, type, color, entry, target, diameter, owner
    tdata                    tools: name, type, matrix
    qtdata                   tools: name, type, position, quaternion
    imgmeta                  images: name, id, modality, patient_name, patient_id, time (s), size,
                             scalar_type
    lbmeta                   labels: name, id, label, color, size, owner
    colort                   index_type, map_type, table (RGB: red, green, blue of each entry)
    sensor                   unit (the field of 64 bits), prefix, powers (of each unit its number
                             and exponent), values
    ndarray                  scalar_type, shape, elements (C order; complex: real, imaginary)
    polydata                 points, vertices, lines, polygons, triangle_strips,
                             attributes: name, type (as on the wire), components, data
    bind                     children: type, device_name and the fields of each
    get-bind, stt-bind       children: type and device name of each; resolution (32.32 seconds)
    stt-tdata, stt-qtdata    resolution (interval, ms), coordinate_name
    rts-...                  status

Numbers that are float32 on the wire are given as such: `third(2)` is the float32 nearest to 2/3.
Numbers are exact but for the messages in `TOLERANCES`.
"""

from __future__ import annotations

from tests.interop.values.arrays import NDARRAYS, SENSORS
from tests.interop.values.bind import BINDS
from tests.interop.values.building import Values
from tests.interop.values.images import COLOR_TABLES, IMAGES
from tests.interop.values.polydata import POLYDATA
from tests.interop.values.poses import POSES
from tests.interop.values.queries import FRAMED_QUERIES, QUERIES
from tests.interop.values.records import RECORDS
from tests.interop.values.texts import TEXTS

__all__ = ["FRAMED", "MISREAD", "TOLERANCES", "VALUES", "Values", "differences"]

VALUES: dict[str, Values] = {
    **POSES,
    **TEXTS,
    **IMAGES,
    **COLOR_TABLES,
    **SENSORS,
    **NDARRAYS,
    **RECORDS,
    **POLYDATA,
    **BINDS,
    **QUERIES,
    **FRAMED_QUERIES,
}

# Types that library 1.11 has no class for: header, time stamp and CRC of these messages are the
# library's, the type name and the content are ours.
FRAMED = frozenset(FRAMED_QUERIES)

# How far a number may be off, where arithmetic in float32 or a clock in ns makes it inexact.
TOLERANCES = {"image-oblique": 1e-6, "position-24": 1e-6, "imgmeta": 1e-6}

# What the library cannot read of its own bytes: the fields as it tells them instead.
MISREAD: dict[str, Values] = {
    "get-bind-odd-names": {"children": [["STRING", ""], ["IMAGE", ""]]},
}


def differences(
    expected: object, found: object, *, tolerance: float = 0.0, place: str = "message"
) -> list[str]:
    """Where two values of the tables differ, one line each; none when they are the same.

    Numbers may differ by `tolerance`; 1 and 1.0 are the same, lists and tuples too.
    """
    match expected, found:
        case (dict(), dict()):
            pairs = [
                (f"{place}.{key}", expected.get(key, "(none)"), found.get(key, "(none)"))
                for key in expected.keys() | found.keys()
            ]
        case (list() | tuple(), list() | tuple()) if len(expected) == len(found):
            places = [f"{place}[{index}]" for index in range(len(expected))]
            pairs = list(zip(places, expected, found, strict=True))
        case (int() | float(), int() | float()):
            same = expected == found or abs(expected - found) <= tolerance
            return [] if same else [f"{place}: expected {expected!r}, found {found!r}"]
        case _:
            same = expected == found
            return [] if same else [f"{place}: expected {expected!r}, found {found!r}"]
    return [
        line
        for where, one, other in pairs
        for line in differences(one, other, tolerance=tolerance, place=where)
    ]
