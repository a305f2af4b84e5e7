"""A small picture of an image in a terminal: half blocks in colours, or characters as shades."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

import igtl

__all__ = ["blocks", "shades", "sized", "slice_of"]

Pixels = NDArray[np.uint8]
Dot = tuple[int, int, int]

_SHADES = " .:-=+*#%@"
_HALF = "\N{UPPER HALF BLOCK}"
#: So many pixels across and down are looked at for each dot.
_SAMPLES = 3
#: Bits of a colour that are kept, so that few of them are in use at once.
_KEPT = 0xF8


def slice_of(image: igtl.Image, step: int) -> tuple[NDArray[Any], int, int]:
    """One slice of an image, `step` away from its middle.

    Returns:
        (j, i, components) pixels as they came, the slice's number from 0 on, the count of slices.
    """
    pixels = image.pixels if image.components > 1 else image.pixels[..., None]
    count = pixels.shape[0]
    number = (count // 2 + step) % count
    return pixels[number], number, count


def sized(pixels: NDArray[Any], spacing: tuple[float, float], room: tuple[int, int]) -> Pixels:
    """The picture for a screen of `room` (width, height) square dots.

    Args:
        pixels: (j, i, components), of any type; 1 or 2 components are grey, the first 3 RGB.
        spacing: mm between columns and rows, which give the picture its shape.

    Returns:
        (rows, columns, 3) uint8.
    """
    rows, columns = pixels.shape[:2]
    wide, high = columns * _sane(spacing[0]), rows * _sane(spacing[1])
    scale = min(room[0] / wide, room[1] / high)
    width = min(max(1, round(wide * scale)), room[0])
    height = min(max(1, round(high * scale)), room[1])
    small = _means(pixels[..., : 3 if pixels.shape[2] >= 3 else 1], width, height)
    small = small.repeat(3 // small.shape[2], axis=2)
    return small.round().astype(np.uint8) if pixels.dtype == np.uint8 else _windowed(small)


def _means(pixels: NDArray[Any], width: int, height: int) -> NDArray[np.float64]:
    """The picture in so many dots, each the mean of some pixels of its part: speckle calms down."""
    rows, columns = pixels.shape[:2]
    across = (np.arange(width * _SAMPLES) + 0.5) * columns / (width * _SAMPLES)
    down = (np.arange(height * _SAMPLES) + 0.5) * rows / (height * _SAMPLES)
    samples = pixels[down.astype(int)][:, across.astype(int)].astype(np.float64)
    parts = samples.reshape(height, _SAMPLES, width, _SAMPLES, -1)
    with np.errstate(all="ignore"):  # of peers' numbers, any may come
        means: NDArray[np.float64] = parts.mean(axis=(1, 3))
    return means


def _sane(length: float) -> float:
    """A spacing that gives pictures a shape; peers may send any."""
    return length if 1e-6 < length < 1e6 else 1.0


def _windowed(pixels: NDArray[np.float64]) -> Pixels:
    """Values of any range as brightness, the darkest and the brightest hundredth clipped."""
    values = np.nan_to_num(pixels, posinf=0.0, neginf=0.0)
    low, high = np.percentile(values, (1, 99))
    if high <= low:
        low, high = values.min(), values.max()
    scaled = (values / 2 - low / 2) / max(high / 2 - low / 2, np.finfo(np.float64).tiny)
    grey: Pixels = (np.clip(scaled, 0.0, 1.0) * 255).astype(np.uint8)
    return grey


def blocks(picture: Pixels) -> list[list[Segment]]:
    """Lines of half blocks, each of which shows two dots, one above the other."""
    if len(picture) % 2:
        picture = np.concatenate([picture, np.zeros_like(picture[:1])])
    dots = (picture & _KEPT).tolist()
    return [
        [_block(tuple(top), tuple(bottom)) for top, bottom in zip(upper, lower, strict=True)]
        for upper, lower in zip(dots[::2], dots[1::2], strict=True)
    ]


@lru_cache(maxsize=1 << 13)
def _block(top: Dot, bottom: Dot) -> Segment:
    return Segment(_HALF, Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom)))


def shades(picture: Pixels) -> list[list[Segment]]:
    """Lines of characters that are the darker the fewer dots they have; one pixel each."""
    grey = picture.astype(np.uint16) @ np.array([77, 150, 29], np.uint16) >> 8
    numbers = (grey * len(_SHADES) >> 8).tolist()
    return [[Segment("".join(_SHADES[n] for n in line))] for line in numbers]
