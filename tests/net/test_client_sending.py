from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import Any

import numpy as np
import pytest

import igtl
from tests.net.raw import RawPeer, image, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link, Shell
from tests.net.waiting import (
    PATIENCE,
    asleep,
    background,
    eventually,
    linux_only,
    taken_by_kernel,
    within,
)


def test_300_messages_sent_at_once_are_300_received(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    link.send(*poses(300))
    assert numbers_of(peer.receive_some(300)) == [*range(300)]
    assert (link.counters.messages_sent, link.counters.bytes_sent) == (300, 300 * 106)


def test_messages_sent_one_by_one_arrive_in_order(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    for message in poses(300):
        link.send(message)
    assert numbers_of(peer.receive_some(300)) == [*range(300)]


def test_small_and_large_messages_go_out_whole_in_one_call(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    messages: list[igtl.Message] = []
    for number in range(20):
        messages += [pose(number), image(20_000 * number), *poses(number)]
    messages = [message.replace(timestamp=1.0) for message in messages]
    received, _ = background(lambda: peer.receive_some(len(messages)))
    link.send(*messages, timeout=PATIENCE)
    assert received.result(PATIENCE) == messages


def test_more_pieces_than_one_system_call_takes_go_out(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    messages = [image(20_000, number).replace(timestamp=1.0) for number in range(700)]
    received, _ = background(lambda: peer.receive_some(len(messages)))
    link.send(*messages, timeout=PATIENCE)
    assert received.result(PATIENCE) == messages


def test_a_large_image_goes_out_whole_to_a_peer_of_little_room(
    slow_pair: tuple[Link, RawPeer],
) -> None:
    link, peer = slow_pair
    sent = image(25_000_000).replace(timestamp=1.0)
    received, _ = background(lambda: peer.receive_some(2))
    link.send(sent, pose(1), timeout=PATIENCE)
    large, small = received.result(PATIENCE)
    assert large == sent
    assert number_of(small) == 1


def test_a_time_that_was_not_given_is_that_of_sending(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    before = time.time()
    link.send(pose(1), pose(2).replace(timestamp=12.5))
    first, second = peer.receive_some(2)
    assert first.timestamp is not None
    assert before - 0.001 < first.timestamp < time.time() + 0.001
    assert second.timestamp == 12.5


def test_sending_nothing_sends_nothing(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    link.send()
    link.send(pose(1))
    assert numbers_of(peer.receive_some(1)) == [1]
    assert link.counters.messages_sent == 1


def test_a_series_is_sent_as_single_messages(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    series = igtl.Series(igtl.Transform, matrix=[one.matrix for one in poses(3000)])
    received, _ = background(lambda: peer.receive_some(3003))
    link.send(pose(-1), series, igtl.Series(igtl.Transform, matrix=np.empty((0, 4, 4))))
    link.send(pose(3000), pose(3001))
    assert numbers_of(received.result(PATIENCE)) == [*range(-1, 3002)]
    assert link.counters.messages_sent == 3003


def test_a_peer_that_does_not_read_is_given_up_in_time(slow_pair: tuple[Link, RawPeer]) -> None:
    link, peer = slow_pair
    with within(), pytest.raises(igtl.TimeoutError, match=r"did not read .* within 0\.2 s"):
        link.send(image(12_000_000), timeout=0.2)
    with pytest.raises(igtl.ClosedError):
        link.send(pose(1))
    assert link.counters.messages_sent == 0
    with pytest.raises(ValueError, match="bytes"):  # half of a message, and nothing behind it
        peer.receive()
    assert peer.closed_by_peer()


def test_a_peer_that_reads_slowly_is_waited_for(slow_pair: tuple[Link, RawPeer]) -> None:
    link, peer = slow_pair
    sent, _ = background(lambda: link.send(image(8_000_000), pose(1), timeout=PATIENCE))
    assert isinstance(peer.receive(), igtl.Image)
    assert number_of(peer.receive()) == 1
    sent.result(PATIENCE)


def test_a_peer_that_is_gone_is_noticed(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.reset()
    with within(), pytest.raises(igtl.ClosedError, match=link.endpoint):
        send_for_ever(link)


@linux_only
def test_what_a_peer_sent_before_it_went_is_received_after_a_failed_send(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    peer.send(wire(*poses(300)))
    eventually(lambda: taken_by_kernel(peer.sock))
    peer.close()
    with pytest.raises(igtl.ClosedError):
        send_for_ever(link)
    received: list[int] = []
    with contextlib.suppress(igtl.ClosedError):  # the connection ended by a reset, or did not
        for message in link:
            received.append(number_of(message))  # noqa: PERF401 (keeps those before an error)
    assert received == [*range(300)]


def test_two_sides_that_send_much_at_once_do_not_block_each_other(
    slow_pair: tuple[Link, RawPeer],
) -> None:
    link, peer = slow_pair
    messages = [image(9_000_000, number).replace(timestamp=1.0) for number in range(3)]

    def send_then_read() -> list[igtl.Message]:
        peer.send(wire(*messages))
        return peer.receive_some(3)

    theirs, _ = background(send_then_read)
    link.send(*messages, timeout=PATIENCE)
    assert theirs.result(PATIENCE) == messages
    assert [link.receive(PATIENCE) for _ in range(3)] == messages


def test_a_client_and_a_server_that_send_much_at_once_do_not_block_each_other(
    shell: Shell,
) -> None:
    server = shell.serve()
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(timeout=PATIENCE)
    messages = [image(9_000_000, number).replace(timestamp=1.0) for number in range(3)]
    published, _ = background(lambda: server.publish(*messages))
    link.send(*messages, timeout=PATIENCE)
    published.result(PATIENCE)
    assert [link.receive(PATIENCE) for _ in range(3)] == messages
    assert [server.receive(PATIENCE)[1] for _ in range(3)] == messages


def test_several_threads_may_send_and_no_message_is_torn(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair

    def send(name: str) -> None:
        for number in range(100):
            link.send(pose(number, name), image(number * 1000, device_name=name), timeout=PATIENCE)

    senders = [background(partial(send, name))[0] for name in "ABCD"]
    received = peer.receive_some(800)
    for sender in senders:
        sender.result(PATIENCE)
    for name in "ABCD":
        mine = [message for message in received if message.device_name == name]
        assert numbers_of(mine[::2]) == [*range(100)]
        assert all(isinstance(message, igtl.Image) for message in mine[1::2])


@linux_only
def test_what_comes_while_another_thread_sends_is_received_at_once(
    slow_pair: tuple[Link, RawPeer],
) -> None:
    link, peer = slow_pair
    sending, received = blocked_sender_and_receiver(link)
    peer.send(wire(pose(1)))
    assert number_of(received.result(PATIENCE)) == 1
    peer.send(wire(pose(2)))
    assert number_of(link.receive(5)) == 2
    assert not sending.done()
    assert isinstance(peer.receive(), igtl.Image)
    sending.result(PATIENCE)


@linux_only
def test_receiving_gives_up_in_time_while_another_thread_sends(
    slow_pair: tuple[Link, RawPeer],
) -> None:
    link, peer = slow_pair
    sending, received = blocked_sender_and_receiver(link, 0.1)
    with pytest.raises(igtl.TimeoutError, match=r"within 0\.1 s"):
        received.result(PATIENCE)
    assert not sending.done()
    assert isinstance(peer.receive(), igtl.Image)
    sending.result(PATIENCE)


def send_for_ever(link: Link) -> None:
    while True:
        link.send(pose(1))


def blocked_sender_and_receiver(link: Link, timeout: float | None = None) -> tuple[Any, Any]:
    """What becomes of sending much to a peer that does not read, and of receiving meanwhile."""
    sending, sender = background(lambda: link.send(image(12_000_000), timeout=PATIENCE))
    eventually(lambda: link.counters.bytes_sent or asleep(sender))
    eventually(lambda: asleep(sender))
    received, receiver = background(lambda: link.receive(timeout))
    eventually(lambda: received.done() or asleep(receiver))
    return sending, received
