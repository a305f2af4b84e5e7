"""I420: planes worked out by hand, and by ffmpeg."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from igtl.messages import FrameType
from igtl.video import Decoder, Encoder
from igtl.video.planes import enlarged, from_i420, to_i420
from tests.video.pictures import coloured, grey, image_of, psnr

#: BT.601 in eight bits, as published for the colours of a test card at full strength.
COLOURS = [
    ((255, 255, 255), (235, 128, 128)),
    ((255, 255, 0), (210, 16, 146)),
    ((0, 255, 255), (170, 166, 16)),
    ((0, 255, 0), (145, 54, 34)),
    ((255, 0, 255), (106, 202, 222)),
    ((255, 0, 0), (81, 90, 240)),
    ((0, 0, 255), (41, 240, 110)),
    ((0, 0, 0), (16, 128, 128)),
]


def by_hand(red: int, green: int, blue: int) -> tuple[int, ...]:
    """The definition: Y' from 0.299, 0.587, 0.114; U and V from B - Y' and R - Y'."""
    r, g, b = Fraction(red, 255), Fraction(green, 255), Fraction(blue, 255)
    y = Fraction("0.299") * r + Fraction("0.587") * g + Fraction("0.114") * b
    u, v = (b - y) / Fraction("1.772"), (r - y) / Fraction("1.402")
    return round(16 + 219 * y), round(128 + 224 * u), round(128 + 224 * v)


@pytest.mark.parametrize(("rgb", "yuv"), COLOURS)
def test_known_colours(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    assert by_hand(*rgb) == yuv
    pixels = np.full((4, 6, 3), rgb, np.uint8)
    video = Encoder("I420").encode(image_of(pixels))
    assert video.data == bytes([yuv[0]]) * 24 + bytes([yuv[1]]) * 6 + bytes([yuv[2]]) * 6
    assert (video.frame_type, video.grey) == (FrameType.KEY, False)
    shown = Decoder().decode(video)
    assert shown is not None
    assert np.abs(shown.astype(int) - rgb).max() <= 2


def test_colours_are_the_mean_of_four_pixels() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0] = pixels[1, 1] = (255, 0, 0)
    data = to_i420(pixels)
    assert list(data) == [81, 16, 16, 81, 109, 184]  # 128 - 37.8 / 2, 128 + 112 / 2


@pytest.mark.parametrize("size", [(8, 6), (7, 5), (1, 1), (2, 3)], ids=str)
def test_sizes_are_rounded_up(size: tuple[int, int]) -> None:
    width, height = size
    halved = (width + 1) // 2 * ((height + 1) // 2)
    data = to_i420(coloured(0, width, height))
    assert len(data) == width * height + 2 * halved
    assert from_i420(data, width, height, grey=False).shape == (height, width, 3)


def test_grey_is_y_as_it_is() -> None:
    pixels = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert to_i420(pixels) == bytes(range(35)) + bytes([128]) * 24
    np.testing.assert_array_equal(from_i420(to_i420(pixels), 7, 5, grey=True), pixels)


def test_ffmpeg_sees_the_same_colours() -> None:
    picture = coloured(0, 96, 64)
    lines = np.frombuffer(to_i420(picture), np.uint8).reshape(96, 96)
    theirs = av.VideoFrame.from_ndarray(lines, format="yuv420p").to_ndarray(format="rgb24")
    assert psnr(theirs, picture) > 38
    ours = from_i420(to_i420(picture), 96, 64, grey=False)
    assert np.abs(ours.astype(int) - theirs).max() <= 4


def test_enlarging_repeats_the_edges() -> None:
    assert enlarged(np.array([[1, 2, 3]], np.uint8), 2).tolist() == [[1, 2, 3, 3], [1, 2, 3, 3]]
    even = grey(0, 8, 6)
    assert enlarged(even, 2) is even
    assert enlarged(even, 16).shape == (16, 16)
    assert enlarged(coloured(0, 7, 5), 2).shape == (6, 8, 3)
