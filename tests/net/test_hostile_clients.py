"""Clients that send anything, or stop, or die: the server and its other clients go on."""

from __future__ import annotations

import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

import igtl
import igtl.net.server
from tests.net.raw import (
    LITTLE_ROOM,
    RawPeer,
    dial,
    header,
    image,
    number_of,
    numbers_of,
    pose,
    poses,
    wire,
)
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, descriptors, eventually, linux_only, within


@pytest.fixture
def server(shell: Shell) -> Service:
    return shell.serve(max_body=1_000_000, stall_timeout=0.1)


@pytest.fixture
def friend(server: Service) -> Iterator[RawPeer]:
    """A client that was there before, and has to be served afterwards as well."""
    with dial(server.port) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        yield peer
        server.publish(*poses(300))
        assert numbers_of(peer.receive_some(300)) == [*range(300)]
        peer.send(wire(pose(4242)))
        while True:
            try:
                sender, message = server.receive(PATIENCE)
            except igtl.DecodeError:
                continue
            if sender.address == peer.name:
                assert number_of(message) == 4242
                break


BAD_HEADERS = {
    "version 0": (header(version=0, body_size=4), "header version is 0"),
    "2**63": (header(body_size=1 << 63), "9223372036854775808 bytes, over the limit of 1000000"),
    "2**64-1": (header(body_size=(1 << 64) - 1), "over the limit of 1000000"),
    "one too much": (header(body_size=1_000_001), "body of 1000001 bytes, over the limit"),
    "http": (
        b"GET / HTTP/1.1\r\nHost: igtl\r\nAccept: anything that there is, please\r\n\r\n",
        "does not look like OpenIGTLink",
    ),
    "ssh": (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" * 3, "does not look like OpenIGTLink"),
}


@pytest.mark.parametrize("which", BAD_HEADERS)
def test_a_stream_that_cannot_go_on_ends_the_connection_at_once(
    server: Service, friend: RawPeer, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    data, complaint = BAD_HEADERS[which]
    with caplog.at_level(logging.INFO, "igtl"), dial(server.port) as peer:
        peer.send(wire(pose(1)) + data)
        assert peer.closed_by_peer()
        eventually(lambda: len(server.clients) == 1)
        assert complaint in caplog.text
        assert number_of(server.receive(PATIENCE)[1]) == 1
    assert (server.counters.messages_received, server.counters.errors) == (1, 1)


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_do_no_harm(server: Service, friend: RawPeer, seed: int) -> None:
    chance = random.Random(seed)
    with dial(server.port) as peer:
        peer.send_all(chance.randbytes(chance.choice([1, 57, 58, 59, 1000, 100_000])))
        assert peer.closed_by_peer()


@pytest.mark.parametrize("seed", range(10))
def test_messages_with_flipped_bits_do_no_harm(server: Service, friend: RawPeer, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(wire(*poses(20), igtl.String("x" * 50), image(3000), igtl.Status()))
    for _ in range(chance.choice([1, 5, 50])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    with dial(server.port) as peer:
        try:
            peer.send_all(bytes(data))
        except ConnectionError:
            return  # it was thrown out before it was done
        assert peer.closed_by_peer()


def test_a_wrong_checksum_is_counted_and_the_connection_goes_on(
    server: Service, friend: RawPeer
) -> None:
    damaged = bytearray(wire(pose(1)))
    damaged[60] ^= 1
    with dial(server.port) as peer:
        peer.send(damaged + wire(pose(2)))
        with pytest.raises(igtl.ChecksumError):
            server.receive(PATIENCE)
        assert number_of(server.receive(PATIENCE)[1]) == 2
        assert len(server.clients) == 2


def test_a_wrong_checksum_reaches_no_handler(server: Service) -> None:
    received: list[int] = []
    server.on_message(igtl.Transform)(lambda _, message: received.append(number_of(message)))
    damaged = bytearray(wire(pose(1)))
    damaged[60] ^= 1
    with dial(server.port) as peer:
        peer.send(damaged + wire(pose(2)))
        eventually(lambda: received == [2])
        assert server.counters.errors == 1


@pytest.mark.parametrize("there", [1, 58, 900_000])
def test_a_client_that_stops_in_the_middle_of_a_message_is_thrown_out(
    server: Service, friend: RawPeer, there: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "igtl"), dial(server.port) as peer, within():
        peer.send(wire(image(950_000))[:there])
        assert peer.closed_by_peer()
        eventually(lambda: len(server.clients) == 1)
    assert "it sent nothing for 0.1 s in the middle of a message" in caplog.text


def test_a_client_that_is_silent_between_messages_may_stay(
    server: Service, friend: RawPeer
) -> None:
    with dial(server.port) as silent, dial(server.port) as stops:
        silent.send(wire(pose(1)))
        stops.send(b"\0")
        assert stops.closed_by_peer()
        eventually(lambda: len(server.clients) == 2)
        server.publish(pose(2))
        assert number_of(silent.receive()) == number_of(friend.receive()) == 2
        assert number_of(server.receive(PATIENCE)[1]) == 1


def test_a_client_is_not_thrown_out_for_a_silence_of_the_server() -> None:
    """A handler keeps the server's thread busy; meanwhile the rest of a message has come."""
    entered = threading.Event()

    def work(*_: object) -> None:
        entered.set()
        time.sleep(0.3)

    with igtl.Server(0, stall_timeout=0.1) as server, dial(server.port) as peer:
        server.on_message(igtl.String)(work)
        data = wire(image(400_000))
        peer.send(data[:100_000])
        eventually(lambda: server.counters.bytes_received == 100_000)
        with dial(server.port) as other:
            other.send(wire(igtl.String("work")))
            assert entered.wait(PATIENCE)
            peer.send(data[100_000:])
            eventually(lambda: server.counters.messages_received == 2)


def test_a_header_that_announces_much_takes_no_memory(shell: Shell) -> None:
    server = shell.serve()
    peers = [dial(server.port) for _ in range(30)]
    for peer in peers:
        peer.send(header(body_size=1 << 30) + bytes(100_000))
    eventually(lambda: server.counters.bytes_received == 30 * 100_058)
    for peer in peers:
        peer.close()
    eventually(lambda: not server.clients)


@linux_only
@pytest.mark.parametrize("where", ["before", "in the middle of"])
def test_a_client_process_that_is_killed_is_missed(
    server: Service, friend: RawPeer, where: str
) -> None:
    """A real process, killed while it sends."""
    half = 58 if where == "in the middle of" else 0
    script = (
        "import socket, sys, time\n"
        f"sock = socket.create_connection(('127.0.0.1', {server.port}))\n"
        "sock.sendall(bytes.fromhex(sys.argv[1]))\n"
        "time.sleep(100)\n"
    )
    data = wire(pose(1)) + wire(pose(2))[:half]
    with subprocess.Popen([sys.executable, "-c", script, data.hex()]) as process:
        try:
            assert number_of(server.receive(PATIENCE)[1]) == 1
            assert len(server.clients) == 2
        finally:
            process.kill()
    with within():
        eventually(lambda: len(server.clients) == 1)


@linux_only
def test_thousands_of_connections_opened_and_dropped_leave_nothing_behind() -> None:
    with igtl.Server(0) as server, dial(server.port) as friend:
        assert server.wait_for_clients(timeout=PATIENCE)
        before = descriptors()
        for number in range(2000):
            sock = socket.create_connection(("127.0.0.1", server.port))
            if number % 3 == 0:
                sock.send(b"half a header")
            if number % 2 == 0:
                RawPeer(sock).reset()
            sock.close()
        eventually(lambda: len(server.clients) == 1 and descriptors() <= before)
        assert server.counters.messages_received == 0
        server.publish(pose(1))
        assert number_of(friend.receive()) == 1


def test_clients_that_come_and_go_while_much_is_published_do_no_harm(
    server: Service, friend: RawPeer
) -> None:
    for number in range(150):
        with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
            server.publish(image(50_000, number))
            if number % 2:
                peer.reset()
        assert isinstance(friend.receive(), igtl.Image)
    eventually(lambda: len(server.clients) == 1)


@linux_only
def test_a_server_without_descriptors_left_goes_on_when_there_are_some(
    server: Service, friend: RawPeer, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as waiting:
        lowest_free = os.dup(waiting.fileno())
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
        try:
            waiting.connect(("127.0.0.1", server.port))
            eventually(lambda: "cannot accept a client" in caplog.text)
            server.publish(pose(1))
            assert number_of(friend.receive()) == 1
            assert len(server.clients) == 1
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert server.wait_for_clients(2, PATIENCE)
