"""One message of a recording: its bytes, when they came and over which connection."""

from __future__ import annotations

from typing import NamedTuple

from igtl.codec.frame import Frame
from igtl.messages import Message, decode_frame

__all__ = ["Entry"]


class Entry(NamedTuple):
    """A message as it came."""

    time_ns: int
    """When it arrived, in ns since 1970 UTC."""
    connection: str
    """Over which connection: an endpoint or a name."""
    frame: Frame
    """Its bytes."""

    @property
    def time(self) -> float:
        """When it arrived, in s since 1970 UTC."""
        return self.time_ns / 1e9

    @property
    def message(self) -> Message:
        """What it means.

        Raises:
            DecodeError: the bytes are no valid message.
        """
        return decode_frame(self.frame)
