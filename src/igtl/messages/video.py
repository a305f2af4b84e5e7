"""Compressed images and their descriptions: VIDEO and VIDEOMETA.

The protocol document swaps coordinate and size in VIDEO; the order here is the reference's.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.declaration import Record, Records, Several, Vector, field
from igtl.codec.layout import F32, F64, I16, U8, U16, U32, Layout, Reserved, Row, Scaled, Text
from igtl.errors import DecodeError, MessageError
from igtl.messages import geometry
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import Start, companion, queries
from igtl.messages.registry import message

__all__ = ["FrameType", "Video", "VideoMeta", "VideoMetaElement", "builds_on_others"]

Size = tuple[int, int, int]


class FrameType(IntEnum):
    """What a frame needs to be decoded."""

    INVALID = 0
    KEY = 1
    INTRA = 2
    INTER = 3
    SKIP = 4
    UNKNOWN = 5


_CODEC = Text(4, full=True)
_SIZE = U16[3]
_PREFIX = Layout(
    [
        ("version", U16, "1"),
        ("endian", U8, "1 big, 2 little: byte order of the encoded samples"),
        ("codec", _CODEC, "I420 H264 VP90 X265 O265 AV10"),
        ("frame_type", U16, "0 invalid 1 key 2 intra 3 inter 4 skip 5 unknown; grey: shifted by 8"),
        ("coordinate", U8, "1 RAS, 2 LPS"),
        ("size", _SIZE, "pixels along i, j, k"),
        ("pose", F32[12], "as IMAGE: vectors of the i, j and k axis; centre [mm]"),
        ("offset", _SIZE, "first pixel of the part"),
        ("part", _SIZE, "pixels of the part"),
    ]
)


@queries("GET STP RTS")
@message("VIDEO")
class Video(Message):
    """One frame of a compressed stream: VIDEO.

    Args:
        codec: four characters: "H264", "VP90", "X265", "O265" (both HEVC), "AV10" or "I420".
        data: the encoded frame.
        frame_type: a `FrameType`.
        size: pixels along i, j, k.
        grey: the frame has no colour.
        ijk_to_world, spacing, origin, coordinates: as for `Image`.
        endian: 1 big, 2 little.
    """

    names = ("codec", "data", "frame_type", "size", "grey", "ijk_to_world", "coordinates", "endian")

    codec: str
    data: Buffer
    frame_type: int
    size: Size
    grey: bool
    ijk_to_world: NDArray[np.float64]
    coordinates: str
    endian: int

    def __init__(
        self,
        codec: str,
        data: bytes | memoryview,
        *,
        frame_type: int,
        size: Size,
        grey: bool = False,
        ijk_to_world: ArrayLike | None = None,
        spacing: ArrayLike | None = None,
        origin: ArrayLike | None = None,
        coordinates: str = "RAS",
        endian: int = 2,
        **common: Unpack[Common],
    ) -> None:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise MessageError(f"data is {type(data).__name__}, expected the bytes of a frame")
        (raw_codec,) = _CODEC.encode(codec, "codec")
        if len(raw_codec) != 4 or endian not in (1, 2):
            raise MessageError(
                f"codec {codec!r}, endian {endian!r}: expected four characters, and 1 (big) or "
                "2 (little)"
            )
        frame_type, size = U8.convert(frame_type, "frame_type"), _size(size)
        matrix = geometry.make(ijk_to_world, spacing, origin)
        head = {
            "version": 1,
            "endian": endian,
            "codec": codec,
            "frame_type": frame_type << 8 if grey else frame_type,
            "coordinate": geometry.number_of(coordinates),
            "size": size,
            "pose": geometry.to_wire(matrix, size),
            "offset": (0, 0, 0),
            "part": size,
        }
        self._build((_PREFIX.pack(head), bytes(data)), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _PREFIX.unpack(content)
        if head["version"] != 1:
            raise DecodeError(f"video header version is {head['version']}, expected 1")
        grey = head["frame_type"] > 0xFF
        frame_type = head["frame_type"] >> 8 if grey else head["frame_type"]
        return {
            "codec": head["codec"],
            "data": content[_PREFIX.size :],
            "frame_type": FrameType(frame_type) if frame_type in _FRAME_TYPES else frame_type,
            "size": head["size"],
            "grey": grey,
            "ijk_to_world": geometry.from_wire(head["pose"], head["size"]),
            "coordinates": "LPS" if head["coordinate"] == 2 else "RAS",
            "endian": head["endian"],
        }

    @property
    def is_key(self) -> bool:
        """Whether decoding can begin with this frame."""
        return self.frame_type in (FrameType.KEY, FrameType.INTRA)

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_PREFIX.rows(), Row(_PREFIX.size, None, "data", "byte[]", "the encoded frame")]


def _size(value: Size) -> Size:
    i, j, k = _SIZE.encode(value, "size")
    return i, j, k


_FRAME_TYPES = frozenset(FrameType)
_BUILDING = frozenset(
    one.to_bytes(2) for plain in (FrameType.INTER, FrameType.SKIP) for one in (plain, plain << 8)
)


def builds_on_others(opening: Buffer) -> bool:
    """Whether a frame means nothing without the one before it, by its sender's word.

    Frames of unknown type do not: a receiver may find out what they are, if they reach it.

    Args:
        opening: the first 9 bytes of a VIDEO's content, or more of it; fewer build on nothing.
    """
    return bytes(opening[7:9]) in _BUILDING


_START = Layout(
    [
        ("codec", _CODEC, "wanted codec"),
        ("interval", Scaled(U32, 0.001), "between frames [ms]"),
    ]
)


@companion(Video)
class StartVideo(Start):
    """STT_VIDEO: asks for a stream of video.

    Args:
        codec: four characters, as for `Video`.
        interval: seconds between frames, in whole milliseconds; 0 is as fast as possible. Of a
            video that is faster igtl's servers send key frames only.
    """

    names = ("codec", "interval")
    codec: str
    interval: float

    def __init__(
        self,
        target: type[Message] = Video,
        codec: str = "H264",
        interval: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        self._build(_START.pack({"codec": codec, "interval": interval}), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        """8 bytes by the layout; the reference announces and sends one more."""
        if len(content) not in (_START.size, _START.size + 1):
            raise DecodeError(f"content of {len(content)} bytes, expected {_START.size}")
        return _START.unpack(content)

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return _START.rows()


class VideoMetaElement(Record):
    """Description of one video that can be asked for.

    Args:
        name: for people, up to 63 bytes.
        device_name: the device name to ask for, up to 63 bytes.
        patient_name, patient_id: up to 63 bytes each.
        zoom_level: of the camera.
        focal_length: mm.
        size: pixels along i, j, k.
        pose: (12,) as on the wire: vectors of the i, j and k axis, then the centre, mm.
        scalar_type: as IMAGE's: 3 uint8, 5 uint16 ...
    """

    name: str = field(Text(64), doc="for people")
    device_name: str = field(Text(64), doc="device name to ask for")
    patient_name: str = field(Text(64), default="")
    patient_id: str = field(Text(64), default="")
    zoom_level: int = field(I16, default=1)
    focal_length: float = field(F64, default=0.0, unit="mm")
    size: Size = field(U16[3], default=(0, 0, 0), doc="pixels along i, j, k")
    pose: Vector = field(
        F32[12],
        default=(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0),
        unit="mm",
        doc="as IMAGE: vectors of the i, j and k axis; centre",
    )
    scalar_type: int = field(U8, default=3, doc="as IMAGE's")
    _reserved = field(Reserved(1))


@queries("GET", "VMETA")
@message("VIDEOMETA")
class VideoMeta(Message):
    """Videos that can be asked for: VIDEOMETA.

    Args:
        videos: a sequence of `VideoMetaElement`.
    """

    videos: Several[VideoMetaElement] = field(Records(VideoMetaElement), doc="one a video")
