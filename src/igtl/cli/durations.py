"""Seconds as people read them."""

from __future__ import annotations

__all__ = ["ahead", "span"]


def span(seconds: float, sign: str = "") -> str:
    """To the microsecond, in ms where it is less than a second.

    Examples:
        >>> span(0.0002134), span(-2.5), span(0.001, "+")
        ('0.213 ms', '-2.500000 s', '+1.000 ms')
    """
    if abs(seconds) >= 1:
        return f"{seconds:{sign}z.6f} s"
    return f"{seconds * 1e3:{sign}z.3f} ms"


def ahead(offset: float) -> str:
    """A clock's offset in words, before the other clock: `0.213 ms ahead of`, `2 s behind`."""
    return f"{span(abs(offset))} {'behind' if offset < 0 else 'ahead of'}"
