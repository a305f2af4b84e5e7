"""igtl for asyncio: the same names as in `igtl`, awaited."""

from __future__ import annotations

from igtl.net.aio import Client, Server, connect

__all__ = ["Client", "Server", "connect"]
