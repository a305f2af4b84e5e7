from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import igtl
from tests.net.raw import (
    LITTLE_ROOM,
    dial,
    image,
    number_of,
    numbers_of,
    pose,
    poses,
    wire,
)
from tests.net.shells import Service, Shell, receive_some
from tests.net.waiting import PATIENCE, background, eventually


def test_300_messages_published_at_once_reach_every_client(shell: Shell, server: Service) -> None:
    links = [shell.connect(server.endpoint) for _ in range(4)]
    assert server.wait_for_clients(4, PATIENCE)
    server.publish(*poses(300))
    for link in links:
        assert numbers_of(receive_some(link, 300)) == [*range(300)]
    counters = server.counters
    assert (counters.messages_sent, counters.bytes_sent) == (1200, 1200 * 106)
    assert (counters.dropped, counters.errors) == (0, 0)


def test_messages_published_one_by_one_arrive_in_order(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(timeout=PATIENCE)
    for message in poses(300):
        server.publish(message)
    assert numbers_of(receive_some(link, 300)) == [*range(300)]


def test_a_series_is_published_as_single_messages(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(timeout=PATIENCE)
    matrices = np.array([one.matrix for one in poses(2000)])
    nothing = igtl.Series(igtl.Transform, matrix=matrices[:0])
    server.publish(pose(-1), igtl.Series(igtl.Transform, matrix=matrices), nothing, pose(2000))
    assert numbers_of(receive_some(link, 2002)) == [*range(-1, 2001)]
    eventually(lambda: server.counters.messages_sent == 2002)
    assert server.clients[0].queued == 0


def test_a_message_after_a_pause_is_sent_without_another_one_behind_it(
    shell: Shell, server: Service
) -> None:
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(timeout=PATIENCE)
    for number in range(200):
        server.publish(pose(number))
        assert number_of(link.receive(PATIENCE)) == number


def test_small_and_large_messages_arrive_whole_and_in_order(shell: Shell, server: Service) -> None:
    messages: list[igtl.Message] = []
    for number in range(20):
        messages += [pose(number), image(30_000 * number), igtl.String("x"), *poses(number)]
    messages = [message.replace(timestamp=1.0) for message in messages]
    with dial(server.port) as one, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        received = [
            background(partial(peer.receive_some, len(messages)))[0] for peer in (one, other)
        ]
        for message in messages:
            server.publish(message)
        for future in received:
            assert future.result(PATIENCE) == messages


def test_a_large_image_arrives_whole_at_a_client_of_little_room(server: Service) -> None:
    sent = image(25_000_000).replace(timestamp=1.0)
    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(pose(1), sent, pose(2))
        assert number_of(peer.receive()) == 1
        assert peer.receive() == sent
        assert number_of(peer.receive()) == 2


def test_who_comes_later_gets_what_is_published_from_then_on(shell: Shell, server: Service) -> None:
    server.publish(pose(1))
    first = shell.connect(server.endpoint)
    assert server.wait_for_clients(1, PATIENCE)
    server.publish(pose(2))
    second = shell.connect(server.endpoint)
    assert server.wait_for_clients(2, PATIENCE)
    server.publish(pose(3))
    assert numbers_of([first.receive(PATIENCE), first.receive(PATIENCE)]) == [2, 3]
    assert numbers_of([second.receive(PATIENCE)]) == [3]


def test_publishing_to_nobody_and_publishing_nothing_is_fine(server: Service) -> None:
    server.publish(pose(1))
    with dial(server.port) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish()
        server.publish(pose(2))
        assert number_of(peer.receive()) == 2
    assert server.counters.messages_sent == 1


def test_all_clients_get_the_same_bytes_with_the_time_of_publishing(server: Service) -> None:
    with dial(server.port) as one, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        server.publish(pose(1), pose(2).replace(timestamp=12.5))
        data = one.read(2 * 106)
        assert data == other.read(2 * 106)
    assert igtl.decode(data[:106]).timestamp is not None
    assert igtl.decode(data[106:]).timestamp == 12.5


def test_a_message_to_one_client_reaches_no_other(server: Service) -> None:
    with dial(server.port) as one, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        peers = {peer.address: peer for peer in server.clients}
        peers[one.name].send(*poses(300))
        server.publish(pose(1000))
        assert numbers_of(one.receive_some(301)) == [*range(300), 1000]
        assert numbers_of(other.receive_some(1)) == [1000]
        eventually(lambda: peers[one.name].counters.messages_sent == 301)
        assert peers[one.name].queued == 0


def test_a_client_that_is_gone_cannot_be_sent_to(server: Service) -> None:
    with dial(server.port):
        assert server.wait_for_clients(timeout=PATIENCE)
        peer = server.clients[0]
    eventually(lambda: peer.closed)
    with pytest.raises(igtl.ClosedError, match=f"client {peer.address} is gone"):
        peer.send(pose(1))


def test_a_client_may_be_thrown_out_behind_what_it_was_sent(server: Service) -> None:
    with dial(server.port) as stays:
        for _ in range(10):  # the last messages may have gathered, and not gone out yet
            with dial(server.port) as out:
                assert server.wait_for_clients(2, PATIENCE)
                (peer,) = (one for one in server.clients if one.address == out.name)
                for message in poses(300):
                    peer.send(message)
                peer.close()
                assert numbers_of(out.receive_rest()) == [*range(300)]
                eventually(lambda: len(server.clients) == 1)
        server.publish(pose(7))
        assert number_of(stays.receive()) == 7


def test_several_threads_may_publish_and_no_message_is_torn(server: Service) -> None:
    def publish(name: str) -> None:
        for number in range(100):
            server.publish(pose(number, name), image(number * 500, device_name=name))

    with dial(server.port) as peer, ThreadPoolExecutor() as pool:
        assert server.wait_for_clients(timeout=PATIENCE)
        publishing = [pool.submit(publish, name) for name in "ABCD"]
        received = peer.receive_some(800)
        for one in publishing:
            one.result(PATIENCE)
    for name in "ABCD":
        mine = [message for message in received if message.device_name == name]
        assert numbers_of(mine[::2]) == [*range(100)]
        assert all(isinstance(message, igtl.Image) for message in mine[1::2])


def test_100_clients_get_everything_from_a_stream(server: Service) -> None:
    count, clients = 200, 100
    peers = [dial(server.port) for _ in range(clients)]
    assert server.wait_for_clients(clients, PATIENCE)
    for message in poses(count):
        server.publish(message)
    for peer in peers:
        assert numbers_of(peer.receive_some(count)) == [*range(count)]
        peer.close()
    assert server.counters.dropped == 0


def test_one_client_that_stops_reading_costs_the_others_nothing(server: Service) -> None:
    sent = [image(400_000, number).replace(timestamp=1.0) for number in range(20)]
    with dial(server.port, receive_buffer=LITTLE_ROOM) as stuck, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        for message in sent:
            server.publish(message)
            assert other.receive() == message
        (peer,) = (one for one in server.clients if one.address == stuck.name)
        assert peer.queued > 0
        assert [stuck.receive() for _ in sent] == sent
        eventually(lambda: peer.queued == 0)


def test_a_message_that_cannot_be_encoded_reaches_nobody(server: Service) -> None:
    wrong = pose(2)
    with dial(server.port) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        with pytest.raises(igtl.MessageError, match="NoneType"):
            server.publish(pose(1), None)  # type: ignore[arg-type]
        server.publish(wrong)
        assert number_of(peer.receive()) == 2


def test_pixels_may_change_as_soon_as_they_are_published(server: Service) -> None:
    pixels = np.zeros((1, 2000, 2000), np.uint16)
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow:
        assert server.wait_for_clients(timeout=PATIENCE)
        for value in range(4):
            pixels[:] = value
            server.publish(igtl.Image(pixels))
            pixels[:] = 999
        assert server.clients[0].queued > 0
        for value in range(4):
            received = slow.receive()  # which checks the checksum
            assert isinstance(received, igtl.Image)
            assert (received.pixels == value).all()


def test_a_received_message_may_be_passed_on(shell: Shell, server: Service) -> None:
    """As a relay does; the bytes stay the same and outlive the link that they came from."""
    relay = shell.serve()
    link = shell.connect(server.endpoint)
    sent = [image(400_000, number).replace(timestamp=1.0) for number in range(12)]
    with dial(relay.port, receive_buffer=LITTLE_ROOM) as slow:
        assert server.wait_for_clients(timeout=PATIENCE)
        assert relay.wait_for_clients(timeout=PATIENCE)
        for message in sent:
            server.publish(message)
            relay.publish(link.receive(PATIENCE))
        link.close()
        assert slow.read(sum(len(wire(message)) for message in sent)) == wire(*sent)


def test_handlers_see_clients_come_and_go(server: Service) -> None:
    seen: list[tuple[str, str]] = []
    come, gone = threading.Event(), threading.Event()

    @server.on_connect
    def welcome(peer: igtl.Peer) -> None:
        seen.append(("come", peer.address))
        peer.send(pose(1))
        come.set()

    @server.on_disconnect
    def miss(peer: igtl.Peer) -> None:
        seen.append(("gone", peer.address))
        gone.set()

    with dial(server.port) as peer:
        name = peer.name
        assert come.wait(PATIENCE)
        assert number_of(peer.receive()) == 1
    assert gone.wait(PATIENCE)
    assert seen == [("come", name), ("gone", name)]
    assert server.clients == ()
