"""A live camera for the tests: JPEGs over HTTP, each sent when the test says so."""

from __future__ import annotations

import queue
import socket
import threading
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["FilmServer"]

_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--cut\r\n\r\n--cut\r\n"
)


class FilmServer:
    """Serves one program; it sees nothing but what `show` gives."""

    def __init__(self) -> None:
        self._pictures: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/film.mjpg"
        threading.Thread(target=self._serve, daemon=True).start()

    def show(self, pixels: NDArray[Any]) -> None:
        """Send a picture, (j, i, 3) RGB."""
        good = [cv2.IMWRITE_JPEG_QUALITY, 100]
        _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), good)
        self._pictures.put(jpeg.tobytes())

    def unplug(self) -> None:
        """End."""
        self._pictures.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
        self._listener.close()

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # nobody came
            return
        with connection:
            connection.recv(65536)
            connection.sendall(_HEAD)
            while (jpeg := self._pictures.get()) is not None:
                size = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                connection.sendall(size + jpeg + b"\r\n--cut\r\n")
