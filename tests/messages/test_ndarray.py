from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet, shorts, table

NDARRAY = table(
    """
    04                          # int16
    03                          # three dimensions
    00 02  00 01  00 03         # 2 x 1 x 3
    00 01  00 02  00 03         # big-endian, C order: [0, 0, 0..2]
    ff ff  ff fe  ff fd         # [1, 0, 0..2]
    """
)
VALUES = [[[1, 2, 3]], [[-1, -2, -3]]]


def test_ndarray_by_hand() -> None:
    for array in (np.array(VALUES, "<i2"), np.array(VALUES, ">i2")):
        assert igtl.encode(igtl.NDArray(array)) == packet("NDARRAY", NDARRAY)
    again = igtl.decode(packet("NDARRAY", NDARRAY))
    assert isinstance(again, igtl.NDArray)
    assert again.array.tolist() == VALUES
    assert again.array.dtype == np.dtype(">i2")
    assert not again.array.flags.writeable


CODES = {2: "i1", 3: "u1", 4: "i2", 5: "u2", 6: "i4", 7: "u4", 10: "f4", 11: "f8", 13: "c16"}


@pytest.mark.parametrize("code", CODES)
def test_scalar_types(code: int) -> None:
    dtype = np.dtype(CODES[code])
    array = np.array([1, 0, 100], dtype)
    content = bytes([code, 1, 0, 3]) + array.astype(dtype.newbyteorder(">")).tobytes()
    assert bytes(igtl.NDArray(array).raw_content) == content
    again = igtl.decode(packet("NDARRAY", content))
    assert isinstance(again, igtl.NDArray)
    assert again.array.tolist() == array.tolist()


def test_complex_numbers_are_real_then_imaginary() -> None:
    content = bytes(igtl.NDArray(np.array([1 - 2j])).raw_content)
    assert content == b"\x0d\1\0\1" + bytes.fromhex("3ff0000000000000 c000000000000000")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.int32).reshape(2, 3, 4).T,
        np.arange(24, dtype=np.int32)[::-2],
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
        np.zeros((2, 0, 3), np.float32),
        np.zeros((1,) * 32, np.uint8),
        np.zeros((65535, 1), np.uint8),
    ],
)
def test_any_strides_and_shapes(array: np.ndarray[Any, Any]) -> None:
    again = igtl.decode(igtl.encode(igtl.NDArray(array)))
    assert isinstance(again, igtl.NDArray)
    assert again.array.shape == array.shape
    assert np.array_equal(again.array, array)


def test_the_array_may_change_afterwards() -> None:
    array = np.zeros(3, np.int32)
    message = igtl.NDArray(array)
    array[0] = 5
    assert message.array.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.int32(5), r"array has shape \(\), expected one dimension or more of up to 65535"),
        (np.zeros(65536, np.uint8), r"array has shape \(65536,\)"),
        (np.zeros(3, np.int64), r"array of int64 cannot be sent, .*complex128: convert with"),
        ([1, 2], "array of int64 cannot be sent"),
        (["a"], "array of <U1 cannot be sent"),
    ],
)
def test_other_arrays_are_refused(array: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.NDArray(array)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\4", "1 bytes are left for scalar, dimensions, which take 2"),
        (b"\4\3\0\2\0\1", "3 dimensions do not fit 6 bytes"),
        (NDARRAY[:-1], "2x1x3 int16 take 12 bytes, but 11 are there"),
        (NDARRAY + b"\0", "2x1x3 int16 take 12 bytes, but 13 are there"),
        (b"\x08" + NDARRAY[1:], "scalar type 8 is not known"),
        (b"\4\xff" + shorts(*[1] * 255) + b"\0\0", "255 dimensions, numpy arrays have at most"),
        (b"\4\x0b" + shorts(0, *[65535] * 10), "array is too big"),
        (b"\4\x0a" + shorts(*[65535] * 10), "65535x65535.* int16 take 2922.* bytes"),
    ],
)
def test_malformed_arrays_are_refused(content: bytes, text: str) -> None:
    with pytest.raises(igtl.DecodeError, match=f"NDARRAY .*{text}"):
        igtl.decode(packet("NDARRAY", content))
