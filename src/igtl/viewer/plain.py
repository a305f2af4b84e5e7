"""Messages as plain values of JSON: what `listen --format json` writes and `send` reads back.

Keys are the names that the fields have in Python.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import igtl
from igtl.viewer.items import value_of

__all__ = ["beginning_of", "plain_beginning", "plain_message"]

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]

_MOST_VALUES = 256
"""Arrays with more values are described instead of written out."""


class _Cut(NamedTuple):
    """How much is written out; the rest is not even looked at."""

    longest: int
    """Lists of more items are cut."""
    items: int
    """So many of a list that is cut."""
    values: int
    """So many of an array that is described."""
    characters: int
    """Longer texts are cut."""


_WHOLE, _BEGINNING = _Cut(sys.maxsize, 0, 0, sys.maxsize), _Cut(256, 64, 16, 2000)


def plain_message(message: igtl.Message) -> dict[str, Plain]:
    """All fields of a message: wire type and device name, then its own, then the common ones.

    Arrays of up to 256 values are lists, larger ones {"shape": [...], "dtype": "uint8"}; bytes are
    text of hexadecimal digits or {"bytes": n}. JSON has no infinity and no NaN: both become null.
    """
    return {
        "wire_type": message.wire_type,
        "device_name": message.device_name,
        **_fields(message, _WHOLE),
        "timestamp": message.timestamp,
        "message_id": message.message_id,
        "metadata": dict(message.metadata),
        "header_version": message.header_version,
    }


def plain_beginning(message: igtl.Message) -> dict[str, Plain]:
    """The fields of its own alone, for somebody who looks: of what is long, the beginning.

    Lists of more than 256 items are {"items": how many, "first": the first 64}; large arrays have
    a "first" as well, of 16 values. Texts of more than 2,000 characters are {"characters": how
    many, "first": the first 2,000}.
    """
    return _fields(message, _BEGINNING)


def beginning_of(value: Any) -> Plain:
    """The same for any value, such as metadata."""
    return _plain(value, _BEGINNING)


def _fields(message: igtl.Message, cut: _Cut) -> dict[str, Plain]:
    names = message.names or (("content",) if isinstance(message, igtl.Unknown) else ())
    return {name: _plain(value_of(message, name), cut) for name in names}


def _plain(value: Any, cut: _Cut) -> Plain:
    match value:
        case str() if len(value) > cut.characters:
            return {"characters": len(value), "first": value[: cut.characters]}
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case complex():
            return [_plain(value.real, cut), _plain(value.imag, cut)]
        case np.ndarray():
            return _plain_array(value, cut)
        case bytes() | memoryview():
            return value.hex() if len(value) <= _MOST_VALUES else {"bytes": len(value)}
        case igtl.Message():  # inside another: of the common fields it has a name only
            names = {"wire_type": value.wire_type, "device_name": value.device_name}
            return names | _fields(value, cut)
        case igtl.Cells() if value.data.size > _MOST_VALUES:
            return {"cells": len(value)}
        case Mapping() if len(value) > cut.longest:
            first = dict(islice(value.items(), cut.items))
            return {"items": len(value), "first": _plain(first, cut)}
        case Mapping():
            return {str(key): _plain(one, cut) for key, one in value.items()}
        case Sequence() if len(value) > cut.longest:
            return {"items": len(value), "first": _plain([*islice(value, cut.items)], cut)}
        case Sequence():
            return [_plain(one, cut) for one in value]
    return _plain_record(value, cut)


def _plain_array(array: NDArray[Any], cut: _Cut) -> Plain:
    if array.size <= _MOST_VALUES:
        return _plain(array.tolist(), cut)
    described = {"shape": list(array.shape), "dtype": array.dtype.name}
    first = _plain(array.flat[: cut.values].tolist(), cut)
    return {**described, "first": first} if first else described


def _plain_record(record: Any, cut: _Cut) -> Plain:
    """A tool, point, attribute ...: its public attributes by name."""
    names = record.__dict__ if hasattr(record, "__dict__") else record.__slots__
    return {name: _plain(getattr(record, name), cut) for name in names if not name.startswith("_")}
