from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType

import igtl
from igtl.codec.frame import parse
from igtl.recording.check import check
from igtl.recording.entry import Entry
from igtl.recording.intervals import Gathered, Intervals
from igtl.recording.recording import read
from igtl.recording.survey import Survey, survey
from igtl.recording.writer import FileWriter
from tests.recording.large import FIRST_NS, write_large
from tests.recording.stock import MIXED, START, Item, Note, write_stock

MS = 1_000_000


def probe(at_ms: float, number: int = 0) -> Item:
    matrix = np.eye(4)
    matrix[0, 3] = number
    data = igtl.encode(igtl.Transform(matrix, device_name="Probe"))
    return Item(START + round(at_ms * MS), "tracker", data)


def picture(at_ms: float, size: tuple[int, int], spacing: float = 1.0) -> Item:
    image = igtl.Image(np.zeros(size, np.uint8), spacing=spacing, device_name="US")
    return Item(START + round(at_ms * MS), "scanner", igtl.encode(image))


def surveyed(path: Path) -> Survey:
    with read(path) as recording:
        return survey(recording)


def test_streams_with_values_by_hand(tmp_path: Path) -> None:
    arrivals = [*range(0, 1000, 10), *range(1500, 2000, 10)]  # 10 ms apart, and 510 ms once
    items = [probe(at, number) for number, at in enumerate(arrivals)]
    items += [picture(200, (4, 6), 0.5), picture(900, (8, 6), 0.5)]
    items.sort(key=lambda item: item.time_ns)
    found = surveyed(write_stock(tmp_path / "a.mcap", items, chunk_size=3000))
    assert (found.messages, found.duration, found.start_ns) == (152, 1.99, START)
    assert (found.complete, found.size, found.library[:5]) == (
        *(True, (tmp_path / "a.mcap").stat().st_size),
        "stock",
    )
    tracked, images = found.streams
    assert (tracked.connection, tracked.wire_type, tracked.device_name) == (
        *("tracker", "TRANSFORM"),
        "Probe",
    )
    assert (tracked.messages, tracked.bytes) == (150, 150 * 106)
    assert (tracked.start, tracked.end, tracked.versions) == (0, 1.99, (1,))
    assert tracked.rate == pytest.approx(149 / 1.99)
    assert tracked.intervals is not None
    assert tracked.intervals.mean == pytest.approx(1.99 / 149)
    assert tracked.intervals.std == pytest.approx(0.5 / 149 * 148**0.5)
    assert (tracked.intervals.median, tracked.intervals.p99) == (0.01, 0.01)
    assert (tracked.intervals.longest, tracked.intervals.gaps) == (0.51, 1)
    assert (tracked.gap_start, tracked.intervals.count) == (0.99, 149)
    assert isinstance(tracked.last, igtl.Transform)
    assert tracked.last.matrix[0, 3] == 149
    assert (images.messages, images.start, images.end, images.rate) == (2, 0.2, 0.9, 1 / 0.7)
    assert isinstance(images.first, igtl.Image)
    assert isinstance(images.last, igtl.Image)
    assert (images.first.size, images.last.size) == ((6, 4, 1), (6, 8, 1))


@pytest.mark.parametrize("compression", list(CompressionType))
@pytest.mark.parametrize("options", [{}, {"use_chunking": False}, {"chunk_size": 900}])
def test_all_forms_of_files_look_alike(
    compression: CompressionType, options: dict[str, int], tmp_path: Path
) -> None:
    plain = surveyed(write_stock(tmp_path / "a.mcap", MIXED))
    other = surveyed(write_stock(tmp_path / "b.mcap", MIXED, compression, **options))
    assert len(plain.streams) == 12
    for one, same in zip(plain.streams, other.streams, strict=True):
        names = one.connection, one.wire_type, one.device_name, one.versions
        assert names == (same.connection, same.wire_type, same.device_name, same.versions)
        times = one.messages, one.start, one.end, one.rate, one.gap_start
        assert times == (same.messages, same.start, same.end, same.rate, same.gap_start)
        assert (one.first, one.last) == (same.first, same.last)
        assert one.intervals is not None
        assert same.intervals is not None
        assert astuple(one.intervals) == pytest.approx(astuple(same.intervals))
    assert {one.versions for one in plain.streams} >= {(1, 2), (1,), (2,)}


def test_one_message_has_no_rate(tmp_path: Path) -> None:
    (stream,) = surveyed(write_stock(tmp_path / "a.mcap", [probe(5)])).streams
    assert (stream.rate, stream.intervals, stream.start, stream.gap_start) == (None, None, 0, 0)
    assert stream.first == stream.last


def test_what_the_recorder_noted(tmp_path: Path) -> None:
    notes = [
        Note(START + 2, {"event": "dropped", "connection": "", "count": 3}),
        Note(START + 3, {"event": "dropped", "connection": "", "count": 4}),
        Note(START + 3, {"event": "skipped", "connection": "t", "count": 5}),
        Note(START + 3, {"event": "checksum", "connection": "t", "count": 6}),
        Note(START + 3, {"event": "lost", "connection": "t", "text": "reset"}),
        Note(START + 3, {"event": "dropped", "connection": "", "count": float("inf")}),  # no JSON
    ]
    found = surveyed(write_stock(tmp_path / "a.mcap", [probe(0), *notes]))
    assert (found.dropped, found.skipped, found.checksum_errors) == (7, 5, 6)
    assert [event.event for event in found.events][-1] == "lost"


def test_messages_that_are_not_valid(tmp_path: Path) -> None:
    good = probe(0)
    bad = good._replace(data=good.data[:-1] + b"\x01", time_ns=START + MS)
    (stream,) = surveyed(write_stock(tmp_path / "a.mcap", [good, bad])).streams
    assert (stream.first, stream.last) == (igtl.decode(good.data), None)


def test_a_check_finds_wrong_checksums_and_missing_numbers(tmp_path: Path) -> None:
    items = [probe(i * 10, i) for i in range(50)]
    items[7] = items[7]._replace(data=items[7].data[:-1] + b"\x01")
    with FileWriter(tmp_path / "a.mcap", chunk_size=2000) as writer:
        for number, item in enumerate(items):
            entry = Entry(item.time_ns, item.connection, parse(item.data))
            writer.add(entry, sequence=number + 5 * (number >= 20))
    seen: list[int] = []
    with read(tmp_path / "a.mcap") as recording:
        found = check(recording, lambda so_far: seen.append(so_far.messages))
        assert (found.messages, found.bytes) == (50, 50 * 106)
        assert found.wrong == {("tracker", "TRANSFORM", "Probe"): 1}
        assert (found.checksum_errors, found.missing) == (1, 5)
        assert seen == sorted(seen)
        assert len(seen) > 2
        assert survey(recording).checksum_errors == 1


def test_a_check_of_messages_that_are_not_numbered_misses_none(tmp_path: Path) -> None:
    with FileWriter(tmp_path / "a.mcap") as writer:
        for item in MIXED:
            writer.add(Entry(item.time_ns, item.connection, parse(item.data)), sequence=0)
    with read(tmp_path / "a.mcap") as recording:
        assert check(recording, lambda _: None).missing == 0


def test_a_check_finds_damage(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED, chunk_size=1500)
    data = bytearray(path.read_bytes())
    at = data.index(MIXED[100].data) + 70
    data[at : at + 3] = b"???"
    path.write_bytes(data)
    with read(path) as recording:
        assert check(recording, lambda _: None).messages == 199
        assert (survey(recording).lost, survey(recording).messages) == (1, 199)


def test_the_bytes_of_what_is_lost_are_nobodys(tmp_path: Path) -> None:
    items = [probe(0), probe(1), picture(2, (40, 50)), probe(3), picture(4, (40, 50))]
    path = write_stock(tmp_path / "a.mcap", [picture(-1, (4, 5)), *items])
    data = bytearray(path.read_bytes())
    at = data.index(items[2].data) + 70
    data[at : at + 3] = b"???"
    path.write_bytes(data)
    with read(path) as recording:
        check(recording, lambda _: None)
        sizes = {one.device_name: (one.messages, one.bytes) for one in survey(recording).streams}
    small = len(picture(0, (4, 5)).data)
    assert sizes == {"Probe": (3, 3 * 106), "US": (2, small + len(items[4].data))}


steps = st.one_of(
    st.integers(0, 100),
    st.integers(0, 10**6),
    st.sampled_from([0, 10**7, 10**7 + 1, 10**12]),
)


@given(steps=st.lists(steps, min_size=1, max_size=300), cuts=st.lists(st.integers(0, 300)))
def test_intervals_are_what_numpy_says(steps: list[int], cuts: list[int]) -> None:
    times = START + np.cumsum([0, *steps]).astype(np.uint64)
    gathered = Gathered()
    for part in np.split(times, sorted(cuts)):
        gathered.add(part)
    found = gathered.result(5)
    assert found is not None
    expected = np.array(steps, np.float64)
    order = np.sort(expected)
    assert found.count == len(steps)
    assert found.mean == pytest.approx(expected.mean() / 1e9)
    assert found.std == pytest.approx(expected.std() / 1e9, rel=1e-6, abs=1e-12)
    assert found.median == order[int(0.5 * (len(order) - 1))] / 1e9
    assert found.p99 == order[int(0.99 * (len(order) - 1))] / 1e9
    assert found.longest == expected.max() / 1e9
    assert found.longest_at_ns == times[expected.argmax()]
    assert found.gaps == (expected > 5 * found.median * 1e9).sum()


def test_many_intervals_take_little_memory_and_are_nearly_as_good() -> None:
    generator = np.random.default_rng(1)
    steps = (generator.lognormal(16, 0.5, 50_000)).astype(np.uint64)
    times = np.cumsum(steps)
    gathered = Gathered()
    for part in np.array_split(times, 60):
        gathered.add(part)
    found = gathered.result(5)
    assert found is not None
    rest = np.sort(np.diff(times).astype(np.float64)) / 1e9
    assert found.std == pytest.approx(rest.std())
    assert found.median == pytest.approx(np.median(rest), rel=0.005)
    assert found.p99 == pytest.approx(np.quantile(rest, 0.99), rel=0.005)
    assert found.longest == rest[-1]
    assert found.gaps == pytest.approx((rest > 5 * np.median(rest)).sum(), rel=0.05, abs=2)


def test_too_few_arrivals() -> None:
    gathered = Gathered()
    gathered.add(np.empty(0, np.uint64))
    assert gathered.result(5) is None
    gathered.add(np.array([7], np.uint64))
    assert gathered.result(5) is None
    gathered.add(np.array([7], np.uint64))
    assert gathered.result(5) == Intervals(1, 0, 0, 0, 0, 0, 7, 0)


def test_the_stock_reader_reads_the_large_recording(tmp_path: Path) -> None:
    write_large(tmp_path / "a.mcap", 40_000)
    with (tmp_path / "a.mcap").open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert (summary.statistics.message_count, len(summary.chunk_indexes)) == (40_000, 2)
        times = [message.log_time for _, _, message in reader.iter_messages()]
    assert times == list(range(FIRST_NS, FIRST_NS + 40_000 * MS, MS))


def test_a_large_recording(tmp_path: Path) -> None:
    write_large(tmp_path / "a.mcap", 100_000)
    with read(tmp_path / "a.mcap") as recording:
        (stream,) = survey(recording).streams
        assert (stream.messages, stream.rate) == (100_000, 1000.0)
        assert stream.intervals == Intervals(99_999, 0.001, 0, 0.001, 0.001, 0.001, FIRST_NS, 0)
        columns = recording[50:50.003].columns(igtl.Transform)
        assert columns["matrix"][:, 0, 3].tolist() == [n % 4096 / 16 for n in range(50_000, 50_003)]
        assert [igtl.encode(one)[:34] for one in recording[:0.001]] == [
            b"\0\x01" + b"TRANSFORM".ljust(12, b"\0") + b"Probe".ljust(20, b"\0")
        ]
        assert check(recording, lambda _: None).messages == 100_000
