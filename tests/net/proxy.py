"""A TCP proxy between a client and its server: it forwards, falls silent, cuts and resets."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from tests.net.raw import RawPeer
from tests.net.waiting import PATIENCE, eventually, taken_by_kernel

__all__ = ["Proxy"]


class Proxy:
    """Forwards connections to a server. Nobody's end is told that the proxy fell silent.

    Args:
        port: of the server on this machine; may be changed for connections to come.
    """

    def __init__(self, port: int) -> None:
        self.port_behind = port
        self.accepted = 0
        self._loud = threading.Event()
        self._loud.set()
        self._cut_after: int | None = None
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Where clients connect to."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def silence(self) -> None:
        """Forward nothing more, and close nothing."""
        self._loud.clear()

    def resume(self) -> None:
        """Forward again."""
        self._loud.set()

    def cut_after(self, count: int) -> None:
        """Reset the connection once the server has sent so many more bytes, which still pass."""
        self._cut_after = count

    def reset(self) -> None:
        """Break all connections off (RST)."""
        while self._sockets:
            _reset(self._sockets.pop())

    def close(self) -> None:
        """End all connections, and accept no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._loud.set()
        self.reset()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                try:
                    server = socket.create_connection(("127.0.0.1", self.port_behind), PATIENCE)
                except OSError:
                    _reset(client)
                    continue
                server.settimeout(None)
                self._sockets += [client, server]
                for one, other, cuts in ((client, server, False), (server, client, True)):
                    way = (one, other, cuts)
                    threading.Thread(target=self._forward, args=way, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, cuts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._loud.wait()
                if cuts and self._cut_after is not None:
                    data = data[: self._cut_after]
                    self._cut_after -= len(data)
                target.sendall(data)
                if cuts and self._cut_after == 0:
                    self._cut_after = None
                    eventually(lambda: taken_by_kernel(target))
                    _reset(target)
                    return
            target.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _reset(sock: socket.socket) -> None:
    """Break one connection off, though a thread reads from it: it has to let go first."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        RawPeer(sock).reset()
