"""Many records of one layout at once: rows of wire bytes in, columns out.

The other way round is `Layout.pack_columns`. A column has the values that decoding one message
after another gives: floats and integers as arrays, vectors as (n, count), poses as (n, 4, 4).
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.codec import time
from igtl.codec.layout import Choice, Fixed, Layout, Number, Numbers, Pose, Scaled, WireType

__all__ = ["seconds", "unpack_columns"]

Rows = NDArray[np.uint8]

_ONE = float(1 << 32)


def unpack_columns(layout: Layout, rows: Rows) -> dict[str, NDArray[Any]]:
    """A column for each field.

    Args:
        layout: of each row.
        rows: (n, layout.size) bytes.
    """
    columns, at = {}, 0
    with np.errstate(invalid="ignore"):  # any bytes may come, signalling NaNs too
        for name, kind, _ in layout.fields:
            if kind.count:
                columns[name] = _column(kind, rows[:, at : at + kind.size])
            at += kind.size
    return columns


def seconds(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Times of the wire (32.32 fixed point) as s since 1970; NaN where none is given."""
    times = np.minimum(raw.astype(np.float64) / _ONE, time.from_wire((1 << 64) - 1))
    times[raw == 0] = np.nan
    return times


def _column(kind: WireType, rows: Rows) -> NDArray[Any]:
    match kind:
        case Number():
            return _numbers(kind, rows)[:, 0]
        case Numbers():
            return _numbers(kind.number, rows)
        case Choice():
            return _numbers(kind.number, rows)[:, 0]
        case Pose():
            return _poses(rows)
        case Scaled():
            steps = _numbers(kind.number, rows)[:, 0]
            return np.round(steps * kind.step, 9)
        case Fixed():
            times = seconds(_raw(rows, ">u8")[:, 0].astype(np.uint64))
            return np.nan_to_num(times, nan=_or_nan(kind.decode((0,))))
        case _:
            return _one_by_one(kind, rows)


def _raw(rows: Rows, code: str) -> NDArray[Any]:
    """(n, count) numbers, as they lie on the wire."""
    return np.ascontiguousarray(rows).view(code)


def _numbers(number: Number, rows: Rows) -> NDArray[Any]:
    """(n, count); floats as float64, integers of the machine's byte order."""
    dtype = np.dtype(">" + number.codes)
    native = np.dtype(np.float64) if number.is_float else dtype.newbyteorder("=")
    return _raw(rows, dtype.str).astype(native)


def _poses(rows: Rows) -> NDArray[np.float64]:
    """(n, 4, 4) from twelve f32, column by column without the last row."""
    matrices = np.zeros((len(rows), 4, 4))
    matrices[:, :3] = _raw(rows, ">f4").reshape(-1, 4, 3).transpose(0, 2, 1)
    matrices[:, 3, 3] = 1.0
    return matrices


def _or_nan(value: Any) -> float:
    return np.nan if value is None else float(value)


def _one_by_one(kind: WireType, rows: Rows) -> NDArray[Any]:
    """Fields without a form in bulk, such as text: an array of what decoding gives."""
    values = [kind.decode(one) for one in Struct(">" + kind.codes).iter_unpack(rows.tobytes())]
    column = np.empty(len(values), object)
    column[:] = values
    return column
