"""Recordings to damage, and what should be left of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mcap.reader import make_reader

import igtl
from igtl.errors import RecordingError
from igtl.recording.entry import Entry
from igtl.recording.recovery import Recovered, recover
from igtl.recording.writer import FileWriter
from tests.recording.traffic import damaged, frame_of, pose

__all__ = [
    "START",
    "Stored",
    "events",
    "flipped",
    "overwritten",
    "recovered",
    "spans",
    "stored",
    "write",
]

START = 1_700_000_000_000_000_000  # ns since 1970


class Stored(NamedTuple):
    """A message as stock mcap reads it."""

    connection: str
    time_ns: int
    published_ns: int
    sequence: int
    data: bytes


def stored(path: Path) -> list[Stored]:
    """All messages of a sound file, by the stock `mcap` package; events are left out."""
    with path.open("rb") as file:
        return [
            Stored(
                channel.metadata["connection"],
                message.log_time,
                message.publish_time,
                message.sequence,
                message.data,
            )
            for _, channel, message in make_reader(file, validate_crcs=True).iter_messages()
            if channel.message_encoding == "openigtlink"
        ]


def events(path: Path) -> list[dict[str, Any]]:
    """What is noted in a file."""
    with path.open("rb") as file:
        found = make_reader(file, validate_crcs=True).iter_messages(topics="/igtl/events")
        return [json.loads(message.data) for _, _, message in found]


def write(
    path: Path, count: int = 12, chunk_size: int = 700, wrong: int | None = 2
) -> list[Stored]:
    """A recording of two connections; message number `wrong` came with a wrong CRC-64."""
    with FileWriter(path, chunk_size=chunk_size) as writer:
        writer.event("connected", "a:1", START)
        for index in range(count):
            frame = pose(index, timestamp=1e9 + index)
            if index % 3 == 0:
                frame = frame_of(igtl.String(f"number {index}", device_name="Notes"))
            if index == wrong:
                frame = damaged(frame)
            writer.add(Entry(START + index * 10**7, "a:1" if index % 2 else "b:2", frame))
    return stored(path)


def spans(data: bytes, messages: list[Stored]) -> Iterator[tuple[int, int]]:
    """Where in a file the records of messages are."""
    at = 0
    for message in messages:
        at = data.index(message.data, at)
        yield at - 31, at + len(message.data)


def first_chunk(data: bytes) -> int:
    """Where the first chunk begins: behind the magic and the header, which names what wrote it."""
    return 8 + 9 + int.from_bytes(data[9:17], "little")


def flipped(data: bytes, bit: int) -> bytes:
    """The same with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def recovered(folder: Path, data: bytes) -> tuple[list[Stored], Recovered] | None:
    """What stock mcap reads of what was recovered from bytes; None where that was refused."""
    source, target = folder / "damaged.mcap", folder / "recovered.mcap"
    source.write_bytes(data)
    try:
        found = recover(source, target, overwrite=True)
    except RecordingError:
        return None
    return stored(target), found


def overwritten(data: bytes, chance: random.Random, sizes: list[int]) -> tuple[int, int, bytes]:
    """A stretch of zeros or nonsense somewhere: from where, up to where, and the bytes."""
    size = chance.choice(sizes)
    at = chance.randrange(len(data) - size)
    nonsense = chance.choice([bytes(size), chance.randbytes(size)])
    return at, at + size, data[:at] + nonsense + data[at + size :]
