"""Giving what is played to the clients of a server: what became of it, and of them."""

from __future__ import annotations

import math
import queue
import time

import igtl
from igtl.viewer.summary import counted

__all__ = ["Delivery"]


class Delivery:
    """Sends frames to all clients, and counts.

    Args:
        server: a client that has read nothing in two waits for room in its queue is thrown out.
        news: gets a line when a client comes, leaves or is thrown out.
        patience: s for which to wait for clients that do not read.
    """

    def __init__(
        self, server: igtl.Server, news: queue.SimpleQueue[str], patience: float = 10.0
    ) -> None:
        self._server, self._news, self._patience = server, news, patience
        self._messages = self._clients = 0
        self._stuck: dict[igtl.Peer, int] = {}
        self._sent, self._until = -1, math.inf
        server.on_connect(self._came)
        server.on_disconnect(self._left)

    def give(self, frames: list[igtl.Frame]) -> None:
        """Send to all clients."""
        self._messages += len(frames)
        try:
            self._server.publish(*frames, timeout=self._patience)
        except igtl.TimeoutError:
            self._throw_out()

    def goes_on(self) -> bool:
        """Whether clients still read what waits for them."""
        sent, now = self._server.counters.bytes_sent, time.monotonic()
        if sent != self._sent:
            self._sent, self._until = sent, now + self._patience
        return bool(self._waiting()) and now < self._until

    def left(self) -> str:
        """What the clients did not read yet, for people."""
        return f"all was played; still to be read: {counted(self._waiting(), 'message')}"

    def summary(self) -> str:
        """What became of it all."""
        counters = self._server.counters
        return (
            f"{counted(self._messages, 'message')} played, {counters.messages_sent:,} sent to "
            f"{counted(self._clients, 'client')}, {counters.dropped:,} dropped"
        )

    def _waiting(self) -> int:
        return sum(peer.queued for peer in self._server.clients)

    def _throw_out(self) -> None:
        """End the connections over which nothing has gone since this was called the last time."""
        sent = {peer: peer.counters.bytes_sent for peer in self._server.clients if peer.queued}
        for peer in [peer for peer, count in sent.items() if self._stuck.get(peer) == count]:
            self._news.put(f"{peer.address} reads nothing: it is thrown out")
            peer.close()
        self._stuck = sent

    def _came(self, peer: igtl.Peer) -> None:
        self._clients += 1
        self._news.put(f"{peer.address} connected")

    def _left(self, peer: igtl.Peer) -> None:
        dropped = f", {peer.counters.dropped:,} dropped" * (peer.counters.dropped > 0)
        sent = counted(peer.counters.messages_sent, "message")
        self._news.put(f"{peer.address} left after {sent}{dropped}")
