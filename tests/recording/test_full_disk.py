"""Disks that are full: what was written before is kept, and can be read by the stock package."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import igtl
from igtl.codec.frame import Frame
from igtl.recording.writer import FileWriter
from tests.recording.disks import file_limit, small_disk
from tests.recording.inspection import events, indexed, statistics, stored
from tests.recording.traffic import bulk, pose

START = 1_700_000_000 * 10**9
MIB = 1 << 20


def fill(path: Path, size: int, most: int = 5000) -> tuple[FileWriter, int]:
    """Write messages of `size` bytes until the disk is full; how many were in cut chunks."""
    file = FileWriter(path, chunk_size=20_000)
    frame = bulk(size)
    with pytest.raises(igtl.RecordingError, match=r"session\.mcap cannot be written"):
        add(file, (frame for _ in range(most)))
    return file, file.messages


def add(file: FileWriter, frames: Iterable[Frame]) -> None:
    """Add messages, each a nanosecond after the other."""
    for number, frame in enumerate(frames):
        file.add_all([frame], "a", START + number)


def numbered(path: Path) -> list[int]:
    """The times of what is in a file, without the index."""
    return [one.time_ns - START for one in stored(path)]


def test_a_full_disk_keeps_whole_chunks() -> None:
    with small_disk(2 * MIB) as folder:
        path = folder / "session.mcap"
        file, kept = fill(path, 5000)
        file.cut_short("no room", START + 10**6, count=3)
        assert kept > 200
        assert numbered(path) == list(range(kept))
        assert len(indexed(path)) == kept
        assert events(path) == [{"event": "cut", "connection": "", "text": "no room", "count": 3}]
        assert statistics(path).message_count == kept + 1
        assert os.listdir(folder) == [path.name]


def test_closing_on_a_full_disk() -> None:
    with small_disk(2 * MIB) as folder:
        path = folder / "session.mcap"
        file, kept = fill(path, 5000)
        file.close()
        assert numbered(path) == list(range(kept))
        assert len(indexed(path)) == kept


@pytest.mark.parametrize(
    "end", [FileWriter.close, lambda file: file.cut_short("no room", START + 10**6)]
)
def test_room_is_kept_for_a_summary_that_is_large(end: Callable[[FileWriter], None]) -> None:
    """Chunks of one small message each: the summary is half as large as all before it."""
    with small_disk(2 * MIB) as folder:
        path = folder / "session.mcap"
        file = FileWriter(path, chunk_size=1)
        with pytest.raises(igtl.RecordingError):
            add(file, map(pose, itertools.count()))
        kept = file.messages
        end(file)
        assert kept > 1500
        assert numbered(path) == list(range(kept))
        assert len(indexed(path)) == kept


def test_a_disk_without_room_for_a_beginning() -> None:
    with small_disk(16384) as folder:
        (folder / "full").write_bytes(bytes(16384))
        path = folder / "session.mcap"
        with pytest.raises(igtl.RecordingError, match="No space left"):
            FileWriter(path)
        assert not path.exists()


@pytest.mark.parametrize("room", [*range(50, 1600, 31), 20_000])
def test_a_file_that_may_not_become_larger(tmp_path: Path, room: int) -> None:
    """There may be no room for an index or an event, but always for a proper end."""
    path = tmp_path / "session.mcap"
    with FileWriter(tmp_path / "other.mcap", chunk_size=20_000) as other:
        while not other.position > 60_000:
            other.add_all([bulk(1000)], "a", START)
        three_chunks = other.messages
        limit = other.position + room
    with file_limit(limit):
        file, kept = fill(path, 1000)
        file.cut_short("no room", START + 10**6)
    assert path.stat().st_size <= limit
    assert kept == three_chunks
    assert numbered(path) == list(range(kept))
    if room > 800:
        assert len(indexed(path)) == kept
    if room > 1500:
        assert events(path)[0]["event"] == "cut"


def test_a_limit_without_room_for_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "session.mcap"
    with file_limit(20), pytest.raises(igtl.RecordingError, match="File too large"):
        FileWriter(path)
    assert not path.exists()


def test_there_is_not_even_room_for_an_end(tmp_path: Path) -> None:
    path = tmp_path / "session.mcap"
    file = FileWriter(path)
    file.add_all([pose(0)], "a", START)
    file.cut_chunk()
    with file_limit(path.stat().st_size + 10), pytest.raises(igtl.RecordingError):
        file.close()
    assert [one.data for one in stored(path, whole=False)] == [pose(0).to_bytes()]


def failing(number: int) -> Callable[..., int]:
    """What a system call does on a broken disk."""

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_system_that_keeps_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_fallocate", failing(errno.EOPNOTSUPP))
    path = tmp_path / "session.mcap"
    with FileWriter(path) as file:
        file.add_all([pose(0)], "a", START)
    assert numbered(path) == [0]
