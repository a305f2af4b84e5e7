"""TRANSFORM and POSITION: column order, quaternion order, and the short forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import floats, packet, table

TRANSFORM = table(
    """
    00 00 00 00  3f 80 00 00  00 00 00 00   # first column: 0 1 0
    bf 80 00 00  00 00 00 00  00 00 00 00   # second column: -1 0 0
    00 00 00 00  00 00 00 00  3f 80 00 00   # third column: 0 0 1
    41 20 00 00  c1 a0 00 00  3f 00 00 00   # translation: 10, -20, 0.5 mm
    """
)
# A quarter turn about z: x becomes y, y becomes -x.
MATRIX = [[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, -20.0], [0.0, 0.0, 1.0, 0.5], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    "matrix", [MATRIX, MATRIX[:3], np.array(MATRIX, np.float32)], ids=["4x4", "3x4", "f4"]
)
def test_transform_by_hand(matrix: Any) -> None:
    data = packet("TRANSFORM", TRANSFORM, device_name=b"Probe")
    assert igtl.encode(igtl.Transform(matrix, device_name="Probe")) == data


def test_transform_is_read() -> None:
    message = igtl.decode(packet("TRANSFORM", TRANSFORM))
    assert isinstance(message, igtl.Transform)
    assert message.matrix.tolist() == MATRIX
    assert message.matrix.dtype == np.float64
    assert (message.matrix @ [1, 0, 0, 1]).tolist() == [10.0, -19.0, 0.5, 1.0]


def test_values_are_those_of_the_wire() -> None:
    matrix = np.eye(4)
    matrix[0, 3] = 0.1
    assert igtl.Transform(matrix).matrix[0, 3] == float(np.float32(0.1))


def test_what_is_not_a_number_is_kept() -> None:
    message = igtl.decode(packet("TRANSFORM", floats(*[math.nan] * 9, math.inf, -math.inf, 0)))
    assert isinstance(message, igtl.Transform)
    assert np.isnan(message.matrix[:3, :3]).all()
    assert message.matrix[:, 3].tolist() == [math.inf, -math.inf, 0.0, 1.0]


@pytest.mark.parametrize("size", [0, 44, 47, 49, 64])
def test_transform_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"TRANSFORM .*content of {size} bytes, expected 48"):
        igtl.decode(packet("TRANSFORM", bytes(size)))


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        (np.eye(3), r"matrix has shape \(3, 3\), expected \(4, 4\) or \(3, 4\)"),
        (np.zeros((4, 4)), r"matrix has \[0.0, 0.0, 0.0, 0.0\] as its last row"),
        (np.array(MATRIX).T, "as its last row, expected"),  # the convention of row vectors
        ("matrix", "matrix is 'matrix', expected real numbers"),
        (np.eye(4)[:3] * 1e39, r"matrix is beyond the range of f32\[12\]"),
    ],
)
def test_matrices_of_another_form_are_refused(matrix: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Transform(matrix)


POSITION = floats(1.5, -2.0, 3.25)
QUATERNION = floats(0.0, 0.6, 0.0, 0.8)  # x y z w


@pytest.mark.parametrize("wire_type", ["POSITION", "QTRANS"])
def test_position_of_28_bytes(wire_type: str) -> None:
    data = packet(wire_type, POSITION + QUATERNION)
    given: Any = ((1.5, -2, 3.25), (0, 0.6, 0, 0.8))
    assert igtl.encode(igtl.Position(*given, wire_type=wire_type)) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.Position)
    assert message.position.tolist() == [1.5, -2.0, 3.25]
    assert message.quaternion is not None
    assert message.quaternion.tolist() == np.array([0, 0.6, 0, 0.8], np.float32).tolist()
    assert message.wire_type == wire_type


def test_position_of_12_bytes_has_no_quaternion() -> None:
    data = packet("POSITION", POSITION)
    message = igtl.decode(data)
    assert isinstance(message, igtl.Position)
    assert message.position.tolist() == [1.5, -2.0, 3.25]
    assert message.quaternion is None
    assert igtl.encode(igtl.Position(message.position, None)) == data


@pytest.mark.parametrize(
    ("xyz", "w"),
    [
        ((0.0, 0.0, 0.0), 1.0),
        ((0.5, 0.5, 0.5), 0.5),
        ((1.0, 0.0, 0.0), 0.0),
        ((0.75, 0.0, 0.25), math.sqrt(0.375)),
        ((1.0, 1.0, 1.0), 0.0),  # longer than a unit quaternion can be
        ((3e38, 3e38, 0.0), 0.0),
        ((math.nan, 0.0, 0.0), 0.0),
    ],
)
def test_position_of_24_bytes_has_w_from_the_unit_norm(
    xyz: tuple[float, float, float], w: float
) -> None:
    data = packet("POSITION", POSITION + floats(*xyz))
    message = igtl.decode(data)
    assert isinstance(message, igtl.Position)
    assert message.position.tolist() == [1.5, -2.0, 3.25]
    assert message.quaternion is not None
    assert message.quaternion[3] == w
    assert np.array_equal(message.quaternion[:3], np.array(xyz, np.float32), equal_nan=True)
    assert igtl.encode(message) == data
    assert bytes(message.replace(device_name="x").raw_content) == data[58:]


@pytest.mark.parametrize("size", [0, 11, 13, 16, 23, 25, 27, 29, 32])
def test_position_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"of {size} bytes, expected 12, 24 or 28"):
        igtl.decode(packet("POSITION", bytes(size)))


def test_the_default_is_no_rotation() -> None:
    message = igtl.Position(np.zeros(3))
    assert message.quaternion is not None
    assert message.quaternion.tolist() == [0, 0, 0, 1]
    assert bytes(message.raw_content) == bytes(24) + floats(1.0)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (((1, 2), None), "position has 2 values, expected 3"),
        (((1, 2, 3), (0, 0, 1)), "quaternion has 3 values, expected 4"),
        ((5, None), "position is 5, expected 3 numbers"),
        (((1, 2, "3a"), None), r"position\[2\] is '3a', expected a number"),
    ],
)
def test_positions_of_another_form_are_refused(given: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Position(*given)
