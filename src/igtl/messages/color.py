"""Colours of label and grey values: COLORT."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.layout import U8, Layout, Row
from igtl.codec.scalars import view
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["ColorTable"]

_PREFIX = Layout(
    [
        ("index_type", U8, "3 u8, 256 entries; 5 u16, 65536 entries"),
        ("map_type", U8, "3 u8, 5 u16, 19 RGB"),
    ]
)
_ENTRIES = {3: 256, 5: 65536}
#: Map types: numpy type and values of an entry.
_MAPS = {3: (">u1", 1), 5: (">u2", 1), 19: (">u1", 3)}


@queries("GET", "COLORT")
@message("COLORT", "COLORTABLE")
class ColorTable(Message):
    """What a pixel's value looks like: COLORT.

    Args:
        table: (256,) or (65536,) of uint8 or uint16 (grey), or (256, 3) or (65536, 3) of uint8
            (RGB).
    """

    names = ("table",)

    table: NDArray[Any]

    def __init__(self, table: ArrayLike, **common: Unpack[Common]) -> None:
        array = np.asarray(table)
        shape = array.shape
        index = {256: 3, 65536: 5}.get(shape[0] if shape else 0)
        kind = {(1, "u1"): 3, (1, "u2"): 5, (2, "u1"): 19}.get((array.ndim, array.dtype.str[1:]))
        if index is None or kind is None or (kind == 19 and shape[1] != 3):
            raise MessageError(
                f"table of shape {shape} and {array.dtype}, expected 256 or 65536 entries of "
                "uint8, uint16, or three uint8"
            )
        data = array.astype(_MAPS[kind][0]).tobytes()
        self._build(_PREFIX.pack({"index_type": index, "map_type": kind}) + data, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _PREFIX.unpack(content)
        entries, kind = _ENTRIES.get(head["index_type"]), _MAPS.get(head["map_type"])
        if entries is None or kind is None:
            raise DecodeError(f"index type {head['index_type']} with map type {head['map_type']}")
        shape = (entries,) if kind[1] == 1 else (entries, kind[1])
        return {"table": view(content, np.dtype(kind[0]), shape, _PREFIX.size)}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_PREFIX.rows(), Row(_PREFIX.size, None, "table", "map type[]", "one an index")]
