"""Sequence files as messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from igtl.errors import RecordingError
from igtl.messages import Image, Message, Transform
from igtl.recording.entry import Entry
from igtl.sequences.entries import SequenceEntries
from igtl.sequences.reader import SequenceFrame
from igtl.sequences.writer import SequenceWriter
from tests.sequences.files import META, NRRD, PROBE, meta_file, nrrd_file, ramp


def entries_of(path: Path) -> list[Entry]:
    with SequenceEntries(path) as entries:
        return list(entries)


def messages_of(path: Path) -> list[Message]:
    return [entry.message for entry in entries_of(path)]


@pytest.mark.parametrize("kind", ["meta", "nrrd"])
def test_a_file_in_the_layout_of_plus(kind: str, tmp_path: Path) -> None:
    path = meta_file(tmp_path) if kind == "meta" else nrrd_file(tmp_path)
    entries = entries_of(path)
    assert [entry.connection for entry in entries] == [path.name] * 4
    assert [entry.time_ns for entry in entries] == [12_345_678_000] * 3 + [12_400_000_000]
    probe, stylus, image, second = (entry.message for entry in entries)
    assert isinstance(probe, Transform)
    assert probe.device_name == "ProbeToTracker"
    assert probe.timestamp == pytest.approx(12.345678, abs=1e-9)
    assert np.array_equal(probe.matrix, np.array(PROBE[0], np.float32))
    assert dict(probe.metadata) == {"TransformStatus": "OK", "TransformValid": "true"}
    assert stylus.device_name == "StylusToTracker"
    assert dict(stylus.metadata) == {"TransformStatus": "INVALID", "TransformValid": "false"}
    assert isinstance(image, Image)
    assert image.device_name == "Image"
    assert image.pixels.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]]
    assert (image.ijk_to_world.tolist(), image.coordinates) == (np.eye(4).tolist(), "RAS")
    assert dict(image.metadata) == {"FrameNumber": "101", "UnfilteredTimestamp": "12.345601"}
    assert isinstance(second, Transform)  # the second picture is not valid


def test_a_file_without_pixels_has_poses(tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"4 3 2", b"0 0 2"), b"")
    names = [one.device_name for one in messages_of(path)]
    assert names == ["ProbeToTracker", "StylusToTracker", "ProbeToTracker"]


@pytest.mark.parametrize("kind", ["meta", "nrrd"])
def test_what_a_frame_gives_is_known_without_its_pixels(kind: str, tmp_path: Path) -> None:
    path = meta_file(tmp_path) if kind == "meta" else nrrd_file(tmp_path)
    with SequenceEntries(path) as entries:
        told = [(entries.time_ns(n), list(entries.devices(n))) for n in range(2)]
    poses = ("ProbeToTracker", "TRANSFORM"), ("StylusToTracker", "TRANSFORM")
    assert told == [
        (12_345_678_000, [*poses, ("Image", "IMAGE")]),
        (12_400_000_000, [poses[0]]),
    ]


def test_what_the_caller_says_goes_first(tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"Orientation = MF", b"Orientation = UF"))
    image = messages_of(path)[2]
    assert isinstance(image, Image)
    assert image.pixels[0, 0].tolist() == [3, 2, 1, 0]
    with SequenceEntries(path, orientation=None, device="US") as entries:
        image = list(entries)[2].message
    assert isinstance(image, Image)
    assert (image.device_name, image.pixels[0, 0].tolist()) == ("US", [0, 1, 2, 3])


def test_a_file_that_names_its_device(tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"Kinds", b"DeviceName = Endoscope\nKinds"))
    assert messages_of(path)[2].device_name == "Endoscope"


def test_times_that_a_header_cannot_say(tmp_path: Path) -> None:
    path, pixel = tmp_path / "x.mha", np.zeros((1, 1, 1), np.uint8)
    with SequenceWriter(path) as writer:
        for timestamp in (None, -1.5, 0.25, None, 5e9, 1.0):
            writer.write(SequenceFrame(pixel, timestamp))
    entries = entries_of(path)
    assert [entry.time_ns for entry in entries] == [
        *(0, 0, 250_000_000, 250_000_000, 250_000_000, 1_000_000_000)
    ]
    assert [entry.message.timestamp for entry in entries] == [None, None, 0.25, None, None, 1.0]


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e999999999", "18446744074"])
def test_times_of_arrival_that_are_none_are_passed_over(text: str, tmp_path: Path) -> None:
    said = f"Seq_Frame0000_ReceivedTimestamp = {text}\nElementData".encode()
    path = meta_file(tmp_path, META.replace(b"ElementData", said))
    assert entries_of(path)[0].time_ns == 12_345_678_000


def test_times_of_arrival_are_exact(tmp_path: Path) -> None:
    said = b"Seq_Frame0000_ReceivedTimestamp = 1700000000.123456789\nElementData"
    path = meta_file(tmp_path, META.replace(b"ElementData", said))
    assert entries_of(path)[2].time_ns == 1_700_000_000_123_456_789
    assert "ReceivedTimestamp" not in messages_of(path)[2].metadata


def test_names_that_are_too_long_go_on_in_the_metadata(tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"_StylusToTracker", b"_StylusTipToReferenceFrame"))
    stylus = messages_of(path)[1]
    assert stylus.device_name == "StylusTipToReferenceFrame"
    assert entries_of(path)[1].frame.device_name == "StylusTipToReference"


@pytest.mark.parametrize("row", [b"0 0 0 0", b"0 0 nan 1", b"1 0 0 1"])
def test_a_matrix_that_is_no_pose_is_not_valid(row: bytes, tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"0 0 1 1e-3 0 0 0 1", b"0 0 1 1e-3 " + row))
    probe = messages_of(path)[0]
    assert isinstance(probe, Transform)
    assert probe.matrix.tolist() == np.eye(4).tolist()
    assert probe.metadata["TransformStatus"] == "INVALID"


def test_a_picture_that_is_placed(tmp_path: Path) -> None:
    field = b"Seq_Frame0000_ImageToRASTransform = 0 2 0 1 1 0 0 2 0 0 1 3 0 0 0 1\n"
    path = meta_file(tmp_path, META.replace(b"ElementDataF", field + b"ElementDataF"))
    assert [one.device_name for one in messages_of(path)][2:] == ["Image", "ProbeToTracker"]
    image = messages_of(path)[2]
    assert isinstance(image, Image)
    assert image.ijk_to_world[:3].tolist() == [[0, 2, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3]]
    field += b"Seq_Frame0000_ImageToRASTransformStatus = INVALID\n"
    path = meta_file(tmp_path, META.replace(b"ElementDataF", field + b"ElementDataF"))
    names = [one.device_name for one in messages_of(path)]
    assert names == ["ProbeToTracker", "StylusToTracker", "ImageToRAS", "Image", "ProbeToTracker"]


@pytest.mark.parametrize("place", ["nan" + " 0" * 15, "1" + " 0" * 14 + " 2"])
def test_a_place_that_is_none_is_not_valid(place: str, tmp_path: Path) -> None:
    said = f"Seq_Frame0000_ImageToRASTransform = {place}\nElementData".encode()
    path = meta_file(tmp_path, META.replace(b"ElementData", said))
    found = {one.device_name: one for one in messages_of(path)[:4]}
    assert found["ImageToRAS"].metadata["TransformStatus"] == "INVALID"
    image = found["Image"]
    assert isinstance(image, Image)
    assert image.ijk_to_world.tolist() == np.eye(4).tolist()


@pytest.mark.parametrize("ending", [".mha", ".nrrd"])
def test_volumes_lie_where_itk_says(ending: str, tmp_path: Path) -> None:
    volume = SimpleITK.GetImageFromArray(ramp((2, 3, 4), "int16"))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    volume.SetSpacing((0.5, 0.25, 2))
    volume.SetOrigin((1, 2, 3))
    path = tmp_path / f"x{ending}"
    SimpleITK.WriteImage(volume, str(path))
    (image,) = messages_of(path)
    assert isinstance(image, Image)
    left, behind, up = volume.TransformIndexToPhysicalPoint((3, 2, 1))
    assert (image.ijk_to_ras @ (3, 2, 1, 1)).tolist() == [-left, -behind, up, 1]


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path, NRRD, bytes(23))
    with SequenceEntries(path) as entries:
        assert len(list(entries)) == 3
        assert entries.notes == (
            "2 frames are announced, 1 are there: the file was cut, is damaged, or is still being "
            "written",
        )
    with SequenceEntries(nrrd_file(tmp_path)) as entries:
        assert (entries.size, entries.notes) == (2, ())


def test_pixels_that_no_message_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mha"
    with SequenceWriter(path) as writer:
        writer.write(SequenceFrame(ramp((1, 2, 2), "int64")))
    with pytest.raises(RecordingError, match=r"x\.mha, frame 0: pixels of int64 cannot be sent"):
        entries_of(path)
