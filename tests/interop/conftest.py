"""Fixtures of the interop tests.

    golden          messages made by the C++ library, and what it reads in ours
    start_server    run an example program that listens: start_server("TrackerServer", "50").port
    start_client    run one that connects to us: start_client("TrackerClient", port, "50")
    shell           our clients and servers, once blocking, once for asyncio; a test names it
                    before the programs, so that these end first and nobody waits for them

Where the reference is not installed, tests that need it are skipped with the command that installs
it; where CI is set, they fail.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.interop import peers, reference
from tests.interop.golden_program import Golden
from tests.interop.peers import Peer
from tests.net.shells import Aio, Blocking, Shell


class StartServer(Protocol):
    """`peers.start_server`, for as long as a test runs."""

    def __call__(self, name: str, *arguments: str) -> Peer: ...


class StartClient(Protocol):
    """`peers.start_client`, for as long as a test runs."""

    def __call__(self, name: str, port: int, *arguments: str) -> Peer: ...


@pytest.fixture(scope="session")
def installed_reference() -> None:
    """The reference is here; if not, this skips, or fails where CI is set."""
    lacking = reference.missing()
    if lacking and os.environ.get("CI"):
        pytest.fail(f"{lacking} (CI is set: a missing peer is a failure)", pytrace=False)
    if lacking:
        pytest.skip(lacking)


@pytest.fixture(scope="session")
def golden(installed_reference: None) -> Golden:
    """The C++ library as an encoder and a decoder of single messages."""
    return Golden(reference.golden())


@pytest.fixture(params=[Blocking, Aio], ids=lambda kind: kind.name)
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    """Makes clients and servers of igtl, and closes them."""
    kind: type[Shell] = request.param
    with kind() as made:
        yield made


@pytest.fixture
def running_peers(installed_reference: None) -> Iterator[contextlib.ExitStack]:
    """The programs that a test has started; they end with it."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def start_server(running_peers: contextlib.ExitStack) -> StartServer:
    """Starts example programs that listen."""

    def start(name: str, *arguments: str) -> Peer:
        return running_peers.enter_context(peers.start_server(name, *arguments))

    return start


@pytest.fixture
def start_client(running_peers: contextlib.ExitStack) -> StartClient:
    """Starts example programs that connect to a server of ours."""

    def start(name: str, port: int, *arguments: str) -> Peer:
        return running_peers.enter_context(peers.start_client(name, port, *arguments))

    return start
