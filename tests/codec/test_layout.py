from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.codec.layout import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    POSE,
    U8,
    U16,
    U32,
    U64,
    Choice,
    Duration,
    Layout,
    Number,
    Reserved,
    Row,
    Scaled,
    Text,
    Time,
    WireType,
    numbers,
)
from igtl.errors import DecodeError, MessageError
from tests.codec.wire import table

INTEGERS = {
    "u8": (U8, 0, 255),
    "i8": (I8, -128, 127),
    "u16": (U16, 0, 65535),
    "i16": (I16, -32768, 32767),
    "u32": (U32, 0, 4294967295),
    "i32": (I32, -2147483648, 2147483647),
    "u64": (U64, 0, 18446744073709551615),
    "i64": (I64, -9223372036854775808, 9223372036854775807),
}


class Color(IntEnum):
    RED = 1
    BLUE = 2


def one(kind: WireType) -> Layout:
    return Layout([("x", kind, "")])


def pack(kind: WireType, value: Any) -> bytes:
    return one(kind).pack({"x": value})


def unpack(kind: WireType, data: bytes) -> Any:
    return one(kind).unpack(data)["x"]


@pytest.mark.parametrize(("kind", "low", "high"), INTEGERS.values(), ids=INTEGERS)
def test_integers_have_their_range(kind: Number, low: int, high: int) -> None:
    size = kind.size
    for value in (low, 0, 1, high, np.int8(1)):
        data = pack(kind, value)
        assert data == int(value).to_bytes(size, "big", signed=low < 0)
        assert unpack(kind, data) == value
    for value in (low - 1, high + 1, 10**30):
        with pytest.raises(
            MessageError, match=rf"x is {value}, expected {low} to {high} \({kind.name}\)"
        ):
            pack(kind, value)


@pytest.mark.parametrize("value", [1.0, "1", None, [1], 1j])
def test_integers_are_integers(value: object) -> None:
    with pytest.raises(MessageError, match=r"x is .*, expected an integer"):
        pack(U8, value)


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        (F32, 1.5, "3fc00000"),
        (F32, -math.inf, "ff800000"),
        (F64, 0.1, "3fb999999999999a"),
        (F64, True, "3ff0000000000000"),
        (F32, Fraction(1, 4), "3e800000"),
    ],
)
def test_floats_by_hand(kind: Number, value: float, data: str) -> None:
    assert pack(kind, value).hex() == data
    assert unpack(kind, bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (F32, 1e39, "x is beyond the range of f32"),
        (F32, 10**400, "x is beyond the range of f32"),
        (F64, 10**400, "x is beyond the range of f64"),
        (F64, "one", "x is 'one', expected a number"),
        (F64, None, "x is None, expected a number"),
        (F32[2], [1, 1e39], r"x is beyond the range of f32\[2\]"),
    ],
)
def test_floats_that_do_not_fit_are_refused(kind: WireType, value: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        pack(kind, value)


def test_several_numbers() -> None:
    assert pack(U16[3], (1, 2, 65535)).hex() == "00010002ffff"
    assert unpack(U16[3], bytes.fromhex("00010002ffff")) == (1, 2, 65535)
    assert pack(F32[2], np.array([1, -2])).hex() == "3f800000c0000000"
    values = unpack(F32[2], bytes.fromhex("3f800000c0000000"))
    assert values.tolist() == [1.0, -2.0]
    assert values.dtype == np.float64
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2), "x has 2 values, expected 3"),
        ((1, 2, 3, 4), "x has 4 values, expected 3"),
        (5, "x is 5, expected 3 numbers"),
        (np.array(5), "expected 3 numbers"),
        ("123", "x is '123', expected 3 numbers"),
        (b"123", "expected 3 numbers"),
        ((1, -1, 1), r"x\[1\] is -1, expected 0 to 65535"),
        ((1, 1, 1.5), r"x\[2\] is 1.5, expected an integer"),
        (np.zeros((3, 1), int), r"x\[0\] is \[0\], expected an integer"),
    ],
)
def test_several_numbers_of_another_form_are_refused(value: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        pack(U16[3], value)


def test_text_leaves_room_for_a_nul_unless_it_may_be_full() -> None:
    assert pack(Text(4), "abc") == b"abc\0"
    assert pack(Text(4, full=True), "abcd") == b"abcd"
    assert unpack(Text(4), b"abcd") == "abcd"  # accepted when reading
    assert unpack(Text(4), b"a\0cd") == "a"
    with pytest.raises(MessageError, match="x 'abcd' takes 4 bytes, but the wire has room for 3"):
        pack(Text(4), "abcd")


def test_choice_gives_names_and_keeps_other_numbers() -> None:
    kind = Choice(U8, Color)
    assert unpack(kind, b"\2") is Color.BLUE
    assert unpack(kind, b"\x09") == 9
    assert pack(kind, Color.RED) == b"\1"
    assert pack(kind, 9) == b"\x09"
    with pytest.raises(MessageError, match="x is 256, expected 0 to 255"):
        pack(kind, 256)
    with pytest.raises(MessageError, match="x is 'RED', expected an integer"):
        pack(kind, "RED")


def test_scaled_milliseconds_are_seconds() -> None:
    kind = Scaled(I32, 0.001)
    assert pack(kind, 0.02).hex() == "00000014"
    assert unpack(kind, bytes.fromhex("00000014")) == 0.02
    assert pack(kind, -1).hex() == "fffffc18"
    assert pack(kind, 0.0005001).hex() == "00000001"


@given(st.integers(0, (1 << 32) - 1))
def test_scaled_counts_come_back(count: int) -> None:
    kind = Scaled(U32, 0.001)
    data = count.to_bytes(4, "big")
    assert pack(kind, unpack(kind, data)) == data


@pytest.mark.parametrize("value", ["1", None, math.nan, math.inf, 5e6, [1.0]])
def test_scaled_refuses_what_does_not_fit(value: object) -> None:
    with pytest.raises(MessageError, match=r"x is .*, expected"):
        pack(Scaled(U32, 0.001), value)


def test_reserved_is_written_as_0_and_ignored() -> None:
    layout = Layout([("a", U8, ""), ("_", Reserved(2), ""), ("b", U8, "")])
    assert layout.pack({"a": 1, "b": 2}) == b"\1\0\0\2"
    assert layout.unpack(b"\1\xff\xff\2") == {"a": 1, "b": 2}
    assert layout.names == ("a", "b")


def test_times_and_durations() -> None:
    assert pack(Time, 1.5).hex() == "0000000180000000"
    assert pack(Time, None) == pack(Duration, 0.0) == bytes(8)
    assert unpack(Time, bytes(8)) is None
    assert unpack(Duration, bytes(8)) == 0.0
    assert unpack(Duration, bytes.fromhex("0000000040000000")) == 0.25
    with pytest.raises(MessageError, match=r"x is -1: time of -1.0 s does not fit"):
        pack(Duration, -1)
    with pytest.raises(MessageError, match="x is 'now'"):
        pack(Time, "now")
    with pytest.raises(MessageError, match="x is 1000"):
        pack(Time, 10**400)


# Columns of the rotation, then the translation: the order of the wire.
POSE_BYTES = table(
    """
    00000000 3f800000 00000000    # first column: 0 1 0
    bf800000 00000000 00000000    # second column: -1 0 0
    00000000 00000000 3f800000    # third column: 0 0 1
    41200000 c1a00000 3f000000    # translation: 10 -20 0.5
    """
)
POSE_ROWS = [[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, -20.0], [0.0, 0.0, 1.0, 0.5]]


@pytest.mark.parametrize("rows", [POSE_ROWS, [*POSE_ROWS, [0, 0, 0, 1]]], ids=["3x4", "4x4"])
def test_a_pose_is_written_column_by_column(rows: Sequence[Sequence[float]]) -> None:
    assert pack(POSE, rows) == POSE_BYTES
    assert pack(POSE, np.array(rows)) == POSE_BYTES
    assert pack(POSE, np.asfortranarray(rows, np.float32)) == POSE_BYTES


def test_a_pose_is_read_as_4x4() -> None:
    matrix = unpack(POSE, POSE_BYTES)
    assert matrix.tolist() == [*POSE_ROWS, [0.0, 0.0, 0.0, 1.0]]
    assert matrix.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.eye(3), r"x has shape \(3, 3\), expected \(4, 4\) or \(3, 4\)"),
        (np.zeros((4, 3)), r"x has shape \(4, 3\)"),
        (np.zeros(12), r"x has shape \(12,\)"),
        (np.zeros((2, 4, 4)), r"x has shape \(2, 4, 4\)"),
        (np.eye(4) * 2, r"x has \[0.0, 0.0, 0.0, 2.0\] as its last row, expected \[0, 0, 0, 1\]"),
        (np.eye(4).T + np.eye(4, k=-3), "as its last row"),
        ("pose", "x is 'pose', expected real numbers"),
        ([["1"] * 4] * 3, "expected real numbers"),
        (None, "x is None, expected real numbers"),
        ([[1, 2], [3]], "expected real numbers"),
        (np.eye(4) * 1j, "as its last row"),
        (
            np.eye(4)[:3] * 1j,
            r"x is beyond the range of f32\[12\]: required argument is not a float",
        ),
        (np.diag([1e39, 1, 1, 1]), r"x is beyond the range of f32\[12\]"),
    ],
)
def test_a_pose_of_another_form_is_refused(value: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        pack(POSE, value)


def test_numbers_keep_what_they_are_given() -> None:
    array = np.array([1.0])
    assert numbers(array, np.dtype(np.float64), "x") is array
    assert numbers([1, True, 2.5], np.dtype(">f4"), "x").dtype == np.dtype(">f4")


LAYOUT = Layout([("a", U8, "first"), ("b", F32[2], "second"), ("_r", Reserved(3), "")])


def test_rows_of_a_layout() -> None:
    assert LAYOUT.rows(10) == [
        Row(10, 1, "a", "u8", "first"),
        Row(11, 8, "b", "f32[2]", "second"),
        Row(19, 3, "_r", "byte[3]", ""),
    ]
    assert LAYOUT.size == 12


def test_records_in_a_row() -> None:
    data = bytes.fromhex("01 3f800000 40000000 000000 02 40400000 40800000 000000")
    values = [(one["a"], one["b"].tolist()) for one in LAYOUT.unpack_all(data)]
    assert values == [(1, [1.0, 2.0]), (2, [3.0, 4.0])]
    assert LAYOUT.unpack(data, 12)["a"] == 2


@pytest.mark.parametrize(("offset", "left"), [(0, 11), (5, 6), (11, 0), (50, 0)])
def test_fewer_bytes_than_a_layout_are_refused(offset: int, left: int) -> None:
    with pytest.raises(DecodeError, match=f"{left} bytes are left for a, b, which take 12"):
        LAYOUT.unpack(bytes(11), offset)
    with pytest.raises(DecodeError, match=f"{left} bytes are left"):
        LAYOUT.unpack(bytes(100), 100 - left)


def test_errors_say_which_record_is_meant() -> None:
    with pytest.raises(MessageError, match=r"tools\[3\]\.a is 256"):
        LAYOUT.pack({"a": 256, "b": (0, 0)}, "tools[3].")
    with pytest.raises(MessageError, match=r"tools\[3\]\.b is beyond the range of f32\[2\]"):
        LAYOUT.pack({"a": 0, "b": (0, 1e300)}, "tools[3].")


def test_nothing_is_a_layout_too() -> None:
    assert Layout([]).size == 0
    assert Layout([]).pack({}) == b""
    assert Layout([]).unpack(b"") == {}
