from __future__ import annotations

import gc
import math
import struct
import threading
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType

import igtl
from igtl.codec.frame import HEADER_SIZE, Frame, parse
from igtl.errors import ChecksumError, RecordingError
from igtl.recording.entry import Entry
from igtl.recording.recording import Recording, read
from igtl.recording.writer import FileWriter
from tests.recording.stock import MIXED, START, Item, write_stock


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mixed messages in small chunks."""
    return write_stock(tmp_path_factory.mktemp("recording") / "a.mcap", MIXED, chunk_size=1500)


@pytest.fixture(scope="module")
def whole(file: Path) -> Iterator[Recording]:
    """For those that read it many times."""
    with read(file) as one:
        yield one


@pytest.fixture
def recording(file: Path) -> Iterator[Recording]:
    with read(file) as one:
        yield one


def items_of(recording: Recording) -> list[Item]:
    return [Item(e.time_ns, e.connection, e.frame.to_bytes()) for e in recording.entries()]


def test_messages_frames_and_entries(recording: Recording) -> None:
    assert items_of(recording) == list(MIXED)
    assert [frame.to_bytes() for frame in recording.frames()] == [item.data for item in MIXED]
    assert [igtl.encode(message) for message in recording] == [item.data for item in MIXED]
    first = next(recording.entries())
    assert isinstance(first, Entry)
    assert isinstance(first.frame, Frame)
    assert isinstance(first.frame.body, bytes)
    assert (first.time, first.connection) == (1.7e9, "scanner:18944")
    assert isinstance(first.message, igtl.Transform)
    assert (first.message.timestamp, first.message.device_name) == (1000.0, "Probe")


def test_the_stock_reader_finds_the_same_in_what_we_write(tmp_path: Path) -> None:
    with FileWriter(tmp_path / "a.mcap", chunk_size=3000) as writer:
        for item in MIXED:
            writer.add(Entry(item.time_ns, item.connection, parse(item.data)))
    with (tmp_path / "a.mcap").open("rb") as stream, read(tmp_path / "a.mcap") as recording:
        theirs = [
            (message.log_time, channel.metadata["connection"], bytes(message.data))
            for _, channel, message in make_reader(stream).iter_messages()
        ]
        assert items_of(recording) == theirs == list(MIXED)


def test_what_there_is(recording: Recording) -> None:
    assert len(recording) == 200
    assert (recording.start_time, recording.end_time) == (1.7e9, 1.7e9 + 1.99)
    assert recording.duration == 1.99
    assert (recording.complete, recording.damage, recording.lost) == (True, (), 0)
    probes = [
        item
        for item in MIXED
        if item.data[2:11] == b"TRANSFORM"
        and item.data[14:19] == b"Probe"
        and item.connection == "tracker:18944"
    ]
    assert {item.data[1] for item in probes} == {1, 2}  # both versions of the header
    name = ("tracker:18944", "TRANSFORM", "Probe")
    (channel,) = (
        one
        for one in recording.channels
        if (one.connection, one.wire_type, one.device_name) == name
    )
    assert channel.count == len(probes)
    assert channel.bytes == sum(len(item.data) for item in probes)
    assert (channel.first_ns, channel.last_ns) == (probes[0].time_ns, probes[-1].time_ns)
    names = [(one.connection, one.wire_type, one.device_name) for one in recording.channels]
    assert len(names) == len(set(names)) == 12
    firsts = [one.first_ns for one in recording.channels]
    assert firsts == sorted(firsts)
    assert sum(one.bytes for one in recording.channels) == sum(len(one.data) for one in MIXED)


@pytest.mark.parametrize("compression", [CompressionType.LZ4, CompressionType.ZSTD])
def test_counts_of_compressed_files_come_from_their_indexes(
    compression: CompressionType, file: Path, tmp_path: Path
) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED, compression, chunk_size=1500)
    with read(path) as packed, read(file) as plain:
        assert len(packed) == 200
        found = [(one.device_name, one.count, one.first_ns) for one in packed.channels]
        assert found == [(one.device_name, one.count, one.first_ns) for one in plain.channels]


def test_an_empty_recording(tmp_path: Path) -> None:
    FileWriter(tmp_path / "a.mcap").close()
    with read(tmp_path / "a.mcap") as recording:
        assert (list(recording), len(recording), recording.channels) == ([], 0, ())
        assert (recording.duration, recording.start_time, recording.zero_ns) == (0, 0, 0)
        assert list(recording[1:2].frames()) == []
        assert recording


TYPES: dict[str | type[igtl.Message], tuple[str, ...]] = {
    igtl.Transform: ("TRANSFORM",),
    "TRANSFORM": ("TRANSFORM",),
    "*I*": ("STRING", "IMAGE", "POSITION"),
    igtl.Position: ("POSITION", "QTRANS"),
    "NOTHING": (),
}
DEVICES = ("Probe", "Log", "P*", "?o?", "*e*", "nobody")
CONNECTIONS = ("tracker:18944", "scanner*", "*", "x")
seconds = st.none() | st.integers(-20, 220).map(lambda i: i / 100)


@given(
    types=st.lists(st.sampled_from(list(TYPES)), max_size=2),
    devices=st.lists(st.sampled_from(DEVICES), max_size=2),
    connections=st.lists(st.sampled_from(CONNECTIONS), max_size=2),
    start=seconds,
    end=seconds,
    first=seconds,
    last=seconds,
)
def test_selecting_is_like_filtering_a_list(
    whole: Recording,
    types: list[str | type[igtl.Message]],
    devices: list[str],
    connections: list[str],
    start: float | None,
    end: float | None,
    first: float | None,
    last: float | None,
) -> None:
    def since(bound: float | None, otherwise: float) -> float:
        return otherwise if bound is None else bound + 1.99 * (bound < 0)

    def wanted(item: Item) -> bool:
        frame, time = parse(item.data), (item.time_ns - START) / 1e9
        return (
            (not types or any(frame.type_name in TYPES[one] for one in types))
            and (not devices or any(fnmatchcase(frame.device_name, one) for one in devices))
            and (not connections or any(fnmatchcase(item.connection, one) for one in connections))
            and (start is None or time >= start)
            and (end is None or time < end)
            and round(since(first, 0), 9) <= time < round(since(last, 10), 9)
        )

    expected = [item for item in MIXED if wanted(item)]
    found = whole.select(type=types, device=devices, connection=connections, start=start, end=end)
    found = found[first:last]
    assert (len(found), items_of(found)) == (len(expected), expected)
    assert sum(one.count for one in found.channels) == len(expected)
    assert sum(one.bytes for one in found.channels) == sum(len(one.data) for one in expected)
    if expected:
        assert found.start_time == expected[0].time_ns / 1e9
        assert found.duration == (expected[-1].time_ns - expected[0].time_ns) / 1e9


def test_seconds_count_from_the_start_of_the_whole_recording(recording: Recording) -> None:
    later = recording[1.0:]
    assert (later.start_time, len(later)) == (1.7e9 + 1, 100)
    assert items_of(later[1.5:1.6]) == items_of(recording[1.5:1.6])
    assert len(recording[1.5:1.6]) == 10
    assert len(recording[-0.095:]) == 10
    assert len(recording[0 : math.inf]) == 200


def test_every_message_by_its_time(recording: Recording) -> None:
    for number, item in enumerate(MIXED):
        assert items_of(recording[number / 100 : number / 100 + 0.001]) == [item]
        assert items_of(recording[number / 100 : number / 100]) == []


@pytest.mark.parametrize("span", [3, slice(0, 1, 2), "Probe"])
def test_only_slices_of_seconds_are_taken(recording: Recording, span: slice) -> None:
    with pytest.raises(TypeError, match="sliced by seconds"):
        recording[span]


def test_a_time_that_is_no_number(recording: Recording) -> None:
    with pytest.raises(RecordingError, match="not a number"):
        recording.select(start=math.nan)


def test_a_device_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    named = igtl.encode(igtl.String("x", device_name="Log[1]"))
    other = igtl.encode(igtl.String("x", device_name="Log1"))
    path = write_stock(tmp_path / "a.mcap", [Item(START, "c", named), Item(START, "c", other)])
    with read(path) as recording:
        assert len(recording.select(device="Log[1]")) == 2
        assert [item.data for item in items_of(recording.select(device="Log[[]1]"))] == [named]


def damaged(item: Item) -> Item:
    """The same with a wrong byte in its body, as a network may give it."""
    data = bytearray(item.data)
    data[-1] ^= 1
    return item._replace(data=bytes(data))


def test_a_message_that_came_with_a_wrong_checksum(tmp_path: Path) -> None:
    items = [*MIXED[:3], damaged(MIXED[3]), *MIXED[4:6]]
    with read(write_stock(tmp_path / "a.mcap", items)) as recording:
        assert items_of(recording) == items
        messages, times = iter(recording), []
        for number in range(6):
            if number == 3:
                with pytest.raises(ChecksumError):
                    next(messages)
            else:
                times.append(igtl.encode(next(messages)))
        assert list(messages) == []
        assert times == [item.data for item in (*MIXED[:3], *MIXED[4:6])]
        assert recording.damage == ()


def test_large_bodies_are_not_copied_and_outlive_the_recording(tmp_path: Path) -> None:
    pixels = np.arange(1 << 20, dtype=np.uint32).reshape(1024, 1024)
    image = igtl.encode(igtl.Image(pixels, device_name="US"))
    items = [Item(START + i, "c", image) for i in range(3)] + [Item(START + 9, "c", MIXED[0].data)]
    recording = read(write_stock(tmp_path / "a.mcap", items, chunk_size=1 << 23))
    frames = list(recording.frames())
    assert isinstance(frames[0].body, memoryview)
    assert frames[0].body.readonly
    first = next(iter(recording))
    assert isinstance(first, igtl.Image)
    view, body = first.pixels, frames[1].body
    columns = recording.columns(igtl.Transform)
    recording.close()
    del recording, first, frames
    gc.collect()
    assert np.array_equal(view[0], pixels)
    assert bytes(body) == image[HEADER_SIZE:]
    assert columns["matrix"].shape == (1, 4, 4)


def test_what_was_closed_says_so(file: Path) -> None:
    with read(file) as recording:
        part, going = recording[0.5:], recording.frames()
        next(going)
    for use in (recording.frames, part.entries, part.__iter__):
        with pytest.raises(RecordingError, match=r"a.mcap.*was closed"):
            next(use())
    with pytest.raises(RecordingError, match="was closed"):
        len(part)
    with pytest.raises(RecordingError, match="was closed"):
        list(going)
    recording.close()
    assert (recording.closed, part.closed) == (True, True)
    assert "a.mcap" in repr(part)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells")
def test_closing_lets_go_of_the_file(tmp_path: Path) -> None:
    file = write_stock(tmp_path / "a.mcap", MIXED, chunk_size=1500)
    recording = read(file)
    assert len(list(recording[0.1:])) == 190
    maps = Path("/proc/self/maps")
    assert str(file) in maps.read_text()
    recording.close()
    assert str(file) not in maps.read_text()


def test_several_files_are_one_recording(tmp_path: Path) -> None:
    bounds = [0, 70, 71, 150, 200]
    paths = [
        write_stock(tmp_path / f"a-{i}.mcap", MIXED[start:end], chunk_size=1500)
        for i, (start, end) in enumerate(pairwise(bounds))
    ]
    with read(*reversed(paths)) as recording:
        assert recording.paths == tuple(paths)
        assert items_of(recording) == list(MIXED)
        assert (len(recording), recording.duration) == (200, 1.99)
        assert len(recording.channels) == 12
        assert items_of(recording[0.65:0.75]) == list(MIXED[65:75])
    with pytest.raises(RecordingError, match="at least one"):
        read()
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(RecordingError, match="looks like text"):
        read(paths[0], tmp_path / "x.txt")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.mcap")


def test_what_glob_gives_is_read(tmp_path: Path) -> None:
    parts = MIXED[:70], MIXED[70:]
    for number, part in enumerate(parts):
        write_stock(tmp_path / f"a-{number}.mcap", part)
    with read(tmp_path.glob("a-*.mcap")) as recording:
        assert items_of(recording) == list(MIXED)
    with read([str(path) for path in tmp_path.glob("a-*.mcap")]) as recording:
        assert len(recording) == 200
    with pytest.raises(RecordingError, match="at least one"):
        read([])
    for wrong in (3, b"a.mcap", [3]):
        with pytest.raises(RecordingError, match="expected the path of a recording"):
            read(wrong)  # type: ignore[arg-type]


def test_no_file_is_read_twice_by_whatever_name(file: Path, tmp_path: Path) -> None:
    (tmp_path / "same.mcap").symlink_to(file)
    for again in (file, str(file), tmp_path / "same.mcap"):
        with pytest.raises(RecordingError, match=r"(a|same)\.mcap was named twice"):
            read(file, again)


def test_it_is_shown_in_a_few_words(recording: Recording, file: Path, tmp_path: Path) -> None:
    assert repr(recording) == "<igtl.Recording a.mcap: 200 messages of 5 devices, 2.0 s>"
    first = recording.select(device="Log")[:0.035]
    assert repr(first) == "<igtl.Recording a.mcap: 1 message of 1 device, 0.0 s>"
    assert repr(recording.select(device="x")).endswith(": 0 messages of 0 devices>")
    recording.close()
    assert repr(recording) == "<igtl.Recording a.mcap (closed)>"
    bare = write_stock(tmp_path / "b.mcap", MIXED, use_chunking=False)
    with read(bare, file) as both:  # without indexes, so that it would have to be read
        assert repr(both) == f"<igtl.Recording {both.paths[0].name} and 1 more>"


def test_the_start_is_that_of_the_first_message_whatever_its_index_says(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:9])
    data = bytearray(path.read_bytes())
    entry = struct.pack("<Q", MIXED[0].time_ns)
    data[data.index(entry, data.index(MIXED[8].data))] ^= 1  # in the index: 1 ns, within the chunk
    path.write_bytes(data)
    with read(path) as recording:
        assert recording.zero_ns == MIXED[0].time_ns
        assert items_of(recording[0:0.005]) == [MIXED[0]]


def test_messages_in_any_order_of_time(tmp_path: Path) -> None:
    items = [MIXED[i]._replace(time_ns=START + (i * 37 % 60) * 10**9) for i in range(60)]
    with read(write_stock(tmp_path / "a.mcap", items, chunk_size=900)) as recording:
        assert items_of(recording) == items
        assert (recording.start_time, recording.duration) == (1.7e9, 59)
        part = recording[10:20]
        assert items_of(part) == [i for i in items if 10 <= (i.time_ns - START) / 1e9 < 20]
        assert (part.start_time, part.end_time) == (1.7e9 + 10, 1.7e9 + 19)


def test_several_threads_read_at_once(recording: Recording) -> None:
    found: list[list[Item]] = []
    threads = [threading.Thread(target=lambda: found.append(items_of(recording))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(MIXED)] * 4


def test_frames_of_all_sizes_keep_their_order(tmp_path: Path) -> None:
    sizes = [0, 1, 5, 5, 16383, 16384, 16385, 40000, 0, 5] * 12
    items = [
        Item(START + i, "c", igtl.encode(igtl.Unknown("ODD", bytes([i]) * size)))
        for i, size in enumerate(sizes)
    ]
    with read(write_stock(tmp_path / "a.mcap", items)) as recording:
        assert items_of(recording) == items
        kinds = {type(frame.body): len(frame.body) for frame in recording.frames()}
        assert set(kinds) == {bytes, memoryview}
