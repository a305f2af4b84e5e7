"""Reading and writing a socket without blocking, and waiting for it."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import MutableSequence
from itertools import islice

from igtl.codec.buffers import Buffer

__all__ = ["DONTWAIT", "finish", "read_into", "readable", "send_some", "wait", "write"]

#: Flag of a call that does not block even where the socket does; 0 where there is none (Windows).
DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)

#: Most pieces that one system call takes (IOV_MAX is 1024 on Linux and macOS).
_PIECES = 512
_GATHERS = hasattr(socket.socket, "sendmsg")


def read_into(sock: socket.socket, buffer: memoryview, flags: int = DONTWAIT) -> int | None:
    """Bytes read, 0 when the peer has closed, None when nothing is there yet."""
    try:
        return sock.recv_into(buffer, 0, flags)
    except (BlockingIOError, InterruptedError):
        return None


def send_some(sock: socket.socket, pieces: MutableSequence[Buffer]) -> int:
    """Send what the socket takes and remove it from `pieces`; how many bytes that were."""
    sent = write(sock, pieces)
    left = sent
    while pieces and len(pieces[0]) <= left:  # empty ones too
        left -= len(pieces[0])
        del pieces[0]
    if left:
        pieces[0] = memoryview(pieces[0])[left:]
    return sent


def write(sock: socket.socket, pieces: MutableSequence[Buffer]) -> int:
    """Bytes of `pieces` that the socket took; 0 when it takes none now."""
    try:
        if len(pieces) == 1 or not _GATHERS:
            return sock.send(pieces[0], DONTWAIT)
        return sock.sendmsg(islice(pieces, _PIECES), (), DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return 0


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


def finish(sock: socket.socket, linger: float) -> None:
    """End the conversation so that what was sent still arrives.

    Closing a socket that has unread data makes the kernel throw away what the peer has not read
    yet. So our half is closed first, and what still comes is read until the peer closes, but for
    no longer than `linger` seconds, or as long as the peer goes on taking what is on its way.
    """
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + linger
        unsent = _unsent(sock)
        rest = memoryview(bytearray(1 << 16))
        while (now := time.monotonic()) < deadline:
            readable, _ = wait(sock, read=True, write=False, timeout=deadline - now)
            if readable and read_into(sock, rest) == 0:
                break
            if linger and (left := _unsent(sock)) < unsent:
                unsent, deadline = left, time.monotonic() + linger
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
