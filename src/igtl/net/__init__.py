"""Sockets: endpoints, client and server, each blocking and for asyncio, over the same core."""
