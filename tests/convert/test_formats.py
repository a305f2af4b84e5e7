"""The table of formats, and how a file finds its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from igtl.convert.formats import FORMATS, ending_of, listing, plan
from igtl.errors import RecordingError


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.foxglove.mcap", ".foxglove.mcap"),
        ("a.mcap", ".mcap"),
        ("A.NII.GZ", ".nii.gz"),
        ("a.b.csv", ".csv"),
        (".csv", ""),
        ("a.txt", ""),
        ("mcap", ""),
    ],
)
def test_the_longest_ending_counts(name: str, ending: str) -> None:
    assert ending_of(Path(name)) == ending


def test_every_ending_is_in_one_row_and_every_row_does_something() -> None:
    endings = [ending for one in FORMATS for ending in one.endings]
    assert len(endings) == len(set(endings))
    assert all(one.read or one.write for one in FORMATS)


def test_the_listing_has_them_all() -> None:
    shown = listing()
    assert all(ending in shown for one in FORMATS for ending in one.endings)
    assert 60 < max(map(len, shown.splitlines())) <= 79


@pytest.mark.parametrize("width", [79, 100, 200])
def test_the_listing_fits(width: int) -> None:
    lines = listing(width).splitlines()
    assert max(map(len, lines)) <= width
    words = [word for one in FORMATS for word in (*one.endings, *one.what.split())]
    assert sorted(set(words) - set(" ".join(lines).split())) == []
    assert width < 200 or "images and poses over time (PLUS, 3D Slicer)" in listing(width)


@pytest.mark.parametrize(
    ("sources", "target", "options", "text"),
    [
        (["a.txt"], "b.csv", {}, r"cannot read a\.txt: names of files to read end in .*\.mcap"),
        (["a.mcap"], "b.txt", {}, r"cannot write b\.txt: names of files to write end in .*\.csv"),
        (["a.foxglove.mcap"], "b.csv", {}, "cannot read a.foxglove.mcap"),
        (["a.mcap"], "b.pcap", {}, "cannot write b.pcap"),
        (["a.mcap"], "b.csv", {"most": 3}, r"has no use for --most, which is for .*\.nii"),
        (["a.mcap"], "b.csv", {"color": 3}, "has no use for --color$"),
        (["a.igtl", "b.igtl"], "b.csv", {}, "parts of one recording"),
        (["a.mcap", "b.igtl"], "b.csv", {}, "parts of one recording"),
    ],
)
def test_what_cannot_be_converted_is_told(
    sources: list[str], target: str, options: dict[str, object], text: str
) -> None:
    with pytest.raises(RecordingError, match=text):
        plan([Path(source) for source in sources], Path(target), options)
