"""Foxglove's schemas, read from the file by the stock MCAP reader and the schemas in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader

import igtl
from tests.convert.entries import START_NS, entry, written
from tests.convert.protobuf import decode, types_of

TURN = np.array([[0, -1, 0, 100], [1, 0, 0, -20], [0, 0, 1, 5], [0, 0, 0, 1.0]])
HALF = 0.5**0.5


def shown(path: Path) -> list[tuple[str, str, int, int, dict[str, Any]]]:
    """Topic, schema, log and publish time, and content of every message."""
    found = []
    with path.open("rb") as stream:
        for schema, channel, message in make_reader(stream, validate_crcs=True).iter_messages():
            assert schema is not None
            if channel.message_encoding == "json":
                content = json.loads(message.data)
            else:
                assert (channel.message_encoding, schema.encoding) == ("protobuf", "protobuf")
                content = decode(types_of(schema.data), f".{schema.name}", message.data)
            times = message.log_time, message.publish_time
            found.append((channel.topic, schema.name, *times, content))
    return found


def made(tmp_path: Path, *messages: igtl.Message) -> list[dict[str, Any]]:
    """The contents of messages that are all taken."""
    path = tmp_path / "s.foxglove.mcap"
    _, reasons = written([entry(message, n) for n, message in enumerate(messages)], path)
    assert reasons == []
    return [content for *_, content in shown(path)]


def left_out(tmp_path: Path, message: igtl.Message) -> str:
    """Why a message is left out."""
    _, (reason,) = written([entry(message)], tmp_path / "s.foxglove.mcap")
    return reason


def test_times_topics_and_schemas(tmp_path: Path) -> None:
    messages = [
        igtl.Transform(TURN, device_name="ProbeToTracker", timestamp=5.25),
        igtl.String("note", device_name="Log"),
    ]
    entries = [entry(message, n) for n, message in enumerate(messages)]
    (path,), _ = written(entries, tmp_path / "s.foxglove.mcap")
    pose, note = shown(path)
    assert pose[:4] == (
        "/tracker/TRANSFORM/ProbeToTracker", "foxglove.FrameTransforms", START_NS, 5_250_000_000
    )  # fmt: skip
    assert note[:4] == ("/tracker/STRING/Log", "foxglove.Log", START_NS + 1, START_NS + 1)
    assert pose[4]["transforms"][0]["timestamp"] == {"seconds": 5, "nanos": 250_000_000}


def test_a_transform_is_in_metres_and_between_named_frames(tmp_path: Path) -> None:
    (content,) = made(tmp_path, igtl.Transform(TURN, device_name="ProbeToTracker"))
    (transform,) = content["transforms"]
    assert (transform["child_frame_id"], transform["parent_frame_id"]) == ("Probe", "Tracker")
    assert transform["translation"] == pytest.approx({"x": 0.1, "y": -0.02, "z": 0.005})
    assert transform["rotation"] == pytest.approx({"x": 0, "y": 0, "z": HALF, "w": HALF})


def test_tools_and_devices_without_two_names_lie_in_a_frame(tmp_path: Path) -> None:
    tools = [igtl.Tool("Pen", TURN), igtl.Tool("PenToTip", TURN), igtl.Tool("", TURN)]
    pen = igtl.QuaternionTool("Pen", (1000, 0, 0), (0, 0, 0, 1))
    contents = made(
        tmp_path,
        igtl.TrackingData(tools, device_name="Polaris"),
        igtl.QuaternionTrackingData([pen]),
        igtl.Position((1, 2, 3), None, device_name="Tip"),
    )
    frames = [
        [(one["child_frame_id"], one["parent_frame_id"]) for one in content["transforms"]]
        for content in contents
    ]
    assert frames == [
        [("Pen", "Polaris"), ("Pen", "Tip")],
        [("Pen", "Tracker")],
        [("Tip", "world")],
    ]
    assert contents[1]["transforms"][0]["translation"]["x"] == 1
    assert contents[2]["transforms"][0]["rotation"] == {"x": 0, "y": 0, "z": 0, "w": 1}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (igtl.Transform(2 * np.eye(4)[:3], device_name="AToB"), "no rotation"),
        (igtl.Transform(np.full((3, 4), np.nan), device_name="AToB"), "no rotation"),
        (igtl.Transform(TURN), "names of frames"),
        (
            igtl.Transform(TURN, device_name="AToB", metadata={"TransformStatus": "MISSING"}),
            "not OK",
        ),
        (igtl.Image(np.zeros((2, 5, 5), np.uint8)), "one slice"),
        (igtl.Image(np.zeros((5, 5, 3), np.uint16)), "rgb8"),
        (igtl.Video("MJPG", b"x", frame_type=1, size=(1, 1, 1)), "av1, h264, h265, vp9"),
        (igtl.Capability(("IMAGE",)), "no schema"),
    ],
)
def test_what_has_no_meaning_there_is_left_out(
    tmp_path: Path, message: igtl.Message, reason: str
) -> None:
    assert reason in left_out(tmp_path, message)


@pytest.mark.parametrize(
    ("dtype", "shape", "encoding", "stored"),
    [
        ("u1", (3, 4), "mono8", "u1"),
        ("u1", (3, 4, 3), "rgb8", "u1"),
        ("u1", (3, 5, 4), "rgba8", "u1"),
        ("<u2", (3, 5), "mono16", "<u2"),
        (">u2", (3, 5), "mono16", "<u2"),
        ("<i2", (3, 5), "32FC1", "<f4"),
        (">f8", (3, 5), "32FC1", "<f4"),
        ("i1", (3, 5), "32FC1", "<f4"),
    ],
)
def test_pixels(
    tmp_path: Path, dtype: str, shape: tuple[int, ...], encoding: str, stored: str
) -> None:
    pixels = (np.arange(np.prod(shape)) - 3).reshape(shape).astype(dtype)
    (content,) = made(tmp_path, igtl.Image(pixels, device_name="US"))
    assert (content["encoding"], content["frame_id"]) == (encoding, "US")
    assert (content["width"], content["height"]) == (shape[1], shape[0])
    rows = np.frombuffer(content["data"], stored).reshape(shape)
    assert np.array_equal(rows, pixels)
    assert content["step"] == rows[0].nbytes


@pytest.mark.parametrize(
    ("codec", "form"),
    [("H264", "h264"), ("X265", "h265"), ("O265", "h265"), ("VP90", "vp9"), ("AV10", "av1")],
)
def test_video_keeps_its_bytes(tmp_path: Path, codec: str, form: str) -> None:
    video = igtl.Video(codec, b"\0\1frame", frame_type=1, size=(4, 4, 1), device_name="V")
    (content,) = made(tmp_path, video)
    assert (content["format"], content["data"], content["frame_id"]) == (form, b"\0\1frame", "V")


def test_video_that_is_not_encoded_is_an_image(tmp_path: Path) -> None:
    planes = bytes(range(100, 124)) + bytes([128] * 12)
    video = igtl.Video("I420", planes, frame_type=1, size=(6, 4, 1), device_name="V")
    (content,) = made(tmp_path, video)
    assert (content["encoding"], content["width"], content["height"]) == ("rgb8", 6, 4)
    rows = np.frombuffer(content["data"], np.uint8).reshape(4, 6, 3)
    assert np.ptp(rows, axis=2).max() <= 1  # grey
    assert (np.diff(rows[..., 0].ravel().astype(int)) > 0).all()


def test_sensors_are_json_and_texts_are_a_log(tmp_path: Path) -> None:
    contents = made(
        tmp_path,
        igtl.Sensor([1.5, np.inf], "N", device_name="F"),
        igtl.Status(igtl.StatusCode.BUSY, 0, "Wait", "soon", device_name="Robot"),
        igtl.Status(text="fine"),
        igtl.String("hello"),
    )
    assert contents[0] == {"values": [1.5, None], "unit": "N"}
    assert [(one["level"], one["message"]) for one in contents[1:]] == [
        (4, "BUSY: Wait: soon"),
        (2, "OK: fine"),
        (2, "hello"),
    ]
    assert contents[1]["name"] == "Robot"


def test_landmarks_and_paths_are_drawn(tmp_path: Path) -> None:
    point = igtl.PointElement("A", position=(1000, 0, -500), diameter=20, color=(255, 0, 0, 51))
    way = igtl.TrajectoryElement("W", entry=(0, 0, 0), target=(0, 0, 1000), diameter=2)
    lone = igtl.TrajectoryElement("", type=igtl.TrajectoryType.TARGET_ONLY, target=(1000, 0, 0))
    marks, plan = made(tmp_path, igtl.Point([point]), igtl.Trajectory([way, lone]))
    (entity,) = marks["entities"]
    assert (entity["frame_id"], entity["id"]) == ("world", "/tracker/POINT/")
    (sphere,) = entity["spheres"]
    assert sphere["pose"]["position"] == {"x": 1, "y": 0, "z": -0.5}
    assert sphere["size"] == pytest.approx({"x": 0.02, "y": 0.02, "z": 0.02})
    assert sphere["color"] == {"r": 1, "g": 0, "b": 0, "a": 0.2}
    assert entity["texts"][0]["text"] == "A"
    (paths,) = plan["entities"]
    (line,) = paths["lines"]
    assert [point["z"] for point in line["points"]] == [0, 1]
    assert line["thickness"] == 0.002
    assert [one["pose"]["position"]["x"] for one in paths["spheres"]] == [0, 0, 1]
    assert [one["text"] for one in paths["texts"]] == ["W"]


CORNERS = np.array([[0, 0, 0], [1000, 0, 0], [1000, 1000, 0], [0, 1000, 0], [0, 0, 2000]])


def surface(tmp_path: Path, **cells: Any) -> dict[str, Any]:
    (content,) = made(tmp_path, igtl.PolyData(CORNERS, **cells))
    (entity,) = content["entities"]
    assert isinstance(entity, dict)
    return entity


def test_surfaces_become_triangles(tmp_path: Path) -> None:
    entity = surface(tmp_path, polygons=[[0, 1, 2, 3], [0, 1, 4]], triangle_strips=[[0, 1, 3, 2]])
    (triangles,) = entity["triangles"]
    assert triangles["indices"] == [0, 1, 2, 0, 2, 3, 0, 1, 4, 0, 1, 3, 3, 1, 2]
    assert [one["x"] for one in triangles["points"]] == [0, 1, 1, 0, 0]
    assert triangles["points"][4]["z"] == 2
    assert (entity["lines"], entity["spheres"]) == ([], [])


def test_lines_and_vertices_are_drawn(tmp_path: Path) -> None:
    (lines,) = surface(tmp_path, lines=[[0, 1, 2]], vertices=[[4]])["lines"]
    assert (lines["type"], lines["indices"]) == (2, [0, 1, 1, 2])


def test_polygons_of_too_few_corners_are_none(tmp_path: Path) -> None:
    assert surface(tmp_path, polygons=[[0], [0, 1], [2]])["triangles"] == []


def test_points_alone_are_spheres(tmp_path: Path) -> None:
    spheres = surface(tmp_path)["spheres"]
    assert [one["pose"]["position"]["z"] for one in spheres] == [0, 0, 0, 0, 2]


def test_colours_of_points(tmp_path: Path) -> None:
    colors = np.linspace(0, 1, 20).reshape(5, 4)
    rgba = igtl.Attribute("colour", "rgba", colors)
    (triangles,) = surface(tmp_path, polygons=[[0, 1, 2]], attributes=[rgba])["triangles"]
    found = [[one[part] for part in "rgba"] for one in triangles["colors"]]
    assert np.allclose(found, colors)


def test_a_time_that_foxglove_cannot_say_is_its_last(tmp_path: Path) -> None:
    one = entry(igtl.Transform(TURN, device_name="ProbeToTracker"))._replace(time_ns=1 << 63)
    (path,), _ = written([one], tmp_path / "s.foxglove.mcap")
    ((_, _, log_time, publish_time, content),) = shown(path)
    assert (log_time, publish_time) == (1 << 63, 1 << 63)
    assert content["transforms"][0]["timestamp"] == {"seconds": 0xFFFFFFFF, "nanos": 999_999_999}
