"""Records that lie together in a file, most often a chunk's: where its messages are.

What the message indexes say is known without reading the messages. When these are asked for, the
CRC-32 is checked, and the records have to follow each other without a gap. Otherwise `salvage`
says which messages are still sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import fastcrc
import numpy as np
from numpy.typing import NDArray

from igtl.recording.compression import DamagedChunkError, decompressed
from igtl.recording.filing import Key
from igtl.recording.layout import INDEX_ENTRY, MESSAGE, MESSAGE_HEAD, RECORD, Channel, Opcode
from igtl.recording.salvage import mended, salvage_chunk
from igtl.recording.walk import Offsets, Walk, channels_of, heads_of, walk

__all__ = ["Block", "Index", "Kind", "Messages"]

Numbers = NDArray[np.uint64]


class Kind(Enum):
    """Why records lie together."""

    CHUNK = "a chunk"
    LOOSE = "records outside of chunks"
    CUT = "a chunk that is cut off"
    DAMAGED = "damaged bytes"


class Index(NamedTuple):
    """Where a channel's messages are in a block."""

    channel: int
    times: Numbers
    """(n,) arrival, ns since 1970."""
    offsets: Numbers
    """(n,) of the message records, from the block's beginning."""


class Messages(NamedTuple):
    """Messages of a block, in file order."""

    data: memoryview
    """The block's records, not compressed."""
    offsets: Offsets
    """(n,) where message records begin in it."""
    heads: NDArray[np.void]
    """(n,) of dtype `HEAD`: opcode, length, channel, sequence, time, published."""

    def only(self, mask: NDArray[np.bool_]) -> Messages:
        """Some of them."""
        return self if mask.all() else Messages(self.data, self.offsets[mask], self.heads[mask])


class Block:
    """Records that lie together.

    Args:
        kind: why.
        position: where in the file.
        stored: the bytes of its records, compressed if the chunk's are.
        times: arrival of the first and the last message, ns since 1970; None: not known.
        size: of its records in bytes, not compressed.
        crc: CRC-32 of its records; 0: not known.
        compression: as in `layout.Chunk`.

    Attributes:
        problem: what is wrong with it, as far as it was looked at.
        lost: messages that its indexes announce, and that are not sound any more.
        is_doubted: whether what is said about it, in its head and its indexes, is contradictory.
    """

    def __init__(
        self,
        kind: Kind,
        position: int,
        stored: memoryview,
        *,
        times: tuple[int, int] | None = None,
        size: int = 0,
        crc: int = 0,
        compression: str = "",
    ) -> None:
        self.kind, self.position, self.stored = kind, position, stored
        self.times, self.size, self.crc, self.compression = times, size, crc, compression
        self.problem = kind.value if kind in (Kind.CUT, Kind.DAMAGED) else ""
        self.lost = 0
        self.is_doubted = False
        self._indexed: list[tuple[int, memoryview]] = []
        self._sound: bool | None = False if kind is Kind.DAMAGED else None

    def add_index(self, channel: int, entries: memoryview) -> None:
        """Take a message index that follows it in the file: packed `INDEX_ENTRY`s."""
        if entries:
            self._indexed.append((channel, entries))

    def drop_indexes(self) -> None:
        """Forget the indexes: some of them may be missing."""
        self._indexed.clear()

    def doubt(self) -> None:
        """Believe neither its indexes nor its times: it is read to see what is in it."""
        self.is_doubted = True
        self.times = None
        self.drop_indexes()

    def agrees(self) -> bool:
        """Whether its head and its indexes, which have no checksum, say the same of it.

        The first message of each index is looked at, if that is not compressed.
        """
        found = [_index(*one) for one in self._indexed]
        return self._is_timely(found) and (
            bool(self.compression) or all(map(self._begins_right, found))
        )

    def _is_timely(self, indexes: list[Index]) -> bool:
        """Whether indexes begin and end with the times of the block."""
        first = min(int(one.times.min()) for one in indexes)
        last = max(int(one.times.max()) for one in indexes)
        return (self.times or (0, 0)) == (first, last)

    def _begins_right(self, index: Index) -> bool:
        """Whether the first message of an index is one of its channel."""
        at = int(index.offsets[0])
        if at + MESSAGE_HEAD.size > len(self.stored):
            return False
        opcode, _, channel, _, _, _ = MESSAGE_HEAD.unpack_from(self.stored, at)
        return (opcode, channel) == (Opcode.MESSAGE, index.channel)

    @property
    def is_indexed(self) -> bool:
        """Whether it is known without reading it where its messages are."""
        return bool(self._indexed)

    @property
    def announced(self) -> int:
        """Number of messages that its indexes name."""
        return sum(len(entries) for _, entries in self._indexed) // INDEX_ENTRY.size

    def channel_ids(self) -> set[int]:
        """The channels that its indexes name."""
        return {channel for channel, _ in self._indexed}

    def indexes(self, keys: Mapping[int, Key]) -> list[Index]:
        """Where the messages of each channel are; a block without indexes is read for that.

        Errors as `messages`.
        """
        if self._indexed and self._sound is not False:
            indexes = [_index(*one) for one in self._indexed]
            if self._is_timely(indexes):
                return indexes
            self.doubt()
        found = self.messages(keys)
        ids, times = found.heads["channel"], found.heads["time"]
        numbers = np.unique(ids).tolist()
        offsets = found.offsets.astype(np.uint64)
        return [Index(one, times[ids == one], offsets[ids == one]) for one in numbers]

    def records(self) -> memoryview:
        """Its records, not compressed; nothing, where damage makes that impossible.

        Raises:
            RecordingError: the package for that is not installed.
        """
        if not self.compression:
            return self.stored
        try:
            return decompressed(self.stored, self.compression, self.size)
        except DamagedChunkError as error:
            self._sound, self.problem = False, str(error)
            return memoryview(b"")

    def is_sound(self, records: memoryview) -> bool:
        """Whether its records are as they were written, as far as the CRC-32 tells."""
        if self._sound is None:
            self._sound = not self.crc or fastcrc.crc32.iso_hdlc(records) == self.crc
            if not self._sound:
                self.problem = "a chunk whose CRC-32 is wrong"
        return self._sound

    @property
    def was_right(self) -> bool:
        """Whether it is a chunk whose CRC-32 was looked at, and is right."""
        return bool(self._sound and self.crc)

    def channels(self, *, damaged_too: bool = False) -> list[Channel]:
        """The channels that are described in it; none if it is damaged, unless asked for.

        Errors as `records`.
        """
        records = self.records()
        if not self.is_sound(records):
            whole = mended(records, self.crc) if self.crc else None
            if whole is None and not damaged_too:
                return []
            records = records if whole is None else whole
        found = self._by_index(records)
        walked = walk(records, 0, len(records)) if found is None else found[1]
        return channels_of(walked.described)

    def messages(self, keys: Mapping[int, Key]) -> Messages:
        """Its messages, in file order; those that are sound if it is damaged.

        Args:
            keys: what the channels are, to tell sound messages from others.

        Raises:
            RecordingError: they are compressed, and the package for that is not installed.
        """
        records = self.records()
        if not self.is_sound(records):
            return self._damaged(records, keys)
        found = self._by_index(records)
        if found is not None:
            return found[0]
        walked = walk(records, 0, len(records))
        if walked.end == len(records):
            return Messages(records, walked.messages, heads_of(records, walked.messages))
        self._sound, self.problem = False, f"{self.kind.value} with a record of no sense in it"
        return self._damaged(records, keys)

    def _damaged(self, records: memoryview, keys: Mapping[int, Key]) -> Messages:
        """What is still sound of it; all, where a single bit is wrong."""
        whole = mended(records, self.crc) if self.crc else None
        if whole is not None:
            self.problem = "a chunk in which one bit had changed: it is read as it was written"
            offsets = walk(whole, 0, len(whole)).messages
            return Messages(whole, offsets, heads_of(whole, offsets))
        offsets = salvage_chunk(records, keys)
        self.lost = max(0, self.announced - len(offsets))
        heads = heads_of(records, offsets)
        self._correct(offsets, heads["time"])
        return Messages(records, offsets, heads)

    def _correct(self, offsets: Offsets, times: NDArray[np.uint64]) -> None:
        """Take the times of the indexes for those in the damaged records."""
        for _, known, places in (_index(*one) for one in self._indexed):
            found = np.searchsorted(offsets, places)
            fits = found < len(offsets)
            fits[fits] = offsets[found[fits]] == places[fits]
            times[found[fits]] = known[fits]

    def _by_index(self, records: memoryview) -> tuple[Messages, Walk] | None:
        """What its indexes lead to; None if there are messages that they do not name."""
        if not self._indexed:
            return None
        parts = [_index(*one).offsets for one in self._indexed]
        offsets = np.concatenate(parts).astype(np.int64)
        if np.any(offsets[1:] < offsets[:-1]):
            offsets.sort(kind="stable")
        try:
            heads = heads_of(records, offsets)
        except IndexError:
            return None
        between = _between(records, offsets, heads)
        return None if between is None else (Messages(records, offsets, heads), between)


def _index(channel: int, entries: memoryview) -> Index:
    pairs = np.frombuffer(entries, "<u8").reshape(-1, 2)
    return Index(channel, pairs[:, 0], pairs[:, 1])


def _between(records: memoryview, offsets: Offsets, heads: NDArray[np.void]) -> Walk | None:
    """What is between messages; None if other things are there as well."""
    lengths = heads["length"]
    if np.any((heads["opcode"] != Opcode.MESSAGE) | (lengths > len(records))):
        return None
    if np.any(lengths < MESSAGE.size):
        return None
    ends = np.concatenate(([0], offsets + lengths.astype(np.int64) + RECORD.size))
    starts = np.append(offsets, len(records))
    described = []
    for gap in np.flatnonzero(starts != ends).tolist():
        start, end = int(ends[gap]), int(starts[gap])
        walked = walk(records[:end], start, end)
        if walked.end != end or len(walked.messages):
            return None
        described += walked.described
    return Walk(offsets, described, len(records), 0)
