"""Messages out of a stream that may lack bytes, and may begin in the middle of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from igtl.codec import crc
from igtl.codec.frame import HEADER, HEADER_SIZE, Frame
from igtl.messages.registry import class_of

__all__ = ["Losses", "MessageStream", "looks_like_openigtlink"]

_Fields = tuple[int, bytes, bytes, int, int, int]

#: How a header begins: version 1 or 2, then a type of letters, digits and a little more.
_BEGINNING = re.compile(rb"\0[\1\2][A-Z]")
#: A type: up to its NUL. What follows that is filled with anything by some senders.
_TYPE = re.compile(rb"[A-Z][A-Za-z0-9_.:+ -]*(\0|$)", re.DOTALL)
#: Without a message for so many bytes, a stream that began in the middle is something else.
_LONGEST_SEARCH = 16 << 20


@dataclass
class Losses:
    """What of the streams of OpenIGTLink did not become messages.

    Attributes:
        gaps: holes that the capture has.
        lost: bytes in those holes.
        messages: messages that are known to be lost in them, the least that there can be.
        unfinished: messages of which a stream's end, or the capture's, has only the beginning.
        skipped: bytes that were captured, but belong to no whole message.
    """

    gaps: int = 0
    lost: int = 0
    messages: int = 0
    unfinished: int = 0
    skipped: int = 0


class MessageStream:
    """Cuts one direction of a connection into messages.

    Behind a hole in the middle of a message, the stream goes on at that message's end where the
    hole ends before it; else where a header stands whose message is sound.

    Args:
        max_body: the largest body that is believed.
        losses: where what is lost is counted; None while it is not known what the stream is.
        known: whether the stream is known to be OpenIGTLink.
        whole: whether its first byte is the first that was sent.

    Attributes:
        other: whether it turned out to be something else.
    """

    def __init__(self, max_body: int, losses: Losses, *, known: bool, whole: bool) -> None:
        self.other = False
        self._max_body = max_body
        self._losses, self._own = losses, Losses()
        self._known = False
        self._in_step = whole
        self._data = bytearray()
        self._from = 0  # searched up to here
        self._over = 0  # bytes of a broken message that are still to come
        self._ends = False  # no bytes follow those that are there
        if known:
            self._accept()

    def gap(self, size: int) -> Iterator[Frame]:
        """The stream lacks `size` bytes here; what of the bytes before them is sound."""
        yield from self._last_of_search()
        self._counts.gaps += 1
        self._counts.lost += size
        if self._in_step:
            self._break(size)
        else:
            self._drop(len(self._data))

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The messages that are complete with `data`."""
        over = min(self._over, len(data))
        self._over -= over
        self._counts.skipped += over
        self._data += data[over:]
        while not self.other and (frame := self._next()) is not None:
            yield frame

    def end(self) -> Iterator[Frame]:
        """The stream is over: what of its last bytes is sound."""
        yield from self._last_of_search()
        self._counts.unfinished += self._in_step and len(self._data) > 0
        self._drop(len(self._data))

    def _last_of_search(self) -> Iterator[Frame]:
        """What is sound of the bytes that are there, when no more follow them."""
        self._ends = True
        yield from self.feed(b"")
        self._ends = False

    @property
    def _counts(self) -> Losses:
        return self._losses if self._known else self._own

    def _accept(self) -> None:
        """It is OpenIGTLink: from now on, losses are of interest."""
        if not self._known:
            self._known = True
            for name, value in vars(self._own).items():
                setattr(self._losses, name, getattr(self._losses, name) + value)

    def _break(self, size: int) -> None:
        """A hole where messages are known to begin and end: does the stream stay in step?"""
        left = self._over  # of a message that is broken already
        fields = self._fields(0)
        if not left:
            self._counts.messages += 1
            left = HEADER_SIZE + fields[4] - len(self._data) if fields else 0
        self._drop(len(self._data))
        self._in_step = left >= size
        self._over = max(left - size, 0)

    def _next(self) -> Frame | None:
        """The next message; None when more bytes are needed."""
        if not self._in_step and not self._find():
            return None
        fields = self._fields(0)
        if fields is None:
            return None
        if not self._believes(fields):
            return self._lose_step()
        if not self._known:
            self._accept()
        end = HEADER_SIZE + fields[4]
        if len(self._data) < end:
            return None
        frame = Frame(*fields, bytes(memoryview(self._data)[HEADER_SIZE:end]))
        del self._data[:end]
        return frame

    def _believes(self, fields: _Fields) -> bool:
        if not self._known:
            return looks_like_openigtlink(fields, self._max_body)
        return fields[0] > 0 and fields[4] <= self._max_body

    def _lose_step(self) -> Frame | None:
        if not self._known:
            self.other = True
            return None
        self._in_step, self._from = False, 0
        return self._next()

    def _find(self) -> bool:
        """Drop what stands before the next sound message; whether there is one."""
        while (found := _BEGINNING.search(self._data, self._from)) is not None:
            sound = self._is_sound(found.start())
            if sound is None and not self._ends:
                self._forget(found.start())
                return False
            if sound:
                self._forget(found.start())
                self._in_step = True
                return True
            self._from = found.start() + 1
        self._forget(max(len(self._data) - 2, 0))
        return False

    def _forget(self, size: int) -> None:
        """Drop what was searched."""
        self._drop(size)
        self.other = not self._known and self._own.skipped > _LONGEST_SEARCH

    def _drop(self, size: int) -> None:
        self._counts.skipped += size
        self._from = 0
        del self._data[:size]

    def _is_sound(self, at: int) -> bool | None:
        """Whether a message begins here; None when more bytes are needed to tell."""
        fields = self._fields(at)
        if fields is None:
            return None
        if not looks_like_openigtlink(fields, self._max_body):
            return False
        end = at + HEADER_SIZE + fields[4]
        if len(self._data) < end:
            return None
        with memoryview(self._data) as view:
            right = crc.crc64(view[at + HEADER_SIZE : end]) == fields[5]
        if right and (fields[5] or class_of(fields[1])):  # the CRC of zeros, and of nothing, is 0
            return True
        following = self._fields(end)
        return None if following is None else looks_like_openigtlink(following, self._max_body)

    def _fields(self, at: int) -> _Fields | None:
        if len(self._data) < at + HEADER_SIZE:
            return None
        fields: _Fields = HEADER.unpack_from(self._data, at)
        return fields


def looks_like_openigtlink(fields: _Fields, max_body: int) -> bool:
    """Whether the fields of a header are those of OpenIGTLink, as far as one can see."""
    return fields[0] in (1, 2) and fields[4] <= max_body and _TYPE.match(fields[1]) is not None
