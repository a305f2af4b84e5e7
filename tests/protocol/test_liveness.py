"""When to try again, and when to give up: delays and silences by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.protocol.liveness import Backoff, KeepAlive


class TestBackoff:
    def test_doubles_up_to_ten_seconds(self) -> None:
        backoff = Backoff(random=lambda: 1.0)
        assert [backoff.next() for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]

    def test_by_chance_half_of_it_at_least(self) -> None:
        numbers = iter([0.0, 0.5, 1.0, 0.0])
        backoff = Backoff(random=lambda: next(numbers))
        assert [backoff.next() for _ in range(4)] == [0.125, 0.375, 1.0, 1.0]

    def test_reset_begins_anew(self) -> None:
        backoff = Backoff(first=1.0, longest=100.0, factor=3.0, random=lambda: 1.0)
        assert [backoff.next() for _ in range(3)] == [1, 3, 9]
        backoff.reset()
        assert [backoff.next() for _ in range(6)] == [1, 3, 9, 27, 81, 100]

    @given(st.floats(0.001, 10), st.floats(1, 1e300), st.floats(1, 1e300), st.integers(1, 30))
    def test_never_longer_than_allowed(
        self, first: float, more: float, factor: float, attempts: int
    ) -> None:
        backoff = Backoff(first=first, longest=first * more, factor=factor)
        for _ in range(attempts):
            assert first / 2 <= backoff.next() <= first * more

    @pytest.mark.parametrize(
        "options",
        [
            {"first": 0.0},
            {"first": -1.0},
            {"first": 11.0},
            {"first": math.nan},
            {"longest": math.inf},
            {"factor": 0.5},
            {"factor": math.nan},
            {"factor": math.inf},
        ],
    )
    def test_delays_that_make_no_sense_are_refused(self, options: dict[str, float]) -> None:
        with pytest.raises(igtl.MessageError, match="expected 0 < first <= longest"):
            Backoff(**options)  # type: ignore[arg-type]


class TestKeepAlive:
    def test_asks_once_at_half_of_the_time(self) -> None:
        alive = KeepAlive(10.0)
        alive.heard(100.0)
        assert (alive.due(100.0), alive.next(100.0)) == ("wait", 5.0)
        assert (alive.due(104.5), alive.next(104.5)) == ("wait", 0.5)
        assert (alive.due(105.0), alive.next(105.0)) == ("ask", 0.0)
        alive.asked(105.0)
        assert (alive.due(105.0), alive.next(105.0)) == ("wait", 5.0)

    def test_dead_after_all_of_it(self) -> None:
        alive = KeepAlive(10.0)
        alive.heard(100.0)
        alive.asked(105.0)
        assert (alive.due(109.5), alive.next(109.5)) == ("wait", 0.5)
        assert (alive.due(110.0), alive.next(110.0)) == ("dead", 0.0)
        assert (alive.due(200.0), alive.next(200.0)) == ("dead", 0.0)

    def test_whatever_is_heard_begins_anew(self) -> None:
        alive = KeepAlive(10.0)
        alive.heard(100.0)
        alive.asked(105.0)
        alive.heard(109.0)
        assert (alive.due(110.0), alive.next(110.0)) == ("wait", 4.0)
        assert alive.due(114.0) == "ask"
        alive.asked(114.0)
        assert (alive.due(118.0), alive.next(118.0)) == ("wait", 1.0)
        assert alive.due(119.0) == "dead"

    def test_nobody_is_dead_who_was_not_asked(self) -> None:
        """As after the machine slept."""
        alive = KeepAlive(10.0)
        alive.heard(100.0)
        assert alive.due(500.0) == "ask"
        alive.asked(500.0)
        assert (alive.due(504.0), alive.next(504.0)) == ("wait", 1.0)
        assert alive.due(505.0) == "dead"

    def test_asked_early_there_is_all_of_the_time(self) -> None:
        alive = KeepAlive(1.0)
        alive.heard(100.0)
        alive.asked(100.0)
        assert (alive.due(100.75), alive.next(100.75)) == ("wait", 0.25)
        assert alive.due(101.0) == "dead"

    def test_asking_again_gives_no_more_time(self) -> None:
        alive = KeepAlive(10.0)
        alive.heard(100.0)
        alive.asked(105.0)
        alive.asked(109.0)
        assert alive.due(110.0) == "dead"

    def test_who_could_not_be_asked_was_not_asked(self) -> None:
        alive = KeepAlive(8.0)
        alive.heard(100.0)
        assert alive.due(104.0) == "ask"
        alive.busy(104.0)
        assert (alive.due(104.5), alive.next(104.5)) == ("wait", 0.5)
        assert alive.due(200.0) == "ask"

    def test_silence_begins_with_the_first_look(self) -> None:
        alive = KeepAlive(10.0)
        assert (alive.due(100.0), alive.next(103.0)) == ("wait", 2.0)
        assert alive.due(105.0) == "ask"
        other = KeepAlive(10.0)
        assert (other.next(100.0), other.due(105.0)) == (5.0, "ask")

    @pytest.mark.parametrize("timeout", [0.0, -1.0, math.nan, math.inf, True, "1"])
    def test_a_time_out_that_makes_no_sense_is_refused(self, timeout: Any) -> None:
        with pytest.raises(igtl.MessageError, match="expected a time-out above 0 s"):
            KeepAlive(timeout)
