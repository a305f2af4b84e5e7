"""Sequence files read frame by frame: access, orientation, what is missing, memory."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from igtl.errors import RecordingError
from igtl.sequences.header import turned, turned_indices
from igtl.sequences.reader import SequenceReader
from tests.sequences.files import (
    META,
    NRRD,
    PIXELS,
    frames_of,
    meta_file,
    nrrd_file,
    packed_meta_file,
    packed_nrrd_file,
)

MAKERS = [meta_file, packed_meta_file, nrrd_file, packed_nrrd_file]
each_kind = pytest.mark.parametrize("make", MAKERS)
Make = Callable[[Path], Path]


@each_kind
def test_frames_in_any_order(make: Make, tmp_path: Path) -> None:
    with SequenceReader(make(tmp_path)) as reader:
        assert len(reader) == 2
        assert [reader[n].pixels.ravel()[0] for n in (1, 0, 1, -1, -2, 0)] == [12, 0, 12, 12, 0, 0]
        assert [frame.index for frame in reader] == [0, 1]
        assert [frame.timestamp for frame in reader] == [12.345678, 12.4]
        for wrong in (2, -3):
            with pytest.raises(IndexError, match=f"has 2 frames, number {wrong}"):
                reader[wrong]
        assert (reader.missing, reader.damage) == (0, None)


def test_frames_cannot_be_written_to(tmp_path: Path) -> None:
    (first, _) = frames_of(meta_file(tmp_path))
    for array in (first.pixels, first.transforms["ProbeToTracker"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@each_kind
def test_a_file_cut_anywhere_gives_what_is_there(make: Make, tmp_path: Path) -> None:
    path = make(tmp_path)
    whole = path.read_bytes()
    pixels = whole.index(b"LOCAL\n") + 6 if b"LOCAL" in whole else whole.index(b"\n\n") + 2
    counts = []
    for end in (*range(0, pixels, 7), *range(pixels - 3, len(whole))):
        path.write_bytes(whole[:end])
        if end < pixels:
            with pytest.raises(RecordingError, match="cannot read"):
                SequenceReader(path)
            continue
        with SequenceReader(path) as reader:
            frames = list(reader)
            assert (
                b"".join(frame.pixels.tobytes() for frame in frames) == PIXELS[: 12 * len(frames)]
            )
            assert reader.missing == 2 - len(frames)
            assert len(reader) == len(frames)
            assert (reader.damage is None) == (len(frames) == 2)
        counts.append(len(frames))
    assert counts == sorted(counts)
    assert set(counts) >= {0, 1}


def test_damage_in_a_compressed_stream_ends_it(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, 300_000, np.uint8).tobytes()
    header = META.replace(b"4 3 2", b"1000 3 100").replace(b"Data = False", b"Data = True")
    packed = bytearray(zlib.compress(pixels))
    packed[200_000] ^= 0xFF
    with SequenceReader(meta_file(tmp_path, header, bytes(packed))) as reader:
        frames = list(reader)
        assert len(reader) == len(frames)
        assert 50 < len(frames) < 100
        assert reader.missing == 100 - len(frames)
        assert reader.damage is not None
        assert f"100 frames are announced, {len(frames)} are there" in reader.damage
        with pytest.raises(IndexError):
            reader[99]


def test_frames_are_as_many_as_there_is_data_for(tmp_path: Path) -> None:
    many = META.replace(b"4 3 2", b"4 3 1000000000000000000")
    with SequenceReader(meta_file(tmp_path, many)) as reader:
        assert len(reader) == len(list(reader)) == 2
        assert reader.missing == 10**18 - 2
    many = many.replace(b"Data = False", b"Data = True")
    with SequenceReader(meta_file(tmp_path, many, zlib.compress(PIXELS))) as reader:
        assert len(reader) < 10_000
        assert len(list(reader)) == 2
        assert reader.missing == 10**18 - 2


def test_a_file_without_pixels_has_the_frames_of_its_fields(tmp_path: Path) -> None:
    header = META.replace(b"4 3 2", b"0 0 1000000000000000000")
    first, second = frames_of(meta_file(tmp_path, header, b""))
    assert first.pixels.shape == (1, 0, 0)
    assert second.statuses == {"ProbeToTracker": "OK"}


def test_fields_of_a_frame_may_stand_anywhere(tmp_path: Path) -> None:
    late = b"Seq_Frame0000_Late = yes\nAnother = 1\nSeq_Frame0000_Later = too\nElementDataFile"
    header = META.replace(b"ElementDataFile", late)
    header = header.replace(b"Seq_Frame0001_FrameNumber", b"Seq_Frame000001_FrameNumber")
    first, second = frames_of(meta_file(tmp_path, header))
    assert first.fields["Late"] == "yes"
    assert first.fields["Later"] == "too"
    assert second.fields["FrameNumber"] == "102"


def test_statuses_are_in_capitals(tmp_path: Path) -> None:
    header = META.replace(b"Status = OK", b"Status = Ok").replace(b"INVALID", b"Invalid")
    first, second = frames_of(meta_file(tmp_path, header))
    assert first.statuses == {"ProbeToTracker": "OK", "StylusToTracker": "INVALID"}
    assert (first.image_status, second.image_status) == ("OK", "INVALID")


def test_what_is_no_number_stays_text(tmp_path: Path) -> None:
    header = META.replace(b"Transform = 0.5", b"Transform = none").replace(b"12.345678", b"early")
    first, _ = frames_of(meta_file(tmp_path, header))
    assert (first.timestamp, first.fields["Timestamp"]) == (None, "early")
    assert "ProbeToTracker" not in first.transforms
    assert first.fields["ProbeToTrackerTransform"].startswith("none -0.25 0")


def turned_to(orientation: str, path: Path) -> NDArray[np.generic]:
    """The first picture of a file."""
    with SequenceReader(path, orientation=orientation) as reader:
        return reader[0].pixels


def test_pictures_are_turned_when_asked(tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"Orientation = MF", b"Orientation = UN"))
    rows = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert frames_of(path)[0].pixels[0].tolist() == rows
    assert turned_to("MF", path)[0].tolist() == [row[::-1] for row in rows[::-1]]
    assert turned_to("UF", path)[0].tolist() == rows[::-1]
    assert turned_to("UNA", path)[0].tolist() == rows
    with pytest.raises(RecordingError, match="'MM', expected one such as 'MF'"):
        SequenceReader(path, orientation="MM")


def test_pictures_that_lie_on_their_side(tmp_path: Path) -> None:
    """FM: i leads far from the probe, j to its marked side."""
    path = meta_file(tmp_path, META.replace(b"Orientation = MF", b"Orientation = FM"))
    assert turned_to("MF", path)[0].tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]


@pytest.mark.parametrize("text", ["XX", "", "MMM", "?"])
def test_pictures_without_an_orientation_stay(text: str, tmp_path: Path) -> None:
    path = meta_file(tmp_path, META.replace(b"Orientation = MF", f"Orientation = {text}".encode()))
    assert turned_to("UN", path).ravel()[:2].tolist() == [0, 1]


AXES = ["MU", "FN", "AD"]
orientations = st.permutations(AXES).flatmap(
    lambda axes: st.tuples(*map(st.sampled_from, axes)).map("".join)
)


@given(orientations, orientations)
def test_turning_there_and_back(stored: str, wanted: str) -> None:
    pixels = np.arange(2 * 3 * 4 * 3).reshape(2, 3, 4, 3)
    there = turned(pixels, stored, wanted)
    assert np.array_equal(turned(there, wanted, stored), pixels)
    lengths = {letter: length for pair, length in _axes(stored) for letter in pair}
    assert list(there.shape[2::-1]) == [lengths[letter] for letter in wanted]


@given(orientations, orientations)
def test_where_a_turned_voxel_was(stored: str, wanted: str) -> None:
    pixels = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    there = turned(pixels, stored, wanted)
    matrix = turned_indices((4, 3, 2), stored, wanted)
    for k, j, i in np.ndindex(there.shape):
        x, y, z, _ = (matrix @ (i, j, k, 1)).astype(int).tolist()
        assert pixels[z, y, x] == there[k, j, i]


def _axes(orientation: str) -> list[tuple[str, int]]:
    """Both letters of each axis of an orientation, and its length in the test above."""
    pairs = [next(pair for pair in AXES if letter in pair) for letter in orientation]
    return list(zip(pairs, (4, 3, 2), strict=True))


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"", "empty"), (b"\x89PNG\r\n", "no MetaImage"), (b"NRRD0005\n", "no NRRD"), (b"NR", "Meta")],
)
def test_what_is_no_sequence_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "x.mha"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=told):
        SequenceReader(path)
    with pytest.raises(RecordingError, match="No such file"):
        SequenceReader(tmp_path / "y.mha")
    with pytest.raises(RecordingError, match="directory"):
        SequenceReader(tmp_path)


@given(data=st.data())
def test_any_bytes_are_read_or_refused(data: st.DataObject, tmp_path_factory: object) -> None:
    whole = data.draw(st.sampled_from([META + PIXELS, NRRD + PIXELS]))
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(max_size=12))
    folder = _folder(tmp_path_factory)
    path = folder / "x.mha"
    path.write_bytes(whole[:at] + put + whole[at + len(put) :])
    with contextlib.suppress(RecordingError), SequenceReader(path, orientation="MF") as reader:
        assert len(list(reader)) <= reader.header.frames


def _folder(factory: object) -> Path:
    assert isinstance(factory, pytest.TempPathFactory)
    return factory.getbasetemp()


@pytest.mark.parametrize("packed", [False, True])
def test_memory_is_that_of_a_frame(packed: bool, tmp_path: Path) -> None:
    frame = bytes(1 << 20)
    header = META.replace(b"4 3 2", b"1024 1024 40")
    if packed:
        header = header.replace(b"CompressedData = False", b"CompressedData = True")
    path = meta_file(tmp_path, header, zlib.compress(frame * 40) if packed else frame * 40)
    tracemalloc.start()
    try:
        with SequenceReader(path) as reader:
            assert sum(1 for _ in reader) == 40
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_gzip_stream_of_several_members_is_read_to_the_first(tmp_path: Path) -> None:
    """As ITK and teem do; nobody writes such files, and what is missing is told."""
    pixels = gzip.compress(PIXELS[:12]) + gzip.compress(PIXELS[12:])
    path = nrrd_file(tmp_path, NRRD.replace(b"raw", b"gzip"), pixels)
    with SequenceReader(path) as reader:
        assert len(list(reader)) == 1
        assert reader.missing == 1
