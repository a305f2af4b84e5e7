from __future__ import annotations

from itertools import dropwhile

import pytest

import igtl
from igtl.codec.frame import Frame, parse
from igtl.viewer.row import Row
from igtl.viewer.statistics import Statistics
from tests.cli.arrival import arrival_of, malformed

NOTE = igtl.String("x" * 38, device_name="Note")  # 100 bytes


def frame_of(message: igtl.Message) -> Frame:
    return parse(igtl.encode(message))


def row_after(*times: float, message: igtl.Message = NOTE) -> Row:
    row = Row("STRING", "Note", times[0])
    for now in times:
        row.count(frame_of(message), now)
    return row


def test_a_steady_device() -> None:
    row = row_after(*(number / 50 for number in range(501)))  # 0 to 10 s
    assert (row.messages, row.bytes) == (501, 50100)
    assert row.rate(10) == pytest.approx(50)
    assert row.bandwidth(10) == pytest.approx(5000)
    assert row.age(10.25) == 0.25


def test_a_slow_device() -> None:
    row = row_after(0, 10, 20, 30)
    assert row.rate(35) == pytest.approx(0.1)


def test_the_rate_is_that_of_late() -> None:
    slow = [float(second) for second in range(10)]
    fast = [10 + number / 100 for number in range(1000)]
    assert row_after(*slow, *fast).rate(20) == pytest.approx(100)


def test_a_device_that_fell_silent_has_no_rate_any_more() -> None:
    row = row_after(*(number / 10 for number in range(20)))
    assert row.rate(2) == pytest.approx(10)
    assert row.rate(4) == row.bandwidth(4) == 0


@pytest.mark.parametrize("times", [(1.0,), (1.0, 1.0, 1.001)])
def test_too_little_gives_no_rate(times: tuple[float, ...]) -> None:
    assert row_after(*times).rate(1.1) == 0


@pytest.mark.parametrize(
    ("every", "burst"), [(0.02, 8), (0.02, 1), (0.1, 3), (1.0, 1), (1.0, 2), (3.0, 2)]
)
def test_a_rate_is_told_once_it_is_known(every: float, burst: int) -> None:
    waited = [number * 0.01 for number in range(burst)]  # what came along with the connection
    row = row_after(*waited)
    rates = []
    for number in range(1, 12 + int(3 / every)):
        now = waited[-1] + 0.12 + every * (number - 1)
        row.count(frame_of(NOTE), now)
        rates.append((row.rate(now), row.bandwidth(now)))
    known = list(dropwhile(lambda rate: rate == (0, 0), rates))
    assert len(known) > 5
    assert known == [pytest.approx((1 / every, 100 / every))] * len(known)


def test_after_a_break_the_rate_is_that_of_late_as_well() -> None:
    row = row_after(*(number + late for number in range(0, 50, 10) for late in (0, 0.15)))
    assert row.rate(40.15) == pytest.approx(0.2)


def drops(*ids: int) -> int | None:
    row = Row("STRING", "Note", 0)
    for number in ids:
        row.count(frame_of(NOTE.replace(message_id=number)), 0)
    return row.drops


def test_gaps_in_the_ids_of_a_device_that_numbers_its_messages_are_drops() -> None:
    assert drops(5, 6, 7, 8) == 0
    assert drops(5, 6, 7, 8, 11, 12) == 2
    assert drops(5, 6, 7, 8, 11, 12, 15) == 4


@pytest.mark.parametrize("ids", [(0, 0, 0, 0), (1, 3, 5, 7, 9), (1, 2), (4, 4, 4, 4, 4)])
def test_without_numbers_there_is_nothing_to_say_of_drops(ids: tuple[int, ...]) -> None:
    assert drops(*ids) is None


def test_numbers_that_begin_anew_are_no_drops() -> None:
    assert drops(5, 6, 7, 8, 1, 2, 3, 4, 5) == 0


def test_one_row_for_each_type_of_each_device_in_order() -> None:
    statistics = Statistics()
    other = igtl.Status(device_name="Note")
    for arrival in (arrival_of(NOTE), arrival_of(other), malformed(NOTE)):
        statistics.count(arrival.frame, 1).take(arrival.message)
    assert [(row.wire_type, row.messages, row.errors) for row in statistics] == [
        ("STRING", 2, 1),
        ("STATUS", 1, 0),
    ]
    assert (statistics.messages, statistics.errors) == (3, 1)
    assert statistics.bytes == 200 + len(igtl.encode(other))


def test_devices_without_end_take_memory_with_an_end() -> None:
    statistics = Statistics()
    for number in range(1500):
        statistics.count(frame_of(igtl.Status(device_name=str(number))), 1)
    assert len(statistics) == 1001
    assert [(row.device_name, row.messages) for row in statistics][-1] == ("(others)", 500)


def test_the_mean_rate_is_that_of_the_whole_time() -> None:
    assert row_after(0, 1, 2, 4).mean_rate == pytest.approx(0.75)
    assert row_after(5).mean_rate is None
    assert row_after(5, 5.001).mean_rate is None


def test_header_versions_and_metadata_keys_are_noted() -> None:
    row = row_after(0)
    for number in range(100):
        row.count(frame_of(NOTE.replace(metadata={f"k{number}": "", "same": ""})), 1)
        row.look()
    assert row.versions == {1, 2}
    assert list(row.metadata_keys)[:3] == ["k0", "same", "k1"]
    assert len(row.metadata_keys) == 50


def test_of_metadata_keys_without_end_the_first_are_noted() -> None:
    many = {str(number): "" for number in range(60)}
    row = row_after(0, message=igtl.String("x", metadata={"a": "", "b": ""}))
    row.look()
    row.count(frame_of(igtl.String("x", metadata=many)), 1)
    row.look()
    assert list(row.metadata_keys) == ["a", "b", *map(str, range(48))]
