"""MetaImage headers: by hand as PLUS writes them, by ITK, and hostile ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from igtl.errors import RecordingError
from igtl.sequences.reader import SequenceReader
from tests.sequences.files import (
    META,
    PIXELS,
    PROBE,
    STYLUS,
    frames_of,
    meta_file,
    packed_meta_file,
    ramp,
)


@pytest.mark.parametrize("make", [meta_file, packed_meta_file])
def test_a_file_in_the_layout_of_plus_is_read(make: object, tmp_path: Path) -> None:
    path = meta_file(tmp_path) if make is meta_file else packed_meta_file(tmp_path)
    first, second = frames_of(path)
    assert first.pixels.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]]
    assert second.pixels.tolist() == [[[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]]
    assert (first.index, second.index) == (0, 1)
    assert (first.timestamp, second.timestamp) == (12.345678, 12.4)
    assert {name: m.tolist() for name, m in first.transforms.items()} == {
        "ProbeToTracker": PROBE[0],
        "StylusToTracker": STYLUS,
    }
    assert first.statuses == {"ProbeToTracker": "OK", "StylusToTracker": "INVALID"}
    assert second.transforms["ProbeToTracker"].tolist() == PROBE[1]
    assert second.statuses == {"ProbeToTracker": "OK"}
    assert (first.image_status, second.image_status) == ("OK", "INVALID")
    assert first.fields == {"FrameNumber": "101", "UnfilteredTimestamp": "12.345601"}


def test_what_the_file_says_of_the_whole(tmp_path: Path) -> None:
    header = SequenceReader(meta_file(tmp_path)).header
    assert header.fields == {
        "UltrasoundImageOrientation": "MF",
        "UltrasoundImageType": "BRIGHTNESS",
    }
    assert (header.size, header.frames, header.components) == ((4, 3, 1), 2, 1)
    assert (header.orientation, header.coordinates, header.compressed) == ("MF", "LPS", False)
    assert header.matrix.tolist() == np.eye(4).tolist()


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    first, second = frames_of(meta_file(tmp_path, META.replace(b"\n", b"\r\n")))
    assert first.statuses["StylusToTracker"] == "INVALID"
    assert second.pixels[0, 0].tolist() == [12, 13, 14, 15]


def test_big_endian_pixels(tmp_path: Path) -> None:
    header = META.replace(b"MSB = False", b"MSB = True").replace(b"MET_UCHAR", b"MET_SHORT")
    frames = frames_of(meta_file(tmp_path, header, bytes([0xFF, 0xFE, 1, 2] * 12)))
    assert frames[1].pixels.ravel()[:2].tolist() == [-2, 258]
    assert frames[1].pixels.dtype == ">i2"


def test_colours_and_volumes(tmp_path: Path) -> None:
    header = META.replace(b"Channels = 1", b"Channels = 3").replace(
        b"DimSize = 4 3", b"DimSize = 2 2"
    )
    (first, _) = frames_of(meta_file(tmp_path, header))
    assert first.pixels.tolist() == [[[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]]
    four = (
        META.replace(b"NDims = 3", b"NDims = 4")
        .replace(b"DimSize = 4 3 2", b"DimSize = 2 3 2 2")
        .replace(b"Kinds = domain", b"Kinds = domain domain")
        .replace(b"Matrix = 1 0 0 0 1 0 0 0 1", b"Matrix = 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1")
        .replace(b"Spacing = 1 1 1", b"Spacing = 1 1 1 1")
        .replace(b"Offset = 0", b"Offset = 0 0")
    )
    (_, second) = frames_of(meta_file(tmp_path, four))
    assert second.pixels.shape == (2, 3, 2)
    assert second.pixels[1, 2].tolist() == [22, 23]


def test_older_names_of_fields(tmp_path: Path) -> None:
    header = (
        META.replace(b"Offset = 0 0 0", b"Position = 1 2 3")
        .replace(b"TransformMatrix = 1 0 0 0 1 0", b"Rotation = 0 1 0 -1 0 0")
        .replace(b"ElementSpacing = 1 1 1", b"ElementSize = 0.5 0.25 1")
    )
    matrix = SequenceReader(meta_file(tmp_path, header)).header.matrix
    assert matrix[:3].tolist() == [[0, -0.25, 0, 1], [0.5, 0, 0, 2], [0, 0, 1, 0]]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "int64"])
def test_files_of_itk_are_read(dtype: str, compress: bool, tmp_path: Path) -> None:
    pixels = ramp((3, 4, 5), dtype)
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetMetaData("Seq_Frame0001_Timestamp", "0.5")
    path = tmp_path / "itk.mha"
    SimpleITK.WriteImage(image, str(path), compress)
    frames = frames_of(path)
    assert [frame.timestamp for frame in frames] == [None, 0.5, None]
    assert np.array_equal([frame.pixels[0] for frame in frames], pixels)
    assert frames[0].pixels.dtype == dtype


def test_colours_and_places_of_itk_are_read(tmp_path: Path) -> None:
    pixels = ramp((2, 3, 4, 5, 3), "uint8")
    volumes = [SimpleITK.GetImageFromArray(volume, isVector=True) for volume in pixels]
    image = SimpleITK.JoinSeries(volumes)
    path = tmp_path / "itk.mha"
    SimpleITK.WriteImage(image, str(path))
    assert np.array_equal([frame.pixels for frame in frames_of(path)], pixels)

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
    path = tmp_path / "itk.mhd"
    SimpleITK.WriteImage(image, str(path), compress)
    assert np.array_equal([frame.pixels[0] for frame in frames_of(path)], pixels)


def test_a_header_of_bytes_before_pixels_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "pixels.raw").write_bytes(b"12345" + PIXELS)
    for skip in (b"5", b"-1"):
        path = tmp_path / "hand.mhd"
        last = b"HeaderSize = " + skip + b"\nElementDataFile = pixels.raw"
        path.write_bytes(META.replace(b"ElementDataFile = LOCAL", last))
        assert frames_of(path)[1].pixels.ravel()[0] == 12


def test_a_file_that_speaks_of_no_frames_is_one_volume(tmp_path: Path) -> None:
    lines = [line for line in META.split(b"\n") if line[:3] not in (b"Seq", b"Kin")]
    (only,) = frames_of(meta_file(tmp_path, b"\n".join(lines)))
    assert only.pixels.shape == (2, 3, 4)


def test_kinds_make_frames_of_the_last_axis(tmp_path: Path) -> None:
    lines = [line for line in META.split(b"\n") if line[:3] != b"Seq"]
    assert len(frames_of(meta_file(tmp_path, b"\n".join(lines)))) == 2


@pytest.mark.parametrize(
    ("found", "instead", "told"),
    [
        (b"DimSize = 4 3 2", b"DimSize = 1000000000000000000 3 2", "expected at most"),
        (b"DimSize = 4 3 2", b"DimSize = 4 -3 2", "expected 3 sizes"),
        (b"DimSize = 4 3 2", b"DimSize = 4 nan 2", "expected 3 sizes"),
        (b"DimSize = 4 3 2", b"DimSize = 4 3", "expected 3 sizes"),
        (b"DimSize = 4 3 2", b"DimSize = " + b"9" * 5000 + b" 3 2", "expected 3 sizes"),
        (b"DimSize", b"Size", "DimSize is ''"),
        (b"NDims = 3", b"NDims = 9", "NDims is 9"),
        (b"NDims = 3", b"NDims = three", "NDims is 'three'"),
        (b"ElementType = MET_UCHAR", b"Nothing = 1", "ElementType is ''"),
        (b"MET_UCHAR", b"MET_STRING", "'MET_STRING', expected one of"),
        (b"ElementSpacing = 1 1 1", b"ElementSpacing = 1 NaN 1", "expected 3 finite"),
        (b"Offset = 0 0 0", b"Offset = 0 0 inf", "expected 3 finite"),
        (b"Matrix = 1 0 0 0 1 0 0 0 1", b"Matrix = 1 0 0 0 1 0", "expected 9 finite"),
        (b"Channels = 1", b"Channels = 0", "0 values each"),
        (b"Channels = 1", b"Channels = 300", "300 values each"),
        (b"BinaryData = True", b"BinaryData = False", "expected binary"),
        (b"ElementDataFile", b"Elements", "no line ElementDataFile"),
        (b"LOCAL", b"../other.raw", "in the same folder"),
        (b"LOCAL", b"/etc/passwd", "in the same folder"),
        (b"LOCAL", b"LIST", "in the same folder"),
        (b"LOCAL", b"x\0.raw", "in the same folder"),
        (b"LOCAL", b"gone.raw", "No such file"),
    ],
)
def test_a_header_that_cannot_be_is_refused(
    found: bytes, instead: bytes, told: str, tmp_path: Path
) -> None:
    assert found in META
    path = meta_file(tmp_path, META.replace(found, instead))
    with pytest.raises(RecordingError, match=r"cannot read .*hand.igs.mha") as raised:
        SequenceReader(path)
    assert told in str(raised.value)


def test_a_header_that_says_too_much_of_the_whole_is_refused(tmp_path: Path) -> None:
    more = b"".join(b"More%d = %s\n" % (n, b"x" * 1_000_000) for n in range(17))
    with pytest.raises(RecordingError, match="belong to no frame"):
        SequenceReader(meta_file(tmp_path, META.replace(b"Seq_Frame0000_F", more + b"Seq", 1)))


@pytest.mark.parametrize(
    "lines",
    [
        f"DimSize = {'9' * 2000} {'9' * 2000} {'9' * 2000}\nElementDataFile = LOCAL\n",
        f"DimSize = 4 4 {'9' * 4000}\nElementDataFile = LOCAL\n",
        f"DimSize = 0 4 3\nHeaderSize = {'9' * 40}\nElementDataFile = x.raw\n",
    ],
)
def test_numbers_that_no_file_can_have(lines: str, tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(b"x")
    path = tmp_path / "x.mhd"
    head = "ObjectType = Image\nNDims = 3\nElementType = MET_UCHAR\nSeq_Frame0000_Timestamp = 1\n"
    path.write_text(head + lines)
    with pytest.raises(RecordingError, match=r"expected .* sizes from 0 on"):
        SequenceReader(path)
