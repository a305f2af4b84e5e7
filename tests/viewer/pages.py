"""Pages as browsers see them: served over a real socket, asked by aiohttp's client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from igtl.viewer.door import MOST_CONNECTIONS
from igtl.viewer.files import PAGE
from igtl.viewer.guard import Guard
from igtl.viewer.session import Session
from igtl.viewer.web import Page

__all__ = ["PATIENCE", "Looker", "Viewer", "opened", "showing"]

PATIENCE = 15.0
"""Seconds after which something that has to happen is taken for something that does not."""


class Looker:
    """A browser on `/api/live`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.came: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=PATIENCE))
        self.came.append(message)
        return message

    async def until(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The next message of which something is true; others are passed over."""
        async with asyncio.timeout(PATIENCE):
            while not true(message := await self.next()):
                pass
            return message

    async def of(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        return await self.until(lambda message: message["kind"] == kind)

    async def say(self, **wish: Any) -> None:
        """Ask for something."""
        await self.socket.send_str(json.dumps(wish))


class Viewer:
    """A page that is served, and those who look at it."""

    def __init__(self, client: aiohttp.ClientSession, session: Session, page: Page) -> None:
        self.client, self.session, self.page = client, session, page

    @asynccontextmanager
    async def look(self, path: str = "/api/live", **headers: str) -> AsyncIterator[Looker]:
        """A browser that comes, and goes at the end."""
        async with self.client.ws_connect(path, headers=headers) as socket:
            yield Looker(socket)

    async def status(self, path: str, **headers: str) -> int:
        """What is answered to a request, as a number."""
        async with self.client.get(path, headers=headers) as response:
            await response.read()
            return response.status

    async def json(self, path: str) -> Any:
        """A value that is asked for."""
        async with self.client.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def bytes(self, path: str) -> bytes:
        """Bytes that are asked for."""
        async with self.client.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def row(self, wire_type: str, device: str, messages: int = 1) -> dict[str, Any]:
        """A row of the board, which is waited for, until so many messages came."""

        def is_it(row: dict[str, Any]) -> bool:
            return (row["type"], row["device"]) == (wire_type, device)

        return next(filter(is_it, (await self.board(is_it, messages))["rows"]))

    async def board(self, which: Callable[[dict[str, Any]], bool], messages: int) -> dict[str, Any]:
        """The board, as soon as some rows have so many messages together."""
        async with asyncio.timeout(PATIENCE):
            while True:
                board: dict[str, Any] = await self.json("/api/board")
                if sum(row["messages"] for row in board["rows"] if which(row)) >= messages:
                    return board
                await asyncio.sleep(0.01)


@asynccontextmanager
async def showing(
    *endpoints: str,
    folder: Path,
    files: Sequence[Path] = (),
    host: str = "127.0.0.1",
    token: str | None = None,
    page: Path = PAGE,
    deadline: float = PATIENCE,
    most: int = MOST_CONNECTIONS,
) -> AsyncIterator[Viewer]:
    """A page about servers, or a recording."""
    with Session(folder) as session:
        if files:
            session.play(files)
        guard = Guard(host, token)
        served = Page(session, host, 0, guard, files=page, deadline=deadline, most=most)
        for endpoint in endpoints:
            session.follow(endpoint)
        serving = asyncio.create_task(served.run())
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{served.port}") as client:
                yield Viewer(client, session, served)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def opened(envelope: bytes) -> tuple[dict[str, Any], bytes]:
    """The head and the payload of an envelope, taken apart by hand."""
    size = int.from_bytes(envelope[:4], "little")
    assert (4 + size) % 8 == 0
    return json.loads(envelope[4 : 4 + size]), envelope[4 + size :]
