"""One device, many clients: the device's 1 kHz clock, its stamps, and the crowd that receives.

The device writes the monotonic time into the matrix's translation, (seconds, microseconds,
counter), each exact as float32; the clock is the same in all processes of one machine. The crowd
is one process with many plain sockets, the same program for every contender: it keeps what
arrives with the time of arrival and reads it when all is over, so that it costs the machine
little. ``python -m benchmarks.fanout crowd clients=N port=P``
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks import worker

__all__ = ["connect", "latency_us", "publish_at_1khz", "summary"]

PERIOD_NS = 1_000_000
WRAP_S = 100_000  # seconds in a stamp, exact as float32
RECORD = np.dtype(
    {
        "names": ["type", "seconds", "microseconds"],
        "formats": ["S12", ">f4", ">f4"],
        "offsets": [2, 94, 98],
        "itemsize": worker.TRANSFORM_SIZE,
    }
)

Matrix = NDArray[np.float64]
Chunks = list[tuple[int, bytes]]  # time of arrival in ns, bytes


def publish_at_1khz(publish: Callable[[Matrix], None], seconds: float) -> Mapping[str, float]:
    """Calls publish with a newly stamped (4, 4) matrix each millisecond."""
    matrix = np.eye(4)
    count = round(seconds * 1e9 / PERIOD_NS)
    start = time.monotonic_ns()
    for number in range(count):
        ahead_ns = start + number * PERIOD_NS - time.monotonic_ns()
        if ahead_ns > 0:
            time.sleep(ahead_ns / 1e9)
        whole, rest = divmod(time.monotonic_ns() // 1000, 1_000_000)
        matrix[:3, 3] = whole % WRAP_S, rest, number
        publish(matrix)
    took = (time.monotonic_ns() - start) / 1e9
    return {"published": count, "publish_hz": count / took}


def latency_us(matrix: Matrix) -> float:
    """Microseconds since the matrix was stamped."""
    return _since_us(time.monotonic_ns(), float(matrix[0, 3]), float(matrix[1, 3]))


def _since_us(now_ns: int, whole: float, rest: float) -> float:
    return (now_ns / 1000 - whole * 1e6 - rest) % (WRAP_S * 1e6)


def connect(port: int) -> socket.socket:
    """A plain client socket without Nagle's delay."""
    link = socket.create_connection(("127.0.0.1", port), timeout=10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.settimeout(None)
    return link


def summary(clients: Sequence[Chunks]) -> Mapping[str, float]:
    """Messages of the client that got least, and the latency over all clients.

    Raises:
        ValueError: a stream is not a row of V=1 TRANSFORM messages.
    """
    found = [_latencies_of(chunks) for chunks in clients]
    least = min(len(latencies) for latencies in found)
    return {"least_delivered": least, **worker.latencies(np.concatenate(found))}


def _latencies_of(chunks: Chunks) -> NDArray[np.float64]:
    """Latency of every whole message, (n,) us: it has arrived when its last byte has."""
    stream = b"".join(data for _, data in chunks)
    count = len(stream) // RECORD.itemsize
    records = np.frombuffer(stream, RECORD, count)
    if not (records["type"] == b"TRANSFORM").all():
        raise ValueError(f"expected TRANSFORM messages of {RECORD.itemsize} bytes, found others")
    ends = np.cumsum([len(data) for _, data in chunks])
    chunk_of = np.searchsorted(ends, (np.arange(count) + 1) * RECORD.itemsize)
    arrived = np.array([at for at, _ in chunks])[chunk_of] / 1000
    sent = records["seconds"].astype(np.float64) * 1e6 + records["microseconds"]
    latencies: NDArray[np.float64] = (arrived - sent) % (WRAP_S * 1e6)
    return latencies


def _crowd(options: worker.Options) -> Mapping[str, float]:
    """Many sockets on one selector, each read whenever it has something, until all have ended."""
    clients: list[Chunks] = [[] for _ in range(int(options["clients"]))]
    with selectors.DefaultSelector() as selector:
        for chunks in clients:
            selector.register(connect(int(options["port"])), selectors.EVENT_READ, chunks)
        while selector.get_map():
            for key, _ in selector.select():
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if data:
                    key.data.append((time.monotonic_ns(), data))
                else:
                    selector.unregister(key.fileobj)
    return summary(clients)


if __name__ == "__main__":
    worker.run({"crowd": _crowd})
