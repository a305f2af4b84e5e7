"""What peers say, as bytes written by hand, and handlers that wait until a test lets them go."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import igtl
from tests.codec.wire import extended, packet
from tests.net.raw import RawPeer
from tests.net.shells import Shell
from tests.net.waiting import PATIENCE

__all__ = [
    "SLICER_HELLO",
    "client_info",
    "command",
    "error_of",
    "fence",
    "held",
    "lps_image",
    "order",
    "query",
    "query2",
    "reply_to",
    "string",
    "stubborn",
    "tracking",
]

#: What 3D Slicer sends on connecting: code, subcode, error name, an empty text with its NUL.
SLICER_HELLO = packet(
    "STATUS",
    extended(struct.pack(">Hq20s", 0, 0, b"") + b"\0", [(b"dummy", 3, b"dummy")]),
    version=2,
)


def query(wire_type: str, device: bytes = b"", body: bytes = b"") -> bytes:
    """GET_, STT_ or STP_ of header version 1."""
    return packet(wire_type, body, device_name=device)


def query2(wire_type: str, device: bytes = b"", *, message_id: int = 0) -> bytes:
    """The same of header version 2."""
    return packet(wire_type, extended(b"", message_id=message_id), version=2, device_name=device)


def tracking(interval: int, device: bytes = b"") -> bytes:
    """STT_TDATA: resolution i32 in ms, name of a coordinate system char[32]."""
    return query("STT_TDATA", device, struct.pack(">i32s", interval, b"Patient"))


def command(number: int, name: bytes, content: bytes = b"", device: bytes = b"") -> bytes:
    """COMMAND: id u32, name char[128], encoding u16, length u32, text."""
    body = struct.pack(">I128sHI", number, name, 3, len(content)) + content
    return packet("COMMAND", extended(body), version=2, device_name=device)


def string(text: bytes, device: bytes = b"", *, wire_type: str = "STRING") -> bytes:
    """STRING: encoding u16, length u16, text."""
    return packet(wire_type, struct.pack(">HH", 3, len(text)) + text, device_name=device)


def client_info(xml: bytes) -> bytes:
    """CLIENTINFO, in the layout of a STRING, with header version 2."""
    body = struct.pack(">HH", 3, len(xml)) + xml
    return packet("CLIENTINFO", extended(body), version=2)


def lps_image(dtype: type[np.generic]) -> igtl.Image:
    """An image whose axes all differ, as DICOM has it."""
    matrix = np.array(
        [[0.5, 0, 0, 10], [0, 0.25, 0, 20], [0, 0, 2.0, 30], [0, 0, 0, 1]], dtype=float
    )
    pixels = np.arange(60).reshape(2, 5, 6).astype(dtype)
    return igtl.Image(pixels, ijk_to_world=matrix, coordinates="LPS", device_name="CT")


def fence(peer: RawPeer) -> list[igtl.Message]:
    """Ask for the server's STATUS; all that came before the answer.

    Questions are answered in order, so whatever the server had to say to earlier ones is there.
    """
    peer.send(query("GET_STATUS", b"fence"))
    came = []
    while not (isinstance(message := peer.receive(), igtl.Status) and message.text == "igtl"):
        came.append(message)
    return came


def reply_to(peer: RawPeer) -> igtl.CommandReply:
    message = peer.receive()
    assert isinstance(message, igtl.CommandReply)
    return message


def order(peer: RawPeer, number: int, name: bytes, content: bytes = b"") -> igtl.CommandReply:
    """The reply to a command, where nothing else is on its way."""
    peer.send(command(number, name, content))
    reply = reply_to(peer)
    assert reply.command_id == number
    return reply


def error_of(reply: igtl.CommandReply) -> str:
    """The error of a reply, which is the same wherever programs look for it."""
    assert reply.metadata["Status"] == "FAIL"
    assert "<Result>false</Result>" in reply.content
    assert reply.metadata["ErrorMessage"] == reply.metadata["Error"]
    return reply.metadata["Error"]


def held(
    shell: Shell,
    gate: threading.Event,
    result: object = None,
    begun: threading.Event | None = None,
) -> Callable[[Any, Any], Any]:
    """A handler that gives `result` once the gate is open, and keeps no event loop busy.

    Args:
        begun: set when it is called.
    """
    told = begun or threading.Event()

    def wait_in_thread(_client: igtl.Peer, _question: igtl.Message) -> object:
        told.set()
        return result if gate.wait(PATIENCE) else None

    async def wait(_client: igtl.Peer, _question: igtl.Message) -> object:
        told.set()
        while not gate.is_set():
            await asyncio.sleep(0.002)
        return result

    return wait if shell.name == "aio" else wait_in_thread


def stubborn(shell: Shell, gate: threading.Event) -> Callable[[Any, Any], Any]:
    """As `held`, of a kind that cannot be cancelled."""
    if shell.name != "aio":
        return held(shell, gate)

    async def wait(_client: igtl.Peer, _question: igtl.Message) -> None:
        while not gate.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.002)

    return wait
