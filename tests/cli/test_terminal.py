from __future__ import annotations

import pytest

from igtl.cli.terminal import printable, warn


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
