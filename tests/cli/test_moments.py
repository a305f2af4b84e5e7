from __future__ import annotations

import argparse

import pytest

from igtl.cli.moments import moment, shown_moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("80", 80.0),
        ("3600.25", 3600.25),
        ("1:20", 80.0),
        ("90:05", 5405.0),
        ("1:02:03.5", 3723.5),
        ("0:00.125", 0.125),
    ],
)
def test_moments_are_understood(text: str, seconds: float) -> None:
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", "1:60", "1:61:00", "1:2:3:4", "1:", ":20", "nan"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no moment, expected seconds"):
        moment(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0:00.0"), (9.99, "0:10.0"), (59.94, "0:59.9"), (60.0, "1:00.0"), (0.3, "0:00.3"),
     (4.96, "0:05.0"), (3599.96, "1:00:00.0"), (36000.0, "10:00:00.0")],
)  # fmt: skip
def test_moments_are_shown_as_they_are_written(seconds: float, text: str) -> None:
    assert shown_moment(seconds) == text
