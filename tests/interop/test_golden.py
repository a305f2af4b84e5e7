"""igtl against messages that the C++ library packed, byte by byte and in both directions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

import pytest

import igtl
from tests.interop.golden_program import Golden
from tests.interop.golden_values import TOLERANCES, VALUES, differences
from tests.interop.igtl_messages import message_of
from tests.interop.igtl_values import expected, orderless, values_of
from tests.own_types import own_types

HEADER_SIZE = 58
TIME = slice(34, 42)
CONTENT = slice(HEADER_SIZE, None)

every_message = pytest.mark.parametrize("name", VALUES)

CLASSES: dict[str, type[igtl.Message]] = {
    "TRANSFORM": igtl.Transform,
    "POSITION": igtl.Position,
    "QTRANS": igtl.Position,
    "IMAGE": igtl.Image,
    "STATUS": igtl.Status,
    "CAPABILITY": igtl.Capability,
    "STRING": igtl.String,
    "POINT": igtl.Point,
    "TRAJ": igtl.Trajectory,
    "TDATA": igtl.TrackingData,
    "QTDATA": igtl.QuaternionTrackingData,
    "IMGMETA": igtl.ImageMeta,
    "LBMETA": igtl.LabelMeta,
    "COLORT": igtl.ColorTable,
    "SENSOR": igtl.Sensor,
    "NDARRAY": igtl.NDArray,
    "BIND": igtl.Bind,
    "POLYDATA": igtl.PolyData,
    "VIDEO": igtl.Video,
    "VIDEOMETA": igtl.VideoMeta,
}
KINDS: dict[str, type[igtl.Message]] = {
    "GET": igtl.Get,
    "STT": igtl.Start,
    "STP": igtl.Stop,
    "RTS": igtl.Ready,
}
# Queries whose names do not end with the name of the type.
SHORT_NAMES = {"TRANS": "TRANSFORM", "CAPABIL": "CAPABILITY", "VMETA": "VIDEOMETA"}

# Old names, and a golden message of the same content.
OLD_NAMES = {
    "COLORTABLE": "colort-8-to-rgb",
    "GET_TRANSFOR": "get-trans",
    "STT_TRANSFOR": "stt-trans",
    "STP_TRANSFOR": "stp-trans",
    "RTS_TRANSFOR": "rts-trans",
}
# Types of protocol 3, and of PLUS alone, that library 1.11 cannot pack: their bytes are derived by
# hand, from the protocol documents, in the tests of the message classes.
BY_HAND = {"CLIENTINFO", "COMMAND", "RTS_COMMAND", "QUERY", "VIDEO", "VIDEOMETA", "STT_VIDEO"}


class Difference(NamedTuple):
    """Why igtl writes another content than the library, and how its own comes from that one."""

    reason: str
    change: Callable[[bytes], bytes]


def replaced(offset: int, data: bytes) -> Callable[[bytes], bytes]:
    """Changes bytes of a content."""
    return lambda content: content[:offset] + data + content[offset + len(data) :]


LITTLE = b"\2"
ALONE = "one-byte pixels have no byte order: igtl says this machine's, the library big-endian"
DIFFERENT = {
    "position-24": Difference(
        "igtl reads the form without w, but writes w",
        lambda content: content + struct.pack(">f", 6 / 9),
    ),
    "image-slice": Difference(ALONE, replaced(4, LITTLE)),
    "bind": Difference(ALONE, replaced(174, LITTLE)),
    "imgmeta": Difference(
        "the library loses up to 12 ns of a time kept in ns, a float of seconds up to 120",
        lambda content: replaced(510, b"\xdc\0")(replaced(248, b"\x40\0\0\0")(content)),
    ),
    "get-bind-odd-names": Difference(
        "the library does not pad the table of names in a query, and then cannot read it",
        lambda content: replaced(27, b"\x0a")(content) + b"\0",
    ),
    "get-bind-everything": Difference(
        "the library sends four bytes that it never sets; nothing says everything",
        lambda content: b"",
    ),
}


@every_message
def test_golden_message_is_read(golden: Golden, name: str) -> None:
    message = igtl.decode(golden.messages[name].data)
    tolerance = TOLERANCES.get(name, 0.0)
    assert differences(expected(name), values_of(message), tolerance=tolerance) == []
    assert (message.header_version, message.message_id, message.metadata) == (1, 0, {})


@every_message
def test_golden_message_is_of_the_right_class(golden: Golden, name: str) -> None:
    message = igtl.decode(golden.messages[name].data)
    wire_type = golden.messages[name].wire_type
    prefix, _, target = wire_type.partition("_")
    if prefix in KINDS:
        assert isinstance(message, (igtl.Get, igtl.Start, igtl.Stop, igtl.Ready))
        assert isinstance(message, KINDS[prefix])
        assert message.target is CLASSES[SHORT_NAMES.get(target, target)]
    else:
        assert type(message) is CLASSES[wire_type]


@every_message
def test_golden_message_keeps_its_bytes(golden: Golden, name: str) -> None:
    data = golden.messages[name].data
    assert igtl.encode(igtl.decode(data)) == data


@every_message
def test_golden_message_keeps_its_bytes_in_version_2(golden: Golden, name: str) -> None:
    data = golden.messages[name].data
    message = igtl.decode(igtl.encode(igtl.decode(data), version=2))
    assert message.header_version == 2
    assert bytes(message.raw_content) == data[CONTENT]
    assert igtl.encode(message, version=1) == data


@every_message
def test_golden_message_has_its_time_to_the_nanosecond(golden: Golden, name: str) -> None:
    message = igtl.decode(golden.messages[name].data)
    match VALUES[name]["timestamp"]:
        case [int(seconds), int(fraction)]:
            assert message.timestamp_ns == seconds * 10**9 + round(fraction * 10**9 / 2**32)
        case other:
            pytest.fail(f"{other} is no time")


@every_message
def test_message_of_ours_has_the_bytes_of_the_library(golden: Golden, name: str) -> None:
    data = golden.messages[name].data
    ours = igtl.encode(message_of(expected(name)))
    if name in DIFFERENT:
        content = DIFFERENT[name].change(data[CONTENT])
        assert content != data[CONTENT], "this difference is gone"
        assert ours[CONTENT].hex(" ") == content.hex(" ")
        assert ours[:34] == data[:34]
    else:
        assert ours[:34] + ours[42:] == data[:34] + data[42:]
    assert ours[TIME] == nearest_time(name)


@every_message
def test_message_of_ours_is_read_by_the_library(golden: Golden, name: str) -> None:
    ours = igtl.encode(message_of(expected(name)))
    found = golden.read({name: ours})[name]
    values = VALUES[name] | {"timestamp": struct.unpack(">II", nearest_time(name))}
    tolerance = TOLERANCES.get(name, 0.0)
    assert differences(orderless(values), orderless(found), tolerance=tolerance) == []


def test_golden_image_has_its_first_voxel_where_its_centre_says(golden: Golden) -> None:
    image = igtl.decode(golden.messages["image-uint16"].data)
    assert isinstance(image, igtl.Image)
    # Axes of 0.5, 0.75, 1.25 mm along y, -z, -x; 3 x 4 x 5 voxels around (12.5, -7.25, 100.125).
    first = [12.5 + 2 * 1.25, -7.25 - 1 * 0.5, 100.125 + 1.5 * 0.75]
    assert image.origin.tolist() == first
    assert image.ijk_to_world[:3, :3].tolist() == [[0, 0, -1.25], [0.5, 0, 0], [0, -0.75, 0]]
    assert image.pixels[4, 3, 2] == 5000 + 59 * 1001


def test_golden_image_lies_mirrored_in_the_other_coordinates(golden: Golden) -> None:
    image = igtl.decode(golden.messages["image-lps"].data)
    assert isinstance(image, igtl.Image)
    assert image.ijk_to_lps.tolist() == image.ijk_to_world.tolist()
    assert image.ijk_to_ras[:3, 3].tolist() == [-15.0, 7.75, 101.25]


@pytest.mark.parametrize(("old_name", "name"), OLD_NAMES.items())
def test_old_name_is_read_as_the_new_one(golden: Golden, old_name: str, name: str) -> None:
    data = golden.messages[name].data
    renamed = data[:2] + old_name.encode().ljust(12, b"\0") + data[14:]
    message, same = igtl.decode(renamed), igtl.decode(data)
    assert type(message) is type(same)
    assert values_of(message) == values_of(same) | {"type": old_name}
    assert igtl.encode(message) == renamed


def test_every_type_has_a_golden_message() -> None:
    ours = {
        wire_type
        for wire_type, cls in own_types().items()
        if cls.__module__.startswith("igtl.")  # other tests register types of their own
    }
    golden_types = {str(values["type"]) for values in VALUES.values()}
    assert ours == golden_types | OLD_NAMES.keys() | BY_HAND


def nearest_time(name: str) -> bytes:
    """The time of a golden message on the wire, as near as a float of seconds comes to it."""
    seconds: float = expected(name)["timestamp"]
    return int(seconds * 2**32).to_bytes(8, "big")
