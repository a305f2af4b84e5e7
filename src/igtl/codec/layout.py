"""How fields lie on the wire: the vocabulary that messages are declared with.

A `WireType` is one kind of field; a `Layout` is several of them in a row, compiled to one
`struct.Struct` plus converters. A layout knows nothing of messages. From a layout come encoding,
decoding, validation and the byte table of `igtl describe`.

    U8 I8 U16 I16 U32 I32 U64 I64 F32 F64    numbers; F32[3] is three of them in a row
    Text(20)                                 NUL-padded text
    Choice(U8, ToolType)                     a number with names
    Reserved(1)                              bytes that mean nothing: written as 0, not read
    POSE                                     twelve F32: a 4x4 matrix without its last row
    Time                                     32.32 fixed point seconds
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec import text, time
from igtl.codec.buffers import Buffer
from igtl.errors import DecodeError, MessageError

__all__ = [
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "POSE",
    "U8",
    "U16",
    "U32",
    "U64",
    "Choice",
    "Duration",
    "Layout",
    "Number",
    "Numbers",
    "Pose",
    "Reserved",
    "Row",
    "Scaled",
    "Text",
    "Time",
    "WireType",
    "frozen",
    "numbers",
]


class WireType:
    """One kind of field: `count` values of `struct` codes `codes`, and what they mean."""

    codes: str
    count: int = 1
    name: str

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return struct.calcsize(">" + self.codes)

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        """The `count` values to pack for `value`.

        Raises:
            MessageError: it does not fit; the text names `what`.
        """
        raise NotImplementedError

    def decode(self, values: Sequence[Any]) -> Any:
        """The meaning of `count` unpacked values. Never fails: all bits mean something."""
        raise NotImplementedError

    def encode_column(self, values: Any, what: str) -> NDArray[np.uint8]:
        """(n, size) bytes for n values; MessageError as `encode`."""
        if not isinstance(values, Iterable):
            raise MessageError(f"{what} is {values!r}, expected as many values as messages")
        layout = Layout([("value", self, "")])
        rows = [layout.pack({"value": one}, f"{what}[{i}].") for i, one in enumerate(values)]
        return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, self.size)


class Number(WireType):
    """One integer or float. `F32[3]` is three of them."""

    def __init__(self, name: str, code: str) -> None:
        self.name, self.codes = name, code
        self.is_float = code in "fd"
        bits = 8 * struct.calcsize(">" + code)
        signed = code.islower()
        self._low = -(1 << (bits - 1)) if signed else 0
        self._high = (1 << (bits - signed)) - 1

    def __getitem__(self, count: int) -> Numbers:
        return Numbers(self, count)

    def convert(self, value: Any, what: str) -> Any:
        """`value` as the number that `struct` packs, checked for range."""
        if self.is_float:
            return self._convert_float(value, what)
        try:
            number = operator.index(value)
        except TypeError:
            raise MessageError(f"{what} is {value!r}, expected an integer") from None
        if not self._low <= number <= self._high:
            raise MessageError(
                f"{what} is {number}, expected {self._low} to {self._high} ({self.name})"
            )
        return number

    def _convert_float(self, value: Any, what: str) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            raise MessageError(f"{what} is {value!r}, expected a number") from None
        except OverflowError:
            raise MessageError(f"{what} is beyond the range of {self.name}") from None

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        return (self.convert(value, what),)

    def decode(self, values: Sequence[Any]) -> Any:
        return values[0]


U8, I8 = Number("u8", "B"), Number("i8", "b")
U16, I16 = Number("u16", "H"), Number("i16", "h")
U32, I32 = Number("u32", "I"), Number("i32", "i")
U64, I64 = Number("u64", "Q"), Number("i64", "q")
F32, F64 = Number("f32", "f"), Number("f64", "d")


class Numbers(WireType):
    """A fixed count of one number: floats are read as (count,) float64, integers as a tuple."""

    def __init__(self, number: Number, count: int) -> None:
        self.number, self.count = number, count
        self.codes = f"{count}{number.codes}"
        self.name = f"{number.name}[{count}]"

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        values = value.tolist() if isinstance(value, np.ndarray) else value
        if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
            raise MessageError(f"{what} is {value!r}, expected {self.count} numbers")
        values = list(values)
        if len(values) != self.count:
            raise MessageError(f"{what} has {len(values)} values, expected {self.count}")
        return [self.number.convert(one, f"{what}[{i}]") for i, one in enumerate(values)]

    def decode(self, values: Sequence[Any]) -> Any:
        return frozen(np.array(values, np.float64)) if self.number.is_float else tuple(values)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, made read-only."""
    array.flags.writeable = False
    return array


def numbers(value: Any, dtype: np.dtype[Any], what: str) -> NDArray[Any]:
    """An array of `dtype`, a float type, that holds the real numbers `value`.

    Raises:
        MessageError: they are something else, or beyond the range of `dtype`.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "buif":
            raise TypeError
        with np.errstate(over="raise"):
            return array.astype(dtype, copy=False)
    except (TypeError, ValueError):
        raise MessageError(f"{what} is {value!r}, expected real numbers") from None
    except FloatingPointError:
        raise MessageError(f"{what} is beyond the range of {dtype.name}") from None


class Text(WireType):
    """NUL-padded text. Unless `full` is allowed, one byte stays free for a NUL.

    The reference drops a record's text that fills its field, so such text is refused when
    encoding and accepted when decoding.
    """

    def __init__(self, size: int, *, full: bool = False) -> None:
        self.codes = f"{size}s"
        self.name = f"char[{size}]"
        self._room = size if full else size - 1

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        return (text.encode_fixed(value, self._room, what),)

    def decode(self, values: Sequence[Any]) -> str:
        return text.decode_fixed(values[0])


class Choice(WireType):
    """A number with names. Numbers without a name are kept as they are."""

    def __init__(self, number: Number, names: type[IntEnum]) -> None:
        self.number, self.names = number, names
        self.codes = number.codes
        self.name = number.name
        self._members = {int(member): member for member in names}

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        return (self.number.convert(value, what),)

    def decode(self, values: Sequence[Any]) -> int:
        number: int = values[0]
        return self._members.get(number, number)


class Scaled(WireType):
    """An integer count of `step`s, read as their sum: milliseconds as seconds, say."""

    def __init__(self, number: Number, step: float) -> None:
        self.number, self.step = number, step
        self.codes, self.name = number.codes, number.name

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        try:
            count = round(value / self.step)
        except (TypeError, ValueError, OverflowError):
            raise MessageError(f"{what} is {value!r}, expected a number") from None
        return (self.number.convert(count, what),)

    def decode(self, values: Sequence[Any]) -> float:
        return float(round(values[0] * self.step, 9))


class Reserved(WireType):
    """Bytes without a meaning."""

    count = 0

    def __init__(self, size: int) -> None:
        self.codes = f"{size}x"
        self.name = f"byte[{size}]" if size > 1 else "byte"


class Fixed(WireType):
    """A duration or a time as u64 in 32.32 fixed point; 0 reads as `zero`."""

    codes = "Q"

    def __init__(self, name: str, zero: float | None) -> None:
        self.name, self._zero = name, zero

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        if value is None:
            return (0,)
        try:
            return (time.to_wire(float(value)),)
        except (TypeError, ValueError, OverflowError) as error:
            raise MessageError(f"{what} is {value!r}: {error}") from None

    def decode(self, values: Sequence[Any]) -> float | None:
        return time.from_wire(values[0]) if values[0] else self._zero


#: Seconds since 1970 UTC; None when not given.
Time = Fixed("time 32.32", None)
#: Seconds between messages of a stream; 0 is as fast as possible.
Duration = Fixed("duration 32.32", 0.0)


class Pose(WireType):
    """A rigid or affine pose: the upper 3x4 of a 4x4 matrix, column by column, as F32.

    R11 R21 R31  R12 R22 R32  R13 R23 R33  T1 T2 T3, the translation in mm (TRANSFORM content).
    """

    codes = "12f"
    count = 12
    name = "f32[12]"

    def encode(self, value: Any, what: str) -> Sequence[Any]:
        rows = value if type(value) is np.ndarray else numbers(value, np.dtype("f8"), what)
        if rows.shape != (4, 4) and rows.shape != (3, 4):
            raise MessageError(f"{what} has shape {rows.shape}, expected (4, 4) or (3, 4)")
        flat = rows.ravel().tolist()
        if flat[12:] not in _LAST_ROWS:
            raise MessageError(f"{what} has {flat[12:]} as its last row, expected [0, 0, 0, 1]")
        columns: Sequence[float] = _by_columns(flat)
        return columns

    def encode_column(self, values: Any, what: str) -> NDArray[np.uint8]:
        poses = numbers(values, np.dtype("f8"), what)
        if poses.ndim != 3 or poses.shape[1:] not in ((4, 4), (3, 4)):
            raise MessageError(f"{what} has shape {poses.shape}, expected (n, 4, 4) or (n, 3, 4)")
        if np.any(poses[:, 3:] != [0, 0, 0, 1]):
            raise MessageError(f"{what}: a last row is not [0, 0, 0, 1]")
        columns = numbers(poses[:, :3].transpose(0, 2, 1), np.dtype(">f4"), what)
        return np.ascontiguousarray(columns).reshape(-1, 12).view(np.uint8)

    def decode(self, values: Sequence[Any]) -> NDArray[np.float64]:
        a, d, g, b, e, h, c, f, i, x, y, z = values
        rows = _ROWS.pack(a, b, c, x, d, e, f, y, g, h, i, z, 0.0, 0.0, 0.0, 1.0)
        return np.frombuffer(rows).reshape(4, 4)  # read-only, as bytes are


_ROWS = struct.Struct("=16d")
_LAST_ROWS = [[0, 0, 0, 1], []]
_by_columns = operator.itemgetter(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11)
POSE = Pose()


class Row(NamedTuple):
    """One line of a byte table. `offset` is None behind a part of variable length."""

    offset: int | None
    size: int | None
    name: str
    type: str
    doc: str = ""


class Layout:
    """Named fields in a row, big-endian and without gaps.

    Args:
        fields: (name, wire type, explanation) in wire order; the names of `Reserved` are ignored.
    """

    def __init__(self, fields: Iterable[tuple[str, WireType, str]]) -> None:
        self.fields = tuple(fields)
        self._struct = struct.Struct(">" + "".join(kind.codes for _, kind, _ in self.fields))
        self.size = self._struct.size
        self._plan: list[tuple[str, WireType, slice]] = []
        at = 0
        for name, kind, _ in self.fields:
            if kind.count:
                self._plan.append((name, kind, slice(at, at + kind.count)))
                at += kind.count
        self.names = tuple(name for name, _, _ in self._plan)
        self._decoders = [(name, kind.decode, where) for name, kind, where in self._plan]

    def pack(self, values: Mapping[str, Any], where: str = "") -> bytes:
        """Bytes of `values`, one for each name.

        Raises:
            MessageError: a value does not fit; `where` says in its text which record is meant.
        """
        flat: list[Any] = []
        for name, kind, _ in self._plan:
            flat += kind.encode(values[name], f"{where}{name}" if where else name)
        try:
            return self._struct.pack(*flat)
        except (struct.error, OverflowError):
            raise self._misfit(values, where) from None

    def _misfit(self, values: Mapping[str, Any], where: str) -> MessageError:
        """Which of `values`, each of the right form, is beyond its field's range."""
        for name, kind, _ in self._plan:
            try:
                struct.pack(">" + kind.codes, *kind.encode(values[name], where + name))
            except (struct.error, OverflowError) as error:
                return MessageError(f"{where}{name} is beyond the range of {kind.name}: {error}")
        raise AssertionError("unreachable: packing all failed, packing each did not")

    def pack_columns(self, columns: Mapping[str, Any]) -> NDArray[np.uint8]:
        """(n, size) bytes of n records, from n values for each name.

        Raises:
            MessageError: a value does not fit, or the columns differ in length.
        """
        blocks = [
            kind.encode_column(columns[name], name) if kind.count else None
            for name, kind, _ in self.fields
        ]
        lengths = {len(block) for block in blocks if block is not None}
        if len(lengths) != 1:
            raise MessageError(f"the columns {', '.join(self.names)} differ in length: {lengths}")
        packed = np.zeros((lengths.pop(), self.size), np.uint8)
        at = 0
        for block, (_, kind, _) in zip(blocks, self.fields, strict=True):
            if block is not None:
                packed[:, at : at + kind.size] = block
            at += kind.size
        return packed

    def unpack(self, data: Buffer, offset: int = 0) -> dict[str, Any]:
        """Values of the `size` bytes at `offset`, by name.

        Raises:
            DecodeError: fewer bytes than that.
        """
        return self._values(self._unpack(data, offset))

    def unpack_all(self, data: Buffer) -> Iterator[dict[str, Any]]:
        """Values of records that fill `data`; its length is a multiple of `size`."""
        return map(self._values, self._struct.iter_unpack(data))

    def _unpack(self, data: Buffer, offset: int) -> tuple[Any, ...]:
        if len(data) - offset < self.size:
            raise DecodeError(
                f"{max(len(data) - offset, 0)} bytes are left for {', '.join(self.names)}, "
                f"which take {self.size}"
            )
        return self._struct.unpack_from(data, offset)

    def _values(self, flat: tuple[Any, ...]) -> dict[str, Any]:
        return {name: decode(flat[where]) for name, decode, where in self._decoders}

    def rows(self, offset: int = 0) -> list[Row]:
        """The byte table, counted from `offset`."""
        table = []
        for name, kind, doc in self.fields:
            table.append(Row(offset, kind.size, name, kind.name, doc))
            offset += kind.size
        return table
