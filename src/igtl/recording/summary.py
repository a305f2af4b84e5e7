"""The end of a recording: what is in it and where, for who does not want to look through it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import fastcrc

from igtl.recording import layout
from igtl.recording.layout import MAGIC, Channel, ChunkIndex, Opcode, Schema, Statistics

__all__ = ["Summary", "bare_end"]

_crc32 = fastcrc.crc32.iso_hdlc
#: Of a footer, the bytes that its own CRC covers: the record's head, and two offsets.
_COVERED = layout.RECORD.size + 16


class Summary:
    """Gathered while a file is written.

    Attributes:
        size: bytes that it takes in the file, nearly.
        counts: for each channel, how many messages were written.
    """

    def __init__(self) -> None:
        self.size = 0
        self.counts: dict[int, int] = {}
        self._schemas: dict[int, bytes] = {}
        self._channels: dict[int, bytes] = {}
        self._chunks: list[bytes] = []
        self._start, self._end = 0, 0

    def describe(self, *described: Schema | Channel) -> None:
        """Note channels and their schemas, once they are in the file."""
        for one in described:
            known = self._schemas if isinstance(one, Schema) else self._channels
            if one.id not in known:
                known[one.id] = one.pack()
                self.size += len(known[one.id])

    def add(self, chunk: ChunkIndex, counts: Mapping[int, int]) -> None:
        """Note a chunk, once it is in the file, and the messages of each channel in it."""
        self._start = min(self._start, chunk.start) if self._chunks else chunk.start
        self._end = max(self._end, chunk.end)
        for channel, count in counts.items():
            self.counts[channel] = self.counts.get(channel, 0) + count
        packed = chunk.pack()
        self._chunks.append(packed)
        self.size += len(packed)

    def pack(self, position: int) -> bytes:
        """All that ends a file of `position` bytes."""
        end = layout.record(Opcode.DATA_END, struct.pack("<I", 0))
        start = position + len(end)
        groups, offsets, at = [], [], start
        for opcode, records in self._groups():
            group = b"".join(records)
            if group:
                groups.append(group)
                offsets.append(layout.summary_offset(opcode, at, len(group)))
                at += len(group)
        footer = layout.footer(start, at, 0)
        summary = b"".join((*groups, *offsets))
        crc = _crc32(footer[:_COVERED], _crc32(summary))
        return b"".join((end, summary, layout.footer(start, at, crc), MAGIC))

    def _groups(self) -> Iterable[tuple[Opcode, Iterable[bytes]]]:
        yield Opcode.SCHEMA, self._schemas.values()
        yield Opcode.CHANNEL, self._channels.values()
        yield Opcode.STATISTICS, (self._statistics().pack(),)
        yield Opcode.CHUNK_INDEX, self._chunks

    def _statistics(self) -> Statistics:
        return Statistics(
            messages=sum(self.counts.values()),
            schemas=len(self._schemas),
            channels=len(self._channels),
            attachments=0,
            metadata=0,
            chunks=len(self._chunks),
            start=self._start,
            end=self._end,
            counts=self.counts,
        )


def bare_end() -> bytes:
    """What ends a file that has no room for a summary."""
    end = layout.record(Opcode.DATA_END, struct.pack("<I", 0))
    footer = layout.footer(0, 0, 0)
    crc = _crc32(footer[:_COVERED])
    return b"".join((end, layout.footer(0, 0, crc), MAGIC))
