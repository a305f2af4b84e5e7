"""Playing sources to the clients of a server, each source at a pace of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import igtl
from igtl.closable import Closable
from igtl.sources import Source

__all__ = ["Audience", "Performance", "Stage", "next_tick"]

#: A source that is later than this leaves out ticks instead of catching up.
_LATEST_S = 1.0
#: How long a source that waits for clients may take to notice that all is over.
_PATIENCE_S = 0.2


def next_tick(tick: int, rate: float, elapsed_s: float) -> int:
    """The tick to play after `tick`.

    Args:
        tick: the one that was played, counted from 0.
        rate: ticks per second; tick n is due at n / rate.
        elapsed_s: time since tick 0 was due.

    Returns:
        `tick + 1`, also when it is overdue, so that nothing is left out; but when it is overdue by
        more than a second, the last one that is due.
    """
    following = tick + 1
    if elapsed_s - following / rate > _LATEST_S:
        return max(following, int(elapsed_s * rate))
    return following


class Performance(NamedTuple):
    """The time from the first client's coming to the last one's leaving."""

    number: int
    start: float
    """On the clock of time.monotonic."""


class Audience:
    """Whether anybody listens to a server, which has to live longer."""

    def __init__(self, server: igtl.Server) -> None:
        self._server = server
        self._changed = threading.Condition()
        self._performance: Performance | None = None
        self._number = 0
        self._over = False
        server.on_disconnect(self._left)

    def _left(self, peer: igtl.Peer) -> None:
        with self._changed:
            if not self._server.clients:
                self._performance = None
                self._changed.notify_all()

    def wait(self) -> Performance | None:
        """Wait for a client and what begins with it; None when all is over."""
        while not self._over:
            if self._server.wait_for_clients(timeout=_PATIENCE_S):
                with self._changed:
                    if self._server.clients:  # nobody has left meanwhile
                        return self._begun()
        return None

    def _begun(self) -> Performance:
        """The performance that goes on, or a new one."""
        if self._performance is None:
            self._number += 1
            self._performance = Performance(self._number, time.monotonic())
        return self._performance

    def wait_until(self, due: float, performance: Performance) -> bool:
        """Wait until `due` (time.monotonic); False as soon as the performance is over."""
        with self._changed:
            left = max(0.0, due - time.monotonic())
            return not self._changed.wait_for(lambda: not self._plays(performance), left)

    def _plays(self, performance: Performance) -> bool:
        return performance == self._performance and not self._over

    def end(self) -> None:
        """End every performance for good."""
        with self._changed:
            self._over = True
            self._changed.notify_all()


class Stage(Closable):
    """Plays sources on a server from construction to `close`, each in a thread of its own.

    A source rests while nobody is connected and starts anew for the first client that comes; later
    ones join in. Ticks are due at multiples of 1 / rate since that start, or whenever the source
    says (`next_time`), so delays do not add up.

    Args:
        server: whose clients get the messages.
        sources: what to play.
        report: called from the sources' threads with what a source raised, which ends it, and with
            a RuntimeWarning, once for each source that is too slow for its rate.
        give: called with the messages of each tick; default: `server.publish`.
    """

    def __init__(
        self,
        server: igtl.Server,
        sources: Sequence[Source],
        report: Callable[[Exception], object],
        give: Callable[..., object] | None = None,
    ) -> None:
        self._give, self._report = give or server.publish, report
        self._audience = Audience(server)
        self._late: set[str] = set()
        self._ends = [self._begin(source) for source in sources]

    def close(self) -> None:
        """Stop playing: no source is in use any more when this returns. The server stays open.

        If Ctrl-C strikes meanwhile, a second call waits again.
        """
        self._audience.end()
        for end in self._ends:  # `join` returns at once when Ctrl-C struck it before (bpo-45274)
            end.wait()

    def _begin(self, source: Source) -> threading.Event:
        """Play a source in a thread of its own; what is set when that has ended."""
        end = threading.Event()
        thread = threading.Thread(
            target=self._play, args=(source, end), name=source.name, daemon=True
        )
        thread.start()
        return end

    def _play(self, source: Source, end: threading.Event) -> None:
        try:
            while (performance := self._audience.wait()) is not None:
                self._perform(source, performance)
        except Exception as error:  # noqa: BLE001 - a source may be anybody's
            self._report(error)
        finally:
            end.set()

    def _perform(self, source: Source, performance: Performance) -> None:
        next_time = getattr(source, "next_time", None)
        if next_time is None:
            self._tick(source, performance)
        else:
            self._follow(source, next_time, performance)

    def _follow(
        self, source: Source, next_time: Callable[[], float], performance: Performance
    ) -> None:
        """Ask the source when it wants to be asked."""
        start, now = performance.start, 0.0
        while self._audience.wait_until(start + now, performance):
            self._give(*source.messages(now))
            now = max(next_time(), time.monotonic() - start)

    def _tick(self, source: Source, performance: Performance) -> None:
        """Ask the source at its rate."""
        start, tick = performance.start, 0
        while self._audience.wait_until(start + tick / source.rate, performance):
            self._give(*source.messages(tick / source.rate))
            following = next_tick(tick, source.rate, time.monotonic() - start)
            if following > tick + 1:
                self._complain(source)
            tick = following

    def _complain(self, source: Source) -> None:
        if source.name not in self._late:
            self._late.add(source.name)
            text = f"{source.name} cannot keep up with {source.rate:g} ticks per second: some are"
            self._report(RuntimeWarning(f"{text} left out; a lower rate avoids that"))
