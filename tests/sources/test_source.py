from __future__ import annotations

import pytest

from igtl.errors import SourceError
from igtl.sources.position import PositionSource
from igtl.sources.source import checked_rate, close_source, tick_number


def test_sources_are_closed_that_can_be() -> None:
    class Door(PositionSource):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    door = Door()
    close_source(door)
    close_source(PositionSource())  # has nothing to close
    assert door.closed == 1


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "fast", None])
def test_a_rate_is_a_positive_number(rate: float) -> None:
    with pytest.raises(SourceError, match=r"rate is .* expected ticks per second"):
        checked_rate(rate)


@pytest.mark.parametrize("rate", [1 / 3, 10.0, 29.97, 1000.0])
def test_tick_numbers_survive_rounding(rate: float) -> None:
    assert [tick_number(n / rate, rate) for n in range(5000)] == list(range(5000))
    interval, time_s = 1 / rate, 0.0
    for n in range(1000):  # a player that adds up its intervals
        assert tick_number(time_s, rate) == n
        time_s += interval
