"""A message on its way out: encoded once, for any number of peers."""

from __future__ import annotations

from igtl.codec.buffers import SMALL, Buffer, Buffers, join, total
from igtl.codec.frame import HEADER, HEADER_SIZE, NAME_SIZE, TYPE_SIZE, Frame, parse
from igtl.errors import DecodeError, MessageError
from igtl.messages.message import Message, decode_frame, encode_buffers
from igtl.messages.series import Sendable, Series
from igtl.messages.video import builds_on_others
from igtl.protocol.framing import FrameReader
from igtl.protocol.newest import Key
from igtl.protocol.profile import Profile
from igtl.protocol.rewriting import Part, content_of, numbered, opening_of

__all__ = ["Outgoing"]


class Outgoing:
    """A message encoded once, for any number of peers; or a series of them.

    Args:
        message: what to send; its arrays are copied unless they are read-only, since the caller
            may write to them while peers still wait. A frame goes out as it came, unchecked.
        now: seconds since 1970 UTC, the time of a message that has none.

    Attributes:
        kept: whether no full queue drops it: answers are waited for.
        is_video: whether it is a frame of VIDEO.
        builds: whether it means nothing without the one before it of its kind.
    """

    __slots__ = ("_adapted", "buffers", "builds", "count", "is_video", "kept", "size")

    def __init__(self, message: Sendable, now: float) -> None:
        count = 1
        if isinstance(message, Series):
            count = len(message)
            buffers: Buffers = (message.to_buffer(now),)
        else:
            buffers = encode_buffers(message, now=now)
        self._hold(buffers if len(buffers) == 1 else tuple(map(_owned, buffers)), count)

    def _hold(self, buffers: Buffers, count: int) -> None:
        """Be these bytes, which nobody writes to."""
        self._adapted: dict[str, Outgoing] | None = None
        self.buffers, self.count, self.kept = buffers, count, False
        self.size = len(buffers[0]) if len(buffers) == 1 else total(buffers)
        self.is_video = buffers[0][_START_OF_TYPE] == _VIDEO
        self.builds = self.is_video and builds_on_others(opening_of(buffers, 9))

    @property
    def kind(self) -> Key:
        """Type and device name, as they stand in the header."""
        head = self.buffers[0]
        return bytes(head[_TYPE]), bytes(head[_NAME])

    def last(self) -> Outgoing:
        """The last message of a series; a single message itself."""
        if self.count == 1:
            return self
        return _made((memoryview(self.buffers[0])[-(self.size // self.count) :],))

    def as_answer(self) -> Outgoing:
        """The same bytes as an answer, which no full queue drops."""
        answer = _made(self.buffers, self.count)
        answer.kept = True
        return answer

    def numbered(self, message_id: int, profile: Profile) -> Outgoing:
        """The item with header version 2 and a message id, if a peer of `profile` reads those.

        Its content is not copied.

        Raises:
            MessageError: it cannot be said to that peer.
        """
        item = self.for_peer(profile)
        if item.count > 1 or profile.newest_version < 2:
            return item
        made = _made(numbered(item.buffers, message_id))
        made._adapted = {profile.name: made}
        return made

    def frames(self) -> list[Frame]:
        """The messages as they go out, unchecked; a body in one piece with others is copied."""
        if self.count > 1:
            return FrameReader().feed(join(self.buffers))
        if len(self.buffers) == 2 and len(self.buffers[0]) == HEADER_SIZE:
            return [Frame._make((*HEADER.unpack(self.buffers[0]), self.buffers[1]))]
        data = join(self.buffers)
        body = (data if len(data) < SMALL else memoryview(data))[HEADER_SIZE:]
        return [Frame._make((*HEADER.unpack_from(data), body))]

    def part(self) -> Message:
        """The item as a child of a BIND, in the same memory."""
        return Part(self.kind, content_of(self.buffers))

    def message(self) -> Message:
        """The message again, its arrays views of the bytes that go out."""
        return decode_frame(parse(join(self.buffers)))

    def for_peer(self, profile: Profile) -> Outgoing:
        """The item as a peer of a profile can read it.

        Raises:
            MessageError: it cannot be said to that peer.
        """
        if not profile.adapts or self.count > 1:
            return self
        adapted = self._adapted.get(profile.name) if self._adapted else None
        if adapted is None:
            try:
                message = self.message()
            except DecodeError as error:
                raise MessageError(f"only what can be decoded is adapted: {error}") from error
            changed = profile.adapt(message)
            adapted = self if changed is message else Outgoing(changed, 0.0)
            adapted.builds = self.builds
            self._adapted = {**(self._adapted or {}), profile.name: adapted}
        return adapted


_TYPE = slice(2, 2 + TYPE_SIZE)
_NAME = slice(_TYPE.stop, _TYPE.stop + NAME_SIZE)
_START_OF_TYPE, _VIDEO = slice(2, 8), b"VIDEO\0"
_new = object.__new__


def _made(buffers: Buffers, count: int = 1) -> Outgoing:
    """An item of bytes that nobody writes to."""
    item = _new(Outgoing)
    item._hold(buffers, count)
    return item


def _owned(buffer: Buffer) -> Buffer:
    if isinstance(buffer, memoryview) and not buffer.readonly:
        return buffer.tobytes()
    return buffer
