from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from igtl.net.reactor import Reactor
from tests.net.waiting import PATIENCE, eventually


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    made = Reactor("reactor under test", 0.0)
    made.start()
    yield made
    made.stop(PATIENCE)


def nothing() -> None:
    """Do nothing."""


def flush(reactor: Reactor) -> None:
    """Wait until all is done whose time has come."""
    done = threading.Event()
    reactor.call_at(time.monotonic(), done.set)
    assert done.wait(PATIENCE)


def test_actions_happen_in_order_of_their_times(reactor: Reactor) -> None:
    happened, now = list[str](), time.monotonic()

    def plan() -> None:  # in the reactor's thread: nothing happens meanwhile
        reactor.call_at(now + 0.02, lambda: happened.append("later"))
        reactor.call_at(now + 0.01, lambda: happened.append("soon"))
        reactor.call(lambda: happened.append("now"))

    reactor.call(plan)
    eventually(lambda: len(happened) == 3)
    assert happened == ["now", "soon", "later"]


def test_what_is_cancelled_does_not_happen(reactor: Reactor) -> None:
    happened, now = list[str](), time.monotonic()

    def plan() -> None:  # in the reactor's thread: nothing happens meanwhile
        timers = [reactor.call_at(now + 0.01, lambda: happened.append("x")) for _ in range(3)]
        reactor.call_at(now + 0.01, lambda: happened.append("end"))
        for timer in timers:
            reactor.cancel(timer)
            reactor.cancel(timer)

    reactor.call(plan)
    eventually(lambda: happened)
    assert happened == ["end"]


def test_cancelling_what_has_happened_changes_nothing(reactor: Reactor) -> None:
    happened = list[int]()
    timer = reactor.call_at(0.0, lambda: happened.append(1))
    flush(reactor)
    reactor.cancel(timer)
    reactor.call(lambda: happened.append(2))
    eventually(lambda: happened == [1, 2])


class Large:
    def act(self) -> None:
        raise AssertionError("was cancelled")


def test_what_is_cancelled_is_not_kept(reactor: Reactor) -> None:
    large = Large()
    gone = weakref.ref(large)
    reactor.cancel(reactor.call_at(time.monotonic() + 1e6, large.act))
    del large
    assert gone() is None


def test_thousands_of_cancelled_timers_are_forgotten(reactor: Reactor) -> None:
    far = time.monotonic() + 1e6
    kept = reactor.call_at(far, nothing)
    gone = weakref.WeakSet[Large]()
    for _ in range(5000):
        large = Large()
        gone.add(large)
        reactor.cancel(reactor.call_at(far, large.act))
    del large
    assert not gone
    assert len(reactor._timers) < 500
    reactor.cancel(kept)


def test_a_time_that_is_very_far_away_does_no_harm(reactor: Reactor) -> None:
    reactor.call_at(float("inf"), nothing)
    flush(reactor)
    flush(reactor)


def test_an_action_that_fails_stops_no_other(
    reactor: Reactor, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("once")

    reactor.call(fail)
    flush(reactor)
    assert "once" in caplog.text
