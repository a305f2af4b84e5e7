"""One message of every type, with what the command line says about it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import igtl

__all__ = ["EXAMPLES"]


def floats(*values: Any) -> NDArray[np.float64]:
    return np.array(values, np.float64)


TURN = floats((0, -1, 0, 10), (1, 0, 0, 20), (0, 0, 1, 30), (0, 0, 0, 1))
LONG = "x" * 600


EXAMPLES: list[tuple[igtl.Message, str]] = [
    (igtl.Transform(TURN), "(   10.00,    20.00,    30.00) mm  turned  90.0 deg"),
    (
        igtl.Position(floats(1, 2, 3)),
        "(    1.00,     2.00,     3.00) mm  quaternion ( 0.0000,  0.0000,  0.0000,  1.0000)",
    ),
    (igtl.Position(floats(1, 2, 3), None), "(    1.00,     2.00,     3.00) mm"),
    (
        igtl.Image(np.zeros((4, 5, 3), np.uint8), spacing=(0.5, 0.25, 2), origin=(1, 2, 3)),
        "5 x 4 x 1 x 3 uint8, voxels of 0.5 x 0.25 x 2 mm, first at RAS (1.00, 2.00, 3.00)",
    ),
    (
        igtl.Image(
            np.zeros((1, 4, 5), np.int16),
            sub_volume_offset=(0, 0, 2),
            volume_size=(5, 4, 9),
            coordinates="LPS",
        ),
        "5 x 4 x 9 int16, 5 x 4 x 1 of it from 0 x 0 x 2, voxels of 1 x 1 x 1 mm, "
        "first at LPS (0.00, 0.00, 0.00)",
    ),
    (igtl.Status(), "OK"),
    (
        igtl.Status(igtl.StatusCode.NOT_FOUND, 5, "NoProbe", "plug it in"),
        "NOT_FOUND (subcode 5): NoProbe: plug it in",
    ),
    (igtl.Status(77), "code 77"),
    (igtl.Capability(("IMAGE", "STATUS")), "IMAGE STATUS"),
    (igtl.String("hello"), "hello"),
    (igtl.ClientInfo("<ClientInfo/>"), "<ClientInfo/>"),
    (igtl.String(LONG), LONG[:500] + "..."),
    (igtl.String("hello", metadata={"a": "b", "c": "d"}), "hello  {a=b, c=d}"),
    (
        igtl.Point((igtl.PointElement("A", position=floats(1, 2, 3)),)),
        "1 point: A (1.00, 2.00, 3.00)",
    ),
    (
        igtl.Trajectory((igtl.TrajectoryElement("T", entry=floats(1, 2, 3)),)),
        "1 trajectory: T (1.00, 2.00, 3.00) to (0.00, 0.00, 0.00)",
    ),
    (
        igtl.TrackingData(tuple(igtl.Tool(f"T{i}", TURN) for i in range(6))),
        "6 tools: " + ", ".join(f"T{i} (10.00, 20.00, 30.00)" for i in range(4)) + " and 2 more",
    ),
    (igtl.TrackingData(()), "0 tools"),
    (
        igtl.QuaternionTrackingData((igtl.QuaternionTool("T", floats(1, 2, 3)),)),
        "1 tool: T (1.00, 2.00, 3.00)",
    ),
    (
        igtl.ImageMeta((igtl.ImageMetaElement("Head", "CT1", "CT", size=(4, 5, 6)),)),
        "1 image: CT1 'Head' CT 4 x 5 x 6",
    ),
    (igtl.LabelMeta((igtl.LabelMetaElement("Liver", "L1", 3),)), "1 label: L1 'Liver' label 3"),
    (igtl.ColorTable(np.zeros((256, 3), np.uint8)), "256 RGB colours, uint8"),
    (igtl.ColorTable(np.zeros(256, np.uint16)), "256 grey colours, uint16"),
    (igtl.Sensor([1.5, -2], "mm"), "[1.5, -2] mm"),
    (igtl.Sensor([]), "[]"),
    (igtl.NDArray(np.array([[1, 2], [3, 4]], np.int16)), "2 x 2 int16: [1, 2, 3, 4]"),
    (igtl.NDArray(np.zeros((3, 99))), "3 x 99 float64"),
    (
        igtl.PolyData(
            np.zeros((3, 3)),
            polygons=[[0, 1, 2]],
            lines=[[0, 1], [1, 2]],
            attributes=[igtl.Attribute("heat", "scalars", [1, 2, 3])],
        ),
        "3 points, 2 lines, 1 polygon, with heat",
    ),
    (igtl.PolyData(np.zeros((0, 3))), "0 points"),
    (
        igtl.Bind([igtl.Status(device_name="S"), igtl.String("x")]),
        "2 messages: STATUS S, STRING",
    ),
    (igtl.Command(7, "Go", "<a/>"), "#7 Go  <a/>"),
    (igtl.CommandReply(7, "Go"), "#7 Go"),
    (igtl.Query(7, "IMAGE", "1.2"), "#7 IMAGE 1.2"),
    (
        igtl.Video("H264", b"abc", frame_type=igtl.FrameType.KEY, size=(640, 480, 1)),
        "H264 key frame of 640 x 480 x 1, 3 bytes",
    ),
    (
        igtl.VideoMeta((igtl.VideoMetaElement("Scope", "S1", size=(4, 5, 1)),)),
        "1 video: S1 'Scope' 4 x 5 x 1",
    ),
    (igtl.Get(igtl.Image), ""),
    (
        igtl.Start(igtl.TrackingData, interval=0.02, coordinate_name="Patient"),
        "interval=0.02, coordinate_name='Patient'",
    ),
    (igtl.Stop(igtl.TrackingData), ""),
    (igtl.Ready(igtl.Image), "accepted"),
    (igtl.Ready(igtl.Image, 1), "refused, status 1"),
    (igtl.Unknown("ODD", b"abc"), "3 bytes of a type that igtl does not know"),
]
