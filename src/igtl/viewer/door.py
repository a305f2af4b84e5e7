"""How many connections there may be at once, and what those are told that are too many.

A browser has one WebSocket, one more for each video that it shows, and up to six connections for
what it asks for. All that the server does for browsers is bounded by the number of connections.
"""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from igtl.viewer.guard import HEADERS

__all__ = ["MOST_CONNECTIONS", "Door"]

MOST_CONNECTIONS = 500
"""Some sixty browsers; systems let a program have 1024 open files."""

#: Who is one too many gets so long to ask, and is told then, s.
_REFUSED_S = 1.0


class Door:
    """Lets connections in, up to a number, and shows those out that ask for nothing.

    To be used in one event loop. The application needs `heard` as its first middleware.

    Args:
        most: so many connections.
        patience: s in which who comes has to ask for something.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._most, self._patience = most, patience
        self._silent: set[asyncio.BaseProtocol] = set()

    def admit(self, server: web.Server) -> asyncio.BaseProtocol:
        """What talks to one that comes; called when it is there."""
        if len(server.connections) >= self._most:
            return _Refusal(self._most)
        protocol = server()
        self._silent.add(protocol)
        asyncio.get_running_loop().call_later(self._patience, self._end_silent, protocol)
        return protocol

    @web.middleware
    async def heard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that somebody asked."""
        self._silent.discard(request.protocol)
        return await handler(request)

    def _end_silent(self, protocol: web.RequestHandler) -> None:
        if protocol in self._silent:
            self._silent.discard(protocol)
            protocol.force_close()


class _Refusal(asyncio.Protocol):
    """Tells who is one too many so, when it asks."""

    def __init__(self, most: int) -> None:
        text = (
            f"refused: {most} connections to this page are open, which is the most there may be. "
            "Close it in some browsers, then reload\n"
        )
        head = HEADERS | {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(text)),
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._answer = f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n{text}".encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the question: who is cut off while asking does not hear the answer."""
        self._transport = cast(asyncio.Transport, transport)
        asyncio.get_running_loop().call_later(_REFUSED_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        if not self._transport.is_closing():
            self._transport.write(self._answer)
            self._transport.close()
