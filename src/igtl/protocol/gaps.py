"""Streams of video that lack a frame, for one receiver, until their next key frame.

An inter frame of VIDEO is drawn upon the frame before it, and that upon the one before, back to a
key frame. Who misses one of them can make nothing of those that follow: a decoder paints on a wrong
picture, or complains. So whoever leaves out a frame notes it here, and leaves out as well what
`lacks` it. All other types stand for themselves.
"""

from __future__ import annotations

from typing import Protocol

from igtl.protocol.newest import Key

__all__ = ["Gaps", "KeyFrames"]

#: So many streams are known at a time; those heard of first are forgotten.
_MOST_STREAMS = 2000


class Item(Protocol):
    """An encoded message, see `igtl.protocol.outgoing.Outgoing`."""

    @property
    def kind(self) -> Key: ...
    @property
    def is_video(self) -> bool: ...

    builds: bool


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

    def follows(self, item: Item) -> bool:
        """Whether an item lacks nothing, and is sent for that reason."""
        if not item.is_video:
            return True
        if self.lacks(item):
            return False
        self.end(item)
        return True

    def end(self, item: Item) -> None:
        """An item is sent that lacks nothing: what follows may build on it."""
        self.streams.pop(item.kind, None)


class KeyFrames:
    """Which streams ever had a key frame.

    Some senders call all frames inter frames. Of those none builds on another, as far as can be
    known: or who missed one would never get another.
    """

    def __init__(self) -> None:
        self._streams: dict[Key, None] = {}

    def judge(self, item: Item) -> None:
        """Say whether an item that was just made builds on others."""
        if item.is_video:
            kind = item.kind
            if item.builds:
                item.builds = kind in self._streams
            else:
                self._streams[kind] = None
                if len(self._streams) > _MOST_STREAMS:
                    del self._streams[next(iter(self._streams))]
