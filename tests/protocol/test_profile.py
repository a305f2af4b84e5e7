"""What each kind of peer is sent, and how its kind is told from what it sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from igtl.protocol.profile import (
    IGTL,
    PLUS,
    PLUS_STRINGS,
    PROFILES,
    SLICER,
    V1,
    Profile,
    hello,
    named,
    recognise,
)
from tests.codec.wire import extended, packet, table

# Voxels of 0.5 mm along x, 2 mm along y, 3 mm along z; the first one at (10, 20, 30) mm.
LPS = np.array([[0.5, 0, 0, 10], [0, 2, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]])
RAS = np.array([[-0.5, 0, 0, -10], [0, -2, 0, -20], [0, 0, 3, 30], [0, 0, 0, 1]])


def image(pixels: Any, **fields: Any) -> igtl.Image:
    return igtl.Image(np.asarray(pixels), device_name="CT", timestamp=7.5, **fields)


def test_profiles_by_name() -> None:
    assert list(PROFILES) == ["igtl", "slicer", "plus", "plus-strings", "v1"]
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert named("slicer") is SLICER
    assert named("auto") is IGTL
    assert named(V1) is V1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "slcier",
            r"profile 'slcier' is not known \(did you mean 'slicer'\?\), expected one of auto",
        ),
        ("PLUS", r"did you mean 'plus'\?"),
        ("xyz", "profile 'xyz' is not known, expected one of auto, igtl, slicer, plus, plus-st"),
        (5, "profile 5 is not known"),
    ],
)
def test_other_names_are_refused(name: Any, reason: str) -> None:
    with pytest.raises(igtl.MessageError, match=reason):
        named(name)


def test_what_the_profiles_say() -> None:
    rows = {
        name: (p.queries, p.newest_version, p.commands, p.replies, p.adapts)
        for name, p in PROFILES.items()
    }
    assert rows == {
        "igtl": (True, 2, "command", "slicer", False),
        "slicer": (False, 2, "command", "slicer", True),
        "plus": (True, 2, "command", "plus", False),
        "plus-strings": (True, 2, "string", "plus", False),
        "v1": (True, 1, "none", "slicer", True),
    }
    assert SLICER.answers == frozenset({"RTS_TDATA", "RTS_COMMAND"})
    assert [p.answers for p in (IGTL, PLUS, PLUS_STRINGS, V1)] == [None] * 4
    assert len(set(PROFILES.values())) == 5


@pytest.mark.parametrize(
    "limits",
    [{"queries": False}, {"answers": frozenset()}, {"contents": {igtl.Status: igtl.Status}}],
)
def test_a_profile_of_ones_own_adapts_what_it_limits(limits: Any) -> None:
    assert Profile("mine", **limits).adapts
    assert not Profile("mine").adapts


@pytest.mark.parametrize("profile", [IGTL, PLUS, PLUS_STRINGS])
def test_peers_that_read_everything_get_the_message_itself(profile: Profile) -> None:
    for message in (image(np.zeros((2, 3), np.int32)), igtl.Get(igtl.Image), igtl.Command(1, "x")):
        assert profile.adapt(message) is message


@pytest.mark.parametrize(
    ("message", "wire_type"),
    [
        (igtl.Get(igtl.Status), "GET_STATUS"),
        (igtl.Get(igtl.Transform), "GET_TRANS"),
        (igtl.Start(igtl.TrackingData), "STT_TDATA"),
        (igtl.Stop(igtl.TrackingData), "STP_TDATA"),
        (igtl.Unknown("GET_OTHER", b""), "GET_OTHER"),
    ],
)
def test_slicer_is_sent_no_query(message: igtl.Message, wire_type: str) -> None:
    with pytest.raises(igtl.MessageError, match=f"{wire_type} is not sent .* 'slicer'.* may crash"):
        SLICER.adapt(message)


def test_slicer_is_sent_the_answers_that_it_reads() -> None:
    for message in (igtl.Ready(igtl.TrackingData), igtl.CommandReply(5), igtl.Command(5, "Start")):
        assert SLICER.adapt(message) is message
    with pytest.raises(igtl.MessageError, match=r"RTS_IMAGE .* reads RTS_COMMAND and RTS_TDATA"):
        SLICER.adapt(igtl.Ready(igtl.Image))


@pytest.mark.parametrize(
    "message",
    [
        igtl.Transform(np.eye(4)),
        igtl.Status(),
        image(np.zeros((2, 3), np.int16)),
        image(np.zeros((2, 3, 3), np.uint8)),
        image(np.zeros((2, 3), np.float64)),
        igtl.Video("H264", b"x", frame_type=1, size=(2, 2, 1)),
        igtl.PolyData([[0, 0, 0]], vertices=[[0]]),
    ],
)
def test_slicer_gets_what_it_reads_as_it_is(message: igtl.Message) -> None:
    assert SLICER.adapt(message) is message


def test_slicer_gets_images_in_ras() -> None:
    pixels = np.arange(30, dtype=np.int16).reshape(2, 3, 5)
    there = SLICER.adapt(image(pixels, ijk_to_world=LPS, coordinates="LPS", metadata={"a": "b"}))
    assert isinstance(there, igtl.Image)
    assert there.coordinates == "RAS"
    assert there.ijk_to_world.tolist() == RAS.tolist()
    assert there.pixels.tolist() == pixels.tolist()
    assert (there.device_name, there.timestamp, there.metadata) == ("CT", 7.5, {"a": "b"})
    # byte 5 of the content is the coordinate system; the i axis and the centre follow the sizes
    assert there.raw_content[5] == 1
    centre = np.frombuffer(there.raw_content, ">f4", 3, 48).tolist()
    assert centre == [-11, -22, 31.5]


@pytest.mark.parametrize(
    ("dtype", "values", "found"),
    [
        ("<i4", [0, -5, 16777216], "float32"),
        (">i4", [0, -5, 1 << 30], "float32"),
        ("<i4", [0, 16777217], "float64"),
        (">u4", [1, 4294967295], "float64"),
        ("<u4", [1, 4294967040], "float32"),
    ],
)
def test_slicer_gets_32_bit_integers_as_floats(dtype: str, values: list[int], found: str) -> None:
    there = SLICER.adapt(image(np.array([values], dtype)))
    assert isinstance(there, igtl.Image)
    assert there.pixels.dtype == found
    assert there.pixels.tolist() == [[values]]


@pytest.mark.parametrize("shape", [(2, 5, 3), (5, 2, 4), (2, 3, 2, 3), (1, 2, 3)])
def test_axes_of_converted_images_stay_what_they_are(shape: tuple[int, ...]) -> None:
    components = shape[3] if len(shape) == 4 else 1
    volume = image(np.ones(shape, np.uint32), components=components, spacing=(1, 2, 3))
    there = SLICER.adapt(volume)
    assert isinstance(there, igtl.Image)
    assert there.pixels.shape == shape
    assert (there.size, there.components) == (shape[2::-1], components)
    assert there.ijk_to_world.tolist() == volume.ijk_to_world.tolist()


def test_a_received_image_is_converted_too() -> None:
    there = SLICER.adapt(igtl.decode(igtl.encode(image(np.full((2, 3), 5, np.int32)))))
    assert isinstance(there, igtl.Image)
    assert there.pixels.tolist() == [[[5.0, 5.0, 5.0]] * 2]
    assert (there.device_name, there.timestamp) == ("CT", 7.5)


def test_slicer_is_sent_no_part_of_a_volume() -> None:
    part = image(np.zeros((1, 4, 5), np.uint8), sub_volume_offset=(0, 0, 2), volume_size=(5, 4, 9))
    with pytest.raises(
        igtl.MessageError, match=r"a part of \(5, 4, 1\) .* 3D Slicer.* send it whole"
    ):
        SLICER.adapt(part)
    first = image(np.zeros((1, 4, 5), np.uint8), volume_size=(5, 4, 9))
    with pytest.raises(igtl.MessageError, match=r"at \(0, 0, 0\) of a volume of \(5, 4, 9\)"):
        SLICER.adapt(first)


def test_slicer_gets_video_in_ras() -> None:
    video = igtl.Video(
        "H264", b"frame", frame_type=1, size=(4, 3, 1), ijk_to_world=LPS, coordinates="LPS"
    )
    there = SLICER.adapt(video)
    assert isinstance(there, igtl.Video)
    assert (there.coordinates, there.ijk_to_world.tolist()) == ("RAS", RAS.tolist())
    assert (bytes(there.data), there.size, there.is_key) == (b"frame", (4, 3, 1), True)


def test_slicer_gets_all_vertices_in_one_cell() -> None:
    heat = igtl.Attribute("heat", "scalars", [1, 2, 3])
    mesh = igtl.PolyData(
        np.zeros((3, 3)), vertices=[[0], [2, 1]], lines=[[0, 1], [1, 2]], attributes=[heat]
    )
    there = SLICER.adapt(mesh)
    assert isinstance(there, igtl.PolyData)
    assert [cell.tolist() for cell in there.vertices] == [[0, 2, 1]]
    assert [cell.tolist() for cell in there.lines] == [[0, 1], [1, 2]]
    assert there.attributes == (heat,)


def test_values_of_several_vertex_cells_cannot_be_sent_to_slicer() -> None:
    heat = igtl.Attribute("heat", "scalars", [1, 2], cell=True)
    with pytest.raises(igtl.MessageError, match=r"2 cells of vertices is not sent .* points"):
        SLICER.adapt(igtl.PolyData(np.zeros((3, 3)), vertices=[[0], [1]], attributes=[heat]))


def test_version_1_peers_get_neither_metadata_nor_message_id() -> None:
    message = igtl.Transform(
        np.eye(4), device_name="Probe", timestamp=2.5, metadata={"a": "b"}, message_id=3
    )
    content = table("3f800000 00*12 3f800000 00*12 3f800000 00*12")
    data = packet("TRANSFORM", content, device_name=b"Probe", raw_time=5 << 31)
    assert igtl.encode(V1.adapt(message)) == data
    assert igtl.encode(V1.adapt(igtl.decode(igtl.encode(message)))) == data


def test_version_1_messages_stay_as_they_are() -> None:
    class Own(igtl.Message):
        pass

    own = igtl.Unknown("OWN", b"abc")
    for message in (igtl.Transform(np.eye(4)), igtl.Get(igtl.Image), own, Own()):
        assert V1.adapt(message) is message
    newer = V1.adapt(own.replace(header_version=2))
    assert igtl.encode(newer) == packet("OWN", b"abc")


@pytest.mark.parametrize(
    "message",
    [
        igtl.Command(1, "Start"),
        igtl.decode(igtl.encode(igtl.Command(1, "Start"), version=1)),
        igtl.CommandReply(1),
        igtl.Query(1, "IMAGE"),
        igtl.Video("H264", b"x", frame_type=1, size=(2, 2, 1)),
        igtl.VideoMeta(()),
        igtl.Get(igtl.VideoMeta),
        igtl.Start(igtl.Video),
    ],
)
def test_version_1_peers_are_sent_no_type_of_protocol_3(message: igtl.Message) -> None:
    with pytest.raises(igtl.MessageError, match=f"{message.wire_type} needs protocol version 3"):
        V1.adapt(message)


def test_version_1_peers_are_sent_no_type_that_needs_version_2() -> None:
    class Newer(igtl.Message):
        lowest_version = 2

    with pytest.raises(igtl.MessageError, match="needs protocol version 3"):
        V1.adapt(Newer())


def slicer_says(**header: Any) -> igtl.Message:
    """The STATUS that 3D Slicer sends on connecting: code 0, subcode 0, no name, empty text."""
    content = table("00 00  00*8  00*20  00")
    return igtl.decode(packet("STATUS", **{"body": extended(content)} | {"version": 2} | header))


def test_slicer_is_recognised_by_its_hello() -> None:
    body = extended(table("00 00  00*8  00*20  00"), [(b"dummy", 3, b"dummy")])
    assert recognise(slicer_says(body=body)) is SLICER
    assert recognise(slicer_says()) is SLICER
    marked = igtl.Status(1, device_name="x", timestamp=5, metadata={"dummy": "dummy"})
    assert recognise(marked) is SLICER


@pytest.mark.parametrize(
    "header",
    [
        {"version": 1, "body": table("00 00  00*8  00*20  00")},
        {"device_name": b"Robot"},
        {"raw_time": 1 << 40},
        {"body": extended(table("00 01  00*8  00*20  00"))},
    ],
)
def test_another_status_is_not_slicers_hello(header: Any) -> None:
    assert recognise(slicer_says(**header)) is None


@pytest.mark.parametrize("key", ["TransformStatus", "TransformValid"])
def test_plus_is_recognised_by_the_state_of_its_transforms(key: str) -> None:
    about = {key: "OK"}
    for message in (
        igtl.Transform(np.eye(4), metadata=about),
        igtl.TrackingData((), metadata=about),
        image(np.zeros((2, 3)), metadata=about),
    ):
        assert recognise(message) is PLUS
        assert recognise(message.replace(metadata={"other": "OK"})) is None
    assert recognise(igtl.String("x", metadata=about)) is None


def test_plus_is_recognised_by_types_that_it_alone_has() -> None:
    assert recognise(igtl.ClientInfo("<ClientInfo/>")) is PLUS
    assert recognise(igtl.Unknown("TRACKEDFRAME", b"")) is PLUS
    assert recognise(igtl.Unknown("OTHER", b"")) is None
    assert recognise(igtl.String("<ClientInfo/>")) is None


def test_plus_is_greeted_with_version_2_so_that_it_answers_with_metadata() -> None:
    (status,) = hello(PLUS)
    content = table("00 01  00*8  00*20  00")  # code 1: OK
    assert igtl.encode(status) == packet("STATUS", extended(content), version=2)
    assert [hello(p) for p in (IGTL, SLICER, PLUS_STRINGS, V1)] == [()] * 4
