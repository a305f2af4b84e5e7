"""Streams of video that lack a frame, for one receiver, until their next key frame.

An inter frame of VIDEO is drawn upon the frame before it, and that upon the one before, back to a
key frame. Who misses one of them can make nothing of those that follow: a decoder paints on a wrong
picture, or complains. So whoever leaves out a frame notes it here, and leaves out as well what
`lacks` it. All other types stand for themselves.
"""

from __future__ import annotations

from typing import Protocol

from igtl.protocol.newest import Key

__all__ = ["Gaps"]

#: So many streams may have a gap at a time; those heard of first are forgotten.
_MOST_STREAMS = 2000


class Item(Protocol):
    """An encoded message, see `igtl.protocol.outbox.Outgoing`."""

    @property
    def kind(self) -> Key: ...
    @property
    def is_video(self) -> bool: ...
    @property
    def builds(self) -> bool: ...


class Gaps:
    """Which streams have a gap now.

    Attributes:
        streams: type and device of them; empty nearly always, which is quickly asked.
    """

    def __init__(self) -> None:
        self.streams: dict[Key, None] = {}

    def begin(self, item: Item) -> None:
        """An item is not sent."""
        if item.is_video:
            self.streams[item.kind] = None
            if len(self.streams) > _MOST_STREAMS:
                del self.streams[next(iter(self.streams))]

    def lacks(self, item: Item) -> bool:
        """Whether an item builds on something that is missing."""
        return bool(self.streams) and item.kind in self.streams and item.builds

    def end(self, item: Item) -> None:
        """An item is sent that lacks nothing: what follows may build on it."""
        self.streams.pop(item.kind, None)
