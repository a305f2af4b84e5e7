"""Threads for handlers that may take their time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Lanes"]

_log = logging.getLogger("igtl")

#: A thread without work ends after so many seconds.
_IDLE = 10.0


class Lanes:
    """Runs actions in threads: those of one lane in order, those of several lanes side by side.

    Args:
        name: of the threads.
        threads: so many at most; further lanes wait.
        waiting: so many actions may wait in one lane.
        total, size: so many may wait in all lanes, and so much of what they say is their size.
        busy: whether a lane has to wait; `resume` tells when it has not any more.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = 32,
        waiting: int = 100,
        total: int = 10_000,
        size: int = 64 << 20,
        busy: Callable[[Any], bool] = lambda _lane: False,
    ) -> None:
        self._name, self._most_threads, self._most_waiting = name, threads, waiting
        self._most_total, self._most_size = total, size
        self._busy = busy
        self._parked: set[Hashable] = set()  # lanes with actions that are busy
        self._lanes: dict[Hashable, deque[tuple[Callable[[], None], int]]] = {}
        self._ready: deque[Hashable] = deque()  # lanes with actions that no thread works on
        self._changed = threading.Condition()
        self._threads = self._idle = 0
        self._waiting = self._size = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more is started."""
        return self._closed

    def submit(self, lane: Hashable, action: Callable[[], None], size: int = 0) -> bool:
        """Have an action run, behind those of the same lane; False when too many wait.

        What the action raises is logged.

        Args:
            size: bytes that it keeps in memory while it waits.
        """
        with self._changed:
            waiting = self._lanes.get(lane)
            if self._closed or self._full(size) or len(waiting or ()) >= self._most_waiting:
                return False
            if waiting is None:
                waiting = self._lanes[lane] = deque()
                self._line_up(lane)
                self._wake()
            waiting.append((action, size))
            self._waiting += 1
            self._size += size
            return True

    def close(self) -> None:
        """Start nothing more. What runs is not waited for: it may never end."""
        with self._changed:
            self._closed = True
            self._lanes.clear()
            self._ready.clear()
            self._parked.clear()
            self._changed.notify_all()

    def resume(self, lane: Hashable) -> None:
        """A lane is busy no more."""
        with self._changed:
            if lane in self._parked:
                self._parked.remove(lane)
                self._line_up(lane)
                self._wake()

    def _line_up(self, lane: Hashable) -> None:
        """Have the next action of a lane run, when it can be. The lock is held."""
        if self._busy(lane):
            self._parked.add(lane)
        else:
            self._ready.append(lane)

    def _full(self, size: int) -> bool:
        """Whether an action has to be refused; one alone may be of any size."""
        if self._waiting >= self._most_total:
            return True
        return bool(self._waiting) and self._size + size > self._most_size

    def _wake(self) -> None:
        """See to it that a thread takes what is ready. The lock is held."""
        if self._idle >= len(self._ready):
            self._changed.notify()
        elif self._threads < self._most_threads:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while (lane := self._next_lane()) is not None:
            action = self._next_action(lane)
            try:
                if action is not None:
                    action()
            except BaseException:  # noqa: BLE001 - the lane has to go on
                _log.exception("igtl: a handler's result was lost; the server goes on")
            del action
            with self._changed:
                if self._lanes.get(lane):
                    self._line_up(lane)
                else:
                    self._lanes.pop(lane, None)
            del lane

    def _next_action(self, lane: Hashable) -> Callable[[], None] | None:
        with self._changed:
            actions = self._lanes.get(lane)
            if not actions:  # closed meanwhile
                return None
            action, size = actions.popleft()
            self._waiting -= 1
            self._size -= size
            return action

    def _next_lane(self) -> Hashable | None:
        """The next lane to work on; None when this thread should end."""
        with self._changed:
            self._idle += 1
            found = self._changed.wait_for(lambda: self._ready or self._closed, _IDLE)
            self._idle -= 1
            if found and not self._closed:
                return self._ready.popleft()
            self._threads -= 1
            return None
