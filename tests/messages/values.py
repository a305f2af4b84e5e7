"""Looking at messages: all that they have, in a form that can be compared."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

import igtl

__all__ = ["fields", "plain", "read_all"]

COMMON = ("device_name", "timestamp", "metadata", "message_id")


def plain(value: Any) -> Any:
    """A value made of lists, numbers and texts; its `repr` tells NaN from NaN and 0 from -0."""
    match value:
        case np.ndarray() if value.size > 4096:
            return value.shape, zlib.crc32(value.astype(">f8").tobytes())
        case np.ndarray():
            return value.tolist()
        case igtl.Message():
            return igtl.encode(value)
        case igtl.Record():
            return plain(vars(value))
        case igtl.Cells():
            return [cell.tolist() for cell in value]
        case memoryview():
            return bytes(value)
        case bool() | float():
            return value
        case int():
            return int(value)
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    return value


def fields(message: igtl.Message, *, common: bool = True) -> dict[str, Any]:
    """The fields of a message, as they are read."""
    names = (*message.names, *COMMON) if common else message.names
    return {name: getattr(message, name) for name in names}


def read_all(message: igtl.Message) -> dict[str, Any]:
    """Every public attribute of a message that can be read, and what users do with it."""
    names = [name for name in dir(type(message)) if not name.startswith("_")]
    values = {name: getattr(message, name) for name in {*names, *message.names, *COMMON}}
    values |= {"header_version": message.header_version, "repr": repr(message)}
    hash(message)
    if isinstance(message, igtl.Bind):
        values["read"] = [read_all(child) for child in message.children]
    return {name: value for name, value in values.items() if not callable(value)}
