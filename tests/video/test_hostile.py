"""Whatever bytes come: a picture as large as announced, nothing, or DecodeError."""

from __future__ import annotations

import os
import threading
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.errors import DecodeError
from igtl.messages import Video
from igtl.video import Decoder
from igtl.video.bitstream import begins_stream
from tests.video.pictures import ALL, COMPRESSED, Pixels, grey, psnr
from tests.video.test_decoder import stream

every_codec = pytest.mark.parametrize("codec", COMPRESSED)


@cache
def good(codec: str) -> tuple[Video, ...]:
    return tuple(stream(codec, 6, key_interval=5))


def fed(decoder: Decoder, video: Video) -> Pixels | None:
    """What a decoder makes of a message, and that it keeps its word."""
    try:
        pixels = decoder.decode(video)
    except DecodeError:
        assert decoder.waiting
        return None
    width, height, _ = video.size
    if pixels is None:
        assert decoder.why
        return None
    assert pixels.shape == ((1, height, width) if video.grey else (1, height, width, 3))
    return pixels


def recovers(decoder: Decoder, codec: str) -> bool:
    """Whether the next key frame, and what follows, is shown."""
    videos = good(codec)
    shown = [fed(decoder, videos[number]) for number in (0, 1)]
    return all(one is not None and psnr(one[0], grey(n)) > 35 for n, one in enumerate(shown))


@every_codec
@given(data=st.binary(max_size=200), begun=st.booleans(), is_grey=st.booleans())
def test_random_bytes(codec: str, data: bytes, begun: bool, is_grey: bool) -> None:
    decoder = Decoder()
    if begun:
        assert fed(decoder, good(codec)[0]) is not None
    fed(decoder, good(codec)[0].replace(data=data, metadata={}, grey=is_grey))
    assert recovers(decoder, codec)


@every_codec
@given(changes=st.data())
def test_damaged_streams(codec: str, changes: st.DataObject) -> None:
    decoder = Decoder()
    for video in good(codec):
        data = bytearray(video.data)
        for _ in range(changes.draw(st.integers(0, 3))):
            data[changes.draw(st.integers(0, len(data) - 1))] = changes.draw(st.integers(0, 255))
        cut = changes.draw(st.integers(0, len(data))) if changes.draw(st.booleans()) else None
        fed(decoder, video.replace(data=bytes(data[:cut])))
    assert recovers(decoder, codec)


@pytest.mark.parametrize("codec", ALL)
@given(size=st.tuples(*[st.integers(0, 300)] * 3), is_grey=st.booleans(), number=st.text())
def test_other_headers(codec: str, size: tuple[int, int, int], is_grey: bool, number: str) -> None:
    video = Video(codec, good("H264")[0].data, frame_type=1, size=size, grey=is_grey)
    decoder = Decoder()
    fed(decoder, video)
    fed(decoder, video.replace(metadata={"VideoFrame": number}))


@pytest.mark.parametrize("codec", COMPRESSED)
def test_the_bytes_of_another_codec(codec: str) -> None:
    decoder = Decoder()
    for other in COMPRESSED:
        for video in good(other):
            if {codec, other} <= {"X265", "O265"} or codec == other:
                continue
            assert fed(decoder, video.replace(codec=codec)) is None
    assert recovers(decoder, codec)


@every_codec
def test_nothing_is_printed_and_no_thread_stays(
    codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(5)
    before = threads()
    decoder = Decoder()
    for _ in range(30):
        for video in good(codec):
            data = np.frombuffer(video.data, np.uint8).copy()
            data[random.integers(0, len(data), 3)] = random.integers(0, 256, 3)
            fed(decoder, video.replace(data=bytes(data)))
            fed(decoder, video.replace(data=bytes(data), size=(95, 64, 1)))
    decoder.close()
    assert threads() <= before + 16  # libraries keep some for the next time
    assert capfd.readouterr() == ("", "")


def threads() -> int:
    """Of this process, those of libraries included."""
    if os.path.isdir("/proc/self/task"):
        return len(os.listdir("/proc/self/task"))
    return threading.active_count()


@every_codec
@given(data=st.binary(max_size=60))
def test_the_look_for_a_beginning_takes_any_bytes(codec: str, data: bytes) -> None:
    assert begins_stream(codec, data) in (True, False)
