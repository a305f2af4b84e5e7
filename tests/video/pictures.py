"""Pictures that move, and how much two pictures differ."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.messages import Image, Message, Video, decode, encode
from igtl.sources.image_file import read_scan

Pixels = NDArray[np.uint8]

COMPRESSED = ("H264", "VP90", "X265", "O265", "AV10")
ALL = ("I420", *COMPRESSED)


def grey(number: int, width: int = 96, height: int = 64) -> Pixels:
    """(j, i): a wave, and a bright box that jumps, so that no two pictures are alike."""
    j, i = np.mgrid[:height, :width]
    wave = 110 + 70 * np.sin((i + 5 * number) / 9) * np.cos((j - 3 * number) / 7)
    pixels: Pixels = wave.astype(np.uint8)
    left = (number * 17) % (width * 3 // 4)
    pixels[height // 4 : height // 2, left : left + width // 4] = 230
    return pixels


def coloured(number: int, width: int = 96, height: int = 64) -> Pixels:
    """(j, i, 3): soft colours, which survive that they are stored at half the size."""
    j, i = np.mgrid[:height, :width]
    red = 120 + 90 * np.sin((i + 4 * number) / 30)
    green = 120 + 90 * np.cos((j + 3 * number) / 25)
    blue = 255 - (red + green) / 2
    pixels: Pixels = np.stack((red, green, blue), axis=-1).astype(np.uint8)
    return pixels


@cache
def ultrasound() -> Pixels:
    """(30, 240, 320, 3): a real film of a heart, from the test files of pydicom."""
    spec = find_spec("pydicom")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / "test_files" / "examples_ybr_color.dcm"
    pixels: Pixels = read_scan(path).pixels[0]
    return pixels


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Peak signal to noise ratio in dB; 99 for the same."""
    assert one.shape == other.shape
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def image_of(pixels: Pixels, **fields: Any) -> Image:
    return Image(pixels, components=1 if pixels.ndim == 2 else 3, device_name="US", **fields)


def carried(video: Message) -> Video:
    """A message as a peer receives it."""
    received = decode(encode(video))
    assert isinstance(received, Video)
    return received
