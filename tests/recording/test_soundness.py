from __future__ import annotations

import struct

import pytest

from igtl.recording import layout
from igtl.recording.layout import MAGIC, Channel, ChunkIndex, Opcode, Schema, Statistics
from igtl.recording.soundness import record_end, starts_record
from tests.recording.traffic import pose

MESSAGE = pose(1).to_bytes()
CHUNK = layout.chunk_head(5, 9, 30, 7) + bytes(30)
#: A record of each kind, with which one more may follow.
RECORDS = {
    Opcode.HEADER: layout.header("openigtlink", "someone"),
    Opcode.FOOTER: layout.footer(1, 2, 3),
    Opcode.SCHEMA: Schema(1, "openigtlink/STRING", "openigtlink", b"").pack(),
    Opcode.CHANNEL: Channel(1, 1, "/a", "openigtlink", {"a": "b"}).pack(),
    Opcode.MESSAGE: layout.record(Opcode.MESSAGE, struct.pack("<HIQQ", 1, 2, 3, 4) + MESSAGE),
    Opcode.CHUNK: CHUNK,
    Opcode.MESSAGE_INDEX: layout.message_index(1, struct.pack("<QQQQ", 1, 2, 3, 4)),
    Opcode.CHUNK_INDEX: ChunkIndex(1, 2, 3, 4, {1: 5}, 6, "", 7, 8).pack(),
    # log and create time, name, media type, size of the data, data, CRC-32
    Opcode.ATTACHMENT: layout.record(
        Opcode.ATTACHMENT,
        struct.pack("<QQI1sI2sQ3sI", 1, 2, 1, b"n", 2, b"mt", 3, b"abc", 9),
    ),
    Opcode.STATISTICS: Statistics(1, 2, 3, 4, 5, 6, 7, 8, {1: 1}).pack(),
    Opcode.METADATA: layout.metadata("name", {"a": "b"}),
    Opcode.SUMMARY_OFFSET: layout.summary_offset(3, 4, 5),
    Opcode.DATA_END: layout.record(Opcode.DATA_END, bytes(4)),
    0x90: layout.record(0x90, b"somebody's own"),
}


def following(opcode: int) -> bytes:
    return MAGIC if opcode == Opcode.FOOTER else RECORDS[Opcode.DATA_END]


@pytest.mark.parametrize("opcode", RECORDS)
def test_a_record_ends_where_it_ends(opcode: int) -> None:
    record = RECORDS[opcode]
    data = memoryview(b"xyz" + record + following(opcode))
    assert record_end(data, 3) == 3 + len(record)
    assert starts_record(data, 3)


@pytest.mark.parametrize("opcode", RECORDS)
def test_a_record_that_is_cut_is_none(opcode: int) -> None:
    record = RECORDS[opcode]
    for size in range(len(record)):
        assert record_end(memoryview(record[:size]), 0) is None


@pytest.mark.parametrize("opcode", RECORDS)
def test_another_length_is_noticed(opcode: int) -> None:
    record, rest = RECORDS[opcode], following(opcode) + bytes(400)
    for length in range(len(record) - 9 + 40):
        if length == len(record) - 9 or length == 0:
            continue
        other = record[:1] + struct.pack("<Q", length) + record[9:] + rest
        end = record_end(memoryview(other), 0)
        # what says nothing of its own length is believed only where a record seems to follow
        assert end is None or (opcode in (Opcode.MESSAGE, 0x90) and other[end] > 0)
        if opcode != 0x90:
            assert not starts_record(memoryview(other), 0)


def test_a_chunk_that_says_two_sizes_is_none() -> None:
    for at in (*range(25, 33), *range(37, 49)):  # size, compression, size
        wrong = bytearray(CHUNK)
        wrong[at] ^= 0x40
        assert record_end(memoryview(wrong), 0) is None


def test_a_chunk_under_another_opcode_is_not_passed_over() -> None:
    for opcode in {*range(256)} - {Opcode.CHUNK}:
        wrong = bytes((opcode,)) + CHUNK[1:]
        assert record_end(memoryview(wrong + RECORDS[Opcode.DATA_END]), 0) is None


@pytest.mark.parametrize("opcode", [0, 0x10, 0x7F])
def test_unknown_opcodes_are_none(opcode: int) -> None:
    assert record_end(memoryview(layout.record(opcode, b"abc") + RECORDS[1]), 0) is None


def test_messages_of_other_programs() -> None:
    head = struct.pack("<HIQQ", 1, 2, 3, 4)
    json = layout.record(Opcode.MESSAGE, head + b'{"a": 1}') + CHUNK
    other = layout.record(Opcode.MESSAGE, head + b"anything") + CHUNK
    assert record_end(memoryview(json), 0) == len(json) - len(CHUNK)
    assert record_end(memoryview(other), 0) == len(other) - len(CHUNK)
    assert starts_record(memoryview(json), 0)
    assert not starts_record(memoryview(other), 0)  # among damaged bytes, it may be anything
