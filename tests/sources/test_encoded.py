from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.codec.frame import Frame, parse
from igtl.errors import MessageError
from igtl.messages import FrameType, Image, Message, String, Video, encode
from igtl.sources.encoded import EncodedSource

CODECS = {"H264": "h264", "X265": "hevc", "VP90": "vp9"}


def picture(n: int) -> NDArray[np.uint8]:
    """A bright bar that moves with n."""
    pixels = np.full((48, 64, 3), 60, np.uint8)
    pixels[:, 4 * (n % 12) : 4 * (n % 12) + 8] = 220
    return pixels


class Film:
    """A source of whatever a function makes of the tick."""

    name, rate, description = "film", 25.0, "a film"

    def __init__(self, make: Callable[[int], Sequence[Message | Frame]]) -> None:
        self._make = make
        self.closed = 0

    def messages(self, time_s: float) -> Sequence[Message | Frame]:
        return self._make(round(time_s * self.rate))

    def close(self) -> None:
        self.closed += 1


def us(n: int) -> Sequence[Message]:
    return (Image(picture(n), spacing=(0.5, 0.5, 1), device_name="US"),)


def videos(source: EncodedSource, ticks: range) -> list[Video]:
    found = [message for tick in ticks for message in source.messages(tick / source.rate)]
    assert all(isinstance(one, Video) for one in found)
    return [one for one in found if isinstance(one, Video)]


def decoded(codec: str, frames: Sequence[Video]) -> list[NDArray[Any]]:
    """What FFmpeg makes of them."""
    context = av.CodecContext.create(CODECS[codec], "r")
    context.thread_count = 1
    context.flags |= 1 << 19  # low delay
    packets = [av.Packet(bytes(one.data)) for one in frames]
    found = [frame for packet in [*packets, None] for frame in context.decode(packet)]
    return [frame.to_ndarray(format="rgb24") for frame in found]


@pytest.mark.parametrize("codec", CODECS)
def test_images_become_video_that_others_decode(codec: str) -> None:
    source = EncodedSource(Film(us), codec)
    frames = videos(source, range(6))
    assert [one.is_key for one in frames] == [True, *([False] * 5)]
    assert {(one.codec, one.device_name, one.size) for one in frames} == {
        (codec, "US", (64, 48, 1))
    }
    np.testing.assert_allclose(frames[0].ijk_to_world, np.diag((0.5, 0.5, 1, 1)))
    pictures = decoded(codec, frames)
    assert len(pictures) == 6
    for n, pixels in enumerate(pictures):
        assert float(np.mean(np.abs(pixels.astype(int) - picture(n)))) < 6.0
    source.close()


def test_who_comes_gets_a_key_frame() -> None:
    audience: set[str] = set()
    source = EncodedSource(Film(us), "H264", lambda: set(audience))
    keys = []
    for tick in range(12):
        if tick in (3, 7):
            audience.add(f"client {tick}")
        if tick == 9:
            audience.pop()
        if tick == 10:
            source.request_key()
        keys += [one.is_key for one in videos(source, range(tick, tick + 1))]
    assert [tick for tick, key in enumerate(keys) if key] == [0, 3, 7, 10]
    source.close()


@pytest.mark.parametrize(
    ("interval", "end", "expected"),
    [
        (0.28, "leaves", [0, 2, 9, 16]),  # of a film of 25 Hz
        (0.1, "leaves", [0, 2, 5, 8, 11, 14, 17, 20]),
        (0.1, "wants all", [0, 2, 5, 8, 11, 14, 17, 20, 22]),
        (0.1, "wants fewer", [0, 2, 5, 8, 11, 14, 17, 20, 22, 27]),
        (0.04, "leaves", [0, 2]),
        (0.0, "leaves", [0, 2]),
    ],
)
def test_key_frames_come_at_the_pace_of_who_wants_fewer_images(
    interval: float, end: str, expected: list[int]
) -> None:
    audience = {"slow", "fast"}
    source = EncodedSource(Film(us), "H264", lambda: set(audience))
    keys = []
    for tick in range(30):
        if tick == 2:
            source.request_key("slow", interval)
        if tick == 22:
            match end:
                case "leaves":
                    audience.remove("slow")
                case "wants all":
                    source.request_key("slow")
                case "wants fewer":
                    source.request_key("slow", 0.2)
        keys += [one.is_key for one in videos(source, range(tick, tick + 1))]
    assert [tick for tick, key in enumerate(keys) if key] == expected
    source.close()


def test_many_requests_of_one_listener_take_no_room() -> None:
    source = EncodedSource(Film(us), "I420")
    for number in range(1000):
        source.request_key("eager", float(number))
    assert len(source._requests) == 1
    source.close()


def test_each_device_has_its_own_stream() -> None:
    def two(n: int) -> Sequence[Message]:
        grey = Image(picture(n)[..., 0], device_name="Grey")
        return (*us(n), grey, String(f"{n}", device_name="Note"))

    source = EncodedSource(Film(two), "H264")
    found = [message for tick in range(3) for message in source.messages(tick / 25)]
    assert [type(one) for one in found] == [Video, Video, String] * 3
    assert [one.is_key for one in found if isinstance(one, Video)] == [True, True, *([False] * 4)]
    source.close()


def test_what_cannot_be_encoded_goes_as_it_is_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ct = Image(np.zeros((2, 4, 5), np.int16), device_name="CT")
    source = EncodedSource(Film(lambda n: (ct, *us(n))), "H264")
    with caplog.at_level(logging.WARNING, "igtl"):
        found = [message for tick in range(4) for message in source.messages(tick / 25)]
    assert found[::2] == [ct] * 4
    assert {type(one) for one in found[1::2]} == {Video}
    said = "igtl: CT is sent as IMAGE, not as H264: a volume of 2 slices is no frame of video"
    assert [record.message for record in caplog.records] == [said]
    source.close()


def test_recorded_bytes_are_encoded_too() -> None:
    def frames(n: int) -> Sequence[Frame]:
        note = String("x", device_name="Note")
        return [parse(encode(one)) for one in (*us(n), note)]

    source = EncodedSource(Film(frames), "H264")
    video, note = source.messages(0.0)
    assert isinstance(video, Video)
    assert isinstance(note, Frame)
    source.close()


def test_damaged_bytes_go_as_they_are() -> None:
    broken = parse(encode(us(0)[0]))._replace(crc=1)
    source = EncodedSource(Film(lambda _: [broken]), "H264")
    assert source.messages(0.0) == [broken]
    source.close()


def test_a_still_is_decoded_without_any_other_frame() -> None:
    source = EncodedSource(Film(us), "H264")
    assert source.still("US") is None
    videos(source, range(5))
    for name in ("US", ""):
        still = source.still(name)
        assert still is not None
        assert still.frame_type == FrameType.KEY
        (pixels,) = decoded("H264", [still])
        assert float(np.mean(np.abs(pixels.astype(int) - picture(4)))) < 6.0
    assert source.still("MR") is None
    source.close()


def test_who_comes_while_it_is_encoded_gets_a_key_frame() -> None:
    """The audience is asked before and after encoding."""
    audiences = iter([("a",), ("a",), ("a",), ("a", "b"), ("a", "b"), ("a", "b")])
    source = EncodedSource(Film(us), "H264", lambda: next(audiences))
    found = videos(source, range(3))
    assert [one.is_key for one in found] == [True, True, False]
    assert len(decoded("H264", found)) == 3
    source.close()


def test_it_is_the_source_otherwise() -> None:
    film = Film(us)
    source = EncodedSource(film, "I420")
    assert (source.name, source.rate) == ("film", 25.0)
    assert (source.description, source.has_images) == ("a film", False)
    source.messages(0.0)
    assert (source.description, source.has_images) == ("a film, images as I420", True)
    assert not hasattr(source, "next_time")
    source.close()
    assert film.closed == 1


def test_an_unknown_codec_is_told() -> None:
    with pytest.raises(MessageError, match="codec is 'MPEG', expected one of H264"):
        EncodedSource(Film(us), "MPEG")
