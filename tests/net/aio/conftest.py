"""One loop for everything: a client or server inside it, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import igtl.aio
from tests.net.raw import RawPeer, RawServer


@pytest.fixture(autouse=True)
async def no_task_left() -> AsyncIterator[None]:
    """Whatever is closed leaves no task in the loop."""
    before = asyncio.all_tasks()
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() - before <= {asyncio.current_task()}


@pytest.fixture
async def pair(listener: RawServer) -> AsyncIterator[tuple[igtl.aio.Client, RawPeer]]:
    """A client, and a bare socket as its server."""
    link = await igtl.aio.connect(listener.endpoint)
    peer = listener.accept()
    yield link, peer
    peer.close()
    await link.close()


@pytest.fixture
async def server() -> AsyncIterator[igtl.aio.Server]:
    async with igtl.aio.Server(0) as made:
        yield made
