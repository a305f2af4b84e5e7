"""NRRD headers: by hand as PLUS and 3D Slicer write them, by ITK, and hostile ones."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from igtl.errors import RecordingError
from igtl.sequences.reader import SequenceReader
from tests.sequences.files import (
    NRRD,
    PIXELS,
    PROBE,
    STYLUS,
    frames_of,
    nrrd_file,
    packed_nrrd_file,
    ramp,
)

# As 3D Slicer writes a sequence of volumes: all frames' values of a voxel are side by side.
SLICER = b"""\
NRRD0004
# Complete NRRD file format specification at:
# http://teem.sourceforge.net/nrrd/format.html
type: short
dimension: 4
space: left-posterior-superior
sizes: 3 2 2 1
space directions: none (0.5,0,0) (0,0.25,0) (0,0,2)
kinds: list domain domain domain
endian: big
encoding: gzip
space origin: (1,2,3)
DataNodeClassName:=vtkMRMLScalarVolumeNode
axis 0 index type:=numeric
axis 0 index unit:=s
axis 0 index values:=0 0.1 0.25

"""


@pytest.mark.parametrize("make", [nrrd_file, packed_nrrd_file])
def test_a_file_in_the_layout_of_plus_is_read(make: object, tmp_path: Path) -> None:
    path = nrrd_file(tmp_path) if make is nrrd_file else packed_nrrd_file(tmp_path)
    first, second = frames_of(path)
    assert first.pixels.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]]
    assert second.pixels.ravel().tolist() == list(range(12, 24))
    assert (first.timestamp, second.timestamp) == (12.345678, 12.4)
    assert first.transforms["ProbeToTracker"].tolist() == PROBE[0]
    assert first.transforms["StylusToTracker"].tolist() == STYLUS
    assert second.transforms["ProbeToTracker"].tolist() == PROBE[1]
    assert first.statuses == {"ProbeToTracker": "OK", "StylusToTracker": "INVALID"}
    assert (first.image_status, second.image_status) == ("OK", "INVALID")
    assert first.fields == {"FrameNumber": "101", "UnfilteredTimestamp": "12.345601"}
    assert SequenceReader(path).header.orientation == "MF"


def test_a_sequence_of_3d_slicer_is_read(tmp_path: Path) -> None:
    values = np.arange(12, dtype=">i2")
    path = nrrd_file(tmp_path, SLICER, gzip.compress(values.tobytes()))
    frames = frames_of(path)
    assert [frame.pixels.tolist() for frame in frames] == [
        [[[0, 3], [6, 9]]],
        [[[1, 4], [7, 10]]],
        [[[2, 5], [8, 11]]],
    ]
    assert [frame.timestamp for frame in frames] == [0.0, 0.1, 0.25]
    header = SequenceReader(path).header
    assert header.matrix[:3].tolist() == [[0.5, 0, 0, 1], [0, 0.25, 0, 2], [0, 0, 2, 3]]
    raw = SLICER.replace(b"gzip", b"raw")
    assert frames_of(nrrd_file(tmp_path, raw, values.tobytes()))[2].pixels[0, 1, 1] == 11


def test_a_sequence_of_3d_slicer_that_ends_early_has_no_whole_frame(tmp_path: Path) -> None:
    packed = gzip.compress(np.arange(12, dtype=">i2").tobytes())
    for header, pixels in ((SLICER, packed[:-14]), (SLICER.replace(b"gzip", b"raw"), PIXELS[:-1])):
        with SequenceReader(nrrd_file(tmp_path, header, pixels)) as reader:
            assert list(reader) == []
            assert reader.missing == 3


def test_colours_are_the_first_axis(tmp_path: Path) -> None:
    for kind in (b"RGB-color", b"3-color", b"vector"):
        header = NRRD.replace(b"dimension: 3", b"dimension: 4").replace(b"4 3 2", b"3 2 2 2")
        header = header.replace(b"kinds: domain", b"kinds: " + kind + b" domain")
        (first, _) = frames_of(nrrd_file(tmp_path, header))
        assert first.pixels.tolist() == [[[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]]


def test_escaped_values(tmp_path: Path) -> None:
    header = NRRD.replace(b"FrameNumber:=101", rb"Note:=a\\b\nc")
    (first, _) = frames_of(nrrd_file(tmp_path, header))
    assert first.fields["Note"] == "a\\b\nc"


def test_patient_coordinates(tmp_path: Path) -> None:
    place = b"space directions: (0,2,0) (1,0,0) none\nspace origin: (1,2,3)\nencoding"
    for space, coordinates, first_row in (
        (b"left-posterior-superior", "LPS", [0, 1, 0, 1]),
        (b"LPS", "LPS", [0, 1, 0, 1]),
        (b"right-anterior-superior", "RAS", [0, 1, 0, 1]),
        (b"left-anterior-superior-time", "RAS", [0, -1, 0, -1]),
    ):
        header = NRRD.replace(b"encoding", b"space: " + space + b"\n" + place)
        found = SequenceReader(nrrd_file(tmp_path, header)).header
        assert (found.coordinates, found.matrix[0].tolist()) == (coordinates, first_row)
        assert found.matrix[1:3].tolist() == [[2, 0, 0, 2], [0, 0, -1, 3]]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "float32", "float64", "uint64"])
def test_files_of_itk_are_read(dtype: str, compress: bool, tmp_path: Path) -> None:
    pixels = ramp((3, 4, 5), dtype)
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetMetaData("Seq_Frame0001_Timestamp", "0.5")
    image.SetMetaData("Seq_Frame0001_Note", "a\\b")
    path = tmp_path / "itk.nrrd"
    SimpleITK.WriteImage(image, str(path), compress)
    frames = frames_of(path)
    assert [frame.timestamp for frame in frames] == [None, 0.5, None]
    assert frames[1].fields == {"Note": "a\\b"}
    assert np.array_equal([frame.pixels[0] for frame in frames], pixels)
    assert frames[0].pixels.dtype == dtype


def test_colours_and_places_of_itk_are_read(tmp_path: Path) -> None:
    pixels = ramp((2, 4, 5, 3), "uint8")
    image = SimpleITK.GetImageFromArray(pixels, isVector=True)
    image.SetMetaData("Seq_Frame0001_Timestamp", "0.5")
    path = tmp_path / "itk.nrrd"
    SimpleITK.WriteImage(image, str(path))
    assert np.array_equal([frame.pixels[0] for frame in frames_of(path)], pixels)

    series = ramp((2, 3, 4, 5), "int16")
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(one) for one in series])
    SimpleITK.WriteImage(image, str(path))
    assert np.array_equal([frame.pixels for frame in frames_of(path)], series)

    volume = SimpleITK.GetImageFromArray(ramp((2, 3, 4), "uint8"))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    volume.SetSpacing((0.5, 0.25, 2))
    volume.SetOrigin((1, 2, 3))
    SimpleITK.WriteImage(volume, str(path))
    header = SequenceReader(path).header
    assert header.frames == 1
    corner = volume.TransformIndexToPhysicalPoint((3, 2, 1))
    assert (header.matrix @ (3, 2, 1, 1))[:3].tolist() == list(corner)


@pytest.mark.parametrize("compress", [False, True])
def test_pixels_in_a_file_of_their_own(compress: bool, tmp_path: Path) -> None:
    pixels = ramp((3, 4, 5), "uint16")
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetMetaData("Seq_Frame0001_Timestamp", "0.5")
    path = tmp_path / "itk.nhdr"
    SimpleITK.WriteImage(image, str(path), compress)
    assert np.array_equal([frame.pixels[0] for frame in frames_of(path)], pixels)
    path.write_bytes(path.read_bytes().rstrip() + b"\n")  # no empty line is needed there
    assert len(frames_of(path)) == 3


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        ("sizes", "sizes: 1000000000000000000 3 2", "expected at most"),
        ("sizes", "sizes: -4 3 2", "expected 3 sizes"),
        ("sizes", "sizes: nan 3 2", "expected 3 sizes"),
        ("sizes", "sizes: 4 3", "expected 3 sizes"),
        ("sizes", "#", "sizes is ''"),
        ("dimension", "dimension: 16", "dimension is 16"),
        ("dimension", "#", "dimension is ''"),
        ("type", "#", "type is ''"),
        ("type", "type: block", "'block', expected one such"),
        ("endian", "type: short", "endian is ''"),
        ("endian", "endian: middle", "endian is 'middle'"),
        ("encoding", "encoding: bzip2", "'bzip2', expected 'raw' or 'gzip'"),
        ("encoding", "#", "encoding is ''"),
        ("endian", "endian: little\ndata file: ../x.raw", "in the same folder"),
        ("endian", "endian: little\ndata file: x%03d.raw 1 3 1", "in the same folder"),
        ("endian", "endian: little\ndata file: x.raw\nline skip: 2", "line skip is '2'"),
        ("endian", "endian: little\ndata file: x.raw\nbyte skip: -7", "byte skip is '-7'"),
        ("endian", "endian: little\nspace directions: (1,0) (0,1)", "expected 3 of them"),
        ("endian", "endian: little\nspace directions: (1,x) (0,1) none", "finite"),
        ("kinds", "kinds: RGB-color domain list", "have 1 axes"),
        ("kinds", "kinds: vector list domain", "save it otherwise"),
    ],
)
def test_a_header_that_cannot_be_is_refused(
    line: str, instead: str, told: str, tmp_path: Path
) -> None:
    header = re.sub(rf"(?m)^{line}: .*$", instead, NRRD.decode()).encode()
    assert header != NRRD
    with pytest.raises(RecordingError, match=r"cannot read .*hand.igs.nrrd") as raised:
        SequenceReader(nrrd_file(tmp_path, header))
    assert told in str(raised.value)


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no empty line"):
        SequenceReader(nrrd_file(tmp_path, NRRD[:-1], b""))


def test_a_header_that_says_too_much_of_the_whole_is_refused(tmp_path: Path) -> None:
    more = b"".join(b"More%d:=%s\n" % (n, b"x" * 1_000_000) for n in range(17))
    with pytest.raises(RecordingError, match="belong to no frame"):
        SequenceReader(nrrd_file(tmp_path, NRRD.replace(b"Seq_", more + b"Seq_", 1)))


def test_no_memory_is_taken_for_frames_of_3d_slicer_that_are_not_there(tmp_path: Path) -> None:
    header = SLICER.replace(b"sizes: 3", b"sizes: 1000000000000000").replace(b"gzip", b"raw")
    with SequenceReader(nrrd_file(tmp_path, header)) as reader:
        assert (list(reader), reader.missing) == ([], 10**15)
