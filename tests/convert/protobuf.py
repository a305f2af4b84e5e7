"""A small reader of protobuf that goes by the descriptors that an MCAP schema carries.

Only what Foxglove's schemas use. Written from the encoding's description, so that what igtl writes
is read by the fields and types that the file itself declares.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["Types", "types_of"]

_REPEATED = 3
_DOUBLE, _STRING, _MESSAGE, _BYTES = 1, 9, 11, 12


class Field(NamedTuple):
    """One field of a message type."""

    name: str
    kind: int
    repeated: bool
    message: str


Types = dict[str, dict[int, Field]]


def types_of(descriptors: bytes) -> Types:
    """The message types of a FileDescriptorSet, by their full names."""
    types: Types = {}
    for _, file in parts(descriptors):
        fields = collect(file)
        package = fields.get(2, [b""])[0].decode()
        for message in fields.get(4, []):
            declare(types, f".{package}", message)
    return types


def declare(types: Types, scope: str, descriptor: bytes) -> None:
    fields = collect(descriptor)
    name = f"{scope}.{fields[1][0].decode()}"
    types[name] = {}
    for one in map(collect, fields.get(2, [])):
        kind, repeated = one[5][0], one[4][0] == _REPEATED
        message = one.get(6, [b""])[0].decode()
        types[name][one[3][0]] = Field(one[1][0].decode(), kind, repeated, message)
    for nested in fields.get(3, []):
        declare(types, name, nested)


def decode(types: Types, name: str, data: bytes) -> dict[str, Any]:
    """A message as a dict; fields that are not there have their defaults."""
    known = types[name]
    found: dict[str, Any] = {
        field.name: [] if field.repeated else default(field) for field in known.values()
    }
    for number, raw in parts(data):
        field = known[number]
        for value in values(types, field, raw):
            if field.repeated:
                found[field.name].append(value)
            else:
                found[field.name] = value
    return found


def default(field: Field) -> Any:
    return {_DOUBLE: 0.0, _STRING: "", _MESSAGE: None, _BYTES: b""}.get(field.kind, 0)


def values(types: Types, field: Field, raw: Any) -> Iterator[Any]:
    """The values of a field: packed numbers are several."""
    if field.kind == _DOUBLE:
        yield from struct.unpack(f"<{len(raw) // 8}d", raw)
    elif field.kind == _STRING:
        yield raw.decode()
    elif field.kind == _MESSAGE:
        yield decode(types, field.message, raw)
    elif field.kind == _BYTES or not isinstance(raw, bytes):
        yield raw if field.kind != 7 else int.from_bytes(raw, "little")
    elif field.kind == 7:  # fixed32
        yield from struct.unpack(f"<{len(raw) // 4}I", raw)
    else:
        at = 0
        while at < len(raw):
            value, at = varint(raw, at)
            yield value


def collect(data: bytes) -> dict[int, list[Any]]:
    fields: dict[int, list[Any]] = {}
    for number, value in parts(data):
        fields.setdefault(number, []).append(value)
    return fields


def parts(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and raw values."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        match key & 7:
            case 0:
                value, at = varint(data, at)
                yield key >> 3, value
                continue
            case 1:
                size = 8
            case 5:
                size = 4
            case _:
                size, at = varint(data, at)
        assert at + size <= len(data)
        yield key >> 3, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at
