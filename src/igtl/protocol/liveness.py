"""Whether a peer is still there, and when to try again once it is not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Literal, TypeAlias

from igtl.errors import MessageError

__all__ = ["Backoff", "KeepAlive", "State"]

#: What to do about a silent peer: nothing yet, ask it for a sign of life, or give it up.
State: TypeAlias = Literal["wait", "ask", "dead"]


class Backoff:
    """How long to wait before each new attempt: longer each time, up to a limit, and by chance.

    Each delay lies between half of its size and all of it, so that many clients that lost one
    server do not come back at the same moment.

    Args:
        first: the first delay at its longest, in s.
        longest: no delay is longer, in s.
        factor: each delay is so many times as long as the one before.
        random: gives numbers from 0 to 1.

    Raises:
        MessageError: the delays are not positive, or would become shorter.
    """

    def __init__(
        self,
        *,
        first: float = 0.25,
        longest: float = 10.0,
        factor: float = 2.0,
        random: Callable[[], float] = random.random,
    ) -> None:
        if not 0 < first <= longest < math.inf or not 1 <= factor < math.inf:
            raise MessageError(
                f"delays from {first} to {longest} s by a factor of {factor}: expected "
                "0 < first <= longest, and a factor of 1 or more"
            )
        self._first, self._longest, self._factor = first, longest, factor
        self._random = random
        self._size = first

    def next(self) -> float:
        """The next delay, in s."""
        size = self._size
        self._size = min(size * self._factor, self._longest)
        return size * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """Begin anew, since an attempt succeeded."""
        self._size = self._first


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class KeepAlive:
    """Watches a peer's silence, and says when to ask and when to give up.

    After half of the time-out in silence the peer is to be asked something, once; at the time-out
    it is dead. A peer is never given up before it had half of the time-out to answer, even if
    nobody looked for so long that its time is over.

    `now` is in s, of a clock that is never set, `time.monotonic` say.

    Args:
        timeout: how much silence is too much, in s.

    Raises:
        MessageError: the time-out is no positive number.
    """

    def __init__(self, timeout: float) -> None:
        if not (_is_number(timeout) and 0 < timeout < math.inf):
            raise MessageError(f"keep-alive of {timeout!r} s: expected a time-out above 0 s")
        self._timeout = timeout
        self._not_before = -math.inf
        self._heard: float | None = None
        self._asked: float | None = None

    def heard(self, now: float) -> None:
        """Something came from the peer, or it took what had to wait for it: it lives."""
        self._heard, self._asked = now, None

    def asked(self, now: float) -> None:
        """The peer is being asked, or would be if it took any bytes. The first time counts."""
        if self._asked is None:
            self._asked = now

    def busy(self, now: float) -> None:
        """It could not be asked: something else is being sent. Look again soon."""
        self._not_before = now + self._timeout / 8

    def due(self, now: float) -> State:
        """What to do now. The silence before anything was heard begins with the first look."""
        if now < self._changes(now):
            return "wait"
        return "ask" if self._asked is None else "dead"

    def next(self, now: float) -> float:
        """For how many seconds at most nothing is to be done; 0: `due` has something to say."""
        return max(0.0, self._changes(now) - now)

    def _changes(self, now: float) -> float:
        """When the peer is to be asked, or if it was, when it is dead."""
        if self._heard is None:
            self._heard = now
        if self._asked is None:
            return max(self._heard + self._timeout / 2, self._not_before)
        return max(self._heard + self._timeout, self._asked + self._timeout / 2)
