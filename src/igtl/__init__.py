"""OpenIGTLink for Python: poses, images and commands between programs of image-guided therapy.

    with igtl.connect("tracker.local:18944") as link:
        for message in link:
            match message:
                case igtl.Transform(device_name="Probe"):
                    print(message.matrix)

    with igtl.Server(port=18944) as server:
        server.publish(igtl.Image(pixels, device_name="US"))

`igtl.aio` has the same for asyncio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from igtl import errors, messages
from igtl.codec import layout
from igtl.codec.declaration import Record, Records, field
from igtl.codec.frame import Frame
from igtl.errors import *
from igtl.messages import *
from igtl.net.client import Client, connect
from igtl.net.peer import Peer
from igtl.net.server import Server
from igtl.protocol.counters import Counters
from igtl.protocol.inbox import Decoder

if TYPE_CHECKING:
    from igtl import aio

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Counters",
    "Decoder",
    "Frame",
    "Peer",
    "Record",
    "Records",
    "Server",
    "aio",
    "connect",
    "field",
    "layout",
    *errors.__all__,
    *messages.__all__,
]


def __getattr__(name: str) -> Any:
    """Import what is not needed at once: asyncio costs more than all of igtl."""
    if name == "aio":
        import importlib

        return importlib.import_module("igtl.aio")
    raise AttributeError(f"module 'igtl' has no attribute {name!r}")
