"""What is refused, with advice."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from igtl.errors import MessageError, MissingExtraError
from igtl.messages import Image
from igtl.video import Decoder, Encoder
from tests.video.pictures import ALL, COMPRESSED, grey, image_of


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize(
    ("pixels", "advice"),
    [
        (np.zeros((4, 6), np.int16), r"pixels are int16, .* such as np.clip\(\(pixels - low\)"),
        (np.zeros((4, 6), np.float32), "pixels are float32, video takes uint8"),
        (np.zeros((2, 4, 6), np.uint8), "a volume of 2 slices .* its slices one by one"),
        (np.zeros((4, 6, 4), np.uint8), r"4 components, .* leave out alpha, pixels\[\.\.\., :3\]"),
        (np.zeros((1, 4, 6, 2), np.uint8), "2 components, video takes grey or RGB: choose one"),
    ],
)
def test_other_images_are_refused_with_advice(codec: str, pixels: Any, advice: str) -> None:
    encoder = Encoder(codec)
    with pytest.raises(MessageError, match=advice):
        encoder.encode(Image(pixels))
    assert encoder.encode(image_of(grey(0))).is_key


def test_the_advice_for_wide_pixels_works() -> None:
    pixels, low, high = np.array([[-1000, 0, 1000, 9000]], np.int16), -1000, 1000
    shown = np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    assert shown.tolist() == [[0, 127, 255, 255]]
    assert Encoder("I420").encode(Image(shown)).size == (4, 1, 1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"codec": "h264"}, "codec is 'h264', expected one of H264, VP90, X265, O265, AV10, I420"),
        ({"quality": 101}, "quality is 101, expected a number from 0 to 100"),
        ({"quality": float("nan")}, "quality is nan"),
        ({"bitrate": 999}, "bitrate is 999, expected a number from 1000"),
        ({"key_interval": 0}, "key_interval is 0, expected a number from 1"),
        ({"rate": 0}, "rate is 0, expected a number from 0.001"),
    ],
)
def test_wrong_arguments_are_told(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        Encoder(**options)


@pytest.mark.parametrize("codec", COMPRESSED)
def test_without_pyav_the_extra_is_named(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    video = Encoder(codec).encode(image_of(grey(0)))
    monkeypatch.setitem(sys.modules, "av", None)
    for use in (lambda: Encoder(codec), lambda: Decoder().decode(video)):
        with pytest.raises(MissingExtraError, match=r"video needs av: pip install 'igtl\[video\]'"):
            use()


def test_i420_needs_no_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    shown = Decoder().decode(Encoder("I420").encode(image_of(grey(0))))
    assert shown is not None
    np.testing.assert_array_equal(shown[0], grey(0))


@pytest.mark.parametrize("what", [np.zeros((4, 6), np.uint8), "image", None])
def test_only_images_are_encoded(what: Any) -> None:
    with pytest.raises(MessageError, match=r"encode takes an igtl\.Image, not a"):
        Encoder("I420").encode(what)


@pytest.mark.parametrize("what", [image_of(grey(0)), b"\0\0\1", None])
def test_only_videos_are_decoded(what: Any) -> None:
    with pytest.raises(MessageError, match=r"decode takes an igtl\.Video, not a"):
        Decoder().decode(what)
