"""Messages gathered for a chunk: packed, indexed, and their checksums taken."""

from __future__ import annotations

import struct
from typing import NamedTuple

import fastcrc
import numpy as np

from igtl.codec.buffers import SMALL, Buffer
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER, HEADER_SIZE, Frame
from igtl.errors import MessageError
from igtl.recording import filing, layout
from igtl.recording.lanes import Known, Lane, Lanes
from igtl.recording.layout import (
    INDEX_ENTRY,
    MESSAGE,
    MESSAGE_HEAD,
    Channel,
    ChunkIndex,
    Opcode,
    Schema,
)

__all__ = ["Gathered", "Gathering"]

_crc32 = fastcrc.crc32.iso_hdlc
_MESSAGE = int(Opcode.MESSAGE)
#: Bytes of a message record in front of the body, and those that its length counts.
_HEAD_SIZE, _COUNTED = MESSAGE_HEAD.size + HEADER_SIZE, MESSAGE.size + HEADER_SIZE
#: In front of each channel's message index: opcode, length, channel, length.
_INDEX_HEAD = 15
#: So many bytes stay in a processor's cache.
_AT_HAND = 1 << 18


class Gathered(NamedTuple):
    """A chunk, ready to be written."""

    pieces: list[Buffer]
    """Its bytes, and those of its message indexes."""
    chunk: ChunkIndex
    counts: dict[int, int]
    """Messages of each channel, events included."""
    described: list[tuple[Schema, Channel]]
    """The channels that are used."""
    messages: int
    """Without events."""
    wrong: int
    """Messages with a wrong CRC-64."""

    @property
    def end(self) -> int:
        """Where the file goes on behind it."""
        return self.chunk.offset + self.chunk.length + self.chunk.indexes_length


class Gathering:
    """Gathers one chunk after another.

    Each chunk describes the channels that it uses, in front of their first messages.

    Attributes:
        lanes: the channels.
        size: bytes that are gathered.
        messages: that are gathered, without events.
    """

    def __init__(self) -> None:
        self.lanes = Lanes()
        self._begun: list[Lane] = []  # have messages in the chunk
        self._pieces: list[Buffer] = []
        self._small: list[Buffer] = []  # behind the pieces
        self.messages = self.size = self._crc = 0

    @property
    def whole_size(self) -> int:
        """Bytes that it all takes in the file, message indexes included, nearly."""
        return self.size + INDEX_ENTRY.size * self.messages + _INDEX_HEAD * len(self._begun)

    def put(self, known: Known, connection: str, time_ns: int, frame: Frame) -> None:
        """Add a message; `known` are the channels of its connection.

        Raises:
            RecordingError: there are too many channels.
            MessageError: a number does not fit; the message is left out.
        """
        version, raw_type, raw_name, raw_time, body_size, crc, body = frame
        # filing.publish_time, without the call: this is done a few 100,000 times a second
        sent = (raw_time * 1_000_000_000 + 0x8000_0000) >> 32 if raw_time else time_ns
        size, small = len(body), self._small
        try:
            lane = known.get((version, raw_type, raw_name))
            if lane is None:
                lane = self.lanes.of(known, connection, frame)
            sequence = lane.sequence
            head = MESSAGE_HEAD.pack(_MESSAGE, _COUNTED + size, lane.id, sequence, time_ns, sent)
            header = HEADER.pack(version, raw_type, raw_name, raw_time, body_size, crc)
        except struct.error as error:
            raise MessageError(f"{frame.label} at {time_ns} ns does not fit: {error}") from error
        if not lane.index:
            self._begin(lane)
        offset = self.size
        small.append(head)
        small.append(header)
        if size <= SMALL:
            small.append(body)
            found = crc64(body)
        else:
            found = self._put_large(body)
        lane.index.append(time_ns)
        lane.index.append(offset)
        lane.sequence = (sequence + 1) & 0xFFFF_FFFF
        if found != crc:
            lane.wrong += 1
        self.messages += 1
        self.size = offset + _HEAD_SIZE + size

    def put_event(self, data: bytes, time_ns: int) -> None:
        """Add an event. Errors as `put`."""
        lane = self.lanes.events()
        size, sequence = MESSAGE.size + len(data), lane.sequence
        try:
            head = MESSAGE_HEAD.pack(_MESSAGE, size, lane.id, sequence, time_ns, time_ns)
        except struct.error as error:
            raise MessageError(f"an event at {time_ns} ns does not fit: {error}") from error
        if not lane.index:
            self._begin(lane)
        lane.index.extend((time_ns, self.size))
        self._small += (head, data)
        self.size += len(head) + len(data)
        lane.sequence = (sequence + 1) & 0xFFFF_FFFF

    def cut(self, position: int) -> Gathered:
        """What is gathered, as the chunk at a position of the file; the next one begins.

        It ends with a "checksum" event for each channel that has wrong checksums in it.
        """
        times = np.concatenate([lane.entries[:, 0] for lane in self._begun])
        start, end = int(times.min()), int(times.max())
        wrong = self._note_checksums(end)
        self._put_piece(b"".join(self._small))
        head, size = layout.chunk_head(start, end, self.size, self._crc), self.size
        at = first = position + len(head) + size
        offsets, indexes = {}, []
        for lane in self._begun:
            offsets[lane.id] = at
            indexes.append(layout.message_index(lane.id, lane.entries.astype("<u8").tobytes()))
            at += len(indexes[-1])
        length = len(head) + size
        gathered = Gathered(
            pieces=[head, *self._pieces, b"".join(indexes)],
            chunk=ChunkIndex(start, end, position, length, offsets, at - first, "", size, size),
            counts={lane.id: len(lane.index) // 2 for lane in self._begun},
            described=[(lane.schema, lane.channel) for lane in self._begun],
            messages=self.messages,
            wrong=wrong,
        )
        self.clear()
        return gathered

    def clear(self) -> None:
        """Forget what is gathered."""
        for lane in self._begun:
            lane.clear()
        self._begun, self._pieces, self._small = [], [], []
        self.messages = self.size = self._crc = 0

    def _begin(self, lane: Lane) -> None:
        """A channel's first message in the chunk is next."""
        records = lane.schema.pack(), lane.channel.pack()
        self._small += records
        self.size += sum(map(len, records))
        self._begun.append(lane)

    def _put_large(self, body: Buffer) -> int:
        """Add a body that is not copied; its CRC-64.

        Both checksums are taken of one piece after another, while the processor has it at hand.
        """
        self._put_piece(b"".join(self._small))
        self._small.clear()
        view, crc, found = memoryview(body), self._crc, 0
        for start in range(0, len(view), _AT_HAND):
            part = view[start : start + _AT_HAND]
            crc, found = _crc32(part, crc), crc64(part, found)
        self._crc = crc
        self._pieces.append(body)
        return found

    def _put_piece(self, piece: bytes) -> None:
        self._crc = _crc32(piece, self._crc)
        self._pieces.append(piece)

    def _note_checksums(self, time_ns: int) -> int:
        """Add an event for each channel with wrong checksums; how many there are in all."""
        wrong = [(lane.key, lane.wrong) for lane in self._begun if lane.key and lane.wrong]
        for key, count in wrong:
            named = {"type": key.wire_type, "device": key.device_name, "count": count}
            self.put_event(filing.event_data("checksum", key.connection, **named), time_ns)
        return sum(count for _, count in wrong)
