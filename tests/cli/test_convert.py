"""`igtl convert`, as people call it."""

from __future__ import annotations

import csv
import json
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.recording.writer import FileWriter
from tests.cli.conftest import Call, StartOnTerminal
from tests.convert.entries import entry

SECOND = 1_000_000_000


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """100 s: a pose each second, ten pictures, one text."""
    path = tmp_path / "session.mcap"
    with FileWriter(path) as writer:
        writer.add(entry(igtl.String("hi", device_name="Note")))
        for n in range(100):
            pose = np.eye(4)
            pose[0, 3] = n
            writer.add(entry(igtl.Transform(pose, device_name="Probe"), n * SECOND))
        for n in range(10):
            picture = igtl.Image(np.full((4, 5), n, np.uint8), device_name="US")
            writer.add(entry(picture, (100 + n) * SECOND))
    return path


def test_tables(session: Path, tmp_path: Path, call: Call) -> None:
    target = tmp_path / "s.csv"
    ended = call("convert", str(session), str(target))
    assert ended.status == 0
    files = [tmp_path / "s.texts.csv", tmp_path / "s.poses.csv"]
    assert ended.out.splitlines() == [f"{files[0]} (161 B)", f"{files[1]} (14.7 kB)"]
    left, done = ended.err.splitlines()
    assert left == (
        "igtl: 10 IMAGE left out: tables hold poses, points, sensors, STATUS and STRING"
    )
    assert done.startswith("igtl: 101 of 111 messages in ")


def test_a_selection(session: Path, tmp_path: Path, call: Call) -> None:
    target = tmp_path / "s.csv"
    what = "--type", "transform", "--device", "P*,Q", "--connection", "track*"
    ended = call("convert", str(session), str(target), *what, "--from", "1:20", "--to", "0:01:22")
    assert ended.status == 0
    with target.open(newline="") as file:
        assert [row["x_mm"] for row in csv.DictReader(file)] == ["80.0", "81.0"]


def test_many_files_are_one_line(session: Path, tmp_path: Path, call: Call) -> None:
    ended = call("convert", str(session), str(tmp_path / "us.nii"))
    size = sum(file.stat().st_size for file in tmp_path.glob("us-*.nii"))
    line = f"{tmp_path}/us-001.nii ... us-010.nii, 10 files ({size / 1000:.2f} kB)\n"
    assert (ended.status, ended.out) == (0, line)
    assert "igtl: 10 of 111 messages in" in ended.err


def test_the_age_of_poses_in_a_sequence(session: Path, tmp_path: Path, call: Call) -> None:
    """Ten pictures, 1 to 10 s after the last pose."""
    arguments = "convert", str(session), str(tmp_path / "s.igs.mha"), "--from", "98"
    ended = call(*arguments)
    assert "Probe is MISSING in 10 of 10 frames: it comes every 1.0 s: --max-age 1.5" in ended.err
    ended = call(*arguments, "--overwrite", "--max-age", "5.5")
    assert "Probe is MISSING in 5 of 10 frames: there was none in the 5.5 s before" in ended.err


def test_what_is_left_out_is_a_line_for_each_reason(tmp_path: Path, call: Call) -> None:
    source = tmp_path / "two.mcap"
    with FileWriter(source) as writer:
        for name in ("US", "CT"):
            picture = igtl.Image(np.zeros((4, 5), np.uint8), device_name=name)
            writer.add(entry(picture))
            writer.add(entry(picture, SECOND))
        for message in (igtl.String("hi"), igtl.String("ho"), igtl.Sensor([1.0])):
            writer.add(entry(message, SECOND))
    ended = call("convert", str(source), str(tmp_path / "us.igs.mha"), "--image", "US")
    assert ended.err.splitlines()[:-1] == [
        "igtl: 2 IMAGE left out: of a device that was not chosen",
        "igtl: 2 STRING, 1 SENSOR left out: sequences hold images, video and poses",
    ]


def test_json(session: Path, tmp_path: Path, call: Call) -> None:
    target = tmp_path / "s.npz"
    ended = call("convert", str(session), str(target), "--json", "--compress")
    told = json.loads(ended.out)
    assert told.pop("seconds") >= 0
    assert told == {
        "read": 111,
        "written": 110,
        "left_out": [
            {
                "type": "STRING",
                "reason": ".npz holds poses, sensors, images and NDARRAY",
                "count": 1,
            }
        ],
        "files": [str(target)],
        "notes": [],
    }


def test_the_formats_are_listed(call: Call) -> None:
    ended = call("convert", "--formats")
    assert ended.status == 0
    assert ended.out.splitlines()[0].split() == ["ending", "reads", "writes", "needs", "what"]
    assert ".parquet" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 79


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ((), 2, "SOURCE and TARGET are needed"),
        (("{s}",), 2, "SOURCE and TARGET are needed"),
        (("{s}", "{d}/x.txt"), 2, "names of files to write end in .mcap"),
        (("{d}/x.txt", "{d}/x.csv"), 2, "names of files to read end in .mcap"),
        (("{s}", "{d}/x.csv", "--most", "3"), 2, "has no use for --most, which is for"),
        (("{s}", "{d}/x.csv", "--from", "1:x"), 2, "'1:x' is no moment"),
        (("{s}", "{d}/x.csv", "--from", "-3"), 2, "argument --from"),
        (
            ("{s}", "{d}/x.csv", "--from", "3", "--to", "1"),
            2,
            "--to 0:01.0 is not behind --from 0:03.0",
        ),
        (("{s}", "{d}/x.csv", "--type", "trasform"), 1, "did you mean 'TRANSFORM'?"),
        (("{s}", "{d}/x.nii", "--most", "3"), 1, "allow more (--most)"),
        (("{s}", "{d}/x.igs.mha", "--image", "UZ"), 1, "there are those of 'US'"),
        (("{s}", "{s}", "--overwrite"), 1, "is source and target"),
        (("{s}", "{d}/x.csv", "--device", "None"), 1, "is selected"),
        (("{d}/none.mcap", "{d}/x.csv"), 1, "none.mcap: No such file or directory"),
    ],
)
def test_one_line_says_what_is_wrong(
    session: Path, tmp_path: Path, call: Call, arguments: tuple[str, ...], status: int, text: str
) -> None:
    given = [one.format(s=session, d=tmp_path) for one in arguments]
    ended = call("convert", *given)
    assert (ended.status, ended.out) == (status, "")
    assert text in ended.err
    assert "Traceback" not in ended.err
    assert [file.name for file in tmp_path.iterdir()] == ["session.mcap"]


def test_a_file_that_is_there_is_kept_unless_asked(
    session: Path, tmp_path: Path, call: Call
) -> None:
    target = tmp_path / "s.npz"
    target.write_text("old")
    ended = call("convert", str(session), str(target))
    assert (ended.status, target.read_text()) == (1, "old")
    assert (
        f"{target} is there already: choose another name, or overwrite it on purpose (--overwrite)"
        in ended.err
    )
    assert call("convert", str(session), str(target), "--overwrite").status == 0
    assert np.load(target)["Probe/matrices"].shape == (100, 4, 4)


@pytest.mark.parametrize(
    ("package", "target", "extra"),
    [
        ("pyarrow", "s.parquet", "tables"),
        ("foxglove", "s.foxglove.mcap", "foxglove"),
        ("SimpleITK", "s.nii", "images"),
    ],
)
def test_what_is_not_installed_is_named(
    session: Path,
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    target: str,
    extra: str,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    ended = call("convert", str(session), str(tmp_path / target))
    assert ended.status == 1
    assert f"pip install 'igtl[{extra}]'" in ended.err
    assert [file.name for file in tmp_path.iterdir()] == ["session.mcap"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_progress_is_shown_and_a_signal_leaves_no_file(
    tmp_path: Path, start_on_terminal: StartOnTerminal, number: signal.Signals, status: int
) -> None:
    source, target = tmp_path / "session.mcap", tmp_path / "s.csv"
    pose = entry(igtl.Transform(np.eye(4), device_name="Probe"))
    with FileWriter(source) as writer:
        for n in range(200_000):
            writer.add(pose._replace(time_ns=pose.time_ns + n))
    program = start_on_terminal("convert", str(source), str(target))
    program.wait_for("s left")
    assert program.interrupt(number) == status
    assert [file.name for file in tmp_path.iterdir()] == ["session.mcap"]
    assert "messages" in program.shown
