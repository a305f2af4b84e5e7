"""What clients sent and nobody has taken yet, within bounds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from igtl.codec.frame import Frame
from igtl.net.peer import Peer

__all__ = ["Arrivals"]

#: Messages of clients that wait for somebody to take them, and bytes of their bodies.
_MOST, _MOST_BYTES = 10_000, 256 << 20


class Arrivals:
    """Frames of all clients, in order of arrival.

    Beyond the bounds clients are not read until there is room, if somebody takes frames at all; if
    nobody ever did, the oldest are dropped and counted.

    Args:
        changed: its lock is held by who calls, except for `wanted`.

    Attributes:
        wanted: whether somebody takes frames.
    """

    def __init__(self, changed: threading.Condition) -> None:
        self.wanted = False
        self._changed = changed
        self._frames: deque[tuple[Peer, Frame]] = deque()
        self._bytes = 0
        self._paused: set[Peer] = set()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, peer: Peer, frames: Sequence[Frame]) -> int:
        """Take in frames of a client (reactor's thread); how many of past clients were dropped."""
        self._frames.extend((peer, frame) for frame in frames)
        self._bytes += sum(frame.body_size for frame in frames)
        if self.wanted and self._crowded():
            self._paused.add(peer)
            peer.pause(self)
        dropped = 0
        while not self.wanted and self._crowded() and len(self._frames) > 1:
            sender, _ = self._pop()
            sender.counters.dropped += 1
            dropped += sender.past
        return dropped

    def take(self) -> tuple[Peer, Frame]:
        """The next frame; there is one."""
        taken = self._pop()
        if self._paused and not self._crowded(2):
            for peer in self._paused:
                peer.resume_soon(self)
            self._paused.clear()
        return taken

    def forget(self, peer: Peer) -> None:
        """A client is gone; what it sent stays."""
        self._paused.discard(peer)

    def _crowded(self, share: int = 1) -> bool:
        """Whether more than one part in `share` of what may wait does."""
        return len(self._frames) > _MOST // share or self._bytes > _MOST_BYTES // share

    def _pop(self) -> tuple[Peer, Frame]:
        peer, frame = self._frames.popleft()
        self._bytes -= frame.body_size
        return peer, frame
