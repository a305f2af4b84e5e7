"""Sequence files made by hand from the descriptions of the formats, for the tests."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from igtl.sequences.reader import SequenceFrame, SequenceReader

__all__ = [
    "META",
    "NRRD",
    "PIXELS",
    "PROBE",
    "STYLUS",
    "frames_of",
    "meta_file",
    "nrrd_file",
    "packed_meta_file",
    "packed_nrrd_file",
    "ramp",
]

PIXELS = bytes(range(24))
"""Two frames of 4 x 3 pixels."""

PROBE = [
    [[0.5, -0.25, 0.0, 12.125], [0.25, 0.5, 0.0, -7.5], [0.0, 0.0, 1.0, 1e-3], [0, 0, 0, 1]],
    [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 0.0, 1.0]],
]
STYLUS = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]

# As PLUS writes it: fields in the order of their names, sizes filled up with spaces, since they
# are written when the number of frames is known.
META = b"""\
ObjectType = Image
NDims = 3
AnatomicalOrientation = RAI
BinaryData = True
BinaryDataByteOrderMSB = False
CenterOfRotation = 0 0 0
CompressedData = False
DimSize = 4 3 2                                             \n\
ElementNumberOfChannels = 1
ElementSpacing = 1 1 1
ElementType = MET_UCHAR
Kinds = domain domain list
Offset = 0 0 0
TransformMatrix = 1 0 0 0 1 0 0 0 1
UltrasoundImageOrientation = MF
UltrasoundImageType = BRIGHTNESS
Seq_Frame0000_FrameNumber = 101
Seq_Frame0000_ImageStatus = OK
Seq_Frame0000_ProbeToTrackerTransform = 0.5 -0.25 0 12.125 0.25 0.5 0 -7.5 0 0 1 1e-3 0 0 0 1
Seq_Frame0000_ProbeToTrackerTransformStatus = OK
Seq_Frame0000_StylusToTrackerTransform = 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
Seq_Frame0000_StylusToTrackerTransformStatus = INVALID
Seq_Frame0000_Timestamp = 12.345678
Seq_Frame0000_UnfilteredTimestamp = 12.345601
Seq_Frame0001_FrameNumber = 102
Seq_Frame0001_ImageStatus = INVALID
Seq_Frame0001_ProbeToTrackerTransform = 1 0 0 1 0 1 0 2 0 0 1 3 0 0 0 1 \n\
Seq_Frame0001_ProbeToTrackerTransformStatus = OK
Seq_Frame0001_Timestamp = 12.4
Seq_Frame0001_UnfilteredTimestamp = 12.4
ElementDataFile = LOCAL
"""

NRRD = b"""\
NRRD0005
# Complete NRRD file format specification at:
# http://teem.sourceforge.net/nrrd/format.html
type: unsigned char
dimension: 3
sizes: 4 3 2           \n\
kinds: domain domain list
encoding: raw
endian: little
UltrasoundImageOrientation:=MF
UltrasoundImageType:=BRIGHTNESS
Seq_Frame0000_FrameNumber:=101
Seq_Frame0000_ImageStatus:=OK
Seq_Frame0000_ProbeToTrackerTransform:=0.5 -0.25 0 12.125 0.25 0.5 0 -7.5 0 0 1 1e-3 0 0 0 1
Seq_Frame0000_ProbeToTrackerTransformStatus:=OK
Seq_Frame0000_StylusToTrackerTransform:=1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
Seq_Frame0000_StylusToTrackerTransformStatus:=INVALID
Seq_Frame0000_Timestamp:=12.345678
Seq_Frame0000_UnfilteredTimestamp:=12.345601
Seq_Frame0001_FrameNumber:=102
Seq_Frame0001_ImageStatus:=INVALID
Seq_Frame0001_ProbeToTrackerTransform:=1 0 0 1 0 1 0 2 0 0 1 3 0 0 0 1 \n\
Seq_Frame0001_ProbeToTrackerTransformStatus:=OK
Seq_Frame0001_Timestamp:=12.4
Seq_Frame0001_UnfilteredTimestamp:=12.4

"""


def meta_file(folder: Path, header: bytes = META, pixels: bytes = PIXELS) -> Path:
    """A file of MetaImage."""
    return _file(folder / "hand.igs.mha", header + pixels)


def packed_meta_file(folder: Path) -> Path:
    """The same, compressed."""
    pixels = zlib.compress(PIXELS)
    size = b"CompressedData = True\nCompressedDataSize = %d             " % len(pixels)
    return meta_file(folder, META.replace(b"CompressedData = False", size), pixels)


def nrrd_file(folder: Path, header: bytes = NRRD, pixels: bytes = PIXELS) -> Path:
    """A file of NRRD."""
    return _file(folder / "hand.igs.nrrd", header + pixels)


def packed_nrrd_file(folder: Path) -> Path:
    """The same, compressed."""
    header = NRRD.replace(b"encoding: raw", b"encoding: gzip")
    return nrrd_file(folder, header, gzip.compress(PIXELS))


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def frames_of(path: Path) -> list[SequenceFrame]:
    """All frames of a file."""
    with SequenceReader(path) as reader:
        return list(reader)


def ramp(shape: tuple[int, ...], dtype: str, start: int = 0) -> NDArray[np.generic]:
    """Pixels that are all different, as far as their type allows."""
    count = int(np.prod(shape))
    return (np.arange(count) * 3 + start).astype(dtype).reshape(shape)
