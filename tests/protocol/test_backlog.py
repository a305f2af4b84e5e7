"""Frames that wait: full in time, emptied an eighth at once, counted when dropped."""

from __future__ import annotations

import pytest

import igtl
from igtl.codec.frame import HEADER_SIZE, Frame, parse
from igtl.protocol.backlog import Backlog
from igtl.protocol.counters import Counters
from tests.codec.wire import packet


def frame(size: int = 0) -> Frame:
    return parse(packet("ODD", bytes(size)))


def fill(backlog: Backlog, count: int, size: int = 0) -> None:
    for _ in range(count):
        backlog.extend((frame(size),), HEADER_SIZE + size)


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(Counters(), max_frames=16, max_bytes=16_000)


def test_in_order() -> None:
    backlog = Backlog(Counters())
    for text in "abc":
        one = parse(igtl.encode(igtl.String(text)))
        backlog.extend((one,), len(one.to_bytes()))
    assert [backlog.take() for _ in "abc"] == [igtl.String(text) for text in "abc"]
    with pytest.raises(IndexError):
        backlog.take()


def test_malformed_is_counted_and_out_of_the_way(backlog: Backlog) -> None:
    backlog.extend((parse(packet("TRANSFORM", bytes(47))), frame()), 163)
    with pytest.raises(igtl.DecodeError):
        backlog.take()
    assert backlog.take().wire_type == "ODD"
    assert backlog.counters.errors == 1


def test_full_until_an_eighth_is_taken(backlog: Backlog) -> None:
    fill(backlog, 15)
    assert backlog.full is False
    fill(backlog, 1)
    full = []
    for _ in range(3):
        full.append(backlog.full)
        backlog.frames.popleft()
    assert full == [True, True, False]


def test_full_of_bytes(backlog: Backlog) -> None:
    full = []
    for _ in range(4):
        fill(backlog, 1, 5000)
        full.append(backlog.full)
    assert full == [False, False, False, True]
    backlog.frames.popleft()
    assert not backlog.full


def test_what_was_taken_counts_no_more(backlog: Backlog) -> None:
    for _ in range(20):
        fill(backlog, 1, 5000)
        backlog.frames.popleft()
        fill(backlog, 1, 5000)
        assert not backlog.full
        backlog.frames.popleft()


def test_one_may_be_larger_than_all_may_be(backlog: Backlog) -> None:
    fill(backlog, 1, 100_000)
    assert backlog.full is True
    assert backlog.drop_oldest() == 0
    assert len(backlog.frames) == 1
    backlog.frames.popleft()
    assert not backlog.full


@pytest.mark.parametrize(("count", "size", "left"), [(16, 0, 14), (40, 0, 14), (5, 5000, 2)])
def test_the_oldest_are_dropped(backlog: Backlog, count: int, size: int, left: int) -> None:
    fill(backlog, count, size)
    newest = backlog.frames[-1]
    assert backlog.drop_oldest() == backlog.counters.dropped == count - left
    assert len(backlog.frames) == left
    assert backlog.frames[-1] is newest
    assert not backlog.full


def test_room_that_one_large_message_leaves(backlog: Backlog) -> None:
    fill(backlog, 1, 15_000)
    fill(backlog, 8, 100)
    assert backlog.drop_oldest() == 1
    assert not backlog.full


def test_nothing_is_dropped_before(backlog: Backlog) -> None:
    fill(backlog, 15)
    assert backlog.drop_oldest() == backlog.counters.dropped == 0
