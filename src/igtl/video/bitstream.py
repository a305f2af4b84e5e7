"""Whether decoding can begin with a frame, by its own bytes.

The frame type in VIDEO's header is the sender's word for it; some senders say UNKNOWN, or call
every frame with no references of its own a key frame. The bytes cannot be wrong about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from igtl.codec.buffers import Buffer

__all__ = ["begins_stream"]

_START_CODE = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)


def begins_stream(codec: str, data: Buffer) -> bool:
    """Whether a decoder that has seen nothing before can begin with this frame.

    Args:
        codec: "H264", "VP90", "X265", "O265" or "AV10".
        data: the encoded frame; H264 and HEVC with start codes (ISO 14496-10, Annex B).
    """
    return _BEGINS[codec](data)


def _h264(data: Buffer) -> bool:
    """A sequence parameter set or an IDR slice before any other slice (H.264, table 7-1)."""
    for found in _START_CODE.finditer(data):
        kind = found[1][0] & 0x1F
        if 1 <= kind <= 7 and kind != 6:
            return kind in (5, 7)
    return False


def _hevc(data: Buffer) -> bool:
    """A parameter set or a random access picture before any other slice (H.265, table 7-1)."""
    for found in _START_CODE.finditer(data):
        kind = found[1][0] >> 1 & 0x3F
        if kind <= 34:
            return kind >= 16
    return False


def _vp9(data: Buffer) -> bool:
    """The first bits: marker 10, two of profile, existing frame 0, inter frame 0 (VP9, 6.2)."""
    if not data or data[0] >> 6 != 2:
        return False
    profile_3 = data[0] & 0x30 == 0x30  # which has one more bit
    return data[0] >> (1 if profile_3 else 2) & 3 == 0


def _av1(data: Buffer) -> bool:
    """A sequence header among the units (AV1, 5.3 and 6.2.2)."""
    return any(kind == 1 for kind in _av1_units(data))


def _av1_units(data: Buffer) -> Iterator[int]:
    position = 0
    while position < len(data):
        head = data[position]
        yield head >> 3 & 15
        position += 2 if head & 4 else 1
        if not head & 2:  # without a size it reaches to the end
            return
        size = 0
        for shift in range(0, 56, 7):
            if position >= len(data):
                return
            size |= (data[position] & 0x7F) << shift
            position += 1
            if not data[position - 1] & 0x80:
                break
        position += size


_BEGINS: dict[str, Callable[[Buffer], bool]] = {
    "H264": _h264,
    "X265": _hevc,
    "O265": _hevc,
    "VP90": _vp9,
    "AV10": _av1,
}
