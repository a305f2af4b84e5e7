"""How OpenIGTLink is filed in MCAP: which channel a message belongs to, and what else is noted.

A channel holds the messages of one connection whose headers begin with the same 34 bytes: header
version, type and device name. Its metadata repeat them, which tells damage from data later.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from igtl.codec.frame import HEADER, Frame
from igtl.codec.text import decode_fixed
from igtl.codec.time import nanoseconds
from igtl.recording.layout import Channel, Schema

__all__ = [
    "EVENTS",
    "KEY_SIZE",
    "PROFILE",
    "Key",
    "channel_of",
    "event_channel",
    "event_data",
    "event_schema",
    "key_of",
    "publish_time",
    "schema_of",
]

PROFILE = "openigtlink"
#: Bytes of a header that say which channel a message belongs to.
KEY_SIZE = 34
#: Topic of what happened to the recording itself.
EVENTS = "/igtl/events"

_NAMESPACE = "openigtlink/"


class Key(NamedTuple):
    """What the messages of a channel have in common."""

    connection: str
    version: int
    raw_type: bytes
    raw_name: bytes

    @property
    def wire_type(self) -> str:
        """Such as "TRANSFORM"."""
        return decode_fixed(self.raw_type)

    @property
    def device_name(self) -> str:
        """As in the header."""
        return decode_fixed(self.raw_name)

    @property
    def prefix(self) -> bytes:
        """The first `KEY_SIZE` bytes of the header."""
        return HEADER.pack(self.version, self.raw_type, self.raw_name, 0, 0, 0)[:KEY_SIZE]


def schema_of(number: int, wire_type: str) -> Schema:
    """The schema of a type."""
    return Schema(number, _NAMESPACE + wire_type, PROFILE, b"")


def event_schema(number: int) -> Schema:
    """The schema of events: JSON objects."""
    return Schema(number, "igtl/event", "jsonschema", b'{"type": "object"}')


def channel_of(number: int, schema_id: int, key: Key) -> Channel:
    """The channel of a key."""
    topic = f"/{key.connection}/{key.wire_type}/{key.device_name}"
    metadata = {
        "connection": key.connection,
        "type": key.wire_type,
        "device": key.device_name,
        "version": str(key.version),
        "header": key.prefix.hex(),
    }
    return Channel(number, schema_id, topic, PROFILE, metadata)


def event_channel(number: int, schema_id: int) -> Channel:
    """The channel of events."""
    return Channel(number, schema_id, EVENTS, "json", {})


def event_data(event: str, connection: str, /, **details: Any) -> bytes:
    """One event, as JSON."""
    return json.dumps({"event": event, "connection": connection, **details}).encode()


def key_of(channel: Channel) -> Key | None:
    """What a channel's messages have in common; None if they are no OpenIGTLink."""
    if channel.encoding != PROFILE:
        return None
    try:
        prefix = bytes.fromhex(channel.metadata.get("header", ""))
        version, raw_type, raw_name, *_ = HEADER.unpack(prefix.ljust(HEADER.size, b"\0"))
    except ValueError:
        return None
    if len(prefix) != KEY_SIZE:
        return None
    return Key(channel.metadata.get("connection", ""), version, raw_type, raw_name)


def publish_time(frame: Frame, log_time: int) -> int:
    """The time in a message's header, ns since 1970; that of its arrival where there is none."""
    return nanoseconds(frame.raw_time) if frame.raw_time else log_time
