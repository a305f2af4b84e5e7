"""What the tables of golden values are built from."""

from __future__ import annotations

import struct
from typing import TypeAlias

Values: TypeAlias = dict[str, object]


def single(value: float) -> float:
    """The float32 nearest to a number."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def third(count: int) -> float:
    """`count` thirds as float32."""
    return single(count / 3)


def ninths(*counts: int) -> list[float]:
    """So many ninths each, as float32."""
    return [single(count / 9) for count in counts]


def message(wire_type: str, device_name: str, serial: int, **fields: object) -> Values:
    """The values of one message; `serial` makes its time stamp, as `stamp` in golden.cpp does."""
    fraction = (0x80000000 + serial * 0x01020304) % 2**32
    common = {"type": wire_type, "device_name": device_name}
    return {**common, "timestamp": [1_700_000_000 + serial, fraction], **fields}


def rows(numbers: list[float], position: list[float]) -> list[list[float]]:
    """A 4x4 matrix from nine numbers, row by row, and a translation in mm."""
    upper = [[*numbers[3 * row : 3 * row + 3], position[row]] for row in range(3)]
    return [*upper, [0.0, 0.0, 0.0, 1.0]]


def thirds(counts: list[int], position: list[float]) -> list[list[float]]:
    """A 4x4 matrix whose rotation is given in thirds."""
    return rows([third(count) for count in counts], position)


def ramp(count: int, first: float, step: float) -> list[float]:
    """`count` numbers from `first` on, `step` apart."""
    return [first + step * i for i in range(count)]
