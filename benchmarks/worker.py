"""What every Python contender shares: its command line, its frames, its clock, its figures.

A contender is a program ``ROLE [key=value ...]``. Its roles are those of ``reference.cpp``:

    codec    pack and unpack, one process                            seconds=
    send     a server that sends to one client, then closes          kind= array= seconds=
    receive  the client that takes every message until the end       kind= read= port=
    echo     a server that sends every TRANSFORM back
    ping     the client that times round trips                       seconds= port=
    answer   a server that answers GET_IMGMETA, and the command Ping
    get      the client that times GET_IMGMETA                       seconds= port=
    command  the client that times commands                          seconds= port=
    device   a server that publishes TRANSFORM at 1 kHz to clients   clients= seconds=
    observe  one client of a device that measures the latency        port=
    record   writes messages to a recording                          kind= seconds=
    read     takes every message of a recording, one by one          messages=
    columns  all poses of one device of a recording, as an array     messages=
    info     the command `igtl info` on a recording                  messages=

Servers print ``{"port": N}`` first (a device ``{"stalled": 1}`` next); every role ends with one
line of JSON, its figures.
"""

from __future__ import annotations

import itertools
import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DEVICE",
    "LIFETIME_S",
    "Options",
    "TRANSFORM_SIZE",
    "announce",
    "change",
    "device_names",
    "latencies",
    "matrix_with",
    "new_frame",
    "per_call_us",
    "run",
    "time_round_trips",
    "transform_bytes",
    "until",
]

DEVICE = "Bench"
IMAGE_KINDS: Mapping[str, tuple[int, ...]] = {
    "grey480p": (480, 640),
    "rgb1080p": (1080, 1920, 3),
    "rgb4k": (2160, 3840, 3),
}
TRANSFORM_SIZE = 106
WARM_UP_PINGS = 20
MIN_FRAMES = 5
LIFETIME_S = 150  # a worker never outlives a benchmark that was killed

Options = Mapping[str, str]
Frame = TypeVar("Frame")
Role = Callable[[Options], Mapping[str, float]]


def run(roles: Mapping[str, Role]) -> None:
    """Runs the role that the command line names and prints its figures as one line of JSON."""
    signal.alarm(LIFETIME_S)
    options = dict(text.split("=", 1) for text in sys.argv[2:])
    figures = dict(roles[sys.argv[1]](options))
    figures["peak_mib"] = peak_memory_mib()
    print(json.dumps(figures), flush=True)


def announce(**facts: int) -> None:
    """Tells the harness where this server stands: its port, or that its stalled client stalls."""
    print(json.dumps(facts), flush=True)


def peak_memory_mib() -> float:
    """The highest resident memory of this process so far, in MiB.

    Linux's VmHWM starts anew with each program; ru_maxrss would inherit the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def new_frame(kind: str, seed: int = 0) -> NDArray[np.uint8]:
    """A frame of one of IMAGE_KINDS, (j, i[, c]) uint8, the same bytes as the reference sends."""
    pattern = np.arange(256, dtype=np.uint8) * np.uint8(7) + np.uint8(seed)
    return np.resize(pattern, IMAGE_KINDS[kind])


def change(frame: NDArray[np.uint8]) -> None:
    """Makes the frame another one: counts its first value up, from 255 to 0."""
    frame.reshape(-1)[:1] += 1


def matrix_with(counter: int) -> NDArray[np.float64]:
    """A (4, 4) float64 pose whose x translation is the counter."""
    matrix = np.eye(4)
    matrix[0, 3] = counter
    return matrix


def device_names(count: int) -> list[str]:
    """Names for so many devices; one alone is DEVICE."""
    return [DEVICE] if count == 1 else [f"Device{number}" for number in range(count)]


def transform_bytes() -> bytearray:
    """106 bytes of the size of a TRANSFORM message, for raw sockets: they carry no meaning."""
    return bytearray(b"\0\1TRANSFORM".ljust(TRANSFORM_SIZE, b"\0"))


def per_call_us(call: Callable[[], object], seconds: float) -> float:
    """The median time of one call in microseconds, over batches of at least 5 ms."""
    batch = 1
    while _batch_s(call, batch) < 0.005:
        batch *= 2
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        times.append(_batch_s(call, batch) / batch * 1e6)
    return float(np.median(times))


def until(end: float, frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames to send until that time of perf_counter, but at least MIN_FRAMES."""
    yield from itertools.islice(frames, MIN_FRAMES)
    while time.perf_counter() < end:
        yield next(frames)


def _batch_s(call: Callable[[], object], size: int) -> float:
    start = time.perf_counter()
    for _ in range(size):
        call()
    return time.perf_counter() - start


def time_round_trips(trip: Callable[[int], None], seconds: float) -> Mapping[str, float]:
    """Median and 99th percentile of round trips, after WARM_UP_PINGS that do not count."""
    for number in range(WARM_UP_PINGS):
        trip(number)
    times: list[int] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < WARM_UP_PINGS:
        start = time.perf_counter_ns()
        trip(WARM_UP_PINGS + len(times))
        times.append(time.perf_counter_ns() - start)
    p50, p99 = np.percentile(times, [50, 99]) / 1000
    return {"round_trips": len(times), "p50_us": p50, "p99_us": p99}


def latencies(times_us: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    """Median and 99th percentile of latencies given in microseconds."""
    values = np.asarray(times_us, dtype=np.float64)
    p50, p99 = np.percentile(values, [50, 99])
    return {"p50_us": float(p50), "p99_us": float(p99)}
