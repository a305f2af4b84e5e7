"""Peers that are nothing but a socket: they send and read any bytes, whenever they like."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

import igtl
from tests.net.waiting import PATIENCE

__all__ = [
    "LITTLE_ROOM",
    "RawPeer",
    "RawServer",
    "dial",
    "header",
    "image",
    "number_of",
    "numbers_of",
    "pose",
    "poses",
    "wire",
]


#: Bytes of a receive buffer that is soon full.
LITTLE_ROOM = 1 << 16


def pose(number: int, device_name: str = "Probe") -> igtl.Transform:
    """A small message that carries a number, up to 2**24."""
    matrix = np.eye(4)
    matrix[0, 3] = number
    return igtl.Transform(matrix, device_name=device_name)


def poses(count: int, start: int = 0) -> list[igtl.Transform]:
    return [pose(number) for number in range(start, start + count)]


def number_of(message: igtl.Message) -> int:
    """The number of a `pose`."""
    assert isinstance(message, igtl.Transform)
    return int(message.matrix[0, 3])


def numbers_of(messages: Iterable[igtl.Message]) -> list[int]:
    return [number_of(message) for message in messages]


def image(size: int, value: int = 0, device_name: str = "US") -> igtl.Image:
    """An image of about `size` bytes, all of which depend on their place and on `value`."""
    columns = 1000
    pattern = np.roll(np.arange(251, dtype=np.uint8), -value)
    pixels = np.resize(pattern, (max(size // columns, 1), columns))
    pixels.flags.writeable = False
    return igtl.Image(pixels, device_name=device_name)


def wire(*messages: igtl.Message) -> bytes:
    """The bytes of messages."""
    return b"".join(map(igtl.encode, messages))


def header(
    *, version: int = 1, wire_type: bytes = b"STRING", body_size: int, crc: int = 0
) -> bytes:
    """The 58 bytes of a message's header, sensible or not."""
    return struct.pack(">H12s20sQQQ", version, wire_type, b"Raw", 0, body_size, crc)


#: The type of what igtl's clients say before their first query.
HELLO = b"GET_IGTL\0\0\0\0"


class RawPeer:
    """One end of a connection.

    Args:
        sock: connected.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE)

    def send(self, data: bytes | bytearray) -> None:
        """Send bytes; returns when the kernel has them."""
        self.sock.sendall(data)

    def send_in(self, data: bytes, size: int) -> None:
        """As `send_all`, in pieces of `size` that the kernel does not put together again."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            self.sock.send(data[start : start + size])
        self.finish()

    def read(self, count: int) -> bytes:
        """Exactly so many bytes; fewer only when the other side closes."""
        parts: list[bytes] = []
        while count and (part := self.sock.recv(min(count, 1 << 20))):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self) -> igtl.Message:
        """The next message; EOFError when there is none, ValueError when it is only a part."""
        return igtl.decode(self.receive_bytes())

    def receive_bytes(self) -> bytes:
        """As `receive`, not decoded. What igtl says before its first query is passed over."""
        data = self.receive_any_bytes()
        return self.receive_any_bytes() if data[2:14] == HELLO else data

    def receive_any_bytes(self) -> bytes:
        """As `receive_bytes`, whatever it is."""
        head = self.read(58)
        if not head:
            raise EOFError("closed")
        size = int.from_bytes(head[42:50], "big") if len(head) == 58 else 0
        return head + self.read(size)

    def receive_some(self, count: int) -> list[igtl.Message]:
        return [self.receive() for _ in range(count)]

    def receive_rest(self) -> list[igtl.Message]:
        """All messages until the other side closes."""
        messages = []
        while True:
            try:
                messages.append(self.receive())
            except EOFError:
                return messages

    def receive_rest_and_close(self) -> list[igtl.Message]:
        messages = self.receive_rest()
        self.close()
        return messages

    def close_with_peer(self) -> None:
        """Read to the end, whatever comes, and close as well."""
        self.closed_by_peer()
        self.close()

    def closed_by_peer(self) -> bool:
        """Read to the end, whatever comes; True when there is one."""
        try:
            while self.sock.recv(1 << 20):
                pass
        except ConnectionError:
            pass
        return True

    def send_all(self, data: bytes) -> None:
        """Send bytes, and say that nothing more will come."""
        self.send(data)
        self.finish()

    def finish(self) -> None:
        """Say that nothing more will come; what the other side sends is still read."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection off (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    @property
    def name(self) -> str:
        """What the other side calls us."""
        host, port, *_ = self.sock.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def dial(port: int, host: str = "127.0.0.1", *, receive_buffer: int | None = None) -> RawPeer:
    """Connect to a server, with a small `receive_buffer` if it is to get stuck early."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE)
    try:
        sock.connect((host, port))
    except OSError:
        sock.close()
        raise
    return RawPeer(sock)


class RawServer:
    """A listening socket.

    Args:
        address: of `family`; port 0 takes any.
        receive_buffer: of the sockets that it accepts, small if they are to be full early.
        listens: else whoever connects is refused.
    """

    def __init__(
        self,
        address: tuple[str, int] | str = ("127.0.0.1", 0),
        family: socket.AddressFamily = socket.AF_INET,
        *,
        backlog: int = 16,
        receive_buffer: int | None = None,
        listens: bool = True,
    ) -> None:
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(address)
        if listens:
            self.sock.listen(backlog)
        self.sock.settimeout(PATIENCE)
        self._accepted: list[RawPeer] = []

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def accept(self) -> RawPeer:
        """The next client; closed with the server."""
        peer = RawPeer(self.sock.accept()[0])
        self._accepted.append(peer)
        return peer

    def close(self) -> None:
        self.sock.close()
        for peer in self._accepted:
            peer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def chunked(data: bytes, sizes: Sequence[int]) -> Iterable[bytes]:
    """`data` cut into pieces of these sizes, over and over."""
    at, turn = 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        yield data[at : at + size]
        at, turn = at + size, turn + 1
