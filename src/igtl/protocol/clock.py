"""What a peer's clock shows when ours shows something else.

Two clocks are compared by messages with times of sending. Four stamps, of a question and its
answer at both ends, say how far the clocks are apart and how well that is known; messages in one
direction only say that a peer's clock is ahead by so much or more.

All times are in seconds since 1970 UTC. An offset is the peer's clock minus ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Clock", "ClockEstimate"]

#: So many samples are kept, the newest.
_KEPT = 64
#: Nothing is known better than this: a float holds times of this century to 0.24 us.
_RESOLUTION = 1e-6
#: So many newest samples that contradict the best one show that a clock was set, or drifted away.
_STEP_SAMPLES = 3
#: An offset contradicts another beyond so many times the sum of their uncertainties.
_STEP_FACTOR = 3.0
#: The spread of so many of the fastest messages counts as uncertainty.
_FASTEST = 4


@dataclass(frozen=True)
class ClockEstimate:
    """How far a peer's clock is from ours, and how well that is known.

    Attributes:
        offset: the peer's clock minus ours, in s.
        uncertainty: the offset is known to plus or minus this, in s. Infinite when no round trip
            is known: the true offset is `offset` or more then.
        round_trip: the shortest time there and back, without the peer's own, in s; None: not known.
        round_trips: all of them that were measured and are still looked at, oldest first.
        method: "four stamps", or "one way".
        samples: on how many messages or exchanges this rests.
    """

    offset: float
    uncertainty: float
    round_trip: float | None
    round_trips: tuple[float, ...]
    method: Literal["four stamps", "one way"]
    samples: int

    def __str__(self) -> str:
        """Such as "offset +0.8 ms ± 0.1 ms, round trip 0.2 ms (four stamps, 8 samples)"."""
        known = math.isfinite(self.uncertainty)
        bounds = f"± {_span(self.uncertainty)}" if known else "or more"
        trip = "not known" if self.round_trip is None else _span(self.round_trip)
        count = f"{self.samples} sample{'s' if self.samples != 1 else ''}"
        offset = _span(self.offset, "+")
        return f"offset {offset} {bounds}, round trip {trip} ({self.method}, {count})"


def _span(seconds: float, sign: str = "") -> str:
    """Seconds for people, to the microsecond."""
    value, digits, unit = (seconds, 6, "s") if abs(seconds) >= 1 else (seconds * 1e3, 3, "ms")
    return f"{value:{sign}z.{digits}f}".rstrip("0").rstrip(".") + f" {unit}"


class _Exchange(NamedTuple):
    """What four stamps say. The offset is exact when both ways take the same time."""

    offset: float
    delay: float

    @property
    def uncertainty(self) -> float:
        """Both ways together take `delay`; at worst, one of them takes all of it."""
        return max(self.delay / 2, _RESOLUTION)


class _Arrival(NamedTuple):
    """What a message in one direction says: the offset, less the time that it was under way."""

    lead: float
    round_trip: float | None


class Clock:
    """A peer's clock, as far as it is known from the newest 64 samples of each kind.

    Estimates by four stamps go before those by one way. What came before a clock was set is
    forgotten once that shows: at an exchange that takes less than no time, or when three in a row
    contradict the best one. By one way alone, a clock that was set back looks like slow messages:
    that shows only when 64 came since.
    """

    def __init__(self) -> None:
        self._exchanges: tuple[_Exchange, ...] = ()
        self._arrivals: tuple[_Arrival, ...] = ()
        self._estimate: ClockEstimate | None = None

    def exchange(self, sent: float, received: float, answered: float, arrived: float) -> None:
        """Take in a question and its answer.

        Args:
            sent: when the question was sent, by our clock.
            received: when the peer received it, by its clock.
            answered: when the peer sent the answer, by its clock.
            arrived: when the answer arrived, by our clock.
        """
        offset = ((received - sent) + (answered - arrived)) / 2
        delay = (arrived - sent) - (answered - received)
        if -2 * _RESOLUTION <= delay < math.inf:
            exchanges = (*self._exchanges, _Exchange(offset, max(delay, 0.0)))[-_KEPT:]
            stepped = _stepped(exchanges)
            self._exchanges = exchanges[-_STEP_SAMPLES:] if stepped else exchanges
        else:  # a clock was set in the meantime
            stepped, self._exchanges = True, ()
        if stepped:
            self._arrivals = ()
        self._estimate = _four_stamps(self._exchanges) or _one_way(self._arrivals)

    def arrival(self, timestamp: float, arrived: float, round_trip: float | None = None) -> None:
        """Take in one message that says when it was sent.

        Args:
            timestamp: when it was sent, by the peer's clock.
            arrived: when it arrived, by our clock.
            round_trip: how long a question and its answer take, in s, if that is known.
        """
        self._arrivals = (*self._arrivals, _Arrival(timestamp - arrived, round_trip))[-_KEPT:]
        if not self._exchanges:
            self._estimate = _one_way(self._arrivals)

    @property
    def estimate(self) -> ClockEstimate | None:
        """What is known of the clock; None when nothing is."""
        return self._estimate

    @property
    def known(self) -> bool:
        """Whether anything is known of the clock."""
        return self._estimate is not None

    @property
    def offset(self) -> float:
        """The peer's clock minus ours, in s; 0 when nothing is known of it."""
        return 0.0 if self._estimate is None else self._estimate.offset

    def to_local(self, timestamp: float) -> float:
        """What our clock shows when the peer's shows `timestamp`."""
        return timestamp - self.offset

    def to_peer(self, timestamp: float) -> float:
        """What the peer's clock shows when ours shows `timestamp`."""
        return timestamp + self.offset


def _fastest(exchanges: tuple[_Exchange, ...]) -> _Exchange:
    """The exchange with the least delay, the newest of several."""
    return min(reversed(exchanges), key=lambda one: one.delay)


def _stepped(exchanges: tuple[_Exchange, ...]) -> bool:
    """Whether the newest exchanges contradict the best one: clocks that run on alike never do."""
    best = _fastest(exchanges)
    return all(
        abs(one.offset - best.offset) > _STEP_FACTOR * (one.uncertainty + best.uncertainty)
        for one in exchanges[-_STEP_SAMPLES:]
    )


def _four_stamps(exchanges: tuple[_Exchange, ...]) -> ClockEstimate | None:
    """The estimate of the fastest exchange, which leaves the least room for error.

    As long as exchanges agree, half of its delay bounds the error, however differently long the
    two ways take. When they do not (a clock that ticks coarsely, or drifts), the offset is known
    only as well as it takes to agree with all of them.
    """
    if not exchanges:
        return None
    best = _fastest(exchanges)
    apart = max(abs(one.offset - best.offset) - one.uncertainty for one in exchanges)
    trips = tuple(one.delay for one in exchanges)
    uncertainty = max(best.uncertainty, apart)
    return ClockEstimate(best.offset, uncertainty, best.delay, trips, "four stamps", len(exchanges))


def _one_way(arrivals: tuple[_Arrival, ...]) -> ClockEstimate | None:
    """The estimate of the message that was under way for the least time.

    That time lies between none and a round trip; half of it is assumed. The spread of the
    fastest few is added, as far as they are not alike.
    """
    if not arrivals:
        return None
    leads = sorted((one.lead for one in arrivals), reverse=True)[:_FASTEST]
    trips = tuple(one.round_trip for one in arrivals if one.round_trip is not None)
    if not trips:
        return ClockEstimate(leads[0], math.inf, None, (), "one way", len(arrivals))
    half = min(trips) / 2
    uncertainty = max(half + leads[0] - leads[-1], _RESOLUTION)
    return ClockEstimate(leads[0] + half, uncertainty, min(trips), trips, "one way", len(arrivals))
