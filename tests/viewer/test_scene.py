from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import numpy as np
import pyigtl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import igtl
from igtl.codec.buffers import Buffer
from igtl.codec.crc import crc64
from igtl.codec.frame import Frame, parse
from igtl.viewer.row import Row
from igtl.viewer.scene import Drawing, Scene, Scenes
from tests.viewer.sent import Log, Rows, frame_of, opened, spoilt

PATIENCE = 10.0
SQUARE = np.array([(0, 0, 0), (1, 0, 0), (1, 2, 0), (0, 2, -3)], np.float32)


class Source:
    """Sends frames to `Scenes`."""

    def __init__(self) -> None:
        self.log = Log()
        self._rows, self._scenes = Rows(), Scenes(self.log)

    def send(self, message: igtl.Message | Frame) -> Scene:
        frame = message if isinstance(message, Frame) else frame_of(message)
        row = self._rows.of(frame)
        self._scenes.take(row, frame, 1.0)
        scene = self._scenes.of(row.id)
        assert scene is not None
        return scene


@pytest.fixture
def source() -> Source:
    return Source()


async def got(scene: Scene, seq: int = 0) -> list[Buffer]:
    drawing = await scene.after(seq, PATIENCE)
    assert drawing is not None
    return drawing.envelope


def arrays_of(envelope: list[Buffer]) -> dict[str, NDArray[Any]]:
    """The arrays by name, found as the page finds them."""
    head, payload = opened(envelope)
    found = {}
    for one in head["arrays"]:
        assert one["offset"] % 8 == 0
        dtype = {"float32": "<f4", "uint32": "<u4"}[one["dtype"]]
        count = math.prod(one["shape"])
        found[one["name"]] = np.frombuffer(payload, dtype, count, one["offset"]).reshape(
            one["shape"]
        )
        if count:
            assert one["range"] == [found[one["name"]].min(), found[one["name"]].max()]
    return found


async def test_points_of_another_implementation(source: Source) -> None:
    sent = pyigtl.PointMessage(
        [[1.5, -2.25, 300], [4, 5, 6]],
        names=["Target", "Entry"],
        rgba_colors=[[255, 0, 0, 128], [0, 255, 0, 255]],
        diameters=[2.5, 0],
        groups=["Fiducial", "Landmark"],
        device_name="Plan",
    )
    head, payload = opened(await got(source.send(parse(sent.pack()))))
    assert payload == b""
    assert head == {
        "seq": 1,
        "type": "POINT",
        "device": "Plan",
        "frame": "World",
        "points": [
            {
                "name": "Target",
                "group": "Fiducial",
                "position": [1.5, -2.25, 300],
                "color": [255, 0, 0, 128],
                "diameter": 2.5,
            },
            {
                "name": "Entry",
                "group": "Landmark",
                "position": [4, 5, 6],
                "color": [0, 255, 0, 255],
                "diameter": 0,
            },
        ],
    }


@pytest.mark.parametrize(
    ("kind", "ends"),
    [(1, ([1, 2, 3], [1, 2, 3])), (2, ([4, 5, 6], [4, 5, 6])), (3, ([1, 2, 3], [4, 5, 6]))],
)
async def test_trajectories(
    source: Source, kind: int, ends: tuple[list[float], list[float]]
) -> None:
    path = igtl.TrajectoryElement(
        "Path", "Plan", type=kind, color=(1, 2, 3, 4), entry=(1, 2, 3), target=(4, 5, 6), diameter=2
    )
    head, _ = opened(await got(source.send(igtl.Trajectory([path], device_name="T"))))
    assert head["type"] == "TRAJ"
    assert head["trajectories"] == [
        {
            "name": "Path",
            "group": "Plan",
            "entry": ends[0],
            "target": ends[1],
            "color": [1, 2, 3, 4],
            "diameter": 2,
        }
    ]


async def test_a_surface_with_all_that_is_drawn(source: Source) -> None:
    data = igtl.PolyData(
        SQUARE,
        vertices=[[0, 1]],
        lines=[[0, 1, 2], [2, 3]],
        polygons=np.array([(0, 1, 2), (0, 2, 3)]),
        triangle_strips=[[0, 1, 3, 2]],
        attributes=[
            igtl.Attribute("depth", "scalars", [1, 2, 3, 4.5]),
            igtl.Attribute("n", "normals", SQUARE),
            igtl.Attribute("colour", "rgba", np.full((6, 4), 0.5), cell=True),
            igtl.Attribute("v", "vectors", SQUARE),
        ],
        device_name="Liver",
    )
    envelope = await got(source.send(data))
    head, _ = opened(envelope)
    assert (head["type"], head["bounds"]) == ("POLYDATA", [0, 1, 0, 2, -3, 0])
    found = arrays_of(envelope)
    assert {one["name"]: one["on"] for one in head["arrays"]} == {
        "points": "points",
        "vertices": "cells",
        "lines": "cells",
        "polygons": "cells",
        "strips": "cells",
        "scalars:depth": "points",
        "normals:n": "points",
        "rgba:colour": "cells",
    }
    np.testing.assert_array_equal(found["points"], SQUARE)
    assert found["vertices"].tolist() == [2, 0, 1]
    assert found["lines"].tolist() == [3, 0, 1, 2, 2, 2, 3]
    assert found["polygons"].tolist() == [3, 0, 1, 2, 3, 0, 2, 3]
    assert found["strips"].tolist() == [4, 0, 1, 3, 2]
    assert found["scalars:depth"].tolist() == [1, 2, 3, 4.5]
    np.testing.assert_array_equal(found["normals:n"], SQUARE)
    assert found["rgba:colour"].shape == (6, 4)


async def test_cells_of_more_points_than_there_are(source: Source) -> None:
    """A count is no index, though it stands among them."""
    data = igtl.PolyData(SQUARE[:2], lines=[[0, 1, 0, 1, 0]])
    assert arrays_of(await got(source.send(data)))["lines"].tolist() == [5, 0, 1, 0, 1, 0]


async def test_cells_of_points_that_are_not_there_are_refused(source: Source) -> None:
    frame = frame_of(igtl.PolyData(SQUARE, polygons=[[0, 1, 2]], device_name="Bad"))
    body = bytes(frame.body)
    assert body[-4:] == bytes([0, 0, 0, 2])
    body = body[:-4] + bytes([0, 0, 0, 4])
    scene = source.send(frame._replace(body=body, crc=crc64(body)))
    assert await scene.after(0, 0.01) is None
    assert scene.note == "polygons name point 4, but there are 4 points, counted from 0"
    assert source.log.errors == [scene.note]


async def test_values_that_do_not_fit_are_left_out_and_said(source: Source) -> None:
    frame = frame_of(
        igtl.PolyData(SQUARE, attributes=[igtl.Attribute("d", "scalars", [1, 2, 3, 4])])
    )
    body = bytearray(frame.body)
    at = bytes(body).index(bytes([0, 1, 0, 0, 0, 4]))  # scalars, 1 component, 4 items
    body[at + 5] = 3
    body = body[:-4]
    scene = source.send(
        frame._replace(body=bytes(body), body_size=len(body), crc=crc64(bytes(body)))
    )
    assert list(arrays_of(await got(scene))) == ["points"]
    assert scene.note == "not drawn: scalars 'd' have 3 items for 4 points"


async def test_points_of_no_numbers_have_no_bounds(source: Source) -> None:
    points = np.array([(0, 0, 0), (math.nan, 5, 5), (math.inf, 7, 7), (1, 2, 3)])
    head, _ = opened(await got(source.send(igtl.PolyData(points))))
    assert head["bounds"] == [0, 1, 0, 2, 0, 3]
    head, _ = opened(await got(source.send(igtl.PolyData(np.zeros((0, 3))))))
    assert head["bounds"] == [0] * 6


async def test_a_scene_is_encoded_once_and_the_newest_counts(source: Source) -> None:
    scene = source.send(igtl.PolyData(SQUARE, device_name="S"))
    first, second = await asyncio.gather(got(scene), got(scene))
    assert first is second
    waiting = asyncio.create_task(got(scene, 1))
    await asyncio.sleep(0)
    source.send(igtl.PolyData(SQUARE * 2, device_name="S"))
    envelope = await waiting
    assert opened(envelope)[0]["seq"] == 2
    np.testing.assert_array_equal(arrays_of(envelope)["points"], SQUARE * 2)
    assert await scene.after(2, 0.01) is None


async def test_large_surfaces(source: Source) -> None:
    points = np.random.default_rng(1).normal(size=(50_000, 3)).astype(np.float32)
    triangles = np.arange(300_000).reshape(-1, 3) % 50_000
    found = arrays_of(await got(source.send(igtl.PolyData(points, polygons=triangles))))
    np.testing.assert_array_equal(found["points"], points)
    np.testing.assert_array_equal(found["polygons"].reshape(-1, 4)[:, 1:], triangles)


class Slow(Scene):
    """Makes something for as long as it is told to."""

    large = 0

    def __init__(self, row: Row, log: Log) -> None:
        super().__init__(row, log)
        self.began, self.may_end = threading.Event(), threading.Event()

    def made(self, message: igtl.Message, seq: int, received: float) -> Drawing:
        self.began.set()
        assert self.may_end.wait(PATIENCE)
        return super().made(message, seq, received)


async def test_nobody_is_kept_waiting_by_what_another_one_has_made() -> None:
    frame = frame_of(igtl.Point([igtl.PointElement("a")], device_name="P"))
    row = Rows().of(frame)
    slow = Slow(row, Log())
    slow.take(frame, 1.0)
    first = asyncio.create_task(slow.after(0, PATIENCE))
    assert await asyncio.to_thread(slow.began.wait, PATIENCE)
    second = asyncio.create_task(slow.after(0, PATIENCE))
    for _ in range(5):
        await asyncio.sleep(0)
    slow.may_end.set()
    drawing = await first
    assert drawing is not None
    assert await second is drawing


async def test_points_without_end_are_cut_off_and_said(source: Source) -> None:
    scene = source.send(igtl.Point([igtl.PointElement("p")] * 10_001))
    head, _ = opened(await got(scene))
    assert len(head["points"]) == 10_000
    assert scene.note == "only the first 10,000 of 10,001 points are drawn"


async def test_malformed_scenes_are_passed_over(source: Source) -> None:
    good = frame_of(igtl.Point([igtl.PointElement("a")], device_name="P"))
    envelope = await got(source.send(good))
    scene = source.send(spoilt(good))
    assert await scene.after(1, 0.01) is None
    assert "checksum" in scene.note
    assert await got(scene) is envelope


async def test_a_message_is_looked_at_once_for_the_board_and_the_scene(source: Source) -> None:
    scene = source.send(igtl.Point([igtl.PointElement("a")], device_name="P"))
    await got(scene)
    seen = scene.row.seen
    assert seen is not None
    assert scene.row.last is seen
    cut = frame_of(igtl.Unknown("POINT", b"short", device_name="P"))
    source.send(cut)
    for _ in range(2):
        assert scene.newest() is not None
        scene.row.look()
    assert (scene.row.errors, len(source.log.errors), scene.row.last) == (1, 1, seen)
    assert scene.row.trouble == scene.note == source.log.errors[0]


def test_other_types_are_no_scenes() -> None:
    scenes, rows = Scenes(Log()), Rows()
    frame = frame_of(igtl.String("x"))
    row = rows.of(frame)
    scenes.take(row, frame, 1.0)
    assert scenes.of(row.id) is None


@given(st.sampled_from(["POINT", "TRAJ", "POLYDATA"]), st.binary(max_size=200))
def test_whatever_comes_nothing_is_raised(kind: str, body: bytes) -> None:
    frame = frame_of(igtl.Unknown(kind + "X", b"", device_name="D"))
    raw_type = kind.encode().ljust(12, b"\0")
    scene = Source().send(
        frame._replace(raw_type=raw_type, body=body, body_size=len(body), crc=crc64(body))
    )
    made = scene.newest()
    assert (made is None) == bool(scene.note) or "not drawn" in scene.note
