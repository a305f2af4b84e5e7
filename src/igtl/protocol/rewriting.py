"""Encoded messages with other headers: the content stays where it is, large arrays are not copied.

A server answers many clients with the same image, each answer under a message id of its own.
"""

from __future__ import annotations

from igtl.codec import extended
from igtl.codec.buffers import Buffer, Buffers, compact, total
from igtl.codec.crc import crc64_of
from igtl.codec.frame import HEADER, HEADER_SIZE
from igtl.messages.message import Message
from igtl.protocol.newest import Key

__all__ = ["Part", "content_of", "numbered", "opening_of"]

#: The extended header's sizes, and the message id behind them.
_SIZES, _EXTENDED = 8, 12


def numbered(buffers: Buffers, message_id: int) -> Buffers:
    """A message's bytes with header version 2 and a message id.

    Args:
        buffers: all of one message.
        message_id: 32-bit number.
    """
    version, raw_type, raw_name, raw_time, size, _ = HEADER.unpack(_bytes(buffers, 0, HEADER_SIZE))
    whole = HEADER_SIZE + size
    if version > 1:
        sizes = _bytes(buffers, HEADER_SIZE, HEADER_SIZE + _SIZES)
        before = sizes + message_id.to_bytes(_EXTENDED - _SIZES)
        body: Buffers = (before, *_cut(buffers, HEADER_SIZE + _EXTENDED, whole))
    else:
        before, behind = extended.wrap(message_id, extended.EMPTY)
        body = (before, *_cut(buffers, HEADER_SIZE, whole), behind)
    head = max(version, 2), raw_type, raw_name, raw_time, total(body), crc64_of(body)
    return compact((HEADER.pack(*head), *body))


def content_of(buffers: Buffers) -> Buffers:
    """A message's content: its body without extended header and metadata."""
    version, _, _, _, size, _ = HEADER.unpack(_bytes(buffers, 0, HEADER_SIZE))
    whole = HEADER_SIZE + size
    if version == 1:
        return _cut(buffers, HEADER_SIZE, whole)
    sizes = _bytes(buffers, HEADER_SIZE, HEADER_SIZE + _SIZES)
    before, metadata = int.from_bytes(sizes[:2]), int.from_bytes(sizes[4:])
    return _cut(buffers, HEADER_SIZE + before, whole - int.from_bytes(sizes[2:4]) - metadata)


def opening_of(buffers: Buffers, count: int) -> bytes:
    """The first bytes of a message's content; fewer where it has no more of them."""
    start = HEADER_SIZE
    if buffers[0][1] > 1:
        start += int.from_bytes(_bytes(buffers, start, start + 2))
    return _bytes(buffers, start, start + count)


class Part(Message):
    """A child of a BIND that shares its content with the message that it was.

    Args:
        kind: type and device name, as they stand in a header.
        content: in as many pieces as it has.
    """

    def __init__(self, kind: Key, content: Buffers) -> None:
        self._build(content, {})
        self.__dict__["kind"] = kind

    def _raw_wire_type(self) -> bytes:
        return bytes(self.__dict__["kind"][0])

    def _raw_name(self) -> bytes:
        return bytes(self.__dict__["kind"][1])


def _cut(buffers: Buffers, start: int, stop: int) -> Buffers:
    """Bytes `start` to `stop` of all buffers, as views of them."""
    found: list[Buffer] = []
    at = 0
    for buffer in buffers:
        first, last = max(start - at, 0), min(stop - at, len(buffer))
        if first < last:
            found.append(memoryview(buffer)[first:last])
        at += len(buffer)
    return tuple(found)


def _bytes(buffers: Buffers, start: int, stop: int) -> bytes:
    return b"".join(_cut(buffers, start, stop))
