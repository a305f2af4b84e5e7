"""`igtl bench`: how fast igtl is on this machine, in some seconds."""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.bench_server import FRAME_SHAPE, WAIT_S, frame, new_image, new_transform
from igtl.cli.terminal import say

__all__ = ["DESCRIPTION", "EXAMPLES", "Figure", "add_arguments", "run"]

DESCRIPTION = """\
Measure igtl on this machine: packing and unpacking of messages, streams through
TCP from a server in one process to a client in another, checksums on, and the
time of a round trip."""

EXAMPLES = """\
examples:
  igtl bench                   about ten seconds
  igtl bench --seconds 0.2     quick and rough
  igtl bench --json            for programs

In a checkout of the project, `make bench` compares igtl with the C++ library,
pyigtl and raw sockets."""

_BATCH_S = 0.005
_WARM_UP_TRIPS = 50


class Figure(NamedTuple):
    """One row of the result."""

    name: str
    value: float
    unit: str


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "--seconds",
        type=arguments.duration,
        default=1.0,
        metavar="S",
        help="how long each figure is measured (default: 1)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: Namespace) -> int:
    """Measure and print."""
    figures: list[Figure] = []
    for measure in (_transform_codec, _image_codec, _transforms, _images, _round_trips):
        found = measure(options.seconds)
        figures += found
        if not options.json:
            for figure in found:
                say(f"{figure.name:28} {figure.value:14,.1f} {figure.unit}")
    if options.json:
        say(json.dumps({**_machine(), "figures": [figure._asdict() for figure in figures]}))
    return status.DONE


def _machine() -> dict[str, str]:
    return {
        "igtl": igtl.__version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
    }


def _transform_codec(seconds: float) -> list[Figure]:
    matrix = np.eye(4)
    data = igtl.encode(new_transform(matrix, 0))
    pack = _call_us(lambda: igtl.encode(new_transform(matrix, 1)), seconds)
    unpack = _call_us(lambda: _matrix(igtl.decode(data)), seconds)
    return [Figure("pack TRANSFORM", pack, "us"), Figure("unpack TRANSFORM", unpack, "us")]


def _image_codec(seconds: float) -> list[Figure]:
    data = igtl.encode(new_image(frame()))
    pack = _call_us(lambda: igtl.encode(new_image(frame())), seconds)
    unpack = _call_us(lambda: _pixels(igtl.decode(data)), seconds)
    return [Figure("pack 1080p RGB", pack, "us"), Figure("unpack 1080p RGB", unpack, "us")]


def _transforms(seconds: float) -> list[Figure]:
    rate = _stream("transforms", _matrix, seconds)
    return [Figure("TRANSFORM stream", rate, "messages/s")]


def _images(seconds: float) -> list[Figure]:
    rate = _stream("images", _pixels, seconds)
    return [
        Figure("1080p RGB stream", rate, "images/s"),
        Figure("1080p RGB throughput", rate * math.prod(FRAME_SHAPE) / 1e6, "MB/s"),
    ]


def _round_trips(seconds: float) -> list[Figure]:
    matrix = np.eye(4)
    times: list[float] = []
    with _beside("echo", seconds) as port, igtl.connect(f"127.0.0.1:{port}") as link:
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end or len(times) <= _WARM_UP_TRIPS:
            link.send(new_transform(matrix, len(times)))
            _matrix(link.receive(timeout=WAIT_S))
            times.append(time.perf_counter() - start)
    half, most = np.percentile(times[_WARM_UP_TRIPS:], (50, 99)) * 1e6
    return [
        Figure("round trip, median", float(half), "us"),
        Figure("round trip, 99 %", float(most), "us"),
    ]


def _call_us(call: Callable[[], object], seconds: float) -> float:
    """The median time of one call in us, over batches of some ms."""
    count = 1
    while _batch_s(call, count) < _BATCH_S:
        count *= 2
    end = time.perf_counter() + seconds
    times = [_batch_s(call, count)]
    while time.perf_counter() < end:
        times.append(_batch_s(call, count))
    return float(np.median(times)) / count * 1e6


def _batch_s(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def _stream(role: str, read: Callable[[igtl.Message], object], seconds: float) -> float:
    """Messages per second that a client takes and reads while the server does its best."""
    with _beside(role, seconds) as port, igtl.connect(f"127.0.0.1:{port}") as link:
        messages = iter(link)
        next(messages)
        start = time.perf_counter()
        count = 0
        for message in messages:
            read(message)
            count += 1
        return count / (time.perf_counter() - start)


@contextmanager
def _beside(role: str, seconds: float) -> Iterator[int]:
    """Run a server in another process, which Ctrl-C does not reach; its port."""
    command = [sys.executable, "-m", "igtl.cli.bench_server", role, str(seconds)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told = process.stdout.readline() if process.stdout else ""
        if not told:
            raise igtl.ConnectError(f"{' '.join(command)} ended before it served")
        yield int(told)
    finally:
        process.kill()
        with process:  # closes the pipe, and waits
            pass


def _matrix(message: igtl.Message) -> object:
    return message.matrix if isinstance(message, igtl.Transform) else None


def _pixels(message: igtl.Message) -> object:
    return message.pixels.flat[0] if isinstance(message, igtl.Image) else None
