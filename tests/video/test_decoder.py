"""What is shown, and what is not: key frames, gaps, damage, and strange streams."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import pytest

from igtl.errors import DecodeError
from igtl.messages import FrameType, Video
from igtl.video import Decoder, Encoder
from tests.video.pictures import ALL, COMPRESSED, Pixels, carried, coloured, grey, image_of, psnr

GOOD_DB = 35

every_codec = pytest.mark.parametrize("codec", COMPRESSED)


def stream(codec: str, count: int, key_interval: int) -> list[Video]:
    """Videos of the pictures grey(0), grey(1) ..., numbered from 1."""
    with Encoder(codec, key_interval=key_interval) as encoder:
        return [carried(encoder.encode(image_of(grey(number)))) for number in range(count)]


def plain(video: Video) -> Video:
    """As a sender without numbers would send it."""
    return video.replace(metadata={})


def shown(decoder: Decoder, videos: list[Video], numbers: list[int]) -> list[int]:
    """The numbers of the pictures that are shown; each is seen to be the right one."""
    result = []
    for number in numbers:
        before = decoder.skipped
        pixels = decoder.decode(videos[number])
        assert decoder.skipped == before + (pixels is None)
        assert (decoder.why == "") == (pixels is not None)
        if pixels is not None:
            assert psnr(pixels[0], grey(number)) > GOOD_DB
            result.append(number)
    return result


@every_codec
def test_nothing_is_shown_before_the_first_key_frame(codec: str) -> None:
    decoder, videos = Decoder(), stream(codec, 10, key_interval=5)
    assert decoder.waiting
    assert decoder.why == "no key frame has come yet"
    assert shown(decoder, videos, [2, 3, 4]) == []
    assert decoder.waiting
    assert decoder.why == "no key frame has come yet"
    assert shown(decoder, videos, [5, 6, 7]) == [5, 6, 7]
    assert (decoder.waiting, decoder.skipped) == (False, 3)


@every_codec
@pytest.mark.parametrize("missing", [1, 3, 6])
def test_behind_a_gap_nothing_is_shown_until_a_key_frame(codec: str, missing: int) -> None:
    decoder, videos = Decoder(), stream(codec, 15, key_interval=5)
    there = [number for number in range(15) if number != missing]
    key = next(number for number in range(missing, 15) if number % 5 == 0)
    assert shown(decoder, videos, there) == [n for n in there if not missing < n < key]


@every_codec
def test_a_gap_is_told(codec: str) -> None:
    decoder, videos = Decoder(), stream(codec, 5, key_interval=5)
    shown(decoder, videos, [0, 1, 3])
    assert decoder.waiting
    assert decoder.why == "frame 4 came after 2; waiting for a key frame"
    assert shown(decoder, videos, [4]) == []


@every_codec
def test_pictures_may_be_written_to(codec: str) -> None:
    """They are no part of what the next ones build on."""
    decoder = Decoder()
    for number, video in enumerate(stream(codec, 4, key_interval=5)):
        pixels = decoder.decode(video)
        assert pixels is not None
        assert psnr(pixels[0], grey(number)) > GOOD_DB
        pixels[:] = 0


@every_codec
def test_a_missing_key_frame_is_a_gap_as_well(codec: str) -> None:
    decoder, videos = Decoder(), stream(codec, 15, key_interval=5)
    assert shown(decoder, videos, [3, 4, 6, 7, 10, 11]) == [10, 11]
    decoder = Decoder()
    assert shown(decoder, videos, [0, 1, 6, 7, 10]) == [0, 1, 10]


@every_codec
def test_without_numbers_whoever_knows_of_a_loss_tells_it(codec: str) -> None:
    decoder = Decoder()
    videos = [plain(video) for video in stream(codec, 10, key_interval=5)]
    assert shown(decoder, videos, [0, 1]) == [0, 1]
    decoder.lost("the queue was full")
    assert decoder.waiting
    assert decoder.why == "the queue was full; waiting for a key frame"
    assert shown(decoder, videos, [3, 4, 5, 6]) == [5, 6]


def test_hevc_notices_a_gap_without_numbers() -> None:
    decoder = Decoder()
    videos = [plain(video) for video in stream("X265", 10, key_interval=5)]
    assert shown(decoder, videos, [0, 1, 3, 4, 5, 6]) == [0, 1, 5, 6]


@every_codec
def test_numbers_go_round(codec: str) -> None:
    decoder, videos = Decoder(), stream(codec, 3, key_interval=5)
    last = [(1 << 32) - 2, (1 << 32) - 1, 0]
    videos = [
        video.replace(metadata={"VideoFrame": str(n)})
        for video, n in zip(videos, last, strict=True)
    ]
    assert shown(decoder, videos, [0, 1, 2]) == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "²", "9" * 5000])
def test_other_metadata_of_that_name_is_no_number(text: str) -> None:
    decoder = Decoder()
    videos = [v.replace(metadata={"VideoFrame": text}) for v in stream("H264", 3, key_interval=5)]
    assert shown(decoder, videos, [0, 1, 2]) == [0, 1, 2]


@every_codec
def test_a_damaged_frame_is_not_built_on(codec: str) -> None:
    """Half of a frame: the codec complains, or hides the rest behind what was there."""
    decoder, videos = Decoder(), stream(codec, 10, key_interval=5)
    assert shown(decoder, videos, [0, 1]) == [0, 1]
    cut = videos[2].replace(data=b"\0" * len(videos[2].data))
    assert decoder.decode(cut) is None
    assert shown(decoder, videos, [3, 4, 5, 6]) == [5, 6]


@every_codec
def test_another_device_in_between_is_no_part_of_the_stream(codec: str) -> None:
    decoder, videos = Decoder(), stream(codec, 10, key_interval=5)
    assert shown(decoder, videos, [0, 1]) == [0, 1]
    assert decoder.decode(videos[2].replace(device_name="Other")) is None
    assert decoder.why == "another stream began; waiting for a key frame"
    assert shown(decoder, videos, [3, 4, 5]) == [5]


def test_a_frame_without_data_is_no_picture_and_no_loss() -> None:
    decoder, videos = Decoder(), stream("H264", 3, key_interval=5)
    empty = Video(
        "H264", b"", frame_type=FrameType.SKIP, size=(96, 64, 1), grey=True, device_name="US"
    )
    assert decoder.decode(empty) is None
    assert decoder.waiting
    assert shown(decoder, [plain(v) for v in videos], [0]) == [0]
    assert decoder.decode(empty) is None
    assert (decoder.waiting, decoder.why) == (False, "a frame without data")
    assert shown(decoder, [plain(v) for v in videos], [1, 2]) == [1, 2]


@every_codec
def test_the_frame_type_of_the_sender_does_not_matter(codec: str) -> None:
    videos = [v.replace(frame_type=FrameType.UNKNOWN) for v in stream(codec, 3, key_interval=5)]
    assert shown(Decoder(), videos, [0, 1, 2]) == [0, 1, 2]
    videos = [v.replace(frame_type=FrameType.KEY) for v in videos]
    assert shown(Decoder(), videos, [1, 2]) == []


# ---- refused


@pytest.mark.parametrize("codec", ALL)
def test_unknown_codecs_and_impossible_sizes_are_refused(codec: str) -> None:
    video = Encoder(codec).encode(image_of(grey(0)))
    decoder = Decoder(max_pixels=96 * 64)
    assert decoder.decode(video) is not None
    for size in [(97, 64, 1), (96, 64, 2), (0, 64, 1), (96, 64, 0), (65535, 65535, 1)]:
        with pytest.raises(
            DecodeError, match=r"pixels is not decoded: expected one slice of up to"
        ):
            decoder.decode(video.replace(size=size))
        assert decoder.waiting
    with pytest.raises(
        DecodeError, match="codec of the video is 'HUFF', expected one of H264, VP90"
    ):
        decoder.decode(video.replace(codec="HUFF"))
    assert decoder.decode(video) is not None
    assert decoder.skipped == 6


@every_codec
def test_a_picture_of_another_size_than_announced_is_refused(codec: str) -> None:
    video = Encoder(codec).encode(image_of(grey(0, 320, 240)))
    for size in [(322, 240, 1), (320, 400, 1), (200, 240, 1), (320, 120, 1)]:
        decoder = Decoder()
        with pytest.raises(DecodeError, match=r"320 x 240 pixels, but \d+ x \d+ were announced"):
            decoder.decode(video.replace(size=size))
        assert decoder.waiting


@every_codec
def test_a_picture_far_larger_than_announced_is_refused_by_the_codec(codec: str) -> None:
    video = Encoder(codec).encode(image_of(grey(0, 640, 480)))
    decoder = Decoder()
    assert decoder.decode(video.replace(size=(16, 16, 1))) is None
    assert decoder.why.startswith("a damaged frame (")


@pytest.mark.parametrize("grey_flag", [True, False])
def test_i420_of_another_length_is_refused(grey_flag: bool) -> None:
    for length in (0, 149, 151):
        video = Video("I420", bytes(length), frame_type=1, size=(10, 10, 1), grey=grey_flag)
        with pytest.raises(DecodeError, match=f"10 x 10 pixels has 150 bytes, not {length}"):
            Decoder().decode(video)


# ---- streams of other encoders


def foreign(name: str, pictures: list[Pixels], form: str, **options: str) -> Iterator[Any]:
    """Packets of PyAV's encoder with its own settings, in the order of decoding."""
    height, width = pictures[0].shape[:2]
    context = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = width, height, form
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = options
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgb24")
        frame = frame.reformat(format=form, dst_color_range="MPEG", dst_colorspace="ITU601")
        frame.pts = number
        yield from context.encode(frame)
    yield from context.encode(None)


FOREIGN = [
    ("H264", "libx264", "yuv420p", {"slices": "5", "preset": "veryslow", "bf": "0"}, 0),
    ("H264", "libx264", "yuv420p", {"preset": "medium", "bf": "3"}, 2),
    ("H264", "libx264", "yuv444p", {"tune": "zerolatency"}, 0),
    ("H264", "libx264", "yuv420p10le", {"tune": "zerolatency"}, 0),
    ("H264", "libx264", "yuv420p", {"flags": "+ilme+ildct", "bf": "0", "tune": "zerolatency"}, 0),
    ("X265", "libx265", "yuv420p", {"preset": "medium", "x265-params": "log-level=none"}, 2),
    ("O265", "libx265", "yuv420p", {"x265-params": "log-level=none:bframes=0:slices=2"}, 0),
    ("VP90", "libvpx-vp9", "yuv420p", {"crf": "20", "b": "0", "cpu-used": "5"}, 0),
    ("AV10", "libsvtav1", "yuv420p", {"crf": "20", "preset": "9"}, 0),
]


@pytest.mark.parametrize(("codec", "name", "form", "options", "late"), FOREIGN)
def test_streams_of_other_encoders_are_shown_with_their_own_times(
    codec: str, name: str, form: str, options: dict[str, str], late: int
) -> None:
    """Where pictures refer to later ones they come late, but each with its own message."""
    pictures = [coloured(3 * number, 160, 128) for number in range(20)]
    decoder, seen = Decoder(), []
    for packet in foreign(name, pictures, form, **options):
        video = Video(
            codec,
            bytes(packet),
            frame_type=FrameType.UNKNOWN,
            size=(160, 128, 1),
            timestamp=float(1 + packet.pts),
        )
        image = decoder.decode_image(carried(video))
        if image is not None:
            number = round((image.timestamp or 0) - 1)
            seen.append(number)
            assert psnr(image.pixels[0], pictures[number]) > 30
    assert seen == list(range(len(seen)))
    assert decoder.skipped == 20 - len(seen) == late


def test_brightness_of_foreign_grey_is_taken_as_it_is() -> None:
    """Y holds the pixels, whatever range the stream claims."""
    packets = foreign("libx264", [grey(0)], "yuv420p", tune="zerolatency", crf="5")
    video = Video("H264", bytes(next(packets)), frame_type=1, size=(96, 64, 1), grey=True)
    pixels = Decoder().decode(video)
    assert pixels is not None
    assert psnr(pixels[0], 16 + grey(0) * (219 / 255)) > 40


def test_ten_bits_of_grey_become_eight() -> None:
    packets = foreign("libx264", [grey(0)], "yuv420p10le", tune="zerolatency", crf="5")
    video = Video("H264", bytes(next(packets)), frame_type=1, size=(96, 64, 1), grey=True)
    pixels = Decoder().decode(video)
    assert pixels is not None
    assert psnr(pixels[0], 16 + grey(0) * (219 / 255)) > 40
