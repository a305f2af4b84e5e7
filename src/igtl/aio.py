"""igtl for asyncio: the same names as in `igtl`, awaited."""

from __future__ import annotations

from igtl.net.aio_client import Client, connect
from igtl.net.aio_server import Server

__all__ = ["Client", "Server", "connect"]
