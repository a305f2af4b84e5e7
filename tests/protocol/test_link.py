"""The life of a link without a socket: bytes, ends and new connections by hand."""

from __future__ import annotations

import numpy as np

import igtl
from igtl.protocol.habits import Habits
from igtl.protocol.link import Link
from igtl.protocol.recovery import LinkEvent, Reconnect


class ByHand(Link):
    """A link whose connection is the test."""

    def __init__(self, reconnect: Reconnect | None = None) -> None:
        super().__init__("host:1", ("host:1", "here:2"), Habits(1000, reconnect=reconnect))
        self.told: list[LinkEvent] = []
        self.on_event(self.told.append)

    def arrives(self, data: bytes) -> int:
        """Bytes come; how many messages they complete."""
        buffer = self._inbox.buffer()
        buffer[: len(data)] = data
        return self._received(len(data))

    def breaks(self) -> None:
        self._received(0)
        self._deliver()

    def asks_again(self) -> list[str]:
        return [one.wire_type for one in self._questions_again()]

    def fails(self, error: Exception) -> None:
        """A new connection broke while it was asked for the streams."""
        self._not_restored()
        self._failed(error)

    def comes_back(self) -> None:
        self._restored(("host:1", "here:3"))
        self._deliver()


def test_streams_are_asked_for_again_over_each_new_connection() -> None:
    link = ByHand(Reconnect())
    link._session.add(link._session.subscription(igtl.NDArray, "P", {}))
    assert (
        link.arrives(igtl.encode(igtl.NDArray(np.zeros(3), device_name="P"))) == 0
    )  # it is the stream's
    link.breaks()
    for _ in range(3):
        assert link.asks_again() == ["GET_IGTL", "STT_NDARRAY"]
        link.fails(OSError("no"))
    assert link.asks_again() == ["GET_IGTL", "STT_NDARRAY"]
    link.comes_back()
    assert [one.kind for one in link.told] == ["lost", *["retrying"] * 3, "restored"]
    assert [one.attempts for one in link.told] == [0, 1, 2, 3, 4]
    assert link.local_address == "here:3"


def test_half_of_a_message_is_forgotten() -> None:
    link = ByHand(Reconnect())
    data = igtl.encode(igtl.String("one"))
    link.arrives(data + data[:30])
    link.breaks()
    assert "in the middle of a message, after 30 bytes of it" in link.told[0].reason
    link.comes_back()
    assert link.arrives(data) == 1
    assert [link._inbox.take().wire_type for _ in range(2)] == ["STRING", "STRING"]


def test_a_link_that_does_not_come_back_has_ended() -> None:
    link = ByHand()
    link.breaks()
    assert [one.kind for one in link.told] == ["ended"]
    assert link.closed


def test_the_first_reason_counts() -> None:
    link = ByHand()
    link._end(igtl.ClosedError("first"))
    link._end(igtl.ClosedError("second"))
    link._deliver()
    assert [one.reason for one in link.told] == ["first"]
