"""H.264 as a browser's WebCodecs takes it: Annex B, constrained baseline, nothing held back."""

from __future__ import annotations

import re

from igtl.errors import MessageError
from igtl.video.encoder import Encoder

__all__ = ["codec_string", "encoder"]

#: A sequence parameter set: its first three bytes are profile, constraints and level.
_PARAMETERS = re.compile(rb"\x00\x00\x01[\x27\x47\x67](...)", re.DOTALL)
#: Of 100: pictures are looked at, not measured.
_QUALITY = 57.5
#: The level says that so many pictures a second may come.
_RATE = 60.0
_NEVER = 1 << 31


def encoder() -> Encoder:
    """One whose key frames are the first, those of another size or colour, and what is asked for.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    return Encoder("H264", quality=_QUALITY, rate=_RATE, key_interval=_NEVER)


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
