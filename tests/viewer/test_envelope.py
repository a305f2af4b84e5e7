from __future__ import annotations

import math

import numpy as np
import pytest

from igtl.viewer.envelope import pack
from tests.viewer.sent import opened


@pytest.mark.parametrize("length", range(12))
def test_payload_begins_at_a_multiple_of_8_bytes(length: int) -> None:
    name = "é" * length
    head, payload = opened(pack({"name": name}, b"payload"))
    assert head == {"name": name}
    assert payload == b"payload"


def test_payload_is_not_copied() -> None:
    pixels = np.arange(10, dtype=np.uint8)
    _, *payload = pack({}, pixels.data, b"more")
    assert np.shares_memory(np.asarray(payload[0]), pixels)
    assert payload[1] == b"more"


def test_json_has_no_numbers_that_are_not_finite() -> None:
    head, _ = opened(
        pack({"matrix": [1.0, math.nan], "range": (-math.inf, 2), "deep": {"x": [math.inf]}})
    )
    assert head == {"matrix": [1.0, None], "range": [None, 2], "deep": {"x": [None]}}
