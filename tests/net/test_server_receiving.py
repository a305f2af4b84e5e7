from __future__ import annotations

import logging
import sys
import threading
from collections import defaultdict
from functools import partial

import pytest

import igtl
from tests.net.raw import RawPeer, dial, image, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link, Service, Shell, receive_from_all
from tests.net.waiting import (
    PATIENCE,
    asleep,
    background,
    eventually,
    linux_only,
    taken_by_kernel,
    within,
)


def test_300_messages_sent_at_once_are_300_received(server: Service) -> None:
    with dial(server.port) as peer:
        peer.send(wire(*poses(300)))
        received = receive_from_all(server, 300)
        assert numbers_of(message for _, message in received) == [*range(300)]
        assert {one.address for one, _ in received} == {peer.name}
        assert server.counters.messages_received == 300
        assert server.clients[0].counters.bytes_received == 300 * 106


@pytest.mark.parametrize("size", [1, 57, 58, 59, 107])
def test_messages_arrive_whole_whatever_they_were_cut_into(server: Service, size: int) -> None:
    messages = [pose(1), igtl.String("x"), igtl.Unknown("E", b""), *poses(5)]
    with dial(server.port) as peer:
        background(lambda: peer.send_in(wire(*messages), size))
        assert [server.receive(PATIENCE)[1] for _ in messages] == messages


def test_a_large_image_arrives_whole(server: Service) -> None:
    sent = image(25_000_000)
    with dial(server.port) as peer:
        background(lambda: peer.send(wire(pose(1), sent, pose(2))))
        assert number_of(server.receive(PATIENCE)[1]) == 1
        assert server.receive(PATIENCE)[1] == sent
        assert number_of(server.receive(PATIENCE)[1]) == 2


def test_messages_of_each_client_stay_in_order(shell: Shell, server: Service) -> None:
    links = [shell.connect(server.endpoint) for _ in range(8)]

    def send(link: Link) -> None:
        for message in poses(200):
            link.send(message)

    sending = [background(partial(send, link))[0] for link in links]
    received = defaultdict(list)
    for peer, message in receive_from_all(server, 8 * 200):
        received[peer.address].append(number_of(message))
    assert received == {link.local_address: [*range(200)] for link in links}
    for one in sending:
        one.result(PATIENCE)


def test_iteration_gives_clients_and_messages_until_the_server_closes(server: Service) -> None:
    received: list[int] = []

    def iterate() -> None:
        for peer, message in server:
            received.append(number_of(message))
            peer.send(message)

    ended, _ = background(iterate)
    with dial(server.port) as peer:
        peer.send(wire(*poses(300)))
        assert numbers_of(peer.receive_some(300)) == [*range(300)]
        peer.finish()
        server.close()
        ended.result(PATIENCE)
    assert received == [*range(300)]


def test_receiving_gives_up_in_time(server: Service) -> None:
    with within(), pytest.raises(igtl.TimeoutError, match=r"within 0\.05 s"):
        server.receive(0.05)


def test_receiving_without_patience_gives_what_is_there(server: Service) -> None:
    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        eventually(lambda: server.counters.messages_received == 1)
        assert number_of(server.receive(0)[1]) == 1
        with pytest.raises(igtl.TimeoutError):
            server.receive(0)


def test_a_malformed_message_is_reported_in_its_place_and_counted(server: Service) -> None:
    with dial(server.port) as peer:
        damaged = bytearray(wire(pose(2)))
        damaged[-1] ^= 1
        short = wire(igtl.Unknown("TRANSFORM", b"12345"))
        peer.send(wire(pose(1)) + damaged + short + wire(pose(3)))
        assert number_of(server.receive(PATIENCE)[1]) == 1
        with pytest.raises(igtl.ChecksumError):
            server.receive(PATIENCE)
        with pytest.raises(igtl.DecodeError, match="TRANSFORM of device"):
            next(iter(server))
        assert number_of(next(iter(server))[1]) == 3
        assert server.counters.errors == server.clients[0].counters.errors == 2


def test_handlers_get_each_message_of_their_class_and_its_client(server: Service) -> None:
    everything: list[igtl.Message] = []
    texts: list[tuple[str, str]] = []
    done = threading.Event()

    @server.on_message
    def all_of_them(_: igtl.Peer, message: igtl.Message) -> None:
        everything.append(message)

    @server.on_message(igtl.String)
    def only_texts(peer: igtl.Peer, message: igtl.String) -> None:
        texts.append((peer.address, message.text))

    @server.on_message(igtl.Status)
    def end(_: igtl.Peer, __: igtl.Status) -> None:
        done.set()

    sent = [*poses(150), igtl.String("one"), *poses(150), igtl.String("two"), igtl.Status()]
    with dial(server.port) as peer:
        peer.send(wire(*sent))
        assert done.wait(PATIENCE)
        assert everything == sent
        assert texts == [(peer.name, "one"), (peer.name, "two")]


def test_messages_reach_handlers_and_whoever_iterates(server: Service) -> None:
    handled: list[int] = []
    with pytest.raises(igtl.TimeoutError):
        server.receive(0)
    server.on_message(igtl.Transform)(lambda _, message: handled.append(number_of(message)))
    with dial(server.port) as peer:
        peer.send(wire(*poses(100)))
        assert numbers_of(one for _, one in receive_from_all(server, 100)) == [*range(100)]
        eventually(lambda: handled == [*range(100)])


def test_handlers_may_answer(shell: Shell, server: Service) -> None:
    @server.on_message(igtl.Transform)
    def answer(peer: igtl.Peer, message: igtl.Transform) -> None:
        peer.send(pose(number_of(message) + 1000))

    links = [shell.connect(server.endpoint) for _ in range(3)]
    for number in range(100):
        for link in links:
            link.send(pose(number))
        assert numbers_of(link.receive(PATIENCE) for link in links) == [number + 1000] * 3


@pytest.mark.parametrize("event", ["connect", "message", "disconnect"])
def test_a_handler_that_fails_is_logged_and_counted_and_the_server_goes_on(
    server: Service, event: str, caplog: pytest.LogCaptureFixture
) -> None:
    @getattr(server, f"on_{event}")  # type: ignore[untyped-decorator]
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by design")

    handled = threading.Event()

    @server.on_message(igtl.String)
    def after(*_: object) -> None:
        handled.set()

    with caplog.at_level(logging.ERROR, "igtl"):
        with dial(server.port) as first:
            first.send(wire(pose(1)))
            eventually(lambda: server.counters.messages_received == 1)
        eventually(lambda: not server.clients)
        eventually(lambda: server.counters.errors == 1, "counted")
        eventually(lambda: "failed; the server goes on" in caplog.text)
        assert "by design" in caplog.text
        with dial(server.port) as second:
            second.send(wire(igtl.String("still there?")))
            assert handled.wait(PATIENCE)


def test_a_handler_that_exits_does_not_end_the_thread_of_a_blocking_server() -> None:
    with igtl.Server(0) as server, dial(server.port) as peer:

        @server.on_message(igtl.Transform)
        def leave(*_: object) -> None:
            sys.exit("by design")

        peer.send(wire(pose(1), igtl.String("still there?")))
        eventually(lambda: server.counters.messages_received == 2)
        server.publish(pose(2))
        assert number_of(peer.receive()) == 2
        eventually(lambda: server.counters.errors == 1)


@linux_only
def test_clients_have_to_wait_while_nobody_takes_and_nothing_is_lost(server: Service) -> None:
    """Someone iterates, but slowly: 10,000 messages wait, the rest stays with the client."""
    count, large = 10_500, b"x" * 100_000  # those that stay are more than kernels hold
    with dial(server.port) as peer:
        with pytest.raises(igtl.TimeoutError):
            server.receive(0)
        sent = [
            igtl.Unknown("N", large[: 100 * (number - 9000)], device_name=str(number))
            for number in range(count)
        ]
        sending, sender = background(lambda: peer.send(wire(*sent)))
        eventually(lambda: server.counters.messages_received >= 10_000 and asleep(sender))
        assert not sending.done()
        assert server.counters.messages_received < 10_200
        received = [message.device_name for _, message in receive_from_all(server, count)]
        sending.result(PATIENCE)
        assert received == [*map(str, range(count))]
    assert server.counters.dropped == 0


def test_a_client_that_has_to_wait_is_not_taken_for_one_that_stalls() -> None:
    with igtl.Server(0, stall_timeout=0.1) as server, dial(server.port) as peer:
        with pytest.raises(igtl.TimeoutError):
            server.receive(0)
        peer.send(wire(*poses(20_000)))
        eventually(lambda: server.counters.messages_received >= 10_000)
        with dial(server.port) as stalls:
            stalls.send(b"\0")
            assert stalls.closed_by_peer()
        assert server.counters.messages_received < 11_000
        received = [number_of(server.receive(PATIENCE)[1]) for _ in range(20_000)]
        assert received == [*range(20_000)]
        assert [one.address for one in server.clients] == [peer.name]


@linux_only
def test_what_a_client_sent_before_it_left_is_received_though_it_had_to_wait() -> None:
    with igtl.Server(0, stall_timeout=0.1) as server:
        with pytest.raises(igtl.TimeoutError):
            server.receive(0)
        with dial(server.port) as peer:
            peer.send(wire(*poses(10_300)))
            eventually(lambda: server.counters.messages_received > 10_000)
            peer.send(wire(*poses(20, 10_300)))
            eventually(lambda: taken_by_kernel(peer.sock))
        with dial(server.port) as stalls:  # until the server has looked after its clients
            stalls.send(b"\0")
            assert stalls.closed_by_peer()
        received = [number_of(server.receive(PATIENCE)[1]) for _ in range(10_320)]
        assert received == [*range(10_320)]
        eventually(lambda: not server.clients)


def test_large_messages_that_nobody_takes_do_not_fill_the_memory(server: Service) -> None:
    one = wire(image(8_000_000))
    with dial(server.port) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        for _ in range(40):
            peer.send(one)
        eventually(lambda: server.counters.messages_received == 40)
        assert server.counters.dropped >= 40 - (256 << 20) // len(one)
        peer.send(wire(pose(1)))
        eventually(lambda: server.counters.messages_received == 41)
        kept = 41 - server.counters.dropped
        assert kept > 1
        received = [server.receive(PATIENCE)[1] for _ in range(kept)]
        assert number_of(received[-1]) == 1


def send_often(peer: RawPeer, data: bytes, times: int) -> None:
    for _ in range(times):
        peer.send(data)


@linux_only
def test_large_messages_wait_with_the_client_when_they_are_taken_slowly(server: Service) -> None:
    one = wire(image(8_000_000))
    with dial(server.port) as peer:
        with pytest.raises(igtl.TimeoutError):
            server.receive(0)
        sending, sender = background(lambda: send_often(peer, one, 42))
        eventually(lambda: server.counters.messages_received >= 33 and asleep(sender))
        assert not sending.done()
        for _ in range(42):
            assert isinstance(server.receive(PATIENCE)[1], igtl.Image)
        sending.result(PATIENCE)
    assert (server.counters.messages_received, server.counters.dropped) == (42, 0)


def test_what_nobody_asked_for_is_kept_up_to_a_bound_and_counted_beyond(server: Service) -> None:
    with dial(server.port) as peer:
        peer.send(wire(*poses(12_000)))
        eventually(lambda: server.counters.messages_received == 12_000)
        eventually(lambda: server.counters.dropped == 2000)
        received = numbers_of(message for _, message in receive_from_all(server, 10_000))
        assert received == [*range(2000, 12_000)]


def test_what_igtl_asks_by_itself_is_answered_and_shown_to_nobody(shell: Shell) -> None:
    server, seen = shell.serve(), list[str]()
    server.on_message(lambda client, message: seen.append(message.device_name))
    server.on_message(igtl.Get)(lambda client, query: seen.append(query.wire_type))
    with dial(server.port) as peer:
        for device in ("igtl-alive", "igtl-clock-12"):
            peer.send(wire(igtl.Get(igtl.Status, device_name=device)))
            assert peer.receive().device_name == device
        peer.send(wire(igtl.Get(igtl.Status, device_name="Robot")))
        eventually(lambda: sorted(seen) == ["GET_STATUS", "Robot"])


def test_queries_are_iterated_over_but_not_those_of_igtl(shell: Shell) -> None:
    server = shell.serve()
    link = shell.connect(server.endpoint)
    server.offer(igtl.String("x", device_name="S"))
    taken, _ = background(lambda: [server.receive(PATIENCE)[1] for _ in range(2)])
    link.ping(2)
    link.get(igtl.String, "S")
    link.send(pose(1))
    assert [one.wire_type for one in taken.result(PATIENCE)] == ["GET_STRING", "TRANSFORM"]
