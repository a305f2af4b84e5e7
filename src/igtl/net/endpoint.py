"""Where a peer is, as text: `host:port`, `tcp://host:port`, `unix:///path`."""

from __future__ import annotations

import builtins
import errno
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

from igtl.errors import ConnectError, EndpointError, TimeoutError

__all__ = [
    "DEFAULT_PORT",
    "Endpoint",
    "addresses_of",
    "bind",
    "describe_address",
    "open_socket",
    "own_address",
]

DEFAULT_PORT = 18944

_NOT_YET = ("tls", "ws", "wss", "udp")
_HOST_PORT = re.compile(
    r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<host>[^:\[\]]*)|(?P<bare6>[^:\[\]]*:[^\[\]]*:[^\[\]]*))"
    r"(?::(?P<port>[^:]*))?"
)


@dataclass(frozen=True)
class Endpoint:
    """An address to connect to or to listen on.

    Attributes:
        host: name or IP address; for a Unix socket its path.
        port: 0 to 65535; for a Unix socket None.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Understand what people write.

        Raises:
            EndpointError: not understood, or a transport that igtl does not have.

        Examples:
            >>> Endpoint.parse("tracker.local:18944")
            Endpoint(host='tracker.local', port=18944)
            >>> Endpoint.parse("[::1]")
            Endpoint(host='::1', port=18944)
            >>> Endpoint.parse("18945")  # a number alone is a port of this machine
            Endpoint(host='localhost', port=18945)
        """
        if not isinstance(text, str):
            raise EndpointError(f"endpoint is {text!r}, expected text such as 'localhost:18944'")
        scheme, found, rest = text.strip().rpartition("://")
        if scheme == "unix":
            if not rest:
                raise EndpointError(f"endpoint {text!r} lacks a path, expected unix:///path")
            return cls(rest, None)
        if found and scheme != "tcp":
            known = "is not supported by this version" if scheme in _NOT_YET else "is not known"
            raise EndpointError(
                f"endpoint {text!r}: transport {scheme!r} {known}; use host:port, tcp:// or unix://"
            )
        rest = rest.rstrip("/")
        match = _HOST_PORT.fullmatch(f":{rest}" if rest.isascii() and rest.isdigit() else rest)
        host = match and (match["bracketed"] or match["host"] or match["bare6"])
        six = match and (match["bracketed"] or match["bare6"])
        if match is None or not (host or match["port"]) or (six and not _is_ipv6(six)):
            raise EndpointError(f"endpoint {text!r} is not understood, expected host:port")
        return cls(host or "localhost", _port(match["port"], text))

    def __str__(self) -> str:
        if self.port is None:
            return f"unix://{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _is_ipv6(text: str) -> bool:
    try:
        return bool(socket.inet_pton(socket.AF_INET6, text.partition("%")[0]))
    except (OSError, ValueError):
        return False


def _port(text: str | None, whole: str) -> int:
    if text is None:
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 0xFFFF:
        raise EndpointError(f"endpoint {whole!r}: port {text!r} is not a number from 0 to 65535")
    return int(text)


def describe_address(address: object) -> str:
    """A socket's address as text."""
    if isinstance(address, tuple):
        return str(Endpoint(address[0], address[1]))
    return f"unix://{address!s}" if address else "unix://"


def addresses_of(sock: socket.socket) -> tuple[str, str]:
    """The peer's and our own address of a connection, as text.

    Raises:
        ConnectError: the peer has broken it off already. The socket is closed.
    """
    try:
        return describe_address(sock.getpeername()), describe_address(sock.getsockname())
    except OSError as error:
        sock.close()
        raise ConnectError(f"the peer broke off the connection at once: {_reason(error)}") from None


def own_address(version: int) -> str | None:
    """The address by which other machines reach this one; None without a network.

    It is the one from which datagrams to addresses of documentation would go (RFC 5737, RFC 3849);
    none is sent.

    Args:
        version: of the Internet protocol, 4 or 6.
    """
    family, far = {4: (socket.AF_INET, "192.0.2.1"), 6: (socket.AF_INET6, "2001:db8::1")}[version]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((far, 9))
            return str(sock.getsockname()[0])
    except OSError:
        return None


def open_socket(endpoint: Endpoint, timeout: float) -> socket.socket:
    """A connected socket; every address of the host is tried, in an equal part of the time left.

    Raises:
        ConnectError: nobody answers there; the text says what was tried.
        TimeoutError: it takes longer than `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    reasons: list[str] = []
    silent = False
    addresses = _addresses(endpoint)
    for index, (family, address) in enumerate(addresses):
        left = (deadline - time.monotonic()) / (len(addresses) - index)
        try:
            return _connected(family, address, max(left, 0.001))
        except builtins.TimeoutError:
            silent = True
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            reasons.append(_reason(error))
    if silent:
        raise TimeoutError(
            f"no answer from {endpoint} within {timeout:g} s: is the host right, and reachable?"
        )
    raise ConnectError(
        f"no OpenIGTLink server at {endpoint}: {', '.join(dict.fromkeys(reasons))}. "
        "Is it running, and listening on this port?"
    )


def _connected(family: socket.AddressFamily, address: Any, timeout: float) -> socket.socket:
    """A socket connected to one address; OSError when that fails."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(address)
        prepare(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _addresses(endpoint: Endpoint) -> list[tuple[socket.AddressFamily, Any]]:
    if endpoint.port is None:
        return [(socket.AF_UNIX, endpoint.host)]
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise ConnectError(
            f"host {endpoint.host!r} is not known: {_reason(error)}. Check its name"
        ) from None
    return [(family, address) for family, _, _, _, address in found]


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


def prepare(sock: socket.socket) -> None:
    """Set what every connection of igtl has: no delay, keep-alive, never blocking by itself."""
    sock.setblocking(False)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def limit_silence(sock: socket.socket, seconds: float) -> None:
    """Have the system end a connection whose other machine confirms nothing for so long."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    whole = max(1, round(seconds))
    for option, value in (
        ("TCP_KEEPIDLE", max(1, whole // 2)),
        ("TCP_KEEPINTVL", max(1, whole // 4)),
        ("TCP_KEEPCNT", 2),
        ("TCP_USER_TIMEOUT", whole * 1000),
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConnectError: the address is taken, not ours, or not known.
    """
    endpoint = Endpoint(host, port)
    if not 0 <= port <= 0xFFFF:  # the resolver would take the lower 16 bits
        raise ConnectError(f"cannot listen on {endpoint}: ports are numbers from 0 to 65535")
    family, address = _addresses(endpoint)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(512)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        hint = "Choose another port, 0 for any free one, or end the program that has it"
        if error.errno == errno.EADDRNOTAVAIL:
            hint = "Give an address of this machine, or 0.0.0.0 for all of them"
        raise ConnectError(f"cannot listen on {endpoint}: {_reason(error)}. {hint}") from None
    return sock
