"""`igtl ping`: how long a question and its answer take, and how a server's clock differs."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence
from statistics import median

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import connect, greet, how_it_ended
from igtl.cli.durations import ahead, span
from igtl.cli.one_way import watch
from igtl.cli.terminal import say, warn

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Ask a server again and again for a sign of life (GET_STATUS): a line for each
round trip; at the end the shortest, median and longest one, and by how much the
server's clock is ahead of this machine's."""

EXAMPLES = """\
A round trip is the time on the way, without the server's own. The clocks'
difference is known to plus or minus half of the shortest.

A server that does not answer is listened to instead: the times in its messages
are compared with when they come. That is one way only, and less certain.

examples:
  igtl ping localhost
  igtl ping tracker.local:18944 --count 100 --interval 0.01
  igtl ping localhost --json | jq .offset"""

_COUNT = 8


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument(
        "--count", type=arguments.count, default=_COUNT, metavar="N", help="default: 8"
    )
    parser.add_argument(
        "--interval",
        type=arguments.seconds,
        default=0.5,
        metavar="S",
        help="seconds from one question to the next (default: 0.5)",
    )
    parser.add_argument(
        "--timeout",
        type=arguments.duration,
        default=2.0,
        metavar="S",
        help="seconds to wait for each answer (default: 2)",
    )
    parser.add_argument(
        "--seconds",
        type=arguments.duration,
        default=5.0,
        metavar="S",
        help="how long to listen to a server that does not answer (default: 5)",
    )
    arguments.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")


def run(options: Namespace) -> int:
    """Ask as often as told; Ctrl-C sums up what came so far."""
    start = time.monotonic()
    with connect(options) as link:
        connecting = time.monotonic() - start
        trips = Trips(link, options)
        try:
            greet(link, options.profile)
            silent = trips.make()
        except KeyboardInterrupt:
            trips.sum_up()
            return status.INTERRUPTED
        except igtl.ClosedError as error:
            trips.sum_up()
            raise status.Incomplete(f"{how_it_ended(link)}, after {trips.answers}") from error
        except igtl.OpenIGTLinkError:
            trips.sum_up()
            raise
        if silent:
            warn(f"{silent}; listening for {options.seconds:g} s instead")
            watched = watch(link, options.seconds, connecting)
            tell = watched.tell_programs if options.json else watched.tell
            tell()
            return watched.status
    return trips.sum_up()


class Trips:
    """Round trips over a link, one after another."""

    def __init__(self, link: igtl.Client, options: Namespace) -> None:
        self._link, self._options = link, options
        self._asked = 0
        self._took: list[float] = []

    @property
    def answers(self) -> str:
        """How many answers came, of how many."""
        return f"{len(self._took)} of {self._options.count} answers"

    def make(self) -> str:
        """Make all of them. Why there are none, where the server does not answer; else ""."""
        if not self._link.profile.queries:
            return f"a server of profile {self._link.profile.name!r} must not be asked"
        start = time.monotonic()
        for number in range(self._options.count):
            self._wait_until(start + number * self._options.interval)
            why = self._make_one(number + 1)
            if why and not self._took:
                return why
        return ""

    def _wait_until(self, due: float) -> None:
        """Wait, and take what the server sends: the next answer must not queue up behind it."""
        while (left := due - time.monotonic()) > 0:
            try:
                self._link.receive(left)
            except igtl.TimeoutError:
                return
            except igtl.FramingError:
                raise
            except igtl.DecodeError:
                pass

    def _make_one(self, number: int) -> str:
        """Ask once; why there is no answer, else ""."""
        self._asked += 1
        try:
            estimate = self._link.ping(1, timeout=self._options.timeout)
        except igtl.NotAvailable as error:
            return str(error)
        except igtl.TimeoutError:
            silence = f"no answer within {self._options.timeout:g} s"
            if self._took:
                self._tell(f"{number}: {silence}")
            return f"{self._link.endpoint} does not answer GET_STATUS: {silence}"
        self._took.append(estimate.round_trips[-1])
        trip, offset = span(self._took[-1]), span(estimate.offset, "+")
        uncertainty = span(estimate.uncertainty)
        self._tell(f"{number}: round trip {trip}, offset {offset} ± {uncertainty}")
        return ""

    def _tell(self, text: str) -> None:
        if not self._options.json:
            say(text)

    def sum_up(self) -> int:
        """Print what there was, and give the exit status."""
        if not self._took:
            return status.INCOMPLETE
        if self._options.json:
            say(json.dumps(self._facts()))
        else:
            for text in self._summary():
                say(text)
        return status.DONE if len(self._took) == self._asked else status.INCOMPLETE

    def _summary(self) -> Sequence[str]:
        clock = self._link.clock.estimate
        assert clock is not None  # there was an answer
        low, middle, high = min(self._took), median(self._took), max(self._took)
        return (
            f"{self._link.endpoint}: {self._asked} asked, {len(self._took)} answered",
            f"round trip min {span(low)}, median {span(middle)}, max {span(high)}",
            f"the server's clock is {ahead(clock.offset)} ours, ± {span(clock.uncertainty)}",
        )

    def _facts(self) -> dict[str, object]:
        clock = self._link.clock.estimate
        return {
            "endpoint": self._link.endpoint,
            "method": "four stamps",
            "asked": self._asked,
            "answered": len(self._took),
            "round_trip": {
                "min": min(self._took),
                "median": median(self._took),
                "max": max(self._took),
            },
            "round_trips": self._took,
            "offset": None if clock is None else clock.offset,
            "uncertainty": None if clock is None else clock.uncertainty,
        }
