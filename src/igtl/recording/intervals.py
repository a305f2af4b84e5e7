"""How evenly messages came: the times between arrivals, summed up in little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gathered", "Intervals"]

#: Up to so many intervals are kept as they are; of more only how many are how long.
_KEPT = 10_000
#: A float64 without its last bits: sign, exponent and 7 bits, so good to 0.8 %.
_SHIFT = 52 - 7
_BINS = 64 << 7
_ONE = int(np.float64(1.0).view(np.int64)) >> _SHIFT


@dataclass(frozen=True, slots=True)
class Intervals:
    """The times between arrivals, in s."""

    count: int
    """How many there are, one less than messages."""
    mean: float
    std: float
    """Standard deviation from the mean: the jitter of a regular stream."""
    median: float
    """To 0.4 %, exact up to 10,000 intervals; so is `p99`."""
    p99: float
    """99 of 100 are shorter."""
    longest: float
    longest_at_ns: int
    """When the longest began, ns since 1970."""
    gaps: int
    """How many are longer than a number of times the median."""


class Gathered:
    """Arrivals of one stream, one after the other."""

    def __init__(self) -> None:
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self._shortest, self._longest, self._longest_at = 1 << 63, -1, 0
        self._last: int | None = None
        self._kept: list[NDArray[np.int64]] = []
        self._bins: NDArray[np.int64] | None = None

    def add(self, times: NDArray[np.uint64]) -> None:
        """Take the next arrivals, (n,) ns since 1970, ascending."""
        ascending = times.astype(np.int64)
        if self._last is not None:
            ascending = np.concatenate(([self._last], ascending))
        if not len(ascending):
            return
        self._last = int(ascending[-1])
        intervals = np.maximum(np.diff(ascending), 0)
        if len(intervals):
            self._take_extremes(ascending, intervals)
            self._take_moments(intervals)
            self._take_lengths(intervals)

    def _take_extremes(self, times: NDArray[np.int64], intervals: NDArray[np.int64]) -> None:
        self._shortest = min(self._shortest, int(intervals.min()))
        at = int(intervals.argmax())
        if intervals[at] > self._longest:
            self._longest, self._longest_at = int(intervals[at]), int(times[at])

    def _take_moments(self, intervals: NDArray[np.int64]) -> None:
        """Mean and sum of squared deviations of all, from those of two parts (Chan et al.)."""
        n, mean = len(intervals), float(intervals.mean())
        squares = float(((intervals - mean) ** 2).sum())
        both = self._count + n
        apart = mean - self._mean
        self._squares += squares + apart * apart * self._count * n / both
        self._mean += apart * n / both
        self._count = both

    def _take_lengths(self, intervals: NDArray[np.int64]) -> None:
        if self._bins is None and self._count <= _KEPT:
            self._kept.append(intervals)
            return
        if self._bins is None:
            self._bins = np.zeros(_BINS, np.int64)
            intervals = np.concatenate([*self._kept, intervals])
            self._kept.clear()
        places = (np.maximum(intervals, 1).astype(np.float64).view(np.int64) >> _SHIFT) - _ONE
        self._bins += np.bincount(places, minlength=_BINS)

    def result(self, factor: float) -> Intervals | None:
        """What was found; None where there are less than two arrivals.

        Args:
            factor: so many times the median is a gap.
        """
        if not self._count:
            return None
        lengths, counts = self._lengths()
        upto = np.cumsum(counts)
        median, p99 = (
            float(lengths[np.searchsorted(upto, share * (self._count - 1), side="right")])
            for share in (0.5, 0.99)
        )
        return Intervals(
            self._count,
            self._mean / 1e9,
            (self._squares / self._count) ** 0.5 / 1e9,
            median / 1e9,
            p99 / 1e9,
            self._longest / 1e9,
            self._longest_at,
            int(counts[lengths > factor * median].sum()),
        )

    def _lengths(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Lengths, ascending, in ns, and how many are of each."""
        if self._bins is None:
            lengths, counts = np.unique(np.concatenate(self._kept), return_counts=True)
            return lengths.astype(np.float64), counts
        some = np.flatnonzero(self._bins)
        low = ((some + _ONE) << _SHIFT).view(np.float64)
        high = ((some + _ONE + 1) << _SHIFT).view(np.float64)
        middle = np.clip((low + high) / 2, self._shortest, self._longest)
        return middle, self._bins[some]
