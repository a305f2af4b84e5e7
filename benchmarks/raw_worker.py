"""Raw Python sockets in the layout of the contenders: what the operating system leaves to gain.

Same processes, direction, byte counts and socket options; no messages, no checksums. Frames are
received into one buffer that is used again and again.
"""

from __future__ import annotations

import itertools
import socket
import struct
import time
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks import fanout, sessions, worker

IMAGE_PREFIX = 58 + 72  # OpenIGTLink header and IMAGE prefix in front of the pixels
CLIENT_TIMEOUT_S = 30


def _listen() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    listener.settimeout(CLIENT_TIMEOUT_S)
    worker.announce(port=listener.getsockname()[1])
    return listener


def _accept(listener: socket.socket) -> socket.socket:
    link, _ = listener.accept()
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.settimeout(None)
    return link


def _receive_exactly(link: socket.socket, view: memoryview) -> bool:
    """Fills the view; False when the peer closed before."""
    got = 0
    while got < len(view):
        count = link.recv_into(view[got:])
        if not count:
            return False
        got += count
    return True


def send(options: worker.Options) -> Mapping[str, float]:
    """Sends for some seconds as fast as the socket takes it, one sendall a message."""
    messages = _messages(options)
    with _listen() as listener, _accept(listener) as link:
        end = time.perf_counter() + float(options["seconds"])
        if options["kind"] == "transform":
            return {"sent": _send_small(link, end)}
        sent = 0
        for message in worker.until(end, messages):
            link.sendall(message)
            sent += 1
    return {"sent": sent}


def _send_small(link: socket.socket, end: float) -> int:
    message = worker.transform_bytes()
    sent = 0
    while time.perf_counter() < end:
        for _ in range(64):
            link.sendall(message)
        sent += 64
    return sent


def _messages(options: worker.Options) -> Iterator[memoryview]:
    if options["kind"] == "transform":
        return iter(())
    frames = [_message_with(worker.new_frame(options["kind"], seed)) for seed in range(2)]
    if options["array"] == "readonly":
        return itertools.cycle(frame.data for frame in frames)
    return _copies(*frames)


def _message_with(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([np.zeros(IMAGE_PREFIX, np.uint8), frame.reshape(-1)])


def _copies(frame: NDArray[np.uint8], message: NDArray[np.uint8]) -> Iterator[memoryview]:
    while True:
        frame[-1] += 1
        message[IMAGE_PREFIX:] = frame[IMAGE_PREFIX:]
        yield message.data


def receive(options: worker.Options) -> Mapping[str, float]:
    """Receives until the sender closes: frames whole, TRANSFORMs as the socket gives them."""
    with fanout.connect(int(options["port"])) as link:
        if options["kind"] == "transform":
            return _receive_transforms(link)
        return _receive_frames(link, worker.new_frame(options["kind"]).size + IMAGE_PREFIX)


def _receive_transforms(link: socket.socket) -> Mapping[str, float]:
    buffer = bytearray(65536)
    total = first = link.recv_into(buffer)
    start = time.perf_counter()
    while count := link.recv_into(buffer):
        total += count
    took = time.perf_counter() - start
    size = worker.TRANSFORM_SIZE
    return {"delivered": total // size, "rate": (total - first) / size / took}


def _receive_frames(link: socket.socket, size: int) -> Mapping[str, float]:
    view = memoryview(bytearray(size))
    _receive_exactly(link, view)
    delivered = 1
    start = time.perf_counter()
    while _receive_exactly(link, view):
        delivered += 1
    took = time.perf_counter() - start
    return {"delivered": delivered, "rate": (delivered - 1) / took}


def echo(options: worker.Options) -> Mapping[str, float]:
    """Sends back each 106 bytes."""
    view = memoryview(worker.transform_bytes())
    echoed = 0
    with _listen() as listener, _accept(listener) as link:
        while _receive_exactly(link, view):
            link.sendall(view)
            echoed += 1
    return {"echoed": echoed}


def ping(options: worker.Options) -> Mapping[str, float]:
    """Times 106 bytes to the server and back."""
    message = worker.transform_bytes()
    answer = memoryview(bytearray(len(message)))
    with fanout.connect(int(options["port"])) as link:

        def trip(number: int) -> None:
            link.sendall(message)
            if not _receive_exactly(link, answer):
                raise ConnectionError("the echo server closed the connection")

        return worker.time_round_trips(trip, float(options["seconds"]))


def device(options: worker.Options) -> Mapping[str, float]:
    """Publishes to all clients, one send each; a client whose socket is full is left out."""
    with _listen() as listener:
        stalled = _accept(listener)
        stalled.setblocking(False)
        message = worker.transform_bytes()
        while _send_whole(stalled, message):
            pass
        worker.announce(stalled=1)
        clients = [_accept(listener) for _ in range(int(options["clients"]))]
    for client in clients:
        client.setblocking(False)
    clients.append(stalled)

    def publish(matrix: fanout.Matrix) -> None:
        struct.pack_into(">3f", message, 94, *matrix[:3, 3])
        for client in clients:
            _send_whole(client, message)

    return fanout.publish_at_1khz(publish, float(options["seconds"]))


def _send_whole(client: socket.socket, message: bytearray) -> bool:
    """False when the socket is full."""
    try:
        return client.send(message) == len(message)
    except BlockingIOError:
        return False


def observe(options: worker.Options) -> Mapping[str, float]:
    """One client of the device that blocks in recv."""
    chunks: fanout.Chunks = []
    with fanout.connect(int(options["port"])) as link:
        while data := link.recv(65536):
            chunks.append((time.monotonic_ns(), data))
    return fanout.summary([chunks])


def record(options: worker.Options) -> Mapping[str, float]:
    """Writes the same bytes to a file: 4 MiB of small messages at once, each frame by itself."""
    frames = [frame.to_bytes() for frame in sessions.frames_of(options["kind"])]
    size, count = len(frames[0]), 1
    if options["kind"] == "transform":
        count = (4 << 20) // size
        frames = [b"".join(itertools.islice(itertools.cycle(frames), count))]
    written, turn = 0, itertools.cycle(frames)
    with sessions.room() as folder, (folder / "raw").open("wb", buffering=0) as file:
        start = time.perf_counter()
        end = start + float(options["seconds"])
        while time.perf_counter() < end and written < sessions.most_of(size):
            file.write(next(turn))
            written += count
        took = time.perf_counter() - start
    return {"rate": written / took, "gb_s": written * size / took / 1e9, "dropped": 0}


if __name__ == "__main__":
    worker.run(
        {
            "send": send,
            "receive": receive,
            "echo": echo,
            "ping": ping,
            "device": device,
            "observe": observe,
            "record": record,
        }
    )
