"""Numbers in any number of dimensions: NDARRAY."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from igtl.codec.buffers import Buffer
from igtl.codec.layout import U8, Layout, Row
from igtl.codec.scalars import bytes_of, dtype_of, scalar_of, view
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["NDArray"]

#: numpy 2 has 64, numpy 1 had 32.
_MOST_DIMENSIONS = 64 if int(np.__version__.partition(".")[0]) >= 2 else 32

_NDARRAY = Layout(
    [
        ("scalar", U8, "as IMAGE's, and 13 complex of two f64"),
        ("dimensions", U8, "number of dimensions"),
    ]
)


@queries("GET STT STP RTS")
@message("NDARRAY")
class NDArray(Message):
    """Numbers in any number of dimensions: NDARRAY.

    Args:
        array: int8 ... float64 as for `Image`, or complex128; C order, up to 64 dimensions of up
            to 65,535. Read back as a read-only big-endian view.
    """

    names = ("array",)

    array: np.ndarray[Any, np.dtype[Any]]

    def __init__(self, array: ArrayLike, **common: Unpack[Common]) -> None:
        values = np.asarray(array)
        if values.ndim == 0 or max(values.shape) > 0xFFFF:
            raise MessageError(
                f"array has shape {values.shape}, expected one dimension or more of up to 65535"
            )
        code = scalar_of(values, "array", complex_too=True)
        head = _NDARRAY.pack({"scalar": code, "dimensions": values.ndim})
        head += np.array(values.shape, ">u2").tobytes()
        self._build((head, bytes_of(values.astype(values.dtype.newbyteorder(">")))), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _NDARRAY.unpack(content)
        start = _NDARRAY.size + 2 * head["dimensions"]
        if start > len(content):
            raise DecodeError(f"{head['dimensions']} dimensions do not fit {len(content)} bytes")
        shape = np.frombuffer(content, ">u2", head["dimensions"], _NDARRAY.size).tolist()
        if len(shape) > _MOST_DIMENSIONS:
            raise DecodeError(
                f"{len(shape)} dimensions, numpy arrays have at most {_MOST_DIMENSIONS}"
            )
        dtype = dtype_of(head["scalar"], little=False, complex_too=True)
        return {"array": view(content, dtype, tuple(shape), start)}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        size = Row(_NDARRAY.size, None, "shape", "u16[dimensions]", "length of each dimension")
        return [*_NDARRAY.rows(), size, Row(None, None, "array", "scalar[]", "big-endian, C order")]
