"""What damage cost: messages counted by their numbers, by the indexes and by the summary."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from igtl.recording.block import Messages
from igtl.recording.layout import MAGIC, RECORD, Fields, Opcode, Statistics
from igtl.recording.salvage import next_record
from igtl.recording.soundness import record_end

__all__ = ["Count", "announced", "corrected", "indexed", "unused"]

#: Numbers of messages are modulo 2**32; a larger step than half of that goes back.
_MASK, _BACK = 0xFFFF_FFFF, 1 << 31
_FOOTER = struct.Struct("<QQI")


class Count:
    """The messages of one channel: kept, and lost by the gaps in their numbers.

    Gaps are counted where there is damage: `part` numbers the stretches between damages. A gap in
    sound bytes was there when the file was written, by an earlier recovery say.
    """

    def __init__(self) -> None:
        self.kept = self.lost = 0
        self._next = self._part = 0

    def take(self, sequence: int, part: int) -> None:
        """A message."""
        gap = (sequence - self._next) & _MASK
        if part != self._part and gap < _BACK:
            self.lost += gap
        self.kept += 1
        self._next, self._part = (sequence + 1) & _MASK, part

    def announce(self, before: tuple[int, int], count: int) -> None:
        """The part that just ends had `count` messages, when the count was as `before`."""
        lost = count - (self.kept - before[0]) - (self.lost - before[1])
        if lost > 0:
            self.lost += lost
            self._next = (self._next + lost) & _MASK

    @property
    def following(self) -> int:
        """The number that the next message should have."""
        return self._next

    @property
    def so_far(self) -> tuple[int, int]:
        """Kept and lost."""
        return self.kept, self.lost


def indexed(data: memoryview, position: int) -> dict[int, NDArray[np.uint64]]:
    """Of each channel in a chunk, (n, 2) times [ns] and offsets, by the indexes that follow it."""
    found: dict[int, NDArray[np.uint64]] = {}
    at = record_end(data, position) if data[position] == Opcode.CHUNK else None
    while at is not None and at < len(data) and data[at] == Opcode.MESSAGE_INDEX:
        end = record_end(data, at)
        if end is not None:
            fields = Fields(data[at + RECORD.size : end])
            number, entries = fields.u16(), fields.data()
            found[number] = np.frombuffer(entries, "<u8").astype(np.uint64).reshape(-1, 2)
        at = end
    return found


def corrected(
    messages: Messages, indexes: Mapping[int, NDArray[np.uint64]], following: Mapping[int, int]
) -> Messages:
    """Messages of a damaged chunk with the times and numbers that its indexes tell.

    Nothing within a message says what its time of arrival and its number in its record should be.
    The first of a chunk has the number that most others suggest, or else `following`.
    """
    heads = messages.heads.copy()
    for channel, entries in indexes.items():
        order = np.argsort(entries[:, 1], kind="stable")
        offsets = entries[order, 1].astype(np.int64)
        mine = np.flatnonzero((heads["channel"] == channel) & np.isin(messages.offsets, offsets))
        if not len(mine):
            continue
        places = np.searchsorted(offsets, messages.offsets[mine])
        firsts = heads["sequence"][mine] - places.astype(np.uint32)
        values, counts = np.unique(firsts, return_counts=True)
        heads["time"][mine] = entries[order, 0][places]
        first = values[counts.argmax()] if counts.max() > 1 else np.uint32(following[channel])
        heads["sequence"][mine] = first + places.astype(np.uint32)
    return messages._replace(heads=heads)


def announced(data: memoryview) -> dict[int, int] | None:
    """How many messages of each channel there were, by the summary; None where it does not say.

    Statistics whose sum is that of their parts are believed, whatever else is damaged.
    """
    footer = len(data) - len(MAGIC) - _FOOTER.size
    at: int | None = _FOOTER.unpack_from(data, footer)[0] if footer > 0 else None
    while at and at < len(data):
        end = record_end(data, at)
        if end is not None and data[at] == Opcode.STATISTICS:
            found = Statistics.parse(data[at + RECORD.size : end])
            if found.messages == sum(found.counts.values()):
                return found.counts
        at = next_record(data, at + 1) if end is None else end
    return None


def unused(messages: Messages) -> int:
    """Bytes of a damaged block that are no sound record."""
    at = used = 0
    data = memoryview(messages.data)
    lengths = dict(zip(messages.offsets.tolist(), messages.heads["length"].tolist(), strict=True))
    while at < len(data):
        end = at + RECORD.size + lengths[at] if at in lengths else None
        if end is None and data[at] in (Opcode.SCHEMA, Opcode.CHANNEL):
            end = record_end(data, at)
        if end is None:
            behind = int(np.searchsorted(messages.offsets, at, side="right"))
            end = int(messages.offsets[behind]) if behind < len(lengths) else len(data)
        else:
            used += end - at
        at = end
    return len(data) - used
