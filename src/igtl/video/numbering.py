"""The running number of a frame of video, by which a receiver sees that one is missing.

An inter frame means nothing without the one before it. TCP loses nothing, but queues that are full
do, and a decoder does not notice: it paints on the wrong picture. VIDEO has no field for a number,
and message ids say which question is answered; so igtl's encoder writes one into the metadata.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NUMBER_KEY", "follows", "number_of", "numbered", "without_number"]

NUMBER_KEY = "VideoFrame"
_WRAP = 1 << 32


def numbered(metadata: Mapping[str, str], number: int) -> dict[str, str]:
    """The metadata with a frame's number."""
    return {**metadata, NUMBER_KEY: str(number % _WRAP)}


def without_number(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata without it."""
    return {key: value for key, value in metadata.items() if key != NUMBER_KEY}


def number_of(metadata: Mapping[str, str]) -> int | None:
    """A frame's number; None where the sender gave none."""
    text = metadata.get(NUMBER_KEY, "")
    return int(text) if text.isdecimal() and len(text) <= 10 else None


def follows(number: int | None, before: int | None) -> bool:
    """Whether a frame comes right behind the one before it, as far as their numbers tell."""
    return number is None or before is None or number == (before + 1) % _WRAP
