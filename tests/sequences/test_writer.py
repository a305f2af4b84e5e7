"""Sequence files that are written: read by hand, by ITK, and what is left when writing fails."""

from __future__ import annotations

import contextlib
import gzip
import os
import resource
import signal
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from igtl.errors import RecordingError
from igtl.sequences.reader import SequenceFrame, SequenceReader
from igtl.sequences.writer import SequenceWriter
from tests.sequences.files import PROBE, frames_of, ramp

ENDINGS = [".igs.mha", ".igs.nrrd", ".mhd", ".nhdr"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)
packed_or_not = pytest.mark.parametrize("compress", [False, True])
KINDS = [
    ((1, 4, 5), "uint8"),
    ((1, 4, 5), "int16"),
    ((1, 4, 5), ">f4"),
    ((1, 4, 5, 3), "uint8"),
    ((3, 4, 5), "float32"),
    ((3, 4, 5, 3), "uint16"),
    ((1, 4, 5, 4), "uint8"),
    ((1, 1, 1), "uint8"),
]
each_kind = pytest.mark.parametrize(("shape", "dtype"), KINDS)
FRAMES = 3


def frame(pixels: NDArray[Any], number: int = 0) -> SequenceFrame:
    return SequenceFrame(
        pixels,
        timestamp=number / 3,
        transforms={"ProbeToTracker": np.array(PROBE[number % 2])},
        statuses={"ProbeToTracker": ("OK", "OUT_OF_VIEW", "MISSING")[number % 3]},
        image_status="OK" if number < 2 else "INVALID",
        fields={"FrameNumber": str(10 + number), "Note": "µ = b: c\\d"},
    )


def pictures(shape: Sequence[int], dtype: str) -> list[NDArray[Any]]:
    return [ramp(tuple(shape), dtype, start=n) for n in range(FRAMES)]


def write(path: Path, pixels: Sequence[NDArray[Any]], **options: Any) -> None:
    with SequenceWriter(path, **options) as writer:
        for number, one in enumerate(pixels):
            writer.write(frame(one, number))


def by_hand(path: Path) -> tuple[dict[str, str], bytes]:
    """Fields and pixels of a file in as few lines as the formats allow; knows nothing of igtl."""
    data = path.read_bytes()
    meta = b"ElementDataFile" in data
    end = data.index(b"\n", data.index(b"ElementDataFile")) + 1 if meta else data.index(b"\n\n") + 2
    lines = [line for line in data[:end].decode().splitlines() if "=" in line or ": " in line]
    marks = [" = " if meta else ":=" if ":=" in line else ": " for line in lines]
    parts = [line.partition(mark) for line, mark in zip(lines, marks, strict=True)]
    fields = {name: text for name, _, text in parts}
    other = fields.get("ElementDataFile" if meta else "data file", "LOCAL")
    pixels = data[end:] if other == "LOCAL" else (path.parent / other).read_bytes()
    if fields.get("CompressedData") == "True":
        assert len(pixels) == int(fields["CompressedDataSize"])
        return fields, zlib.decompress(pixels)
    return fields, gzip.decompress(pixels) if fields.get("encoding") == "gzip" else pixels


@each_ending
@packed_or_not
@each_kind
def test_a_file_read_by_hand(
    ending: str, compress: bool, shape: list[int], dtype: str, tmp_path: Path
) -> None:
    path, pixels = tmp_path / f"x{ending}", pictures(shape, dtype)
    write(path, pixels, compress=compress)
    fields, data = by_hand(path)
    little = np.dtype(dtype).newbyteorder("<")
    assert data == b"".join(one.astype(little).tobytes() for one in pixels)
    assert fields["UltrasoundImageOrientation"] == "MF"
    kind = {1: "BRIGHTNESS", 3: "RGB_COLOR"}.get(shape[3] if len(shape) == 4 else 1)
    assert fields.get("UltrasoundImageType") == kind
    numbers = [float(part) for part in fields["Seq_Frame0001_ProbeToTrackerTransform"].split()]
    assert numbers == np.array(PROBE[1]).ravel().tolist()
    assert fields["Seq_Frame0001_ProbeToTrackerTransformStatus"] == "OUT_OF_VIEW"
    assert [fields[f"Seq_Frame{n:04}_ImageStatus"] for n in range(3)] == ["OK", "OK", "INVALID"]
    assert float(fields["Seq_Frame0002_Timestamp"]) == 2 / 3
    lengths = [*shape[2::-1][: 2 if shape[0] == 1 else 3], FRAMES]
    values = shape[3] if len(shape) == 4 else 1
    if "mh" in ending:
        assert fields["DimSize"] == " ".join(map(str, lengths))
        assert int(fields.get("ElementNumberOfChannels", 1)) == values
        assert fields["ElementDataFile"] == "LOCAL" or ending == ".mhd"
    else:
        assert fields["sizes"] == " ".join(map(str, ([values] if values > 1 else []) + lengths))
        assert fields["kinds"].split()[-2:] == ["domain", "list"]


@each_ending
@packed_or_not
@each_kind
def test_a_file_read_by_itk(
    ending: str, compress: bool, shape: list[int], dtype: str, tmp_path: Path
) -> None:
    path, pixels = tmp_path / f"x{ending}", pictures(shape, dtype)
    write(path, pixels, compress=compress)
    image = SimpleITK.ReadImage(str(path))
    found = SimpleITK.GetArrayFromImage(image)
    expected = np.array(pixels) if shape[0] > 1 else np.array(pixels)[:, 0]
    if "mh" not in ending and len(shape) == 3:  # ITK takes the frames for values of one pixel
        expected = np.moveaxis(expected, 0, -1)
    assert np.array_equal(found.reshape(expected.shape), expected)
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    for number in range(FRAMES):
        start = f"Seq_Frame{number:04}_"
        assert float(image.GetMetaData(start + "Timestamp")) == number / 3
        numbers = [float(x) for x in image.GetMetaData(start + "ProbeToTrackerTransform").split()]
        assert numbers == np.array(PROBE[number % 2]).ravel().tolist()
        assert image.GetMetaData(start + "FrameNumber") == str(10 + number)
        assert image.GetMetaData(start + "Note") == "µ = b: c\\d"
    assert image.GetMetaData("UltrasoundImageOrientation") == "MF"


@each_ending
@packed_or_not
@each_kind
def test_a_file_read_by_igtl(
    ending: str, compress: bool, shape: list[int], dtype: str, tmp_path: Path
) -> None:
    path, pixels = tmp_path / f"x{ending}", pictures(shape, dtype)
    write(path, pixels, compress=compress)
    for number, found in enumerate(frames_of(path)):
        given = frame(pixels[number], number)
        assert np.array_equal(found.pixels, given.pixels)
        assert found.pixels.shape == tuple(shape)
        assert (found.timestamp, found.image_status) == (given.timestamp, given.image_status)
        assert (found.fields, found.statuses) == (given.fields, given.statuses)
        assert found.transforms["ProbeToTracker"].tolist() == PROBE[number % 2]


@given(
    timestamp=st.floats(allow_nan=False, allow_infinity=False),
    numbers=st.lists(st.floats(allow_nan=False), min_size=16, max_size=16),
)
def test_numbers_come_back_as_they_are(
    timestamp: float, numbers: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "x.mha"
    matrix = np.array(numbers).reshape(4, 4)
    with SequenceWriter(path, overwrite=True) as writer:
        one = SequenceFrame(ramp((1, 1, 1), "uint8"), timestamp, {"AToB": matrix})
        writer.write(one)
    (found,) = frames_of(path)
    assert found.timestamp == timestamp
    assert found.transforms["AToB"].tobytes() == matrix.tobytes()


def test_more_than_ten_thousand_frames(tmp_path: Path) -> None:
    path, pixel = tmp_path / "x.igs.mha", np.zeros((1, 1, 1), np.uint8)
    with SequenceWriter(path) as writer:
        for number in range(10_002):
            writer.write(SequenceFrame(pixel, timestamp=float(number)))
    assert b"\nSeq_Frame10001_Timestamp = 10001.0\n" in path.read_bytes()
    with SequenceReader(path) as reader:
        assert [reader[n].timestamp for n in (0, 1000, 9999, 10_000, 10_001)] == [
            *(0.0, 1000.0, 9999.0, 10_000.0, 10_001.0)
        ]


@pytest.mark.parametrize("ending", [".mha", ".nrrd"])
def test_the_place_of_volumes(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{ending}"
    matrix = np.array([[0, -0.25, 0, 1], [0.5, 0, 0, 2], [0, 0, 2, 3], [0, 0, 0, 1.0]])
    write(path, pictures((3, 4, 5), "uint8"), orientation=None, ijk_to_lps=matrix)
    header = SequenceReader(path).header
    assert (header.matrix.tolist(), header.coordinates) == (matrix.tolist(), "LPS")
    assert header.fields == {}
    image = SimpleITK.ReadImage(str(path))
    index = [4, 3, 2, 0][: image.GetDimension()]
    place = image.TransformIndexToPhysicalPoint(index)[:3]
    assert list(place) == (matrix @ (4, 3, 2, 1))[:3].tolist()


def test_old_files_stay_unless_told(tmp_path: Path) -> None:
    for ending in (".mha", ".nhdr"):
        path = tmp_path / f"x{ending}"
        write(path, pictures((1, 2, 2), "uint8"))
        before = path.read_bytes()
        with pytest.raises(RecordingError, match="is there already"):
            SequenceWriter(path)
        write(path, pictures((1, 2, 3), "uint8"), overwrite=True)
        assert path.read_bytes() != before
    path.unlink()
    with pytest.raises(RecordingError, match=r"x\.raw is there already"):
        SequenceWriter(path)


def test_a_file_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.mha"
    writer = SequenceWriter(path)
    writer.write(frame(ramp((1, 2, 2), "uint8")))
    path.write_bytes(b"mine")
    with pytest.raises(RecordingError, match="is there already"):
        writer.close()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("x.mha", b"mine")]


@each_ending
def test_who_fails_leaves_nothing(ending: str, tmp_path: Path) -> None:
    writer = SequenceWriter(tmp_path / f"x{ending}")
    with contextlib.suppress(KeyError), writer:
        writer.write(frame(ramp((1, 2, 2), "uint8")))
        raise KeyError
    writer.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecordingError, match="no frame was written"):
        write(tmp_path / f"x{ending}", [])
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys, os, signal
from pathlib import Path
import numpy as np
from igtl.sequences.reader import SequenceFrame
from igtl.sequences.writer import SequenceWriter

def end(done, total):
    os.kill(os.getpid(), signal.SIGKILL)

writer = SequenceWriter(Path(sys.argv[1]), progress=end)
for number in range(3):
    writer.write(SequenceFrame(np.zeros((1, 100, 100), np.uint8)))
if sys.argv[2] == "writing":
    end(0, 0)
writer.close()
"""


@pytest.mark.parametrize("moment", ["writing", "closing"])
def test_who_is_killed_leaves_no_half_file(moment: str, tmp_path: Path) -> None:
    path = tmp_path / "x.mha"
    process = subprocess.run([sys.executable, "-c", KILLED, path, moment], check=False)
    assert process.returncode == -signal.SIGKILL
    assert not path.exists()
    if moment == "writing":
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at_close", [False, True])
def test_a_full_disk_is_told_and_leaves_nothing(at_close: bool, tmp_path: Path) -> None:
    writer = SequenceWriter(tmp_path / "x.mha")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = frame(ramp((1, 1000, 1000), "uint8"))
    try:
        if at_close:
            writer.write(big)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
        with pytest.raises(RecordingError, match=r"cannot write .*: File too large"):
            writer.close() if at_close else writer.write(big)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecordingError, match="it is closed"):
        writer.write(big)


def test_all_frames_are_alike(tmp_path: Path) -> None:
    with SequenceWriter(tmp_path / "x.mha") as writer:
        writer.write(frame(ramp((1, 4, 5), "uint8")))
        for other in (ramp((1, 5, 4), "uint8"), ramp((1, 4, 5), "int16")):
            with pytest.raises(RecordingError, match=r"frame 1: its pixels have shape .* frame 0"):
                writer.write(frame(other))
    assert len(frames_of(tmp_path / "x.mha")) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pixels": np.zeros((4, 5), np.uint8)}, "expected (k, j, i[, c])"),
        ({"pixels": np.zeros((1, 0, 5), np.uint8)}, "expected (k, j, i[, c])"),
        ({"pixels": np.zeros((1, 4, 5), bool)}, "bool, expected integers"),
        ({"pixels": np.zeros((1, 4, 5), complex)}, "complex128, expected integers"),
        ({"pixels": np.zeros((1, 4, 5), np.float16)}, "float16, expected integers"),
        ({"pixels": np.zeros((1, 4, 5, 300), np.uint8)}, "300 values each"),
        ({"timestamp": float("nan")}, "timestamp is nan"),
        ({"transforms": {"AToB": np.eye(3)}}, "'AToB' has shape (3, 3)"),
        ({"transforms": {"A To B": np.eye(4)}}, "a name without spaces"),
        ({"transforms": {"": np.eye(4)}, "statuses": {"": "a\nb"}}, "one line of text"),
        ({"statuses": {"AToB": "a\nb"}}, "one line of text"),
        ({"image_status": " OK"}, "without spaces around"),
        ({"fields": {"a=b": "1"}}, "a name without spaces"),
        ({"fields": {"": "1"}}, "a name without spaces"),
        ({"fields": {"Long": "x" * 1000}}, "at most 900"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(
    changes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    good = ramp((1, 4, 5), "uint8")
    with SequenceWriter(tmp_path / "x.mha") as writer:
        with pytest.raises(RecordingError, match="cannot write frame 0") as raised:
            writer.write(SequenceFrame(**({"pixels": good} | changes)))
        assert told in str(raised.value)
        writer.write(frame(good))
    assert len(frames_of(tmp_path / "x.mha")) == 1


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("x.png", {}, "end in one of .mha, .mhd, .nrrd, .nhdr"),
        ("none/x.mha", {}, "there is no folder"),
        ("x.mha", {"orientation": "MM"}, "'MM', expected one such"),
        ("x.mha", {"ijk_to_lps": np.eye(3)}, "ijk_to_lps"),
        ("x.mha", {"ijk_to_lps": np.diag((1, 0, 1, 1))}, "axes of some length"),
        ("x.mha", {"fields": {"DimSize": "1 1 1"}}, "belongs to the format"),
        ("x.mha", {"fields": {"Seq_Frame0000_X": "1"}}, "belongs to the format"),
        ("x.mha", {"fields": {"a b": "1"}}, "a name without spaces"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(
    name: str, options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError) as raised:
        SequenceWriter(tmp_path / name, **options)
    assert told in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by_hand", [False, True], ids=["inside the system", "by hand"])
def test_progress_is_told(by_hand: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_hand:  # as where the system has no such call
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    told: list[tuple[int, int]] = []
    one = frame(ramp((1, 1000, 1000), "uint8"))
    with SequenceWriter(
        tmp_path / "x.mha", progress=lambda done, total: told.append((done, total))
    ) as writer:
        for _ in range(70):
            writer.write(one)
    assert [total for _, total in told] == [70_000_000] * len(told)
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1][0] == 70_000_000
    assert (tmp_path / "x.mha").read_bytes()[-70_000_000:] == bytes(one.pixels) * 70


@packed_or_not
def test_memory_is_that_of_a_frame(compress: bool, tmp_path: Path) -> None:
    one = frame(np.zeros((1, 1024, 1024), np.uint8))
    tracemalloc.start()
    try:
        with SequenceWriter(tmp_path / "x.mha", compress=compress) as writer:
            for _ in range(40):
                writer.write(one)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


def test_memory_of_a_long_sequence(tmp_path: Path) -> None:
    frames = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 60
    path, one = tmp_path / "x.igs.mha", np.zeros((1, 1080, 1920), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with SequenceWriter(path) as writer:
        for _ in range(frames):
            writer.write(SequenceFrame(one))
    with SequenceReader(path) as reader:
        assert sum(1 for _ in reader) == frames
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    path.unlink()
