"""What a source of messages is.

A source is asked for the messages that are due at a moment; it has no clock, no thread and no
randomness of its own, so the same moment gives the same messages. Whoever plays it asks `rate`
times a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from igtl.codec.frame import Frame
from igtl.errors import SourceError
from igtl.messages import Message

__all__ = ["Source", "checked_rate", "close_source", "tick_number"]


class Source(Protocol):
    """Something that gives messages as time goes by.

    A source that holds a device or a file open has a method `close()` too, which may be called
    twice. One whose messages do not come at regular ticks has a method `next_time()`: when it is to
    be asked next, in seconds since it was started; `rate` is what it comes to on average.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def rate(self) -> float:
        """Ticks per second at which it is meant to be asked."""

    def messages(self, time_s: float) -> Sequence[Message | Frame]:
        """The messages that are due at a tick.

        Args:
            time_s: seconds since the source was started; tick n is at n / rate. 0 begins anew.

        Returns:
            Messages with their device names, in the order to send them; none when nothing is due.
            Those that are of now have no timestamp. Frames are sent byte for byte.

        Raises:
            SourceError: it cannot go on: a device was unplugged, a file is damaged.
        """


def close_source(source: Source) -> None:
    """Give back the device or file that a source holds, if it holds any."""
    close = getattr(source, "close", None)
    if close is not None:
        close()


def checked_rate(rate: float) -> float:
    """`rate` as a number of ticks per second.

    Raises:
        SourceError: it is not a positive number.
    """
    try:
        value = float(rate)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise SourceError(f"rate is {rate!r}, expected ticks per second, such as 10")
    return value


def tick_number(time_s: float, rate: float) -> int:
    """Which tick, counted from 0, `time_s` is: the nearest one, so that rounding does no harm."""
    return math.floor(time_s * rate + 0.5)
