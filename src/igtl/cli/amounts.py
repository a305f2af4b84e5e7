"""Durations and sizes as people write and read them: 90 s, 1h30m, 2 GB."""

from __future__ import annotations

import argparse
import re

__all__ = ["duration", "share", "shown_duration", "shown_size"]

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "": 1.0}
_BYTES = {
    unit + end: size
    for end in ("", "b")
    for unit, size in (
        ("k", 10**3), ("m", 10**6), ("g", 10**9), ("t", 10**12),
        ("ki", 1 << 10), ("mi", 1 << 20), ("gi", 1 << 30), ("ti", 1 << 40),
    )
}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]*) ?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)", re.ASCII)


def duration(text: str) -> float:
    """Seconds above 0 from `90`, `90s`, `10m` or `1h30m`, as argparse takes it.

    Examples:
        >>> duration("90"), duration("10m"), duration("1h30m"), duration("0.5 s")
        (90.0, 600.0, 5400.0, 0.5)
    """
    seconds = _seconds(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no duration above 0, expected such as 90s, 10m or 1h30m"
        )
    return seconds


def share(text: str) -> int | float:
    """How much goes into one file: bytes (int) from `2GB`, or seconds (float) as of `duration`.

    Examples:
        >>> share("2GB"), share("1.5 MiB"), share("1h")
        (2000000000, 1572864, 3600.0)

    A number needs its unit here: 10 may be meant to be either.
    """
    found = _SIZE.fullmatch(text.lower())
    if found and found[2] in _BYTES and found[2] != "m":  # which are minutes
        size = round(float(found[1]) * _BYTES[found[2]])
        if size > 0:
            return size
    seconds = _seconds(text)
    if seconds is None or text[-1].isdigit():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size and no duration above 0 with its unit, expected such as 10MB, "
            "2GB, 10m or 1h"
        )
    return seconds


def _seconds(text: str) -> float | None:
    lower, at, seconds = text.lower(), 0, 0.0
    while part := _PART.match(lower, at):
        if part[2] not in _SECONDS:
            return None
        seconds += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    return seconds if at == len(lower) and 0 < seconds < float("inf") else None


def shown_size(size: float) -> str:
    """Bytes with three digits.

    Examples:
        >>> shown_size(999), shown_size(1536000), shown_size(2.5e10)
        ('999 B', '1.54 MB', '25.0 GB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.{_decimals(size)}f} {unit}"


def shown_duration(seconds: float) -> str:
    """Seconds roughly: for how long a disk lasts.

    Examples:
        >>> shown_duration(0.5), shown_duration(42), shown_duration(600), shown_duration(15000)
        ('0.5 s', '42 s', '10 min', '4.2 h')
    """
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:,.0f} days"


def _decimals(value: float) -> int:
    return 2 if value < 9.995 else 1 if value < 99.95 else 0
