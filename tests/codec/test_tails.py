from __future__ import annotations

import numpy as np
import pytest

from igtl.codec.layout import F32, F64
from igtl.codec.tails import Array, Names, TerminatedText
from igtl.errors import DecodeError, MessageError


def test_terminated_text_is_written_with_one_nul() -> None:
    assert TerminatedText().encode("ok", "text") == b"ok\0"
    assert TerminatedText().encode("", "text") == b"\0"


@pytest.mark.parametrize(
    ("data", "text"), [(b"ok\0", "ok"), (b"ok", "ok"), (b"", ""), (b"ok\0x", "ok")]
)
def test_terminated_text_is_read_without_nul_too(data: bytes, text: str) -> None:
    TerminatedText().check(data)
    assert TerminatedText().decode(memoryview(data)) == text


def test_names() -> None:
    names = Names(12)
    assert names.encode(["IMAGE", "GET_POLYDATA"], "types") == b"IMAGE" + bytes(7) + b"GET_POLYDATA"
    assert names.encode((), "types") == b""
    assert names.decode(memoryview(b"IMAGE\0junk!!GET_POLYDATA")) == ("IMAGE", "GET_POLYDATA")


def test_names_of_another_size_are_refused() -> None:
    Names(12).check(bytes(24))
    with pytest.raises(DecodeError, match="25 bytes are not a whole number of 12-byte names"):
        Names(12).check(bytes(25))


def test_names_are_a_sequence_of_short_texts() -> None:
    with pytest.raises(MessageError, match="types is 'IMAGE', expected a sequence of names"):
        Names(12).encode("IMAGE", "types")
    with pytest.raises(MessageError, match="types is 3, expected a sequence of names"):
        Names(12).encode(3, "types")
    with pytest.raises(MessageError, match=r"types\[1\] 'A{13}' takes 13 bytes.* room for 12"):
        Names(12).encode(["IMAGE", "A" * 13], "types")


def test_array() -> None:
    assert Array(F64).encode([1.0, -2.0], "values") == bytes.fromhex(
        "3ff0000000000000c000000000000000"
    )
    assert Array(F32).encode((1, 2), "values") == bytes.fromhex("3f80000040000000")
    decoded = Array(F32).decode(memoryview(bytes.fromhex("3f80000040000000")))
    assert decoded.tolist() == [1.0, 2.0]
    assert decoded.dtype == np.float64
    assert not decoded.flags.writeable


def test_array_of_another_size_is_refused() -> None:
    with pytest.raises(DecodeError, match="9 bytes are not a whole number of 8"):
        Array(F64).check(bytes(9))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([[1.0]], r"values has shape \(1, 1\), expected \(n,\)"),
        (1.0, r"values has shape \(\), expected \(n,\)"),
        (["1.5"], r"values is \['1.5'\], expected real numbers"),
        ([1j], r"expected real numbers"),
        ([None], r"expected real numbers"),
        ([[1], [2, 3]], r"expected real numbers"),
    ],
)
def test_arrays_hold_numbers_in_a_row(value: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        Array(F64).encode(value, "values")


def test_arrays_refuse_what_becomes_infinite() -> None:
    with pytest.raises(MessageError, match="values is beyond the range of float32"):
        Array(F32).encode([1e39], "values")
    assert Array(F32).encode([float("inf")], "values") == bytes.fromhex("7f800000")
