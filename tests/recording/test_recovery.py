from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from mcap.writer import CompressionType, Writer

import igtl
from igtl.errors import RecordingError
from igtl.recording.entry import Entry
from igtl.recording.layout import chunk_head
from igtl.recording.recovery import RecoveredChannel, recover
from igtl.recording.scan import Scan
from igtl.recording.writer import FileWriter
from tests.recording.damaging import (
    START,
    events,
    flipped,
    overwritten,
    recovered,
    spans,
    stored,
    write,
)
from tests.recording.traffic import bulk, pose

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
pytestmark = pytest.mark.timeout(7200 if LONG else 60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def test_an_intact_recording_is_copied_and_said_to_be_intact(path: Path) -> None:
    messages = write(path)
    told: list[tuple[int, int]] = []
    target = path.with_name("new.mcap")
    found = recover(path, target, progress=lambda done, total: told.append((done, total)))
    assert stored(target) == messages
    assert events(target) == events(path)
    assert found.is_intact
    assert found.is_exact
    assert (found.kept, found.lost, found.unusable, found.damage) == (12, 0, 0, ())
    assert found.channels == (
        RecoveredChannel("a:1", "STRING", "Notes", 2, 0),
        RecoveredChannel("a:1", "TRANSFORM", "Probe", 4, 0),
        RecoveredChannel("b:2", "STRING", "Notes", 2, 0),
        RecoveredChannel("b:2", "TRANSFORM", "Probe", 4, 0),
    )
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_file_that_is_cut_anywhere_keeps_all_that_is_whole(tmp_path: Path, path: Path) -> None:
    messages = write(path, 8, 300)
    data = path.read_bytes()
    places = list(spans(data, messages))
    data_end = data.rindex(b"\x0f\x04\0\0\0\0\0\0\0")
    last_chunk = places[-2][1]
    for size in range(len(data) + 1) if LONG else range(last_chunk, data_end + 40, 3):
        outcome = recovered(tmp_path, data[:size])
        if outcome is None:
            assert size < 8  # within the bytes by which MCAP is known
            continue
        left, found = outcome
        assert left == [one for one, (_, end) in zip(messages, places, strict=True) if end <= size]
        assert found.is_complete == (size == len(data))
        assert found.lost == 0
        assert found.is_exact == (size > data_end)


def test_igtl_read_gives_the_same_of_a_file_that_is_cut(tmp_path: Path, path: Path) -> None:
    messages = write(path, 8, 300)
    data = path.read_bytes()
    places = list(spans(data, messages))
    other = tmp_path / "cut.mcap"
    data_end = data.rindex(b"\x0f\x04\0\0\0\0\0\0\0")
    for size in range(8, len(data) + 1) if LONG else range(places[-2][1], data_end + 40, 3):
        other.write_bytes(data[:size])
        with igtl.read(other) as recording:
            found = [entry.frame.to_bytes() for entry in recording.entries()]
        assert found == [
            one.data for one, (_, end) in zip(messages, places, strict=True) if end <= size
        ]


def some_bits(data: bytes, count: int) -> Iterable[int]:
    """Bits of a file to flip: those of its first bytes, of the heads of records, and any others."""
    if LONG:
        return range(8 * len(data))
    heads, at = [*range(64)], 8
    while at + 9 < len(data):
        heads += range(8 * at, 8 * at + 72)  # opcode and length
        at += 9 + int.from_bytes(data[at + 1 : at + 9], "little")
    chance = random.Random(count)
    return chance.sample(heads, count // 2) + chance.sample(range(8 * len(data)), count // 2)


def test_one_flipped_bit_loses_nothing(tmp_path: Path, path: Path) -> None:
    messages = write(path)
    data = path.read_bytes()
    for bit in some_bits(data, 100):
        outcome = recovered(tmp_path, flipped(data, bit))
        assert outcome is not None, bit
        left, found = outcome
        assert left == messages, bit
        assert (found.kept, found.lost, found.is_exact) == (12, 0, True), bit


def test_igtl_read_gives_the_same_with_one_flipped_bit(tmp_path: Path, path: Path) -> None:
    messages = write(path)
    data = path.read_bytes()
    expected = [(one.connection, one.time_ns, one.data) for one in messages]
    other = tmp_path / "flipped.mcap"
    for bit in some_bits(data, 200):
        other.write_bytes(flipped(data, bit))
        with igtl.read(other) as recording:
            found = [
                (entry.connection, entry.time_ns, entry.frame.to_bytes())
                for entry in recording.entries()
            ]
        assert found == expected, bit


@pytest.mark.parametrize("sizes", [[2, 3, 8], [64, 512], [1500]])
def test_bytes_that_are_overwritten_cost_only_what_stood_there(
    tmp_path: Path, path: Path, sizes: list[int]
) -> None:
    messages = write(path, 40, 2500, wrong=None)
    data = path.read_bytes()
    places = list(spans(data, messages))
    chance = random.Random(sizes[0])
    for _ in range(4000 if LONG else 40):
        start, end, changed = overwritten(data, chance, sizes)
        outcome = recovered(tmp_path, changed)
        assert outcome is not None
        left, found = outcome
        hit = {
            one
            for one, (first, behind) in zip(messages, places, strict=True)
            if first < end and behind > start
        }
        assert [one for one in left if one not in hit] == [
            one for one in messages if one not in hit
        ]
        assert set(left) <= set(messages), (start, end)
        if found.is_exact:
            assert found.lost == len(messages) - len(left), (start, end)
        else:
            assert end > places[-1][0], "the last messages and all that tells of them"


def test_what_is_lost_is_counted_for_each_device(tmp_path: Path, path: Path) -> None:
    messages = write(path, 12, 10_000, wrong=None)
    data = bytearray(path.read_bytes())
    for index in (4, 5, 10):  # two TRANSFORMs of b:2, one of a:1
        at = data.index(messages[index].data) + 70
        data[at : at + 2] = b"\xff\xff"
    outcome = recovered(tmp_path, bytes(data))
    assert outcome is not None
    left, found = outcome
    assert left == [one for index, one in enumerate(messages) if index not in (4, 5, 10)]
    assert (found.kept, found.lost, found.damaged_chunks) == (9, 3, 1)
    assert [one for one in found.channels if one.lost] == [
        RecoveredChannel("a:1", "TRANSFORM", "Probe", 3, 1),
        RecoveredChannel("b:2", "TRANSFORM", "Probe", 2, 2),
    ]
    assert found.unusable == 3 * (31 + 106)


def test_what_is_lost_is_counted_without_the_end_of_the_file(tmp_path: Path, path: Path) -> None:
    messages = write(path, 20, 900)
    data = bytearray(path.read_bytes())
    at = data.index(messages[4].data)
    data[at : at + 100] = bytes(100)
    cut = (data.index(messages[16].data) - 31, messages[:4] + messages[5:16])
    outcome = recovered(tmp_path, bytes(data[: cut[0]]))
    assert outcome is not None
    left, found = outcome
    assert left == cut[1]
    assert (found.lost, found.is_exact, found.is_complete) == (1, False, False)


def test_a_damaged_index_costs_and_counts_nothing(tmp_path: Path, path: Path) -> None:
    messages = write(path, 12, 700)
    data = path.read_bytes()
    with Scan(path) as scan:
        first = scan.blocks[0]
        index = first.position + len(chunk_head(0, 0, 0, 0)) + first.size
    for size in (len(data), data.rindex(b"\x0f\x04\0\0\0\0\0\0\0")):  # with an end, without
        for bit in range(8):
            outcome = recovered(tmp_path, flipped(data[:size], 8 * index + bit))
            assert outcome is not None
            assert (outcome[0], outcome[1].lost) == (messages, 0), bit


def test_a_message_that_came_with_a_wrong_checksum_is_kept(tmp_path: Path, path: Path) -> None:
    messages = write(path, 12, 10_000, wrong=2)
    data = bytearray(path.read_bytes())
    at = data.index(messages[8].data) + 70
    data[at : at + 2] = b"\xff\xff"
    outcome = recovered(tmp_path, bytes(data))
    assert outcome is not None
    assert messages[2] in outcome[0]
    assert (outcome[1].lost, outcome[1].doubtful) == (0, 1)
    notes = [one for one in events(tmp_path / "recovered.mcap") if one["event"] == "checksum"]
    assert [one["count"] for one in notes] == [2]  # and the damaged one, which cannot be told apart


def test_what_was_recovered_is_intact_and_its_gaps_are_old(tmp_path: Path, path: Path) -> None:
    messages = write(path, 12, 10_000, wrong=None)
    data = bytearray(path.read_bytes())
    at = data.index(messages[8].data) + 70
    data[at : at + 8] = bytes(8)
    once, twice = tmp_path / "once.mcap", tmp_path / "twice.mcap"
    path.write_bytes(data)
    assert recover(path, once).lost == 1
    found = recover(once, twice)
    assert found.is_intact
    assert (found.kept, found.lost) == (11, 0)
    assert once.read_bytes() == twice.read_bytes()


@pytest.mark.parametrize("compression", list(CompressionType))
def test_files_of_the_stock_writer(tmp_path: Path, compression: CompressionType) -> None:
    path, target = tmp_path / "stock.mcap", tmp_path / "new.mcap"
    frames = [pose(index) for index in range(9)]
    prefix = frames[0].to_bytes()[:34].hex()
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=500, compression=compression)
        writer.start("openigtlink", "test")
        schema = writer.register_schema("openigtlink/TRANSFORM", "openigtlink", b"")
        metadata = {"connection": "a:1", "type": "TRANSFORM", "device": "Probe", "header": prefix}
        poses = writer.register_channel("/a:1/TRANSFORM/Probe", "openigtlink", schema, metadata)
        other = writer.register_channel("/other", "raw", 0)
        for index, frame in enumerate(frames):
            writer.add_message(poses, START + index, frame.to_bytes(), START + index, index)
            writer.add_message(other, START + index, b"something else", START + index, index)
        writer.finish()
    found = recover(path, target)
    assert [one.data for one in stored(target)] == [frame.to_bytes() for frame in frames]
    assert (found.kept, found.lost, found.foreign) == (9, 0, 9)
    assert found.is_intact


def test_events_with_any_details_are_kept(path: Path, tmp_path: Path) -> None:
    details = {"self": 1, "time_ns": 2, "details": {}}
    with FileWriter(path) as writer:
        writer.event("odd", "a", START, **details)
    recover(path, tmp_path / "new.mcap")
    assert events(tmp_path / "new.mcap") == [{"event": "odd", "connection": "a", **details}]


def test_a_recording_without_messages(path: Path, tmp_path: Path) -> None:
    FileWriter(path).close()
    found = recover(path, tmp_path / "new.mcap")
    assert found.is_intact
    assert (found.kept, found.channels) == (0, ())
    assert stored(tmp_path / "new.mcap") == []


def test_a_file_of_other_programs_is_refused(path: Path, tmp_path: Path) -> None:
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        schema = writer.register_schema("x", "jsonschema", b"{}")
        channel = writer.register_channel("/camera", "json", schema)
        writer.add_message(channel, START, b"{}", START)
        writer.finish()
    with pytest.raises(RecordingError, match=r"session.mcap holds no OpenIGTLink messages"):
        recover(path, tmp_path / "new.mcap")
    assert list(tmp_path.iterdir()) == [path]


def test_large_bodies_come_back(path: Path, tmp_path: Path) -> None:
    with FileWriter(path, chunk_size=300_000) as writer:
        for index in range(9):
            writer.add(Entry(START + index, "a:1", bulk(100_000 + index)))
    messages = stored(path)
    data = bytearray(path.read_bytes())
    at = data.index(messages[4].data) + 5000
    data[at : at + 4096] = bytes(4096)
    outcome = recovered(tmp_path, bytes(data))
    assert outcome is not None
    assert outcome[0] == messages[:4] + messages[5:]
    assert outcome[1].lost == 1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\x89MCA"), "expected a recording"),
        (lambda path: path.write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(200)), "pcap capture"),
        (lambda path: path.write_bytes(random.Random(1).randbytes(9999)), "expected a recording"),
    ],
)
def test_what_cannot_be_recovered(path: Path, make: Callable[[Path], object], text: str) -> None:
    make(path)
    target = path.with_name("new.mcap")
    with pytest.raises(RecordingError, match=text):
        recover(path, target)
    assert {one.name for one in path.parent.iterdir()} <= {path.name}


def test_no_file_is_lost_by_mistake(path: Path, tmp_path: Path) -> None:
    write(path)
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="is the file to recover"):
        recover(path, path, overwrite=True)
    target = tmp_path / "new.mcap"
    target.write_bytes(b"precious")
    with pytest.raises(RecordingError, match="is there already"):
        recover(path, target)
    assert target.read_bytes() == b"precious"
    assert recover(path, target, overwrite=True).kept == 12
    assert path.read_bytes() == before


def test_a_recovery_that_is_broken_off_leaves_nothing(path: Path, tmp_path: Path) -> None:
    write(path)

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recover(path, tmp_path / "new.mcap", progress=stop)
    assert list(tmp_path.iterdir()) == [path]


def test_random_bytes_behind_the_first_ones_raise_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(9)
    for _ in range(40):
        nonsense = chance.randbytes(chance.randrange(400))
        outcome = recovered(tmp_path, b"\x89MCAP0\r\n" + nonsense)
        assert outcome is None or outcome[0] == []
