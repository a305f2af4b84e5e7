from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator, Sequence

import pytest

import igtl
from igtl.cli.stage import Stage, next_tick
from tests.net.waiting import PATIENCE, eventually


class Counting:
    """A source that tells which tick it was asked for."""

    name = "counting"

    def __init__(self, rate: float, device_name: str = "Count") -> None:
        self.rate, self.device_name = rate, device_name

    def messages(self, time_s: float) -> Sequence[igtl.Message]:
        return (igtl.String(f"{time_s * self.rate:.6f}", device_name=self.device_name),)


class Failing(Counting):
    def messages(self, time_s: float) -> Sequence[igtl.Message]:
        raise RuntimeError("the scanner is on fire")


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(port=0) as server:
        yield server


def ticks(link: igtl.Client, count: int) -> list[int]:
    found = []
    for message in link:
        assert isinstance(message, igtl.String)
        assert message.text.endswith(".000000")
        found.append(int(float(message.text)))
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize(
    ("tick", "rate", "elapsed_s", "following"),
    [
        (0, 10, 0.0, 1),
        (0, 10, 0.5, 1),  # late, but caught up with
        (4, 10, 1.49, 5),
        (4, 10, 1.6, 16),  # too late: straight to what is due
        (4, 0.5, 11.9, 5),
        (4, 0.5, 13.1, 6),
        (99, 1000, 60.0, 60000),
    ],
)
def test_late_ticks_are_caught_up_with_but_not_without_end(
    tick: int, rate: float, elapsed_s: float, following: int
) -> None:
    assert next_tick(tick, rate, elapsed_s) == following


def test_no_tick_is_left_out(server: igtl.Server) -> None:
    with Stage(server, [Counting(500)], print), igtl.connect(server.endpoint) as link:
        assert ticks(link, 200) == list(range(200))


def test_who_comes_later_joins_in_and_who_comes_alone_begins_anew(server: igtl.Server) -> None:
    with Stage(server, [Counting(200)], print):
        with igtl.connect(server.endpoint) as first:
            assert ticks(first, 10) == list(range(10))
            with igtl.connect(server.endpoint) as second:
                assert ticks(second, 1)[0] >= 5
        eventually(lambda: not server.clients)
        with igtl.connect(server.endpoint) as third:
            assert ticks(third, 3) == [0, 1, 2]


def test_sources_have_paces_of_their_own(server: igtl.Server) -> None:
    sources = [Counting(300, "fast"), Counting(30, "slow")]
    with Stage(server, sources, print), igtl.connect(server.endpoint) as link:
        names = [message.device_name for message, _ in zip(link, range(600), strict=False)]
    assert 15 <= names.count("slow") <= 150  # 54, but for a thread that is late


class Uneven(Counting):
    """A source that says itself when it wants to be asked."""

    def __init__(self, dues: Sequence[float]) -> None:
        super().__init__(1000.0)
        self._dues = dues
        self.asked: list[float] = []

    def messages(self, time_s: float) -> Sequence[igtl.Message]:
        if time_s == 0:
            self._left = iter(self._dues)
        self.asked.append(time_s)
        return (igtl.String(f"{len(self.asked)}", device_name="Count"),)

    def next_time(self) -> float:
        return next(self._left, 3600.0)


def test_a_source_may_say_itself_when_it_is_asked(server: igtl.Server) -> None:
    dues = [0.05, 0.05, 0.2]
    source = Uneven(dues)
    given: queue.SimpleQueue[igtl.Message] = queue.SimpleQueue()
    with Stage(server, [source], print, given.put):
        for _ in range(2):
            with igtl.connect(server.endpoint):
                for _ in range(4):
                    given.get(timeout=PATIENCE)
            eventually(lambda: not server.clients)
    assert len(source.asked) == 8
    for asked in (source.asked[:4], source.asked[4:]):
        assert asked[0] == 0.0
        for due, when in zip(dues, asked[1:], strict=True):
            assert due <= when < due + PATIENCE


def test_a_source_that_fails_is_reported(server: igtl.Server) -> None:
    reports: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    with Stage(server, [Failing(100)], reports.put), igtl.connect(server.endpoint):
        assert str(reports.get(timeout=PATIENCE)) == "the scanner is on fire"


def test_a_source_that_is_too_slow_is_reported_once_and_leaves_out_ticks(
    server: igtl.Server,
) -> None:
    reports: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    with Stage(server, [Counting(1e7)], reports.put), igtl.connect(server.endpoint) as link:
        warning = reports.get(timeout=20)
        assert isinstance(warning, RuntimeWarning)
        assert str(warning).startswith("counting cannot keep up with 1e+07 ticks per second")
        found = ticks(link, 5000)
    assert found == sorted(found)
    assert reports.empty()


def test_a_stage_without_an_audience_ends(server: igtl.Server) -> None:
    asked = []

    class Watched(Counting):
        def messages(self, time_s: float) -> Sequence[igtl.Message]:
            asked.append(time_s)
            return ()

    with Stage(server, [Watched(1000)], print):
        pass
    assert asked == []


def test_closing_waits_for_the_sources_however_often_ctrl_c_strikes(server: igtl.Server) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    class Slow(Counting):
        def messages(self, time_s: float) -> Sequence[igtl.Message]:
            begun.set()
            goes_on.wait()
            return ()

    stage = Stage(server, [Slow(10)], print)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with igtl.connect(server.endpoint):
            assert begun.wait(PATIENCE)
            for _ in range(2):  # threading's own `join` would not wait the second time
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(KeyboardInterrupt):
                    stage.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        goes_on.set()
    stage.close()


def test_messages_go_where_it_is_told(server: igtl.Server) -> None:
    given = queue.SimpleQueue[igtl.Message]()
    with Stage(server, [Counting(500)], print, given.put), igtl.connect(server.endpoint) as link:
        found = [given.get(timeout=PATIENCE) for _ in range(3)]
        with pytest.raises(igtl.TimeoutError):
            link.receive(timeout=0.05)
    assert [getattr(message, "text", "") for message in found] == [
        f"{number}.000000" for number in range(3)
    ]
