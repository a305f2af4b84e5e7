"""Threads for handlers that may take their time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable

__all__ = ["Lanes"]

#: A thread without work ends after so many seconds.
_IDLE = 10.0


class Lanes:
    """Runs actions in threads: those of one lane in order, those of several lanes side by side.

    Args:
        name: of the threads.
        threads: so many at most; further lanes wait.
        waiting: so many actions may wait in one lane.
    """

    def __init__(self, name: str, *, threads: int = 32, waiting: int = 100) -> None:
        self._name, self._most_threads, self._most_waiting = name, threads, waiting
        self._lanes: dict[Hashable, deque[Callable[[], None]]] = {}
        self._ready: deque[Hashable] = deque()  # lanes with actions that no thread works on
        self._changed = threading.Condition()
        self._threads = self._idle = 0
        self._closed = False

    def submit(self, lane: Hashable, action: Callable[[], None]) -> bool:
        """Have an action run, behind those of the same lane; False when too many wait.

        The action must not raise.
        """
        with self._changed:
            waiting = self._lanes.get(lane)
            if self._closed or (waiting is not None and len(waiting) >= self._most_waiting):
                return False
            if waiting is None:
                waiting = self._lanes[lane] = deque()
                self._ready.append(lane)
                self._wake()
            waiting.append(action)
            return True

    def close(self) -> None:
        """Start nothing more. What runs is not waited for: it may never end."""
        with self._changed:
            self._closed = True
            self._lanes.clear()
            self._ready.clear()
            self._changed.notify_all()

    def _wake(self) -> None:
        """See to it that a thread takes what is ready. The lock is held."""
        if self._idle >= len(self._ready):
            self._changed.notify()
        elif self._threads < self._most_threads:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while (lane := self._next_lane()) is not None:
            with self._changed:
                actions = self._lanes.get(lane)
                action = actions.popleft() if actions else None
            if action is not None:
                action()
            del action
            with self._changed:
                if self._lanes.get(lane):
                    self._ready.append(lane)
                else:
                    self._lanes.pop(lane, None)

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
