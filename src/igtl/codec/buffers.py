"""Bytes without copies: what the wire carries, as one buffer or several."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["SMALL", "Buffer", "Buffers", "compact", "join", "total"]

#: Read-only bytes on their way out or in. A memoryview among them is flat, of single bytes.
Buffer = bytes | memoryview

#: Consecutive pieces of one message.
Buffers = Sequence[Buffer]

#: Below this many bytes, copying a piece costs less than handing it to the kernel separately.
SMALL = 16 * 1024


def total(buffers: Buffers) -> int:
    """Number of bytes in all `buffers`."""
    return sum(map(len, buffers))


def join(buffers: Buffers) -> bytes:
    """All `buffers` in one piece."""
    first = buffers[0]
    return first if len(buffers) == 1 and isinstance(first, bytes) else b"".join(buffers)


def compact(buffers: Buffers) -> Buffers:
    """The same bytes with neighbouring small pieces joined: what is cheapest to send."""
    if total(buffers) <= SMALL:
        return (b"".join(buffers),)
    pieces: list[Buffer] = []
    for buffer in buffers:
        if pieces and len(pieces[-1]) + len(buffer) <= SMALL:
            pieces[-1] = join((pieces[-1], buffer))
        elif len(buffer):  # an empty piece would look like something left to send
            pieces.append(buffer)
    return pieces
