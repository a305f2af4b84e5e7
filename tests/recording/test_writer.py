"""The file writer, read by the stock `mcap` package."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.records import Channel, Chunk, Message
from mcap.stream_reader import StreamReader, breakup_chunk

import igtl
from igtl.codec.frame import parse
from igtl.recording import lanes
from igtl.recording.entry import Entry
from igtl.recording.writer import CHUNK_SIZE, FileWriter
from tests.recording.inspection import Stored, events, indexed, statistics, stored
from tests.recording.traffic import bulk, damaged, pose

START = 1_700_000_000 * 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def write(path: Path, entries: Sequence[Entry], chunk_size: int = CHUNK_SIZE) -> FileWriter:
    """A file with these messages."""
    with FileWriter(path, chunk_size=chunk_size) as file:
        for entry in entries:
            file.add(entry)
    return file


def test_a_message_is_there_byte_for_byte(path: Path) -> None:
    frame = pose(3, timestamp=1234.5)
    write(path, [Entry(START, "tracker:18944", frame)])
    topic = "/tracker:18944/TRANSFORM/Probe"
    data = frame.to_bytes()
    assert stored(path) == [Stored("tracker:18944", data, START, 1_234_500_000_000, 0, topic)]
    assert indexed(path) == [(topic, START, data)]


def test_a_message_without_a_time_was_published_when_it_came(path: Path) -> None:
    write(path, [Entry(START, "a", pose(0)._replace(raw_time=0))])
    assert stored(path)[0].published_ns == START


def test_a_channel_says_what_its_messages_are(path: Path) -> None:
    frame = pose(0, "Näh/Gerät")
    write(path, [Entry(START, "a", frame)])
    with path.open("rb") as file:
        (channel,) = {
            c.id: c for c in StreamReader(file).records if isinstance(c, Channel)
        }.values()
    assert channel.message_encoding == "openigtlink"
    assert channel.metadata == {
        "connection": "a",
        "type": "TRANSFORM",
        "device": "Näh/Gerät",
        "version": "1",
        "header": frame.to_bytes()[:34].hex(),
    }


def test_messages_of_other_connections_versions_types_or_devices_have_other_channels(
    path: Path,
) -> None:
    plain = pose(0)
    second = parse(igtl.encode(igtl.Transform(np.eye(4), device_name="Probe"), version=2))
    frames = [("a", plain), ("b", plain), ("a", second), ("a", pose(0, "Other")), ("a", bulk(5))]
    write(path, [Entry(START, *frame) for frame in frames * 2])
    assert statistics(path).channel_message_counts == dict.fromkeys(range(1, 6), 2)
    assert [one.sequence for one in stored(path)] == [0] * 5 + [1] * 5


def test_each_chunk_describes_its_own_channels(path: Path) -> None:
    entries = [Entry(START + n, f"c{n % 3}", pose(n)) for n in range(300)]
    write(path, entries, chunk_size=4000)
    chunks = 0
    with path.open("rb") as file:
        for chunk in StreamReader(file, emit_chunks=True).records:
            if isinstance(chunk, Chunk):
                chunks += 1
                assert chunk.uncompressed_size < 4000 + 200
                known = set()
                for record in breakup_chunk(chunk, validate_crc=True):
                    if isinstance(record, Channel):
                        known.add(record.id)
                    assert not isinstance(record, Message) or record.channel_id in known
    assert chunks > 10
    assert statistics(path).chunk_count == chunks


@given(
    sizes=st.lists(st.integers(0, 40_000), max_size=30),
    chunk_size=st.integers(1, 100_000),
    data=st.data(),
)
def test_whatever_is_written_is_found_again(
    sizes: list[int], chunk_size: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "session.mcap"
    times = data.draw(st.lists(st.integers(0, 50), min_size=len(sizes), max_size=len(sizes)))
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=len(sizes), max_size=len(sizes)))
    entries = [
        Entry(START + time, name, bulk(size, name))
        for size, time, name in zip(sizes, times, names, strict=True)
    ]
    file = write(path, entries, chunk_size=chunk_size)
    given = [(entry.connection, entry.frame.to_bytes(), entry.time_ns) for entry in entries]
    assert [one[:3] for one in stored(path)] == given
    assert sorted((time, message) for _, time, message in indexed(path)) == sorted(
        (time, message) for _, message, time in given
    )
    found = statistics(path)
    assert found.message_count == len(entries) == file.messages
    assert found.message_start_time == START * bool(times) + min(times, default=0)
    assert found.message_end_time == START * bool(times) + max(times, default=0)
    assert file.size == path.stat().st_size


def test_many_at_once_are_as_one_by_one(path: Path) -> None:
    frames = [pose(n, f"P{n % 3}") for n in range(100)]
    with FileWriter(path, chunk_size=2000) as file:
        file.add_all(frames, "a", START)
    other = path.with_name("other.mcap")
    write(other, [Entry(START, "a", frame) for frame in frames], chunk_size=2000)
    assert path.read_bytes() == other.read_bytes()


def test_a_chunk_that_is_cut_can_be_read_before_the_end(path: Path) -> None:
    with FileWriter(path) as file:
        file.add(Entry(START, "a", pose(1)))
        file.cut_chunk()
        file.add(Entry(START, "a", pose(2)))
        assert [one.data for one in stored(path, whole=False)] == [pose(1).to_bytes()]


def test_sequence_numbers_can_be_given(path: Path) -> None:
    with FileWriter(path) as file:
        for sequence in (5, None, 0xFFFF_FFFF, None, 9):
            file.add(Entry(START, "a", pose(0)), sequence)
    assert [one.sequence for one in stored(path)] == [5, 6, 0xFFFF_FFFF, 0, 9]


def test_wrong_checksums_are_kept_and_noted_in_each_chunk(path: Path) -> None:
    frames = [pose(0), damaged(pose(1)), damaged(pose(2)), damaged(pose(3, "Other"))]
    large = damaged(bulk(100_000))
    with FileWriter(path) as file:
        file.add_all(frames, "a", START)
        file.cut_chunk()
        file.add_all([large, pose(4)], "b", START + 1)
    assert [one.data for one in stored(path)] == [
        frame.to_bytes() for frame in [*frames, large, pose(4)]
    ]
    note = {"event": "checksum", "connection": "a", "type": "TRANSFORM"}
    assert events(path) == [
        {**note, "device": "Probe", "count": 2},
        {**note, "device": "Other", "count": 1},
        {"event": "checksum", "connection": "b", "type": "BULK", "device": "US", "count": 1},
    ]
    assert file.checksum_errors == 4


def test_events_are_json(path: Path) -> None:
    with FileWriter(path) as file:
        file.event("restored", "a", START, gap=2.5, text="back")
    assert events(path) == [{"event": "restored", "connection": "a", "gap": 2.5, "text": "back"}]
    assert file.messages == 0
    assert statistics(path).message_count == 1


def test_it_counts_what_is_in_the_file(path: Path) -> None:
    with FileWriter(path) as file:
        file.add_all([pose(0), pose(1), pose(2, "Other")], "a", START)
    counts = {(key.connection, key.wire_type, key.device_name): n for key, n in file.counts.items()}
    assert counts == {("a", "TRANSFORM", "Probe"): 2, ("a", "TRANSFORM", "Other"): 1}


def test_large_bodies_are_not_copied(path: Path) -> None:
    entry = Entry(START, "a", bulk(50_000_000))
    tracemalloc.start()
    try:
        write(path, [entry])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 50_000_000
    assert most < 5_000_000


def test_a_disk_that_takes_little_at_once_gets_everything(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.writev

    def short(file: int, pieces: list[bytes]) -> int:
        """As a kernel may do: it takes what it likes, here 777 bytes at most."""
        return real(file, [b"".join(pieces)[:777]])

    monkeypatch.setattr(os, "writev", short)
    entries = [Entry(START + n, "a", bulk(size)) for n, size in enumerate((10, 20_000, 0, 300_000))]
    write(path, entries)
    assert [one.data for one in stored(path)] == [entry.frame.to_bytes() for entry in entries]


def test_an_empty_recording_is_a_file(path: Path) -> None:
    write(path, [])
    assert stored(path) == []
    assert statistics(path).message_count == 0


def test_a_file_that_is_there_is_kept(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(igtl.RecordingError, match=r"session\.mcap is there already"):
        FileWriter(path)
    assert path.read_text() == "precious"


def test_a_file_that_is_there_can_be_overwritten(path: Path) -> None:
    path.write_text("precious")
    with FileWriter(path, overwrite=True):
        pass
    assert stored(path) == []


@pytest.mark.parametrize("name", ["missing/session.mcap", "."])
def test_a_file_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(igtl.RecordingError):
        FileWriter(tmp_path / name, overwrite=True)


def test_nothing_goes_into_a_closed_file(path: Path) -> None:
    file = write(path, [])
    size = path.stat().st_size
    file.close()
    with pytest.raises(igtl.RecordingError, match="is closed"):
        file.add(Entry(START, "a", pose(0)))
    with pytest.raises(igtl.RecordingError, match="is closed"):
        file.event("lost", "a", START)
    assert path.stat().st_size == size


@pytest.mark.parametrize("time_ns", [-1, 1 << 64])
def test_a_time_that_does_not_fit(path: Path, time_ns: int) -> None:
    with FileWriter(path) as file:
        file.add(Entry(START, "a", pose(0)))
        with pytest.raises(igtl.MessageError, match="TRANSFORM of device 'Probe' at"):
            file.add(Entry(time_ns, "b", pose(1)))
        with pytest.raises(igtl.MessageError, match="an event at"):
            file.event("lost", "a", time_ns)
        file.add(Entry(START, "b", pose(2)))
    assert [one.data for one in stored(path)] == [pose(0).to_bytes(), pose(2).to_bytes()]
    assert len(indexed(path)) == 2


def test_what_fits_into_no_header_costs_no_channel(path: Path) -> None:
    with FileWriter(path) as writer:
        for sequence in (None, 5):
            with pytest.raises(igtl.MessageError, match="fits into no header"):
                writer.add(Entry(1, "a", pose(0)._replace(version=1 << 16)), sequence)
        writer.add(Entry(1, "a", pose(0)))
    assert dict(statistics(path).channel_message_counts) == {1: 1}


def test_a_device_that_takes_nothing_stays(tmp_path: Path) -> None:
    device = tmp_path / "full"
    try:
        os.mknod(device, 0o20600, os.makedev(1, 7))
    except PermissionError:
        pytest.skip("only root can make a device")
    with pytest.raises(igtl.RecordingError, match="No space left on device"):
        FileWriter(device, overwrite=True)
    assert device.exists()


def test_there_are_no_more_channels_than_a_file_can_have(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_MOST", 3)
    with FileWriter(path) as file, pytest.raises(igtl.RecordingError, match="3 channels"):
        file.add_all([pose(n, f"P{n}") for n in range(4)], "a", START)
    assert [one.topic[-2:] for one in stored(path)] == ["P0", "P1", "P2"]


def test_the_end_leaves_nothing_behind(path: Path) -> None:
    write(path, [Entry(START, "a", pose(0))])
    assert os.listdir(path.parent) == [path.name]


def test_what_is_abandoned_stays_as_it_is(path: Path) -> None:
    file = FileWriter(path)
    file.add(Entry(START, "a", pose(0)))
    file.cut_chunk()
    file.add(Entry(START, "a", pose(1)))
    before = path.read_bytes()
    file.abandon()
    file.close()
    assert path.read_bytes() == before
    assert [one.data for one in stored(path, whole=False)] == [pose(0).to_bytes()]
    with pytest.raises(igtl.RecordingError, match="is closed"):
        file.add(Entry(START, "a", pose(2)))
    path.unlink()
    FileWriter(path).close()  # nobody holds its lock
