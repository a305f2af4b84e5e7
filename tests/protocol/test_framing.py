"""From a stream to frames: whole, byte by byte and in any other chunks."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.codec.frame import HEADER, Frame
from igtl.errors import FramingError
from igtl.protocol.framing import FrameReader
from tests.codec.wire import packet
from tests.protocol.streams import CHUNK, FEEDERS, chunks, cuts, numbered, streams

Feeder = Callable[[FrameReader, bytes], list[Frame]]
each_feeder = pytest.mark.parametrize("feed", FEEDERS, ids=lambda one: one.__name__)


def cut_as(feed: Feeder, pieces: Iterable[bytes]) -> list[bytes]:
    """The messages that a reader finds in a stream of pieces."""
    reader = FrameReader()
    frames = [frame for piece in pieces for frame in feed(reader, piece)]
    assert reader.pending == 0
    return [frame.to_bytes() for frame in frames]


@each_feeder
@given(st.data())
def test_any_chunks_give_the_same_messages(feed: Feeder, data: st.DataObject) -> None:
    messages = data.draw(streams())
    stream = b"".join(messages)
    assert cut_as(feed, data.draw(cuts(stream))) == messages


@each_feeder
@pytest.mark.parametrize("size", [1, 2, 57, 58, 59, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 30])
def test_chunks_of_one_size(feed: Feeder, size: int) -> None:
    messages = numbered([0, 48, 1, 0, 3000, 48] + [48] * 20 + [0] * 20 + [500] * 17 + [7])
    if size >= 57:
        messages += numbered([CHUNK, 5, CHUNK - 58, 100_000, 0])
    assert cut_as(feed, chunks(b"".join(messages), size)) == messages


@each_feeder
def test_a_large_body_byte_by_byte(feed: Feeder) -> None:
    messages = numbered([CHUNK - 57, 3])
    assert cut_as(feed, chunks(b"".join(messages), 1)) == messages


def test_three_hundred_messages_at_once_are_three_hundred() -> None:
    for size in (0, 48, 200):
        messages = numbered([size] * 300)
        frames = FrameReader().feed(b"".join(messages))
        assert [frame.raw_time for frame in frames] == list(range(300))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 60))
def test_a_run_ends_where_another_size_begins(first: int, second: int, more: int) -> None:
    messages = numbered([48] * first + [49] * second)
    reader = FrameReader()
    frames = reader.feed(b"".join(messages) + packet("Y", bytes(48))[:more])
    assert [frame.to_bytes() for frame in frames] == messages
    assert reader.pending == more


@pytest.mark.parametrize("size", [0, 48, 500, CHUNK - 58, CHUNK - 57, 1 << 20])
def test_pending_counts_what_is_not_complete(size: int) -> None:
    (message,) = numbered([size])
    reader = FrameReader()
    for at in {0, 1, 57, 58, 58 + size // 2, 58 + size - 1} & set(range(58 + size)):
        reader = FrameReader()
        assert reader.feed(message[:at]) == []
        assert reader.pending == at
    assert len(reader.feed(message[reader.pending :])) == 1
    assert reader.pending == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_like_object(kind: type) -> None:
    messages = numbered([5, 100_000])
    frames = FrameReader().feed(kind(b"".join(messages)))
    assert [frame.to_bytes() for frame in frames] == messages


def test_frames_do_not_change_when_the_stream_goes_on() -> None:
    reader = FrameReader()
    sizes = [48] * 20 + [5, CHUNK, CHUNK, 100_000, CHUNK, 100_000] + [0] * 20 + [7]
    messages = numbered(sizes)
    frames = [frame for message in messages for frame in reader.feed(message)]
    reader.feed(b"\xaa" * 40)
    assert [frame.to_bytes() for frame in frames] == messages


def test_a_checksum_is_not_looked_at() -> None:
    (frame,) = FrameReader().feed(packet("X", b"abc", crc=1))
    assert frame.crc == 1


class TestLargeBodies:
    SIZE = 1 << 20

    def test_they_are_received_into_a_buffer_of_their_size(self) -> None:
        reader = FrameReader()
        (message,) = numbered([self.SIZE])
        reader.feed(message[:58])
        assert len(reader.buffer()) == self.SIZE
        reader.feed(message[58:1000])
        assert len(reader.buffer()) == self.SIZE - 942
        (frame,) = reader.feed(message[1000:])
        assert len(reader.buffer()) == CHUNK
        assert isinstance(frame.body, memoryview)
        assert frame.body.readonly

    def test_a_buffer_that_somebody_looks_at_is_left_alone(self) -> None:
        """A frame, a slice of its body, an array on it: each of them keeps the memory."""
        reader = FrameReader()
        messages = numbered([self.SIZE] * 9)
        keepers: list[Callable[[Frame], object]] = [
            lambda frame: frame,
            lambda frame: frame.body,
            lambda frame: frame.body[100:200],
            lambda frame: np.frombuffer(frame.body, np.uint8),
            lambda frame: np.frombuffer(frame.body, ">u4")[5:10].reshape(5, 1),
        ]
        kept = [keep(reader.feed(one)[0]) for keep, one in zip(keepers, messages, strict=False)]
        for message in messages[5:]:
            reader.feed(message)
        first = [bytes(one.body if isinstance(one, Frame) else one)[0] for one in kept]  # type: ignore[call-overload]
        assert first == [0, 1, 2, 3, 4]

    def test_a_buffer_that_nobody_looks_at_is_used_again(self) -> None:
        reader = FrameReader()
        for message in numbered([self.SIZE] * 3):
            reader.feed(message)
        (another,) = numbered([self.SIZE])
        tracemalloc.start()
        try:
            for _ in range(3):
                (frame,) = reader.feed(another)
                assert frame.to_bytes() == another
                del frame
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2 * self.SIZE  # the bytes to compare with, and no body

    def test_memory_of_other_sizes_is_given_back(self) -> None:
        reader = FrameReader()
        tracemalloc.start()
        try:
            for message in numbered([self.SIZE * 4, self.SIZE * 3, self.SIZE * 2, CHUNK]):
                reader.feed(message)
                del message
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert used < self.SIZE


def header(size: int, version: int = 1) -> bytes:
    return HEADER.pack(version, b"IMAGE", b"CT", 0, size, 0)


class TestLimits:
    @pytest.mark.parametrize("size", [(1 << 30) + 1, 1 << 32, 1 << 63, (1 << 64) - 1])
    def test_a_body_over_the_limit_is_refused_before_anything_is_allocated(self, size: int) -> None:
        reader = FrameReader()
        tracemalloc.start()
        try:
            assert reader.feed(header(size) + b"some of it") == []
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 1 << 16
        with pytest.raises(FramingError, match=f"IMAGE of device 'CT' announces a body of {size}"):
            reader.buffer()

    def test_a_body_of_just_the_limit_is_taken(self) -> None:
        for limit in (0, 10, 100_000):
            (message,) = numbered([limit])
            assert len(FrameReader(max_body=limit).feed(message)) == 1
            reader = FrameReader(max_body=limit)
            (message,) = numbered([limit + 1])
            assert reader.feed(message[:58]) == []
            with pytest.raises(FramingError, match=f"over the limit of {limit}: raise max_body"):
                reader.feed(message[58:])

    @pytest.mark.parametrize("size", [1 << 63, (1 << 64) - 1])
    def test_a_body_that_no_memory_can_hold_is_refused(self, size: int) -> None:
        reader = FrameReader(max_body=1 << 64)
        assert reader.feed(header(size)) == []
        with pytest.raises(FramingError, match=f"no memory for a body of {size} bytes"):
            reader.buffer()

    def test_version_0_is_refused(self) -> None:
        reader = FrameReader()
        reader.feed(header(5, version=0))
        assert isinstance(reader.error, FramingError)
        with pytest.raises(FramingError, match="header version is 0, expected 1 or more"):
            reader.feed(b"more")

    @pytest.mark.parametrize("version", [2, 3, 65535])
    def test_other_versions_are_taken(self, version: int) -> None:
        (frame,) = FrameReader().feed(packet("X", b"abc", version=version))
        assert frame.version == version

    @pytest.mark.parametrize("before", [1, 15, 16, 17, 40])
    @pytest.mark.parametrize(
        "wrong", [header(48, version=0), header(1 << 40)], ids=["version 0", "large"]
    )
    def test_frames_before_an_error_are_delivered(self, before: int, wrong: bytes) -> None:
        """Also from within a run of messages of one size."""
        messages = numbered([48] * before)
        behind = numbered([48] * 2000)  # more than is looked at once
        stream = b"".join([*messages, wrong, *behind])
        reader = FrameReader()
        assert [frame.to_bytes() for frame in reader.feed(stream)] == messages
        with pytest.raises(FramingError):
            reader.feed(b"more")
        reader = FrameReader()
        reader.buffer()[:] = stream[:CHUNK]
        assert [frame.to_bytes() for frame in reader.received(CHUNK)] == messages
        with pytest.raises(FramingError):
            reader.buffer()

    def test_the_error_stays(self) -> None:
        reader = FrameReader()
        reader.feed(header(5, version=0))
        for _ in range(3):
            with pytest.raises(FramingError):
                reader.buffer()
            with pytest.raises(FramingError):
                reader.feed(b"x")
        assert reader.feed(b"") == []


@given(st.binary(max_size=300), st.integers(1, 64))
def test_any_bytes_are_frames_or_an_error(data: bytes, size: int) -> None:
    whole, pieces = FrameReader(max_body=1000), FrameReader(max_body=1000)
    found: list[Frame] = whole.feed(data)
    again: list[Frame] = []
    for chunk in chunks(data, size):
        if pieces.error is None:
            again += pieces.feed(chunk)
    assert again == found
    assert (pieces.error is None) is (whole.error is None)
    if whole.error is None:
        assert b"".join(frame.to_bytes() for frame in found) == data[: len(data) - whole.pending]
