"""Poses of the last seconds by name, and which of them belong to a moment."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec.time import from_wire
from igtl.convert.pose_gaps import PoseGaps

__all__ = ["IDENTITY", "Moment", "Origin", "PoseHistory"]

IDENTITY = np.eye(4)
IDENTITY.flags.writeable = False

_KEPT_NS = 2_000_000_000
_MOST_KEPT = 10_000
#: So much later may one thing arrive than another of its time, though their clocks agree.
_DELAY_NS = 250_000_000


class Moment(NamedTuple):
    """When something was measured, and when that arrived."""

    raw_time: int
    """Time in the header, in 2**-32 s; 0: it has none."""
    arrival_ns: int
    """Time of arrival, in ns."""

    @property
    def seconds(self) -> float:
        """The time in the header, or else that of arrival, in s."""
        return from_wire(self.raw_time) if self.raw_time else self.arrival_ns / 1e9


@dataclass(slots=True, eq=False)
class Origin:
    """The message that poses came with.

    Attributes:
        wire_type: of it.
        used: whether one of its poses was found for a moment.
    """

    wire_type: str
    used: bool = False


class _Sample(NamedTuple):
    """A pose at a moment."""

    moment: Moment
    matrix: NDArray[np.float64]
    status: str
    origin: Origin | None


class PoseHistory:
    """The poses of each name over the last two seconds, and the last one of those before.

    Args:
        max_age_ns: a pose that is older than this is no longer one for a later moment.
        by_arrival: whether moments are compared by their arrival, whatever the headers say.

    Attributes:
        used: how many messages of each wire type gave a pose to some moment.
        gaps: of each name, how many moments had none.
    """

    def __init__(self, *, max_age_ns: int, by_arrival: bool) -> None:
        self._max_age, self._by_arrival = max_age_ns, by_arrival
        self._samples: dict[str, deque[_Sample]] = {}
        self.used: Counter[str] = Counter()
        self.gaps: dict[str, PoseGaps] = {}

    def add(
        self,
        name: str,
        moment: Moment,
        matrix: NDArray[np.float64],
        status: str,
        origin: Origin | None = None,
    ) -> None:
        """Take in a pose: (4, 4), mm."""
        samples = self._samples.setdefault(name, deque(maxlen=_MOST_KEPT))
        samples.append(_Sample(moment, matrix, status, origin))
        self.gaps.setdefault(name, PoseGaps()).arrived(moment.arrival_ns)
        limit = moment.arrival_ns - _KEPT_NS
        while len(samples) > 1 and samples[1].moment.arrival_ns < limit:
            samples.popleft()

    def at(self, moment: Moment) -> dict[str, tuple[NDArray[np.float64], str]]:
        """The matrix and status of every name at a moment: of its newest pose up to then.

        There being none, or none that is new enough, the status is "MISSING".
        """
        return {name: self._of(name, moment) for name in self._samples}

    def _of(self, name: str, moment: Moment) -> tuple[NDArray[np.float64], str]:
        samples, gaps = self._samples[name], self.gaps[name]
        gaps.frames += 1
        best, least = None, None
        for sample in reversed(samples):
            age = self.age(sample.moment, moment)
            if age >= 0 and (least is None or age < least):
                best, least = sample, age
            if least == 0:
                break
        if best is None or least is None or least > self._max_age:
            gaps.lacks(least, apart=self._is_apart(samples[-1].moment, moment))
            return IDENTITY if best is None else best.matrix, "MISSING"
        self._use(best.origin)
        return best.matrix, best.status

    def _is_apart(self, one: Moment, other: Moment) -> bool:
        """Whether two moments are much further apart, or nearer, than their arrivals."""
        arrival = other.arrival_ns - one.arrival_ns
        return abs(self.age(one, other) - arrival) > max(self._max_age // 2, _DELAY_NS)

    def _use(self, origin: Origin | None) -> None:
        if origin is not None and not origin.used:
            origin.used = True
            self.used[origin.wire_type] += 1

    def forget_use(self) -> None:
        """Nothing was used: what was found up to now is thrown away."""
        self.used.clear()
        for gaps in self.gaps.values():
            gaps.forget()
        for samples in self._samples.values():
            for sample in samples:
                if sample.origin is not None:
                    sample.origin.used = False

    def age(self, earlier: Moment, later: Moment) -> int:
        """From one moment to another, ns."""
        if self._by_arrival or not (earlier.raw_time and later.raw_time):
            return later.arrival_ns - earlier.arrival_ns
        return (later.raw_time - earlier.raw_time) * 1_000_000_000 >> 32
