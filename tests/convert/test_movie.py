"""Films as ffmpeg reads them: pictures, times, colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.convert.movie import MovieWriter
from igtl.errors import MissingExtraError, RecordingError
from igtl.messages import Image, Message, Transform
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging
from igtl.video import Encoder
from tests.convert.entries import entry
from tests.video.pictures import coloured, grey, psnr

TIMES_MS = [0, 40, 130, 131, 400, 1000]


def made(path: Path, entries: list[Entry], **options: Any) -> list[str | None]:
    """A film of entries; what the writer said of each."""
    staging = Staging(path, overwrite=True)
    writer = MovieWriter(staging, entries=entries, **options)
    said = [writer.add(one) for one in entries]
    writer.close()
    assert staging.commit() == (path,)
    return said


def entries_of(messages: list[Message], times_ms: list[int] = TIMES_MS) -> list[Entry]:
    return [entry(one, ms * 1_000_000) for one, ms in zip(messages, times_ms, strict=True)]


def image(pixels: NDArray[Any], device: str = "US", **options: Any) -> Image:
    return Image(pixels, device_name=device, **options)


def read(path: Path) -> tuple[list[float], list[NDArray[np.uint8]], float]:
    """Times in ms, pictures in RGB, and how long the film lasts in ms, as ffmpeg has them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.pix_fmt, stream.codec_context.color_range) == ("yuv420p", 1)
        lasts = float(stream.duration * stream.time_base * 1000)
        frames = list(container.decode(stream))
    times = [float(Fraction(frame.pts) * frame.time_base * 1000) for frame in frames]
    return times, [frame.to_ndarray(format="rgb24") for frame in frames], lasts


def in_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack((pixels,) * 3, axis=-1) if pixels.ndim == 2 else pixels


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
@pytest.mark.parametrize("picture", [grey, coloured])
def test_pictures_are_shown_when_they_came(codec: str, picture: Any, tmp_path: Path) -> None:
    pictures = [picture(number) for number in range(6)]
    said = made(tmp_path / "us.mp4", entries_of([image(one) for one in pictures]), codec=codec)
    assert said == [None] * 6
    times, shown, lasts = read(tmp_path / "us.mp4")
    assert times == pytest.approx(TIMES_MS, abs=0.02)
    assert lasts == pytest.approx(1600, abs=1)  # the last one as long as that before it
    for one, other in zip(shown, pictures, strict=True):
        assert psnr(one, in_rgb(other)) > 34
    assert list(tmp_path.iterdir()) == [tmp_path / "us.mp4"]


@pytest.mark.parametrize("fps", [4, 12.5, 29.97])
def test_a_constant_rate(fps: float, tmp_path: Path) -> None:
    made(tmp_path / "us.mp4", entries_of([image(grey(n)) for n in range(6)]), fps=fps)
    times, _, lasts = read(tmp_path / "us.mp4")
    assert times == pytest.approx([1000 * n / fps for n in range(6)], abs=0.1)
    assert lasts == pytest.approx(6000 / fps, abs=1)


def test_pictures_of_one_moment_keep_their_order(tmp_path: Path) -> None:
    entries = entries_of([image(grey(n)) for n in range(4)], [10, 10, 5, 20])
    made(tmp_path / "us.mp4", entries)
    times, shown, _ = read(tmp_path / "us.mp4")
    assert times == sorted(times)
    assert times[-1] == pytest.approx(10, abs=0.02)
    assert [psnr(one, in_rgb(grey(n))) > 34 for n, one in enumerate(shown)] == [True] * 4


@pytest.mark.parametrize("height", [64, 720])
def test_black_white_and_colours_are_as_players_take_them(height: int, tmp_path: Path) -> None:
    pixels = np.zeros((height, 96, 3), np.uint8)
    pixels[:, 24:48], pixels[:, 48:72], pixels[:, 72:] = (255, 255, 255), (255, 0, 0), (0, 0, 255)
    made(tmp_path / "us.mp4", entries_of([image(pixels)], [0]))
    with av.open(str(tmp_path / "us.mp4")) as container:
        frame = next(container.decode(video=0))
    assert int(frame.colorspace) == (1 if height == 720 else 6)
    shown = frame.to_ndarray(format="rgb24")
    assert np.abs(shown[10:-10, 12::24].astype(int) - pixels[10:-10, 12::24]).max() <= 6


def test_odd_sizes_get_their_edge_twice(tmp_path: Path) -> None:
    made(tmp_path / "us.mp4", entries_of([image(grey(0, 97, 65))], [0]))
    _, (shown,), _ = read(tmp_path / "us.mp4")
    assert shown.shape == (66, 98, 3)
    assert psnr(shown[:65, :97], in_rgb(grey(0, 97, 65))) > 34


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "float32", ">i2"])
def test_other_pixels_are_shown_between_the_extremes_of_the_first_image(
    dtype: str, tmp_path: Path
) -> None:
    first, second = np.zeros((64, 64), dtype), np.full((64, 64), 50, dtype)
    first[:, 32:] = 200
    second[:, 32:] = 1000
    staging = Staging(tmp_path / "ct.mp4")
    writer = MovieWriter(staging)
    assert not writer.notes
    for one in entries_of([image(first), image(second)], [0, 40]):
        assert writer.add(one) is None
    assert writer.window == (0.0, 200.0)
    assert list(writer.notes) == ["0 is shown black and 200 white: the range of the first picture"]
    writer.close()
    staging.commit()
    _, shown, _ = read(tmp_path / "ct.mp4")
    assert [int(one[32, i, 0]) for one in shown for i in (16, 48)] == pytest.approx(
        [0, 255, 64, 255], abs=4
    )


def test_what_is_no_number_is_black_and_a_flat_image_is_no_harm(tmp_path: Path) -> None:
    pixels = np.full((64, 64), np.nan, np.float32)
    made(tmp_path / "a.mp4", entries_of([image(pixels)], [0]))
    pixels[:, 32:] = (5.0,) * 32
    pixels[:, 48:] = np.inf
    made(tmp_path / "b.mp4", entries_of([image(pixels)], [0]))
    for name in ("a.mp4", "b.mp4"):
        _, (shown,), _ = read(tmp_path / name)
        assert shown[32, 16].max() <= 4


def test_alpha_is_left_out(tmp_path: Path) -> None:
    pixels = np.dstack((coloured(0), np.zeros((64, 96), np.uint8)))
    made(tmp_path / "us.mp4", entries_of([image(pixels)], [0]))
    _, (shown,), _ = read(tmp_path / "us.mp4")
    assert psnr(shown, coloured(0)) > 34


@pytest.mark.parametrize("codec", ["H264", "VP90", "AV10", "I420"])
def test_video_is_decoded_from_its_first_key_frame_on(codec: str, tmp_path: Path) -> None:
    encoder = Encoder(codec, key_interval=4)
    videos: list[Message] = [encoder.encode(image(grey(number))) for number in range(8)]
    said = made(tmp_path / "us.mp4", entries_of(videos[2:]))
    _, shown, _ = read(tmp_path / "us.mp4")
    missing = 0 if codec == "I420" else 2
    assert said.count("video in front of its first key frame, or damaged") == missing
    assert len(shown) == 6 - missing
    for number, one in enumerate(shown, start=2 + missing):
        assert psnr(one, in_rgb(grey(number))) > 32


def test_other_messages_are_left_out_with_a_reason(tmp_path: Path) -> None:
    messages: list[Message] = [
        image(grey(0)),
        Transform(np.eye(4), device_name="US"),
        image(np.zeros((3, 64, 96), np.uint8)),
        image(np.zeros((1, 64, 96, 2), np.uint8)),
        image(grey(0), "CT"),
    ]
    said = made(tmp_path / "us.mp4", entries_of(messages, [0, 1, 2, 3, 4]), device="US")
    assert said == [
        None,
        "films hold images and video",
        "volumes of several slices are no pictures of a film: write .seq.nrrd or .nrrd",
        "pictures of 2 or more than 4 components",
        "of a device that was not chosen",
    ]


def test_several_devices_are_listed(tmp_path: Path) -> None:
    entries = entries_of([image(grey(0), name) for name in ("US", "US", "CT", "MR")], [0, 1, 2, 3])
    entries[1] = entries[1]._replace(connection="other")
    with pytest.raises(RecordingError) as caught:
        made(tmp_path / "us.mp4", entries)
    assert str(caught.value) == (
        "the file holds the pictures of one device, but there are 'US' (IMAGE, other); "
        "'CT' (IMAGE, tracker); 'US' (IMAGE, tracker); 'MR' (IMAGE, tracker): choose one (--image, "
        "and --type or --connection where that is not enough)"
    )


def test_a_time_that_no_film_has_is_an_error(tmp_path: Path) -> None:
    late = entry(image(grey(1)))._replace(time_ns=(1 << 63) - 5)
    staging = Staging(tmp_path / "us.mp4")
    writer = MovieWriter(staging)
    writer.add(entry(image(grey(0))))
    writer.add(late)
    with pytest.raises(RecordingError, match=r"us\.mp4: Invalid argument"):
        writer.close()
    writer.abandon()
    staging.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_size_is_refused(tmp_path: Path) -> None:
    entries = entries_of([image(grey(0)), image(grey(0, 64, 64))], [0, 1500])
    with pytest.raises(
        RecordingError,
        match=r"size from 96 x 64 to 64 x 64, 1\.500 s after the first: choose a part \(--from",
    ):
        made(tmp_path / "us.mp4", entries)


def test_grey_and_colour_may_change(tmp_path: Path) -> None:
    made(tmp_path / "us.mp4", entries_of([image(grey(0)), image(coloured(1))], [0, 40]))
    _, shown, _ = read(tmp_path / "us.mp4")
    assert psnr(shown[0], in_rgb(grey(0))) > 34
    assert psnr(shown[1], coloured(1)) > 34


def test_a_film_that_is_abandoned_leaves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for count in (0, 1, 3):
        staging = Staging(tmp_path / "us.mp4")
        writer = MovieWriter(staging)
        for one in entries_of([image(grey(n)) for n in range(count)], [0, 1, 2][:count]):
            writer.add(one)
        writer.abandon()
        staging.discard()
        assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_no_picture_no_film(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"cannot write .*us\.mp4: there was no picture"):
        MovieWriter(Staging(tmp_path / "us.mp4")).close()


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    writer = MovieWriter(Staging(tmp_path / "gone" / "us.mp4"))
    (tmp_path / "gone").rmdir()
    writer.add(entries_of([image(grey(0))], [0])[0])
    with pytest.raises(RecordingError, match=r"cannot write .*us\.mp4: No such file"):
        writer.close()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"codec": "vp9"}, "codec is 'vp9', expected one of h264, h265, av1"),
        ({"fps": 0}, "fps is 0, expected pictures a second, such as 25"),
        ({"fps": float("nan")}, "fps is nan"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=complaint):
        MovieWriter(Staging(tmp_path / "us.mp4"), **options)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'igtl\[video\]'"):
        MovieWriter(Staging(tmp_path / "us.mp4"))
