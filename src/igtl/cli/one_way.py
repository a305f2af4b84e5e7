"""A server's clock from the times in its messages, where it answers no questions."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

import igtl
from igtl.cli import status
from igtl.cli.asking import how_it_ended
from igtl.cli.durations import ahead, span
from igtl.cli.terminal import Progress, say, warn
from igtl.protocol.clock import ClockEstimate
from igtl.viewer.summary import counted

__all__ = ["Watched", "watch"]

#: Times before 1973 are those of devices that count from their own start.
_FIRST_DATE_S = 1e8
_PULSE_S = 0.2

_MEANING = """\
This is one way: times in the server's messages, compared with when they came.
It is right where they are times of sending. Where they are times of measuring,
as of many devices, the clock is further ahead by what measuring and sending
took; a server that has them from elsewhere tells nothing of its own clock."""


@dataclass
class Watched:
    """What a server's messages say of its clock.

    Attributes:
        endpoint: of the server.
        connecting: how long it took to connect, in s. That takes one round trip, and some more:
            no message that came without delay can have been under way for longer.
        messages: so many came.
        clock: None when none of them has a time.
        interrupted: Ctrl-C ended it.
    """

    endpoint: str
    connecting: float
    messages: int = 0
    clock: ClockEstimate | None = None
    interrupted: bool = False

    @property
    def status(self) -> int:
        """The exit status."""
        if self.interrupted:
            return status.INTERRUPTED
        return status.INCOMPLETE if self.clock is None else status.DONE

    def tell(self) -> None:
        """Print it for people, and what it means."""
        if self.clock is None:
            self.regret()
            return
        offset, uncertainty = self.clock.offset, self.clock.uncertainty
        if time.time() + offset < _FIRST_DATE_S:
            say(f"the server counts from its own start, which was {span(-offset)} after 1970")
        else:
            bounds = f"± {span(uncertainty)}" if math.isfinite(uncertainty) else "or more"
            say(f"the server's clock is {ahead(offset)} ours, {bounds} (one way)")
        say(_MEANING)

    def tell_programs(self) -> None:
        """Print it as one JSON object."""
        clock = self.clock
        facts = {
            "endpoint": self.endpoint,
            "method": "one way",
            "messages": self.messages,
            "connecting": self.connecting,
            "offset": None if clock is None else clock.offset,
            "uncertainty": None if clock is None else clock.uncertainty,
        }
        say(json.dumps(facts))
        if clock is None:
            self.regret()

    def regret(self) -> None:
        """Say why nothing is known."""
        count = counted(self.messages, "message")
        what = f"none of {count} has a time" if self.messages else "no message came"
        warn(f"nothing is known of the clock of {self.endpoint}: {what}")


def watch(link: igtl.Client, seconds: float, connecting: float) -> Watched:
    """Take in messages for so long; Ctrl-C ends it earlier.

    Raises:
        FramingError: the server does not speak OpenIGTLink.
    """
    watched = Watched(link.endpoint, connecting)
    end = time.monotonic() + seconds
    try:
        with Progress() as progress:
            while (left := end - time.monotonic()) > 0 and not link.closed:
                watched.messages += _take(link, min(left, _PULSE_S), connecting)
                came = counted(watched.messages, "message")
                progress.show(f"{came}; {left:.0f} s left, Ctrl-C ends")
    except KeyboardInterrupt:
        watched.interrupted = True
    watched.clock = link.clock.estimate
    return watched


def _take(link: igtl.Client, patience: float, connecting: float) -> int:
    """Take in the next message, if there is one; how many there were."""
    try:
        message = link.receive(patience)
    except igtl.FramingError:
        raise
    except (igtl.TimeoutError, igtl.DecodeError):
        return 0
    except igtl.ClosedError:
        warn(how_it_ended(link))
        return 0
    if message.timestamp is not None:
        link.clock.arrival(message.timestamp, time.time(), connecting)
    return 1
