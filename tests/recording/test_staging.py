"""Files that have their names only when they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from igtl.errors import RecordingError
from igtl.recording.staging import Staging


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_files_get_their_names_at_the_end(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "s.csv")
    kept, lost = staging.new(".csv"), staging.new(".tmp")
    kept.write_text("kept")
    lost.write_text("lost")
    assert all(name.startswith(".s.") for name in names(tmp_path))
    assert kept.suffix == ".csv"
    staging.keep(kept, tmp_path / "s.csv")
    assert staging.commit() == (tmp_path / "s.csv",)
    assert names(tmp_path) == ["s.csv"]
    assert (tmp_path / "s.csv").read_text() == "kept"


def test_two_at_a_time_do_not_meet(tmp_path: Path) -> None:
    one, other = Staging(tmp_path / "s.a.csv"), Staging(tmp_path / "s.b.csv")
    assert one.new(".csv") != other.new(".csv")


def test_what_is_discarded_is_gone(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "s.csv")
    path = staging.new()
    path.touch()
    staging.keep(path, tmp_path / "s.csv")
    staging.discard()
    assert names(tmp_path) == []


def test_a_file_that_is_there_is_kept_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "s.csv"
    target.write_text("old")
    with pytest.raises(RecordingError, match="is there already"):
        Staging(target)
    staging = Staging(target, overwrite=True)
    path = staging.new()
    path.write_text("new")
    staging.keep(path, target)
    assert target.read_text() == "old"
    staging.commit()
    assert target.read_text() == "new"


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "s.csv")
    for name in ("a", "b"):
        path = staging.new()
        path.touch()
        staging.keep(path, tmp_path / name)
    (tmp_path / "b").write_text("old")
    with pytest.raises(RecordingError, match="is there already"):
        staging.commit()
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").read_text() == "old"


def test_a_folder_is_no_target_and_a_target_needs_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="it is a folder"):
        Staging(tmp_path, overwrite=True)
    with pytest.raises(RecordingError, match="there is no folder"):
        Staging(tmp_path / "none" / "s.csv")
