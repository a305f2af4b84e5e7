"""How a recording goes: how much, how fast, and for how long the disk lasts."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable

import igtl
from igtl.cli.amounts import shown_duration, shown_size
from igtl.cli.moments import shown_moment

__all__ = ["Gauge"]

#: Rates are those of so many seconds.
_WINDOW_S = 5.0


class Gauge:
    """Shows a recorder in one line.

    Args:
        recorder: what is shown.
        clock: seconds of a clock that nobody sets.
    """

    def __init__(
        self, recorder: igtl.Recorder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._recorder, self._clock = recorder, clock
        self._began = self._ended = clock()
        self._samples = deque([(self._began, 0, 0)])

    @property
    def seconds(self) -> float:
        """For how long it has been looked at."""
        return self._ended - self._began

    def text(self) -> str:
        """How it goes now."""
        messages, size = self._rates()
        parts = [
            shown_moment(self.seconds),
            self._messages(),
            f"{messages:,.0f}/s",
            f"{shown_size(size)}/s",
            shown_size(self._recorder.bytes),
            f"{self._recorder.dropped:,} dropped",
            self._disk(size),
        ]
        return "  ".join(parts)

    def total(self) -> str:
        """What it came to."""
        recorder = self._recorder
        parts = [
            f"{self._messages()} in {shown_moment(self.seconds)}",
            shown_size(recorder.bytes),
            f"{recorder.dropped:,} dropped" if recorder.dropped else "none dropped",
        ]
        if recorder.checksum_errors:
            parts.append(f"{recorder.checksum_errors:,} with a wrong checksum, kept as they came")
        return ", ".join(parts)

    def _messages(self) -> str:
        count = self._recorder.messages
        return f"{count:,} message{'s' * (count != 1)}"

    def _rates(self) -> tuple[float, float]:
        """Messages and bytes per second of late."""
        now, samples = self._clock(), self._samples
        self._ended = now
        samples.append((now, self._recorder.messages, self._recorder.bytes))
        while len(samples) > 2 and now - samples[1][0] >= _WINDOW_S:
            samples.popleft()
        took = max(now - samples[0][0], 1e-3)
        return (samples[-1][1] - samples[0][1]) / took, (samples[-1][2] - samples[0][2]) / took

    def _disk(self, rate: float) -> str:
        try:
            free = shutil.disk_usage(self._recorder.path.parent).free
        except OSError:
            return ""
        return f"{shown_duration(free / rate)} left" if rate > 0 else f"{shown_size(free)} left"
