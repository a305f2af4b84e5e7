from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import pytest

from igtl.net.lanes import Lanes
from tests.net.waiting import PATIENCE, eventually

NAME = "lanes under test"


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What waits for it is let go in the end."""
    made = threading.Event()
    yield made
    made.set()


def make(threads: int = 32, waiting: int = 100, total: int = 10_000, size: int = 1000) -> Lanes:
    return Lanes(NAME, threads=threads, waiting=waiting, total=total, size=size)


def nothing() -> None:
    """Do nothing."""


def threads_alive() -> int:
    return sum(one.name == NAME for one in threading.enumerate())


def occupy(lanes: Lanes, lane: str, gate: threading.Event) -> None:
    """Have a thread wait for the gate; returns when it does."""
    begun = threading.Event()

    def work() -> None:
        begun.set()
        gate.wait(PATIENCE)

    assert lanes.submit(lane, work)
    assert begun.wait(PATIENCE)


def test_actions_of_one_lane_run_in_order_and_never_at_once() -> None:
    lanes, alone, done = make(waiting=1000), threading.Lock(), list[int]()

    def work(number: int) -> None:
        assert alone.acquire(blocking=False)
        done.append(number)
        alone.release()

    for number in range(1000):
        assert lanes.submit("A", partial(work, number))
    eventually(lambda: len(done) == 1000)
    assert done == [*range(1000)]
    lanes.close()


def test_lanes_run_side_by_side(gate: threading.Event) -> None:
    lanes = make()
    together = threading.Barrier(5)

    def meet() -> None:
        together.wait(PATIENCE)

    for lane in range(4):
        assert lanes.submit(lane, meet)
    together.wait(PATIENCE)  # broken, were one of them not running
    lanes.close()


def test_many_lanes_share_few_threads_and_each_keeps_its_order() -> None:
    eventually(lambda: threads_alive() == 0)  # those of the test before have ended
    lanes, done = make(threads=3), defaultdict[int, list[int]](list)
    for number in range(50):
        for lane in range(20):
            assert lanes.submit(lane, partial(done[lane].append, number))
            assert threads_alive() <= 3
    eventually(lambda: sum(map(len, done.values())) == 1000)
    assert all(numbers == [*range(50)] for numbers in done.values())
    lanes.close()


def test_an_action_may_submit_another() -> None:
    lanes, done = make(), threading.Event()

    def again() -> None:
        assert lanes.submit("A", done.set)

    assert lanes.submit("A", again)
    assert done.wait(PATIENCE)
    lanes.close()


def test_an_action_that_raises_is_logged_and_its_lane_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lanes, done = make(), threading.Event()

    def fail(error: BaseException) -> None:
        raise error

    assert lanes.submit("A", partial(fail, ValueError("once")))
    assert lanes.submit("A", partial(fail, SystemExit(1)))
    assert lanes.submit("A", done.set)
    assert done.wait(PATIENCE)
    assert "once" in caplog.text
    lanes.close()


def test_when_all_threads_are_stuck_the_others_wait(gate: threading.Event) -> None:
    lanes, done = make(threads=2), threading.Event()
    occupy(lanes, "A", gate)
    occupy(lanes, "B", gate)
    assert lanes.submit("C", done.set)
    assert not done.is_set()
    gate.set()
    assert done.wait(PATIENCE)
    lanes.close()


def test_what_waits_in_a_lane_has_a_bound(gate: threading.Event) -> None:
    lanes = make(waiting=3)
    occupy(lanes, "A", gate)
    assert [lanes.submit("A", gate.set) for _ in range(5)] == [True] * 3 + [False] * 2
    assert lanes.submit("B", gate.set)
    lanes.close()


def test_what_waits_in_all_lanes_has_a_bound(gate: threading.Event) -> None:
    lanes = make(threads=1, total=4)
    occupy(lanes, "A", gate)
    assert [lanes.submit(lane, nothing) for lane in range(6)] == [True] * 4 + [False] * 2
    gate.set()
    eventually(lambda: lanes.submit("A", nothing))
    lanes.close()


def test_the_size_of_what_waits_has_a_bound_but_for_one_alone(gate: threading.Event) -> None:
    lanes = make(threads=1, size=1000)
    occupy(lanes, "A", gate)
    assert lanes.submit("A", nothing, 5000)
    assert not lanes.submit("B", nothing, 1)
    gate.set()
    eventually(lambda: lanes.submit("B", nothing, 600))
    lanes.close()


def test_what_has_run_takes_no_size_any_more(gate: threading.Event) -> None:
    lanes, done = make(threads=1, size=1000), threading.Event()
    for _ in range(3):
        assert lanes.submit("A", done.set, 900)
        assert done.wait(PATIENCE)
        done.clear()
    occupy(lanes, "A", gate)
    assert [lanes.submit("A", nothing, 500) for _ in range(3)] == [True, True, False]
    lanes.close()


def test_closing_starts_nothing_more_and_waits_for_nobody(gate: threading.Event) -> None:
    lanes, done = make(threads=1), threading.Event()
    occupy(lanes, "A", gate)
    assert lanes.submit("A", done.set)
    assert lanes.submit("B", done.set)
    lanes.close()
    assert lanes.closed
    assert not lanes.submit("C", done.set)
    gate.set()
    eventually(lambda: threads_alive() == 0)
    assert not done.is_set()


def test_a_thread_that_has_nothing_to_do_is_used_again() -> None:
    lanes, seen = make(), set[int]()

    def work(done: threading.Event) -> None:
        seen.add(threading.get_ident())
        done.set()

    for _ in range(20):
        done = threading.Event()
        assert lanes.submit("A", partial(work, done))
        assert done.wait(PATIENCE)
    assert len(seen) <= 2  # the next may come before the first looks for more
    lanes.close()


def test_submitting_from_many_threads_loses_nothing() -> None:
    lanes, done = make(threads=4, waiting=10_000), list[int]()

    def submit(lane: int) -> None:
        for number in range(500):
            assert lanes.submit(lane, partial(done.append, number))

    senders = [threading.Thread(target=submit, args=(lane,)) for lane in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(PATIENCE)
    eventually(lambda: len(done) == 3000)
    lanes.close()


def test_a_busy_lane_waits_until_it_is_resumed_and_keeps_nobody_else() -> None:
    busy, done = {"A"}, list[str]()
    lanes = Lanes(NAME, busy=busy.__contains__)
    for _ in range(3):
        assert lanes.submit("A", partial(done.append, "A"))
    assert lanes.submit("B", partial(done.append, "B"))
    eventually(lambda: done == ["B"])
    lanes.resume("B")  # was never busy
    busy.clear()
    lanes.resume("A")
    eventually(lambda: done == ["B", "A", "A", "A"])
    lanes.close()


def test_a_lane_that_gets_busy_stops_behind_the_action_at_work(gate: threading.Event) -> None:
    busy, done = set[str](), list[int]()
    lanes = Lanes(NAME, busy=busy.__contains__)
    occupy(lanes, "A", gate)
    assert lanes.submit("A", partial(done.append, 1))
    busy.add("A")
    gate.set()
    assert lanes.submit("B", partial(done.append, 2))
    eventually(lambda: done == [2])
    busy.clear()
    lanes.resume("A")
    eventually(lambda: done == [2, 1])
    lanes.close()
