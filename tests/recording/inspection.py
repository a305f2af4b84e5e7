"""Recordings as the stock `mcap` package reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile
from mcap.reader import make_reader
from mcap.records import Channel, ChunkIndex, Message, MessageIndex, Statistics
from mcap.stream_reader import StreamReader

__all__ = ["Stored", "events", "indexed", "statistics", "stored", "stored_events"]


class Stored(NamedTuple):
    """One message of a file."""

    connection: str
    data: bytes
    time_ns: int
    published_ns: int
    sequence: int
    topic: str


def stored(path: Path, *, whole: bool = True) -> list[Stored]:
    """All messages in the order of the file, without its index; events are left out.

    Args:
        whole: whether the file has to have its end.
    """
    found = []
    for channel, message in _messages(path.read_bytes(), whole=whole):
        if channel.topic != "/igtl/events":
            name = channel.metadata["connection"]
            times = message.log_time, message.publish_time
            found.append(Stored(name, message.data, *times, message.sequence, channel.topic))
    return found


def stored_events(data: bytes) -> tuple[int, list[dict[str, Any]]]:
    """How many messages are in the bytes of a file, and the events; without its index."""
    messages = list(_messages(data, whole=True))
    notes = [json.loads(one.data) for channel, one in messages if channel.topic == "/igtl/events"]
    return len(messages) - len(notes), notes


def _messages(data: bytes, *, whole: bool) -> Iterator[tuple[Channel, Message]]:
    channels: dict[int, Channel] = {}
    try:
        for record in StreamReader(BytesIO(data), validate_crcs=True).records:
            if isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                yield channels[record.channel_id], record
    except EndOfFile:
        if whole:
            raise


def events(path: Path) -> list[dict[str, Any]]:
    """What is noted in a file, in order, found by its index."""
    with path.open("rb") as file:
        found = make_reader(file, validate_crcs=True).iter_messages(topics="/igtl/events")
        return [json.loads(message.data) for _, _, message in found]


def statistics(path: Path) -> Statistics:
    """What the file says of itself."""
    with path.open("rb") as file:
        summary = make_reader(file, validate_crcs=True).get_summary()
        assert summary is not None
        assert summary.statistics is not None
        return summary.statistics


def indexed(path: Path) -> list[tuple[str, int, bytes]]:
    """Topic, time and bytes of all messages but events, found by way of every index of a file.

    Everything that indexes say is compared with what is there.
    """
    data = path.read_bytes()
    summary = make_reader(BytesIO(data), validate_crcs=True).get_summary()
    assert summary is not None
    found = []
    for chunk in summary.chunk_indexes:
        for channel_id, time_ns, message in _of_chunk(data, chunk):
            channel = summary.channels[channel_id]
            if channel.message_encoding == "openigtlink":
                schema = summary.schemas[channel.schema_id]
                assert schema.name == f"openigtlink/{channel.metadata['type']}"
                found.append((channel.topic, time_ns, message))
    return found


def _of_chunk(data: bytes, chunk: ChunkIndex) -> list[tuple[int, int, bytes]]:
    at = chunk.chunk_start_offset
    assert data[at] == 0x06
    assert _u64(data, at + 1) == chunk.chunk_length - 9
    times = _u64(data, at + 9), _u64(data, at + 17)
    assert times == (chunk.message_start_time, chunk.message_end_time)
    assert _u64(data, at + 25) == chunk.uncompressed_size == chunk.compressed_size
    indexes_at = at + chunk.chunk_length
    records = indexes_at - chunk.compressed_size
    found = []
    for channel_id, offset in chunk.message_index_offsets.items():
        assert offset == indexes_at, "message indexes follow their chunk, in order"
        indexes_at += 9 + _u64(data, offset + 1)
        for time_ns, position in _index(data, offset, channel_id):
            found.append((channel_id, time_ns, _message(data, records + position, time_ns)))
    assert indexes_at == at + chunk.chunk_length + chunk.message_index_length
    found_times = [time for _, time, _ in found]
    assert (min(found_times), max(found_times)) == times
    return found


def _index(data: bytes, at: int, channel_id: int) -> list[tuple[int, int]]:
    assert data[at] == 0x07
    index = MessageIndex.read(ReadDataStream(BytesIO(data[at + 9 :])))
    assert index.channel_id == channel_id
    return list(index.records)


def _message(data: bytes, at: int, time_ns: int) -> bytes:
    assert data[at] == 0x05
    size = _u64(data, at + 1)
    assert _u64(data, at + 9 + 6) == time_ns
    return data[at + 9 + 22 : at + 9 + size]


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")
