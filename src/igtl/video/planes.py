"""Pixels as codecs have them: a plane of brightness Y, and two of colour at half the size, U and V.

Grey pixels are Y as they are, 0 to 255, and U and V say nothing (128). So a reader that takes Y for
the picture has the very values, whatever a bitstream says about their range.

Colour is BT.601 with 16 to 235 for black to white, which is what a decoder has to take for granted
where nothing is said (I420 cannot say anything).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.errors import DecodeError, MessageError
from igtl.messages.image import Image
from igtl.video.codecs import pyav

__all__ = ["enlarged", "frame_of", "from_i420", "pixels_of", "plane", "to_i420", "video_pixels"]

Pixels = NDArray[np.uint8]

#: R, G, B to Y, U, V (BT.601 for 8 bits: 219 steps of Y, 224 of U and V), and what black is.
_TO_YUV = np.array(
    ((65.481, 128.553, 24.966), (-37.797, -74.203, 112.0), (112.0, -93.786, -18.214)), np.float32
) / np.float32(255)
_ZERO = np.array((16.0, 128.0, 128.0), np.float32)
_TO_RGB = np.linalg.inv(_TO_YUV.astype(np.float64)).astype(np.float32)
#: Formats of PyAV whose first plane holds 8-bit brightness.
_BRIGHT_FIRST = ("gray", "yuv4", "yuvj4", "nv12", "nv21")


def video_pixels(image: Image) -> Pixels:
    """(j, i) or (j, i, 3) uint8: the pixels of an image that a codec can take.

    Raises:
        MessageError: it is no flat image of 8 bits, grey or RGB; the text says what to do.
    """
    pixels = image.pixels
    if pixels.shape[0] != 1:
        raise MessageError(
            f"a volume of {pixels.shape[0]} slices is no frame of video: encode its slices one by "
            "one, image.replace(pixels=image.pixels[k])"
        )
    if pixels.dtype != np.uint8:
        raise MessageError(
            f"pixels are {pixels.dtype.name}, video takes uint8: choose what is black and white, "
            "such as np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)"
        )
    if image.components not in (1, 3):
        advice = "leave out alpha, pixels[..., :3]" if image.components == 4 else "choose one"
        raise MessageError(
            f"pixels of {image.components} components, video takes grey or RGB: {advice}"
        )
    single: Pixels = pixels[0]
    return single


def enlarged(pixels: Pixels, least: int) -> Pixels:
    """The pixels with their last row and column repeated, to even sizes of at least `least`."""
    height, width = pixels.shape[:2]
    more = [max(least, length + length % 2) - length for length in (height, width)]
    if not any(more):
        return pixels
    return np.pad(pixels, [(0, more[0]), (0, more[1]), (0, 0)][: pixels.ndim], mode="edge")


def to_i420(pixels: Pixels) -> bytes:
    """Y, U and V one after the other, without gaps.

    Args:
        pixels: (j, i) or (j, i, 3), any size; U and V have half of it, rounded up.
    """
    height, width = pixels.shape[:2]
    halved = (height + 1) // 2, (width + 1) // 2
    if pixels.ndim == 2:
        neutral = bytes([128]) * (2 * halved[0] * halved[1])
        return b"".join((pixels.tobytes(), neutral))
    even = enlarged(pixels, 2).astype(np.float32)
    four = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    bright = (even @ _TO_YUV[0] + _ZERO[0])[:height, :width]
    u, v = (four @ _TO_YUV[row] + _ZERO[row] for row in (1, 2))
    return b"".join(np.rint(part).astype(np.uint8).tobytes() for part in (bright, u, v))


def from_i420(data: Buffer, width: int, height: int, *, grey: bool) -> Pixels:
    """(j, i) or (j, i, 3) uint8 of Y, U and V one after the other.

    Raises:
        DecodeError: `data` is of another size.
    """
    halved = (height + 1) // 2, (width + 1) // 2
    bright, colour = height * width, halved[0] * halved[1]
    if len(data) != bright + 2 * colour:
        raise DecodeError(
            f"I420 of {width} x {height} pixels has {bright + 2 * colour} bytes, not {len(data)}"
        )
    values = np.frombuffer(data, np.uint8)
    y = values[:bright].reshape(height, width)
    if grey:
        return y.copy()
    u, v = (
        part.reshape(halved).repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
        for part in np.split(values[bright:], 2)
    )
    yuv = np.stack((y, u, v), axis=-1) - _ZERO
    return np.rint(yuv @ _TO_RGB.T).clip(0, 255).astype(np.uint8)


def plane(frame: Any, number: int) -> Pixels:
    """A view of one 8-bit plane of a PyAV frame, without the bytes that fill its lines."""
    part = frame.planes[number]
    lines = np.frombuffer(part, np.uint8).reshape(-1, part.line_size)
    view: Pixels = lines[: part.height, : part.width]
    return view


def frame_of(pixels: Pixels, reformatter: Any) -> Any:
    """A PyAV frame, yuv420p, of pixels with even sizes."""
    av = pyav()
    if pixels.ndim == 3:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return reformatter.reformat(
            frame, format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG"
        )
    frame = av.VideoFrame(pixels.shape[1], pixels.shape[0], "yuv420p")
    plane(frame, 0)[:] = pixels
    plane(frame, 1)[:] = plane(frame, 2)[:] = 128
    return frame


def pixels_of(frame: Any, reformatter: Any, *, grey: bool) -> Pixels:
    """(j, i) or (j, i, 3) uint8 of a PyAV frame of any format.

    Grey is Y as it is. Colour is read as the frame says; where it says nothing, as BT.601, 16 to
    235.
    """
    if not grey:
        rgb: Pixels = reformatter.reformat(frame, format="rgb24").to_ndarray()
        return rgb
    form = frame.format
    if not form.name.startswith(_BRIGHT_FIRST) or form.components[0].bits != 8:
        frame = reformatter.reformat(
            frame, format="gray", src_color_range="JPEG", dst_color_range="JPEG"
        )
    return plane(frame, 0)
