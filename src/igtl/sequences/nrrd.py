"""NRRD: the headers of .nrrd files, and of .nhdr files, whose pixels are in another file.

    NRRD0005
    type: unsigned char
    dimension: 3
    sizes: 640 480 250
    kinds: domain domain list
    endian: little
    encoding: gzip
    UltrasoundImageOrientation:=MF
    Seq_Frame0000_Timestamp:=12.5

The pixels follow an empty line. The axis of kind "list" is the frames: the last one as PLUS writes
it, the first one as 3D Slicer does; values of colours are an axis in front of all others.
Source: "Definition of NRRD file format", of teem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from mmap import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

__all__ = ["MAGIC", "SEPARATOR", "read_header", "written"]

MAGIC = b"NRRD000"
SEPARATOR = ":="

_NAMES = {
    "i1": "signed char,int8,int8_t",
    "u1": "unsigned char,uchar,uint8,uint8_t",
    "i2": "short,short int,signed short,signed short int,int16,int16_t",
    "u2": "unsigned short,ushort,unsigned short int,uint16,uint16_t",
    "i4": "int,signed int,int32,int32_t",
    "u4": "unsigned int,uint,uint32,uint32_t",
    "i8": "long long,long long int,longlong,signed long long,int64,int64_t",
    "u8": "unsigned long long,ulonglong,unsigned long long int,uint64,uint64_t",
    "f4": "float",
    "f8": "double",
}
_TYPES = {name: code for code, names in _NAMES.items() for name in names.split(",")}
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_DETACHED = re.compile(rb"^data ?file:", re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")
_FRAMES = ("list", "time")
#: Kinds of an axis along which there is one pixel after the other. All others are of what belongs
#: to one pixel: its colours, a vector ...
_PLACES = ("domain", "space", *_FRAMES)
_RIGHT, _LEFT = ("right-anterior-superior", "ras"), ("left-anterior-superior", "las")


class _Axis(NamedTuple):
    """One axis of the file."""

    length: int
    kind: str
    direction: list[float] | None


def read_header(data: mmap) -> tuple[SequenceHeader, FrameLines]:
    """What the header at the start of a file says.

    Raises:
        RecordingError: it is none, or describes what is not supported.
    """
    end = _end(data)
    lines = FrameLines(data, end, b":=", _plain)
    fields, keys = _texts(lines.others)
    axes = _axes(fields)
    colour = _has_values(axes, lines)
    components, axes = (axes[0].length, axes[1:]) if colour else (1, axes)
    first, timed = _frames_axis(axes, lines)
    frames = (axes[0] if first else axes[-1]).length if timed else 1
    spatial = (axes[1:] if first else axes[:-1]) if timed else axes
    if colour and first:
        raise RecordingError("its frames are beside the colours of each pixel: save it otherwise")
    if len(spatial) not in (2, 3):
        raise RecordingError(f"its frames have {len(spatial)} axes, expected 2 or 3")
    matrix, coordinates = _geometry(fields, spatial)
    data_file = fields.get("data file", fields.get("datafile", ""))
    header = SequenceHeader(
        dtype=_dtype(fields),
        size=(spatial[0].length, spatial[1].length, spatial[2].length if spatial[2:] else 1),
        flat=len(spatial) == 2,
        frames=frames,
        order=FrameOrder.FIRST if first else FrameOrder.LAST,
        components=components,
        matrix=matrix,
        coordinates=coordinates,
        compressed=_is_compressed(fields),
        fields=keys,
        data_file=data_file,
        skip=_skip(fields) if data_file else end,
    )
    return header, lines


def _end(data: mmap) -> int:
    """Where the pixels begin: behind the first empty line, if there is one."""
    found = _EMPTY_LINE.search(data, 0, LIMIT)
    if found:
        return found.end()
    if len(data) < LIMIT and _DETACHED.search(data):
        return len(data)
    raise RecordingError(
        "its header ends with no empty line: the file ends too early, or is no NRRD"
    )


def _texts(lines: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of the format, and the keys of others that belong to no frame."""
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in lines.decode(errors="replace").split("\n"):
        name, mark, text = line.partition(":")
        if line[:1] == "#" or not mark:
            continue
        if text[:1] == "=":
            keys[name.strip()] = _plain(text[1:].strip())
        else:
            fields[name.strip().lower()] = text.strip()
    return fields, keys


def _plain(text: str) -> str:
    """The text of a key's value, in which a new line and a backslash are written otherwise."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text).strip()


def _axes(fields: Mapping[str, str]) -> list[_Axis]:
    count = sizes(fields.get("dimension", ""), 1, "dimension")[0]
    if not 2 <= count <= 5:
        raise RecordingError(f"its dimension is {count}, expected 3 or 4, or one more for colours")
    lengths = sizes(fields.get("sizes", ""), count, "sizes")
    kinds = fields.get("kinds", "???").split()
    kinds = kinds if len(kinds) == count else ["???"] * count
    directions = _directions(fields, count)
    return [_Axis(*axis) for axis in zip(lengths, kinds, directions, strict=True)]


def _directions(fields: Mapping[str, str], count: int) -> list[list[float] | None]:
    """The vector of each axis, None for one that has no place in space."""
    text = fields.get("space directions", "")
    if not text:
        return [None] * count
    parts = re.findall(r"none|\([^)]*\)", text)
    if len(parts) != count:
        raise RecordingError(f"its space directions are {text!r:.80}, expected {count} of them")
    return [None if part == "none" else _vector(part) for part in parts]


def _vector(text: str) -> list[float]:
    return numbers(text.strip("()").replace(",", " "), text.count(",") + 1, "space directions")


def _has_values(axes: Sequence[_Axis], lines: FrameLines) -> bool:
    """Whether the first axis is the values of a pixel."""
    if axes[0].kind != "???":
        return axes[0].kind not in _PLACES
    nowhere = axes[0].direction is None and any(axis.direction for axis in axes)
    return nowhere and (len(axes) > 4 or lines.last >= 0)


def _frames_axis(axes: Sequence[_Axis], lines: FrameLines) -> tuple[bool, bool]:
    """Whether the frames are the first axis, and whether there is such an axis at all."""
    if axes[0].kind == "list":
        return True, True
    said = axes[-1].kind in _FRAMES
    return False, said or len(axes) == 4 or (len(axes) == 3 and lines.last >= 0)


def _geometry(
    fields: Mapping[str, str], spatial: Sequence[_Axis]
) -> tuple[NDArray[np.float64], str]:
    """The matrix of the voxels' indices and "LPS" or "RAS", what it leads to."""
    if all(axis.direction is None for axis in spatial):
        return np.eye(4), "LPS"
    directions = [axis.direction or [0.0] * 3 for axis in spatial]
    text = fields.get("space origin", "")
    origin = _vector(text) if text else [0.0] * 3
    matrix = geometry(directions, origin)
    space = fields.get("space", "").lower()
    if space.startswith(_LEFT):
        matrix[0] *= -1.0
    return matrix, "RAS" if space.startswith(_RIGHT + _LEFT) else "LPS"


def _dtype(fields: Mapping[str, str]) -> np.dtype[Any]:
    name = fields.get("type", "")
    if name not in _TYPES:
        raise RecordingError(f"its type is {name!r:.80}, expected one such as 'unsigned char'")
    dtype = np.dtype(_TYPES[name])
    endian = fields.get("endian", "little" if dtype.itemsize == 1 else "")
    if endian not in ("little", "big"):
        raise RecordingError(f"its endian is {endian!r:.80}, expected 'little' or 'big'")
    return dtype.newbyteorder("<" if endian == "little" else ">")


def _is_compressed(fields: Mapping[str, str]) -> bool:
    encoding = fields.get("encoding", "")
    if encoding not in ("raw", "gzip", "gz"):
        raise RecordingError(
            f"its encoding is {encoding!r:.80}, expected 'raw' or 'gzip': save it as one of them"
        )
    return encoding != "raw"


def _skip(fields: Mapping[str, str]) -> int:
    lines = fields.get("line skip", fields.get("lineskip", "0"))
    if lines != "0":
        raise RecordingError(f"its line skip is {lines!r:.80}, expected 0")
    text = fields.get("byte skip", fields.get("byteskip", "0"))
    return -1 if text == "-1" else sizes(text, 1, "byte skip")[0]


def written(header: SequenceHeader, data_bytes: int) -> tuple[str, str]:
    """The text of a header, in front of the frames' fields and behind them.

    Where the geometry says nothing, it is left out: ITK wants no space for frames of two axes.

    Args:
        header: little-endian, its frames last.
        data_bytes: what the pixels take in the file; NRRD does not say it.
    """
    spatial = 2 if header.flat else 3
    colour = header.components > 1
    kind = {3: "RGB-color", 4: "RGBA-color"}.get(header.components, "vector")
    lengths = [*header.size[:spatial], header.frames]
    entries = {
        "type": _NAMES[header.dtype.str[1:]].partition(",")[0],
        "dimension": str(spatial + 1 + colour),
        **_space(header, spatial, colour=colour),
        "sizes": " ".join(map(str, [header.components, *lengths] if colour else lengths)),
        "kinds": " ".join([kind] * colour + ["domain"] * spatial + ["list"]),
        "endian": "little",
        "encoding": "gzip" if header.compressed else "raw",
    }
    if header.data_file:
        entries["data file"] = header.data_file
    lines = [f"{name}: {text}\n" for name, text in entries.items()]
    lines += [f"{name}:={text}\n".replace("\\", "\\\\") for name, text in header.fields.items()]
    return "NRRD0005\n" + "".join(lines), "\n"


def _space(header: SequenceHeader, spatial: int, *, colour: bool) -> dict[str, str]:
    if np.array_equal(header.matrix, np.eye(4)):
        return {}
    columns = header.matrix[:3, :spatial].T.tolist()
    axes = ["none"] * colour + [_tuple(column) for column in columns] + ["none"]
    return {
        "space": "left-posterior-superior",
        "space directions": " ".join(axes),
        "space origin": _tuple(header.matrix[:3, 3].tolist()),
    }


def _tuple(values: Sequence[float]) -> str:
    return "(" + ",".join(map(repr, values)) + ")"
