from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from igtl.codec import scalars
from igtl.errors import DecodeError, MessageError

# Protocol document, IMAGE: code and numpy name; 13 is NDARRAY's own.
CODES = {
    2: "int8",
    3: "uint8",
    4: "int16",
    5: "uint16",
    6: "int32",
    7: "uint32",
    10: "float32",
    11: "float64",
}


@pytest.mark.parametrize(("code", "name"), CODES.items())
def test_codes_of_any_byte_order(code: int, name: str) -> None:
    for dtype in (np.dtype(name), np.dtype(name).newbyteorder("<"), np.dtype(name).newbyteorder()):
        assert scalars.scalar_of(np.zeros(1, dtype), "pixels") == code


def test_dtypes_of_codes() -> None:
    for code, name in CODES.items():
        assert scalars.dtype_of(code, little=True) == np.dtype(name).newbyteorder("<")
        assert scalars.dtype_of(code, little=False) == np.dtype(name).newbyteorder(">")
    assert scalars.dtype_of(13, little=False, complex_too=True) == np.dtype(">c16")


@pytest.mark.parametrize("code", [0, 1, 8, 9, 12, 13, 14, 255])
def test_other_codes_are_refused(code: int) -> None:
    with pytest.raises(DecodeError, match=f"scalar type {code} is not known"):
        scalars.dtype_of(code, little=True)


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        ("int64", r"astype\(np.int16 or np.float32\)"),
        ("uint64", r"astype\(np.uint16 or np.float32\)"),
        ("bool", r"astype\(np.uint8\)"),
        ("float16", r"astype\(np.float32\)"),
        ("complex64", "expected one of int8, .*, float64:"),
    ],
)
def test_other_types_are_refused_with_advice(dtype: str, advice: str) -> None:
    with pytest.raises(MessageError, match=f"pixels of {dtype} cannot be sent.*{advice}"):
        scalars.scalar_of(np.zeros(1, dtype), "pixels")


def test_endian_is_that_of_the_memory() -> None:
    assert scalars.endian_of(np.zeros(1, ">i2")) == scalars.BIG == 1
    assert scalars.endian_of(np.zeros(1, "<i2")) == scalars.LITTLE == 2
    native = np.array([1], np.uint16)
    first = native.view(np.uint8)[0]
    assert scalars.endian_of(native) == (2 if first else 1)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.int16).reshape(4, 6),
        np.arange(24, dtype=np.int16).reshape(4, 6).T,
        np.arange(24, dtype=np.int16).reshape(4, 6)[::-2, 1::2],
        np.broadcast_to(np.int16(5), (2, 3)),
        np.zeros((0, 3), np.float64),
    ],
)
def test_bytes_are_in_c_order(array: np.ndarray[Any, np.dtype[Any]]) -> None:
    assert bytes(scalars.bytes_of(array)) == array.tobytes("C")


def test_bytes_of_a_contiguous_array_are_no_copy() -> None:
    array = np.zeros((2, 3), np.uint8)
    data = scalars.bytes_of(array)
    array[1, 2] = 9
    assert data[5] == 9
    assert len(data) == data.nbytes == 6


def test_view_is_read_only_and_no_copy() -> None:
    data = bytearray(b"..\x01\x02\x03\x04")
    array = scalars.view(memoryview(data), np.dtype(">u2"), (1, 2), 2)
    assert array.tolist() == [[0x0102, 0x0304]]
    data[2] = 0x0A
    assert array[0, 0] == 0x0A02
    assert not array.flags.writeable


@pytest.mark.parametrize("size", [0, 7, 9])
def test_view_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(DecodeError, match=f"2x2 uint16 take 8 bytes, but {size} are there"):
        scalars.view(bytes(size), np.dtype(">u2"), (2, 2), 0)


def test_view_of_nothing_keeps_its_shape() -> None:
    array = scalars.view(b"..", np.dtype(">f8"), (65535, 0, 65535), 2)
    assert array.shape == (65535, 0, 65535)
    assert array.dtype == np.dtype(">f8")


def test_a_shape_that_numpy_cannot_hold_is_refused() -> None:
    shape = (0, *[65535] * 10)  # no bytes, and yet "too big"
    with pytest.raises(DecodeError, match=r"0x65535x.* uint8: array is too big"):
        scalars.view(b"", np.dtype(np.uint8), shape, 0)
