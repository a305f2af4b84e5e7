"""From record to record through a stretch of data records, messages among schemas and channels."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.errors import RecordingError
from igtl.recording.layout import MESSAGE, RECORD, Channel, Opcode

__all__ = ["HEAD", "Offsets", "Walk", "channels_of", "gather", "heads_of", "walk"]

Offsets = NDArray[np.int64]

#: In front of a message's data, as `MESSAGE_HEAD` has it.
HEAD = np.dtype(
    [
        ("opcode", "u1"),
        ("length", "<u8"),
        ("channel", "<u2"),
        ("sequence", "<u4"),
        ("time", "<u8"),
        ("published", "<u8"),
    ]
)
#: So many records of one length in a row are worth looking at together.
_WORTHWHILE = 16


class Walk(NamedTuple):
    """What was found on the way."""

    messages: Offsets
    """Where message records begin, ascending."""
    described: list[memoryview]
    """Contents of the channel records."""
    end: int
    """Behind the last record that makes sense here."""
    last: int
    """Where that record begins."""


def walk(data: memoryview, start: int, limit: int) -> Walk:
    """Walk the message, channel and schema records of `data` from `start` on.

    It ends where another kind of record is, or one that does not fit, or nothing; and soon behind
    `limit` (a position) in any case.
    """
    found: list[int] = []
    described: list[memoryview] = []
    at, end, latest, before, alike = start, len(data), start, 0, 0
    limit = min(limit, end - RECORD.size + 1)
    while at < limit:
        opcode, length = RECORD.unpack_from(data, at)
        step = RECORD.size + length
        if at + step > end:
            break
        if opcode == Opcode.MESSAGE and length >= MESSAGE.size:
            alike = alike + 1 if length == before else 0
            before = length
            if alike >= _WORTHWHILE:
                run = _run(data, at, step, limit)
                found.extend(range(at, at + run * step, step))
                at += run * step
                latest, alike = at - step, 0
                continue
            found.append(at)
        elif opcode == Opcode.CHANNEL:
            described.append(data[at + RECORD.size : at + step])
        elif opcode != Opcode.SCHEMA:
            break
        latest = at
        at += step
    return Walk(np.array(found, np.int64), described, at, latest)


def channels_of(described: Iterable[memoryview]) -> list[Channel]:
    """The channels of channel records, those that make sense."""
    channels = []
    for content in described:
        with suppress(RecordingError):
            channels.append(Channel.parse(content))
    return channels


def _run(data: memoryview, at: int, step: int, limit: int) -> int:
    """How many message records of `step` bytes follow each other from `at` on, at least 1."""
    most = max(1, (min(len(data), limit) - at) // step)
    first = np.frombuffer(data, np.uint8, RECORD.size, at)
    records: NDArray[np.uint8] = np.ndarray((most, RECORD.size), np.uint8, data, at, (step, 1))
    others = (records != first).any(axis=1)
    return int(others.argmax()) if others.any() else most


def gather(data: Buffer, offsets: Offsets, size: int) -> NDArray[np.void]:
    """(n,) copies of `size` bytes each, those of `data` from each offset on.

    Raises:
        IndexError: an offset is negative, or too near to the end.
    """
    most = len(data) - size + 1
    if not len(offsets):
        return np.empty(0, f"V{size}")
    if most <= 0 or int(offsets.min()) < 0 or int(offsets.max()) >= most:
        raise IndexError("an offset is outside")
    # every place where `size` bytes could be; they overlap, and are not copied
    places: NDArray[np.void] = np.ndarray((most,), f"V{size}", data, 0, (1,))
    return places[offsets]


def heads_of(data: Buffer, offsets: Offsets) -> NDArray[np.void]:
    """(n,) of dtype `HEAD`: what is in front of the messages at these offsets."""
    return gather(data, offsets, HEAD.itemsize).view(HEAD)
