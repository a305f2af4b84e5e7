"""Signals that end a program: what has to be left in good order is, first."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["terminable", "undisturbed"]

_NUMBERS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_QUIET_S = 1.0


@contextmanager
def terminable(*, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit, so that files and screens are closed on the way.

    Others within a second do not disturb that: a terminal that goes sends several. One that is
    ignored stays so: `nohup` and the like mean that.

    Args:
        now: the time, s.
    """
    before, quiet_until = _handlers(_NUMBERS), -math.inf

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal quiet_until
        if now() >= quiet_until:
            quiet_until = now() + _QUIET_S
            raise SystemExit(128 + number)

    try:
        for number in before:
            signal.signal(number, end)
        yield
    finally:
        _put_back(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let these and Ctrl-C wait until the block is left, and what it begins can be ended."""
    before, came = _handlers((signal.SIGINT, *_NUMBERS)), list[int]()
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: came.append(number))
        yield
    finally:
        _put_back(before)
        for number in came[:1]:
            signal.raise_signal(number)


def _handlers(numbers: Iterable[int]) -> dict[int, Any]:
    """What handles signals now; without those that are ignored, and none in any other thread."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    handlers = {number: signal.getsignal(number) for number in numbers}
    return {number: one for number, one in handlers.items() if one is not signal.SIG_IGN}


def _put_back(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
