"""Messages as plain values of JSON: what `listen --format json` writes and `send` reads back.

Keys are the names that the fields have in Python.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import igtl

__all__ = ["plain_message"]

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]

_MOST_VALUES = 256
"""Arrays with more values are described instead of written out."""


def plain_message(message: igtl.Message) -> dict[str, Plain]:
    """All fields of a message: wire type and device name, then its own, then the common ones.

    Arrays of up to 256 values are lists, larger ones {"shape": [...], "dtype": "uint8"}; bytes are
    text of hexadecimal digits or {"bytes": n}. JSON has no infinity and no NaN: both become null.
    """
    names = message.names or (("content",) if isinstance(message, igtl.Unknown) else ())
    return {
        "wire_type": message.wire_type,
        "device_name": message.device_name,
        **{name: _plain(getattr(message, name)) for name in names},
        "timestamp": message.timestamp,
        "message_id": message.message_id,
        "metadata": dict(message.metadata),
        "header_version": message.header_version,
    }


def _plain(value: Any) -> Plain:
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case complex():
            return [_plain(value.real), _plain(value.imag)]
        case np.ndarray():
            return _plain_array(value)
        case bytes() | memoryview():
            return value.hex() if len(value) <= _MOST_VALUES else {"bytes": len(value)}
        case igtl.Message():
            return _plain_child(value)
        case igtl.Cells() if value.data.size > _MOST_VALUES:
            return {"cells": len(value)}
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case Sequence():
            return [_plain(one) for one in value]
    return _plain_record(value)


def _plain_array(array: NDArray[Any]) -> Plain:
    if array.size > _MOST_VALUES:
        return {"shape": list(array.shape), "dtype": array.dtype.name}
    return _plain(array.tolist())


def _plain_child(message: igtl.Message) -> Plain:
    """A message inside another: of the common fields it has a name only."""
    whole = plain_message(message)
    return {name: whole[name] for name in whole if name not in _NOT_IN_CHILDREN}


_NOT_IN_CHILDREN = ("timestamp", "message_id", "metadata", "header_version")


def _plain_record(record: Any) -> Plain:
    """A tool, point, attribute ...: its public attributes by name."""
    names = record.__dict__ if hasattr(record, "__dict__") else record.__slots__
    return {name: _plain(getattr(record, name)) for name in names if not name.startswith("_")}
