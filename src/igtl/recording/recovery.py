"""A damaged recording made whole again: all that is left of it in a new file, and what is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fastcrc
import numpy as np

from igtl.errors import RecordingError
from igtl.recording import cutting
from igtl.recording.block import Block, Kind, Messages
from igtl.recording.entry import Entry
from igtl.recording.filing import Key
from igtl.recording.layout import MAGIC, MESSAGE_HEAD, RECORD, Opcode
from igtl.recording.losses import Count, announced, corrected, indexed, unused
from igtl.recording.scan import Damage, Scan
from igtl.recording.soundness import record_end
from igtl.recording.staging import Staging
from igtl.recording.writer import FileWriter

__all__ = ["Recovered", "RecoveredChannel", "recover"]

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all, now and then."""


@dataclass(frozen=True)
class RecoveredChannel:
    """What became of the messages of one type and device that came over one connection.

    Attributes:
        kept: messages in the new file.
        lost: messages that are known to be lost.
    """

    connection: str
    wire_type: str
    device_name: str
    kept: int
    lost: int


@dataclass(frozen=True)
class Recovered:
    """What `recover` found.

    Attributes:
        source, target: the damaged file and the new one.
        kept: messages in the new file.
        lost: messages that are known to be lost; there may be more where `is_exact` is False.
        doubtful: messages in the new file more than were noted when they came whose CRC-64 is
            wrong: so many of those are damaged.
        is_exact: whether the file still tells how many messages there were.
        is_complete: whether the file was ended as it should be, not cut off.
        damaged_chunks: chunks that are not as they were written.
        mended_chunks: those of them that were put right: one bit had changed.
        unusable: bytes that were left out since they make no sense.
        foreign: messages of other programs than igtl, which were left out.
        channels: per connection, type and device.
        damage: where in the file, and what.
    """

    source: Path
    target: Path
    kept: int
    lost: int
    doubtful: int
    is_exact: bool
    is_complete: bool
    damaged_chunks: int
    mended_chunks: int
    unusable: int
    foreign: int
    channels: tuple[RecoveredChannel, ...]
    damage: tuple[Damage, ...]

    @property
    def is_intact(self) -> bool:
        """Whether there was nothing to recover."""
        return self.is_complete and not self.damage


def recover(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Recovered:
    """Write all sound messages of a recording into a new one, with their times and numbers.

    A chunk is in memory at a time. The new file has its name only once it is whole.

    Args:
        path: any MCAP with OpenIGTLink channels: damaged, cut off, or intact.
        target: of the new file.
        overwrite: whether a file that is there already is lost.
        progress: called with bytes done and bytes in all.

    Raises:
        RecordingError: it is no MCAP, holds no OpenIGTLink messages, cannot be read, or the new
            file cannot be written.
    """
    source, target = Path(path), Path(target)
    try:
        if target.exists() and source.exists() and target.samefile(source):
            raise RecordingError(
                f"{target} is the file to recover: choose another name for the new one"
            )
        staging = Staging(target, overwrite=overwrite)
        with Scan(source) as scan:
            if scan.foreign and not (scan.keys or scan.events):
                raise RecordingError(
                    f"{source} holds no OpenIGTLink messages: there is nothing to recover"
                )
            return _recovered(scan, staging, progress or _silent)
    except OSError as error:
        raise RecordingError(f"{error.filename or source}: {error.strerror or error}") from error


def _recovered(scan: Scan, staging: Staging, progress: Progress) -> Recovered:
    path = staging.new(".mcap")
    try:
        writer = FileWriter(path)
        try:
            work = _Work(scan, writer, progress)
            work.run()
            found = work.recovered(staging.target)
        finally:
            writer.abandon()  # unless it is whole
        staging.keep(path, staging.target)
        staging.commit()
    except RecordingError as error:
        raise RecordingError(staging.in_words(str(error))) from error
    finally:
        staging.discard()
    return found


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class _Work:
    """From one file to another."""

    def __init__(self, scan: Scan, writer: FileWriter, progress: Progress) -> None:
        self._scan, self._writer, self._progress = scan, writer, progress
        self._counts: dict[int, Count] = {}
        self._part = 0
        self._damaged = self._mended = self._unusable = self._foreign = self._noted = 0

    def run(self) -> None:
        """Write all that is sound."""
        for block in self._scan.blocks:
            self._progress(block.position, self._scan.size)
            self._take(block)
        self._writer.close()
        self._progress(self._scan.size, self._scan.size)

    def recovered(self, target: Path) -> Recovered:
        """What it came to."""
        total = announced(self._scan.data)
        if total is not None:
            for number in self._scan.keys:
                count = self._counts.setdefault(number, Count())
                count.lost = max(0, total.get(number, 0) - count.kept)
        counts = [(self._scan.keys[number], one) for number, one in self._counts.items()]
        return Recovered(
            source=self._scan.path,
            target=target,
            kept=sum(one.kept for _, one in counts),
            lost=sum(one.lost for _, one in counts),
            doubtful=max(0, self._writer.checksum_errors - self._noted),
            is_exact=total is not None or self._data_ends(),
            is_complete=self._scan.complete,
            damaged_chunks=self._damaged,
            mended_chunks=self._mended,
            unusable=self._unusable,
            foreign=self._foreign,
            channels=tuple(_channels(counts)),
            damage=tuple(self._scan.damage),
        )

    def _data_ends(self) -> bool:
        """Whether the end of the data stands behind the last chunk: nothing was cut off."""
        chunks = [one.position for one in self._scan.blocks if one.kind is Kind.CHUNK]
        at: int | None = chunks[-1] if chunks else len(MAGIC)
        while (
            at is not None and at < len(self._scan.data) and self._scan.data[at] != Opcode.DATA_END
        ):
            at = record_end(self._scan.data, at)
        return at is not None and at < len(self._scan.data)

    def _take(self, block: Block) -> None:
        """Write the sound messages of a block."""
        keys = self._scan.keys
        messages = block.messages(keys)
        if not block.problem or self._is_mended(block, messages):
            self._write(messages)
            return
        self._damaged += block.kind is not Kind.DAMAGED
        self._part += 1
        before = {number: self._count(number).so_far for number in keys}
        indexes = indexed(self._scan.data, block.position)
        indexes = {number: one for number, one in indexes.items() if number in keys}
        firsts = {number: self._count(number).following for number in indexes}
        self._write(corrected(messages, indexes, firsts))
        for number, entries in indexes.items():
            self._count(number).announce(before[number], len(entries))
        self._part += 1
        self._unusable += unused(messages)

    def _is_mended(self, block: Block, messages: Messages) -> bool:
        """Whether a damaged chunk was put right, its CRC-32 says."""
        mended = block.crc != 0 and fastcrc.crc32.iso_hdlc(messages.data) == block.crc
        self._mended += mended
        self._damaged += mended
        return mended

    def _write(self, messages: Messages) -> None:
        """Write messages and events, in their order."""
        keys, heads = self._scan.keys, messages.heads
        ours = messages.only(np.isin(heads["channel"], list(keys)))
        sizes = cutting.body_sizes(ours)
        frames = cutting.cut(ours.only(sizes >= 0), sizes[sizes >= 0])
        broken = set(ours.offsets[sizes < 0].tolist())
        columns = (heads[name].tolist() for name in ("channel", "sequence", "time", "length"))
        for at, channel, sequence, time_ns, length in zip(
            messages.offsets.tolist(), *columns, strict=True
        ):
            if at in broken:
                self._part += 1
            elif channel in keys:
                self._count(channel).take(sequence, self._part)
                self._writer.add(Entry(time_ns, keys[channel].connection, next(frames)), sequence)
            elif channel in self._scan.events:
                data = messages.data[at + MESSAGE_HEAD.size : at + RECORD.size + length]
                self._write_event(time_ns, bytes(data))
            else:
                self._foreign += 1

    def _write_event(self, time_ns: int, data: bytes) -> None:
        """Write an event again; those of checksums the writer makes itself."""
        try:
            values = dict(json.loads(data))
        except (ValueError, TypeError, RecursionError):
            return
        event, connection = str(values.pop("event", "")), str(values.pop("connection", ""))
        if event == "checksum":
            count = values.get("count")
            self._noted += count if isinstance(count, int) else 0
        else:
            self._writer.event(event, connection, time_ns, **values)

    def _count(self, number: int) -> Count:
        return self._counts.setdefault(number, Count())


def _channels(counts: list[tuple[Key, Count]]) -> Iterator[RecoveredChannel]:
    """Counts by connection, type and device; versions of the header are taken together."""
    together: dict[tuple[str, str, str], list[int]] = {}
    for key, count in counts:
        sums = together.setdefault((key.connection, key.wire_type, key.device_name), [0, 0])
        sums[0] += count.kept
        sums[1] += count.lost
    for name in sorted(together):
        kept, lost = together[name]
        yield RecoveredChannel(*name, kept, lost)
