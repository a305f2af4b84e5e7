"""The other process of `igtl bench`: `python -m igtl.cli.bench_server ROLE SECONDS`.

It prints the port of its server, serves the one client that comes, and ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import cache

import numpy as np
from numpy.typing import NDArray

import igtl

__all__ = ["FRAME_SHAPE", "WAIT_S", "main", "frame", "new_image", "new_transform"]

FRAME_SHAPE = (1080, 1920, 3)
"""Rows, columns and colours of a frame."""
WAIT_S = 30.0
"""Neither process waits longer for the other."""

_BATCH = 64


def main(role: str, seconds: float) -> None:
    """Serve "transforms" or "images" as fast as they are taken, or "echo" what comes."""
    with igtl.Server(0, when_full="wait") as server:
        if role == "echo":
            _echo(server, seconds)
        else:
            _stream(server, role, seconds)


def _stream(server: igtl.Server, role: str, seconds: float) -> None:
    _tell(server)
    server.wait_for_clients(timeout=WAIT_S)
    publish = {"transforms": _publish_transforms, "images": _publish_image}[role]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        publish(server)


def _publish_transforms(server: igtl.Server) -> None:
    for number in range(_BATCH):
        server.publish(new_transform(_MATRIX, number), timeout=WAIT_S)


def _publish_image(server: igtl.Server) -> None:
    server.publish(new_image(frame()), timeout=WAIT_S)


def _echo(server: igtl.Server, seconds: float) -> None:
    gone = threading.Event()

    @server.on_message
    def send_back(peer: igtl.Peer, message: igtl.Message) -> None:
        peer.send(message)

    @server.on_disconnect
    def leave(peer: igtl.Peer) -> None:
        gone.set()

    _tell(server)
    gone.wait(seconds + WAIT_S)


def _tell(server: igtl.Server) -> None:
    """Print the port, unless who started this has gone already."""
    try:
        os.write(1, b"%d\n" % server.port)
    except BrokenPipeError:
        sys.exit()


def new_transform(matrix: NDArray[np.float64], x: float) -> igtl.Transform:
    """A message of the matrix, which is moved to `x` mm."""
    matrix[0, 3] = x
    return igtl.Transform(matrix, device_name="Bench")


def new_image(pixels: NDArray[np.uint8]) -> igtl.Image:
    """A message of a frame."""
    return igtl.Image(pixels, device_name="Bench")


@cache
def frame() -> NDArray[np.uint8]:
    """A frame that is handed over: read-only, so that nobody has to copy it."""
    pixels = np.resize(np.arange(251, dtype=np.uint8), FRAME_SHAPE)
    pixels.flags.writeable = False
    return pixels


_MATRIX = np.eye(4)

if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
