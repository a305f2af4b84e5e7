"""A finished file takes the place of another one: not of a device, nor of one that is written."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

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
        put_in_place(finished, final, overwrite=True)
        assert (final.read_bytes(), finished.exists()) == (b"new", False)
        final.write_bytes(b"old")


def test_a_recording_that_is_being_made_stays(finished: Path, tmp_path: Path) -> None:
    with FileWriter(tmp_path / "x.mcap") as writer:
        with pytest.raises(RecordingError, match="being recorded by another program"):
            put_in_place(finished, writer.path, overwrite=True)
        before = os.stat(writer.path).st_ino
    assert os.stat(writer.path).st_ino == before
    put_in_place(finished, writer.path, overwrite=True)


def test_what_is_no_file_stays(finished: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RecordingError, match="is no file"):
        put_in_place(finished, pipe, overwrite=True)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_of_two_that_want_one_name_at_once_one_gets_it(tmp_path: Path) -> None:
    both = Barrier(2)

    def put(name: str, final: Path) -> str:
        finished = tmp_path / name
        finished.write_text(name)
        both.wait()
        try:
            put_in_place(finished, final, overwrite=False)
        except RecordingError as error:
            assert "is there already" in str(error)  # noqa: PT017 - one of the two
            return ""
        return name

    with ThreadPoolExecutor(2) as pool:
        for number in range(100):
            final = tmp_path / f"{number}.mcap"
            first, second = pool.map(put, ("a", "b"), (final, final))
            assert (first + second) in ("a", "b")
            assert final.read_text() == first + second
            assert not (tmp_path / final.read_text()).exists()


def test_a_link_to_nothing_is_there_and_may_be_overwritten(tmp_path: Path) -> None:
    link = tmp_path / "x.mcap"
    link.symlink_to("nothing.mcap")
    with pytest.raises(RecordingError, match="is there already"):
        FileWriter(link)
    FileWriter(link, overwrite=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["x.mcap"]
    assert link.is_file()
    assert not link.is_symlink()
