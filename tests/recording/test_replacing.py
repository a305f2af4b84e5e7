"""A finished file takes the place of another one: not of a device, nor of one that is written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from igtl.errors import RecordingError
from igtl.recording.disk import put_in_place
from igtl.recording.writer import FileWriter


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    path = tmp_path / "finished"
    path.write_bytes(b"new")
    return path


def test_a_file_is_replaced(finished: Path, tmp_path: Path) -> None:
    final = tmp_path / "x.mcap"
    for _ in range(2):
        finished.write_bytes(b"new")
        put_in_place(finished, final)
        assert (final.read_bytes(), finished.exists()) == (b"new", False)
        final.write_bytes(b"old")


def test_a_recording_that_is_being_made_stays(finished: Path, tmp_path: Path) -> None:
    with FileWriter(tmp_path / "x.mcap") as writer:
        with pytest.raises(RecordingError, match="being recorded by another program"):
            put_in_place(finished, writer.path)
        before = os.stat(writer.path).st_ino
    assert os.stat(writer.path).st_ino == before
    put_in_place(finished, writer.path)


def test_what_is_no_file_stays(finished: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RecordingError, match="is no file"):
        put_in_place(finished, pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
