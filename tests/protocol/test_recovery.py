"""When a link that broke is tried again, and when it is given up: times by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

import igtl
from igtl.protocol.habits import Habits
from igtl.protocol.recovery import Reconnect, Recovery


def test_attempts_are_further_and_further_apart() -> None:
    recovery = Recovery(Reconnect(first_delay=1.0, longest_delay=8.0))
    recovery.broke(100.0)
    delays = [recovery.due_at - 100.0]
    for _ in range(6):
        recovery.failed(200.0)
        delays.append(recovery.due_at - 200.0)
    for delay, most in zip(delays, (1, 2, 4, 8, 8, 8, 8), strict=True):
        assert most / 2 <= delay <= most
    assert recovery.attempts == 6


def test_a_link_is_given_up_in_time_though_the_next_attempt_is_later() -> None:
    recovery = Recovery(Reconnect(first_delay=8.0, longest_delay=8.0, give_up_after=3.0))
    recovery.broke(100.0)
    assert recovery.due_at == 103.0
    assert not recovery.over(102.9)
    assert recovery.over(103.0)
    assert recovery.why_over(EOFError("gone")) == "not restored within 3 s: gone"


def test_a_link_is_never_given_up_unless_asked_for() -> None:
    recovery = Recovery(Reconnect())
    recovery.broke(100.0)
    assert not recovery.over(1e12)


def test_a_connection_that_lasted_begins_anew() -> None:
    recovery = Recovery(Reconnect(first_delay=1.0, longest_delay=8.0))
    recovery.broke(100.0)
    recovery.failed(101.0)
    recovery.succeeded(102.0)
    assert recovery.attempts == 2
    recovery.broke(111.0)
    assert recovery.attempts == 0
    assert recovery.due_at - 111.0 <= 1.0


def test_a_server_that_drops_its_clients_at_once_is_not_asked_more_often() -> None:
    recovery = Recovery(Reconnect(first_delay=1.0, longest_delay=64.0))
    now, delays = 100.0, []
    for _ in range(5):
        recovery.broke(now)
        delays.append(recovery.due_at - now)
        recovery.succeeded(now := recovery.due_at)
    assert all(delay >= 2**turn / 2 for turn, delay in enumerate(delays))


def test_a_minute_is_not_spent_waiting_for_a_server_that_is_back() -> None:
    assert Reconnect().longest_delay == 2.0


@pytest.mark.parametrize("again", [5, "yes", 0, {}])
def test_what_is_no_plan(again: Any) -> None:
    with pytest.raises(igtl.MessageError, match=r"expected True, False or igtl\.Reconnect"):
        Habits.of(1000, "auto", again, None)


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan])
def test_giving_up_at_once_makes_no_sense(seconds: float) -> None:
    with pytest.raises(igtl.MessageError, match="expected more than 0 s"):
        Reconnect(give_up_after=seconds)
