from __future__ import annotations

import socket
from pathlib import Path

import pytest

from igtl.errors import ConnectError, EndpointError, TimeoutError
from igtl.net.endpoint import (
    DEFAULT_PORT,
    Endpoint,
    bind,
    describe_address,
    open_socket,
    own_address,
)
from tests.net.raw import RawServer
from tests.net.waiting import within


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("tracker.local:18945", "tracker.local", 18945),
        ("tracker.local", "tracker.local", DEFAULT_PORT),
        ("localhost:0", "localhost", 0),
        ("localhost:65535", "localhost", 65535),
        (":18945", "localhost", 18945),
        ("18945", "localhost", 18945),
        ("tcp://7/", "localhost", 7),
        ("10.0.0.7", "10.0.0.7", DEFAULT_PORT),
        ("10.0.0.7:5", "10.0.0.7", 5),
        ("[::1]:18945", "::1", 18945),
        ("[::1]", "::1", DEFAULT_PORT),
        ("::1", "::1", DEFAULT_PORT),
        ("::", "::", DEFAULT_PORT),
        ("[::]:7", "::", 7),
        ("fe80::1%eth0", "fe80::1%eth0", DEFAULT_PORT),
        ("[fe80::1%eth0]:7", "fe80::1%eth0", 7),
        ("2001:db8:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:1", DEFAULT_PORT),
        ("::ffff:10.0.0.7", "::ffff:10.0.0.7", DEFAULT_PORT),
        ("tcp://tracker.local:18945", "tracker.local", 18945),
        ("tcp://tracker.local", "tracker.local", DEFAULT_PORT),
        ("tcp://[::1]:9/", "::1", 9),
        (" tracker.local:18945\n", "tracker.local", 18945),
        ("scanner_2:18945", "scanner_2", 18945),
    ],
)
def test_an_address_is_understood(text: str, host: str, port: int) -> None:
    assert Endpoint.parse(text) == Endpoint(host, port)


@pytest.mark.parametrize("path", ["/run/igtl.sock", "igtl.sock", "/run/a b/./it", "/run/[x]:1"])
def test_a_unix_socket_is_a_path_and_has_no_port(path: str) -> None:
    assert Endpoint.parse(f"unix://{path}") == Endpoint(path, None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not understood, expected host:port"),
        ("   ", "is not understood, expected host:port"),
        ("/", "is not understood"),
        ("tcp://", "is not understood"),
        ("[::1", "is not understood"),
        ("::1]", "is not understood"),
        ("[::1]18944", "is not understood"),
        ("[::1]:2:3", "is not understood"),
        ("host:", "port '' is not a number"),
        ("host:http", "port 'http' is not a number"),
        ("host:-1", "port '-1' is not a number"),
        ("host:+1", "port '.1' is not a number"),
        ("host: 1", "port ' 1' is not a number"),
        ("host:1.5", "port '1.5' is not a number"),
        ("host:\u0661", "is not a number from 0 to 65535"),
        ("host:65536", "port '65536' is not a number from 0 to 65535"),
        ("host:" + "9" * 5000, "is not a number from 0 to 65535"),
        ("tls://host:1", "transport 'tls' is not supported by this version"),
        ("ws://host:1", "transport 'ws' is not supported by this version"),
        ("wss://host:1", "transport 'wss' is not supported by this version"),
        ("udp://host:1", "transport 'udp' is not supported by this version"),
        ("http://host:1", "transport 'http' is not known; use host:port, tcp:// or unix://"),
        ("://host:1", "transport '' is not known"),
        ("unix://", "path"),
        ("host:1:2", "is not understood"),
        ("a:b:c", "is not understood"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_said(text: str, complaint: str) -> None:
    with pytest.raises(EndpointError, match=complaint):
        Endpoint.parse(text)


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(EndpointError, match="18944, expected text such as 'localhost:18944'"):
        Endpoint.parse(18944)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["[::1]:7", "host:7", "unix:///run/it"])
def test_an_endpoint_prints_as_it_is_written(text: str) -> None:
    assert str(Endpoint.parse(text)) == text


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("127.0.0.1", 7), "127.0.0.1:7"),
        (("::1", 7, 0, 0), "[::1]:7"),
        ("/run/it", "unix:///run/it"),
        ("", "unix://"),
    ],
)
def test_addresses_of_sockets_read_like_endpoints(address: object, text: str) -> None:
    assert describe_address(address) == text


@pytest.mark.parametrize(
    ("version", "family", "elsewhere"),
    [(4, socket.AF_INET, "198.51.100.1"), (6, socket.AF_INET6, "2001:db8::2")],
)
def test_the_own_address_is_one_of_this_machine(
    version: int, family: socket.AddressFamily, elsewhere: str
) -> None:
    address = own_address(version)
    if address is None:  # right where no way leads elsewhere
        with pytest.raises(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:  # noqa: PT011
            sock.connect((elsewhere, 9))
        return
    with socket.socket(family) as sock:
        sock.bind((address, 0))  # refused for an address that is not this machine's
        assert sock.getsockname()[0] == address not in ("0.0.0.0", "::")


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer() as listener, RawServer() as other:
        refused = other.port
        other.close()
        addresses = [("127.0.0.1", refused), ("127.0.0.1", listener.port)]
        resolve_to(monkeypatch, *((socket.AF_INET, address) for address in addresses))
        with open_socket(Endpoint("tracker.local", 1), timeout=5) as sock:
            assert sock.getpeername() == ("127.0.0.1", listener.port)


def test_an_address_of_a_family_that_this_machine_lacks_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer() as listener:
        address = ("127.0.0.1", listener.port)
        resolve_to(monkeypatch, (LACKING, address), (socket.AF_INET, address))
        with open_socket(Endpoint("tracker.local", 1), timeout=5) as sock:
            assert sock.getpeername() == address


def test_an_address_that_never_answers_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, silent: RawServer
) -> None:
    with RawServer() as listener:
        addresses = [("127.0.0.1", silent.port), ("127.0.0.1", listener.port)]
        resolve_to(monkeypatch, *((socket.AF_INET, address) for address in addresses))
        with within(), open_socket(Endpoint("tracker.local", 1), timeout=2) as sock:
            assert sock.getpeername() == ("127.0.0.1", listener.port)


def test_no_answer_at_all_is_a_timeout(silent: RawServer) -> None:
    with within(), pytest.raises(TimeoutError, match=r"no answer from 127\.0\.0\.1:\d+ within"):
        open_socket(Endpoint("127.0.0.1", silent.port), timeout=0.2)


@pytest.mark.parametrize("host", ["no such host", "a\0b", "x" * 64 + ".local", "\udc80"])
def test_a_name_that_cannot_be_a_host_is_not_known(host: str) -> None:
    with pytest.raises(ConnectError, match=r"is not known: .*Check its name"):
        open_socket(Endpoint(host, 1), timeout=5)


@pytest.mark.parametrize("path", ["missing.sock", "x" * 200, "a\0b"])
def test_a_path_that_cannot_be_connected_to_is_no_connection(path: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="no OpenIGTLink server at unix://"):
        open_socket(Endpoint(str(tmp_path / path), None), timeout=5)


def test_a_connection_sends_at_once_and_notices_a_peer_that_vanishes() -> None:
    with RawServer() as listener, open_socket(Endpoint("127.0.0.1", listener.port), 5) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not sock.getblocking()


@pytest.mark.parametrize("port", [-1, 65536, 1 << 40])
def test_a_port_that_is_none_cannot_be_listened_on(port: int) -> None:
    with pytest.raises(ConnectError):
        bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7"])
def test_a_host_that_is_not_ours_cannot_be_listened_on(host: str) -> None:
    with pytest.raises(ConnectError):
        bind(host, 0)


LACKING = socket.AddressFamily.AF_APPLETALK


def resolve_to(
    monkeypatch: pytest.MonkeyPatch, *found: tuple[socket.AddressFamily, tuple[str, int]]
) -> None:
    """Let every name have these addresses."""
    answer = [(family, socket.SOCK_STREAM, 6, "", address) for family, address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
