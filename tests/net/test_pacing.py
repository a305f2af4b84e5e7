"""Streams at the pace that clients ask for: in order, and the last one always arrives."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import igtl
from tests.net.raw import LITTLE_ROOM, RawPeer, dial, image, number_of, numbers_of, pose
from tests.net.scripts import fence, query, tracking
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, background, eventually

#: Seconds that no test waits for.
FOREVER_MS = 1_000_000


def tracked(number: int, device_name: str = "Tracker") -> igtl.TrackingData:
    matrix = np.eye(4)
    matrix[0, 3] = number
    return igtl.TrackingData([igtl.Tool("Probe", matrix)], device_name=device_name)


def count_of(message: igtl.Message) -> int:
    assert isinstance(message, igtl.TrackingData)
    return int(message.tools[0].matrix[0, 3])


def consent(peer: RawPeer, question: bytes, status: int = 0) -> None:
    """Ask for a stream, or its end; the RTS_ is what comes next."""
    peer.send(question)
    answer = peer.receive()
    assert isinstance(answer, igtl.Ready)
    assert answer.status == status


def test_consent_comes_first_then_the_newest_then_what_is_published(
    server: Service, peer: RawPeer
) -> None:
    server.offer(tracked(1), tracked(2))
    consent(peer, tracking(0))
    assert count_of(peer.receive()) == 2
    for number in range(3, 50):
        server.publish(tracked(number))
        assert count_of(peer.receive()) == number


def test_what_is_offered_reaches_who_has_a_stream(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(1))
    consent(peer, tracking(0))
    with dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        server.offer(tracked(2))
        assert [count_of(one) for one in peer.receive_some(2)] == [1, 2]
        assert fence(other) == []


@pytest.mark.parametrize("interval", [1, 20])
def test_a_paced_stream_is_in_order_and_its_last_one_always_arrives(
    server: Service, peer: RawPeer, interval: int
) -> None:
    last = 500
    server.offer(tracked(0))
    consent(peer, tracking(interval))
    for number in range(1, last + 1):
        server.publish(tracked(number))
    came = [count_of(peer.receive())]
    while came[-1] != last:
        came.append(count_of(peer.receive()))
    assert came == sorted(set(came))
    assert came[0] == 0


def test_what_comes_too_soon_is_held(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(0))
    consent(peer, tracking(FOREVER_MS))
    assert count_of(peer.receive()) == 0
    for number in range(1, 100):
        server.publish(tracked(number))
    server.publish(igtl.String("free"))
    assert isinstance(peer.receive(), igtl.String)


def test_another_interval_replaces_the_one_before(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(1))
    consent(peer, tracking(FOREVER_MS))
    assert count_of(peer.receive()) == 1
    server.publish(tracked(2))
    consent(peer, tracking(0))
    assert count_of(peer.receive()) == 2
    server.publish(tracked(3))
    assert count_of(peer.receive()) == 3


def test_each_device_has_a_pace_of_its_own(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(1, "A"), tracked(2, "B"))
    consent(peer, tracking(FOREVER_MS, b"A"))
    assert count_of(peer.receive()) == 1
    consent(peer, tracking(0, b"B"))
    assert count_of(peer.receive()) == 2
    server.publish(tracked(3, "A"), tracked(4, "B"), tracked(5, "B"))
    assert [count_of(one) for one in peer.receive_some(2)] == [4, 5]


def test_two_clients_have_streams_of_their_own(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(0))
    with dial(server.port) as fast:
        consent(peer, tracking(FOREVER_MS))
        consent(fast, tracking(0))
        for number in range(1, 20):
            server.publish(tracked(number))
        assert [count_of(one) for one in fast.receive_some(20)] == [*range(20)]
        consent(fast, query("STP_TDATA"))
        server.offer(tracked(20))
        assert fence(fast) == []
    assert count_of(peer.receive()) == 0
    assert fence(peer) == []


def test_stp_without_a_stream_silences_what_is_published(server: Service, peer: RawPeer) -> None:
    server.publish(pose(1))
    assert number_of(peer.receive()) == 1
    consent(peer, query("STP_TRANS", b"Probe"))
    server.publish(pose(2), pose(3, "Other"), igtl.String("free"))
    assert [one.wire_type for one in fence(peer)] == ["TRANSFORM", "STRING"]
    consent(peer, query("STT_TRANS", b"Probe"))
    assert number_of(peer.receive()) == 2
    server.publish(pose(4))
    assert number_of(peer.receive()) == 4
    consent(peer, query("STP_TRANS", b"Probe"))  # as before the stream: silent
    server.publish(pose(5))
    assert fence(peer) == []


def test_what_is_published_comes_again_when_a_stream_ends(server: Service, peer: RawPeer) -> None:
    server.publish(pose(1))
    assert number_of(peer.receive()) == 1
    consent(peer, query("STT_TRANS", b"Probe"))
    assert number_of(peer.receive()) == 1
    consent(peer, query("STP_TRANS", b"Probe"))
    server.publish(pose(2))
    assert number_of(peer.receive()) == 2


def test_stp_throws_away_what_is_held(server: Service, peer: RawPeer) -> None:
    server.offer(tracked(0))
    consent(peer, tracking(30))
    assert count_of(peer.receive()) == 0
    server.publish(tracked(1))
    peer.send(query("STP_TDATA"))
    came = []
    while not isinstance(message := peer.receive(), igtl.Ready):
        came.append(count_of(message))  # if its time came just before
    assert came in ([], [1])
    server.offer(tracked(2))
    assert fence(peer) == []


def test_what_was_never_heard_of_is_not_streamed(server: Service, peer: RawPeer) -> None:
    consent(peer, tracking(0), status=1)
    server.offer(tracked(1))
    assert fence(peer) == []
    consent(peer, query("STP_TRANS", b"Nobody"), status=1)


def test_no_data_overtake_the_consent_nor_follow_the_end(server: Service, peer: RawPeer) -> None:
    """While another thread publishes as fast as it can."""
    over, server_offers = threading.Event(), server.offer
    server_offers(tracked(0))

    def publish() -> None:
        number = 0
        while not over.is_set():
            server_offers(tracked(number := number + 1))

    future, _ = background(publish)
    try:
        for _ in range(50):
            consent(peer, tracking(0))
            came = [count_of(peer.receive()) for _ in range(5)]
            assert came == sorted(set(came))
            peer.send(query("STP_TDATA"))
            while not isinstance(message := peer.receive(), igtl.Ready):
                count_of(message)
            assert fence(peer) == []
    finally:
        over.set()
    future.result(PATIENCE)


def test_what_is_held_outlasts_a_queue_that_is_full(shell: Shell) -> None:
    server = shell.serve(when_full="wait", queue_messages=1)
    server.offer(tracked(0))
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow, dial(server.port) as quick:
        for peer in (slow, quick):
            consent(peer, tracking(1500))
            assert count_of(peer.receive()) == 0
        server.offer(tracked(1))  # held for both
        client = next(one for one in server.clients if one.address == slow.name)
        sending, _ = background(lambda: client.send(*[image(5_000_000)] * 2, timeout=PATIENCE))
        eventually(lambda: client.queued == 2)
        assert count_of(quick.receive()) == 1  # the time of both has come
        assert [one.wire_type for one in slow.receive_some(3)] == ["IMAGE", "IMAGE", "TDATA"]
        sending.result(PATIENCE)


def test_clients_that_leave_with_a_stream_leave_nothing_behind(shell: Shell) -> None:
    server = shell.serve()
    server.offer(tracked(0))
    for _ in range(20):
        with dial(server.port) as peer:
            consent(peer, tracking(1))
            server.publish(tracked(1))
    eventually(lambda: not server.clients)
    server.publish(tracked(2))
    with dial(server.port) as peer:
        consent(peer, tracking(1))
        assert count_of(peer.receive()) == 2
    assert server.counters.errors == 0


def test_a_stream_of_poses_passes_on_what_else_is_published(server: Service, peer: RawPeer) -> None:
    server.publish(pose(1))
    assert number_of(peer.receive()) == 1
    consent(peer, query("STT_TRANS", b"Probe"))
    assert number_of(peer.receive()) == 1
    server.publish(pose(2), pose(3, "Other"), pose(4))
    assert numbers_of(peer.receive_some(3)) == [2, 3, 4]
