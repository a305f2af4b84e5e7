"""Messages as sequence files: which poses belong to which image, and the way there and back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from igtl.codec.frame import parse
from igtl.convert.sequences import SequenceSink
from igtl.errors import DecodeError, RecordingError
from igtl.messages import (
    Image,
    Message,
    Position,
    QuaternionTool,
    QuaternionTrackingData,
    String,
    Tool,
    TrackingData,
    Transform,
    encode,
)
from igtl.recording.entry import Entry
from igtl.recording.recording import read
from igtl.recording.writer import FileWriter
from igtl.sequences.entries import SequenceEntries
from igtl.sequences.reader import SequenceFrame, SequenceReader
from igtl.video.encoder import Encoder

START = 1_700_000_000
PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def entry(message: Message, time: float) -> Entry:
    """A message that arrives at a time after `START`, which its sender says only if it likes."""
    return Entry(START * 1_000_000_000 + round(time * 1e9), "plus", parse(encode(message)))


def pose(name: str, x: float, stamp: float | None, **more: Any) -> Transform:
    matrix = np.eye(4)
    matrix[0, 3] = x
    at = None if stamp is None else START + stamp
    return Transform(matrix, device_name=name, timestamp=at, **more)


def image(stamp: float | None, pixels: Any = PICTURE, name: str = "Image", **more: Any) -> Image:
    at = None if stamp is None else START + stamp
    return Image(pixels, device_name=name, timestamp=at, **more)


def written(entries: Iterable[Entry], path: Path, **options: Any) -> list[SequenceFrame]:
    sink = SequenceSink(path, **options)
    try:
        for one in entries:
            assert sink.add(one) is None
        sink.close()
    finally:
        sink.abandon()
    with SequenceReader(path) as reader:
        return list(reader)


def x_of(frame: SequenceFrame, name: str) -> float:
    return float(frame.transforms[name][0, 3])


def test_an_image_gets_the_pose_of_its_time(tmp_path: Path) -> None:
    entries = [
        entry(pose("ProbeToTracker", 1, 0.0), 0.0),
        entry(pose("ProbeToTracker", 2, 0.1), 0.1),
        entry(image(0.1), 0.11),
        entry(pose("StylusToTracker", 3, 0.1), 0.12),  # PLUS sends poses behind their image
        entry(pose("ProbeToTracker", 4, 0.15), 0.15),
        entry(pose("ProbeToTracker", 5, 0.25), 0.21),
        entry(image(0.2), 0.22),  # later than the pose that came before it
    ]
    first, second = written(entries, tmp_path / "x.igs.mha")
    assert (x_of(first, "ProbeToTracker"), x_of(first, "StylusToTracker")) == (2, 3)
    assert (x_of(second, "ProbeToTracker"), x_of(second, "StylusToTracker")) == (4, 3)
    assert set(first.statuses.values()) == {"OK"}
    assert first.pixels.tolist() == [PICTURE.tolist()]
    assert first.fields["FrameNumber"] == "0"
    assert (first.timestamp, first.fields["UnfilteredTimestamp"]) == (
        START + 0.1,
        repr(START + 0.1),
    )


@pytest.mark.parametrize("low", [1, 97, 300, 511, 2047])
def test_times_that_no_float_holds_are_equal_all_the_same(low: int, tmp_path: Path) -> None:
    entries = []
    for number in range(3):
        raw_time = (START + number << 32) + low
        for message in (pose("ProbeToTracker", number, 0), image(0)):
            one = entry(message, number)
            entries.append(one._replace(frame=one.frame._replace(raw_time=raw_time)))
    frames = written(entries, tmp_path / "x.igs.mha")
    assert [x_of(frame, "ProbeToTracker") for frame in frames] == [0, 1, 2]
    assert [frame.statuses["ProbeToTracker"] for frame in frames] == ["OK"] * 3


def test_poses_that_are_missing_or_too_old(tmp_path: Path) -> None:
    entries = [
        entry(image(0.0), 0.0),
        entry(pose("ProbeToTracker", 1, 0.05), 0.05),  # the image above waits no longer
        entry(image(0.5), 0.5),
        entry(image(0.56), 0.56),
    ]
    first, second, third = written(entries, tmp_path / "x.igs.mha")
    assert first.statuses == {"ProbeToTracker": "MISSING"}
    assert first.transforms["ProbeToTracker"].tolist() == np.eye(4).tolist()
    assert (x_of(second, "ProbeToTracker"), second.statuses) == (1, {"ProbeToTracker": "OK"})
    assert (x_of(third, "ProbeToTracker"), third.statuses) == (1, {"ProbeToTracker": "MISSING"})
    longer = written(entries, tmp_path / "y.igs.mha", max_age=1.0)
    assert longer[2].statuses == {"ProbeToTracker": "OK"}


@pytest.mark.parametrize(
    ("times", "max_age", "reason"),
    [
        (
            (0.0, 1.0, 2.0, 3.0),
            0.5,
            "12 of 31 frames: it comes every 1.0 s: --max-age 1.5 takes it",
        ),
        ((0.0, 0.1, 0.2, 0.3), 0.5, "22 of 31 frames: there was none in the 0.5 s before"),
        ((0.0,), 0.5, "25 of 31 frames: it came once: --max-age 4 takes it"),
    ],
)
def test_a_note_says_which_poses_are_missing_and_what_helps(
    tmp_path: Path, times: tuple[float, ...], max_age: float, reason: str
) -> None:
    entries = [entry(pose("AToB", 1, at), at) for at in times]
    entries += [entry(pose("OftenToB", 1, n / 10), n / 10) for n in range(31)]
    entries += [entry(image(n / 10), n / 10) for n in range(31)]
    sink = SequenceSink(tmp_path / "x.igs.mha", max_age=max_age)
    for one in sorted(entries, key=lambda one: one.time_ns):
        sink.add(one)
    sink.close()
    assert sink.notes == (f"AToB is MISSING in {reason}",)


def test_notes_of_many_poses_are_few(tmp_path: Path) -> None:
    sink = SequenceSink(tmp_path / "x.igs.mha")
    sink.add(entry(image(0.0), 0.0))
    for number in range(7):
        sink.add(entry(pose(f"T{number}ToB", 1, 0.1), 0.1))
    sink.close()
    assert sink.notes == (
        *(f"T{n}ToB is MISSING in 1 of 1 frames: there was none before" for n in range(5)),
        "so are 2 more transforms in some frames",
    )


def test_an_image_does_not_wait_for_ever(tmp_path: Path) -> None:
    entries = [entry(image(0.0), 0.0)]
    entries += [entry(pose("AToB", n, n / 10), n / 10) for n in range(1, 50)]
    entries += [entry(pose("AToB", 99, 0.0), 4.95), entry(image(5.0), 5.0)]
    first, second = written(entries, tmp_path / "x.igs.mha")
    assert first.statuses == {"AToB": "MISSING"}  # the pose of its time came 4.95 s late
    assert x_of(second, "AToB") == 49


def test_what_a_status_says_is_kept(tmp_path: Path) -> None:
    said = {"TransformStatus": "OUT_OF_VIEW", "TransformValid": "false"}
    entries = [
        entry(pose("AToB", 1, 0.0, metadata=said), 0.0),
        entry(pose("CToB", 1, 0.0, metadata={"TransformValid": "false"}), 0.0),
        entry(pose("DToB", np.nan, 0.0), 0.0),
        entry(image(0.0), 0.0),
    ]
    (frame,) = written(entries, tmp_path / "x.igs.mha")
    assert frame.statuses == {"AToB": "OUT_OF_VIEW", "CToB": "INVALID", "DToB": "INVALID"}
    assert frame.transforms["DToB"].tolist() == np.eye(4).tolist()


def test_all_that_holds_poses(tmp_path: Path) -> None:
    half = np.sqrt(0.5)
    entries = [
        entry(Position((1, 2, 3), (0, 0, half, half), device_name="NeedleToTracker"), 0.0),
        entry(Position((4, 5, 6), None, device_name="Tip one"), 0.0),
        entry(
            TrackingData(
                [Tool("Probe", np.eye(4)), Tool("PenToHand", np.eye(4))], device_name="NDI"
            ),
            0.0,
        ),
        entry(QuaternionTrackingData([QuaternionTool("Pin", (7, 8, 9))]), 0.0),
        entry(image(None), 0.0),
    ]
    (frame,) = written(entries, tmp_path / "x.igs.mha")
    assert set(frame.transforms) == {
        *("NeedleToTracker", "Tip_one", "ProbeToNDI", "PenToHand", "PinToTracker")
    }
    needle = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    assert np.allclose(frame.transforms["NeedleToTracker"], needle)
    assert frame.transforms["Tip_one"][:3].tolist() == [[1, 0, 0, 4], [0, 1, 0, 5], [0, 0, 1, 6]]
    assert frame.transforms["PinToTracker"][:3, 3].tolist() == [7, 8, 9]


def test_times_of_arrival_where_headers_say_nothing_or_differ(tmp_path: Path) -> None:
    entries = [
        entry(pose("AToB", 1, None), 0.0),
        entry(pose("AToB", 2, None), 0.1),
        entry(image(None), 0.15),
        entry(pose("AToB", 3, None), 0.2),
    ]
    (frame,) = written(entries, tmp_path / "x.igs.mha")
    assert (x_of(frame, "AToB"), frame.timestamp) == (2, START + 0.15)
    entries = [
        entry(pose("AToB", 1, 3600.0), 0.1),  # a clock that is an hour ahead
        entry(image(0.1), 0.15),
    ]
    sink = SequenceSink(tmp_path / "y.igs.mha")
    for one in entries:
        sink.add(one)
    sink.close()
    (note,) = sink.notes
    assert note == (
        "AToB is MISSING in 1 of 1 frames: by the times in the headers none was new enough; where "
        "clocks differ, --clock arrival goes by times of arrival"
    )
    (frame,) = SequenceReader(tmp_path / "y.igs.mha")
    assert frame.statuses == {"AToB": "MISSING"}
    (frame,) = written(entries, tmp_path / "z.igs.mha", clock="arrival")
    assert (x_of(frame, "AToB"), frame.statuses) == (1, {"AToB": "OK"})
    with pytest.raises(RecordingError, match="clock is 'wall', expected one of timestamp, arrival"):
        SequenceSink(tmp_path / "a.mha", clock="wall")


def test_where_flat_images_lie(tmp_path: Path) -> None:
    placed = np.array([[0, 0.5, 0, 1], [0.25, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1.0]])
    lps = np.diag((-1.0, -1.0, 1.0, 1.0)) @ placed
    entries = [
        entry(image(0.0), 0.0),
        entry(image(0.1, ijk_to_world=placed), 0.1),
        entry(image(0.2, ijk_to_world=lps, coordinates="LPS"), 0.2),
    ]
    path = tmp_path / "x.igs.mha"
    frames = written(entries, path)
    assert [list(frame.transforms) for frame in frames] == [[], ["ImageToRAS"], ["ImageToRAS"]]
    for frame in frames[1:]:
        assert frame.transforms["ImageToRAS"].tolist() == placed.tolist()
    with SequenceReader(path) as reader:
        assert reader.header.matrix.tolist() == np.eye(4).tolist()
        assert reader.header.orientation == "MF"
        assert reader.header.fields["DeviceName"] == "Image"


@pytest.mark.parametrize("stored", ["MF", "UN", "MN", "FU"])
@pytest.mark.parametrize("wanted", ["MF", "UF", "NM", None])
def test_pictures_that_are_turned_stay_where_they_are(
    stored: str, wanted: str | None, tmp_path: Path
) -> None:
    placed = np.array([[0, 0.5, 0, 1], [0.25, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1.0]])
    one, path = image(0.0, ijk_to_world=placed), tmp_path / "x.igs.mha"
    (frame,) = written([entry(one, 0.0)], path, orientation=stored)
    first = {"MF": (0, 0), "UN": (3, 2), "MN": (0, 2), "FU": (0, 2)}[stored]
    # PLUS turns the file's pixels to MF; its first one then is this one of the file
    corner = placed @ (*first, 0, 1)
    assert frame.pixels[0].tolist() == PICTURE.tolist()
    assert frame.transforms["ImageToRAS"][:, 3].tolist() == corner.tolist()
    with SequenceEntries(path, orientation=wanted) as entries:
        (found,) = (each.message for each in entries)
    assert isinstance(found, Image)
    assert _points(found) == _points(one)


def _points(one: Image) -> dict[int, list[float]]:
    """Where each value lies, mm in RAS."""
    matrix = one.ijk_to_ras
    return {
        value: (matrix @ (i, j, k, 1)).tolist() for (k, j, i), value in np.ndenumerate(one.pixels)
    }


def test_a_part_of_an_image_lies_where_it_lies(tmp_path: Path) -> None:
    part = image(0.0, sub_volume_offset=(2, 3, 0), volume_size=(10, 10, 1))
    (frame,) = written([entry(part, 0.0)], tmp_path / "x.igs.mha")
    assert frame.transforms["ImageToRAS"][:3, 3].tolist() == [2, 3, 0]


def test_where_volumes_lie(tmp_path: Path) -> None:
    volume = np.arange(30, dtype=np.int16).reshape(2, 3, 5)
    placed = np.array([[0, 0.5, 0, 1], [0.25, 0, 0, 2], [0, 0, 2, 3], [0, 0, 0, 1.0]])
    moved = placed.copy()
    moved[:3, 3] = 7, 8, 9
    entries = [
        entry(image(n / 10, volume, ijk_to_world=matrix), n / 10)
        for n, matrix in enumerate((placed, placed, moved))
    ]
    path = tmp_path / "x.igs.mha"
    frames = written(entries, path)
    assert [list(frame.transforms) for frame in frames] == [[], [], ["ImageToRAS"]]
    with SequenceReader(path) as reader:
        assert reader.header.orientation == ""
        lps = np.diag((-1.0, -1.0, 1.0, 1.0)) @ placed
        assert np.allclose(reader.header.matrix, lps, atol=1e-15)
    found = [one.message for one in SequenceEntries(path)]
    for one, matrix in zip(found, (placed, placed, moved), strict=True):
        assert isinstance(one, Image)
        assert one.ijk_to_world.tolist() == matrix.tolist()


def test_images_of_several_devices(tmp_path: Path) -> None:
    entries = [entry(image(0.0, name="Left"), 0.0), entry(image(0.1, name="Right"), 0.1)]
    sink = SequenceSink(tmp_path / "x.igs.mha")
    sink.add(entries[0])
    with pytest.raises(RecordingError, match=r"'Left' \(IMAGE, plus\); 'Right' .* choose one"):
        sink.add(entries[1])
    sink.abandon()
    assert list(tmp_path.iterdir()) == []
    sink = SequenceSink(tmp_path / "x.igs.mha", image="Right")
    assert sink.add(entries[0]) == "of a device that was not chosen"
    assert sink.add(entries[1]) is None
    sink.close()
    with SequenceEntries(tmp_path / "x.igs.mha") as found:
        assert [one.message.device_name for one in found] == ["Right"]


def test_images_of_several_sizes(tmp_path: Path) -> None:
    entries = [entry(image(0.0), 0.0), entry(image(0.1, PICTURE[:2]), 0.1)]
    with pytest.raises(
        RecordingError, match=r"frame 1: .* \(1, 2, 4\) .* of frame 0 have \(1, 3, 4\)"
    ):
        written(entries, tmp_path / "x.igs.mha")


def test_poses_alone(tmp_path: Path) -> None:
    entries = [
        entry(pose("AToB", 1, 0.0), 0.0),
        entry(pose("CToB", 2, 0.0), 0.001),
        entry(pose("AToB", 3, 0.1), 0.1),
    ]
    path = tmp_path / "x.igs.mha"
    first, second = written(entries, path)
    assert (first.image_status, first.pixels.tolist()) == ("INVALID", [[[0]]])
    assert (x_of(first, "AToB"), x_of(first, "CToB")) == (1, 2)
    assert (x_of(second, "AToB"), x_of(second, "CToB")) == (3, 2)
    found = [one.message for one in SequenceEntries(path)]
    assert [one.device_name for one in found] == ["AToB", "CToB", "AToB", "CToB"]


def test_what_is_left_out(tmp_path: Path) -> None:
    sink = SequenceSink(tmp_path / "x.igs.mha")
    assert sink.add(entry(String("hello"), 0.0)) == "sequences hold images, video and poses"
    assert sink.add(entry(pose("", 1, 0.0), 0.0)) == "a pose without a device name"
    broken = entry(pose("AToB", 1, 0.0), 0.0)
    with pytest.raises(DecodeError):
        sink.add(broken._replace(frame=broken.frame._replace(crc=1)))
    with pytest.raises(RecordingError, match="no frame was written"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


def test_metadata_of_images(tmp_path: Path) -> None:
    said = {"FrameNumber": "77", "Depth": "4 cm", "Bad name": "1", "Lines": "a\nb"}
    said |= {"Timestamp": "7", "XTransform": "1", "ImageStatus": "no", "Long": "x" * 1000}
    path = tmp_path / "x.igs.mha"
    sink = SequenceSink(path)
    sink.add(entry(image(0.0, metadata=said), 0.0))
    sink.close()
    assert sink.notes == ("3 metadata of images fit into no line: they are left out",)
    (frame,) = SequenceReader(path)
    assert (frame.timestamp, frame.image_status, frame.transforms) == (START, "OK", {})
    assert frame.fields == {
        "FrameNumber": "77",
        "Depth": "4 cm",
        "UnfilteredTimestamp": repr(float(START)),
    }


def session(shape: tuple[int, ...], dtype: str) -> list[Entry]:
    """Frames of a moving scanner, and the poses that belong to them, as PLUS sends them."""
    entries = []
    said = {"TransformStatus": "OK", "TransformValid": "true"}
    for number in range(5):
        stamp = number / 30
        arrival = stamp + 0.0123456789
        for name in ("ProbeToTracker", "StylusTipToReferenceFrame"):
            metadata = said | ({"IGTL_DEVICE_NAME": name} if len(name) > 20 else {})
            message = pose(name[:20], number / 7, stamp, metadata=metadata)
            entries.append(entry(message, arrival))
        place = np.diag((0.2, 0.3, 1.0, 1.0))
        place[:3, 3] = number / 9, 2, 3
        picture = image(
            stamp,
            (np.arange(np.prod(shape)) + number).astype(dtype).reshape(shape),
            "Ultrasound",
            ijk_to_world=place,
            components=shape[3] if len(shape) == 4 else 1,
            metadata={"FrameNumber": str(number), "Depth": "4"},
        )
        entries.append(entry(picture, arrival))
    return entries


@pytest.mark.parametrize("ending", [".igs.mha", ".igs.nrrd"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((1, 6, 8), "uint8"), ((1, 6, 8, 3), "uint8"), ((1, 6, 8), "float32"), ((2, 6, 8), "int16")],
)
def test_from_a_recording_and_back(
    ending: str, compress: bool, shape: tuple[int, ...], dtype: str, tmp_path: Path
) -> None:
    before, after = tmp_path / "a.mcap", tmp_path / "b.mcap"
    sequence = tmp_path / f"x{ending}"
    _record(before, session(shape, dtype))
    written(read(before).entries(), sequence, compress=compress)
    with SequenceEntries(sequence) as entries:
        _record(after, entries)
    given, found = list(read(before).entries()), list(read(after).entries())
    assert [one.time_ns for one in found] == [one.time_ns for one in given]
    assert [one.message for one in found] == [one.message for one in given]
    assert [one.frame for one in found] == [one.frame for one in given]


def _record(path: Path, entries: Iterable[Entry]) -> None:
    writer = FileWriter(path)
    for one in entries:
        writer.add(one)
    writer.close()


def test_video_is_decoded(tmp_path: Path) -> None:
    rows = np.repeat(np.arange(16, 80, dtype=np.uint8)[:, np.newaxis], 64, axis=1)
    encoder = Encoder("H264")
    videos = [encoder.encode(image(n / 10, rows + n, "Camera")) for n in range(4)]
    path = tmp_path / "x.igs.mha"
    sink = SequenceSink(path)
    late = sink.add(entry(videos[1], 0.1))
    assert late == "video in front of its first key frame, or damaged"
    for number, video in enumerate(videos):
        assert sink.add(entry(video, number / 10)) is None
    sink.close()
    with SequenceReader(path) as reader:
        frames = list(reader)
    assert [frame.timestamp for frame in frames] == [START + n / 10 for n in range(4)]
    for number, frame in enumerate(frames):
        assert np.abs(frame.pixels[0].astype(int) - (rows + number)).max() < 8
