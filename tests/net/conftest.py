from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.net.events import QUICK
from tests.net.raw import LITTLE_ROOM, RawPeer, RawServer, dial
from tests.net.shells import Aio, Blocking, Link, Service, Shell
from tests.net.waiting import PATIENCE


@pytest.fixture(params=[Blocking, Aio], ids=lambda kind: kind.name)
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    """Makes clients and servers: once blocking, once for asyncio."""
    kind: type[Shell] = request.param
    with kind() as made:
        yield made


@pytest.fixture
def server(shell: Shell) -> Service:
    """A server as it is by default."""
    return shell.serve()


@pytest.fixture
def peer(server: Service) -> Iterator[RawPeer]:
    """A bare socket as the server's client."""
    with dial(server.port) as connected:
        assert server.wait_for_clients(timeout=PATIENCE)
        yield connected


@pytest.fixture
def listener() -> Iterator[RawServer]:
    """A peer to connect to that is nothing but a socket.

    Tests name it behind `shell`, so that it closes first and no client waits for it.
    """
    with RawServer() as server:
        yield server


@pytest.fixture
def pair(shell: Shell, listener: RawServer) -> tuple[Link, RawPeer]:
    """A client, and a bare socket as its server."""
    link = shell.connect(listener.endpoint)
    return link, listener.accept()


@pytest.fixture
def broken(shell: Shell, listener: RawServer) -> tuple[Link, RawPeer]:
    """A link that comes back, and its first peer."""
    link = shell.connect(listener.endpoint, reconnect=QUICK)
    return link, listener.accept()


@pytest.fixture
def slow_pair(shell: Shell) -> Iterator[tuple[Link, RawPeer]]:
    """A client, and a server of little room that reads only when the test does."""
    with RawServer(receive_buffer=LITTLE_ROOM) as server:
        yield shell.connect(server.endpoint), server.accept()


@pytest.fixture
def silent() -> Iterator[RawServer]:
    """A listening socket that answers nobody: its backlog is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(RawServer(backlog=0))
        for _ in range(2):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.1", server.port))
        yield server
