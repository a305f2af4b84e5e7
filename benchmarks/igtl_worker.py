"""igtl as its users call it: ``publish``, ``for message in link``, default options.

The one option: where every message must arrive, the server waits for a slow client
(``when_full="wait"``) as the blocking calls of the other contenders do.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

import igtl
from benchmarks import fanout, recordings, worker

CLIENT_TIMEOUT_S = 30.0
#: Messages that a series has.
SERIES = 500
#: Images that an answer to GET_IMGMETA lists.
IMAGES = 3
STALL_CHECK_S = 0.02


def codec(options: worker.Options) -> Mapping[str, float]:
    """A new message object and its bytes; bytes to a message object and its array."""
    seconds = float(options["seconds"])
    matrix = worker.matrix_with(0)

    def new_transform() -> igtl.Transform:
        matrix[0, 3] += 1
        return igtl.Transform(matrix, device_name=worker.DEVICE)

    def read_transform(message: igtl.Message) -> object:
        assert isinstance(message, igtl.Transform)
        return message.matrix

    figures = _codec_figures("transform", new_transform, read_transform, seconds)
    for kind in ("grey480p", "rgb1080p"):
        figures |= _codec_figures(kind, _image_maker(kind), _read_image, seconds)
    return figures


def _image_maker(kind: str) -> Callable[[], igtl.Image]:
    frame = worker.new_frame(kind)

    def new_image() -> igtl.Image:
        worker.change(frame)
        return igtl.Image(frame, device_name=worker.DEVICE)

    return new_image


def _read_image(message: igtl.Message) -> object:
    assert isinstance(message, igtl.Image)
    return message.pixels


def _codec_figures(
    kind: str,
    new: Callable[[], igtl.Message],
    read: Callable[[igtl.Message], object],
    seconds: float,
) -> dict[str, float]:
    data = igtl.encode(new())
    return {
        f"pack_{kind}_us": worker.per_call_us(lambda: igtl.encode(new()), seconds),
        f"unpack_{kind}_us": worker.per_call_us(lambda: read(igtl.decode(data)), seconds),
    }


def send(options: worker.Options) -> Mapping[str, float]:
    """Publishes new messages for some seconds as fast as the client takes them."""
    seconds = float(options["seconds"])
    images = None if options["kind"] == "transform" else _images(options)
    with igtl.Server(port=0, when_full="wait") as server:
        worker.announce(port=server.port)
        if not server.wait_for_clients(1, timeout=CLIENT_TIMEOUT_S):
            raise TimeoutError(f"no client came within {CLIENT_TIMEOUT_S:g} s")
        end = time.perf_counter() + seconds
        if images:
            sent = _send_images(server, images, end)
        elif options.get("make") == "series":
            sent = _send_series(server, end)
        else:
            sent = _send_transforms(server, end, int(options.get("devices", 1)))
        _wait_until_sent(server, stalled=0)
    return {"sent": sent}


def _send_transforms(server: igtl.Server, end: float, devices: int = 1) -> int:
    matrix = worker.matrix_with(0)
    names = worker.device_names(devices)
    sent = 0
    while time.perf_counter() < end:
        for number in range(sent, sent + 64):
            matrix[0, 3] = number
            server.publish(igtl.Transform(matrix, device_name=names[number % devices]))
        sent += 64
    return sent


def _send_series(server: igtl.Server, end: float) -> int:
    matrices = np.tile(worker.matrix_with(0), (SERIES, 1, 1))
    sent = 0
    while time.perf_counter() < end:
        matrices[:, 0, 3] = np.arange(sent, sent + SERIES)
        server.publish(igtl.Series(igtl.Transform, matrix=matrices, device_name=worker.DEVICE))
        sent += SERIES
    return sent


def _send_images(server: igtl.Server, images: Iterator[igtl.Image], end: float) -> int:
    sent = 0
    for image in worker.until(end, images):
        server.publish(image)
        sent += 1
    return sent


def _wait_until_sent(server: igtl.Server, *, stalled: int) -> None:
    """Waits until only the clients that stall have something queued."""
    while sum(peer.queued > 0 for peer in server.clients) > stalled:
        time.sleep(0.001)


def _images(options: worker.Options) -> Iterator[igtl.Image]:
    frames = [worker.new_frame(options["kind"], seed) for seed in range(2)]
    return _handed_over(frames) if options["array"] == "readonly" else _copied(frames[0])


def _handed_over(frames: list[NDArray[np.uint8]]) -> Iterator[igtl.Image]:
    for frame in frames:
        frame.flags.writeable = False
    for frame in itertools.cycle(frames):
        yield igtl.Image(frame, device_name=worker.DEVICE)


def _copied(frame: NDArray[np.uint8]) -> Iterator[igtl.Image]:
    while True:
        worker.change(frame)
        yield igtl.Image(frame, device_name=worker.DEVICE)


def receive(options: worker.Options) -> Mapping[str, float]:
    """Takes every message as an object until the server closes."""
    take = _count_images
    if options["kind"] == "transform":
        take = _count_matrices if options["read"] == "1" else _count
    with igtl.connect(f"127.0.0.1:{options['port']}") as link:
        messages = iter(link)
        next(messages)
        start = time.perf_counter()
        delivered = take(messages)
        took = time.perf_counter() - start
        figures = {"delivered": delivered + 1, "rate": delivered / took}
        if devices := int(options.get("devices", 0)):
            figures["latest_us"] = _time_latest(link, devices)
    return figures


def _time_latest(link: igtl.Client, devices: int) -> float:
    """Median time of getting the newest pose of one device among many, us; each asked once."""
    times = []
    for name in worker.device_names(devices):
        start = time.perf_counter()
        link.latest(igtl.Transform, name)
        times.append((time.perf_counter() - start) * 1e6)
    return float(np.median(times))


def _count(messages: Iterator[igtl.Message]) -> int:
    delivered = 0
    for _ in messages:
        delivered += 1
    return delivered


def _count_matrices(messages: Iterator[igtl.Message]) -> int:
    delivered = 0
    for message in messages:
        match message:
            case igtl.Transform():
                message.matrix  # noqa: B018
                delivered += 1
    return delivered


def _count_images(messages: Iterator[igtl.Message]) -> int:
    delivered = 0
    for message in messages:
        match message:
            case igtl.Image():
                message.pixels.flat[0]
                delivered += 1
    return delivered


def echo(options: worker.Options) -> Mapping[str, float]:
    """A server whose handler sends each TRANSFORM back, until its client has gone."""
    gone = threading.Event()
    with igtl.Server(port=0) as server:

        @server.on_message(igtl.Transform)
        def send_back(peer: igtl.Peer, message: igtl.Message) -> None:
            peer.send(message)

        @server.on_disconnect
        def leave(peer: igtl.Peer) -> None:
            gone.set()

        worker.announce(port=server.port)
        if not gone.wait(worker.LIFETIME_S):
            raise TimeoutError("the client never left")
    return {}


def ping(options: worker.Options) -> Mapping[str, float]:
    """Times a TRANSFORM to the server and back, from matrix to matrix."""
    matrix = worker.matrix_with(0)
    with igtl.connect(f"127.0.0.1:{options['port']}") as link:

        def trip(number: int) -> None:
            matrix[0, 3] = number
            link.send(igtl.Transform(matrix, device_name=worker.DEVICE))
            answer = link.receive()
            if not isinstance(answer, igtl.Transform) or answer.matrix[0, 3] != number:
                raise ValueError(f"expected message {number} back, found {answer!r}")

        return worker.time_round_trips(trip, float(options["seconds"]))


def answer(options: worker.Options) -> Mapping[str, float]:
    """A server that answers GET_IMGMETA with three images, and the command "Ping", by itself."""
    gone = threading.Event()
    with igtl.Server(port=0) as server:
        server.on_disconnect(lambda _peer: gone.set())
        server.on_command("Ping")(lambda _peer, command: command.content)
        image = igtl.ImageMetaElement(
            "Image", "IMAGE_0", "CT", "Patient", "ID", size=(512, 512, 64), scalar_type=5
        )
        server.offer(igtl.ImageMeta([image] * IMAGES, device_name=worker.DEVICE))
        worker.announce(port=server.port)
        if not gone.wait(worker.LIFETIME_S):
            raise TimeoutError("the client never left")
    return {}


def get(options: worker.Options) -> Mapping[str, float]:
    """Times GET_IMGMETA and its answer, from call to message."""
    with igtl.connect(f"127.0.0.1:{options['port']}") as link:

        def trip(_number: int) -> None:
            if len(link.get(igtl.ImageMeta, worker.DEVICE).images) != IMAGES:
                raise ValueError("another number of images")

        return worker.time_round_trips(trip, float(options["seconds"]))


def command(options: worker.Options) -> Mapping[str, float]:
    """Times a COMMAND and its reply, from call to reply."""
    with igtl.connect(f"127.0.0.1:{options['port']}") as link:

        def trip(number: int) -> None:
            if link.command("Ping", str(number)).content != str(number):
                raise ValueError("another reply came back")

        return worker.time_round_trips(trip, float(options["seconds"]))


def device(options: worker.Options) -> Mapping[str, float]:
    """A server with default options: one client stalls already when the others come."""
    with igtl.Server(port=0) as server:
        worker.announce(port=server.port)
        server.wait_for_clients(1, timeout=CLIENT_TIMEOUT_S)
        _publish_until_stalled(server)
        worker.announce(stalled=1)
        if not server.wait_for_clients(int(options["clients"]) + 1, timeout=CLIENT_TIMEOUT_S):
            raise TimeoutError(f"{len(server.clients) - 1} of {options['clients']} clients came")

        def publish(matrix: fanout.Matrix) -> None:
            server.publish(igtl.Transform(matrix, device_name=worker.DEVICE))

        figures = fanout.publish_at_1khz(publish, float(options["seconds"]))
        _wait_until_sent(server, stalled=1)
    return figures


def _publish_until_stalled(server: igtl.Server) -> None:
    """Fills the socket and the queue of the only client, until messages are dropped."""
    message = igtl.Transform(worker.matrix_with(0), device_name=worker.DEVICE)
    (peer,) = server.clients
    sent = -1
    while not peer.counters.dropped or peer.counters.messages_sent != sent:
        sent = peer.counters.messages_sent
        for _ in range(2000):
            server.publish(message)
        time.sleep(STALL_CHECK_S)


def observe(options: worker.Options) -> Mapping[str, float]:
    """One client of the device: latency from publish to the matrix in hand."""
    times: list[float] = []
    with igtl.connect(f"127.0.0.1:{options['port']}") as link:
        for message in link:
            match message:
                case igtl.Transform():
                    times.append(fanout.latency_us(message.matrix))
    return {"least_delivered": len(times), **worker.latencies(times)}


if __name__ == "__main__":
    worker.run(
        {
            "codec": codec,
            "send": send,
            "receive": receive,
            "echo": echo,
            "ping": ping,
            "answer": answer,
            "get": get,
            "command": command,
            "device": device,
            "observe": observe,
            **recordings.ROLES,
        }
    )
