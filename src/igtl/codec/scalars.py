"""Numbers in bulk: the scalar types of IMAGE and NDARRAY, and arrays to and from bytes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.layout import frozen
from igtl.errors import DecodeError, MessageError

__all__ = ["BIG", "LITTLE", "SCALARS", "bytes_of", "dtype_of", "endian_of", "scalar_of", "view"]

#: Scalar codes of IMAGE (protocol document, IMAGE) and the one that NDARRAY adds.
SCALARS: dict[int, np.dtype[Any]] = {
    2: np.dtype(np.int8),
    3: np.dtype(np.uint8),
    4: np.dtype(np.int16),
    5: np.dtype(np.uint16),
    6: np.dtype(np.int32),
    7: np.dtype(np.uint32),
    10: np.dtype(np.float32),
    11: np.dtype(np.float64),
    13: np.dtype(np.complex128),
}
_CODES = {dtype: code for code, dtype in SCALARS.items()}

#: Byte orders of IMAGE.
BIG, LITTLE = 1, 2


def scalar_of(array: NDArray[Any], what: str, *, complex_too: bool = False) -> int:
    """The scalar code of an array's dtype, whatever its byte order.

    Raises:
        MessageError: the wire has no such type; the text says which to convert to.
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None or (code == 13 and not complex_too):
        known = ", ".join(dtype.name for c, dtype in SCALARS.items() if c != 13 or complex_too)
        raise MessageError(
            f"{what} of {array.dtype} cannot be sent, expected one of {known}: "
            f"convert with .astype({_suggestion(array.dtype)})"
        )
    return code


def _suggestion(dtype: np.dtype[Any]) -> str:
    return {"b": "np.uint8", "i": "np.int16 or np.float32", "u": "np.uint16 or np.float32"}.get(
        dtype.kind, "np.float32"
    )


def dtype_of(code: int, *, little: bool, complex_too: bool = False) -> np.dtype[Any]:
    """The dtype of a scalar code in a byte order; DecodeError when there is no such code."""
    dtype = SCALARS.get(code)
    if dtype is None or (code == 13 and not complex_too):
        raise DecodeError(f"scalar type {code} is not known")
    return dtype.newbyteorder("<" if little else ">")


def endian_of(array: NDArray[Any]) -> int:
    """BIG or LITTLE, as the array's bytes lie in memory."""
    order = array.dtype.byteorder
    native = LITTLE if sys.byteorder == "little" else BIG
    return {"<": LITTLE, ">": BIG}.get(order, native)


def bytes_of(array: NDArray[Any]) -> memoryview:
    """The array's bytes in C order: a view of it where it is contiguous, else of a copy."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return flat.data


def view(data: Buffer, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> NDArray[Any]:
    """Read-only view of `data` from `offset` to its end, without a copy, in that byte order.

    Raises:
        DecodeError: the size is another one.
    """
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(data) - offset:
        raise DecodeError(
            f"{'x'.join(map(str, shape))} {dtype.name} take {size} bytes, "
            f"but {len(data) - offset} are there"
        )
    if size == 0:
        return frozen(_empty(dtype, shape))
    return frozen(np.frombuffer(data, dtype, offset=offset).reshape(shape))


def _empty(dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        return np.empty(shape, dtype)
    except ValueError as error:  # numpy multiplies the lengths that are not 0
        raise DecodeError(f"{'x'.join(map(str, shape))} {dtype.name}: {error}") from None
