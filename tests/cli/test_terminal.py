from __future__ import annotations

import sys

import pytest

from igtl.cli.terminal import Progress, printable, warn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Probe 1", "Probe 1"),
        ("Sonde für Kühlung", "Sonde für Kühlung"),
        ("CT\x1b[2J\x07", "CT\\x1b[2J\\x07"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edef", "abc\\u202edef"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_nothing_that_a_terminal_obeys_gets_through(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_warnings_are_marked_and_cannot_act(capsys: pytest.CaptureFixture[str]) -> None:
    warn("device '\x1b[31m' is red")
    assert capsys.readouterr() == ("", "igtl: device '\\x1b[31m' is red\n")


def test_progress_is_one_line_that_is_gone_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "10")
    with Progress(pause=0) as progress:
        progress.show("a")
        progress.show("\x1b[2J 0123456789")
    assert capsys.readouterr().err == "\r\x1b[Ka\r\x1b[K\\x1b[2J 0\r\x1b[K"


def test_a_warning_takes_the_place_of_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress(pause=0) as progress:
        progress.show("a")
        warn("lost")
        warn("found")
        progress.show("b")
    warn("done")
    shown = "\r\x1b[Ka\r\x1b[Kigtl: lost\nigtl: found\n\r\x1b[Kb\r\x1b[Kigtl: done\n"
    assert capsys.readouterr().err == shown


def test_progress_does_not_flicker(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress(pause=60) as progress:
        for number in range(1000):
            progress.show(f"number {number}")
    assert capsys.readouterr().err == "\r\x1b[Knumber 0\r\x1b[K"


def test_progress_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.show("a")
    assert capsys.readouterr() == ("", "")
