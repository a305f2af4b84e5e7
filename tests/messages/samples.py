"""One message of every type, small and with every part that its type may have."""

from __future__ import annotations

import numpy as np

import igtl
from tests.own_types import own_types

__all__ = ["sample", "samples"]

POSE = np.array([[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, -20.0], [0.0, 0.0, 1.0, 0.5]])
XYZ, QUATERNION = np.array([1.0, -2.5, 3.25]), np.array([0.0, 0.6, 0.0, 0.8])

CONTENTS: list[igtl.Message] = [
    igtl.Transform(POSE),
    igtl.Position(XYZ, QUATERNION),
    igtl.Image(np.arange(12, dtype=np.int16).reshape(3, 2, 2), ijk_to_world=POSE),
    igtl.Status(4, -7, "NoTool", "not found"),
    igtl.Capability(("IMAGE", "GET_POLYDATA")),
    igtl.String("Größe"),
    igtl.Point((igtl.PointElement("F1", "Fiducial", position=XYZ, owner="CT"),) * 2),
    igtl.Trajectory((igtl.TrajectoryElement("T1", "Plan", entry=XYZ, target=-XYZ),)),
    igtl.TrackingData((igtl.Tool("Probe", POSE), igtl.Tool("Needle", POSE, type=3))),
    igtl.QuaternionTrackingData((igtl.QuaternionTool("Probe", XYZ, QUATERNION),) * 2),
    igtl.ImageMeta((igtl.ImageMetaElement("Head", "CT1", "CT", "Doe", "42", 1.5, (3, 4, 5), 4),)),
    igtl.LabelMeta((igtl.LabelMetaElement("Liver", "L1", 3, size=(3, 4, 5), owner="CT1"),)),
    igtl.ColorTable(np.arange(256, dtype=np.uint8)),
    igtl.Sensor([1.5, -2.0], "m/s2"),
    igtl.NDArray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    igtl.Bind(
        [
            igtl.String("odd", device_name="Note"),
            igtl.Transform(POSE, device_name="Probe"),
            igtl.Bind([igtl.Status(device_name="In")], device_name="Inner"),
        ]
    ),
    igtl.PolyData(
        np.arange(12, dtype=np.float32).reshape(4, 3),
        vertices=[[0], [1, 2]],
        lines=[[0, 1, 2]],
        polygons=np.array([[0, 1, 2], [1, 2, 3]]),
        triangle_strips=[[0, 1, 2, 3]],
        attributes=[
            igtl.Attribute("heat", "scalars", [1, 2, 3, 4]),
            igtl.Attribute("up", "normals", np.eye(4, 3)),
            igtl.Attribute("label", "scalars", np.arange(6), cell=True),
        ],
    ),
    igtl.ClientInfo('<ClientInfo ClientHeaderVersion="2"/>'),
    igtl.Command(7, "Version", "<Command Name='Version'/>"),
    igtl.CommandReply(7, "", "<Result/>"),
    igtl.Query(9, "IMAGE", "1.2.840"),
    igtl.Video("H264", b"\0\0\0\1frame", frame_type=igtl.FrameType.KEY, size=(640, 480, 1)),
    igtl.VideoMeta((igtl.VideoMetaElement("Endoscope", "Cam", "Doe", "42", 2, 4.5, (8, 6, 1)),)),
    igtl.Get(igtl.Bind, types=("IMAGE", "STRING"), device_names=("US", "Note")),
    igtl.Start(igtl.Bind, interval=0.5, types=("IMAGE",), device_names=("US",)),
    igtl.Start(igtl.TrackingData, interval=0.02, coordinate_name="Patient"),
    igtl.Start(igtl.QuaternionTrackingData, interval=0.02, coordinate_name="Patient"),
    igtl.Start(igtl.PolyData, interval=0.25),
    igtl.Start(igtl.Video, codec="VP90", interval=0.04),
]
_BY_CLASS = {type(message): message for message in CONTENTS}


def sample(cls: type[igtl.Message]) -> igtl.Message:
    """A message of a class; of queries whose content is the usual one, the plainest.

    Raises:
        LookupError: a type with a content of its own is new here.
    """
    if cls in _BY_CLASS:
        return _BY_CLASS[cls]
    usual = cls.names in ((), ("status",))
    if usual and issubclass(cls, igtl.Get | igtl.Start | igtl.Stop | igtl.Ready):
        return cls(cls.target)
    raise LookupError(f"no sample of {cls.__name__}: add one to CONTENTS")


def samples() -> dict[str, igtl.Message]:
    """A message of every name on the wire, and one of an unknown type."""
    found = {name: sample(cls) for name, cls in own_types().items()}
    return found | {"UNKNOWN": igtl.Unknown("UNKNOWN", b"some bytes")}
