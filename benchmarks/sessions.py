"""Files for the rows of recordings: where they are put, and what is in them."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import igtl
from benchmarks import worker
from igtl.codec.frame import parse
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter

__all__ = ["DEVICES", "check", "frames_of", "matrix_of", "most_of", "poses", "recorded", "room"]

DEVICES = 10
START_NS = 1_800_000_000_000_000_000
_MEMORY = Path("/dev/shm")
#: So much is written at most: memory that a machine has not used before is slow to get, for all.
_MOST_BYTES = 1_200_000_000


@contextmanager
def room() -> Iterator[Path]:
    """A folder for some GB: in memory where there is such a place, so that no disk counts."""
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def most_of(size: int) -> int:
    """How many messages of `size` bytes are recorded at most."""
    return _MOST_BYTES // size


def frames_of(kind: str) -> list[igtl.Frame]:
    """Messages to be recorded in turn: of ten devices, or two images."""
    if kind == "transform":
        matrices = [worker.matrix_with(number) for number in range(DEVICES)]
        names = worker.device_names(DEVICES)
        messages: list[igtl.Message] = [
            igtl.Transform(matrix, device_name=name, timestamp=1.8e9)
            for matrix, name in zip(matrices, names, strict=True)
        ]
    else:
        frames = [worker.new_frame(kind, seed) for seed in range(2)]
        messages = [
            igtl.Image(frame, device_name=worker.DEVICE, timestamp=1.8e9) for frame in frames
        ]
    return [parse(igtl.encode(message)) for message in messages]


@contextmanager
def recorded(messages: int) -> Iterator[Path]:
    """A recording of ten devices at 1 kHz each, one TRANSFORM after another."""
    frames = itertools.cycle(frames_of("transform"))
    with room() as folder:
        path = folder / "session.mcap"
        with FileWriter(path) as writer:
            for number in range(messages):
                writer.add(Entry(START_NS + number * 100_000, "tracker", next(frames)))
        yield path


def poses(messages: int) -> int:
    """How many messages of a session are those of the first device."""
    return len(range(0, messages, DEVICES))


def matrix_of(content: bytes) -> NDArray[np.float64]:
    """(4, 4) float64, mm: what the body of a TRANSFORM says (column by column on the wire)."""
    matrix = np.eye(4)
    matrix[:3] = np.frombuffer(content, ">f4", 12).reshape(4, 3).T
    return matrix


def check(found: int, expected: int) -> None:
    """Make sure that nothing was left out."""
    if found != expected:
        raise ValueError(f"{found} messages were read, expected {expected}")
