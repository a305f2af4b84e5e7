"""A large recording, made in seconds: transforms of one device in chunks of 4 MiB, by numpy.

For measurements. What is in it: message i of device "Probe", over connection "tracker:18944", came
at `FIRST_NS` + i ms, was acquired at that time, and is at x = (i % 4096) / 16 mm.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import fastcrc
import numpy as np
from numpy.typing import NDArray

from igtl import Series, Transform
from igtl.recording import filing, layout
from igtl.recording.filing import Key
from igtl.recording.layout import ChunkIndex, Opcode, Statistics

__all__ = ["FIRST_NS", "STEP_NS", "write_large"]

FIRST_NS = 1_800_000_000_000_000_000
STEP_NS = 1_000_000
_KEY = Key("tracker:18944", 1, b"TRANSFORM".ljust(12, b"\0"), b"Probe".ljust(20, b"\0"))
_SIZE = 58 + 48
_RECORD = np.dtype(
    [
        ("opcode", "u1"),
        ("length", "<u8"),
        ("channel", "<u2"),
        ("sequence", "<u4"),
        ("time", "<u8"),
        ("published", "<u8"),
        ("message", f"V{_SIZE}"),
    ]
)
_PER_CHUNK = (4 << 20) // _RECORD.itemsize
#: Making a message costs a microsecond, so that they repeat, with other times and numbers.
_DIFFERENT = 4096


def write_large(path: str | os.PathLike[str], messages: int) -> None:
    """Write a recording of so many messages (137 bytes each, and 16 of the index)."""
    with Path(path).open("wb") as file:
        _write(file, messages)


def _write(file: BinaryIO, messages: int) -> None:
    file.write(layout.MAGIC + layout.header(filing.PROFILE, "igtl 0"))
    described = filing.schema_of(1, "TRANSFORM").pack() + filing.channel_of(1, 1, _KEY).pack()
    indexes = []
    for start in range(0, messages, _PER_CHUNK):
        stop = min(start + _PER_CHUNK, messages)
        indexes.append(_write_chunk(file, described, start, stop))
    file.write(layout.record(Opcode.DATA_END, bytes(4)))
    summary_start = file.tell()
    last = FIRST_NS + (messages - 1) * STEP_NS
    counts = Statistics(messages, 1, 1, 0, 0, len(indexes), FIRST_NS, last, {1: messages})
    parts = described, counts.pack(), *(index.pack() for index in indexes)
    summary = b"".join(parts)
    crc = fastcrc.crc32.iso_hdlc(summary + layout.footer(summary_start, 0, 0)[:-4])
    file.write(summary + layout.footer(summary_start, 0, crc) + layout.MAGIC)


def _write_chunk(file: BinaryIO, described: bytes, start: int, stop: int) -> ChunkIndex:
    records = _records(start, stop)
    data = described + records.tobytes()
    position = file.tell()
    first, last = int(records["time"][0]), int(records["time"][-1])
    crc = fastcrc.crc32.iso_hdlc(data)
    file.write(layout.chunk_head(first, last, len(data), crc) + data)
    index_position = file.tell()
    entries = np.empty((len(records), 2), "<u8")
    entries[:, 0] = records["time"]
    entries[:, 1] = len(described) + np.arange(len(records)) * _RECORD.itemsize
    file.write(layout.message_index(1, entries.tobytes()))
    length, end = index_position - position, file.tell()
    indexes = {1: index_position}
    sizes = len(data), len(data)
    return ChunkIndex(first, last, position, length, indexes, end - index_position, "", *sizes)


def _records(start: int, stop: int) -> NDArray[np.void]:
    """Message records of the messages from `start` to `stop`."""
    numbers = np.arange(start, stop)
    times = FIRST_NS + numbers * STEP_NS
    records = np.zeros(len(numbers), _RECORD)
    records["opcode"], records["channel"] = Opcode.MESSAGE, 1
    records["length"] = _RECORD.itemsize - layout.RECORD.size
    records["sequence"], records["time"] = numbers, times
    records["published"] = times
    records["message"] = _messages()[numbers % _DIFFERENT]
    raw_times = (times.astype(np.float64) / 1e9 * (1 << 32)).astype(np.uint64).astype(">u8")
    stamps = raw_times.view(np.uint8).reshape(-1, 8)
    flat = records.view(np.uint8).reshape(len(records), -1)
    flat[:, layout.MESSAGE_HEAD.size + 34 : layout.MESSAGE_HEAD.size + 42] = stamps
    return records


def _messages() -> NDArray[np.void]:
    """The first messages; x of the translation counts up, and starts again after them."""
    if not _made:
        matrices = np.tile(np.eye(4), (_DIFFERENT, 1, 1))
        matrices[:, 0, 3] = np.arange(_DIFFERENT) / 16
        series = Series(Transform, matrix=matrices, device_name="Probe")
        _made.append(np.frombuffer(series.to_buffer(0), f"V{_SIZE}"))
    return _made[0]


_made: list[NDArray[np.void]] = []
