"""Bringing back a link that broke: when to try, when to give up, and what is told about it.

No input and output, and no clock: the time is an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from igtl.errors import MessageError
from igtl.protocol.liveness import Backoff

__all__ = ["LinkEvent", "Reconnect", "Recovery"]


@dataclass(frozen=True)
class Reconnect:
    """How a link is restored.

    Args:
        first_delay: seconds before the first attempt; less, by chance, down to half of it.
        longest_delay: attempts are twice as far apart each time, up to this.
        give_up_after: seconds after which the link is over; None: never.
    """

    first_delay: float = 0.25
    longest_delay: float = 2.0
    give_up_after: float | None = None

    def __post_init__(self) -> None:
        self.backoff()
        if self.give_up_after is not None and not self.give_up_after > 0:
            raise MessageError(f"give_up_after is {self.give_up_after}, expected more than 0 s")

    def backoff(self) -> Backoff:
        """The delays, from the first."""
        return Backoff(first=self.first_delay, longest=self.longest_delay)


@dataclass(frozen=True)
class LinkEvent:
    """Something happened to a link.

    Attributes:
        kind: "lost": the connection broke; "retrying": an attempt to restore it failed;
            "restored": it is there again, and streams were asked for again; "ended": it is over,
            and not because this side closed it.
        reason: what happened, for people.
        gap: seconds since the last byte came, over whichever connection; what the peer sent in this
            time is missing.
        attempts: so many attempts were made.
    """

    kind: Literal["lost", "retrying", "restored", "ended"]
    reason: str
    gap: float = 0.0
    attempts: int = 0


class Recovery:
    """When to try to connect again.

    Delays begin anew only once a connection has lasted longer than the longest of them: a server
    that accepts clients and drops them at once is not asked more often for that.

    `now` is in s, of a clock that is never set, `time.monotonic` say.

    Attributes:
        attempts: so many were made since the connection broke.
    """

    def __init__(self, plan: Reconnect) -> None:
        self.attempts = 0
        self._plan, self._backoff = plan, plan.backoff()
        self._next = self._end = math.inf
        self._restored_at = -math.inf

    def broke(self, now: float) -> None:
        """The connection is gone."""
        if now - self._restored_at > self._plan.longest_delay:
            self._backoff.reset()
        self.attempts = 0
        self._next = now + self._backoff.next()
        self._end = math.inf if self._plan.give_up_after is None else now + self._plan.give_up_after

    @property
    def due_at(self) -> float:
        """When the next attempt is to be made, or the link to be given up."""
        return min(self._next, self._end)

    def over(self, now: float) -> bool:
        """Whether the link is to be given up."""
        return now >= self._end

    def failed(self, now: float) -> None:
        """An attempt failed."""
        self.attempts += 1
        self._next = now + self._backoff.next()

    def succeeded(self, now: float) -> None:
        """The link is there again."""
        self.attempts += 1
        self._restored_at = now

    def why_over(self, error: Exception | None) -> str:
        """Why the link is given up, for people."""
        return f"not restored within {self._plan.give_up_after:g} s: {error}"
