"""pyigtl as its users call it: ``send_message`` and ``wait_for_message``, default options.

pyigtl keeps the newest message of each device only, looks for it every 10 ms, checks no CRC on
receipt, leaves Nagle's delay on, and offers no way to change these.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import worker

pyigtl: Any = importlib.import_module("pyigtl")

FIRST_MESSAGE_S = 5.0
SILENCE_S = 1.0  # so long without a message means that the stream is over
HEADER_SIZE = 58


def codec(options: worker.Options) -> Mapping[str, float]:
    """A new message object and its pack; parse_header, create_message and unpack."""
    seconds = float(options["seconds"])
    matrix = worker.matrix_with(0)

    def new_transform() -> Any:
        matrix[0, 3] += 1
        return pyigtl.TransformMessage(matrix, device_name=worker.DEVICE)

    figures = _codec_figures("transform", new_transform, "matrix", seconds)
    for kind in ("grey480p", "rgb1080p"):
        frame = worker.new_frame(kind)

        def new_image(frame: Any = frame) -> Any:
            worker.change(frame)
            return pyigtl.ImageMessage(frame[None], device_name=worker.DEVICE)

        figures |= _codec_figures(kind, new_image, "image", seconds)
    return figures


def _codec_figures(kind: str, new: Any, field: str, seconds: float) -> dict[str, float]:
    data = new().pack()
    header, body = data[:HEADER_SIZE], data[HEADER_SIZE:]

    def unpack() -> object:
        fields = pyigtl.messages.MessageBase.parse_header(header)
        message = pyigtl.messages.MessageBase.create_message(fields["message_type"])
        message.unpack(fields, body)
        return getattr(message, field)

    return {
        f"pack_{kind}_us": worker.per_call_us(lambda: new().pack(), seconds),
        f"unpack_{kind}_us": worker.per_call_us(unpack, seconds),
    }


@contextlib.contextmanager
def _server() -> Iterator[Any]:
    server = pyigtl.OpenIGTLinkServer(port=0)
    worker.announce(port=server.server_address[1])
    try:
        yield server
    finally:
        server.communication_thread_stop_requested = True


@contextlib.contextmanager
def _client(options: worker.Options) -> Iterator[Any]:
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", int(options["port"]))
    try:
        yield client
    finally:
        client.stop()


def _wait_until_connected(server: Any) -> None:
    end = time.perf_counter() + FIRST_MESSAGE_S
    while not server.is_connected():
        if time.perf_counter() > end:
            raise TimeoutError(f"no client came within {FIRST_MESSAGE_S:g} s")
        time.sleep(0.001)


def _send(server: Any, message: Any) -> bool:
    """As send_message(wait=True), but gives up when the connection broke, where that hangs."""
    server.send_message(message, wait=False)
    while server.outgoing_messages:
        if not server.is_connected():
            return False
        time.sleep(0.001)
    return True


def send(options: worker.Options) -> Mapping[str, float]:
    """Sends for some seconds, each message when the one before has left the queue."""
    new = _messages(options)
    with _server() as server:
        _wait_until_connected(server)
        end = time.perf_counter() + float(options["seconds"])
        sent = 0
        while time.perf_counter() < end and _send(server, next(new)):
            sent += 1
        return {"sent": sent, "broken": float(not server.is_connected())}


def _transforms() -> Iterator[Any]:
    matrix = worker.matrix_with(0)
    while True:
        matrix[0, 3] += 1
        yield pyigtl.TransformMessage(matrix.copy(), device_name=worker.DEVICE)


def _messages(options: worker.Options) -> Iterator[Any]:
    if options["kind"] == "transform":
        return _transforms()
    frames = [worker.new_frame(options["kind"], seed)[None] for seed in range(2)]
    return _images(frames) if options["array"] == "readonly" else _copied_images(frames[0])


def _images(frames: Sequence[Any]) -> Iterator[Any]:
    for frame in itertools.cycle(frames):
        yield pyigtl.ImageMessage(frame, device_name=worker.DEVICE)


def _copied_images(frame: Any) -> Iterator[Any]:
    while True:
        worker.change(frame)
        yield pyigtl.ImageMessage(frame.copy(), device_name=worker.DEVICE)


def receive(options: worker.Options) -> Mapping[str, float]:
    """Takes what wait_for_message gives until a second of silence."""
    with _client(options) as client:
        if client.wait_for_message(worker.DEVICE, timeout=FIRST_MESSAGE_S) is None:
            raise TimeoutError(f"no message within {FIRST_MESSAGE_S:g} s")
        delivered = 1
        start = last = time.perf_counter()
        while client.wait_for_message(worker.DEVICE, timeout=SILENCE_S) is not None:
            delivered += 1
            last = time.perf_counter()
    rate = (delivered - 1) / (last - start) if delivered > 1 else 0.0
    return {"delivered": delivered, "rate": rate}


def echo(options: worker.Options) -> Mapping[str, float]:
    """Sends each message back until a second of silence."""
    echoed = 0
    with _server() as server:
        timeout = FIRST_MESSAGE_S
        while (message := server.wait_for_message(worker.DEVICE, timeout=timeout)) is not None:
            server.send_message(message, wait=False)
            echoed += 1
            timeout = SILENCE_S
    return {"echoed": echoed}


def ping(options: worker.Options) -> Mapping[str, float]:
    """Times a TRANSFORM to the server and back."""
    with _client(options) as client:

        def trip(number: int) -> None:
            matrix = worker.matrix_with(number)
            message = pyigtl.TransformMessage(matrix, device_name=worker.DEVICE)
            client.send_message(message, wait=False)
            answer = client.wait_for_message(worker.DEVICE, timeout=SILENCE_S)
            if answer is None or answer.matrix[0, 3] != number:
                raise TimeoutError(f"no answer to message {number} within {SILENCE_S:g} s")

        return worker.time_round_trips(trip, float(options["seconds"]))


if __name__ == "__main__":
    worker.run({"codec": codec, "send": send, "receive": receive, "echo": echo, "ping": ping})
