"""Streams of messages in chunks, and the ways to feed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from igtl.codec.frame import Frame
from igtl.protocol.framing import FrameReader
from tests.codec.wire import packet

__all__ = ["CHUNK", "FEEDERS", "chunks", "cuts", "numbered", "streams"]

#: How much a reader takes at once; what is larger is received on its own.
CHUNK = 1 << 16
# Bodies around all sizes at which something changes, header of 58 bytes included.
SIZES = [0, 0, 1, 12, 48, 48, 48, 500, CHUNK - 59, CHUNK - 58, CHUNK - 57, CHUNK, 100_000]


def numbered(sizes: Iterable[int], wire_type: str = "X") -> list[bytes]:
    """Messages with bodies of these sizes, each with its number as time and as checksum."""
    return [
        packet(wire_type, bytes([number % 251]) * size, raw_time=number, crc=number)
        for number, size in enumerate(sizes)
    ]


def streams() -> SearchStrategy[list[bytes]]:
    """Messages of any sizes, or many of one size, which are cut together."""
    any_sizes = st.lists(st.sampled_from(SIZES), max_size=6)
    runs = st.tuples(st.sampled_from([0, 1, 48, 500]), st.integers(1, 200))
    run_sizes = st.lists(runs, max_size=3).map(lambda rs: [s for s, n in rs for _ in range(n)])
    return (any_sizes | run_sizes).map(numbered)


def cuts(data: bytes) -> SearchStrategy[list[bytes]]:
    """The stream in chunks of any sizes."""
    places = st.lists(st.integers(0, len(data)), max_size=12).map(sorted)
    return places.map(
        lambda ps: [data[a:b] for a, b in zip([0, *ps], [*ps, len(data)], strict=True)]
    )


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    """The stream in chunks of one size."""
    return (data[at : at + size] for at in range(0, len(data), size))


def by_feeding(reader: FrameReader, chunk: bytes) -> list[Frame]:
    return reader.feed(chunk)


def by_receiving(reader: FrameReader, chunk: bytes) -> list[Frame]:
    """As a socket does: into the reader's own buffer, never more than it has room for."""
    frames: list[Frame] = []
    while chunk:
        buffer = reader.buffer()
        assert len(buffer) > 0
        count = min(len(buffer), len(chunk))
        buffer[:count] = chunk[:count]
        frames += reader.received(count)
        chunk = chunk[count:]
    return frames


FEEDERS: list[Callable[[FrameReader, bytes], list[Frame]]] = [by_feeding, by_receiving]
