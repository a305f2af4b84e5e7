"""Offsets of clocks: by hand, in doubt, and after a clock was set."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from igtl.protocol.clock import Clock, ClockEstimate

#: In 2026; binary fractions added to it are exact.
START = 1_780_000_000.0


def ask(
    clock: Clock, at: float, offset: float, *, there: float, back: float, work: float = 0.0
) -> None:
    """One exchange, `at` seconds behind the start, with a peer whose clock is `offset` ahead."""
    sent = START + at
    received = sent + there + offset
    answered = received + work
    clock.exchange(sent, received, answered, answered - offset + back)


def estimate(clock: Clock) -> ClockEstimate:
    assert clock.estimate is not None
    return clock.estimate


class TestFourStamps:
    def test_by_hand(self) -> None:
        clock = Clock()
        clock.exchange(100.0, 110.5, 110.75, 101.75)
        # There 10.5, back 9.0: the mean is 9.75 and the delay 1.75 - 0.25.
        assert estimate(clock) == ClockEstimate(9.75, 0.75, 1.5, (1.5,), "four stamps", 1)
        assert clock.known
        assert clock.offset == 9.75
        assert clock.to_local(110.5) == 100.75
        assert clock.to_peer(100.75) == 110.5

    def test_the_fastest_exchange_counts(self) -> None:
        clock = Clock()
        ask(clock, 0, 2.0, there=0.5, back=0.25)
        ask(clock, 1, 2.0, there=0.0625, back=0.0625)
        ask(clock, 2, 2.0, there=0.125, back=1.0)
        assert estimate(clock) == ClockEstimate(
            2.0, 0.0625, 0.125, (0.75, 0.125, 1.125), "four stamps", 3
        )

    def test_the_newest_of_equally_fast_ones_counts(self) -> None:
        clock = Clock()
        ask(clock, 0, 2.0, there=0.5, back=0.25)
        ask(clock, 1, 2.0, there=0.25, back=0.5)
        assert clock.offset == 1.875

    def test_the_time_that_the_peer_takes_does_not_count(self) -> None:
        clock = Clock()
        ask(clock, 0, -1.0, there=0.25, back=0.25, work=30.0)
        assert estimate(clock) == ClockEstimate(-1.0, 0.25, 0.5, (0.5,), "four stamps", 1)

    def test_never_better_than_a_microsecond(self) -> None:
        clock = Clock()
        ask(clock, 0, 1.0, there=0.0, back=0.0)
        assert estimate(clock).uncertainty == 1e-6
        assert estimate(clock).round_trip == 0.0

    def test_only_the_newest_64_count(self) -> None:
        clock = Clock()
        ask(clock, 0, 2.0, there=0.125, back=0.125)
        for number in range(1, 64):
            ask(clock, number, 2.0, there=0.25, back=0.25)
        assert (estimate(clock).round_trip, estimate(clock).samples) == (0.25, 64)
        ask(clock, 64, 2.0, there=0.25, back=0.25)
        assert (estimate(clock).round_trip, estimate(clock).samples) == (0.5, 64)

    def test_exchanges_that_contradict_each_other_are_known_less_well(self) -> None:
        """As with a peer whose clock ticks in steps of 1/4 s."""
        clock = Clock()
        ask(clock, 0, 2.0, there=0.0625, back=0.0625)
        ask(clock, 1, 2.25, there=0.125, back=0.125)
        assert clock.offset == 2.0
        assert estimate(clock).uncertainty == 0.125  # so that it reaches 2.25 - 0.125

    @given(
        st.floats(-1e6, 1e6),
        st.lists(
            st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=100
        ),
    )
    def test_the_true_offset_is_within_the_uncertainty(
        self, offset: float, delays: list[tuple[float, float, float]]
    ) -> None:
        clock = Clock()
        for number, (there, back, work) in enumerate(delays):
            ask(clock, 20.0 * number, offset, there=there, back=back, work=work)
            found = estimate(clock)
            assert abs(found.offset - offset) <= found.uncertainty + 1e-6
            assert found.samples == min(number + 1, 64)

    @given(st.floats(-1e6, 1e6), st.lists(st.floats(0, 5), min_size=1, max_size=20))
    def test_ways_of_equal_length_give_the_true_offset(
        self, offset: float, delays: list[float]
    ) -> None:
        clock = Clock()
        for number, delay in enumerate(delays):
            ask(clock, 20.0 * number, offset, there=delay, back=delay)
        assert clock.offset == pytest.approx(offset, abs=1e-6)
        assert estimate(clock).uncertainty == pytest.approx(max(min(delays), 1e-6), abs=2e-6)


class TestSteps:
    def test_three_in_a_row_that_contradict_drop_the_older_ones(self) -> None:
        clock = Clock()
        for number in range(5):
            ask(clock, number, 2.0, there=0.0625, back=0.0625)
        for number in (5, 6):
            ask(clock, number, 12.0, there=0.125, back=0.125)
            assert clock.offset == 2.0
            assert estimate(clock).uncertainty == 9.875  # in doubt
        ask(clock, 7, 12.0, there=0.125, back=0.125)
        assert estimate(clock) == ClockEstimate(
            12.0, 0.125, 0.25, (0.25, 0.25, 0.25), "four stamps", 3
        )

    def test_one_that_agrees_keeps_the_older_ones(self) -> None:
        clock = Clock()
        for offset in (2.0, 12.0, 12.0, 2.0, 12.0, 12.0):
            ask(clock, 0, offset, there=0.0625, back=0.0625)
        assert estimate(clock).samples == 6

    def test_small_contradictions_keep_the_older_ones(self) -> None:
        clock = Clock()
        ask(clock, 0, 2.0, there=0.125, back=0.125)
        for number in range(3):
            ask(clock, number, 3.5, there=0.375, back=0.375)  # 1.5 is not over 3 * (0.125 + 0.375)
        assert (clock.offset, estimate(clock).samples) == (2.0, 4)
        for number in range(3):
            ask(clock, number, 3.75, there=0.375, back=0.375)  # 1.75 is
        assert (clock.offset, estimate(clock).samples) == (3.75, 3)

    def test_an_exchange_that_takes_less_than_no_time_drops_everything(self) -> None:
        clock = Clock()
        ask(clock, 0, 2.0, there=0.0625, back=0.0625)
        clock.arrival(START, START)
        clock.exchange(START + 1, START + 3, START + 13, START + 1.5)
        assert clock.estimate is None
        assert not clock.known
        assert clock.offset == 0.0
        ask(clock, 2, 12.0, there=0.0625, back=0.0625)
        assert (clock.offset, estimate(clock).samples) == (12.0, 1)

    def test_a_microsecond_less_than_none_is_rounding(self) -> None:
        clock = Clock()
        clock.exchange(START, START + 2, START + 2 + 2**-20, START)
        assert estimate(clock).round_trip == 0.0
        assert clock.offset == 2.0 + 2**-21
        clock.exchange(START, START + 2, START + 2 + 2**-19 + 2**-21, START)
        assert clock.estimate is None

    @pytest.mark.parametrize("stamp", [math.nan, math.inf, -math.inf])
    def test_stamps_that_are_no_numbers_say_nothing(self, stamp: float) -> None:
        clock = Clock()
        clock.exchange(START, START, stamp, START)
        assert clock.estimate is None

    def test_arrivals_before_a_step_are_dropped(self) -> None:
        clock = Clock()
        clock.arrival(START + 100, START)
        ask(clock, 0, 2.0, there=0.125, back=0.125)
        for number in range(3):
            ask(clock, number, 12.0, there=0.125, back=0.125)
        clock.exchange(START + 1, START + 3, START + 13, START + 1.5)
        clock.arrival(START + 12, START + 1)
        assert (clock.offset, estimate(clock).samples) == (11.0, 1)


class TestOneWay:
    def test_nothing_is_known_before(self) -> None:
        clock = Clock()
        assert (clock.estimate, clock.known, clock.offset) == (None, False, 0.0)
        assert clock.to_local(START) == START
        assert clock.to_peer(START) == START

    def test_without_a_round_trip_the_offset_is_a_lower_bound(self) -> None:
        clock = Clock()
        clock.arrival(START + 5, START + 3.5)
        clock.arrival(START + 6, START + 4.25)
        clock.arrival(START + 7, START + 5.5)
        assert estimate(clock) == ClockEstimate(1.75, math.inf, None, (), "one way", 3)

    def test_half_of_the_shortest_round_trip_is_added(self) -> None:
        clock = Clock()
        clock.arrival(START + 5, START + 3.5, 1.0)  # 1.5 ahead, and what it was under way
        clock.arrival(START + 6, START + 4.25, 0.25)  # 1.75
        clock.arrival(START + 7, START + 5.5, 0.5)  # 1.5
        # 1.75 and half of 0.25; known to that half and the spread from 1.5 to 1.75.
        assert estimate(clock) == ClockEstimate(1.875, 0.375, 0.25, (1.0, 0.25, 0.5), "one way", 3)

    def test_the_spread_is_of_the_fastest_four(self) -> None:
        clock = Clock()
        for late in (0.0, 9.0, 0.25, 0.125, 8.0, 0.5):
            clock.arrival(START + 2, START + late, 1.0)
        assert (clock.offset, estimate(clock).uncertainty) == (2.5, 1.0)

    def test_only_the_newest_64_count(self) -> None:
        clock = Clock()
        clock.arrival(START + 9, START)
        for _ in range(63):
            clock.arrival(START + 2, START)
        assert (clock.offset, estimate(clock).samples) == (9.0, 64)
        clock.arrival(START + 2, START)
        assert (clock.offset, estimate(clock).samples) == (2.0, 64)

    def test_never_better_than_a_microsecond(self) -> None:
        clock = Clock()
        clock.arrival(START, START, 0.0)
        assert estimate(clock).uncertainty == 1e-6

    def test_four_stamps_go_before_it(self) -> None:
        clock = Clock()
        clock.arrival(START + 2, START, 0.25)
        ask(clock, 0, 1.0, there=0.5, back=0.5)
        assert (clock.offset, estimate(clock).method) == (1.0, "four stamps")
        clock.arrival(START + 2, START, 0.25)
        assert (clock.offset, estimate(clock).method) == (1.0, "four stamps")

    @given(
        st.floats(-1e6, 1e6),
        st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=80),
    )
    def test_answers_bound_the_true_offset(
        self, offset: float, delays: list[tuple[float, float]]
    ) -> None:
        assume(delays)
        clock, silent = Clock(), Clock()
        for number, (there, back) in enumerate(delays):
            sent = START + 20 * number + offset
            clock.arrival(sent, sent - offset + back, there + back)
            silent.arrival(sent, sent - offset + back)
        found = estimate(clock)
        assert abs(found.offset - offset) <= found.uncertainty + 1e-6
        assert silent.offset <= offset + 1e-6


class TestText:
    @pytest.mark.parametrize(
        ("found", "text"),
        [
            (
                ClockEstimate(0.0008, 0.0001, 0.0002, (0.0002,) * 8, "four stamps", 8),
                "offset +0.8 ms ± 0.1 ms, round trip 0.2 ms (four stamps, 8 samples)",
            ),
            (
                ClockEstimate(-3600.0123456, 1e-6, 0.0, (0.0,), "four stamps", 1),
                "offset -3600.012346 s ± 0.001 ms, round trip 0 ms (four stamps, 1 sample)",
            ),
            (
                ClockEstimate(-1e-9, math.inf, None, (), "one way", 3),
                "offset +0 ms or more, round trip not known (one way, 3 samples)",
            ),
            (
                ClockEstimate(100.0, 1.0, 1.5, (1.5,), "one way", 1),
                "offset +100 s ± 1 s, round trip 1.5 s (one way, 1 sample)",
            ),
            (
                ClockEstimate(-0.25, 0.000123456, 0.99, (0.99,), "one way", 2),
                "offset -250 ms ± 0.123 ms, round trip 990 ms (one way, 2 samples)",
            ),
        ],
    )
    def test_for_people(self, found: ClockEstimate, text: str) -> None:
        assert str(found) == text
