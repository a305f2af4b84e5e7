"""Who publishes for the page's measurements: ``python -m benchmarks.view_worker KIND [HZ]``.

Prints its endpoint, then publishes until its standard input ends; every header has the time at
which it was published. KIND is one of `KINDS`, or several of them with a "+" between. All is given
in World, so that one scene shows all of it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

import igtl

__all__ = ["KINDS", "main"]

TOOLS = 10
#: 224 x 224 quads of two triangles each are 100,352.
MESH_SIDE = 224
MESH_EVERY_S = 5.0

Publish = Callable[[igtl.Server, int], None]


def _pictures(height: int, width: int, components: int) -> list[NDArray[np.uint8]]:
    """Eight pictures with a moving bar over a gradient."""
    shape = (height, width, components) if components > 1 else (height, width)
    ramp = np.linspace(0, 200, width, dtype=np.uint8)
    pictures = []
    for number in range(8):
        picture = np.zeros(shape, np.uint8)
        picture[:] = ramp[:, None] if components > 1 else ramp
        picture[:, number * width // 8 : number * width // 8 + width // 16] = 255
        picture.flags.writeable = False
        pictures.append(picture)
    return pictures


def _frames(height: int, width: int, components: int) -> Publish:
    """Eight pictures, published in turn."""
    pictures = _pictures(height, width, components)

    def publish(server: igtl.Server, number: int) -> None:
        pixels = pictures[number % len(pictures)]
        server.publish(igtl.Image(pixels, device_name="Camera", timestamp=time.time()))

    return publish


def _video() -> Publish:
    """A second of the same as H.264, again and again."""
    pictures = _pictures(1080, 1920, 3)
    with igtl.video.Encoder("H264", key_interval=32) as encoder:
        videos = [
            encoder.encode(igtl.Image(pictures[n % len(pictures)], device_name="Camera"))
            for n in range(32)
        ]

    def publish(server: igtl.Server, number: int) -> None:
        video = videos[number % len(videos)]  # whose number would say that the others are missing
        server.publish(video.replace(metadata={}, timestamp=time.time()))

    return publish


def _tools(server: igtl.Server, number: int) -> None:
    angle = number / 100
    for tool in range(TOOLS):
        matrix = np.eye(4)
        matrix[:3, 3] = 100 * np.cos(angle + tool), 100 * np.sin(angle + tool), 20 * tool
        name = f"Tool{tool}ToWorld"
        server.publish(igtl.Transform(matrix, device_name=name, timestamp=time.time()))


def _mesh() -> Publish:
    """A bent sheet of 100 k triangles, now and then, so that who comes late has it too."""
    side = np.linspace(-100, 100, MESH_SIDE + 1)
    x, y = np.meshgrid(side, side)
    points = np.stack((x, y, 20 * np.sin(x / 20) * np.cos(y / 20)), axis=-1).reshape(-1, 3)
    corner = (np.arange(MESH_SIDE)[:, None] * (MESH_SIDE + 1) + np.arange(MESH_SIDE)).reshape(-1)
    lower = np.stack((corner, corner + 1, corner + MESH_SIDE + 1), axis=-1)
    upper = np.stack((corner + 1, corner + MESH_SIDE + 2, corner + MESH_SIDE + 1), axis=-1)
    polygons = np.concatenate((lower, upper))
    mesh = igtl.PolyData(points.astype(np.float32), polygons=polygons, device_name="Mesh")

    def publish(server: igtl.Server, number: int) -> None:
        server.publish(mesh.replace(timestamp=time.time()))

    return publish


#: Rate in Hz, and what makes the publishing function.
KINDS: dict[str, tuple[float, Callable[[], Publish]]] = {
    "grey": (60.0, lambda: _frames(480, 640, 1)),
    "rgb": (30.0, lambda: _frames(1080, 1920, 3)),
    "video": (30.0, _video),
    "tools": (100.0, lambda: _tools),
    "mesh": (1 / MESH_EVERY_S, _mesh),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Publishes until standard input ends."""
    (kinds,) = sys.argv[1:] if arguments is None else arguments
    over = threading.Event()
    with igtl.Server(port=0) as server:
        print(server.endpoint, flush=True)
        threads = [
            threading.Thread(target=_repeat, args=(server, *KINDS[kind], over))
            for kind in kinds.split("+")
        ]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        over.set()
        for thread in threads:
            thread.join()
    return 0


def _repeat(
    server: igtl.Server, rate: float, make: Callable[[], Publish], over: threading.Event
) -> None:
    publish = make()
    start, number = time.monotonic(), 0
    while not over.wait(max(0.0, start + number / rate - time.monotonic())):
        publish(server, number)
        number += 1


if __name__ == "__main__":
    sys.exit(main())
