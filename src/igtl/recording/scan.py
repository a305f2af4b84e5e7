"""What is where in a recording's file, found by going from record to record.

No summary is needed: a file that is cut off, or still being written, is read as far as it goes.
Chunks and message indexes are only noted here, not read, so that this takes little time for any
size. Where a record makes no sense, `salvage.next_record` says where sound ones go on, and what
lies between is a damaged block.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import fastcrc

from igtl.closable import Closable
from igtl.errors import RecordingError
from igtl.recording.block import Block, Kind
from igtl.recording.filing import EVENTS, Key, key_of
from igtl.recording.layout import (
    CHUNK_HEAD,
    INDEX_ENTRY,
    MAGIC,
    RECORD,
    Channel,
    Chunk,
    ChunkIndex,
    Fields,
    Opcode,
)
from igtl.recording.likeness import likeness
from igtl.recording.salvage import holds_chunk, next_record
from igtl.recording.walk import channels_of, heads_of, walk

__all__ = ["Damage", "Scan"]

#: Records outside of chunks are taken together up to about so many bytes.
_LOOSE_SIZE = 8 << 20
_FOOTER_SIZE = 20
#: Records of the data section that are skipped, and those of the summary.
_SKIPPED = frozenset(
    {
        Opcode.ATTACHMENT,
        Opcode.METADATA,
        Opcode.CHUNK_INDEX,
        Opcode.ATTACHMENT_INDEX,
        Opcode.STATISTICS,
        Opcode.METADATA_INDEX,
    }
)
#: Skipped as well, and always of one size.
_SIZES: dict[int, int] = {Opcode.DATA_END: 4, Opcode.SUMMARY_OFFSET: 17}
_LOOSE = frozenset({Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE})
_KNOWN = frozenset(Opcode)
#: Longer records are none.
_LONGEST = 1 << 40
#: Bytes in front of the records of a chunk that is not compressed.
_CHUNK_FRONT = RECORD.size + CHUNK_HEAD.size + 4 + 8
_CONTRADICTION = "a chunk whose times or message indexes are not those it had"
#: What may stand behind a chunk and its message indexes, other than a chunk.
_BEHIND_CHUNKS = frozenset({Opcode.ATTACHMENT, Opcode.METADATA, Opcode.DATA_END})
#: From this on, opcodes are for programs' own records.
_PRIVATE = 0x80


class Damage(NamedTuple):
    """A part of a file that is not as it was written."""

    path: Path
    position: int
    """Where in the file, in bytes."""
    size: int
    """Bytes that are concerned."""
    text: str
    """What is wrong."""
    lost: int
    """Messages that are known to be lost there; there may be more."""


class Scan(Closable):
    """The blocks of one file.

    Args:
        path: of the file.

    Attributes:
        blocks: in file order.
        keys: what the messages of each channel have in common, by channel number.
        events: numbers of the channels that hold events.
        foreign: the channels of other programs, which are left out.
        complete: whether the file was ended as it should be.
        data: the bytes of the file.
        size: of the file, in bytes.

    Raises:
        RecordingError: it is no MCAP file; the text says what it looks like.
        OSError: it cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._map: mmap.mmap | None = None
        self._map, self.data = _mapped(self.path)
        self.size = len(self.data)
        self.blocks: list[Block] = []
        self.keys: dict[int, Key] = {}
        self.events: set[int] = set()
        self.foreign: dict[int, Channel] = {}
        self.complete = False
        self.library = ""
        self._damage: list[Damage] = []
        self._described: list[Channel] = []
        self._doubtful: list[Channel] = []
        self._summed_up: list[memoryview] = []  # what the summary says of chunks
        self._in_summary = self._is_summed_up = False
        self._unsure: set[int] = set()  # positions of chunks of which indexes may be missing
        self._last: Block | None = None  # a chunk whose indexes may follow
        self._astray = False  # within what was a chunk, probably
        if self.data[: len(MAGIC)] != MAGIC:
            self._note(0, len(MAGIC), "the first bytes are not those of MCAP")
        self._follow()
        self._learn()

    # ---- from record to record

    def _follow(self) -> None:
        at = len(MAGIC)
        while at < self.size and not self.complete:
            opcode, after = self._record(at)
            content = self.data[at + RECORD.size : after]
            is_index = opcode == Opcode.MESSAGE_INDEX and self._take_index(content)
            if is_index or (opcode == Opcode.CHUNK and self._take_chunk(at, content)):
                at = after
            else:
                if opcode not in _BEHIND_CHUNKS:
                    self._end_indexes()
                at = self._take(opcode, at, after)
                self._last = None
        self._end_indexes()
        if not self._is_summed_up:
            self._summed_up.clear()  # not to be believed
        self._compare()
        self._summed_up.clear()
        if self.complete and at < self.size:
            self._note(at, self.size - at, "more behind the end")

    def _end_indexes(self) -> None:
        """Note that what goes on here may have been one more index of a chunk."""
        if self._last is not None:
            self._unsure.add(self._last.position)
            self._last = None

    def _take(self, opcode: int, at: int, after: int) -> int:
        """Take a record that is no chunk, and no index of one; where to go on."""
        if opcode in _LOOSE:
            return self._loose(at)
        if opcode == Opcode.FOOTER:
            return self._footer(at, after)
        content = self.data[at + RECORD.size : after]
        if opcode == Opcode.HEADER and at == len(MAGIC) and self._header(content):
            return after
        if opcode == Opcode.MESSAGE_INDEX and self._astray:
            return after  # of a chunk whose head is damaged
        if not self._is_skipped(opcode, at, after):
            return self._odd(at)
        self._in_summary |= opcode == Opcode.DATA_END
        if opcode == Opcode.CHUNK_INDEX:
            self._summed_up.append(content)
        return after

    def _record(self, at: int) -> tuple[int, int]:
        """Opcode and end of the record at a position; opcode 0 if none is there."""
        if at + RECORD.size > self.size:
            return 0, self.size
        opcode, length = RECORD.unpack_from(self.data, at)
        after = at + RECORD.size + length
        return (opcode, after) if after <= self.size else (0, self.size)

    def _is_skipped(self, opcode: int, at: int, after: int) -> bool:
        """Whether a record is one that does not matter, and not what damage made of a chunk."""
        if opcode in _SIZES:
            return after - at - RECORD.size == _SIZES[opcode]
        return (opcode in _SKIPPED or opcode >= _PRIVATE) and not self._is_indexed(after)

    def _is_indexed(self, after: int) -> bool:
        """Whether what ends here is followed by a message index, as only chunks are."""
        return after < self.size and self.data[after] == Opcode.MESSAGE_INDEX

    def _take_chunk(self, at: int, content: memoryview) -> bool:
        """Take a chunk, if it makes sense."""
        try:
            start, end, size, crc, compression, stored = Chunk.parse(content)
        except RecordingError:
            return False
        head = len(content) - len(stored)
        sizes = size == len(stored) or compression
        if not sizes or head != 40 + len(compression.encode()) or len(compression) > 32:
            return False
        times = (start, end) if end else None  # 0 and 0: it says that it has no messages
        block = Block(
            Kind.CHUNK, at, stored, times=times, size=size, crc=crc, compression=compression
        )
        self.blocks.append(block)
        self._last, self._astray = block, False
        return True

    def _take_index(self, content: memoryview) -> bool:
        """Take a message index of the chunk before, if it makes sense."""
        if self._last is None or len(content) < 6:
            return False
        fields = Fields(content)
        channel, size = fields.u16(), fields.u32()
        if size != len(content) - 6 or size % INDEX_ENTRY.size:
            return False
        self._last.add_index(channel, fields.rest())
        return True

    def _loose(self, at: int) -> int:
        """Take records outside of chunks, or of the summary; where they end."""
        walked = walk(self.data, at, at + _LOOSE_SIZE)
        if self._is_indexed(walked.end) and not self._astray:
            walked = walk(self.data, at, walked.last)  # the last one was a chunk
        if walked.end == at:
            return self._odd(at)
        if self._in_summary or self._astray:
            self._doubtful += channels_of(walked.described)
        else:
            self._described += channels_of(walked.described)
        if len(walked.messages) and not self._in_summary:  # there they are something else, damaged
            stored = self.data[at : walked.end]
            times = heads_of(self.data, walked.messages)["time"]
            bounds = int(times.min()), int(times.max())
            kind = Kind.DAMAGED if self._astray else Kind.LOOSE
            self.blocks.append(Block(kind, at, stored, times=bounds, size=len(stored)))
        return walked.end

    def _header(self, content: memoryview) -> bool:
        """Take the file's header, if it makes sense."""
        try:
            fields = Fields(content)
            _, self.library = fields.text(), fields.text()
        except RecordingError:
            return False
        return not fields.rest()

    def _footer(self, at: int, after: int) -> int:
        """The end of the file, if it is one."""
        data = self.data
        if after - at != RECORD.size + _FOOTER_SIZE or data[after : after + len(MAGIC)] != MAGIC:
            return self._odd(at)
        fields = Fields(data[at + RECORD.size : after])
        start, _, crc = fields.u64(), fields.u64(), fields.u32()
        if crc and start and fastcrc.crc32.iso_hdlc(data[start : after - 4]) != crc:
            self._note(start, after - start, "a summary whose CRC-32 is wrong")
        elif crc and start and not self._astray:
            self._described += self._doubtful
            self._is_summed_up = True
        self.complete = True
        return after + len(MAGIC)

    def _odd(self, at: int) -> int:
        """Take what makes no sense at a position; where sense begins again."""
        self._end_indexes()
        if self._take_cut_chunk(at):
            return self.size
        found = next_record(self.data, at + 1)
        if found is None and _begins_record(self.data, at):
            self._note(at, self.size - at, "a record that is cut off")
            return self.size
        end = self.size if found is None else found
        self._astray = True
        self.blocks.append(Block(Kind.DAMAGED, at, self.data[at:end], size=end - at))
        return end

    def _take_cut_chunk(self, at: int) -> bool:
        """Take what there is of a chunk in which the file ends, if that is so."""
        stored = self.data[at + _CHUNK_FRONT :]
        name = self.data[at + RECORD.size + CHUNK_HEAD.size :][:4]  # length of the compression's
        if self.data[at] != Opcode.CHUNK or not _begins_record(self.data, at) or any(name):
            return False
        end = walk(stored, 0, len(stored)).end
        if end < len(stored) and not _begins_record(stored, end):
            return False
        self.blocks.append(Block(Kind.CUT, at, stored[:end], size=end))
        return True

    def _compare(self) -> None:
        """Doubt chunks of which the summary, or else their own parts, say different things."""
        said: dict[int, ChunkIndex] = {}
        for content in self._summed_up:
            with suppress(RecordingError):
                index = ChunkIndex.parse(content)
                said[index.offset] = index
        for block in self.blocks:
            if block.kind is not Kind.CHUNK:
                continue
            one = said.get(block.position)
            if one is None and block.position in self._unsure:
                block.drop_indexes()
            if one is None and not block.is_indexed:
                block.times = None  # nothing confirms them
            elif not (block.agrees() if one is None else _is_as_said(block, one)):
                block.doubt()

    # ---- channels

    def _learn(self) -> None:
        """Find out what the channels are, reading as few chunks as that takes."""
        known: dict[int, Channel] = {}
        for channel in self._described:
            known.setdefault(channel.id, channel)
        for damaged_too in (False, True):
            for block in self.blocks:
                if block.kind is not Kind.LOOSE and self._lacks(block, known):
                    for channel in _channels(block, damaged_too=damaged_too):
                        known.setdefault(channel.id, channel)
        for channel in self._doubtful:
            known.setdefault(channel.id, channel)
        for block in self.blocks:
            if not known.keys() >= block.channel_ids():
                block.doubt()
        for number, channel in known.items():
            key = key_of(channel)
            if key is not None:
                self.keys[number] = key
            elif channel.topic == EVENTS:
                self.events.add(number)
            else:
                self.foreign[number] = channel

    @staticmethod
    def _lacks(block: Block, known: dict[int, Channel]) -> bool:
        """Whether a block has to be read for its channels."""
        return not block.is_indexed or not known.keys() >= block.channel_ids()

    # ---- what is wrong

    @property
    def damage(self) -> list[Damage]:
        """What is not as it was written, as far as that shows now: chunks are checked when read."""
        blocks = [
            Damage(self.path, one.position, len(one.stored), one.problem, one.lost)
            for one in self.blocks
            if one.problem
        ]
        blocks += [
            Damage(self.path, one.position, 0, _CONTRADICTION, 0)
            for one in self.blocks
            if one.is_doubted
        ]
        return sorted(self._damage + blocks, key=lambda one: one.position)

    def _note(self, position: int, size: int, text: str) -> None:
        self._damage.append(Damage(self.path, position, size, text, 0))

    # ---- its end

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._map is None

    def close(self) -> None:
        """Let go of the file. What still looks at its bytes keeps them."""
        self.blocks.clear()
        self.data = memoryview(b"")
        if self._map is not None:
            with suppress(BufferError):  # what still looks at it takes it along when it goes
                self._map.close()
            self._map = None


def _mapped(path: Path) -> tuple[mmap.mmap, memoryview]:
    """The file's bytes.

    Raises:
        RecordingError: it is no MCAP.
    """
    with path.open("rb") as file:
        beginning = file.read(512)
        if not beginning:
            raise RecordingError(f"{path} is empty, expected a recording (MCAP)")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if not _is_mcap(beginning) and not holds_chunk(memoryview(data)):
        looks = likeness(beginning)
        raise RecordingError(f"{path} looks like {looks}, expected a recording (MCAP)")
    return data, memoryview(data)


def _is_mcap(beginning: bytes) -> bool:
    """Whether a file begins as MCAP does, but for one byte if a header follows."""
    wrong = sum(a != b for a, b in zip(beginning, MAGIC, strict=False))
    if len(beginning) < len(MAGIC) or wrong > 1:
        return False
    return not wrong or beginning[len(MAGIC) : len(MAGIC) + 1] == bytes([Opcode.HEADER])


def _is_as_said(block: Block, said: ChunkIndex) -> bool:
    """Whether a chunk is what the summary, which has a checksum, says of it."""
    times = (said.start, said.end) if said.end else None
    return block.times == times and block.channel_ids() == said.indexes.keys()


def _begins_record(data: memoryview, at: int) -> bool:
    """Whether the last record of `data` may begin at a position, and lacks its end."""
    if len(data) - at < RECORD.size:
        return True
    opcode, length = RECORD.unpack_from(data, at)
    return opcode in _KNOWN and at + RECORD.size + length > len(data) and length < _LONGEST


def _channels(block: Block, *, damaged_too: bool) -> list[Channel]:
    try:
        return block.channels(damaged_too=damaged_too)
    except RecordingError:
        return []
