"""The codecs of VIDEO: their names in OpenIGTLink, and the encoders and decoders behind them.

All options are for one thing: the packet of an image is ready as soon as the image is in. No
frame refers to a later one, none is kept to look ahead, and threads share a picture instead of
taking one each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from igtl.errors import MissingExtraError

__all__ = ["CODECS", "CODEC_NAMES", "RAW", "Codec", "pyav", "thread_count"]

#: The codec without compression. Colour is BT.601, 16 to 235; grey is in Y as it is.
RAW = "I420"
#: More do not make a picture come sooner.
_MOST_THREADS = 4


class Codec(NamedTuple):
    """One codec as PyAV knows it."""

    encoder: str
    decoder: str
    options: Mapping[str, str]
    """Of the encoder; `{threads}`, `{bitrate}` and `{buffer}` stand for numbers."""
    worst: float
    """`crf` at quality 0."""
    best: float
    """`crf` at quality 100."""
    steady: Mapping[str, str]
    """More options of the encoder, for a constant number of bits a second."""
    decoder_options: Mapping[str, str] = MappingProxyType({})
    least: int = 2
    """Pixels that width and height must have; smaller pictures are enlarged by their edges."""

    def encoder_options(self, quality: float, bitrate: int | None) -> dict[str, str]:
        """The options for a quality of 0 to 100, or for a number of bits a second."""
        crf = round(self.worst + (self.best - self.worst) * quality / 100)
        # What is not sent within a fifth of a second comes late.
        limits = {"b": "{bitrate}", "maxrate": "{bitrate}", "bufsize": "{buffer}"}
        chosen = {"crf": str(crf)} if bitrate is None else {**limits, **self.steady}
        numbers = {
            "threads": thread_count(),
            "bitrate": bitrate or 0,
            "buffer": (bitrate or 0) // 5,
        }
        texts = {**self.options, **chosen}
        return {name: text.format_map(numbers) for name, text in texts.items()}


_H264 = Codec(
    encoder="libx264",
    decoder="h264",
    options={"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"},
    worst=46,
    best=6,
    steady={},
    decoder_options={"err_detect": "explode"},
)
_HEVC = Codec(
    encoder="libx265",
    decoder="hevc",
    options={
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x265-params": "log-level=none:open-gop=0:frame-threads=1:pools={threads}",
    },
    worst=46,
    best=6,
    steady={},
    decoder_options={"err_detect": "explode"},
    least=16,
)
_VP9 = Codec(
    encoder="libvpx-vp9",
    decoder="vp9",
    options={
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "row-mt": "1",
        "tile-columns": "2",
        "b": "0",
    },
    worst=60,
    best=10,
    steady={"minrate": "{bitrate}"},
)
_AV1 = Codec(
    encoder="libsvtav1",
    decoder="libdav1d",
    options={"preset": "10", "svtav1-params": "pred-struct=1:rtc=1:lp={threads}"},
    worst=60,
    best=10,
    steady={"svtav1-params": "pred-struct=1:rtc=1:rc=2:lp={threads}"},
    least=64,  # the encoder can stop for ever below that
)

#: By the names that VIDEO has for them.
CODECS: Mapping[str, Codec] = MappingProxyType(
    {"H264": _H264, "VP90": _VP9, "X265": _HEVC, "O265": _HEVC, "AV10": _AV1}
)
CODEC_NAMES = (*CODECS, RAW)


def pyav() -> Any:
    """The PyAV module, with the libraries below it told to print nothing.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("SVT_LOG", "0")  # that encoder prints past every switch of PyAV's
    try:
        import av
    except ImportError as error:
        raise MissingExtraError.of("av", "video", "compressing or showing video") from error
    return av


def thread_count() -> int:
    """How many threads work on one picture."""
    return min(_MOST_THREADS, os.cpu_count() or 1)
