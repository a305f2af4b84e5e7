from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

import igtl.sources
from igtl.errors import SourceError
from igtl.messages import Message
from igtl.sources import opening
from igtl.sources.listing import Kind, kinds
from igtl.sources.opening import maker_of, open_source, source_names
from igtl.sources.source import Source

ROOT = Path(__file__).resolve().parents[2]


class Silence:
    """A source as somebody else would write it."""

    name = "silence"

    def __init__(self, *, rate: float = 3.0) -> None:
        self.rate = rate

    def messages(self, time_s: float) -> Sequence[Message]:
        return ()


class Greedy(Silence):
    def __init__(self, **options: float) -> None:
        super().__init__(**options)
        self.options = options


def announce(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Makes `folder` look like an installed package that offers sources."""
    info = folder / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[igtl.sources]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    ("name", "rate"), [("position", 10.0), ("tracker", 50.0), ("ultrasound", 20.0)]
)
def test_built_in_sources_open_by_name_with_their_default_rates(name: str, rate: float) -> None:
    source: Source = open_source(name)
    assert (source.name, source.rate) == (name, rate)
    assert name in source_names()


@pytest.mark.parametrize("name", ["position", "tracker", "ultrasound"])
def test_messages_are_a_function_of_time_and_carry_no_timestamp(name: str) -> None:
    first, second = open_source(name), open_source(name)
    second.messages(5.0)
    for message, again in zip(first.messages(1.3), second.messages(1.3), strict=True):
        assert message == again
        assert message.device_name
        assert message.timestamp is None


def test_every_ending_that_a_source_names_leads_to_it() -> None:
    from igtl.sources.recorded import SEQUENCE_ENDINGS, SequenceSource
    from igtl.sources.video_file import VIDEO_ENDINGS, VideoFileSource

    for make, endings in ((SequenceSource, SEQUENCE_ENDINGS), (VideoFileSource, VIDEO_ENDINGS)):
        for ending in endings:
            assert maker_of(f"folder/Film{ending.upper()}") is make
            assert maker_of(f"film{ending}") is make


def test_built_in_sources_are_announced_by_the_package() -> None:
    """For those who look for sources without us, and so that the two lists stay one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["igtl.sources"] == opening._BUILT_IN


def test_every_source_says_what_it_is_and_takes() -> None:
    found = {kind.usage: kind for kind in kinds()}
    assert found["camera:CAMERA"].needs == "igtl[cameras]"
    assert found["tracker"] == Kind(
        "tracker",
        "Each tick, the poses of all tools, twice: as TRANSFORMs and as one TDATA.",
        "",
        ("rate", "device_name"),
    )
    assert found["*.mcap"].options == ("speed", "start", "end", "device", "type")
    for kind in found.values():
        assert 10 < len(kind.summary) < 100
        assert kind.options


def test_a_broken_source_is_listed_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(tmp_path, monkeypatch, "broken = no.such.module:Thing")
    (broken,) = (kind for kind in kinds() if kind.usage == "broken")
    assert "cannot be imported" in broken.summary


class Scan(Silence):
    """A file of somebody else."""

    def __init__(self, path: str, *, rate: float = 3.0) -> None:
        super().__init__(rate=rate)
        self.path = path


def test_third_parties_add_files_by_their_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(
        tmp_path,
        monkeypatch,
        f".scan = {__name__}:Scan",
        f".long.scan = {__name__}:Greedy",
        f".mcap = {__name__}:Scan",
    )
    scan = open_source("some/thing.SCAN", rate="2")
    assert isinstance(scan, Scan)
    assert (scan.path, scan.rate) == ("some/thing.SCAN", 2.0)
    assert maker_of("x.long.scan") is Greedy
    assert maker_of("x.mcap") is not Scan
    assert ".scan" not in source_names()
    with pytest.raises(SourceError, match=r"has no option 'size'; its options: rate$"):
        open_source("x.scan", size=1)


@pytest.mark.parametrize("text", ["tracker:1", "position:"])
def test_what_takes_nothing_behind_a_colon_says_so(text: str) -> None:
    with pytest.raises(SourceError, match="takes nothing behind a colon"):
        open_source(text)


def test_open_is_the_short_name_of_open_source() -> None:
    assert igtl.sources.open is open_source


def test_options_reach_the_source() -> None:
    assert open_source("position", rate=4.0).rate == 4.0


def test_an_unknown_option_is_named_with_the_known_ones() -> None:
    with pytest.raises(SourceError, match="'tracker' has no option 'mode'; its options: rate, dev"):
        open_source("tracker", mode="volume")


@pytest.mark.parametrize(("text", "meant"), [("trackr", "tracker"), ("Ultrasound", "ultrasound")])
def test_an_unknown_name_suggests_a_close_one_and_lists_all(text: str, meant: str) -> None:
    with pytest.raises(SourceError, match=rf"'{text}'; did you mean '{meant}'.*room, tracker"):
        open_source(text)


def test_an_unknown_name_like_no_other_gets_no_suggestion() -> None:
    with pytest.raises(SourceError, match="called 'zzz'; sources: "):
        open_source("zzz")


@pytest.mark.parametrize("text", ["nothing.nrrd", "./tracker", "some/where"])
def test_a_missing_path_is_told_as_a_missing_path(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="there is no file or folder"):
        open_source(text)


def test_a_file_called_like_a_source_does_not_hide_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tracker").write_text("no image")
    monkeypatch.chdir(tmp_path)
    assert open_source("tracker").name == "tracker"
    with pytest.raises(SourceError, match="cannot read tracker"):
        open_source("./tracker")


def test_third_parties_add_sources_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(tmp_path, monkeypatch, f"silence = {__name__}:Silence", f"greedy = {__name__}:Greedy")
    assert {"greedy", "position", "silence", "tracker", "ultrasound"} <= set(source_names())
    assert open_source("silence", rate=7.0).rate == 7.0
    assert open_source("greedy", rate=2.0).rate == 2.0
    with pytest.raises(SourceError, match="did you mean 'silence'"):
        open_source("silense")


def test_nobody_can_take_the_name_of_a_built_in_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(tmp_path, monkeypatch, f"tracker = {__name__}:Silence")
    assert open_source("tracker").name == "tracker"


@pytest.mark.parametrize(
    "target", ["no.such.module:Thing", f"{__name__}:Missing", "module_that_fails:Thing"]
)
def test_a_source_that_cannot_be_imported_is_named(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "module_that_fails.py").write_text("1 / 0")
    announce(tmp_path, monkeypatch, f"broken = {target}")
    with pytest.raises(SourceError, match=r"source 'broken' is announced as .* cannot be imported"):
        open_source("broken")
    assert open_source("position").name == "position"
