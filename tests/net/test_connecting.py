from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import igtl
import igtl.aio
from igtl.net.endpoint import Endpoint, open_socket
from igtl.protocol.habits import Habits
from tests.net.raw import RawServer, dial, numbers_of, pose, poses, wire
from tests.net.shells import Shell, receive_some
from tests.net.waiting import PATIENCE, background, eventually, within


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_client_reaches_a_server(shell: Shell, host: str) -> None:
    server = shell.serve(0, host)
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(timeout=PATIENCE)
    server.publish(pose(1))
    link.send(pose(2))
    assert numbers_of([link.receive(PATIENCE), server.receive(PATIENCE)[1]]) == [1, 2]
    assert link.endpoint == server.endpoint
    assert server.clients[0].address == link.local_address
    assert not link.closed


def test_a_name_with_ipv6_and_ipv4_reaches_who_listens_on_ipv4_only(
    shell: Shell, listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two(_host: str, port: int, **_: object) -> list[object]:
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        return [six, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    link = shell.connect(f"localhost:{listener.port}")
    assert link.peer_address == f"127.0.0.1:{listener.port}"


def test_a_unix_socket_carries_messages_both_ways(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "igtl.sock"
    with RawServer(str(path), socket.AF_UNIX) as listener:
        link = shell.connect(f"unix://{path}")
        peer = listener.accept()
        peer.send(wire(*poses(300)))
        link.send(*poses(300))
        assert numbers_of(receive_some(link, 300)) == [*range(300)]
        assert numbers_of(peer.receive_some(300)) == [*range(300)]
        assert link.endpoint == link.peer_address == f"unix://{path}"


def test_where_nobody_listens_is_said(shell: Shell) -> None:
    with RawServer() as listener:
        port = listener.port
    with pytest.raises(igtl.ConnectError) as caught:
        shell.connect(f"127.0.0.1:{port}")
    assert f"no OpenIGTLink server at 127.0.0.1:{port}: connection refused" in str(caught.value)


def test_a_host_that_nobody_knows_is_said(shell: Shell) -> None:
    with pytest.raises(igtl.ConnectError, match="host 'no such host' is not known"):
        shell.connect("no such host:1")


def test_a_path_without_a_socket_is_said(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(igtl.ConnectError, match="no such file or directory"):
        shell.connect(f"unix://{tmp_path}/missing")


def test_a_host_that_does_not_answer_is_given_up_in_time(shell: Shell, silent: RawServer) -> None:
    with within(), pytest.raises(igtl.TimeoutError, match=r"within 0\.2 s"):
        shell.connect(silent.endpoint, timeout=0.2)


@pytest.mark.parametrize("kind", [igtl.Client, igtl.aio.Client])
def test_a_peer_that_breaks_off_at_once_is_no_connection(
    listener: RawServer, kind: Callable[..., object]
) -> None:
    sock = open_socket(Endpoint.parse(listener.endpoint), timeout=PATIENCE)
    listener.accept().reset()
    select.select([sock], [], [], PATIENCE)
    with pytest.raises(igtl.ConnectError, match="broke off the connection at once"):
        kind(sock, Endpoint.parse(listener.endpoint), Habits(max_body=1000))
    assert sock.fileno() == -1


def test_an_endpoint_that_is_not_understood_is_said(shell: Shell) -> None:
    with pytest.raises(igtl.EndpointError):
        shell.connect("tls://localhost")


def test_servers_listen_on_this_machine_only_unless_told_otherwise(shell: Shell) -> None:
    server = shell.serve()
    assert server.endpoint == f"127.0.0.1:{server.port}"
    assert addresses_listened_on(server.port) == {"127.0.0.1"}


def test_servers_listen_on_all_addresses_when_told_to(shell: Shell) -> None:
    server = shell.serve(0, "0.0.0.0")
    assert addresses_listened_on(server.port) == {"0.0.0.0"}
    with dial(server.port, "127.0.0.2"):
        assert server.wait_for_clients(timeout=PATIENCE)


def test_an_empty_host_is_no_way_to_listen_everywhere(shell: Shell) -> None:
    with pytest.raises(igtl.ConnectError):
        shell.serve(0, "")


def test_port_0_takes_another_free_port_each_time(shell: Shell) -> None:
    ports = {shell.serve(0).port for _ in range(3)}
    assert len(ports) == 3
    assert 0 not in ports


def test_a_port_that_is_taken_is_said(shell: Shell) -> None:
    port = shell.serve().port
    with pytest.raises(igtl.ConnectError, match=f"cannot listen on 127.0.0.1:{port}: address alre"):
        shell.serve(port)


def test_a_port_is_free_again_at_once(shell: Shell) -> None:
    first = shell.serve()
    with dial(first.port) as peer:
        assert first.wait_for_clients(timeout=PATIENCE)
        first.publish(pose(1))
        assert numbers_of([peer.receive()]) == [1]
        background(peer.close_with_peer)
        first.close()
    assert shell.serve(first.port).port == first.port


def test_a_policy_that_does_not_exist_is_refused_before_the_port_is_taken(shell: Shell) -> None:
    with RawServer() as listener:
        port = listener.port
    with pytest.raises(igtl.MessageError, match="'sometimes', expected one of 'drop-oldest'"):
        shell.serve(port, when_full="sometimes")
    assert shell.serve(port).port == port


def test_more_clients_than_allowed_are_refused_and_the_others_stay(shell: Shell) -> None:
    server = shell.serve(max_clients=2)
    links = [shell.connect(server.endpoint) for _ in range(2)]
    assert server.wait_for_clients(2, PATIENCE)
    refused = shell.connect(server.endpoint)
    assert list(refused) == []
    server.publish(pose(1))
    assert numbers_of(link.receive(PATIENCE) for link in links) == [1, 1]
    links[0].close()
    eventually(lambda: len(server.clients) == 1)
    late = shell.connect(server.endpoint)
    assert server.wait_for_clients(2, PATIENCE)
    server.publish(pose(2))
    assert numbers_of(link.receive(PATIENCE) for link in (links[1], late)) == [2, 2]


def test_waiting_for_clients_ends_when_enough_have_come(shell: Shell) -> None:
    server = shell.serve()
    come, _ = background(lambda: server.wait_for_clients(2, PATIENCE))
    with dial(server.port):
        eventually(lambda: len(server.clients) == 1)
        assert not come.done()
        with dial(server.port):
            assert come.result(PATIENCE)


def test_waiting_for_clients_ends_in_time(shell: Shell) -> None:
    server = shell.serve()
    with within():
        assert not server.wait_for_clients(timeout=0.05)


def test_waiting_for_clients_ends_in_time_while_messages_wait_to_be_taken(shell: Shell) -> None:
    server = shell.serve()
    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        eventually(lambda: server.counters.messages_received == 1)
        with within():
            assert not server.wait_for_clients(2, timeout=0.05)
        assert numbers_of([server.receive(PATIENCE)[1]]) == [1]


def test_waiting_for_clients_ends_when_the_server_closes(shell: Shell) -> None:
    server = shell.serve()
    started = threading.Event()

    def wait() -> bool:
        started.set()
        return server.wait_for_clients(timeout=None)

    come, _ = background(wait)
    assert started.wait(PATIENCE)
    server.close()
    assert come.result(PATIENCE) is False


def addresses_listened_on(port: int) -> set[str]:
    """Local IPv4 and IPv6 addresses of listening sockets of a port, as the kernel lists them."""
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, number = local.partition(":")
            if int(number, 16) == port and state == "0A":
                words = [
                    bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)
                ]
                found.add(socket.inet_ntop(family, b"".join(words)))
    return found
