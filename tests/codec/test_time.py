from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from igtl.codec import time
from igtl.errors import MessageError

RAW = st.integers(0, (1 << 64) - 1)


@pytest.mark.parametrize(
    ("seconds", "raw"),
    [
        (0.0, 0),
        (1.0, 1 << 32),
        (0.5, 1 << 31),
        (1_700_000_000.25, 1_700_000_000 << 32 | 1 << 30),
        (2.0**-32, 1),
        (4_294_967_295.0, 0xFFFFFFFF_00000000),  # 2106-02-07 06:28:15 UTC: unsigned
        (2_147_483_648.0, 0x80000000_00000000),  # 2038-01-19 03:14:08 UTC: not negative
    ],
)
def test_known_times(seconds: float, raw: int) -> None:
    assert time.to_wire(seconds) == raw
    assert time.from_wire(raw) == seconds


@pytest.mark.parametrize("seconds", [-1.0, -1e-9, 2.0**32, 1e300, math.inf, -math.inf, math.nan])
def test_times_that_do_not_fit_are_refused(seconds: float) -> None:
    with pytest.raises(MessageError, match=r"must be between 0 and 2\*\*32 seconds since 1970"):
        time.to_wire(seconds)


@given(RAW)
@example((1 << 64) - 1)
def test_what_was_read_can_be_written(raw: int) -> None:
    """Also the last 2^10 of them, which are nearest to 2^32 s, a time that does not fit."""
    seconds = time.from_wire(raw)
    assert abs(time.to_wire(seconds) - raw) < 1 << 11  # 0.5 us
    assert time.from_wire(time.to_wire(seconds)) == seconds


@given(st.integers(0, (1 << 53) - 1))
def test_what_a_float_can_hold_is_exact(raw: int) -> None:
    assert time.to_wire(time.from_wire(raw)) == raw
    assert Fraction(time.from_wire(raw)) == Fraction(raw, 1 << 32)


@given(RAW)
@example((1 << 64) - 1)
def test_nanoseconds_are_the_nearest(raw: int) -> None:
    exact = Fraction(raw * 10**9, 1 << 32)
    assert abs(time.nanoseconds(raw) - exact) <= Fraction(1, 2)


def test_nanoseconds_of_a_known_time() -> None:
    # 0.1 s is 429496729.6 units; the 429496729 of a truncating sender are 99999999.86 ns.
    assert time.nanoseconds((1_700_000_000 << 32) + 429_496_729) == 1_700_000_000_100_000_000
