"""What may fill a content up to its end, besides records: texts, names, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.codec import text
from igtl.codec.buffers import Buffer
from igtl.codec.declaration import Tail
from igtl.codec.layout import F32, F64, Number, frozen, numbers
from igtl.errors import DecodeError, MessageError

__all__ = ["Array", "Names", "TerminatedText"]


class TerminatedText(Tail):
    """Text and one NUL. Read without the NUL too.

    The reference keeps its previous text when the NUL is missing, so it is always written.
    """

    name = "char[] + NUL"

    def encode(self, value: Any, what: str) -> bytes:
        return text.encode_fixed(value, 1 << 32, what) + b"\0"

    def decode(self, data: Buffer) -> str:
        return text.decode_fixed(bytes(data))


class Names(Tail):
    """As many NUL-padded names of `size` bytes as fit."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.name = f"n x char[{size}]"

    def check(self, data: Buffer) -> None:
        if len(data) % self.size:
            raise DecodeError(f"{len(data)} bytes are not a whole number of {self.size}-byte names")

    def encode(self, value: Any, what: str) -> bytes:
        if isinstance(value, str) or not isinstance(value, (Sequence, set, frozenset)):
            raise MessageError(f"{what} is {value!r}, expected a sequence of names")
        names = (text.encode_fixed(one, self.size, f"{what}[{i}]") for i, one in enumerate(value))
        return b"".join(name.ljust(self.size, b"\0") for name in names)

    def decode(self, data: Buffer) -> tuple[str, ...]:
        data = bytes(data)
        steps = range(0, len(data), self.size)
        return tuple(text.decode_fixed(data[at : at + self.size]) for at in steps)


class Array(Tail):
    """As many numbers as fit: a (n,) float64 array for floats."""

    def __init__(self, number: Number) -> None:
        self._dtype = np.dtype({F32: ">f4", F64: ">f8"}[number])
        self.name = f"n x {number.name}"

    def check(self, data: Buffer) -> None:
        if len(data) % self._dtype.itemsize:
            raise DecodeError(f"{len(data)} bytes are not a whole number of {self._dtype.itemsize}")

    def encode(self, value: Any, what: str) -> bytes:
        array = numbers(value, self._dtype, what)
        if array.ndim != 1:
            raise MessageError(f"{what} has shape {array.shape}, expected (n,)")
        return array.tobytes()

    def decode(self, data: Buffer) -> NDArray[np.float64]:
        return frozen(np.frombuffer(data, self._dtype).astype(np.float64))
