"""MCAP files of any schema, read by the stock reader."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.stream_reader import StreamReader

from igtl.convert import mcap_file
from igtl.convert.mcap_file import McapFile
from igtl.errors import RecordingError


def test_the_stock_reader_finds_all_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcap_file, "_CHUNK", 500)
    path = tmp_path / "s.mcap"
    file = McapFile(path, "igtl")
    schema = file.schema("a", "protobuf", b"abc")
    assert file.schema("a", "protobuf", b"abc") == schema
    one = file.channel(schema, "/one", "protobuf", {"device": "ä"})
    two = file.channel(file.schema("b", "jsonschema", b"{}"), "/two", "json", {})
    for n in range(100):
        file.message((one, two)[n % 2], 1000 + n, 500 + n, bytes([n]) * n)
    file.close()
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        assert summary.statistics.channel_message_counts == {one: 50, two: 50}
        assert len(summary.chunk_indexes) > 5
        assert reader.get_header().library == "igtl"
        found = [
            (channel.topic, schema and schema.name, message.log_time, message.publish_time,
             message.sequence, message.data)
            for schema, channel, message in reader.iter_messages()
        ]  # fmt: skip
    assert found == [
        (("/one", "/two")[n % 2], "ab"[n % 2], 1000 + n, 500 + n, n // 2, bytes([n]) * n)
        for n in range(100)
    ]
    assert summary.channels[one].metadata == {"device": "ä"}
    with path.open("rb") as stream:  # without the indexes, every CRC checked
        assert sum(1 for _ in StreamReader(stream, validate_crcs=True).records) > 10


def test_indexes_lead_to_messages_by_time_and_topic(tmp_path: Path) -> None:
    path = tmp_path / "s.mcap"
    file = McapFile(path, "igtl")
    channels = [file.channel(0, topic, "json", {}) for topic in ("/a", "/b")]
    for n in range(20):
        file.message(channels[n % 2], n, n, b"%d" % n)
    file.close()
    with path.open("rb") as stream:
        reader = make_reader(stream)
        found = reader.iter_messages(topics=["/b"], starting_at=5, ending_before=10)
        assert [message.data for _, _, message in found] == [b"5", b"7", b"9"]


def test_the_summary_has_the_checksum_that_the_footer_says(tmp_path: Path) -> None:
    path = tmp_path / "s.mcap"
    file = McapFile(path, "igtl")
    file.message(file.channel(0, "/a", "json", {}), 1, 1, b"{}")
    file.close()
    data = path.read_bytes()[:-8]  # without the magic at its end
    start, _, crc = struct.unpack("<QQI", data[-20:])
    assert zlib.crc32(data[start:-4]) == crc


def test_a_file_without_messages_is_whole(tmp_path: Path) -> None:
    file = McapFile(tmp_path / "s.mcap", "igtl")
    file.close()
    with (tmp_path / "s.mcap").open("rb") as stream:
        assert list(make_reader(stream).iter_messages()) == []


def test_more_channels_than_a_file_can_have_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcap_file, "_MOST_CHANNELS", 2)
    file = McapFile(tmp_path / "s.mcap", "igtl")
    schema = file.schema("a", "json", b"{}")
    for topic in ("/one", "/two"):
        file.channel(schema, topic, "json", {})
    with pytest.raises(RecordingError, match=r"there are 2 channels .* choose some"):
        file.channel(schema, "/three", "json", {})
    file.abandon()
