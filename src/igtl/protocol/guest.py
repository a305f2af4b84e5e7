"""One client of a server, as far as the conversation goes."""

from __future__ import annotations

import operator
from collections import OrderedDict

from igtl.codec.frame import TYPE_SIZE, Frame
from igtl.messages.message import Message
from igtl.protocol.flow import Flows
from igtl.protocol.matching import HELLO
from igtl.protocol.profile import IGTL, Profile, recognise

__all__ = ["Guest", "Key"]

#: What tells a command from others: its number, and all of it, since not every client numbers well.
Key = tuple[int | str, str, str]

#: So many replies to commands are remembered for each client.
_MOST_REPLIES = 32
#: So many messages of a client are looked at to recognise it.
_GREETINGS = 3
#: Type of what igtl's clients say before their first query.
_HELLO = HELLO.wire_type.encode().ljust(TYPE_SIZE, b"\0")
_version, _raw_type = operator.itemgetter(0), operator.itemgetter(1)


class Guest:
    """One client: what it is, what it asked to be sent, which of its commands were answered.

    Args:
        profile: None lets it be recognised by what it sends first.
    """

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or IGTL
        self.flows = Flows()
        self.version = 1
        self._greetings = _GREETINGS if profile is None else 0
        self._replies: OrderedDict[Key, Message | None] = OrderedDict()

    @property
    def plain(self) -> bool:
        """Whether all that is published goes to this client as it is."""
        return self.flows.plain and not self.profile.adapts

    @property
    def greeting(self) -> bool:
        """Whether its messages are still looked at to learn what it is."""
        return self._greetings > 0

    def hear(self, frames: list[Frame]) -> list[Frame]:
        """Note what header version came; the frames without an igtl client's announcement."""
        if self.version > 1:
            return frames
        self.version = min(2, max(map(_version, frames), default=1))
        if _HELLO not in map(_raw_type, frames):
            return frames
        self.version = 2
        return [frame for frame in frames if frame[1] != _HELLO]

    def meet(self, message: Message) -> None:
        """Look at a message to learn whom we talk to."""
        if self._greetings:
            self._greetings -= 1
            found = recognise(message)
            if found is not None:
                self.profile, self._greetings = found, 0

    def begun(self, key: Key) -> bool:
        """Note that a command is being executed; whether it was before."""
        if key in self._replies:
            return True
        self._replies[key] = None
        while len(self._replies) > _MOST_REPLIES:
            self._replies.popitem(last=False)
        return False

    def replied(self, key: Key, reply: Message) -> None:
        """Remember the reply to a command."""
        if key in self._replies:
            self._replies[key] = reply

    def reply_to(self, key: Key) -> Message | None:
        """The reply that was given to a command; None while it is being executed."""
        return self._replies.get(key)
