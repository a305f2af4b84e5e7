from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.cli.fields import build, class_of
from igtl.viewer.plain import plain_beginning, plain_message
from tests.cli.examples import EXAMPLES

COMMON = ("timestamp", "message_id", "metadata", "header_version")
#: What JSON does not say of these: the type of numbers, and bytes that are no text.
NOT_READ_BACK = (igtl.Image, igtl.NDArray, igtl.ColorTable, igtl.Video, igtl.Unknown)


@pytest.mark.parametrize("message", [m for m, _ in EXAMPLES], ids=lambda m: type(m).__name__)
def test_every_type_is_json_and_what_it_says_makes_the_same_message(message: igtl.Message) -> None:
    text = json.dumps(plain_message(message), allow_nan=False)
    fields = json.loads(text)
    assert fields["wire_type"] == message.wire_type
    if isinstance(message, NOT_READ_BACK) or fields.get("points") == []:
        return
    common = {name: fields.pop(name) for name in ("device_name", *COMMON)}
    assert build(class_of(fields.pop("wire_type")), fields, common) == message


def test_arrays_are_lists_when_small_and_described_when_not() -> None:
    small, large = (igtl.NDArray(np.zeros(n, np.uint8)) for n in (256, 257))
    assert plain_message(small)["array"] == [0] * 256
    assert plain_message(large)["array"] == {"shape": [257], "dtype": "uint8"}


def test_bytes_and_cells_are_described_when_large() -> None:
    assert plain_message(igtl.Unknown("ODD", b"\1\xff"))["content"] == "01ff"
    assert plain_message(igtl.Unknown("ODD", bytes(257)))["content"] == {"bytes": 257}
    mesh = igtl.PolyData(np.zeros((3, 3)), polygons=np.zeros((100, 3), int))
    assert plain_message(mesh)["polygons"] == {"cells": 100}


def test_what_json_has_no_word_for_is_null() -> None:
    values = igtl.Sensor([np.nan, np.inf, 1])
    assert plain_message(values)["values"] == [None, None, 1]
    assert plain_message(igtl.NDArray(np.array([1 + 2j])))["array"] == [[1, 2]]


def test_types_of_users_are_no_exception(force: igtl.Message) -> None:
    fields = plain_message(force)
    assert (fields["wire_type"], fields["force"], fields["note"]) == ("TESTFORCE", [1, 2, 3], "")


def test_of_what_is_long_somebody_who_looks_sees_the_beginning() -> None:
    points: Any = igtl.decode(igtl.encode(igtl.Point([igtl.PointElement("p")] * 257)))
    whole: Any = plain_beginning(points.replace(points=points.points[:256]))["points"]
    assert len(whole) == 256
    first: Any = plain_message(points)["points"]
    cut: Any = plain_beginning(points)["points"]
    assert cut == {"items": 257, "first": first[:64]}
    children = igtl.Bind([igtl.NDArray(np.full(300, np.inf))] * 300)
    cut = plain_beginning(children)["children"]
    assert (cut["items"], len(cut["first"])) == (300, 64)
    assert cut["first"][0]["array"] == {"shape": [300], "dtype": "float64", "first": [None] * 16}


def test_what_is_not_shown_is_not_made() -> None:
    points = igtl.decode(igtl.encode(igtl.Point([igtl.PointElement("p")] * 100_000)))
    plain_beginning(points)
    assert "points" not in vars(points)
