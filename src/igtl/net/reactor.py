"""One thread that waits for many sockets."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable

__all__ = ["Reactor", "Timer"]

_log = logging.getLogger("igtl")

#: Called with whether the socket can be read, and whether it can be written.
Ready = Callable[[bool, bool], None]
#: The longest sleep: what systems take has a limit.
_LONGEST = 3600.0
#: So many cancelled timers stay where they are, until they are half of all.
_FEW = 100


class Timer:
    """Something that will be done.

    Attributes:
        action: None once it was cancelled.
    """

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action


class Reactor:
    """Calls back when sockets are ready or a time has come, all in its own thread.

    `call`, `call_at` and `cancel` may be used from any thread, everything else from the reactor's
    only.
    """

    def __init__(self, name: str, spin: float) -> None:
        self._spin = spin
        self._answered = False  # something was sent that may be answered
        self._quick = False  # the last answer came within `spin`
        self._selector = selectors.DefaultSelector()
        self._waker, self._wakee = socket.socketpair()
        for sock in (self._waker, self._wakee):
            sock.setblocking(False)
        self._selector.register(self._wakee, selectors.EVENT_READ, self._drain)
        self._timers: list[tuple[float, int, Timer]] = []
        self._cancelled = 0
        self._count = itertools.count()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to call back."""
        self._thread.start()

    @property
    def inside(self) -> bool:
        """Whether the caller runs in the reactor's thread."""
        return threading.current_thread() is self._thread

    def watch(self, sock: socket.socket, ready: Ready, *, read: bool, write: bool) -> None:
        """Call `ready` when the socket can be read or written; neither stops watching it."""
        events = selectors.EVENT_READ * read | selectors.EVENT_WRITE * write
        known = sock.fileno() in self._selector.get_map() if sock.fileno() >= 0 else False
        if events and known:
            self._selector.modify(sock, events, ready)
        elif events:
            self._selector.register(sock, events, ready)
        elif known:
            self._selector.unregister(sock)

    def call(self, action: Callable[[], None]) -> None:
        """Run `action` in the reactor's thread as soon as it can."""
        self.call_at(0.0, action)

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Run `action` at `when` on time.monotonic's clock, unless it is cancelled."""
        timer = Timer(action)
        with self._lock:
            heapq.heappush(self._timers, (when, next(self._count), timer))
            first = self._timers[0][2] is timer
        if first and not self.inside:
            self._wake()
        return timer

    def cancel(self, timer: Timer) -> None:
        """Do not do it, if it is not done yet, and forget what it would be."""
        with self._lock:
            self._cancelled += timer.action is not None
            timer.action = None
            if self._cancelled > max(_FEW, len(self._timers) // 2):
                self._timers = [entry for entry in self._timers if entry[2].action is not None]
                heapq.heapify(self._timers)
                self._cancelled = 0

    def stop(self, timeout: float) -> None:
        """End the thread; what is waiting is not called any more."""
        self._stopping = True
        self._wake()
        if not self.inside:
            self._thread.join(timeout)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it is awake already; closed: it has ended
            self._waker.send(b"\0")

    def _drain(self, _read: bool, _write: bool) -> None:
        with contextlib.suppress(OSError):
            self._wakee.recv(4096)

    def _run(self) -> None:
        try:
            while not self._stopping:
                for key, events in self._select():
                    read = bool(events & selectors.EVENT_READ)
                    self._guard(key.data, read, bool(events & selectors.EVENT_WRITE))
                for action in self._due():
                    self._guard(action)
            for action in self._due():  # asked for by the last ones: the end of all clients
                self._guard(action)
        finally:
            self._selector.close()
            self._waker.close()
            self._wakee.close()

    def _select(self) -> list[tuple[selectors.SelectorKey, int]]:
        """The sockets that are ready, once one is or a time has come."""
        if not self._answered:
            return self._selector.select(self._patience())
        self._answered = False
        until = time.monotonic() + self._spin
        while self._quick and time.monotonic() < until:
            if ready := self._selector.select(0):
                return ready
        ready = self._selector.select(self._patience())
        self._quick = time.monotonic() < until
        return ready

    def expect(self) -> None:
        """Something was sent that may be answered: look for it, if the last answer was quick."""
        self._answered = self._spin > 0.0

    def _guard(self, action: Callable[..., None], *args: bool) -> None:
        try:
            action(*args)
        except Exception:  # noqa: BLE001 - one bad callback must not stop all others
            _log.exception("igtl: a callback failed; the server goes on")

    def _patience(self) -> float | None:
        with self._lock:
            if not self._timers:
                return None
            return min(max(0.0, self._timers[0][0] - time.monotonic()), _LONGEST)

    def _due(self) -> list[Callable[[], None]]:
        if not self._timers:
            return []
        now = time.monotonic()
        due: list[Callable[[], None]] = []
        with self._lock:
            while self._timers and self._timers[0][0] <= now:
                timer = heapq.heappop(self._timers)[2]
                if timer.action is not None:
                    due.append(timer.action)
                    timer.action = None  # done: cancelling it changes nothing
                elif self._cancelled:
                    self._cancelled -= 1
        return due
