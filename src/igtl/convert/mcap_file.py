"""MCAP files of any schema, written one message after another.

`igtl.recording` writes its own recordings, frames as they came; this is for what others define.
Messages keep both of their times.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from igtl.errors import RecordingError
from igtl.recording.layout import (
    INDEX_ENTRY,
    MAGIC,
    MESSAGE_HEAD,
    Channel,
    ChunkIndex,
    Opcode,
    Schema,
    chunk_head,
    header,
    message_index,
)
from igtl.recording.summary import Summary

__all__ = ["McapFile"]

_CHUNK = 4 << 20
_MOST_CHANNELS = 0xFFFF
_MESSAGE_FIELDS = MESSAGE_HEAD.size - 9  # of the head, what does not count as its opcode and length


class McapFile:
    """An MCAP file that is being written: chunks without compression, indexes and a summary.

    Args:
        path: made anew.
        library: who writes.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path, library: str) -> None:
        self._file = path.open("xb")
        self._at = self._put(MAGIC + header("", library), 0)
        self._summary = Summary()
        self._schemas: list[Schema] = []
        self._counts: dict[int, int] = {}  # of each channel
        self._begin()

    def schema(self, name: str, encoding: str, data: bytes) -> int:
        """Declare a schema; its number. Declared twice, it is the same."""
        for known in self._schemas:
            if known[1:] == (name, encoding, data):
                return known.id
        new = Schema(len(self._schemas) + 1, name, encoding, data)
        self._schemas.append(new)
        self._describe(new)
        return new.id

    def channel(self, schema: int, topic: str, encoding: str, metadata: Mapping[str, str]) -> int:
        """Declare a channel; its number.

        Raises:
            RecordingError: there are as many as a file can have.
        """
        if len(self._counts) == _MOST_CHANNELS:
            raise RecordingError(
                f"there are {_MOST_CHANNELS} channels (of connection, type and device), the most "
                "that a file can have: choose some"
            )
        new = Channel(len(self._counts) + 1, schema, topic, encoding, dict(metadata))
        self._counts[new.id] = 0
        self._describe(new)
        return new.id

    def message(self, channel: int, log_time: int, publish_time: int, data: bytes) -> None:
        """Append a message; times in ns since 1970."""
        length = _MESSAGE_FIELDS + len(data)
        sequence = self._counts[channel] & 0xFFFFFFFF
        self._indexes.setdefault(channel, []).append((log_time, self._size))
        self._add(
            MESSAGE_HEAD.pack(Opcode.MESSAGE, length, channel, sequence, log_time, publish_time)
        )
        self._add(data)
        self._counts[channel] += 1
        if self._size >= _CHUNK:
            self._end_chunk()

    def close(self) -> None:
        """Write the summary, and close the file."""
        self._end_chunk()
        self._put(self._summary.pack(self._at), self._at)
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _put(self, data: bytes, at: int) -> int:
        self._file.write(data)
        return at + len(data)

    def _begin(self) -> None:
        """Start a chunk."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._indexes: dict[int, list[tuple[int, int]]] = {}

    def _describe(self, what: Schema | Channel) -> None:
        self._add(what.pack())
        self._summary.describe(what)

    def _add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    def _end_chunk(self) -> None:
        if not self._indexes:
            return
        records = b"".join(self._pieces)
        times = [time for entries in self._indexes.values() for time, _ in entries]
        start = self._at
        head = chunk_head(min(times), max(times), len(records), zlib.crc32(records))
        self._at = indexes_start = self._put(records, self._put(head, start))
        offsets = {}
        for channel, entries in self._indexes.items():
            offsets[channel] = self._at
            packed = b"".join(INDEX_ENTRY.pack(*entry) for entry in sorted(entries))
            self._at = self._put(message_index(channel, packed), self._at)
        chunk = ChunkIndex(
            min(times), max(times), start, indexes_start - start, offsets,
            self._at - indexes_start, "", len(records), len(records),
        )  # fmt: skip
        counts = {channel: len(entries) for channel, entries in self._indexes.items()}
        self._summary.add(chunk, counts)
        self._begin()
