"""All that a message says, for somebody who looks at one device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import igtl
from igtl.viewer.plain import plain_message
from igtl.viewer.statistics import Row
from igtl.viewer.summary import summary

__all__ = ["details"]

#: So many values of a large array are shown.
_FIRST = 16
#: Of longer lists, such as of points, the beginning is shown.
_LONGEST, _BEGINNING = 256, 64
_COMMON = ("wire_type", "device_name", "timestamp", "message_id", "metadata", "header_version")


def details(row: Row) -> dict[str, Any]:
    """The newest message of a row as values of JSON; a malformed one with what is wrong with it.

    The fields are then those of the last one that was well-formed, if somebody saw it.
    """
    message = row.last
    frame = row.newest
    return {
        "row": row.id,
        "received": row.last_time,
        "header": {
            "version": 0 if frame is None else frame.version,
            "type": row.wire_type,
            "device": row.device_name,
            "time": None if frame is None else frame.timestamp,
            "size": 0 if frame is None else frame.body_size,
        },
        "metadata": {} if message is None else dict(message.metadata),
        "text": "" if message is None else summary(message),
        "fields": {} if message is None else _fields(message),
        "error": row.trouble or None,
    }


def _fields(message: igtl.Message) -> dict[str, Any]:
    """What is its own; of large arrays the shape and the first values."""
    plain: dict[str, Any] = dict(plain_message(message))
    for name, value in plain.items():
        if isinstance(value, dict) and "shape" in value:
            array = getattr(message, name, None)
            if isinstance(array, np.ndarray):
                plain[name] = {**value, "first": _first(array)}
    return {name: _short(value) for name, value in plain.items() if name not in _COMMON}


def _short(value: Any) -> Any:
    """The same with long lists cut: {"items": how many, "first": [...]}."""
    match value:
        case list() if len(value) > _LONGEST:
            return {"items": len(value), "first": _short(value[:_BEGINNING])}
        case list():
            return [_short(one) for one in value]
        case dict():
            return {name: _short(one) for name, one in value.items()}
    return value


def _first(array: np.ndarray[Any, Any]) -> list[Any]:
    values = array.flat[:_FIRST].tolist()
    return [None if isinstance(one, float) and not math.isfinite(one) else one for one in values]
