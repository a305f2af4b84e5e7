"""Many messages at once, from columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.codec.layout import F32, U8, Choice, Reserved, Text
from igtl.messages.series import encode_all
from tests.codec.wire import floats, packet
from tests.messages.strategies import SINGLE, rows

TWO = np.stack([np.eye(4), np.eye(4)[[1, 0, 2, 3]]])


def test_a_series_is_the_bytes_of_its_messages() -> None:
    series = igtl.Series(igtl.Transform, matrix=TWO, timestamps=[1.5, 2.0], device_name="Probe")
    identity, swapped = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    one = packet("TRANSFORM", floats(*identity), device_name=b"Probe", raw_time=3 << 31)
    other = packet("TRANSFORM", floats(*swapped), device_name=b"Probe", raw_time=2 << 32)
    assert bytes(series.to_buffer(0.0)) == one + other
    assert len(series) == 2
    assert igtl.encode(series[1]) == igtl.encode(series[-1]) == other
    assert [message.matrix.tolist() for message in series] == TWO.tolist()
    assert [message.timestamp for message in series[:]] == [1.5, 2.0]
    assert repr(series) == "<Series of 2 messages, content of 48 bytes each>"
    with pytest.raises(IndexError):
        series[2]


@given(st.lists(rows(SINGLE), max_size=5))
def test_a_series_carries_what_single_messages_carry(matrices: list[Any]) -> None:
    columns = np.array(matrices).reshape(-1, 4, 4)
    series = igtl.Series(igtl.Transform, matrix=columns, device_name="x")
    singles = [igtl.encode(igtl.Transform(one, device_name="x")) for one in matrices]
    assert bytes(series.to_buffer(0.0)) == b"".join(singles)


def test_rows_of_3x4_are_taken() -> None:
    assert igtl.Series(igtl.Transform, matrix=TWO[:, :3])[1] == igtl.Transform(TWO[1])


def test_the_time_of_sending_stands_in_for_none() -> None:
    series = igtl.Series(igtl.Transform, matrix=TWO)
    decoder = igtl.Decoder()
    assert [one.timestamp for one in decoder.feed(series.to_buffer(2.5))] == [2.5, 2.5]
    assert [one.timestamp for one in decoder.feed(series.to_buffer(0.0))] == [None, None]
    given_times = igtl.Series(igtl.Transform, matrix=TWO, timestamps=[1, 2])
    assert [one.timestamp for one in decoder.feed(given_times.to_buffer(2.5))] == [1.0, 2.0]


def test_later_changes_of_the_columns_do_not_matter() -> None:
    matrices = TWO.copy()
    series = igtl.Series(igtl.Transform, matrix=matrices)
    matrices[:] = 0
    assert series[0].matrix.tolist() == np.eye(4).tolist()


@pytest.fixture
def event(forgotten: None) -> Any:
    """A type of mixed fields, all of fixed size."""

    @igtl.message("EVENT")
    class Event(igtl.Message):
        """Something happened."""

        code: int = igtl.field(Choice(U8, igtl.StatusCode))
        _reserved = igtl.field(Reserved(2))
        name: str = igtl.field(Text(5))
        at: Any = igtl.field(F32[3])

    return Event


def test_a_series_of_a_type_of_users(event: Any) -> None:
    series = igtl.Series(event, code=[1, 99], name=["a", "bcde"], at=np.eye(3)[:2])
    expected = [
        b"\1\0\0a\0\0\0\0" + floats(1, 0, 0),
        b"\x63\0\0bcde\0" + floats(0, 1, 0),
    ]
    assert bytes(series.to_buffer(0.0)) == b"".join(packet("EVENT", one) for one in expected)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"code": [1]}, "the columns code, name, at differ in length"),
        ({"code": [1, 256]}, r"code\[1\].* is 256, expected 0 to 255"),
        ({"code": 5}, "code is 5, expected as many values as messages"),
        ({"name": ["a", "bcdef"]}, r"name\[1\].* takes 5 bytes, .* room for 4"),
        ({"at": [[1, 2, 3], [1, 2]]}, r"at\[1\].* has 2 values, expected 3"),
        ({"at": [[1, 2, 3], [1, 2, 1e39]]}, r"at\[1\].* is beyond the range of f32\[3\]"),
    ],
)
def test_columns_that_do_not_fit(event: Any, changes: dict[str, Any], text: str) -> None:
    columns: dict[str, Any] = {"code": [1, 2], "name": ["a", "b"], "at": np.zeros((2, 3))}
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Series(event, **columns | changes)


@pytest.mark.parametrize(
    ("given_columns", "text"),
    [
        ({}, "a Series of Transform takes matrix, not "),
        ({"matrix": TWO, "more": [1, 2]}, "takes matrix, not matrix, more"),
        ({"matrix": np.eye(4)}, r"matrix has shape \(4, 4\), expected \(n, 4, 4\) or \(n, 3, 4\)"),
        ({"matrix": TWO[:, :, :3]}, r"matrix has shape \(2, 4, 3\)"),
        ({"matrix": TWO * 2}, r"matrix: a last row is not \[0, 0, 0, 1\]"),
        ({"matrix": TWO[:, :3] * 1e39}, "matrix is beyond the range of float32"),
        ({"matrix": 5}, r"matrix has shape \(\)"),
        ({"matrix": "ab"}, "matrix is 'ab', expected real numbers"),
        ({"matrix": TWO, "timestamps": [1.0]}, r"timestamps have shape \(1,\), expected \(2,\)"),
        ({"matrix": TWO, "timestamps": 1.0}, r"timestamps have shape \(\), expected \(2,\)"),
        ({"matrix": TWO, "timestamps": [1, -1]}, r"timestamps must be between 0 and 2\*\*32"),
        ({"matrix": TWO, "timestamps": [1, np.nan]}, "timestamps must be between"),
        ({"matrix": TWO, "timestamps": [1, 2**32]}, "timestamps must be between"),
        ({"matrix": TWO, "timestamps": ["1", "2"]}, "timestamps is .*, expected real numbers"),
        ({"matrix": TWO, "device_name": "x" * 21}, "takes 21 bytes"),
    ],
)
def test_what_does_not_fit_is_refused(given_columns: dict[str, Any], text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Series(igtl.Transform, **given_columns)


@pytest.mark.parametrize("cls", [igtl.Image, igtl.Status, igtl.Unknown, igtl.Position])
def test_only_types_of_fixed_size(cls: type[igtl.Message]) -> None:
    with pytest.raises(igtl.MessageError, match=f"fixed size, which {cls.__name__} is not"):
        igtl.Series(cls)


def test_messages_and_series_are_encoded_in_order() -> None:
    series = igtl.Series(igtl.Transform, matrix=TWO, timestamps=[1, 2])
    large = igtl.Image(np.zeros((300, 300), np.uint8))
    pieces, count = encode_all([igtl.Status(), series, large], 0.0)
    assert count == 4
    expected = [igtl.Status(), *series, large]
    assert b"".join(pieces) == b"".join(map(igtl.encode, expected))
    assert encode_all([], 0.0) == ([], 0)


def test_a_series_of_none() -> None:
    series = igtl.Series(igtl.Transform, matrix=np.zeros((0, 4, 4)))
    assert len(series) == 0
    assert bytes(series.to_buffer(1.0)) == b""
    assert list(series) == []
