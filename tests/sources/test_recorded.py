from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from igtl.errors import RecordingError, SourceError
from igtl.messages import Image, String, Transform, encode
from igtl.sequences.reader import SequenceFrame
from igtl.sequences.writer import SequenceWriter
from igtl.sources.files import FileSource
from igtl.sources.opening import open_source
from igtl.sources.recorded import RecordingSource, SequenceSource
from igtl.sources.source import Source, close_source
from tests.sources.mcap_files import START_NS, Recorded, write_recording


def pose(x: float, timestamp: float | None = None) -> Transform:
    matrix = np.eye(4)
    matrix[0, 3] = x
    return Transform(matrix, device_name="Probe", timestamp=timestamp)


UNEVEN: list[Recorded] = [
    (0.0, pose(0, timestamp=500.0)),
    (0.25, pose(1, timestamp=500.25)),
    (0.25, String("now", device_name="Note")),
    (1.0, pose(2, timestamp=501.0)),
]
LAP = 1.0 + 1.0 / 3
"""How long once through takes: to the last, and a mean step to the first again."""


@pytest.fixture
def uneven(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "session.mcap", UNEVEN)


def moments(source: Source, count: int) -> list[tuple[float, igtl.Frame]]:
    """The first messages with when they were due, asked for only then."""
    found: list[tuple[float, igtl.Frame]] = []
    due = 0.0
    while len(found) < count:
        frames: Sequence[object] = source.messages(due)
        assert frames
        for frame in frames:
            assert isinstance(frame, igtl.Frame)
            found.append((due, frame))
        due = source.next_time()  # type: ignore[attr-defined]
    return found[:count]


def test_messages_come_at_their_own_pace_round_and_round(uneven: Path) -> None:
    source = open_source(str(uneven))
    found = moments(source, 8)
    expected = [moment for moment, _ in UNEVEN]
    assert [due for due, _ in found] == pytest.approx(
        [*expected, *(LAP + moment for moment in expected)]
    )
    for (_, frame), (_, message) in zip(found, UNEVEN + UNEVEN, strict=True):
        whole = parse(encode(message))
        assert frame._replace(raw_time=0) == whole._replace(raw_time=0)
    close_source(source)


def test_times_are_those_of_now_and_keep_their_differences(uneven: Path) -> None:
    source = RecordingSource(uneven)
    before = time.time()
    found = moments(source, 5)
    after = time.time()
    stamps = [frame.timestamp for _, frame in found]
    assert stamps[2] is None  # none was there
    first = stamps[0]
    assert first is not None
    # The header was written when the clock of the device showed 500 s: so long before it came.
    late = START_NS / 1e9 - 500.0
    assert before <= first + late <= after + 1e-3
    later = [(stamp or 0.0) - first for stamp in stamps]
    assert [later[1], later[3], later[4]] == pytest.approx([0.25, 1.0, LAP], abs=1e-6)
    source.close()


def test_asking_late_gives_all_that_was_missed(uneven: Path) -> None:
    source = RecordingSource(uneven)
    assert len(source.messages(0.0)) == 1
    assert len(source.messages(0.9)) == 2
    assert source.messages(0.95) == []
    assert len(source.messages(1.0 + LAP)) == 5
    assert len(source.messages(0.0)) == 1  # from the beginning
    source.close()


@pytest.mark.parametrize(
    ("options", "dues"),
    [
        ({"speed": "2"}, [0.0, 0.125, 0.125, 0.5]),
        ({"device": "Pro*"}, [0.0, 0.25, 1.0]),
        ({"type": "STRING"}, [0.0, 1.0, 2.0]),
        ({"start": "0.1"}, [0.0, 0.0, 0.75]),
        ({"end": "0.5"}, [0.0, 0.25, 0.25]),
    ],
)
def test_a_part_can_be_played(options: dict[str, object], dues: list[float], uneven: Path) -> None:
    source = open_source(str(uneven), **options)
    assert [due for due, _ in moments(source, len(dues))] == pytest.approx(dues)
    close_source(source)


def test_much_at_once_is_handed_over_in_pieces(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "burst.mcap", [(0.0, pose(n)) for n in range(1200)])
    source = RecordingSource(path)
    assert [len(source.messages(t)) for t in (0.0, 0.1, 0.2, 0.3)] == [500, 500, 200, 0]
    source.close()


def test_its_description_says_what_is_in_it(uneven: Path) -> None:
    with_all = RecordingSource(uneven)
    assert with_all.description == "recording of 1 s: Note (STRING), Probe (TRANSFORM)"
    assert with_all.rate == 4.0
    with_all.close()


@pytest.mark.parametrize(
    ("name", "content", "options", "kind", "complaint"),
    [
        ("no.mcap", None, {}, SourceError, "there is no file or folder .*no.mcap"),
        ("a.mcap", b"", {}, RecordingError, "a.mcap"),
        ("a.mcap", b"x" * 100, {}, RecordingError, "a.mcap"),
        ("a.igs.mha", b"x" * 100, {}, RecordingError, "a.igs.mha"),
        ("no.seq.nrrd", None, {}, SourceError, "there is no file or folder"),
    ],
)
def test_what_is_no_recording_is_one_line(
    name: str,
    content: bytes | None,
    options: dict[str, object],
    kind: type[Exception],
    complaint: str,
    tmp_path: Path,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=complaint) as told:
        open_source(str(tmp_path / name), **options)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"speed": "0"}, r"speed is 0\.0, expected more than 0"),
        ({"device": "Nobody"}, "holds no message, or none of those wanted"),
        ({"rate": "5"}, "has no option 'rate'; its options: speed, start, end, device, type"),
    ],
)
def test_wrong_options_are_told(options: dict[str, object], complaint: str, uneven: Path) -> None:
    with pytest.raises(SourceError, match=complaint):
        open_source(str(uneven), **options)


def write_sequence(path: Path, times: Sequence[float] | None) -> Path:
    """Three frames of 4 x 3 pixels with a pose each, written by hand."""
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = False",
        "TransformMatrix = 1 0 0 0 1 0 0 0 1",
        "Offset = 0 0 0",
        "ElementSpacing = 1 1 1",
        "DimSize = 4 3 3",
        "ElementType = MET_UCHAR",
        "UltrasoundImageOrientation = MF",
    ]
    for n in range(3):
        frame = f"Seq_Frame{n:04}"
        lines.append(f"{frame}_ProbeToTrackerTransform = 1 0 0 {n} 0 1 0 0 0 0 1 0 0 0 0 1")
        lines.append(f"{frame}_ProbeToTrackerTransformStatus = {'OK' if n else 'MISSING'}")
        lines.append(f"{frame}_ImageStatus = OK")
        if times is not None:
            lines.append(f"{frame}_Timestamp = {times[n]}")
    lines.append("ElementDataFile = LOCAL\n")
    path.write_bytes("\n".join(lines).encode() + bytes(range(36)))
    return path


@pytest.mark.parametrize(
    ("times", "options", "rate", "dues"),
    [
        ([10.0, 10.04, 10.5], {}, 4.0, [0.0, 0.04, 0.5]),
        ([10.0, 10.04, 10.5], {"rate": "2"}, 2.0, [0.0, 0.5, 1.0]),
        (None, {}, 10.0, [0.0, 0.1, 0.2]),
    ],
)
def test_frames_of_a_sequence_are_played_with_their_poses(
    times: Sequence[float] | None,
    options: dict[str, object],
    rate: float,
    dues: list[float],
    tmp_path: Path,
) -> None:
    path = write_sequence(tmp_path / "scan.igs.mha", times)
    source = open_source(str(path), device_name="US", **options)
    assert source.rate == pytest.approx(rate)
    found = moments(source, 7)
    assert [due for due, _ in found[:6:2]] == pytest.approx(dues)
    for n in range(3):
        transform, image = (igtl.decode(frame.to_bytes()) for _, frame in found[2 * n :][:2])
        assert isinstance(transform, Transform)
        assert isinstance(image, Image)
        assert (transform.device_name, image.device_name) == ("ProbeToTracker", "US")
        assert transform.metadata["TransformStatus"] == ("OK" if n else "MISSING")
        assert not n or transform.matrix[0, 3] == n
        assert image.pixels.ravel().tolist() == list(range(12 * n, 12 * n + 12))
        assert times is None or abs((image.timestamp or 0.0) - time.time()) < 60
    close_source(source)
    assert isinstance(source, SequenceSource)
    assert source.description == ("sequence of 3 frames: ProbeToTracker (TRANSFORM), US (IMAGE)")


def test_a_sequence_names_what_its_last_frame_has(tmp_path: Path) -> None:
    """As where a tool was heard of later: it is in all frames from then on."""
    path, pixel = tmp_path / "scan.igs.mha", np.zeros((1, 1, 1), np.uint8)
    with SequenceWriter(path) as writer:
        writer.write(SequenceFrame(pixel, 1.0, {"AToB": np.eye(4)}, image_status="INVALID"))
        writer.write(SequenceFrame(pixel, 3.0, {"AToB": np.eye(4), "CToB": np.eye(4)}))
    source = SequenceSource(path)
    told = "sequence of 2 frames: AToB (TRANSFORM), CToB (TRANSFORM), Image (IMAGE)"
    assert (source.description, source.rate, source.notes) == (told, 0.5, ())
    source.close()


def test_damage_is_noted(uneven: Path) -> None:
    uneven.write_bytes(uneven.read_bytes()[:-20])
    source = RecordingSource(uneven)
    (note,) = source.notes
    assert note.startswith(f"{uneven} is damaged at byte ")
    source.close()


@pytest.mark.parametrize("name", ["scan.mha", "scan.MHA"])
def test_a_sequence_is_known_by_its_poses_too(name: str, tmp_path: Path) -> None:
    source = open_source(str(write_sequence(tmp_path / name, None)))
    assert isinstance(source, SequenceSource)
    source.close()


def test_an_image_of_several_frames_without_poses_is_no_sequence(tmp_path: Path) -> None:
    path = write_sequence(tmp_path / "scan.mha", None)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if b"Transform =" not in line))
    assert isinstance(open_source(str(path)), FileSource)
