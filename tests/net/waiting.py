"""Waiting for the thing itself, and what the kernel knows of sockets and threads."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

__all__ = [
    "PATIENCE",
    "asleep",
    "background",
    "descriptors",
    "eventually",
    "linux_only",
    "taken_by_kernel",
    "within",
]

T = TypeVar("T")

#: Seconds after which something that has to happen is taken for something that does not.
PATIENCE = 20.0

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")


def eventually(true: Callable[[], object], what: str = "", timeout: float = PATIENCE) -> None:
    """Poll until `true()` holds; AssertionError when it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or true}"
        time.sleep(0.002)


@contextmanager
def within(seconds: float = PATIENCE / 2) -> Iterator[None]:
    """What happens inside does not wait for what takes `PATIENCE`, on a slow machine either."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def background(work: Callable[[], T]) -> tuple[Future[T], threading.Thread]:
    """Run `work` in a thread of its own: what becomes of it, and the thread."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (handed to whoever asks for the result)
            future.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return future, thread


def asleep(thread: threading.Thread) -> bool:
    """Whether a thread waits in the kernel, rather than runs."""
    status = Path(f"/proc/self/task/{thread.native_id}/stat")
    return not thread.is_alive() or status.read_text().rpartition(")")[2].split()[0] == "S"


def taken_by_kernel(sock: socket.socket) -> bool:
    """Whether the other side's kernel has all that was sent here."""
    import fcntl
    import termios

    left = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int.from_bytes(left, sys.byteorder) == 0


def descriptors() -> int:
    """File descriptors that this process has open."""
    return len(os.listdir("/proc/self/fd"))
