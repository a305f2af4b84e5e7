"""Values of pixels: their byte order, their range, and the 8 bits and planes that codecs take."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.video.codecs import pyav
from igtl.video.planes import plane

__all__ = ["Range", "full_range", "little_endian", "range_of", "to_8_bits"]

Range = tuple[float, float]

#: From so many values on, every nth is enough to know their range.
_MANY = 1 << 20
_NATIVE_IS_LITTLE = sys.byteorder == "little"


def little_endian(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same in C order and little-endian: itself where it is so already."""
    order = pixels.dtype.byteorder
    if order == ">" or (order == "=" and not _NATIVE_IS_LITTLE):
        return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    return np.ascontiguousarray(pixels)


def range_of(pixels: NDArray[Any]) -> Range:
    """Smallest and largest value, as far as they are finite; (0, 0) where none is.

    Every nth row is looked at where there are more than a million values.
    """
    if pixels.size > _MANY:
        pixels = pixels[:: -(-pixels.size // _MANY)]
    if pixels.dtype.kind != "f":
        return float(pixels.min()), float(pixels.max())
    low, high = float(np.fmin.reduce(pixels, axis=None)), float(np.fmax.reduce(pixels, axis=None))
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = pixels[np.isfinite(pixels)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def to_8_bits(pixels: NDArray[Any], shown: Range) -> NDArray[np.uint8]:
    """Values as 0 to 255 for the range that is shown; what is outside, and NaN, is at its ends.

    Alpha is left out.

    Args:
        pixels: (row, column) or (row, column, 3 or 4); uint8 is left as it is.
        shown: the value that becomes 0 and that which becomes 255.
    """
    if pixels.ndim == 3:
        pixels = pixels[:, :, :3]
    if pixels.dtype == np.uint8:
        return pixels
    low, high = shown
    kind = np.float64 if pixels.dtype.itemsize > 2 else np.float32
    with np.errstate(all="ignore"):
        scaled = np.subtract(pixels, kind(low), dtype=kind)
        scaled *= kind(255 / (high - low) if high > low else 0)
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    eight: NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype("u1")
    return eight


def full_range(pixels: NDArray[np.uint8], reformatter: Any) -> Any:
    """A frame of PyAV, yuv420p: BT.601, 0 to 255 for black to white. Grey is Y as it is.

    Args:
        pixels: (row, column) grey or (row, column, 3) RGB.
        reformatter: of PyAV; it keeps what it has computed for the next picture.
    """
    av = pyav()
    if pixels.ndim == 3:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return reformatter.reformat(
            frame, format="yuv420p", dst_colorspace="ITU601", dst_color_range="JPEG"
        )
    frame = av.VideoFrame(pixels.shape[1], pixels.shape[0], "yuv420p")
    plane(frame, 0)[:] = pixels
    plane(frame, 1)[:] = plane(frame, 2)[:] = 128
    return frame
