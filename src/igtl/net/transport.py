"""Reading and writing a socket without blocking, and waiting for it."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import MutableSequence, Sequence
from itertools import islice

from igtl.codec.buffers import Buffer

__all__ = [
    "DONTWAIT",
    "drain",
    "half_close",
    "hung_up",
    "read_into",
    "readable",
    "send_some",
    "shut",
    "wait",
    "write",
]

#: Flag of a call that does not block even where the socket does; 0 where there is none (Windows).
DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)

#: Most pieces that one system call takes (IOV_MAX is 1024 on Linux and macOS).
_PIECES = 512
_GATHERS = hasattr(socket.socket, "sendmsg")


def read_into(
    sock: socket.socket, buffer: memoryview, counts: list[int], flags: int = DONTWAIT
) -> None:
    """Read once; append the number of bytes, 0 when the peer has closed, nothing if none came.

    A signal (Ctrl-C) may raise between two lines of Python, but not between a system call and the
    end of `list.extend`: so the number is in the list before anything can interrupt.
    """
    with contextlib.suppress(BlockingIOError, InterruptedError):
        counts.extend(map(sock.recv_into, (buffer,), (0,), (flags,)))


def write(sock: socket.socket, pieces: Sequence[Buffer]) -> int:
    """Bytes of `pieces` that the socket took; 0 when it takes none now."""
    try:
        if len(pieces) == 1 or not _GATHERS:
            return sock.send(pieces[0], DONTWAIT)
        return sock.sendmsg(islice(pieces, _PIECES), (), DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return 0


def send_some(sock: socket.socket, pieces: MutableSequence[Buffer]) -> int:
    """Send what the socket takes and remove it from `pieces`; how many bytes that were."""
    sent = left = write(sock, pieces)
    while pieces and len(pieces[0]) <= left:  # empty ones too
        left -= len(pieces[0])
        del pieces[0]
    if left:
        pieces[0] = memoryview(pieces[0])[left:]
    return sent


def wait(
    sock: socket.socket, *, read: bool, write: bool, timeout: float | None
) -> tuple[bool, bool]:
    """Wait until the socket can be read or written; which of the two it is.

    Args:
        timeout: seconds; None waits for ever. Afterwards both are False.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN * read | select.POLLOUT * write)
        found = poll.poll(None if timeout is None else max(0.0, timeout) * 1000)
        events = found[0][1] if found else 0
        broken = events & ~(select.POLLIN | select.POLLOUT)
        return bool(events & select.POLLIN or broken), bool(events & select.POLLOUT or broken)
    readers, writers, _ = select.select([sock] * read, [sock] * write, [], timeout)
    return bool(readers), bool(writers)


def readable(sock: socket.socket) -> bool:
    """Whether there is something to read now."""
    return wait(sock, read=True, write=False, timeout=0.0)[0]


def hung_up(sock: socket.socket) -> bool:
    """Whether the peer has closed and all that it sent was read; seen without reading."""
    try:
        return not sock.recv(1, socket.MSG_PEEK | DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True


def half_close(sock: socket.socket) -> None:
    """Tell the peer that nothing more will come."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def drain(sock: socket.socket, linger: float) -> None:
    """Read and forget what still comes until the peer closes, so that what was sent arrives.

    Closing a socket that has unread data makes the kernel throw away what the peer has not read
    yet. This takes `linger` seconds at most, or ten times that while the peer goes on taking what
    is on its way.
    """
    start = time.monotonic()
    deadline = start + linger
    unsent = _unsent(sock)
    rest = memoryview(bytearray(1 << 16))
    counts: list[int] = []
    with contextlib.suppress(OSError):
        while (now := time.monotonic()) < deadline:
            if wait(sock, read=True, write=False, timeout=deadline - now)[0]:
                read_into(sock, rest, counts)
                if counts and counts.pop() == 0:
                    break
            if linger and (left := _unsent(sock)) < unsent:
                unsent, deadline = left, min(time.monotonic() + linger, start + 10 * linger)


def shut(sock: socket.socket) -> None:
    """End the conversation in both directions; who waits for this socket wakes up."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _unsent(sock: socket.socket) -> int:
    """Bytes that the peer's machine has not confirmed; 0 where the system does not tell."""
    try:
        import fcntl
        import termios

        size: int = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]
    except (ImportError, AttributeError, OSError):
        return 0
    return size
