"""Whole conversions: what is selected, what is left out, and what is there when they fail."""

from __future__ import annotations

import csv
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader

import igtl
from igtl.convert import LeftOut, convert
from igtl.errors import RecordingError
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter
from igtl.sequences.reader import SequenceFrame, SequenceReader
from igtl.sequences.writer import SequenceWriter
from tests.convert.entries import START_NS, entry

SECOND = 1_000_000_000


def session() -> Iterator[Entry]:
    """Ten seconds: two trackers at 10 Hz, and a picture each second."""
    for n in range(100):
        turn = np.eye(4)
        turn[0, 3] = n
        pose = igtl.Transform(turn, device_name="ProbeToTracker", timestamp=5.0 + n)
        yield entry(pose, n * SECOND // 10, "a:18944")
        yield entry(igtl.Transform(turn, device_name="Needle"), n * SECOND // 10 + 1, "b:18944")
        if n % 10 == 0:
            picture = igtl.Image(np.full((4, 5), n, np.uint8), device_name="US")
            yield entry(picture, n * SECOND // 10 + 2, "a:18944")


def broken(one: Entry) -> Entry:
    return one._replace(frame=one.frame._replace(crc=one.frame.crc ^ 1))


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "session.mcap"
    with FileWriter(path) as writer:
        writer.event("connected", "a:18944", START_NS - SECOND)
        for number, one in enumerate(session()):
            if number == 105:
                writer.event("lost", "a:18944", one.time_ns, text="gone")
            writer.add(one)
        writer.event("lost", "b:18944", START_NS + 11 * SECOND)
    return path


def stock(path: Path) -> list[tuple[str, int, int, bytes]]:
    """What the stock reader finds: topic, times, data."""
    with path.open("rb") as file:
        found = make_reader(file, validate_crcs=True).iter_messages()
        return [(c.topic, m.log_time, m.publish_time, m.data) for _, c, m in found]


def as_stock(one: Entry) -> tuple[str, int, int, bytes]:
    frame = one.frame
    topic = f"/{one.connection}/{frame.type_name}/{frame.device_name}"
    sent = round(frame.timestamp * 1e9) if frame.timestamp else one.time_ns
    return topic, one.time_ns, sent, frame.to_bytes()


def test_a_recording_of_all_is_the_same(recorded: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.mcap"
    done = convert(recorded, target)
    assert (done.read, done.written, done.files) == (210, 210, (target,))
    assert (done.left_out, done.notes) == ((), ())
    assert target.read_bytes() == recorded.read_bytes()


def test_a_part_of_a_recording_keeps_bytes_times_and_events(recorded: Path, tmp_path: Path) -> None:
    target = tmp_path / "part.mcap"
    done = convert(recorded, target, device="Probe*", start=4, end=6)
    wanted = [
        as_stock(one)
        for one in session()
        if one.frame.device_name == "ProbeToTracker"
        and 4 * SECOND <= one.time_ns - START_NS < 6 * SECOND
    ]
    assert len(wanted) == 20
    messages = stock(target)
    assert [one for one in messages if one[0] != "/igtl/events"] == wanted
    assert done.read == 20
    (event,) = (one for one in messages if one[0] == "/igtl/events")
    assert b'"lost"' in event[3]
    assert messages.index(event) in (10, 11)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"device": ["Needle", "US"]}, 110),
        ({"type": "IMAGE"}, 10),
        ({"type": [igtl.Image, igtl.Transform], "connection": "b:*"}, 100),
        ({"start": 9.0}, 21),
        ({"end": 1.0, "type": igtl.Transform}, 20),
    ],
)
@pytest.mark.parametrize("raw", [False, True])
def test_what_is_selected(
    recorded: Path, tmp_path: Path, wanted: dict[str, Any], count: int, raw: bool
) -> None:
    source = recorded
    if raw and "connection" not in wanted:  # a reader that does not select by itself
        source = tmp_path / "s.igtl"
        messages = (one.message.replace(timestamp=one.time) for one in session())
        source.write_bytes(b"".join(map(igtl.encode, messages)))
    assert convert(source, tmp_path / "part.mcap", **wanted).read == count


def test_what_the_target_cannot_hold_is_counted_by_type(recorded: Path, tmp_path: Path) -> None:
    with FileWriter(recorded, overwrite=True) as writer:
        for one in session():
            writer.add(one)
        writer.add(broken(entry(igtl.String("damaged"), 10 * SECOND)))
    done = convert(recorded, tmp_path / "s.csv")
    assert done.left_out == (
        LeftOut("IMAGE", "tables hold poses, points, sensors, STATUS and STRING", 10),
        LeftOut("STRING", "malformed, or its checksum is wrong", 1),
    )
    assert str(done.left_out[0]).startswith("10 IMAGE left out: tables hold")
    assert (done.read, done.written) == (211, 200)
    with (tmp_path / "s.csv").open(newline="") as file:
        assert [row["x_mm"] for row in csv.DictReader(file)][::2] == [f"{n}.0" for n in range(100)]


def test_a_wrong_checksum_is_noted_once(tmp_path: Path) -> None:
    source, target = tmp_path / "s.mcap", tmp_path / "t.mcap"
    with FileWriter(source) as writer:
        writer.add(broken(entry(igtl.String("damaged"))))
    convert(source, target)
    assert stock(target) == stock(source)
    assert [topic for topic, *_ in stock(target)] == ["/tracker/STRING/", "/igtl/events"]


def test_parts_of_a_split_recording_are_one(recorded: Path, tmp_path: Path) -> None:
    parts = [tmp_path / "p-001.mcap", tmp_path / "p-002.mcap"]
    convert(recorded, parts[0], end=5)
    convert(recorded, parts[1], start=5)
    done = convert(parts, tmp_path / "whole.mcap")
    assert done.read == 210
    messages = [one for one in stock(tmp_path / "whole.mcap") if one[0] != "/igtl/events"]
    assert messages == [as_stock(one) for one in session()]


def test_damage_is_told(recorded: Path, tmp_path: Path) -> None:
    recorded.write_bytes(recorded.read_bytes()[:20_000])
    done = convert(recorded, tmp_path / "s.mcap")
    assert 0 < done.read < 210
    (note,) = done.notes
    assert f"{recorded} is damaged at byte " in note
    assert note.endswith(": a chunk that is cut off (see igtl recover)")


def test_known_losses_are_told(recorded: Path, tmp_path: Path) -> None:
    data = bytearray(recorded.read_bytes())
    data[1000:1004] = b"lost"
    recorded.write_bytes(data)
    done = convert(recorded, tmp_path / "s.mcap")
    (note,) = done.notes
    assert f"; {210 - done.read} message" in note
    assert " lost at least (see igtl recover)" in note


def test_poses_that_no_image_has_are_counted(recorded: Path, tmp_path: Path) -> None:
    done = convert(recorded, tmp_path / "s.igs.mha", clock="arrival")
    text = "poses between images (each image has the newest one up to its time)"
    assert done.left_out == (LeftOut("TRANSFORM", text, 180),)
    assert (done.read, done.written) == (210, 30)
    with SequenceReader(tmp_path / "s.igs.mha") as frames:
        there = [
            (frame.transforms["ProbeToTracker"][0, 3], len(frame.transforms)) for frame in frames
        ]
    assert there == [(10.0 * n, 2) for n in range(10)]


def test_poses_before_the_first_image_are_counted(tmp_path: Path) -> None:
    source = tmp_path / "s.mcap"
    with FileWriter(source) as writer:
        for n in range(5):
            writer.add(entry(igtl.Transform(np.eye(4), device_name="Probe"), n * SECOND))
        picture = igtl.Image(np.zeros((4, 5), np.uint8), device_name="US")
        writer.add(entry(picture, 4 * SECOND + 1))
    done = convert(source, tmp_path / "s.igs.mha")
    assert (done.written, [one.count for one in done.left_out]) == (2, [4])


def test_poses_alone_are_all_there(recorded: Path, tmp_path: Path) -> None:
    done = convert(recorded, tmp_path / "s.igs.mha", type=igtl.Transform)
    assert (done.read, done.written, done.left_out) == (200, 200, ())


def test_poses_of_one_name_and_moment_are_counted(tmp_path: Path) -> None:
    source = tmp_path / "s.mcap"
    with FileWriter(source) as writer:
        for n in range(4):
            pose = igtl.Transform(np.eye(4), device_name="Probe", timestamp=5.0 + n // 2)
            writer.add(entry(pose, n // 2 * SECOND))
    done = convert(source, tmp_path / "s.igs.mha")
    text = "a later pose of the same moment and name is there"
    assert done.left_out == (LeftOut("TRANSFORM", text, 2),)


@pytest.mark.parametrize("target", ["s.igs.mha", "s.mha", "s.nii", "s.mp4"])
@pytest.mark.parametrize("only", [(), "TRANSFORM"])
def test_a_device_without_pictures_is_refused(
    recorded: Path, tmp_path: Path, target: str, only: str
) -> None:
    text = "--image is 'UZ', which has no pictures here; there are those of "
    there = "no device$" if only else "'US'$"
    with pytest.raises(RecordingError, match=text + there):
        convert(recorded, tmp_path / target, image="UZ", type=only)
    assert left_over(tmp_path, recorded) == []


def test_progress_is_told(recorded: Path, tmp_path: Path) -> None:
    told: list[tuple[int, float | None]] = []
    convert(recorded, tmp_path / "s.csv", progress=lambda *how: told.append(how), device="Needle")
    assert told[0] == (1, 0.01)
    assert told[-1] == (100, 1.0)


def left_over(folder: Path, *but: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if file not in but]


@pytest.mark.parametrize(
    ("target", "wanted", "text"),
    [
        ("s.csv", {"device": "Nobody"}, "device 'Nobody', but 'Needle', 'ProbeToTracker', 'US'$"),
        ("s.csv", {"type": ["TRASFORM"]}, r"type 'TRASFORM', did you mean 'TRANSFORM'\?$"),
        ("s.csv", {"connection": "a:*4", "device": "Needle"}, "no message that fits all"),
        ("s.csv", {"type": "IMAGE"}, "can be written: 10 IMAGE left out: tables hold"),
        ("s.npz", {"start": 11}, "is selected"),
        ("s.foxglove.mcap", {"device": "none"}, "is selected"),
        ("s.mcap", {"device": "none"}, "is selected"),
        ("session.mcap", {"overwrite": True}, "is source and target"),
        ("s.nii", {"most": 2}, "more than 2 images"),
        ("none/s.csv", {}, "there is no folder"),
    ],
)
def test_a_conversion_that_fails_leaves_nothing(
    recorded: Path, tmp_path: Path, target: str, wanted: dict[str, Any], text: str
) -> None:
    before = recorded.read_bytes()
    with pytest.raises(RecordingError, match=text):
        convert(recorded, tmp_path / target, **wanted)
    assert left_over(tmp_path, recorded) == []
    assert recorded.read_bytes() == before


@pytest.mark.parametrize("ending", ["csv", "parquet", "npz", "mcap", "foxglove.mcap", "nii"])
def test_one_that_is_interrupted_leaves_nothing_and_the_old_file(
    recorded: Path, tmp_path: Path, ending: str
) -> None:
    target = tmp_path / f"s.{ending}"
    target.write_text("old")

    def interrupt(read: int, part: float | None) -> None:
        if read == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(recorded, target, overwrite=True, progress=interrupt)
    assert left_over(tmp_path, recorded, target) == []
    assert target.read_text() == "old"


LIMITED = """
import resource, signal, sys
from igtl.convert import convert
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for target in sys.argv[2:]:
    try:
        convert(sys.argv[1], target, type=["IMAGE", "SENSOR"])
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_disk_that_is_full_is_an_error_and_no_file(tmp_path: Path) -> None:
    """The kernel lets no file grow beyond 100 kB, and igtl is told so."""
    source = tmp_path / "session.mcap"
    noise = np.random.default_rng(1)
    with FileWriter(source) as writer:
        for n in range(200):
            picture = noise.integers(0, 255, (100, 100), np.uint8)
            writer.add(entry(igtl.Image(picture, device_name="US"), n * SECOND))
            writer.add(entry(igtl.Sensor(noise.random(255), device_name="S"), n * SECOND))
    endings = ["mcap", "csv", "parquet", "npz", "foxglove.mcap", "seq.mha", "seq.nrrd", "mp4"]
    targets = [str(tmp_path / f"s.{ending}") for ending in endings]
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, source, *targets],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    for target, line in zip(targets, lines, strict=True):
        assert line.startswith("RecordingError")
        assert target in line
        assert "File too large" in line
        assert "partial" not in line
    assert left_over(tmp_path, source) == []


def test_what_a_source_that_is_read_in_order_has_instead(recorded: Path, tmp_path: Path) -> None:
    sequence = tmp_path / "s.igs.mha"
    convert(recorded, sequence, device=["US", "Needle"])
    with pytest.raises(RecordingError, match="no device 'Neddle', did you mean 'Needle'"):
        convert(sequence, tmp_path / "s.csv", device="Neddle")


def test_a_target_that_is_there_is_refused_before_anything_is_read(
    recorded: Path, tmp_path: Path
) -> None:
    target = tmp_path / "s.csv"
    target.write_text("old")
    with pytest.raises(RecordingError, match="is there already"):
        convert(recorded, target)
    assert target.read_text() == "old"


def test_there_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"s\.mcap: No such file"):
        convert(tmp_path / "s.mcap", tmp_path / "s.csv")
    with pytest.raises(RecordingError, match="at least one"):
        convert([], tmp_path / "s.csv")


def test_a_source_without_messages(tmp_path: Path) -> None:
    source = tmp_path / "s.mcap"
    FileWriter(source).close()
    with pytest.raises(RecordingError, match="holds no OpenIGTLink messages"):
        convert(source, tmp_path / "s.csv", device=[])
    with pytest.raises(RecordingError, match="is selected"):
        convert(source, tmp_path / "s.csv", device=["Probe"])


def test_frames_before_the_first_one_are_not_lost(tmp_path: Path) -> None:
    """Their times may go back: two sequences that were put together, say."""
    source = tmp_path / "s.igs.mha"
    times = [5.0, 6.0, 1.0, 2.0]
    with SequenceWriter(source) as writer:
        for time in times:
            writer.write(SequenceFrame(np.zeros((1, 3, 4), np.uint8), time))
    assert convert(source, tmp_path / "all.mcap").written == 4
    assert [one.timestamp for one in igtl.read(tmp_path / "all.mcap")] == times
    assert convert(source, tmp_path / "some.mcap", start=0.5).written == 1


def test_a_source_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    source = tmp_path / "s.mcap"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(source))
        with pytest.raises(RecordingError, match=r"cannot read .*s\.mcap: No such device"):
            convert(source, tmp_path / "t.csv")
