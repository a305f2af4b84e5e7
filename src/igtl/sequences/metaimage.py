"""MetaImage: the headers of .mha files, and of .mhd files, whose pixels are in another file.

    ObjectType = Image
    NDims = 3
    CompressedData = True
    CompressedDataSize = 123456
    DimSize = 640 480 250
    ElementType = MET_UCHAR
    Kinds = domain domain list
    ...
    Seq_Frame0000_Timestamp = 12.5
    ...
    ElementDataFile = LOCAL

The pixels follow the last line. A sequence has the frames along its last axis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from mmap import mmap
from typing import Any

import numpy as np

from igtl.errors import RecordingError
from igtl.sequences.fields import FrameLines
from igtl.sequences.header import (
    LIMIT,
    FrameOrder,
    SequenceHeader,
    geometry,
    numbers,
    sizes,
)

__all__ = ["KEYS", "SEPARATOR", "read_header", "written"]

SEPARATOR = " = "

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_TYPE_NAMES = {code: name for name, code in reversed(_TYPES.items())}
_LAST = re.compile(rb"\nElementDataFile[ \t]*=[^\n]*\n")
_TRUE = ("true", "t", "1")
#: Names that older programs give to the same.
_OFFSET = ("Offset", "Position", "Origin")
_DIRECTION = ("TransformMatrix", "Rotation", "Orientation")
_SPACING = ("ElementSpacing", "ElementSize")
_ORDER = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
KEYS = frozenset(
    {
        "ObjectType",
        "ObjectSubType",
        "NDims",
        "AnatomicalOrientation",
        "BinaryData",
        "CenterOfRotation",
        "CompressedData",
        "CompressedDataSize",
        "CompressionLevel",
        "DimSize",
        "ElementNumberOfChannels",
        "ElementType",
        "HeaderSize",
        "Kinds",
        *(name for names in (_OFFSET, _DIRECTION, _SPACING, _ORDER) for name in names),
        "ElementDataFile",
    }
)
"""Names of fields that belong to the format."""


def read_header(data: mmap) -> tuple[SequenceHeader, FrameLines]:
    """What the header at the start of a file says.

    Raises:
        RecordingError: it is none, or describes what is not supported.
    """
    end = _end(data)
    lines = FrameLines(data, end, b"=")
    texts = _texts(lines.others)
    dimensions = sizes(texts.get("NDims", ""), 1, "NDims")[0]
    if dimensions not in (2, 3, 4):
        raise RecordingError(f"its NDims is {dimensions}, expected 3 or 4, the last for frames")
    if texts.get("BinaryData", "True").lower() not in _TRUE:
        raise RecordingError("its pixels are text (BinaryData = False), expected binary ones")
    lengths = sizes(texts.get("DimSize", ""), dimensions, "DimSize")
    timed = _frames_are_last(dimensions, texts.get("Kinds", "").split(), lines)
    place, kept = lengths[:-1] if timed else lengths, dimensions - timed
    offset = numbers(_first(texts, _OFFSET) or "0 " * dimensions, dimensions, "Offset")
    local = texts["ElementDataFile"].upper() == "LOCAL"
    header = SequenceHeader(
        dtype=_dtype(texts),
        size=(place[0], place[1], place[2] if kept == 3 else 1),
        flat=kept == 2,
        frames=lengths[-1] if timed else 1,
        order=FrameOrder.LAST,
        components=sizes(texts.get("ElementNumberOfChannels", "1"), 1, "channels")[0],
        matrix=geometry(_axes(texts, dimensions)[:kept], offset[:kept]),
        compressed=texts.get("CompressedData", "").lower() in _TRUE,
        fields={name: text for name, text in texts.items() if name not in KEYS},
        data_file="" if local else texts["ElementDataFile"],
        skip=end if local else _skip(texts),
    )
    return header, lines


def _end(data: mmap) -> int:
    """Where the pixels begin: behind the line that says where they are."""
    last = _LAST.search(data, 0, LIMIT)
    if last is None:
        raise RecordingError(
            "its header has no line ElementDataFile = ...: it ends too early, or is no MetaImage"
        )
    return last.end()


def _texts(lines: bytes) -> dict[str, str]:
    """The fields that belong to no frame."""
    parts = (line.partition("=") for line in lines.decode(errors="replace").split("\n"))
    return {name.strip(): text.strip() for name, mark, text in parts if mark}


def _frames_are_last(dimensions: int, kinds: Sequence[str], lines: FrameLines) -> bool:
    """Whether the last axis is frames; else it is all one volume.

    A file that says nothing of any frame, nor of its axes, is a picture or a volume.
    """
    if len(kinds) == dimensions and dimensions > 2:
        return kinds[-1] in ("list", "time") or lines.last >= 0
    return dimensions == 4 or (dimensions == 3 and lines.last >= 0)


def _first(texts: Mapping[str, str], names: Sequence[str]) -> str:
    """The text of the first of some names that is there."""
    return next((texts[name] for name in names if texts.get(name)), "")


def _dtype(texts: Mapping[str, str]) -> np.dtype[Any]:
    name = texts.get("ElementType", "")
    if name not in _TYPES:
        raise RecordingError(f"its ElementType is {name!r:.80}, expected one of {' '.join(_TYPES)}")
    big = _first(texts, _ORDER).lower() in _TRUE
    return np.dtype(_TYPES[name]).newbyteorder(">" if big else "<")


def _axes(texts: Mapping[str, str], count: int) -> list[list[float]]:
    """The vector of each axis, as long as the spacing; mm."""
    identity = " ".join(str(int(n % (count + 1) == 0)) for n in range(count * count))
    turn = numbers(_first(texts, _DIRECTION) or identity, count * count, "TransformMatrix")
    spacing = numbers(_first(texts, _SPACING) or "1 " * count, count, "ElementSpacing")
    return [[spacing[n] * x for x in turn[n * count : (n + 1) * count]] for n in range(count)]


def _skip(texts: Mapping[str, str]) -> int:
    text = texts.get("HeaderSize", "0")
    return -1 if text == "-1" else sizes(text, 1, "HeaderSize")[0]


def written(header: SequenceHeader, data_bytes: int) -> tuple[str, str]:
    """The text of a header, in front of the frames' fields and behind them.

    Args:
        header: little-endian, its frames last.
        data_bytes: what the pixels take in the file.
    """
    spatial = 2 if header.flat else 3
    count = spatial + 1
    spacing = np.linalg.norm(header.matrix[:3, :spatial], axis=0)
    turn = np.eye(count)
    turn[:spatial, :spatial] = (header.matrix[:3, :spatial] / spacing)[:spatial].T
    entries = {
        "ObjectType": "Image",
        "NDims": str(count),
        "AnatomicalOrientation": "RAI" if count == 3 else "????",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CenterOfRotation": _text([0] * count),
        "CompressedData": str(header.compressed),
        **({"CompressedDataSize": str(data_bytes)} if header.compressed else {}),
        "DimSize": _text([*header.size[:spatial], header.frames]),
        **({"ElementNumberOfChannels": str(header.components)} if header.components > 1 else {}),
        "ElementSpacing": _text([*spacing.tolist(), 1]),
        "ElementType": _TYPE_NAMES[header.dtype.str[1:]],
        "Kinds": " ".join(["domain"] * spatial + ["list"]),
        "Offset": _text([*header.matrix[:spatial, 3].tolist(), 0]),
        "TransformMatrix": _text(turn.ravel().tolist()),
        **header.fields,
    }
    lines = "".join(f"{name} = {text}\n" for name, text in entries.items())
    return lines, f"ElementDataFile = {header.data_file or 'LOCAL'}\n"


def _text(values: Sequence[float]) -> str:
    return " ".join(str(int(value)) if value == int(value) else repr(value) for value in values)
