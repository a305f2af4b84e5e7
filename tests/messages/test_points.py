"""POINT and TRAJ by hand."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from tests.codec.wire import floats, packet, table

POINT = table(
    """
    'Tip of the nose' 00*49                   # name char[64]
    'Fiducial' 00*24                          # group char[32]
    ff 80 00 40                               # red, green, blue, alpha
    3f c0 00 00  c0 00 00 00  40 50 00 00     # 1.5, -2, 3.25 mm
    40 a0 00 00                               # diameter: 5 mm
    'CT1' 00*17                               # owner char[20]
    """
)
TRAJECTORY = table(
    """
    'Path 1' 00*58                            # name char[64]
    'Plan' 00*28                              # group char[32]
    03 00                                     # entry and target; reserved
    ff ff 00 ff                               # yellow
    3f c0 00 00  c0 00 00 00  40 50 00 00     # entry
    c1 20 00 00  00 00 00 00  41 20 00 00     # target: -10, 0, 10 mm
    40 00 00 00                               # diameter: 2 mm
    'CT1' 00*17                               # owner char[20]
    """
)
XYZ = np.array([1.5, -2.0, 3.25])


def test_point_by_hand() -> None:
    assert len(POINT) == 136
    one = igtl.PointElement("Tip of the nose", "Fiducial", (255, 128, 0, 64), XYZ, 5.0, "CT1")
    data = packet("POINT", POINT * 2)
    assert igtl.encode(igtl.Point((one, one))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.Point)
    assert message.points == (one, one)
    (_, point) = message.points
    assert (point.name, point.group, point.owner) == ("Tip of the nose", "Fiducial", "CT1")
    assert (point.color, point.diameter) == ((255, 128, 0, 64), 5.0)
    assert point.position.tolist() == [1.5, -2.0, 3.25]


def test_a_plain_point_is_yellow_at_the_origin() -> None:
    expected = bytes(96) + b"\xff\xff\0\xff" + bytes(36)
    assert bytes(igtl.Point((igtl.PointElement(),)).raw_content) == expected


def test_trajectory_by_hand() -> None:
    assert len(TRAJECTORY) == 150
    one = igtl.TrajectoryElement(
        "Path 1", "Plan", entry=XYZ, target=np.array([-10, 0, 10]), diameter=2.0, owner="CT1"
    )
    data = packet("TRAJ", TRAJECTORY)
    assert igtl.encode(igtl.Trajectory((one,))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.Trajectory)
    assert message.trajectories == (one,)
    assert message.trajectories[0].type is igtl.TrajectoryType.ENTRY_AND_TARGET
    assert message.trajectories[0].target.tolist() == [-10, 0, 10]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1, igtl.TrajectoryType.ENTRY_ONLY),
        (2, igtl.TrajectoryType.TARGET_ONLY),
        (0, 0),
        (77, 77),
    ],
)
def test_types_of_trajectories(number: int, kind: int) -> None:
    data = packet("TRAJ", TRAJECTORY[:96] + bytes([number]) + TRAJECTORY[97:])
    message = igtl.decode(data)
    assert isinstance(message, igtl.Trajectory)
    (one,) = message.trajectories
    assert one.type == kind
    assert type(one.type) is type(kind)
    assert igtl.encode(igtl.Trajectory((one,))) == data


def test_full_fields_are_read_and_not_written() -> None:
    """The reference drops a field that is completely full."""
    data = packet("POINT", b"x" * 64 + b"y" * 32 + POINT[96:116] + b"z" * 20)
    message = igtl.decode(data)
    assert isinstance(message, igtl.Point)
    (point,) = message.points
    assert (point.name, point.group, point.owner) == ("x" * 64, "y" * 32, "z" * 20)
    assert igtl.encode(message) == data
    with pytest.raises(
        igtl.MessageError, match=r"points\[0\]\.name 'x+' takes 64 bytes, .* has room for 63"
    ):
        message.replace(points=message.points)


@pytest.mark.parametrize(("name", "room"), [("name", 63), ("group", 31), ("owner", 19)])
def test_texts_leave_room_for_a_nul(name: str, room: int) -> None:
    point = igtl.PointElement().replace(**{name: "x" * room})
    assert getattr(point, name) == "x" * room
    with pytest.raises(igtl.MessageError, match=f"{name} .* has room for {room}"):
        point.replace(**{name: "x" * (room + 1)})


def test_wrong_values_are_refused() -> None:
    point = igtl.PointElement()
    for changes, text in [
        ({"color": (256, 0, 0, 0)}, r"color\[0\] is 256, expected 0 to 255"),
        ({"color": (1, 0, 0)}, "color has 3 values, expected 4"),
        ({"color": (0.5, 0, 0, 1)}, r"color\[0\] is 0.5, expected an integer"),
        ({"position": (1, 2)}, "position has 2 values, expected 3"),
        ({"diameter": "2 mm"}, "diameter is '2 mm', expected a number"),
        ({"diameter": 1e39}, "diameter is beyond the range of f32"),
    ]:
        with pytest.raises(igtl.MessageError, match=text):
            point.replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("wire_type", "size"), [("POINT", 136), ("TRAJ", 150)])
def test_a_whole_number_of_records(wire_type: str, size: int) -> None:
    assert len(igtl.encode(igtl.decode(packet(wire_type, bytes(3 * size))))) == 58 + 3 * size
    igtl.decode(packet(wire_type))
    for wrong in (1, size - 1, size + 1):
        text = f"{wire_type} .*{wrong} bytes are not a whole number of {size}-byte"
        with pytest.raises(igtl.DecodeError, match=text):
            igtl.decode(packet(wire_type, bytes(wrong)))


def test_only_such_records() -> None:
    with pytest.raises(igtl.MessageError, match=r"points\[0\] is .*, expected a PointElement"):
        igtl.Point((igtl.TrajectoryElement(),))  # type: ignore[arg-type]
    with pytest.raises(igtl.MessageError, match="expected a sequence of PointElement"):
        igtl.Point(igtl.PointElement())  # type: ignore[arg-type]


def test_values_are_those_of_the_wire() -> None:
    assert (
        igtl.PointElement(position=np.full(3, 0.1)).position.tolist()
        == [float(np.float32(0.1))] * 3
    )
    assert igtl.PointElement(diameter=0.1).diameter == float(np.float32(0.1))
    assert floats(0.1) != bytes(4)
