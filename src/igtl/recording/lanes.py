"""The channels of a file that is being written, and which of their messages are gathered."""

from __future__ import annotations

import struct
from array import array

import numpy as np
from numpy.typing import NDArray

from igtl.codec.frame import Frame
from igtl.errors import MessageError, RecordingError
from igtl.recording import filing
from igtl.recording.filing import Key
from igtl.recording.layout import Channel, Schema

__all__ = ["Known", "Lane", "Lanes"]

#: Numbers of channels have 16 bits; 0 is none.
_MOST, _MANY = 0xFFFF, 60_000


class Lane:
    """One channel, and which of its messages are in the chunk that is being gathered."""

    __slots__ = ("channel", "id", "index", "key", "schema", "sequence", "wrong")

    def __init__(self, schema: Schema, channel: Channel, key: Key | None) -> None:
        self.schema, self.channel, self.key = schema, channel, key
        self.id = channel.id
        self.sequence = 0
        self.clear()

    def clear(self) -> None:
        """A new chunk begins."""
        self.index = array("Q")  # log time, offset, log time, offset, ...
        self.wrong = 0  # checksums

    @property
    def entries(self) -> NDArray[np.uint64]:
        """(n, 2) log time [ns] and offset in the chunk, of each message."""
        return np.frombuffer(self.index, np.uint64).reshape(-1, 2)


#: The channels of one connection, by the first three fields of a header.
Known = dict[tuple[int, bytes, bytes], Lane]


class Lanes:
    """All channels of a file, made when they are needed."""

    def __init__(self) -> None:
        self._connections: dict[str, Known] = {}
        self._schemas: dict[str | None, Schema] = {}
        self._events: Lane | None = None
        self._count = 0

    @property
    def crowded(self) -> bool:
        """Whether there are nearly as many channels as there can be."""
        return self._count >= _MANY

    def known(self, connection: str) -> Known:
        """Those of a connection."""
        known = self._connections.get(connection)
        if known is None:
            known = self._connections[connection] = {}
        return known

    def all(self) -> list[Lane]:
        """Those of messages, without that of events."""
        # copied at once, since the thread that writes may add some meanwhile
        return [lane for known in list(self._connections.values()) for lane in list(known.values())]

    def of(self, known: Known, connection: str, frame: Frame) -> Lane:
        """That of a message.

        Raises:
            RecordingError: there would be too many channels.
            MessageError: a header cannot hold its version, type or device.
        """
        fields = frame[:3]
        if fields not in known:
            key = Key(connection, *fields)
            _check(key, frame)
            number, wire_type = self._next(), key.wire_type
            schema = self._schemas.get(wire_type)
            if schema is None:
                schema = filing.schema_of(len(self._schemas) + 1, wire_type)
                self._schemas[wire_type] = schema
            known[fields] = Lane(schema, filing.channel_of(number, schema.id, key), key)
        return known[fields]

    def events(self) -> Lane:
        """That of events. Errors as `of`."""
        if self._events is None:
            schema = self._schemas[None] = filing.event_schema(len(self._schemas) + 1)
            self._events = Lane(schema, filing.event_channel(self._next(), schema.id), None)
        return self._events

    def _next(self) -> int:
        if self._count == _MOST:
            raise RecordingError(
                f"there are {_MOST} channels (of connection, type and device), the most that a "
                "file can have: record only the devices that are needed"
            )
        self._count += 1
        return self._count


def _check(key: Key, frame: Frame) -> None:
    """Refuse what no header can hold, before it costs a channel."""
    try:
        _ = key.prefix
    except struct.error as error:
        raise MessageError(f"{frame.label} fits into no header: {error}") from error
