"""Time on the wire: unsigned 32.32 fixed point, seconds since 1970-01-01 00:00 UTC, good to 2106.

The same form carries durations (resolutions of streams). Zero means that no time was given.
"""

from __future__ import annotations

import math

from igtl.errors import MessageError

__all__ = ["from_wire", "nanoseconds", "to_wire"]

_ONE = 1 << 32
_LIMIT = 1 << 64
#: The last time: what lies between it and 2**32 s is rounded down, so that it can be written again.
_LAST = math.nextafter(_ONE, 0.0)


def to_wire(seconds: float) -> int:
    """The 64 bits for `seconds`; exact, since a float scaled by a power of two is.

    Raises:
        MessageError: not a number, or outside 0 ... 2**32 s.
    """
    if not 0.0 <= seconds < _ONE:  # neither is a NaN
        raise MessageError(
            f"time of {seconds} s does not fit: it must be between 0 and 2**32 seconds since 1970"
        )
    return int(seconds * _ONE)


def from_wire(value: int) -> float:
    """Seconds, rounded to the nearest float (0.24 us apart in this century)."""
    return min(value / _ONE, _LAST)


def nanoseconds(value: int) -> int:
    """Nanoseconds, rounded to the nearest."""
    return min((value * 1_000_000_000 + (_ONE >> 1)) >> 32, _LIMIT)
