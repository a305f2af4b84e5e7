"""Declaring what is on the wire as a class.

    class Tool(Record):
        '''A tool.'''
        name: str = field(Text(20), doc="name of the tool")
        type: int = field(Choice(U8, ToolType), default=ToolType.SIX_D, kw_only=True)
        _reserved = field(Reserved(1))
        matrix: Vector = field(POSE, unit="mm")

Fields are declared in wire order. The constructor takes those without a default first, in that
order. One class attribute, `wire`, holds all that was declared; encoding, decoding, signature and
byte table follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    Any,
    ClassVar,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    dataclass_transform,
    overload,
)

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.layout import Layout, Row, WireType, frozen
from igtl.errors import DecodeError, MessageError

__all__ = [
    "Declared",
    "Field",
    "MaybeVector",
    "Record",
    "Records",
    "Several",
    "Tail",
    "Vector",
    "Wire",
    "field",
    "same",
    "shown",
]

R = TypeVar("R")
_NO_DEFAULT: Any = object()


class Tail:
    """What fills a content up to its end: the last field of a declaration."""

    name: str

    def check(self, data: Buffer) -> None:
        """Raise DecodeError unless `decode` will succeed."""

    def encode(self, value: Any, what: str) -> bytes:
        """Bytes for `value`; MessageError naming `what` when it does not fit."""
        raise NotImplementedError

    def decode(self, data: Buffer) -> Any:
        """The value of `data`, which passed `check`."""
        raise NotImplementedError

    def rows(self, offset: int, name: str, doc: str) -> list[Row]:
        """The byte table, counted from `offset`."""
        return [Row(offset, None, name, self.name, doc)]


class Vector(Protocol):
    """Type of a field that is given as anything like an array, and read as (n,) or (n, m) float64.

    For type checkers only: a field's value lies in its object's `__dict__`.
    """

    @overload
    def __get__(self, owner: None, cls: type[object]) -> Vector: ...
    @overload
    def __get__(self, owner: object, cls: type[object]) -> NDArray[np.float64]: ...
    def __set__(self, owner: object, value: ArrayLike) -> None: ...


class MaybeVector(Protocol):
    """As `Vector`, where None is possible."""

    @overload
    def __get__(self, owner: None, cls: type[object]) -> MaybeVector: ...
    @overload
    def __get__(self, owner: object, cls: type[object]) -> NDArray[np.float64] | None: ...
    def __set__(self, owner: object, value: ArrayLike | None) -> None: ...


class Several(Protocol[R]):
    """Type of a field that is given as any sequence of records, and read as a tuple."""

    @overload
    def __get__(self, owner: None, cls: type[object]) -> Several[R]: ...
    @overload
    def __get__(self, owner: object, cls: type[object]) -> tuple[R, ...]: ...
    def __set__(self, owner: object, value: Sequence[R]) -> None: ...


class Field:
    """One declared field."""

    def __init__(
        self, kind: WireType | Tail, default: Any, kw_only: bool, unit: str, doc: str
    ) -> None:
        self.kind, self.default, self.kw_only = kind, default, kw_only
        self.doc = f"{doc} [{unit}]".strip() if unit else doc


def field(
    kind: WireType | Tail,
    *,
    default: Any = _NO_DEFAULT,
    kw_only: bool = False,
    unit: str = "",
    doc: str = "",
) -> Any:
    """Declare a field of a message or record.

    Args:
        kind: how it lies on the wire, from `igtl.layout`.
        default: value when the caller gives none; without it the field must be given.
        kw_only: the constructor takes it by name only.
        unit: unit of the value, for the byte table.
        doc: what it is, for the byte table.
    """
    return Field(kind, default, kw_only, unit, doc)


class Wire:
    """All that one class declared: the fixed fields as a layout, then perhaps a tail."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = {name: one for name, one in fields.items() if _is_value(one)}
        fixed = [(n, f.kind, f.doc) for n, f in fields.items() if isinstance(f.kind, WireType)]
        tails = [(n, f.kind, f.doc) for n, f in fields.items() if isinstance(f.kind, Tail)]
        if len(tails) > 1 or (tails and list(fields)[-1] != tails[0][0]):
            raise TypeError(f"only the last field may be of open length, not {tails}")
        self.layout = Layout(fixed)
        self.tail: Tail | None = None
        self.tail_name = self._tail_doc = ""
        if tails:
            self.tail_name, self.tail, self._tail_doc = tails[0]
        self.names = tuple(self.fields)
        self.defaults = {
            n: f.default for n, f in self.fields.items() if f.default is not _NO_DEFAULT
        }
        free = [n for n, f in self.fields.items() if not f.kw_only]
        self.positional = sorted(free, key=self.defaults.__contains__)
        self._complete_with = len(self.names) if len(free) == len(self.names) else -1

    def bind(self, owner: str, args: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name, from what a constructor was called with.

        Raises:
            TypeError: as Python does for a call that does not fit the signature.
        """
        if len(args) == self._complete_with and not named:
            return dict(zip(self.positional, args))  # noqa: B905 - compared above, and hot
        if len(args) > len(self.positional):
            raise TypeError(
                f"{owner} takes {len(self.positional)} positional arguments "
                f"({', '.join(self.positional)}), got {len(args)}"
            )
        values = dict(zip(self.positional, args, strict=False))
        self._complete(owner, values, named)
        return values

    def _complete(self, owner: str, values: dict[str, Any], named: Mapping[str, Any]) -> None:
        for name, value in named.items():
            if name not in self.fields:
                known = ", ".join(self.names) or "none"
                raise TypeError(f"{owner} has no field {name!r}; its fields: {known}")
            if name in values:
                raise TypeError(f"{owner} got {name!r} twice")
            values[name] = value
        for name in self.names:
            if name not in values:
                if name not in self.defaults:
                    raise TypeError(f"{owner} needs {name!r}")
                values[name] = self.defaults[name]

    def pack(self, values: Mapping[str, Any], where: str = "") -> bytes:
        """Bytes of `values`; MessageError when one does not fit."""
        data = self.layout.pack(values, where)
        if self.tail is None:
            return data
        return data + self.tail.encode(values[self.tail_name], where + self.tail_name)

    def check(self, data: Buffer) -> None:
        """Raise DecodeError unless `unpack` will succeed."""
        if self.tail is not None and len(data) >= self.layout.size:
            self.tail.check(data[self.layout.size :])
        elif len(data) != self.layout.size:
            expected = f"{'at least ' if self.tail else ''}{self.layout.size}"
            raise DecodeError(f"content of {len(data)} bytes, expected {expected}")

    def unpack(self, data: Buffer) -> dict[str, Any]:
        """Values of `data`, which passed `check`, by name."""
        values = self.layout.unpack(data)
        if self.tail is not None:
            values[self.tail_name] = self.tail.decode(data[self.layout.size :])
        return values

    def rows(self, offset: int = 0) -> list[Row]:
        """The byte table, counted from `offset`."""
        rows = self.layout.rows(offset)
        if self.tail is not None:
            rows += self.tail.rows(offset + self.layout.size, self.tail_name, self._tail_doc)
        return rows


def _is_value(one: Field) -> bool:
    return isinstance(one.kind, Tail) or one.kind.count > 0


class _Signature:
    """Tells `help` and `inspect` what a constructor takes; made when somebody asks."""

    def __get__(self, instance: object, owner: type[Declared]) -> Any:
        from inspect import Parameter, Signature, signature

        own = list(signature(owner.__init__).parameters.values())[1:]
        written = [one for one in own if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
        if len(own) - len(written) < 2:  # without *args, **named it takes what it says
            return Signature(written + owner._more_parameters())
        wire = owner.wire
        by_name = [name for name in wire.names if name not in wire.positional]
        plain = [(name, Parameter.POSITIONAL_OR_KEYWORD) for name in wire.positional]
        named = [(name, Parameter.KEYWORD_ONLY) for name in by_name]
        parameters = [
            Parameter(name, kind, default=wire.defaults.get(name, Parameter.empty))
            for name, kind in plain + named
        ]
        first = [one for one in written if one.kind is not one.KEYWORD_ONLY]
        return Signature(first + parameters + owner._more_parameters())


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
class Declared:
    """Base of classes whose attributes are declared with `field`. Immutable."""

    wire: ClassVar[Wire] = Wire({})
    __signature__ = _Signature()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        fields = {name: one for name, one in vars(cls).items() if isinstance(one, Field)}
        if fields:
            cls.wire = Wire(fields)
            for name in fields:
                delattr(cls, name)

    @classmethod
    def _more_parameters(cls) -> list[Any]:
        """Parameters of the constructor beyond the declared fields."""
        return []

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is immutable: make a new one with .replace({name}=...)"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} cannot be deleted")


class Record(Declared):
    """One element of a message that carries several: a tool, a point, an image's description."""

    def __init__(self, *args: Any, **named: Any) -> None:
        values = self.wire.bind(type(self).__name__, args, named)
        self.__dict__.update(self.wire.unpack(self.wire.pack(values)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """A record of values that were just read from the wire."""
        self = object.__new__(cls)
        self.__dict__.update(values)
        return self

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return type(self)(**{**self.__dict__, **changes})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields of a pickle, whose arrays can be written to."""
        for value in state.values():
            if isinstance(value, np.ndarray):
                frozen(value)
        self.__dict__.update(state)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(same(value, other.__dict__[name]) for name, value in self.__dict__.items())

    def __hash__(self) -> int:
        return hash(next(iter(self.__dict__.values())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown(self.__dict__)})"


def same(a: Any, b: Any) -> bool:
    """Whether two field values are equal, arrays (and their NaNs) included."""
    if isinstance(a, np.ndarray):
        floats = a.dtype.kind in "fc"
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=floats)
    return bool(a == b)


def shown(values: Mapping[str, Any]) -> str:
    """Fields as `name=value, ...`, large arrays by shape and type."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size > 16:
            return f"<{'x'.join(map(str, value.shape))} {value.dtype}>"
        return np.array2string(value, separator=", ", max_line_width=10_000).replace("\n", "")
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + "..."


class Records(Tail):
    """As many records as fit, up to the end of the content."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        self.layout = record.wire.layout
        self.name = f"n x {record.__name__} ({self.layout.size} bytes each)"

    def check(self, data: Buffer) -> None:
        if len(data) % self.layout.size:
            raise DecodeError(
                f"{len(data)} bytes are not a whole number of {self.layout.size}-byte "
                f"{self.record.__name__} records"
            )

    def encode(self, value: Any, what: str) -> bytes:
        if isinstance(value, self.record) or not isinstance(value, Sequence):
            raise MessageError(
                f"{what} is {_shown(value)}, expected a sequence of {self.record.__name__}"
            )
        return b"".join(self._encode_one(one, f"{what}[{i}]") for i, one in enumerate(value))

    def _encode_one(self, one: Any, what: str) -> bytes:
        if not isinstance(one, self.record):
            raise MessageError(f"{what} is {_shown(one)}, expected a {self.record.__name__}")
        return self.layout.pack(one.__dict__, what + ".")

    def decode(self, data: Buffer) -> tuple[Record, ...]:
        return tuple(map(self.record.of, self.layout.unpack_all(data)))

    def rows(self, offset: int, name: str, doc: str) -> list[Row]:
        head = Row(offset, None, name, self.name, doc)
        return [
            head,
            *(row._replace(name=f"{name}[0].{row.name}") for row in self.layout.rows(offset)),
        ]
