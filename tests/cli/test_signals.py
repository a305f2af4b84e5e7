from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from igtl.cli.signals import terminable, undisturbed
from tests.net.waiting import linux_only

NUMBERS = [signal.SIGTERM, signal.SIGHUP]


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@linux_only
@pytest.mark.parametrize("number", NUMBERS)
def test_others_do_not_disturb_at_once_what_the_first_one_closes(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in NUMBERS]
    closed = []

    @terminable(now=lambda: 0.0)
    def work() -> None:
        try:
            send(number)
        finally:
            for one in NUMBERS:
                send(one)
                closed.append(one)

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 128 + number
    assert closed == NUMBERS
    assert [signal.getsignal(one) for one in NUMBERS] == before


@linux_only
def test_what_does_not_end_is_ended_by_another_one_later() -> None:
    closed, clock = [], [0.0]

    @terminable(now=lambda: clock[0])
    def work() -> None:
        try:
            send(signal.SIGHUP)
        finally:
            clock[0] += 2.0
            send(signal.SIGTERM)
            closed.append("all")

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 143
    assert closed == []


@linux_only
def test_one_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminable():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, *NUMBERS])
def test_what_is_begun_is_noted_before_it_is_ended(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in NUMBERS]
    noted = []

    @terminable()
    def work() -> None:
        try:
            with undisturbed():
                send(number)
                noted.append("begun")
        finally:
            noted.append("ended")

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        work()
    assert noted == ["begun", "ended"]
    assert [signal.getsignal(one) for one in NUMBERS] == before


def test_other_threads_get_no_signals() -> None:
    def work() -> str:
        with terminable(), undisturbed():
            return "done"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == "done"
