"""All that a message says, for somebody who looks at one device."""

from __future__ import annotations

from typing import Any

from igtl.errors import DecodeError
from igtl.viewer.plain import beginning_of, plain_beginning
from igtl.viewer.row import Row
from igtl.viewer.summary import summary

__all__ = ["details"]


def details(row: Row) -> dict[str, Any]:
    """The newest message of a row as values of JSON; a malformed one with what is wrong with it.

    The fields are then those of the last one that was well-formed, if somebody saw it.
    """
    look = row.look()
    frame, message = (None, None) if look is None else (look.frame, look.sound)
    return {
        "row": row.id,
        "received": row.last_time if look is None else look.received,
        "header": {
            "version": 0 if frame is None else frame.version,
            "type": row.wire_type,
            "device": row.device_name,
            "time": None if frame is None else frame.timestamp,
            "size": 0 if frame is None else frame.body_size,
        },
        "metadata": {} if message is None else beginning_of(message.metadata),
        "text": "" if message is None else summary(message),
        "fields": {} if message is None else plain_beginning(message),
        "error": str(look.message) if look and isinstance(look.message, DecodeError) else None,
    }
