"""Measured numbers with a unit: SENSOR."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.layout import F64, U8, U64, Layout, Row
from igtl.codec.tails import Array
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message
from igtl.messages.unit import format_unit, parse_unit

__all__ = ["Sensor"]

_VALUES = Array(F64)
_SENSOR = Layout(
    [
        ("length", U8, "number of values"),
        ("status", U8, "reserved"),
        ("unit", U64, "prefix in 4 bits, then six pairs of unit (6 bits) and exponent (4 bits)"),
    ]
)


# The document gives STT_SENSOR an optional byte; igtl writes none and accepts any.
@queries("GET STT STP RTS")
@message("SENSOR")
class Sensor(Message):
    """Values of one sensor at one time: SENSOR.

    Args:
        values: (n,) up to 255 numbers, float64, in `unit`.
        unit: SI text such as "mm", "N", "m/s2", "kg m s-2"; "" for none. One prefix is possible.
        status: the wire's reserved byte.
    """

    names = ("values", "unit", "status")

    values: NDArray[np.float64]
    unit: str
    status: int

    def __init__(
        self, values: ArrayLike, unit: str = "", *, status: int = 0, **common: Unpack[Common]
    ) -> None:
        data = _VALUES.encode(values, "values")
        if len(data) // 8 > 0xFF:
            raise MessageError(
                f"{len(data) // 8} values, but a SENSOR has room for 255: use NDArray"
            )
        head = {"length": len(data) // 8, "status": status, "unit": parse_unit(unit)}
        self._build(_SENSOR.pack(head) + data, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _SENSOR.unpack(content)
        left = len(content) - _SENSOR.size
        if left != 8 * head["length"]:
            raise DecodeError(
                f"{head['length']} values take {8 * head['length']} bytes, not {left}"
            )
        values = _VALUES.decode(content[_SENSOR.size :])
        return {"values": values, "unit": format_unit(head["unit"]), "status": head["status"]}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_SENSOR.rows(), Row(_SENSOR.size, None, "values", "f64[length]", "in that unit")]
