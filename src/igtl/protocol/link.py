"""One connection as its client sees it: what came over it, and how it ended.

The blocking client and asyncio's are both this, each with its own way to wait for the socket.
"""

from __future__ import annotations

from typing import TypeVar

from igtl.errors import ClosedError, FramingError, OpenIGTLinkError, TimeoutError
from igtl.messages.message import Message
from igtl.protocol.counters import Counters
from igtl.protocol.inbox import Inbox

__all__ = ["Link"]

M = TypeVar("M", bound=Message)


class Link:
    """Messages that came and wait to be taken, counters, and the end.

    Attributes:
        endpoint: what was connected to, as text.
        peer_address, local_address: both ends, as text.
        stall_timeout: seconds of silence in the middle of a message after which a peer is given up.
    """

    stall_timeout = 30.0

    def __init__(self, endpoint: str, addresses: tuple[str, str], max_body: int) -> None:
        self.endpoint = endpoint
        self.peer_address, self.local_address = addresses
        self._inbox = Inbox(max_body=max_body)
        self._ended: Exception | None = None
        self._closed = False
        self._given: dict[object, int] = {}  # which newest messages `latest` gave already

    @property
    def counters(self) -> Counters:
        """What went over this link."""
        return self._inbox.counters

    @property
    def closed(self) -> bool:
        """Whether the link is over: closed by this side, or known to be ended by the peer.

        A peer's end is noticed by receiving, or by sending in vain.
        """
        return not self._open

    def __repr__(self) -> str:
        name = f"{type(self).__module__.removesuffix('.net.client')}.Client"
        end = " closed" if self._closed else ""
        return f"<{name} {self.local_address} -> {self.peer_address}{end}>"

    @property
    def _open(self) -> bool:
        """Whether more may come."""
        return self._ended is None and not self._closed

    def _received(self, count: int) -> int:
        """Take in `count` bytes, 0 at the end of the stream; how many messages are complete."""
        if count == 0 or self._closed:  # closed: another thread may have read in between
            self._lost("")
            return 0
        complete = self._inbox.received(count)
        error = self._inbox.reader.error
        if error is not None:
            self.counters.errors += 1
            self._ended = error
        return complete

    def _lost(self, reason: str) -> None:
        """The stream is over: in order, or broken when there is a reason or half of a message."""
        pending = self._inbox.reader.pending
        if self._closed or not (reason or pending):
            self._end(EOFError(f"{self.endpoint} closed the connection"))
            return
        middle = f" in the middle of a message, after {pending} bytes of it" if pending else ""
        self._end(ClosedError(f"{self.endpoint} broke the connection{middle}{reason}"))

    def _stalled(self) -> None:
        """The peer was silent for too long in the middle of a message."""
        silence = f"sent nothing for {self.stall_timeout:g} s in the middle of a message"
        self._end(ClosedError(f"{self.endpoint} {silence}"))

    def _end(self, error: Exception) -> None:
        """Nothing more will come; the first reason counts."""
        self._ended = self._ended or error

    def _raise_if_broken(self) -> None:
        """Raise what ended the link, unless that was in order."""
        if isinstance(self._ended, (FramingError, ClosedError)):
            raise self._ended

    def _check_sending(self) -> None:
        """Raise ClosedError when the link is over."""
        if self._closed:
            raise ClosedError(f"the link to {self.endpoint} was closed by this side")
        if self._ended is not None:
            raise ClosedError(f"nothing can be sent any more: {self._ended}")

    def _newest(self, cls: type[M], device: str | None) -> M | None:
        """The newest message of a class and device; None when there has been none.

        Raises:
            ClosedError: the link is over, and this message was given before: it is no news.
        """
        found = self._inbox.newest(cls, device)
        if found is not None:
            order, _ = found
            if not self._open and self._given.get((cls, device)) == order:
                raise self._nothing(f"no newer {cls.__name__} from {self.endpoint}")
            self._given[cls, device] = order
        return self._inbox.latest(cls, device)

    def _nothing(self, wanted: str) -> OpenIGTLinkError:
        """Why there is no message: the link ended, or the time is over."""
        if self._open:
            return TimeoutError(wanted)
        reason = "this side closed the link" if self._closed else self._ended
        return ClosedError(f"{wanted}: {reason}")

    def _refused(self, error: OSError) -> ClosedError:
        """Why sending failed."""
        return ClosedError(f"{self.endpoint} closed the connection: {error}")

    def _late(self, timeout: float) -> TimeoutError:
        """Why sending was given up."""
        return TimeoutError(f"{self.endpoint} did not read what was sent within {timeout:g} s")

    def _no_latest(self, cls: type, device: str | None, timeout: float) -> str:
        """What `latest` did not get."""
        named = f" of device {device!r}" if device is not None else ""
        return f"no {cls.__name__}{named} from {self.endpoint} within {timeout:g} s"

    def _no_message(self, timeout: float | None) -> str:
        """What `receive` did not get."""
        return f"no message from {self.endpoint} within {timeout} s"
