"""What the bytes of a frame say: whether decoding can begin with it, and what a decoder must know.

The frame type in VIDEO's header is the sender's word for it; some senders say UNKNOWN, or call
every frame with no references of its own a key frame. The bytes cannot be wrong about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from igtl.codec.buffers import Buffer

__all__ = ["begins_stream", "codec_string"]

_START_CODE = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)
#: A sequence parameter set of H.264: its first three bytes are profile, constraints and level.
_PARAMETERS = re.compile(rb"\x00\x00\x01[\x27\x47\x67](...)", re.DOTALL)
#: Pixels of a picture, and the lowest level of VP9 that allows for so many (VP9, annex A).
_VP9_LEVELS = (
    *((36_864, 10), (73_728, 11), (122_880, 20), (245_760, 21), (552_960, 30), (983_040, 31)),
    *((2_228_224, 41), (8_912_896, 52), (1 << 32, 62)),
)


def begins_stream(codec: str, data: Buffer) -> bool:
    """Whether a decoder that has seen nothing before can begin with this frame.

    Args:
        codec: "H264", "VP90", "X265", "O265" or "AV10".
        data: the encoded frame; H264 and HEVC with start codes (ISO 14496-10, Annex B).
    """
    return _BEGINS[codec](data)


def codec_string(codec: str, data: Buffer, pixels: int) -> str:
    """What browsers (WebCodecs, RFC 6381) call the codec of a frame that begins a stream.

    Args:
        codec: as VIDEO names it.
        data: the encoded frame.
        pixels: how many the picture has.

    Returns:
        "avc1.42C01E", "vp09.00.41.08" or "av01.0.08M.08"; "" where browsers have no name for it, or
        the frame does not say enough.
    """
    if codec == "H264":
        found = _PARAMETERS.search(data)
        return f"avc1.{found[1].hex().upper()}" if found else ""
    if codec == "VP90" and data:
        profile = data[0] >> 5 & 1 | data[0] >> 3 & 2
        level = next(level for most, level in _VP9_LEVELS if pixels <= most)
        # Profiles 0 and 1 have 8 bits; the others say 10 or 12 in the next bits.
        return f"vp09.{profile:02}.{level}.08" if profile < 2 else ""
    return _av1_string(data) if codec == "AV10" else ""


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
    return any(kind == 1 for kind, _ in _av1_units(data))


def _av1_string(data: Buffer) -> str:
    """From the sequence header (AV1, 5.5.1); "" where timing information comes before the level."""
    opening = next((rest[:4] for kind, rest in _av1_units(data) if kind == 1), b"")
    if len(opening) < 4:
        return ""
    bits = int.from_bytes(opening, "big")
    profile, tier = bits >> 29, "M"
    if bits >> 27 & 1:  # a reduced header
        level = bits >> 22 & 31
    elif bits >> 26 & 1:
        return ""
    else:
        level = bits >> 3 & 31  # behind the number of operating points, and what the first one is
        tier = "H" if level > 7 and bits >> 2 & 1 else "M"
    return f"av01.{profile}.{level:02}{tier}.08"


def _av1_units(data: Buffer) -> Iterator[tuple[int, Buffer]]:
    """The kind of each unit, and its bytes with all that come behind it."""
    position = 0
    while position < len(data):
        head = data[position]
        position += 2 if head & 4 else 1
        if not head & 2:  # without a size it reaches to the end
            yield head >> 3 & 15, data[position:]
            return
        size = 0
        for shift in range(0, 56, 7):
            if position >= len(data):
                return
            size |= (data[position] & 0x7F) << shift
            position += 1
            if not data[position - 1] & 0x80:
                break
        yield head >> 3 & 15, data[position:]
        position += size


_BEGINS: dict[str, Callable[[Buffer], bool]] = {
    "H264": _h264,
    "X265": _hevc,
    "O265": _hevc,
    "VP90": _vp9,
    "AV10": _av1,
}
