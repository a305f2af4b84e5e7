from __future__ import annotations

import os
import random
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mcap.writer import CompressionType, IndexType, Writer

import igtl
from igtl.errors import RecordingError
from igtl.recording import filing, layout
from igtl.recording.entry import Entry
from igtl.recording.filing import Key
from igtl.recording.recording import read
from igtl.recording.scan import Scan
from igtl.recording.writer import FileWriter
from tests.recording.damaging import flipped
from tests.recording.stock import MIXED, START, Item, Note, write_stock

Write = Callable[..., Path]

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
pytestmark = pytest.mark.timeout(7200 if LONG else 60)
FORMS = {
    "chunks": {},
    "small chunks": {"chunk_size": 900},
    "lz4": {"compression": CompressionType.LZ4, "chunk_size": 2000},
    "zstd": {"compression": CompressionType.ZSTD, "chunk_size": 2000},
    "no chunks": {"use_chunking": False},
    "no indexes": {"index_types": IndexType.NONE, "chunk_size": 2000},
    "no CRC": {"enable_crcs": False, "chunk_size": 2000},
    "no summary": {"use_statistics": False, "use_summary_offsets": False, "repeat_channels": False},
}


def found_in(path: Path) -> list[Item]:
    """What a file holds, as we read it."""
    with read(path) as recording:
        return [Item(e.time_ns, e.connection, e.frame.to_bytes()) for e in recording.entries()]


@pytest.mark.parametrize("form", FORMS)
def test_files_of_another_writer(form: str, tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED, **FORMS[form])
    assert found_in(path) == list(MIXED)
    with Scan(path) as scan:
        assert (scan.complete, scan.damage, scan.library[:5]) == (True, [], "stock")


def test_our_own_writer(tmp_path: Path) -> None:
    with FileWriter(tmp_path / "a.mcap", chunk_size=2000) as writer:
        for time_ns, connection, data in MIXED:
            writer.add(Entry(time_ns, connection, igtl.codec.frame.parse(data)))
    assert found_in(tmp_path / "a.mcap") == list(MIXED)


STEP = 1 if LONG else 17


@pytest.mark.parametrize("form", ["small chunks", "no chunks", "no indexes", "no CRC"])
def test_a_file_that_is_cut_anywhere_gives_all_messages_that_are_whole(
    form: str, tmp_path: Path
) -> None:
    items = MIXED[:9]
    path = write_stock(tmp_path / "a.mcap", items, **FORMS[form])
    whole = path.read_bytes()
    ends = [whole.index(item.data) + len(item.data) for item in items]
    for size in range(len(whole) - 1, len(layout.MAGIC) - 1, -STEP):
        os.truncate(path, size)
        expected = [item for item, end in zip(items, ends, strict=True) if end <= size]
        assert found_in(path) == expected, size
        with Scan(path) as scan:
            assert not scan.complete


@pytest.mark.parametrize("form", ["lz4", "zstd"])
def test_of_a_compressed_file_that_is_cut_whole_chunks_are_read(form: str, tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:80], **FORMS[form])
    step = STEP * (1 if LONG else 7)
    counts = set()
    for size in range(path.stat().st_size - 1, len(layout.MAGIC) - 1, -step):
        os.truncate(path, size)
        found = found_in(path)
        assert found == list(MIXED[: len(found)])
        counts.add(len(found))
    assert len(counts) > 5
    assert max(counts) == 80


@pytest.mark.parametrize("bits", [0xFF, 0x01, 0x40])
def test_bytes_that_changed_give_no_message_that_was_not_there(bits: int, tmp_path: Path) -> None:
    items = MIXED[:6]
    whole = write_stock(tmp_path / "a.mcap", items, chunk_size=400).read_bytes()
    path, lost = tmp_path / "bad.mcap", []
    for at in range(len(layout.MAGIC) + bits % 11, len(whole), STEP):
        bad = bytearray(whole)
        bad[at] ^= bits
        path.write_bytes(bad)
        found = found_in(path)
        assert set(found) <= set(items), at
        assert found == sorted(found), at
        lost.append(len(items) - len(found))
    assert max(lost) <= 1


def test_a_cut_chunk_keeps_what_came_with_a_wrong_checksum(tmp_path: Path) -> None:
    wrong = MIXED[1]._replace(data=MIXED[1].data[:-1] + b"?")
    path = write_stock(tmp_path / "a.mcap", [MIXED[0], wrong, MIXED[2], MIXED[3]])
    os.truncate(path, path.read_bytes().index(MIXED[3].data) + 5)
    assert found_in(path) == [MIXED[0], wrong, MIXED[2]]
    with Scan(path) as scan:
        assert [one.text for one in scan.damage] == ["a chunk that is cut off"]


@pytest.mark.parametrize("opcode", [*range(16), 0x16, 0x46, 0x86, 0xFF])
def test_a_chunk_whose_kind_changed(opcode: int, tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:30], chunk_size=1500)
    with Scan(path) as scan:
        second = scan.blocks[1].position
    data = bytearray(path.read_bytes())
    data[second] = opcode
    path.write_bytes(data)
    assert found_in(path) == list(MIXED[:30])


def test_a_chunk_with_a_wrong_checksum_is_noted_when_it_is_read(tmp_path: Path) -> None:
    whole = bytearray(write_stock(tmp_path / "a.mcap", MIXED[:50]).read_bytes())
    at = whole.index(MIXED[7].data)
    whole[at + 60 : at + 62] = b"\x55\xaa"
    (tmp_path / "a.mcap").write_bytes(whole)
    with read(tmp_path / "a.mcap") as recording:
        assert (len(recording.damage), len(recording)) == (0, 50)
        found = [entry.time_ns for entry in recording.entries()]
        assert found == [item.time_ns for item in MIXED[:50] if item != MIXED[7]]
        (damage,) = recording.damage
        assert damage.text == "a chunk whose CRC-32 is wrong"
        assert (damage.lost, recording.lost, len(recording)) == (1, 1, 49)
        assert damage.position < at < damage.position + damage.size + 60


def test_a_bit_that_changed_is_put_right(tmp_path: Path) -> None:
    whole = bytearray(write_stock(tmp_path / "a.mcap", MIXED[:50]).read_bytes())
    whole[whole.index(MIXED[7].data) + 60] ^= 4
    (tmp_path / "a.mcap").write_bytes(whole)
    assert found_in(tmp_path / "a.mcap") == list(MIXED[:50])


def test_channels_are_known_from_a_chunk_in_which_a_bit_changed(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:1], repeat_channels=False)
    data = bytearray(path.read_bytes())
    data[data.index(b"openigtlink", data.index(b"/TRANSFORM/Probe"))] ^= 1  # its encoding
    path.write_bytes(data)
    assert found_in(path) == list(MIXED[:1])


def test_an_index_that_lacks_messages_is_not_believed(tmp_path: Path) -> None:
    key = Key("c", 1, b"STRING".ljust(12, b"\0"), b"Log".ljust(20, b"\0"))
    datas = [igtl.encode(igtl.String(str(i), device_name="Log")) for i in range(5)]
    records = filing.schema_of(1, "STRING").pack() + filing.channel_of(1, 1, key).pack()
    entries = b""
    for i, data in enumerate(datas):
        if i != 3:
            entries += layout.INDEX_ENTRY.pack(START + i, len(records))
        content = layout.MESSAGE.pack(1, i, START + i, START + i) + data
        records += layout.record(layout.Opcode.MESSAGE, content)
    head = layout.chunk_head(START, START + 4, len(records), 0)
    path = tmp_path / "a.mcap"
    path.write_bytes(
        layout.MAGIC
        + layout.header("", "")
        + head
        + records
        + layout.message_index(1, entries)
        + layout.record(layout.Opcode.DATA_END, bytes(4))
        + layout.footer(0, 0, 0)
        + layout.MAGIC
    )
    assert [item.data for item in found_in(path)] == datas


def test_an_index_of_another_channel_is_not_believed(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:30], chunk_size=900)
    data = bytearray(path.read_bytes())
    with Scan(path) as scan:
        first = scan.blocks[0]
        number, other = min(first.channel_ids()), max(scan.keys)
        assert other not in first.channel_ids()
    end = first.position + len(layout.chunk_head(0, 0, 0, 0)) + first.size
    assert data[end] == layout.Opcode.MESSAGE_INDEX
    at = end + layout.RECORD.size
    assert data[at] in first.channel_ids()
    for changed in (other, 200):
        data[at] = changed
        path.write_bytes(data)
        assert found_in(path) == list(MIXED[:30])
        with read(path) as recording:
            assert len(recording) == 30
            key = recording.scans[0].keys[number]
            chosen = recording.select(device=key.device_name, type=key.wire_type)
            assert len(list(chosen.frames())) == len(chosen)
            assert [one.text[-16:] for one in recording.damage] == ["not those it had"]


def test_what_other_programs_wrote_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=300, compression=CompressionType.NONE)
        writer.start("ros2", "camera")
        schema = writer.register_schema("image", "ros2msg", b"")
        camera = writer.register_channel("/camera", "cdr", schema)
        key = Key("c", 1, b"STRING".ljust(12, b"\0"), b"Log".ljust(20, b"\0"))
        ours = filing.channel_of(0, 0, key)
        log = writer.register_channel(ours.topic, ours.encoding, 0, ours.metadata)
        data = igtl.encode(igtl.String("hello", device_name="Log"))
        for i in range(20):
            writer.add_message(camera, START + i, b"\x01" * i, START + i, i)
            if i % 5 == 0:
                writer.add_message(log, START + i, data, START + i, i)
        writer.add_attachment(START, START, "notes.txt", "text/plain", b"igtl")
        writer.add_metadata("patient", {"name": "X"})
        writer.finish()
    with read(path) as recording:
        assert [message.text for message in recording] == ["hello"] * 4  # type: ignore[attr-defined]
        assert (len(recording), len(recording.channels)) == (4, 1)
        assert [one.topic for one in recording.scans[0].foreign.values()] == ["/camera"]
        assert (recording.complete, recording.damage) == (True, ())


def test_a_file_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with FileWriter(path, chunk_size=1 << 20) as writer:
        for item in MIXED[:20]:
            writer.add(Entry(item.time_ns, item.connection, igtl.codec.frame.parse(item.data)))
        writer.cut_chunk()
        early = read(path)
        for item in MIXED[20:]:
            writer.add(Entry(item.time_ns, item.connection, igtl.codec.frame.parse(item.data)))
    with early, read(path) as late:
        assert (len(early), len(late)) == (20, 200)
        assert [e.time_ns for e in early.entries()] == [item.time_ns for item in MIXED[:20]]
        assert (early.complete, late.complete) == (False, True)


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_the_package_that_is_missing_is_named(
    compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED, **FORMS[compression])
    package = {"lz4": "lz4", "zstd": "zstandard"}[compression]
    monkeypatch.setitem(sys.modules, {"lz4": "lz4.frame"}.get(package, package), None)
    with read(path) as recording:
        assert len(recording) == 200
        with pytest.raises(RecordingError, match=f"pip install {package}"):
            next(recording.frames())


def chunk_of(path: Path, compression: str, size: int, stored: bytes) -> Path:
    """A file of one chunk, of which anything may be wrong."""
    name = compression.encode()
    content = layout.CHUNK_HEAD.pack(START, START, size, 0)
    content += struct.pack("<I", len(name)) + name + struct.pack("<Q", len(stored)) + stored
    path.write_bytes(layout.MAGIC + layout.record(layout.Opcode.CHUNK, content))
    return path


@pytest.mark.parametrize(
    ("compression", "size", "stored", "why"),
    [
        ("zstd", 1 << 62, b"abc", "announces 4611686018427387904 bytes, over the limit"),
        ("br", 100, b"", "compressed as 'br', expected 'lz4', 'zstd' or none"),
        ("lz4", 100, b"abcdefgh", r"cannot be decompressed \(lz4\)"),
        ("zstd", 100, b"abcdefgh", r"cannot be decompressed \(zstd\)"),
        ("lz4", 100, b"", "announces 100 bytes, and 0 were compressed in it"),
    ],
)
def test_a_chunk_that_cannot_be_decompressed_is_damage(
    compression: str, size: int, stored: bytes, why: str, tmp_path: Path
) -> None:
    with read(chunk_of(tmp_path / "a.mcap", compression, size, stored)) as recording:
        assert list(recording) == []
        (damage,) = recording.damage
        assert re.search(why, damage.text)


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"", "is empty"),
        (b"NRRD0004\n# x", "looks like a NRRD image or sequence"),
        (b"ObjectType = Image\n", "looks like a MetaImage or sequence"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "looks like a pcap capture"),
        (b"SQLite format 3\0", "looks like an SQLite file, such as a ROS 2 bag"),
        (bytes(5000), "looks like zeros"),
        (igtl.encode(igtl.String("x" * 100)), "looks like OpenIGTLink messages without times"),
        (bytes(128) + b"DICM", "looks like a DICOM file"),
        (b"hello, this is some text\n", "looks like text"),
        (b"\x89MCAP1\r\n rest", "looks like something else"),
    ],
)
def test_a_file_that_is_no_recording(data: bytes, looks: str, tmp_path: Path) -> None:
    path = tmp_path / "file.mcap"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=looks) as raised:
        read(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("form", ["chunks", "no chunks"])
def test_a_beginning_in_which_a_bit_changed(form: str, tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:9], **FORMS[form])
    data = bytearray(path.read_bytes())
    data[5] ^= 8
    path.write_bytes(data)
    assert found_in(path) == list(MIXED[:9])
    with Scan(path) as scan:
        assert [one.position for one in scan.damage] == [0]


def test_a_beginning_that_is_erased(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:30], chunk_size=900)
    data = bytearray(path.read_bytes())
    with Scan(path) as scan:
        second, end = scan.blocks[1].position, scan.blocks[-1].position + 60
    data[:second] = bytes(second)
    path.write_bytes(data)
    found = found_in(path)
    assert len(found) > 20
    assert found == list(MIXED[30 - len(found) : 30])
    data[:end] = bytes(end)  # no chunk is left: it may be anything
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="looks like zeros"):
        read(path)


@pytest.mark.parametrize("has_summary", [True, False])
def test_no_bit_of_heads_and_indexes_hides_messages_from_a_selection(
    has_summary: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a.mcap"
    with FileWriter(path, chunk_size=600) as writer:
        for item in MIXED[:16]:
            writer.add(Entry(item.time_ns, item.connection, igtl.codec.frame.parse(item.data)))
    with Scan(path) as scan:
        places = [(one.position, len(one.stored)) for one in scan.blocks]
        whole = path.read_bytes()
    data_end = whole.rindex(b"\x0f\x04\0\0\0\0\0\0\0")
    whole = whole if has_summary else whole[:data_end]
    ends = [position for position, _ in places[1:]] + [data_end]
    bits = [
        bit
        for (start, size), end in zip(places, ends, strict=True)
        for bit in (*range(8 * start, 8 * (start + 49)), *range(8 * (start + 49 + size), 8 * end))
    ]
    for bit in bits if LONG else random.Random(has_summary).sample(bits, 250):
        path.write_bytes(flipped(whole, bit))
        with read(path) as recording:
            assert len(list(recording.frames())) == 16, bit
            assert len(list(recording[0:0.08].frames())) == 8, bit
            assert len(list(recording[0.08:].frames())) == 8, bit
            probes = [item for item in MIXED[:16] if item.data[14:20] == b"Probe\0"]
            assert len(list(recording.select(device="Probe").frames())) == len(probes), bit


def test_a_channel_of_the_summary_that_becomes_a_message_is_none(tmp_path: Path) -> None:
    path = write_stock(tmp_path / "a.mcap", MIXED[:9])
    data = bytearray(path.read_bytes())
    at = int.from_bytes(data[-28:-20], "little")  # where the summary begins, by the footer
    while data[at] != layout.Opcode.CHANNEL:
        at += layout.RECORD.size + layout.RECORD.unpack_from(data, at)[1]
    data[at] = layout.Opcode.MESSAGE
    path.write_bytes(data)
    with read(path) as recording:
        assert (len(recording), recording.duration) == (9, 0.08)


def test_a_chunk_of_the_time_zero(tmp_path: Path) -> None:
    with FileWriter(tmp_path / "a.mcap") as writer:
        writer.add(Entry(0, "c", igtl.codec.frame.parse(MIXED[0].data)))
    with read(tmp_path / "a.mcap") as recording:
        assert (len(recording), len(list(recording[:1].frames())), recording.damage) == (1, 1, ())


def test_events(tmp_path: Path) -> None:
    notes = [
        Note(START + 5, {"event": "lost", "connection": "tracker", "text": "reset"}),
        Note(START + 7_000_000_000, {"event": "restored", "connection": "tracker", "gap": 7.0}),
        Note(START + 8_000_000_000, {"event": "dropped", "connection": "", "count": 12}),
        Note(START + 8_000_000_000, {"odd": 1}),
    ]
    path = write_stock(tmp_path / "a.mcap", [*MIXED[:3], *notes], chunk_size=200)
    with read(path) as recording:
        events = recording.events
        assert [(e.time_ns, e.event, e.connection, e.details) for e in events] == [
            (START + 5, "lost", "tracker", {"text": "reset"}),
            (START + 7_000_000_000, "restored", "tracker", {"gap": 7.0}),
            (START + 8_000_000_000, "dropped", "", {"count": 12}),
            (START + 8_000_000_000, "", "", {"odd": 1}),
        ]
        assert [e.count for e in events] == [0, 0, 12, 0]
        assert events[1].time == 1_700_000_007.0
        assert [e.event for e in recording[1:].events] == ["restored", "dropped", ""]
        assert [e.event for e in recording.select(connection="other").events] == ["dropped", ""]
        assert len(recording) == 3


def test_an_event_in_which_a_bit_changed_is_read_as_it_was(tmp_path: Path) -> None:
    note = Note(START + 5, {"event": "dropped", "connection": "tracker", "count": 12})
    path = write_stock(tmp_path / "a.mcap", [*MIXED[:3], note])
    data = bytearray(path.read_bytes())
    data[data.index(b"tracker", data.index(b"dropped"))] ^= 1
    path.write_bytes(data)
    with read(path) as recording:
        assert [(one.event, one.connection, one.count) for one in recording.events] == [
            ("dropped", "tracker", 12)
        ]


@pytest.mark.parametrize("bit", range(8))
def test_an_event_is_found_whose_index_is_damaged(bit: int, tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with FileWriter(path) as writer:
        writer.add(Entry(START, "c", igtl.codec.frame.parse(MIXED[0].data)))
        writer.event("lost", "c", START)
        writer.cut_chunk()
        writer.add(Entry(START + 2, "c", igtl.codec.frame.parse(MIXED[0].data)))
    whole = path.read_bytes()
    with Scan(path) as scan:
        (number,) = scan.events
        second = scan.blocks[1].position
    index = whole.index(layout.RECORD.pack(layout.Opcode.MESSAGE_INDEX, 22) + bytes([number, 0]))
    path.write_bytes(flipped(whole[: second + 300], 8 * index + bit))
    with read(path) as recording:
        assert [one.event for one in recording.events] == ["lost"]
