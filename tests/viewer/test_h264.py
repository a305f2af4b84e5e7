"""What our encoder makes, as another decoder sees it."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import MessageError
from igtl.viewer.h264 import codec_string, encoder
from tests.viewer.test_encoding import psnr, scene

Pixels = NDArray[np.uint8]


class Browser:
    """A decoder that begins with the first packet that it is given."""

    def __init__(self) -> None:
        self._context: Any = av.CodecContext.create("h264", "r")
        self._context.flags |= av.codec.context.Flags.low_delay
        self.frame: Any = None

    def show(self, data: bytes, size: tuple[int, int]) -> Pixels:
        """(row, column, 3): the picture of a packet, which needs no other one to come out."""
        (self.frame,) = self._context.decode(av.Packet(data))
        rgb: Pixels = self.frame.to_ndarray(format="rgb24")
        return rgb[: size[0], : size[1]]


def moving(count: int, size: tuple[int, int]) -> list[Pixels]:
    wide = scene(size[0], size[1] + 4 * count)
    return [wide[:, 4 * number : 4 * number + size[1]] for number in range(count)]


@pytest.mark.parametrize("size", [(480, 640), (481, 641), (33, 17), (16, 16)])
def test_every_packet_is_a_picture_at_once(size: tuple[int, int]) -> None:
    browser = Browser()
    with encoder() as made:
        for number, sent in enumerate(moving(6, size)):
            data, is_key = made.compress(sent)
            assert is_key == (number == 0)
            assert psnr(browser.show(data, size), sent) > 30


def test_grey_is_grey_from_black_to_white() -> None:
    sent = np.repeat(np.arange(256, dtype=np.uint8), 4)[np.newaxis].repeat(64, axis=0)
    with encoder() as made:
        data, _ = made.compress(sent)
    found = Browser().show(data, sent.shape)
    assert np.abs(found.astype(int) - sent[..., np.newaxis]).max() <= 4


@pytest.mark.parametrize(("shape", "colour_range"), [((32, 32, 3), 1), ((32, 32), 2)])
def test_the_stream_says_what_its_colours_are(shape: tuple[int, ...], colour_range: int) -> None:
    """All four, or browsers take it for BT.709 of 16 to 235 (seen in Chromium)."""
    browser = Browser()
    with encoder() as made:
        browser.show(made.compress(np.zeros(shape, np.uint8))[0], (32, 32))
    said = browser.frame
    found = said.colorspace, said.color_primaries, said.color_trc, said.color_range
    assert tuple(map(int, found)) == (6, 1, 13, colour_range)


def test_a_key_frame_is_made_when_asked_for_and_one_can_begin_with_it() -> None:
    pictures = moving(6, (64, 64))
    with encoder() as made:
        packets = [made.compress(one) for one in pictures[:3]]
        made.request_key()
        packets += [made.compress(one) for one in pictures[3:]]
    assert [is_key for _, is_key in packets] == [True, False, False, True, False, False]
    late = Browser()
    for sent, (data, _) in zip(pictures[3:], packets[3:], strict=True):
        assert psnr(late.show(data, (64, 64)), sent) > 30


def test_another_size_or_colour_begins_anew() -> None:
    with encoder() as made:
        kinds = [(32, 32, 3), (32, 32, 3), (64, 32, 3), (64, 32)]
        keys = [made.compress(np.zeros(kind, np.uint8))[1] for kind in kinds]
    assert keys == [True, False, True, True]


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), "avc1.42C01F"), ((1080, 1920), "avc1.42C02A")]
)
def test_the_codec_has_its_name_from_the_stream(size: tuple[int, int], expected: str) -> None:
    with encoder() as made:
        data, _ = made.compress(np.zeros(size, np.uint8))
        assert codec_string(data) == expected  # constrained baseline, levels 3.1 and 4.2
        later, _ = made.compress(np.zeros(size, np.uint8))
    with pytest.raises(MessageError, match="parameter set"):
        codec_string(later)


@pytest.mark.parametrize("size", [(2, 17_000), (40_000, 40_000)])
def test_what_is_too_large_is_refused_and_the_encoder_goes_on(size: tuple[int, int]) -> None:
    with encoder() as made:
        with pytest.raises(MessageError, match=f"{size[1]} x {size[0]} pixels: .* cannot encode"):
            made.compress(np.zeros(size, np.uint8))  # pages of zeros that nobody reads take no room
        assert made.compress(np.zeros((2, 2), np.uint8))[1]
