from __future__ import annotations

import argparse

import pytest

from igtl.cli.amounts import duration, share, shown_duration, shown_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("10m", 600.0),
        ("10 min", 600.0),
        ("1H30M", 5400.0),
        ("1h 30m 5s", 5405.0),
        ("0.5", 0.5),
        ("2d", 172_800.0),
        ("5m3", 303.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds
    if not text[-1].isdigit():
        assert share(text) == seconds
        assert isinstance(share(text), float)


@pytest.mark.parametrize("text", ["10", "0.5", "5m3"])
def test_a_share_has_a_unit(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="with its unit, expected such as 10MB"):
        share(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("500 mb", 500_000_000),
        ("1.5GiB", 3 << 29),
        ("4k", 4000),
        ("1T", 10**12),
    ],
)
def test_sizes(text: str, size: int) -> None:
    found = share(text)
    assert (found, isinstance(found, int)) == (size, True)


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "soon", "10x", "1e3", "inf", "nan", "h", "0GB", "GB", "٣"]
)
def test_what_is_neither(text: str) -> None:
    for parse in (duration, share):
        with pytest.raises(argparse.ArgumentTypeError, match="expected such as"):
            parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (99_960, "100 kB"), (999_600, "1.00 MB"),
     (12_345_678, "12.3 MB"), (7e15, "7000 TB")],
)  # fmt: skip
def test_sizes_for_people(size: float, text: str) -> None:
    assert shown_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.5, "0.5 s"),
        (9.96, "10 s"),
        (99, "99 s"),
        (600, "10 min"),
        (15_000, "4.2 h"),
        (1e6, "12 days"),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert shown_duration(seconds) == text
