"""Films that PyAV wrote, as sources."""

from __future__ import annotations

import os
import re
import sys
import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import MissingExtraError, SourceError
from igtl.messages import Image
from igtl.sources import open_source
from igtl.sources.video_file import VIDEO_ENDINGS, VideoFileSource
from tests.video.pictures import coloured, grey, psnr

FORMS = [
    (".mp4", "libx264", "yuv420p"),
    (".mov", "libx264", "yuv444p"),
    (".mkv", "libx265", "yuv420p"),
    (".webm", "libvpx-vp9", "yuv420p"),
    (".avi", "mjpeg", "yuvj420p"),
    (".avi", "mpeg4", "yuv420p"),
    (".mpg", "mpeg2video", "yuv420p"),
    (".m2ts", "libx264", "yuv420p"),
    (".y4m", "wrapped_avframe", "yuv420p"),
]
COUNT = 12


def film(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    codec: str = "libx264",
    form: str = "yuv420p",
    rate: Fraction = Fraction(25),
    aspect: Fraction | None = None,
) -> Path:
    """A film as anybody would write it."""
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        height, width = pictures[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, form
        stream.bit_rate = 4_000_000
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for picture in pictures:
            kind = "gray" if picture.ndim == 2 else "rgb24"
            frame = av.VideoFrame.from_ndarray(picture, format=kind).reformat(format=form)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def picture_at(source: VideoFileSource, tick: int) -> NDArray[np.uint8]:
    (message,) = source.messages(tick / source.rate)
    assert isinstance(message, Image)
    assert message.timestamp is None
    assert message.device_name == source.device_name
    pixels: NDArray[np.uint8] = message.pixels[0]
    return pixels


@pytest.mark.parametrize(("ending", "codec", "form"), FORMS)
def test_films_of_many_kinds_are_played_round_and_round(
    ending: str, codec: str, form: str, tmp_path: Path
) -> None:
    pictures = [coloured(3 * number, 192, 128) for number in range(COUNT)]
    source = VideoFileSource(film(tmp_path / f"heart{ending}", pictures, codec, form))
    assert (source.rate, source.device_name) == (25.0, "heart")
    for tick in (*range(COUNT), COUNT, COUNT + 1):
        pixels = picture_at(source, tick)
        assert pixels.shape == (128, 192, 3)
        assert psnr(pixels, pictures[tick % COUNT]) > 30
    source.close()


@pytest.mark.parametrize(
    ("ending", "codec", "form"),
    [*FORMS[:5], (".mkv", "ffv1", "gray"), (".avi", "rawvideo", "gray")],
)
def test_grey_films_are_grey_images(ending: str, codec: str, form: str, tmp_path: Path) -> None:
    pictures = [grey(number, 192, 128) for number in range(COUNT)]
    source = VideoFileSource(film(tmp_path / f"us{ending}", pictures, codec, form))
    assert source.description == f"film: {COUNT} pictures of 192 x 128, grey, as us"
    for tick in range(COUNT):
        pixels = picture_at(source, tick)
        assert pixels.shape == (128, 192)
        assert psnr(pixels, pictures[tick]) > 30


def test_black_and_white_are_0_and_255(tmp_path: Path) -> None:
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 32:] = 255
    pixels = picture_at(VideoFileSource(film(tmp_path / "us.mp4", [picture])), 0)
    assert pixels[:, :24].max() <= 4
    assert pixels[:, 40:].min() >= 251


def test_a_film_that_begins_black_is_still_in_colour(tmp_path: Path) -> None:
    black = np.zeros((64, 96, 3), np.uint8)
    pictures = [black] * 6 + [coloured(number) for number in range(30)]
    source = VideoFileSource(film(tmp_path / "us.mp4", pictures))
    assert picture_at(source, 0).shape == (64, 96, 3)
    assert psnr(picture_at(source, 20), pictures[20]) > 30


def test_ticks_may_come_in_any_order_and_twice(tmp_path: Path) -> None:
    pictures = [grey(number) for number in range(COUNT)]
    source = VideoFileSource(film(tmp_path / "us.mp4", pictures))
    for tick in (5, 5, 2, 11, 0, 7, 6, 100, 3):
        assert psnr(picture_at(source, tick), pictures[tick % COUNT]) > 30
    assert source.messages(3 / source.rate)[0] is source.messages(3 / source.rate)[0]


def test_rate_and_name_can_be_given(tmp_path: Path) -> None:
    path = film(tmp_path / "us.mp4", [grey(0), grey(1)], rate=Fraction(30000, 1001))
    assert VideoFileSource(path).rate == pytest.approx(29.97, abs=0.01)
    source = VideoFileSource(path, rate=5.0, device_name="Camera")
    assert (source.rate, source.device_name, source.name) == (5.0, "Camera", "us.mp4")
    assert psnr(picture_at(source, 1), grey(1)) > 30
    with pytest.raises(SourceError, match="rate is 0, expected ticks per second"):
        VideoFileSource(path, rate=0)


def test_pixels_that_are_no_squares(tmp_path: Path) -> None:
    path = film(tmp_path / "us.mp4", [grey(0)], aspect=Fraction(4, 3))
    (message,) = VideoFileSource(path).messages(0.0)
    assert isinstance(message, Image)
    np.testing.assert_allclose(message.spacing, (4 / 3, 1, 1), rtol=1e-5)


def test_a_film_is_opened_by_the_ending_of_its_name(tmp_path: Path) -> None:
    path = film(tmp_path / "US.MP4", [grey(0)])
    source = open_source(str(path), rate="12")
    assert isinstance(source, VideoFileSource)
    assert (source.rate, source.device_name) == (12.0, "US")
    assert {ending for ending, _, _ in FORMS} <= set(VIDEO_ENDINGS)


def test_a_source_can_be_closed_twice_and_used_again(tmp_path: Path) -> None:
    source = VideoFileSource(film(tmp_path / "us.mp4", [grey(0), grey(1)]))
    source.close()
    source.close()
    assert psnr(picture_at(source, 1), grey(1)) > 30
    source.close()
    os.replace(tmp_path / "us.mp4", tmp_path / "other.mp4")
    with pytest.raises(SourceError, match=r"cannot read .*us\.mp4: No such file"):
        source.messages(0.0)


def test_a_long_film_needs_no_more_memory(tmp_path: Path) -> None:
    path = film(tmp_path / "us.mp4", [grey(number % 7, 320, 240) for number in range(200)])
    source = VideoFileSource(path)
    tracemalloc.start()
    for tick in range(200):
        picture_at(source, tick)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 320 * 240


def test_a_film_that_ends_early_goes_round_where_it_ends(tmp_path: Path) -> None:
    """A transport stream has no list of its pictures; one cut in the middle is still a film."""
    pictures = [grey(number, 192, 128) for number in range(COUNT)]
    path = film(tmp_path / "us.m2ts", pictures, codec="mpeg2video")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 // 192 * 192])
    source = VideoFileSource(path)
    seen = {picture_at(source, tick).tobytes() for tick in range(2 * COUNT)}
    assert 2 <= len(seen) < COUNT
    assert psnr(picture_at(source, 0), pictures[0]) > 30


def test_a_film_with_less_than_it_lists_goes_round_where_it_ends(tmp_path: Path) -> None:
    pictures = [grey(number, 192, 128) for number in range(COUNT)]
    path = film(tmp_path / "us.avi", pictures, "mjpeg", "yuvj420p")
    data = path.read_bytes()
    starts = [found.start() for found in re.finditer(b"\xff\xd8\xff", data)]
    path.write_bytes(data[: starts[8]] + data[starts[8] :].replace(b"\xff", b"\0"))
    source = VideoFileSource(path)
    for tick in (0, 7, 8, 9, 16):
        assert psnr(picture_at(source, tick), pictures[tick % 8]) > 30


def test_traces_of_colour_are_no_colour(tmp_path: Path) -> None:
    picture = np.stack((grey(0), grey(0) + 1, grey(0)), axis=-1).astype(np.uint8)
    path = film(tmp_path / "us.mkv", [picture], "ffv1", "bgr0")
    assert picture_at(VideoFileSource(path), 0).shape == (64, 96)
    picture[..., 1] += 3
    path = film(tmp_path / "us.mkv", [picture], "ffv1", "bgr0")
    assert picture_at(VideoFileSource(path), 0).shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "Invalid data found"),
        (b"this is no film\n" * 50, ""),
        (b"\0\0\0\x18ftypisom" + bytes(200), ""),
    ],
)
def test_what_is_no_film_is_told_in_one_line(
    content: bytes, complaint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "us.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"cannot read .*us\.mp4: .*{complaint}") as caught:
        VideoFileSource(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_sound_without_pictures_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match=r"cannot read .*sound\.mkv: it has no pictures"):
        VideoFileSource(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "us.mp4", tmp_path):
        with pytest.raises(SourceError, match="there is no file"):
            VideoFileSource(path)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "us.mp4", [grey(0)])
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'igtl\[video\]'"):
        VideoFileSource(path)
