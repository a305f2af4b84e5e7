"""The bytes of MCAP, the file format of recordings: its records, packed and unpacked.

A file is the magic, a header, chunks with their message indexes, the end of the data, a summary
and a footer, and the magic again (MCAP specification, "Records"). A record is its opcode (1 byte),
its length (8) and its content; numbers are little-endian, strings and arrays carry their length in
bytes (4) in front. This module knows no OpenIGTLink; `filing` says how its messages are filed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from igtl.codec.buffers import Buffer
from igtl.errors import RecordingError

__all__ = [
    "CHUNK_HEAD",
    "INDEX_ENTRY",
    "MAGIC",
    "MESSAGE",
    "MESSAGE_HEAD",
    "RECORD",
    "Channel",
    "Chunk",
    "ChunkIndex",
    "Fields",
    "Opcode",
    "Schema",
    "Statistics",
    "chunk_head",
    "footer",
    "header",
    "message_index",
    "metadata",
    "record",
    "summary_offset",
]

MAGIC = b"\x89MCAP0\r\n"

#: In front of every record: opcode, length of the content.
RECORD = struct.Struct("<BQ")
#: In front of a message's data, within its record: channel, sequence, log time, publish time [ns].
MESSAGE = struct.Struct("<HIQQ")
#: Both at once.
MESSAGE_HEAD = struct.Struct("<BQHIQQ")
#: In front of a chunk's compression: start, end [ns], size and CRC-32 of its records uncompressed.
CHUNK_HEAD = struct.Struct("<QQQI")
#: One entry of a message index: log time [ns], offset into the chunk's records.
INDEX_ENTRY = struct.Struct("<QQ")

_U16, _U32, _U64 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")


class Opcode(IntEnum):
    """What a record is."""

    HEADER = 0x01
    FOOTER = 0x02
    SCHEMA = 0x03
    CHANNEL = 0x04
    MESSAGE = 0x05
    CHUNK = 0x06
    MESSAGE_INDEX = 0x07
    CHUNK_INDEX = 0x08
    ATTACHMENT = 0x09
    ATTACHMENT_INDEX = 0x0A
    STATISTICS = 0x0B
    METADATA = 0x0C
    METADATA_INDEX = 0x0D
    SUMMARY_OFFSET = 0x0E
    DATA_END = 0x0F


def record(opcode: int, content: bytes) -> bytes:
    """A whole record."""
    return RECORD.pack(opcode, len(content)) + content


def header(profile: str, library: str) -> bytes:
    """The record that a file begins with."""
    return record(Opcode.HEADER, _text(profile) + _text(library))


def footer(summary_start: int, summary_offset_start: int, crc: int) -> bytes:
    """The record that a file ends with; the CRC-32 covers the summary and this up to the CRC."""
    return record(Opcode.FOOTER, struct.pack("<QQI", summary_start, summary_offset_start, crc))


def metadata(name: str, values: Mapping[str, str]) -> bytes:
    """A record of named texts."""
    return record(Opcode.METADATA, _text(name) + _texts(values))


def summary_offset(opcode: int, start: int, length: int) -> bytes:
    """Where in the summary the records of one kind are."""
    return record(Opcode.SUMMARY_OFFSET, struct.pack("<BQQ", opcode, start, length))


def message_index(channel: int, entries: Buffer) -> bytes:
    """Where a channel's messages are in the chunk before; `entries` are packed `INDEX_ENTRY`."""
    size = len(memoryview(entries).cast("B"))
    return b"".join(
        (RECORD.pack(Opcode.MESSAGE_INDEX, 6 + size), _U16.pack(channel), _U32.pack(size), entries)
    )


def chunk_head(start: int, end: int, size: int, crc: int) -> bytes:
    """All of an uncompressed chunk but its `size` bytes of records. Times in ns."""
    content = CHUNK_HEAD.size + _U32.size + _U64.size + size
    return b"".join(
        (
            RECORD.pack(Opcode.CHUNK, content),
            CHUNK_HEAD.pack(start, end, size, crc),
            _text(""),
            _U64.pack(size),
        )
    )


class Fields:
    """The fields of one record's content, read one after another.

    Every reading method raises RecordingError where the content ends too early.
    """

    def __init__(self, content: Buffer) -> None:
        self._content, self._at = memoryview(content), 0

    def rest(self) -> memoryview:
        """All that was not read yet."""
        return self._content[self._at :]

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        end = self._at + size
        if end > len(self._content):
            raise RecordingError(
                f"a record of {len(self._content)} bytes ends within a field of {size} bytes at "
                f"byte {self._at}: the file is damaged, or no MCAP"
            )
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def u16(self) -> int:
        """2 bytes."""
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        """4 bytes."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """8 bytes."""
        return int.from_bytes(self.take(8), "little")

    def data(self) -> bytes:
        """Bytes with their length (4) in front."""
        return bytes(self.take(self.u32()))

    def text(self) -> str:
        """UTF-8; what is none is replaced, since names come from peers."""
        return self.data().decode("utf-8", "replace")

    def texts(self) -> dict[str, str]:
        """A map of text to text."""
        inner = Fields(self.take(self.u32()))
        values = {}
        while inner.rest():
            key = inner.text()
            values[key] = inner.text()
        return values

    def numbers(self) -> dict[int, int]:
        """A map of u16 to u64."""
        inner = Fields(self.take(self.u32()))
        values = {}
        while inner.rest():
            key = inner.u16()
            values[key] = inner.u64()
        return values


class Schema(NamedTuple):
    """What the messages of some channels are."""

    id: int
    name: str
    encoding: str
    data: bytes

    def pack(self) -> bytes:
        """The whole record."""
        texts = _text(self.name) + _text(self.encoding) + _data(self.data)
        return record(Opcode.SCHEMA, _U16.pack(self.id) + texts)

    @classmethod
    def parse(cls, content: Buffer) -> Schema:
        """From a record's content."""
        fields = Fields(content)
        return cls(fields.u16(), fields.text(), fields.text(), fields.data())


class Channel(NamedTuple):
    """Messages that belong together."""

    id: int
    schema_id: int
    topic: str
    encoding: str
    metadata: dict[str, str]

    def pack(self) -> bytes:
        """The whole record."""
        numbers = _U16.pack(self.id) + _U16.pack(self.schema_id)
        texts = _text(self.topic) + _text(self.encoding) + _texts(self.metadata)
        return record(Opcode.CHANNEL, numbers + texts)

    @classmethod
    def parse(cls, content: Buffer) -> Channel:
        """From a record's content."""
        fields = Fields(content)
        return cls(fields.u16(), fields.u16(), fields.text(), fields.text(), fields.texts())


class Chunk(NamedTuple):
    """Messages written in one go."""

    start: int
    """Log time of the earliest message, ns."""
    end: int
    """Log time of the latest message, ns."""
    size: int
    """Bytes of its records, uncompressed."""
    crc: int
    """CRC-32 of its records, uncompressed; 0: not computed."""
    compression: str
    """"" for none, "lz4" or "zstd"."""
    records: memoryview
    """As they are in the file."""

    @classmethod
    def parse(cls, content: Buffer) -> Chunk:
        """From a record's content."""
        fields = Fields(content)
        start, end, size, crc = CHUNK_HEAD.unpack(fields.take(CHUNK_HEAD.size))
        compression = fields.text()
        return cls(start, end, size, crc, compression, fields.take(fields.u64()))


class ChunkIndex(NamedTuple):
    """Where a chunk is, in the summary."""

    start: int
    end: int
    offset: int
    """Of the chunk's record in the file."""
    length: int
    """Of the chunk's whole record."""
    indexes: dict[int, int]
    """For each channel the offset of its message index in the file."""
    indexes_length: int
    compression: str
    compressed_size: int
    size: int

    def pack(self) -> bytes:
        """The whole record."""
        offsets = b"".join(_U16.pack(key) + _U64.pack(value) for key, value in self.indexes.items())
        return record(
            Opcode.CHUNK_INDEX,
            struct.pack("<QQQQ", self.start, self.end, self.offset, self.length)
            + _data(offsets)
            + _U64.pack(self.indexes_length)
            + _text(self.compression)
            + struct.pack("<QQ", self.compressed_size, self.size),
        )

    @classmethod
    def parse(cls, content: Buffer) -> ChunkIndex:
        """From a record's content."""
        fields = Fields(content)
        start, end, offset, length = (fields.u64() for _ in range(4))
        indexes, indexes_length = fields.numbers(), fields.u64()
        compression = fields.text()
        return cls(
            start, end, offset, length, indexes, indexes_length, compression,
            fields.u64(), fields.u64(),
        )  # fmt: skip


class Statistics(NamedTuple):
    """How much there is, in the summary."""

    messages: int
    schemas: int
    channels: int
    attachments: int
    metadata: int
    chunks: int
    start: int
    end: int
    counts: dict[int, int]
    """Messages of each channel."""

    def pack(self) -> bytes:
        """The whole record."""
        counts = b"".join(_U16.pack(key) + _U64.pack(value) for key, value in self.counts.items())
        return record(Opcode.STATISTICS, struct.pack("<QHIIIIQQ", *self[:8]) + _data(counts))

    @classmethod
    def parse(cls, content: Buffer) -> Statistics:
        """From a record's content."""
        fields = Fields(content)
        head: tuple[int, ...] = struct.unpack("<QHIIIIQQ", fields.take(42))
        return cls._make((*head, fields.numbers()))


def _data(data: bytes) -> bytes:
    return _U32.pack(len(data)) + data


def _text(text: str) -> bytes:
    return _data(text.encode("utf-8", "replace"))


def _texts(values: Mapping[str, str]) -> bytes:
    return _data(b"".join(_pieces(values.items())))


def _pieces(items: Iterable[tuple[str, str]]) -> Iterable[bytes]:
    for key, value in items:
        yield _text(key)
        yield _text(value)
