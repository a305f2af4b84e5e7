"""Messages on their way out to one peer: a bounded queue, and what happens when it is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum
from typing import Literal, get_args

from igtl.codec.buffers import SMALL, Buffer
from igtl.errors import MessageError
from igtl.protocol.counters import Counters
from igtl.protocol.gaps import Gaps
from igtl.protocol.outgoing import Outgoing

__all__ = ["Outbox", "Push", "WhenFull", "check_policy"]

#: What a full queue does with one more message:
#: "drop-oldest"  throws the oldest waiting message away;
#: "newest"       keeps the newest message of each type and device, and throws the others away;
#:                of a video the newest key frame;
#: "wait"         makes the sender wait until there is room;
#: "disconnect"   ends the connection to the peer that does not keep up.
WhenFull = Literal["drop-oldest", "newest", "wait", "disconnect"]

#: How much goes into one system call.
_BATCH_BYTES = 1 << 18
_BATCH_PIECES = 512
#: So many bytes of answers, and so many answers, wait for one peer until it is asked to wait.
_MANY_BYTES, _MANY = 4 << 20, 1000


class Push(Enum):
    """What became of a message that was pushed."""

    QUEUED = "queued"
    FULL = "full"
    OVERFLOW = "overflow"


class Outbox:
    """What waits to be sent to one peer.

    The pieces handed out by `next_buffers` are in flight: they are never dropped, so a peer never
    sees half a message. Answers (`Outgoing.kept`) are never dropped either and take no room from
    what else waits; who answers has to stop while the queue is `crowded`.

    Of a video that lost a frame all is dropped up to its next key frame, since nobody could decode
    it. What builds on a key frame goes before the key frame itself.

    Args:
        when_full: a `WhenFull`.
        max_messages, max_bytes: bounds of what waits. One message may exceed `max_bytes` by itself.
        counters: where sent and dropped messages are counted.
    """

    def __init__(
        self, *, when_full: WhenFull, max_messages: int, max_bytes: int, counters: Counters
    ) -> None:
        check_policy(when_full)
        self._when_full = when_full
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._counters = counters
        self._queue: deque[Outgoing] = deque()
        self._queued_bytes = self._queued_messages = 0
        self._kept_bytes = self._kept_messages = 0
        self._gaps = Gaps()
        self._torn = self._gaps.streams  # empty nearly always, which is quickly asked
        self._flight: deque[Buffer] = deque()
        self.flight_bytes = 0
        self._flight_messages = 0
        self._flight_kept = 0  # bytes of answers among what is in flight, until all of it is sent

    def __len__(self) -> int:
        return self._queued_messages + self._kept_messages + self._flight_messages

    @property
    def waiting_bytes(self) -> int:
        """Bytes that are not sent yet."""
        return self._queued_bytes + self._kept_bytes + self.flight_bytes

    @property
    def crowded(self) -> bool:
        """Whether so many answers wait that no further ones should be made."""
        size = self._kept_bytes + self._flight_kept
        return size > _MANY_BYTES or self._kept_messages > _MANY

    def has_room(self, size: int) -> bool:
        """Whether a message of `size` bytes fits."""
        if not self._queued_messages:
            return True
        return (
            self._queued_messages < self._max_messages
            and self._queued_bytes + size <= self._max_bytes
        )

    def push(self, item: Outgoing) -> Push:
        """Queue a message, or say why not."""
        if not item.size:  # a series of none
            return Push.QUEUED
        if not (item.kept or self.has_room(item.size)) and not (
            self._torn and self._gaps.lacks(item)
        ):
            if self._when_full == "wait":
                return Push.FULL
            if self._when_full == "disconnect":
                return Push.OVERFLOW
            if self._when_full == "newest":
                self._keep_newest(item)
            self._drop_oldest(item)
        if self._torn and not item.kept:
            if self._gaps.lacks(item):
                self.leave_out([item])
                return Push.QUEUED
            self._gaps.end(item)
        self._queue.append(item)
        if item.kept:
            self._kept_bytes += item.size
            self._kept_messages += item.count
        else:
            self._queued_bytes += item.size
            self._queued_messages += item.count
        return Push.QUEUED

    def leave_out(self, items: Iterable[Outgoing]) -> None:
        """Count items that are not sent after all; what builds on them will not be, either."""
        for item in items:
            self._counters.dropped += item.count
            self._gaps.begin(item)

    def next_buffers(self) -> deque[Buffer]:
        """What to send next, in one system call; empty when nothing waits."""
        if not self._flight and self._queue:
            self._load()
        return self._flight

    def sent(self, count: int) -> None:
        """Forget `count` bytes of what `next_buffers` gave."""
        flight = self._flight
        self.flight_bytes -= count
        self._counters.bytes_sent += count
        while count:
            first = flight.popleft()
            if len(first) > count:
                flight.appendleft(memoryview(first)[count:])
                break
            count -= len(first)
        if not flight:
            self._counters.messages_sent += self._flight_messages
            self._flight_messages = self._flight_kept = 0

    def clear(self) -> None:
        """Throw away what waits, and count it."""
        self._counters.dropped += len(self)
        self._queue.clear()
        self._flight.clear()
        self._queued_bytes = self._queued_messages = 0
        self._kept_bytes = self._kept_messages = self._flight_kept = 0
        self.flight_bytes = self._flight_messages = 0

    def _load(self) -> None:
        """Move messages from the queue into flight: one large one, or many small ones joined."""
        queue = self._queue
        small: list[Buffer] = []
        size = messages = kept_bytes = kept = 0
        while queue and size < _BATCH_BYTES and messages < _BATCH_PIECES:
            item = queue[0]
            large = item.size > SMALL
            if large and messages:
                break
            queue.popleft()
            if item.kept:
                kept_bytes += item.size
                kept += item.count
            size += item.size
            messages += item.count
            if large:
                self._flight.extend(item.buffers)
                break
            small += item.buffers
        if small:
            self._flight.append(small[0] if len(small) == 1 else b"".join(small))
        self._kept_bytes -= kept_bytes
        self._kept_messages -= kept
        self._queued_bytes -= size - kept_bytes
        self._queued_messages -= messages - kept
        self._flight_kept = kept_bytes
        self.flight_bytes, self._flight_messages = size, messages

    def _drop_oldest(self, item: Outgoing) -> None:
        """Make room for an item, unless what goes is what it builds on."""
        answers = []
        while not (self.has_room(item.size) or self._gaps.lacks(item)):
            oldest = self._queue.popleft()
            if oldest.kept:
                answers.append(oldest)
            elif oldest.is_video and self._outlives(oldest, item):
                self._queue.appendleft(oldest)
            else:
                self._drop(oldest)
        self._queue.extendleft(reversed(answers))

    def _outlives(self, oldest: Outgoing, item: Outgoing) -> bool:
        """Drop what builds on a frame of video; whether that is enough for now.

        A key frame stays then: it is all that a slow receiver can get.
        """
        kind, queue, length = oldest.kind, self._queue, len(self._queue)
        others, missing = [], True
        while missing and queue:  # to the next key frame only: the queue may be long
            one = queue.popleft()
            of_it = one.is_video and not one.kept and one.kind == kind
            if of_it and one.builds:
                self._drop(one)
            else:
                others.append(one)
                missing = not of_it
        queue.extendleft(reversed(others))
        if missing:
            self._gaps.begin(oldest)
        made_room = len(queue) < length or self._gaps.lacks(item)
        return made_room and not oldest.builds

    def _keep_newest(self, item: Outgoing) -> None:
        """Drop what a newer message of the same type and device stands behind.

        Of a video the newest key frame stays, and what builds on it goes.
        """
        newer = set() if item.builds else {item.kind}
        waiting, self._queue = self._queue, deque()
        for one in reversed(waiting):
            if not one.kept and (one.kind in newer or one.builds):
                self._drop(one)
                if one.kind not in newer:
                    self._gaps.begin(one)
            else:
                self._queue.appendleft(one)
                if not one.kept:
                    newer.add(one.kind)

    def _drop(self, item: Outgoing) -> None:
        """Count a message that left the queue; it is no answer."""
        self._queued_bytes -= item.size
        self._queued_messages -= item.count
        self._counters.dropped += item.count


def check_policy(when_full: str) -> None:
    """Raise MessageError unless `when_full` is a `WhenFull`."""
    if when_full not in get_args(WhenFull):
        known = ", ".join(repr(one) for one in get_args(WhenFull))
        raise MessageError(f"when_full is {when_full!r}, expected one of {known}")
