"""The fields of every message type, and messages made of plain values for them.

Plain values are those of JSON: numbers, text, lists, and objects for tools, points, attributes and
the children of a BIND, with the names that the fields have in Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from enum import Enum, IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import igtl
from igtl import layout
from igtl.codec.declaration import Declared, Records
from igtl.codec.tails import Names, TerminatedText
from igtl.messages.query import Companion

__all__ = ["FieldSpec", "Kind", "build", "class_of", "field_of", "fields_of", "form_of"]


class Kind(Enum):
    """What a field takes, and how people write it."""

    TEXT = "text"
    NAMES = "names, separated by commas"
    CHOICE = "a name or number"
    MATRIX = "16 or 12 numbers, row by row"
    RECORDS = "JSON: [{...}, ...]"
    CHILDREN = 'JSON: [{"wire_type": ..., ...}, ...]'
    ATTRIBUTES = 'JSON: [{"name": ..., "kind": ..., "data": [...]}, ...]'
    SAMPLES = "a .npy file, or JSON"
    PIXELS = "an image file, a .npy file, or JSON"
    BYTES = "a file"
    LIST = "numbers, separated by commas"
    NUMBERS = "numbers"


class FieldSpec(NamedTuple):
    """One field of a message or record."""

    name: str
    kind: Kind
    required: bool
    names: type[IntEnum] | None = None
    """Of a CHOICE."""
    record: type[igtl.Record] | None = None
    """Of RECORDS."""


def class_of(name: str) -> type[igtl.Message]:
    """The class of a wire type, or the class of that name, in capitals or not.

    Raises:
        MessageError: there is none; the text names similar ones.
    """
    types = igtl.message_types()
    if name.upper() in types:
        return types[name.upper()]
    by_class = {cls.__name__.lower(): cls for cls in types.values()}
    if name in types or name.lower() in by_class:
        return types.get(name) or by_class[name.lower()]
    own = {one: cls for one, cls in types.items() if "_" in name or not issubclass(cls, Companion)}
    names = {cls.__name__.upper(): cls.__name__ for cls in own.values()} | {n: n for n in own}
    found = get_close_matches(name.upper(), names, n=3, cutoff=0.5)
    close = [names[one] for one in found]
    raise igtl.MessageError(
        f"message type {name!r} is not known"
        + (f", did you mean {' or '.join(close)}?" if close else "; 'igtl describe' lists all")
    )


def fields_of(cls: type[Declared]) -> dict[str, FieldSpec]:
    """The fields that a message or record is made of, by name, in the constructor's order."""
    if cls.wire.names:
        return {name: _declared(cls, name) for name in cls.wire.names}
    signature = inspect.signature(cls.__init__)
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: _annotated(parameter)
        for name, parameter in signature.parameters.items()
        if parameter.kind in plain and name not in ("self", "target")
    }


def field_of(cls: type[Declared], name: str) -> FieldSpec:
    """One of the fields.

    Raises:
        MessageError: there is no such field; the text names those that there are.
    """
    fields = fields_of(cls)
    if name in fields:
        return fields[name]
    close = get_close_matches(name, fields, n=1)
    hint = f", did you mean {close[0]!r}?" if close else ""
    known = ", ".join(fields) or "none"
    raise igtl.MessageError(f"{_title(cls)} has no field {name!r}{hint}; its fields: {known}")


def _declared(cls: type[Declared], name: str) -> FieldSpec:
    kind = cls.wire.fields[name].kind
    required = name not in cls.wire.defaults
    match kind:
        case layout.Text() | TerminatedText():
            return FieldSpec(name, Kind.TEXT, required)
        case Names():
            return FieldSpec(name, Kind.NAMES, required)
        case layout.Choice():
            return FieldSpec(name, Kind.CHOICE, required, names=kind.names)
        case layout.Pose():
            return FieldSpec(name, Kind.MATRIX, required)
        case Records():
            return FieldSpec(name, Kind.RECORDS, required, record=kind.record)
    return FieldSpec(name, Kind.NUMBERS, required)


_KINDS_BY_NAME = {
    "pixels": Kind.PIXELS,
    "array": Kind.SAMPLES,
    "table": Kind.SAMPLES,
    "ijk_to_world": Kind.MATRIX,
    "values": Kind.LIST,
}
_KINDS_BY_ANNOTATION = {
    "str": Kind.TEXT,
    "str | None": Kind.TEXT,
    "Sequence[str]": Kind.NAMES,
    "Sequence[Message]": Kind.CHILDREN,
    "Sequence[Attribute]": Kind.ATTRIBUTES,
    "bytes | memoryview": Kind.BYTES,
}


def _annotated(parameter: inspect.Parameter) -> FieldSpec:
    """A field of a class that writes its own constructor: its annotation is all that tells."""
    note = parameter.annotation
    text = note if isinstance(note, str) else getattr(note, "__name__", "")
    kind = _KINDS_BY_NAME.get(parameter.name) or _KINDS_BY_ANNOTATION.get(text, Kind.NUMBERS)
    return FieldSpec(parameter.name, kind, parameter.default is parameter.empty)


def build(
    cls: type[igtl.Message], values: Mapping[str, Any], common: Mapping[str, Any]
) -> igtl.Message:
    """A message of plain values.

    Args:
        values: by field; arrays and bytes are taken as they are.
        common: device name and the like, as a message's constructor takes them.

    Raises:
        MessageError: a field is missing, unknown, or its value does not fit.
    """
    fields = _converted(cls, values)
    target = (cls.target,) if issubclass(cls, Companion) else ()
    try:
        return cls(*target, **fields, **common)
    except (TypeError, OverflowError) as error:
        raise igtl.MessageError(f"{_title(cls)}: {error}") from error


def _converted(cls: type[Declared], values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as the constructor takes them; MessageError when they are not complete."""
    fields = {name: _convert(field_of(cls, name), value) for name, value in values.items()}
    missing = [one for one in fields_of(cls).values() if one.required and one.name not in fields]
    if missing:
        needed = ", ".join(f"{one.name}=... ({form_of(one)})" for one in missing)
        raise igtl.MessageError(f"{_title(cls)} needs {needed}")
    return fields


def _convert(spec: FieldSpec, value: Any) -> Any:
    match spec.kind:
        case Kind.NAMES if isinstance(value, str):
            return tuple(name for name in value.split(",") if name)
        case Kind.LIST:
            return value if isinstance(value, list) else [value]
        case Kind.CHOICE if isinstance(value, str):
            return _chosen(spec, value)
        case Kind.MATRIX if value is not None:
            return _matrix(spec, value)
        case Kind.SAMPLES | Kind.PIXELS:
            return value if isinstance(value, np.ndarray) else _samples(spec, value)
        case Kind.RECORDS if spec.record is not None:
            return [_record(spec.record, one) for one in _objects(spec, value)]
        case Kind.ATTRIBUTES:
            return [_attribute(one) for one in _objects(spec, value)]
        case Kind.CHILDREN:
            return [_child(one) for one in _objects(spec, value)]
    return value


def _chosen(spec: FieldSpec, text: str) -> int:
    names = {member.name: int(member) for member in spec.names or ()}
    if text.upper() in names:
        return names[text.upper()]
    raise igtl.MessageError(
        f"{spec.name} is {text!r}, expected a number or one of {', '.join(names)}"
    )


def _matrix(spec: FieldSpec, value: Any) -> NDArray[np.float64]:
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError):
        raise igtl.MessageError(f"{spec.name} is {value!r}, expected {spec.kind.value}") from None
    if array.ndim == 1 and array.size in (12, 16):
        return array.reshape(-1, 4)
    if array.ndim != 2:
        raise igtl.MessageError(f"{spec.name} has {array.size} numbers, expected 16 or 12")
    return array


def _samples(spec: FieldSpec, value: Any) -> NDArray[Any]:
    """Numbers as an array: whole ones of the smallest type of the wire that holds them all."""
    try:
        array = np.atleast_1d(np.array(value))
    except ValueError as error:
        raise igtl.MessageError(f"{spec.name}: {error}") from None
    if array.dtype.kind not in "iuf":
        raise igtl.MessageError(f"{spec.name} is {value!r}, expected {spec.kind.value}")
    if array.dtype.kind == "f" or not array.size:
        return array.astype(np.float64)
    low, high = int(array.min()), int(array.max())
    for dtype in (np.uint8, np.int16, np.uint16, np.int32, np.uint32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return array.astype(dtype)
    return array.astype(np.float64)


def _objects(spec: FieldSpec, value: Any) -> list[dict[str, Any]]:
    objects = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in objects):
        raise igtl.MessageError(f"{spec.name} is {value!r}, expected {form_of(spec)}")
    return objects


def form_of(spec: FieldSpec) -> str:
    """How people write the field, the names inside JSON included."""
    if spec.record is None:
        return spec.kind.value
    inside = ", ".join(f'"{name}": ...' for name in spec.record.wire.names)
    return f"JSON: [{{{inside}}}, ...]"


def _record(cls: type[igtl.Record], values: Mapping[str, Any]) -> igtl.Record:
    return cls(**_converted(cls, values))


def _attribute(values: Mapping[str, Any]) -> igtl.Attribute:
    try:
        return igtl.Attribute(**values)
    except TypeError as error:
        raise igtl.MessageError(f"an attribute: {error}") from None


def _child(values: Mapping[str, Any]) -> igtl.Message:
    fields = dict(values)
    name, device = fields.pop("wire_type", None), fields.pop("device_name", "")
    if not isinstance(name, str):
        raise igtl.MessageError(f"child {values!r} has no wire_type, such as TRANSFORM")
    return build(class_of(name), fields, {"device_name": device})


def _title(cls: type[Declared]) -> str:
    return cls.wire_type if issubclass(cls, igtl.Message) else cls.__name__
