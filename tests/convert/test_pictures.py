"""Whether images become a sequence or volumes; both read by SimpleITK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import igtl
from igtl.convert import convert
from igtl.convert.pictures import is_series
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter
from tests.convert.entries import entry

SECOND = 1_000_000_000
FLAT = np.arange(20, dtype=np.uint8).reshape(1, 4, 5)
POSE = igtl.Transform(np.eye(4), device_name="ProbeToTracker", timestamp=5.0)


def flat(n: int = 0, device: str = "US") -> Entry:
    image = igtl.Image(FLAT + n, device_name=device, timestamp=5.0 + n)
    return entry(image, n * SECOND)


def volume(n: int = 0) -> Entry:
    image = igtl.Image(np.repeat(FLAT, 3, axis=0) + n, device_name="CT")
    return entry(image, n * SECOND)


def damaged(one: Entry) -> Entry:
    return one._replace(frame=one.frame._replace(crc=one.frame.crc ^ 1))


@pytest.mark.parametrize(
    ("entries", "series"),
    [
        ([flat(), flat(1)], True),
        ([entry(POSE), flat(), flat(1)], True),
        ([flat(device="A"), flat(device="B"), flat(1, device="B")], True),
        ([damaged(volume()), flat(), flat()], True),
        ([entry(igtl.Video("H264", b"x", frame_type=1, size=(4, 4, 1)))], True),
        ([entry(POSE)], True),
        ([flat()], False),
        ([flat(device="A"), flat(device="B")], False),
        ([volume()], False),
        ([volume(), flat(), flat(1)], False),
    ],
)
def test_what_is_a_series(entries: list[Entry], series: bool) -> None:
    assert is_series(entries) is series


def recorded(tmp_path: Path, *entries: Entry) -> Path:
    path = tmp_path / "session.mcap"
    with FileWriter(path) as writer:
        for one in entries:
            writer.add(one)
    return path


@pytest.mark.parametrize("ending", ["mha", "nrrd", "igs.mha", "seq.nrrd"])
def test_pictures_become_a_sequence_with_poses(tmp_path: Path, ending: str) -> None:
    source = recorded(tmp_path, entry(POSE), flat(0), flat(1), flat(2))
    target = tmp_path / f"us.{ending}"
    done = convert(source, target, compress=True)
    assert (done.written, done.files) == (4, (target,))
    image = SimpleITK.ReadImage(str(target))
    pixels = SimpleITK.GetArrayFromImage(image)
    if pixels.shape[-1] == 3:  # the frames are the components, as in Slicer's NRRD
        pixels = np.moveaxis(pixels, -1, 0)
    assert np.array_equal(pixels.reshape(3, 4, 5), np.concatenate([FLAT, FLAT + 1, FLAT + 2]))
    back = tmp_path / "back.mcap"
    convert(target, back, type="IMAGE")
    times = [message.timestamp for message in igtl.read(back)]
    assert times == [5.0, 6.0, 7.0]


@pytest.mark.parametrize("ending", ["mha", "nrrd"])
def test_volumes_become_files_of_their_own(tmp_path: Path, ending: str) -> None:
    source = recorded(tmp_path, entry(POSE), volume(0), volume(1))
    done = convert(source, tmp_path / f"ct.{ending}")
    assert [file.name for file in done.files] == [f"ct-001.{ending}", f"ct-002.{ending}"]
    assert [str(one) for one in done.left_out] == ["1 TRANSFORM left out: image files hold images"]
    for n, file in enumerate(done.files):
        pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file)))
        assert np.array_equal(pixels, np.repeat(FLAT, 3, axis=0) + n)


def test_one_picture_is_one_file(tmp_path: Path) -> None:
    done = convert(recorded(tmp_path, flat()), tmp_path / "us.nrrd")
    assert done.files == (tmp_path / "us.nrrd",)
    image = SimpleITK.ReadImage(str(tmp_path / "us.nrrd"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image).reshape(4, 5), FLAT[0])


def test_a_sequence_is_chosen_beside_a_volume(tmp_path: Path) -> None:
    source = recorded(tmp_path, volume(), flat(0), flat(1), entry(POSE))
    done = convert(source, tmp_path / "us.mha", image="US")
    assert (done.written, done.files) == (2, (tmp_path / "us.mha",))  # the pose is of later
    done = convert(source, tmp_path / "ct.mha", image="CT")
    assert (done.written, done.files) == (1, (tmp_path / "ct.mha",))
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "ct.mha")))
    assert np.array_equal(pixels, np.repeat(FLAT, 3, axis=0))


@pytest.mark.parametrize(
    ("entries", "options", "what"),
    [
        ([volume(), volume(1)], {"compress": True}, "volumes, each .* for --compress; .*seq.mha"),
        ([flat(), flat(1)], {"most": 3}, "a sequence, .* no use for --most"),
    ],
)
def test_options_of_the_other_kind_are_refused(
    tmp_path: Path, entries: list[Entry], options: dict[str, Any], what: str
) -> None:
    source = recorded(tmp_path, *entries)
    with pytest.raises(igtl.RecordingError, match=what):
        convert(source, tmp_path / "x.mha", **options)
    assert list(tmp_path.iterdir()) == [source]


def test_a_sequence_of_one_device_is_chosen(tmp_path: Path) -> None:
    source = recorded(tmp_path, flat(0), flat(0, "Other"), flat(1))
    done = convert(source, tmp_path / "us.mha", image="US")
    assert [str(one) for one in done.left_out] == [
        "1 IMAGE left out: of a device that was not chosen"
    ]
