"""Slices for the page: as they are, and as JPEG. H.264 is in `igtl.viewer.h264`."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from fractions import Fraction
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.scalars import bytes_of
from igtl.errors import MissingExtraError
from igtl.video.codecs import pyav
from igtl.viewer.envelope import pack
from igtl.viewer.levels import full_range, little_endian, range_of, to_8_bits
from igtl.viewer.slices import Axis, Picture, Slice

__all__ = ["Jpegs", "can_compress", "raw"]

#: Of mjpeg: 2 is the best, 31 the worst; this is about quality 85 elsewhere.
_QUANTIZER = "4"
_MOST_SLICES = 16
_MOST_ENCODERS = 4

#: A head and the bytes of a JPEG.
_Made = tuple[dict[str, Any], bytes]
_Slices = OrderedDict[tuple[Axis, int | None], "asyncio.Future[_Made]"]


def can_compress() -> bool:
    """Whether PyAV is there, which JPEG and H.264 need."""
    try:
        pyav()
    except MissingExtraError:
        return False
    return True


def raw(one: Slice, *, skipped: int = 0) -> list[Buffer]:
    """The envelope of a slice, its values as they are; not copied where they can stay.

    Its range is that of every nth row where there are more than a million values.

    Args:
        skipped: pictures that were left out for whoever asks since the last one.
    """
    head = one.head(skipped=skipped) | {"format": "raw", "range": range_of(one.pixels)}
    return pack(head, bytes_of(little_endian(one.pixels)))


class Jpegs:
    """JPEG of slices, for one event loop.

    Other values than uint8 are brought to 8 bits by the slice's own range; the head's "range" says
    which values 0 and 255 stand for.
    """

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Picture, _Slices] = WeakKeyDictionary()
        self._encoders: OrderedDict[tuple[int, int], tuple[Any, Any]] = OrderedDict()
        self._encoding = threading.Lock()

    async def envelope(
        self, picture: Picture, axis: Axis = "k", index: int | None = None, *, skipped: int = 0
    ) -> list[Buffer]:
        """The envelope of one slice; compressed in a thread.

        Args:
            axis, index: as for `Picture.slice`.
            skipped: pictures that were left out for whoever asks since the last one.

        Raises:
            MissingExtraError: PyAV is not installed.
        """
        made = self._made.setdefault(picture, OrderedDict())
        key = axis, index
        if key not in made:
            work = asyncio.to_thread(self._compressed, picture, axis, index)
            made[key] = asyncio.ensure_future(work)
            if len(made) > _MOST_SLICES:
                made.popitem(last=False)
        head, data = await asyncio.shield(made[key])
        return pack(head | {"skipped": skipped}, data)

    def _compressed(self, picture: Picture, axis: Axis, index: int | None) -> _Made:
        one = picture.slice(axis, index)
        head = one.head() | {"format": "jpeg"}
        shown = (0.0, 255.0)
        if one.pixels.dtype != np.uint8:
            shown = head["range"] = range_of(one.pixels)
        pixels = to_8_bits(one.pixels, shown)
        with self._encoding:
            return head, self._encoded(pixels)

    def _encoded(self, pixels: NDArray[np.uint8]) -> bytes:
        size = pixels.shape[1], pixels.shape[0]
        if size not in self._encoders:
            self._encoders[size] = _encoder(*size)
            if len(self._encoders) > _MOST_ENCODERS:
                self._encoders.popitem(last=False)
        context, reformatter = self._encoders[size]
        (packet,) = context.encode(full_range(pixels, reformatter))
        return bytes(packet)


def _encoder(width: int, height: int) -> tuple[Any, Any]:
    """A codec and a reformatter of PyAV."""
    av = pyav()
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.color_range = Fraction(1, 30), 2  # 0 to 255
    # With more threads the last rows of narrow pictures are noise (FFmpeg 8, 3 columns, 17 rows).
    context.options = {"qmin": _QUANTIZER, "qmax": _QUANTIZER, "threads": "1"}
    return context, av.video.reformatter.VideoReformatter()
