"""Moments of a recording as people write them: hours, minutes and seconds since its start."""

from __future__ import annotations

import argparse
import re

from igtl.errors import MessageError

__all__ = ["check_part", "moment", "shown_moment"]

_MOMENT = re.compile(r"(\d+:){0,2}\d+(\.\d*)?", re.ASCII)


def moment(text: str) -> float:
    """Seconds from `80`, `1:20` or `1:02:03.5`, as argparse takes it.

    Examples:
        >>> moment("80"), moment("1:20.5"), moment("1:02:03")
        (80.0, 80.5, 3723.0)
    """
    parts = [float(part) for part in text.split(":")] if _MOMENT.fullmatch(text) else []
    if not parts or any(part >= 60 for part in parts[1:]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment, expected seconds, m:ss or h:mm:ss: 80, 1:20, 1:02:03.5"
        )
    hours, minutes, seconds = [0.0, 0.0, *parts][-3:]
    return hours * 3600 + minutes * 60 + seconds


def check_part(start: float, end: float | None) -> None:
    """Refuse a part that ends before it begins.

    Raises:
        MessageError: it does.
    """
    if end is not None and end <= start:
        raise MessageError(
            f"--to {shown_moment(end)} is not behind --from {shown_moment(start)}: nothing is "
            "between"
        )


def shown_moment(seconds: float) -> str:
    """Seconds as minutes and seconds, to tenths.

    Examples:
        >>> shown_moment(80.27), shown_moment(3723)
        ('1:20.3', '1:02:03.0')
    """
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    front = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{front}:{tenths // 10:02}.{tenths % 10}"
