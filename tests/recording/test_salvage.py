from __future__ import annotations

import os
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.recording.filing import Key, event_channel, event_data, event_schema, key_of
from igtl.recording.layout import MAGIC, MESSAGE_HEAD, RECORD, Channel, Opcode
from igtl.recording.salvage import holds_chunk, mended, next_record, salvage_chunk
from tests.recording.damaging import first_chunk, flipped, write

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
pytestmark = pytest.mark.timeout(7200 if LONG else 60)


class Chunk:
    """The first chunk of a file, taken apart by the lengths that the MCAP specification gives."""

    def __init__(self, data: bytes) -> None:
        at = first_chunk(data)
        assert data[at] == 0x06  # opcode
        self.position = at
        size = int.from_bytes(data[at + 1 : at + 9], "little")
        self.end = at + 9 + size
        # start and end (8 each), size (8), CRC-32 (4), compression (4 + 0), size (8)
        self.crc = int.from_bytes(data[at + 33 : at + 37], "little")
        self.records = data[at + 49 : self.end]
        self.keys: dict[int, Key] = {}
        self.messages: list[int] = []
        at = 0
        while at < len(self.records):
            opcode, length = RECORD.unpack_from(self.records, at)
            if opcode == Opcode.CHANNEL:
                channel = Channel.parse(self.records[at + 9 : at + 9 + length])
                if (key := key_of(channel)) is not None:
                    self.keys[channel.id] = key
            if opcode == Opcode.MESSAGE:
                self.messages.append(at)
            at += 9 + length

    def salvaged(self, records: bytes | bytearray) -> list[int]:
        return list(map(int, salvage_chunk(memoryview(records), self.keys)))


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    path = tmp_path / "session.mcap"
    write(path)
    return path.read_bytes()


@pytest.fixture
def chunk(tmp_path: Path) -> Chunk:
    path = tmp_path / "one.mcap"
    write(path, 6, 100_000)
    return Chunk(path.read_bytes())


# ---- a bit that changed


def test_any_one_bit_is_put_right(chunk: Chunk) -> None:
    bits = range(8 * len(chunk.records))
    for bit in bits if LONG else random.Random(1).sample(bits, 150):
        right = mended(memoryview(flipped(chunk.records, bit)), chunk.crc)
        assert right is not None, bit
        assert right.tobytes() == chunk.records, bit


def test_in_a_large_chunk_as_well() -> None:
    records = bytearray(1 << 22)  # a chunk's usual size; records of no kind
    chance = random.Random(2)
    for at in (0, len(records) - 1, chance.randrange(len(records))):
        crc = zlib.crc32(records)
        records[at] ^= 0x10
        # the bit is found, but these are no records: nothing is put right that makes no sense
        assert mended(memoryview(records), crc) is None
        records[at] ^= 0x10


def test_two_bits_are_not_put_right(chunk: Chunk) -> None:
    chance = random.Random(3)
    for _ in range(2000 if LONG else 100):
        first, second = chance.sample(range(8 * len(chunk.records)), 2)
        wrong = flipped(flipped(chunk.records, first), second)
        assert mended(memoryview(wrong), chunk.crc) is None


def test_a_crc_that_changed_itself_says_nothing(chunk: Chunk) -> None:
    for bit in range(32):
        assert mended(memoryview(chunk.records), chunk.crc ^ 1 << bit) is None


# ---- what is left of a chunk


def test_all_messages_and_events_of_a_sound_chunk(chunk: Chunk) -> None:
    assert chunk.salvaged(chunk.records) == chunk.messages


def test_one_bit_costs_one_message_at_most_without_the_crc(chunk: Chunk) -> None:
    bits = range(8 * len(chunk.records))
    lengths = [8 * at + bit for at in chunk.messages for bit in range(72)]
    worst = 0
    for bit in bits if LONG else lengths + random.Random(4).sample(bits, 300):
        found = chunk.salvaged(flipped(chunk.records, bit))
        assert set(found) <= set(chunk.messages), bit
        lost = len(chunk.messages) - len(found)
        # the event that a wrong checksum came costs that message as well
        assert lost <= 1 or bit // 8 >= chunk.messages[-1], bit
        worst = max(worst, lost)
    assert worst > 0


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\x06"),  # opcode
        (1, b"\xff"),  # length of the record
        (9, b"\x77"),  # channel
        (23, b"\1"),  # publish time
        (31, b"\7"),  # version
        (40, b"?"),  # type
        (50, b"?"),  # device
        (66, b"\1"),  # time
        (80, b"\1"),  # size of the body
        (81, b"\1"),  # CRC-64
        (-1, b"\1"),  # last byte of the body
    ],
)
def test_a_message_that_does_not_agree_with_itself_is_left_out(
    chunk: Chunk, at: int, value: bytes
) -> None:
    start, behind = chunk.messages[1], chunk.messages[2]  # a STRING: none came damaged
    records = bytearray(chunk.records)
    place = start + at if at >= 0 else start + 58 + 31 + 11  # in the text
    assert start <= place < behind
    assert records[place : place + 1] != value
    records[place : place + 1] = value
    assert chunk.salvaged(records) == [one for one in chunk.messages if one != start]


def test_wrong_checksums_are_kept_where_some_were_noted(chunk: Chunk) -> None:
    records = bytearray(chunk.records)
    *_, length = RECORD.unpack_from(records, chunk.messages[-1])
    note = records[chunk.messages[-1] : chunk.messages[-1] + 9 + length]
    assert b'"checksum"' in note
    assert chunk.salvaged(records) == chunk.messages  # message 2 came with a wrong CRC-64
    without = chunk.salvaged(records[: -len(note)])
    assert without == [one for one in chunk.messages[:-1] if one != chunk.messages[3]]


def test_an_erased_message_is_not_sound_though_the_crc_of_zeros_is_zero(chunk: Chunk) -> None:
    start = chunk.messages[1]
    records = bytearray(chunk.records)
    *_, length = RECORD.unpack_from(records, start)
    for at in range(start + 31 + 50, start + 9 + length):  # CRC-64 and body
        records[at] = 0
    assert chunk.salvaged(records) == [one for one in chunk.messages if one != start]


def test_events_of_any_form_do_no_harm() -> None:
    texts = [
        b"{}",
        b"[]",
        b"1",
        b'{"event": 1}',
        b'{"event": "checksum"}',
        b"{",
        b"\xff",
        b"[" * 9999,
    ]
    texts.append(event_data("checksum", "a", type="T", device="D", count="many"))
    records = event_schema(1).pack() + event_channel(1, 1).pack()
    for text in texts:
        head = MESSAGE_HEAD.pack(Opcode.MESSAGE, 22 + len(text), 1, 0, 5, 5)
        salvage_chunk(memoryview(records + head + text), {})
        assert mended(memoryview(records + head + text), 1) is None


@given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 400))
def test_nonsense_never_makes_messages(
    tmp_path_factory: pytest.TempPathFactory, nonsense: bytes, at: int, cut: int
) -> None:
    path = tmp_path_factory.mktemp("salvage") / "x.mcap"
    write(path, 4, 100_000)
    chunk = Chunk(path.read_bytes())
    records = chunk.records[:at] + nonsense + chunk.records[at + cut :]
    known = {record_at(chunk.records, one) for one in chunk.messages}
    for one in chunk.salvaged(records):
        assert record_at(records, one) in known
    mended(memoryview(records), chunk.crc)


def record_at(records: bytes, at: int) -> bytes:
    """An event, or of a message its header without the CRC-64: that of one came wrong."""
    _, length = RECORD.unpack_from(records, at)
    return records[at + 31 : at + min(RECORD.size + length, 31 + 50)]


# ---- where records go on


def test_the_next_record_behind_a_position(data: bytes) -> None:
    view = memoryview(data)
    chunk = Chunk(data)
    assert next_record(view, 0) == len(MAGIC)
    assert next_record(view, chunk.position) == chunk.position
    first_record = chunk.end - len(chunk.records)
    assert next_record(view, chunk.position + 1) == first_record  # within the chunk
    assert next_record(view, chunk.end - 30) == chunk.end  # a message index
    assert next_record(view, len(data) - 20) is None


def test_the_chunk_behind_nonsense_is_found(data: bytes) -> None:
    second = Chunk(data).end
    while data[second] != Opcode.CHUNK:
        second += 9 + int.from_bytes(data[second + 1 : second + 9], "little")
    for seed in range(20):
        chance = random.Random(seed)
        nonsense = chance.choice([bytes(2000), chance.randbytes(2000)])
        assert next_record(memoryview(nonsense + data[second:]), 0) == 2000


def test_a_file_is_known_by_its_chunks(data: bytes) -> None:
    first = first_chunk(data)
    assert holds_chunk(memoryview(bytes(first) + data[first:]))
    assert not holds_chunk(memoryview(data[:first] + bytes(len(data))))
    assert not holds_chunk(memoryview(random.Random(5).randbytes(100_000)))
    assert not holds_chunk(memoryview(b"\6\0\0\0\0\0\0\0\0" * (1 << 20)))  # nor for a minute
    damaged = bytearray(data)
    chunk = Chunk(data)
    end = chunk.end
    damaged[60:end] = bytes(end - 60)
    assert holds_chunk(memoryview(damaged))  # the second one
