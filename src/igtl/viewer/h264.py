"""H.264 as a browser's WebCodecs takes it: Annex B, constrained baseline, nothing held back.

`igtl.video.Encoder` makes VIDEO for peers, which know what its values mean by igtl's own rules. A
browser goes by what the bitstream says of its colours, and only if that is complete: matrix, range,
primaries and transfer. Then what it paints are the values that were sent.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.closable import Closable
from igtl.errors import MessageError
from igtl.video.codecs import pyav, thread_count
from igtl.video.planes import enlarged
from igtl.viewer.levels import full_range

__all__ = ["H264Encoder", "codec_string"]

Pixels = NDArray[np.uint8]

#: A sequence parameter set: its first three bytes are profile, constraints and level.
_PARAMETERS = re.compile(rb"\x00\x00\x01[\x27\x47\x67](...)", re.DOTALL)
_OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "profile": "baseline",
    "crf": "23",
}
#: The level says that so many pictures a second may come.
_RATE = Fraction(60)
#: ITU-T H.273: the matrix of BT.601, the primaries of BT.709 and the transfer of sRGB, 0 to 255.
_COLOURS = {"colorspace": 6, "color_primaries": 1, "color_trc": 13, "color_range": 2}


class H264Encoder(Closable):
    """Compresses pictures, each one to a packet at once; for one thread at a time.

    A key frame is made of the first picture, of one whose size or colour differs from the one
    before, and where it is asked for. Odd sizes have their last row and column repeated.

    Raises:
        MissingExtraError: PyAV is not installed.
    """

    def __init__(self) -> None:
        self._av = pyav()
        self._reformatter = self._av.video.reformatter.VideoReformatter()
        self._context: Any = None
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def encode(self, pixels: Pixels, *, key: bool) -> tuple[bytes, bool]:
        """The packet of a picture, and whether it is a key frame.

        Args:
            pixels: (row, column) grey or (row, column, 3) RGB.
            key: whether it has to be one.

        Raises:
            MessageError: there can be none of that size.
        """
        frame = full_range(enlarged(pixels, 2), self._reformatter)
        kinds = self._av.video.frame.PictureType
        try:
            if pixels.shape != self._shape:
                self._begin(frame, pixels.shape)
            frame.pts, self._count = self._count, self._count + 1
            frame.time_base = 1 / _RATE
            frame.pict_type = kinds.I if key else kinds.NONE
            (packet,) = self._context.encode(frame)
        except (self._av.FFmpegError, ValueError) as error:
            self.close()
            size = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise MessageError(
                f"a picture of {size} pixels cannot be H.264: look at it raw or as JPEG"
            ) from error
        return bytes(packet), bool(packet.is_keyframe)

    def close(self) -> None:
        """Free what the codec holds; a later picture begins anew."""
        self._context, self._shape = None, ()

    def _begin(self, frame: Any, shape: tuple[int, ...]) -> None:
        """Open the codec for pictures of one shape."""
        context = self._av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuv420p"
        context.framerate, context.time_base = _RATE, 1 / _RATE
        context.gop_size = (1 << 31) - 1  # key frames are made when they are asked for
        context.thread_count = thread_count()
        context.options = _OPTIONS | {"threads": str(thread_count())}
        for name, value in _COLOURS.items():
            setattr(context, name, value)
        context.open()
        self._context, self._shape = context, shape


def codec_string(data: bytes) -> str:
    """What WebCodecs calls the codec of a key frame (RFC 6381): "avc1.42C01E".

    Args:
        data: H.264 with start codes, a sequence parameter set in it.

    Raises:
        MessageError: there is none.
    """
    found = _PARAMETERS.search(data)
    if found is None:
        raise MessageError("the encoder gave a key frame without a sequence parameter set")
    return f"avc1.{found[1].hex().upper()}"
