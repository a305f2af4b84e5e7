"""How fast messages come: from how many there were at a few moments of the last seconds."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["SAMPLE_S", "Pace"]

SAMPLE_S = 0.1
_WINDOW_S = 5.0
#: What comes so soon, in s, after a connection was made may have waited there: it tells no rate.
_SETTLING_S = 0.3
#: For so long a device is watched, in s, before there is a rate.
_WATCHED_S = 0.9


class Pace:
    """The rate of messages and bytes of late.

    One thread samples, others may look.

    Attributes:
        sampled_at: when the last sample was taken, in s; -inf before the first.
    """

    def __init__(self) -> None:
        self.sampled_at = -math.inf
        self._samples: deque[tuple[float, int, int]] = deque()
        self._met_time: float | None = None
        self._usual: tuple[float, float] | None = None

    def sample(self, now: float, messages: int, size: int) -> None:
        """Note how many messages and bytes came until now, unless that is too early to tell."""
        samples = self._samples
        if not samples and not self._is_settled(now):
            return
        sample, self.sampled_at = (now, messages, size), now
        if samples and now < samples[-1][0]:  # the clock was set back
            self._samples = deque([sample])  # others may look into the one before
            return
        samples.append(sample)
        while now - samples[0][0] > _WINDOW_S and now - samples[1][0] >= _WATCHED_S:
            samples.popleft()

    def begin_anew(self, usual: tuple[float, float] | None, *, settled: bool) -> None:
        """Forget all samples.

        Args:
            usual: what holds until there are enough of them: messages and bytes per second.
            settled: whether what comes next tells the rate from the first message on.
        """
        self._samples, self.sampled_at, self._usual = deque(), -math.inf, usual
        self._met_time = -math.inf if settled else None

    def until(self, time: float, messages: int, size: int) -> tuple[float, float] | None:
        """Messages and bytes per second; None when it is not known yet.

        Args:
            time: when the last message came.
            messages, size: how many messages and bytes came until then.
        """
        samples = self._samples  # which is another one after a while
        if not samples:
            return self._usual
        began, messages_before, size_before = samples[0]
        took, came = time - began, messages - messages_before
        if took < _WATCHED_S or came <= 0:
            return self._usual
        return came / took, (size - size_before) / took

    def _is_settled(self, now: float) -> bool:
        """Whether what came along with the connection is over."""
        if self._met_time is None:
            self._met_time = now
        return not 0 <= now - self._met_time < _SETTLING_S
