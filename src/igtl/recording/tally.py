"""What of a file is wanted: which blocks and messages, how many that are, and when they came.

Counts come from the message indexes, without reading the messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.errors import RecordingError
from igtl.recording.block import Block, Index, Messages
from igtl.recording.layout import MESSAGE_HEAD, RECORD
from igtl.recording.scan import Scan
from igtl.recording.selection import Selection
from igtl.recording.walk import heads_of

__all__ = [
    "Found",
    "Tally",
    "amounts_of",
    "blocks_of",
    "bounds_of",
    "count_of",
    "found_in",
    "only",
    "tallies",
    "vouches",
    "wanted_channels",
]

Flags = NDArray[np.bool_]

_END_OF_TIME = 1 << 64


class Tally(NamedTuple):
    """What there is of one channel."""

    messages: int
    bytes: int
    first_ns: int
    last_ns: int

    def __add__(self, other: object) -> Tally:
        if not isinstance(other, Tally):
            return NotImplemented
        return Tally(
            self.messages + other.messages,
            self.bytes + other.bytes,
            min(self.first_ns, other.first_ns),
            max(self.last_ns, other.last_ns),
        )


class Found(NamedTuple):
    """Messages of one channel in one block."""

    channel: int
    times: NDArray[np.uint64]
    """(n,) arrival, ns since 1970."""
    offsets: NDArray[np.uint64]
    """(n,) of the message records, from the block's beginning."""
    sizes: NDArray[np.int64]
    """(n,) bytes of the messages, headers included."""

    def only(self, mask: Flags) -> Found:
        """Some of them."""
        return Found(self.channel, self.times[mask], self.offsets[mask], self.sizes[mask])


def wanted_channels(scan: Scan, selection: Selection) -> Flags:
    """(65536,) whether the messages of each channel number are wanted."""
    flags = np.zeros(1 << 16, np.bool_)
    flags[[number for number, key in scan.keys.items() if selection.wants(key)]] = True
    return flags


def blocks_of(scan: Scan, selection: Selection) -> Iterator[Block]:
    """The blocks of a file that may have wanted messages."""
    wanted = {number for number, key in scan.keys.items() if selection.wants(key)}
    for block in scan.blocks:
        if block.times is not None and selection.is_timed:
            first, last = block.times
            if last < selection.start_ns or first >= selection.end_ns:
                continue
        ids = block.channel_ids()
        if not ids or ids & wanted:
            yield block


def only(messages: Messages, wanted: Flags, selection: Selection) -> Messages:
    """The wanted ones of a block's messages."""
    mask = wanted[messages.heads["channel"]]
    if selection.is_timed:
        mask &= _timely(messages.heads["time"], selection)
    return messages.only(mask)


def vouches(scan: Scan, block: Block) -> bool:
    """Whether all CRC-64 in a block that was read are right, since else it would say so.

    igtl checks them when it writes, and notes those that are wrong in the same chunk.
    """
    noted = not block.is_indexed or scan.events & block.channel_ids()
    return scan.library.split(" ")[0] == "igtl" and block.was_right and not noted


def _timely(times: NDArray[np.uint64], selection: Selection) -> Flags:
    start, end = np.uint64(selection.start_ns), np.uint64(max(0, selection.end_ns))
    timely: Flags = (times >= start) & (times < end)
    return timely


def _is_within(block: Block, selection: Selection) -> bool:
    """Whether all messages of a block came at wanted times."""
    if not selection.is_timed:
        return True
    if block.times is None:
        return False
    return selection.start_ns <= block.times[0] and block.times[1] < selection.end_ns


def _indexes(scan: Scan, selection: Selection) -> Iterator[tuple[Block, list[Index]]]:
    """Blocks with wanted messages, and where these are."""
    wanted = wanted_channels(scan, selection)
    for block in blocks_of(scan, selection):
        indexes = _indexes_in(block, scan, wanted, selection)
        if indexes:
            yield block, indexes


def _indexes_in(block: Block, scan: Scan, wanted: Flags, selection: Selection) -> list[Index]:
    """Where the wanted messages of a block are; the others are left out."""
    indexes = [one for one in block.indexes(scan.keys) if wanted[one.channel]]
    if not _is_within(block, selection):
        masks = [_timely(one.times, selection) for one in indexes]
        indexes = [
            Index(one.channel, one.times[mask], one.offsets[mask])
            for one, mask in zip(indexes, masks, strict=True)
        ]
    return [one for one in indexes if len(one.times)]


def count_of(scan: Scan, selection: Selection) -> int:
    """Number of wanted messages in a file."""
    return sum(len(one.times) for _, indexes in _indexes(scan, selection) for one in indexes)


def amounts_of(scans: Iterable[Scan], selection: Selection) -> tuple[int, int]:
    """Number of wanted messages, and of the devices that they are of."""
    count, devices = 0, set()
    for scan in scans:
        for _, indexes in _indexes(scan, selection):
            count += sum(len(one.times) for one in indexes)
            devices |= {scan.keys[one.channel].device_name for one in indexes}
    return count, len(devices)


def found_in(scan: Scan, selection: Selection) -> Iterator[tuple[Block, list[Found]]]:
    """The wanted messages of a file, block by block, without reading them."""
    wanted = wanted_channels(scan, selection)
    for block in blocks_of(scan, selection):
        indexes = block.indexes(scan.keys)
        pairs = zip(indexes, _sizes(block, indexes), strict=True)
        found = [Found(*index, sizes) for index, sizes in pairs if wanted[index.channel]]
        if not _is_within(block, selection):
            found = [one.only(_timely(one.times, selection)) for one in found]
        found = [one for one in found if len(one.times)]
        if found:
            yield block, found


def tallies(scan: Scan, selection: Selection) -> dict[int, Tally]:
    """What there is of each wanted channel."""
    known: dict[int, Tally] = {}
    for _, found in found_in(scan, selection):
        for one in found:
            tally = Tally(
                len(one.times), int(one.sizes.sum()), int(one.times.min()), int(one.times.max())
            )
            known[one.channel] = known[one.channel] + tally if one.channel in known else tally
    return known


def _sizes(block: Block, indexes: Sequence[Index]) -> list[NDArray[np.int64]]:
    """Bytes of the messages of each index.

    Told from where the next one begins. Between them are schemas and channels, most often in front
    of a channel's first message: the size of the one before that is read. In compressed chunks
    it counts for more than it is. Where damage left gaps, all sizes are read.
    """
    if not indexes:
        return []
    offsets = np.concatenate([one.offsets for one in indexes]).astype(np.int64)
    order = np.argsort(offsets, kind="stable") if len(indexes) > 1 else slice(None)
    ascending = offsets[order]
    sizes = np.diff(ascending, append=max(block.size, int(ascending[-1])))
    if not block.compression and int(ascending[-1]) + MESSAGE_HEAD.size <= len(block.stored):
        if block.problem and (block.lost or not block.is_indexed):
            lengths = heads_of(block.stored, ascending)["length"].astype(np.int64)
            sizes = np.minimum(sizes, RECORD.size + lengths)
        else:
            _correct(block, indexes, ascending, sizes)
    lengths = np.empty_like(sizes)
    lengths[order] = np.maximum(sizes - MESSAGE_HEAD.size, 0)
    return np.split(lengths, np.cumsum([len(one.offsets) for one in indexes])[:-1])


def _correct(
    block: Block,
    indexes: Sequence[Index],
    offsets: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    """Read how large those records are that schemas and channels may follow."""
    firsts = np.array([int(one.offsets[0]) for one in indexes])
    before = np.append(np.searchsorted(offsets, firsts) - 1, len(offsets) - 1)
    for number in before[before >= 0].tolist():
        at = int(offsets[number])
        length = int.from_bytes(block.stored[at + 1 : at + RECORD.size], "little")
        sizes[number] = min(int(sizes[number]), RECORD.size + length)


def bounds_of(scans: Iterable[Scan], selection: Selection) -> tuple[int, int] | None:
    """Arrival of the first and the last wanted message, ns since 1970; None if there is none.

    Reads only those blocks that can have them: seconds count from the first message of all, so
    these times are not left to indexes, which have no checksum.
    """
    places = [
        (block, scan, wanted_channels(scan, selection))
        for scan in scans
        for block in blocks_of(scan, selection)
    ]
    first, last = _END_OF_TIME, -1
    for place in sorted(places, key=lambda place: _span(place[0])[0]):
        if first <= _span(place[0])[0]:
            break
        first = min([first, *_bounds_in(*place, selection)])
    for place in sorted(places, key=lambda place: -_span(place[0])[1]):
        if last >= _span(place[0])[1]:
            break
        last = max([last, *_bounds_in(*place, selection)])
    return None if last < 0 else (first, last)


def _bounds_in(block: Block, scan: Scan, wanted: Flags, selection: Selection) -> tuple[int, ...]:
    """Arrival of the first and the last wanted message of a block; nothing if there is none."""
    try:
        times = [only(block.messages(scan.keys), wanted, selection).heads["time"]]
    except RecordingError:  # compressed, and the package is missing
        times = [one.times for one in _indexes_in(block, scan, wanted, selection)]
    times = [one for one in times if len(one)]
    return tuple(bound for one in times for bound in (int(one.min()), int(one.max())))


def _span(block: Block) -> tuple[int, int]:
    """When a block's messages came; at any time, if that is not known."""
    return block.times or (0, _END_OF_TIME)
