"""One connection as its client sees it: what came over it, what was asked, and how it ended.

The blocking client and asyncio's are both this, each with its own way to wait for the socket.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import (
    ClosedError,
    FramingError,
    OpenIGTLinkError,
    TimeoutError,
)
from igtl.messages.message import Message, decode_frame
from igtl.messages.series import Sendable, encode_all
from igtl.messages.status import Status
from igtl.messages.string import ClientInfo
from igtl.protocol.addressing import check_class
from igtl.protocol.clock import Clock
from igtl.protocol.counters import Counters
from igtl.protocol.exchange import AboutType, Answer, Exchange, Subscription
from igtl.protocol.habits import Habits
from igtl.protocol.inbox import Inbox
from igtl.protocol.liveness import KeepAlive
from igtl.protocol.matching import LIFE
from igtl.protocol.news import News
from igtl.protocol.pings import Pings
from igtl.protocol.plus import Subscription as Wishes
from igtl.protocol.profile import Profile, hello, named
from igtl.protocol.recovery import LinkEvent, Recovery
from igtl.protocol.session import Session
from igtl.protocol.transforms import Transforms

__all__ = ["Encoded", "Link", "Tap"]

#: Pieces of messages, and how many messages.
Encoded: TypeAlias = tuple[list[Buffer], int]

#: What everything is shown to: called with the connection's name and frames, in order.
Tap: TypeAlias = Callable[[str, list[Frame]], object]

M = TypeVar("M", bound=Message)


class Link:
    """Messages that came and wait to be taken, what was asked, counters, and the end.

    Attributes:
        endpoint: what was connected to, as text.
        peer_address, local_address: both ends, as text.
        stall_timeout: seconds of silence in the middle of a message after which a peer is given up.
        transforms: poses by the names of two frames, from all that came: `igtl.Pose`.
        clock: how the peer's clock differs from ours, as far as `ping` has found out.
    """

    stall_timeout = 30.0

    def __init__(self, endpoint: str, addresses: tuple[str, str], habits: Habits) -> None:
        self.endpoint = endpoint
        self.peer_address, self.local_address = addresses
        self._habits = habits
        self._inbox = Inbox(max_body=habits.max_body)
        profile = None if habits.profile == "auto" else named(habits.profile)
        self._session = Session(self._inbox, endpoint, profile)
        self._session.clock = time.monotonic
        self.transforms = Transforms(self._newest_frames, self._first_frame)
        self._pings = Pings(self._session)
        self.clock: Clock = self._pings.clock
        self._ended: Exception | None = None
        self._down: Exception | None = None  # the connection broke and is being restored
        self._closed = False
        self._given: dict[object, int] = {}  # which newest messages `latest` gave already
        self._news = News(endpoint, self.counters)
        self._wishes: ClientInfo | None = None  # sent again on a new connection
        self._life: Answer[Status] | None = None
        self._alive = None if habits.keep_alive is None else KeepAlive(habits.keep_alive)
        self._recovery = None if habits.reconnect is None else Recovery(habits.reconnect)
        self._heard_at = time.monotonic()  # the last byte came
        self._begun = 0  # so many messages came over earlier connections
        self._greeted = False  # it was waited for what the peer says first
        self._greeting_ends = self._heard_at + _GREETING

    @property
    def counters(self) -> Counters:
        """What went over this link."""
        return self._inbox.counters

    @property
    def profile(self) -> Profile:
        """What kind of program the peer is, as far as is known."""
        return self._session.profile

    @property
    def closed(self) -> bool:
        """Whether the link is over: closed by this side, or known to be ended by the peer.

        A peer's end is noticed by receiving, or by sending in vain. A link that is being restored
        is not over.
        """
        return not self._open

    def on_event(self, handler: H) -> H:
        """Decorator: call the function with a `LinkEvent` when the link breaks or is restored.

        In asyncio the event loop calls it, and starts a coroutine function as a task. It may use
        the link, but should not take long.
        """
        self._news.handlers.append(handler)
        return handler

    def tap(self, callback: Tap) -> Callable[[], None]:
        """Show everything that arrives to a function as well, whoever takes it: a recorder, say.

        It is called by whoever reads, with (endpoint, frames); it is to be quick. What it raises is
        logged and counted.

        Returns:
            A function that ends it.
        """

        def show(frames: list[Frame]) -> None:
            try:
                callback(self.endpoint, frames)
            except Exception as error:  # noqa: BLE001 - users' code may raise anything
                self._news.failed(callback, error)

        self._inbox.taps = (*self._inbox.taps, show)

        def end() -> None:
            self._inbox.taps = tuple(one for one in self._inbox.taps if one is not show)

        return end

    def __repr__(self) -> str:
        name = f"{type(self).__module__.removesuffix('.net.client')}.Client"
        end = " closed" if self._closed else ""
        return f"<{name} {self.local_address} -> {self.peer_address}{end}>"

    @property
    def _open(self) -> bool:
        """Whether more may come."""
        return self._ended is None and not self._closed

    @property
    def _receiving(self) -> bool:
        """Whether there is a connection to read from."""
        return self._ended is None and self._down is None and not self._closed

    # ---- what comes, and the end

    def _received(self, count: int) -> int:
        """Take in `count` bytes, 0 at the end of the stream; how many messages are complete."""
        if count == 0 or self._closed:  # closed: another thread may have read in between
            self._lost("")
            return 0
        self._heard_at = time.monotonic()
        if self._alive is not None:
            self._alive.heard(self._heard_at)
        complete = self._inbox.received(count)
        if self._life is not None and self._life.settled:
            self._session.forget(self._life)
            self._life = None
        error = self._inbox.reader.error
        if error is not None:
            self.counters.errors += 1
            self._end(error)
        return complete

    def _lost(self, reason: str) -> None:
        """The stream is over: in order, or broken when there is a reason or half of a message."""
        pending = self._inbox.reader.pending
        if not (reason or pending):
            self._end(EOFError(f"{self.endpoint} closed the connection"))
            return
        middle = f" in the middle of a message, after {pending} bytes of it" if pending else ""
        self._end(ClosedError(f"{self.endpoint} broke the connection{middle}{reason}"))

    def _end(self, error: Exception) -> None:
        """Nothing more will come over this connection; the first reason counts."""
        if not self._receiving:
            return
        if self._recovery is None:
            self._finish(error)
            return
        self._down = error
        self._recovery.broke(time.monotonic())
        self._session.lost(str(error), over=False)
        self._tell("lost", str(error))

    def _finish(self, error: Exception) -> None:
        """The link is over."""
        if self._open:
            self._ended = error
            self._session.lost(str(error), over=True)
            self._tell("ended", str(error))

    def _close(self) -> None:
        """This side closes the link: who waits for anything gets nothing more."""
        self._closed = True
        self._session.lost(_BY_US, over=True)

    # ---- another connection instead

    def _questions_again(self) -> list[Message]:
        """What to send first over a new connection."""
        questions = self._session.restored()
        return [*self._first_words(), *(self._session.preface() if questions else ()), *questions]

    def _not_restored(self) -> None:
        """A new connection came to nothing: streams are asked for over the next one."""
        if self._open:
            self._session.lost(str(self._down), over=False)

    def _failed(self, error: Exception) -> None:
        """An attempt to restore the link failed."""
        assert self._recovery is not None
        if self._open:
            self._down = error
            self._recovery.failed(time.monotonic())
            self._tell("retrying", str(error))

    def _restored(self, addresses: tuple[str, str]) -> None:
        """There is a new connection, and what comes first was sent over it."""
        assert self._recovery is not None
        now = time.monotonic()
        self._recovery.succeeded(now)
        self._tell("restored", f"connected to {self.endpoint}")
        self.peer_address, self.local_address = addresses
        self._inbox.begin()
        self._begun, self._down = self.counters.messages_received, None
        if self._alive is not None:
            self._alive.heard(now)

    def _gives_up(self) -> bool:
        """Whether it took too long to restore the link; then it is over."""
        assert self._recovery is not None
        if not self._recovery.over(time.monotonic()):
            return False
        self._finish(ClosedError(self._recovery.why_over(self._down)))
        return True

    def _first_words(self) -> list[Message]:
        """What is sent first on every connection."""
        words: list[Message] = list(hello(self.profile))
        return [*words, self._wishes] if self._wishes is not None else words

    def _tell(self, kind: Any, reason: str) -> None:
        """Put an event into line for the handlers."""
        attempts = 0 if self._recovery is None else self._recovery.attempts
        self._news.add(LinkEvent(kind, reason, time.monotonic() - self._heard_at, attempts))

    def _deliver(self) -> None:
        """Call the handlers. They may use the link, so nothing may be locked here."""
        self._news.deliver(self._handled)

    def _handled(self, outcome: object) -> None:
        """What a handler returned is of no interest."""

    def _raise_if_broken(self) -> None:
        """Raise what ended the link, unless that was in order."""
        if isinstance(self._ended, (FramingError, ClosedError)):
            raise self._ended.with_traceback(None)

    # ---- what goes out

    def _check_sending(self) -> None:
        """Raise ClosedError when the link is over."""
        if self._closed:
            raise ClosedError(f"the link to {self.endpoint} was closed by this side")
        if self._ended is not None:
            raise ClosedError(f"nothing can be sent any more: {self._ended}")

    def _readable_form(self, messages: tuple[Sendable, ...]) -> tuple[Sendable, ...]:
        """The messages as this kind of peer can read them; MessageError where it cannot."""
        profile = self.profile
        if not profile.adapts:
            return messages
        known = (decode_frame(one) if isinstance(one, Frame) else one for one in messages)
        return tuple(profile.adapt(one) if isinstance(one, Message) else one for one in known)

    def _wish(
        self,
        types: Sequence[str],
        transforms: Sequence[str],
        images: Sequence[str],
        strings: Sequence[str],
        tracking_interval: float | None,
    ) -> ClientInfo:
        """CLIENTINFO for what is wanted; remembered, to be sent again on a new connection.

        Who is told this is a PLUS server, unless it was said or seen that it is another.
        """
        self._session.takes_wishes()
        self._wishes = Wishes(
            types=tuple(types),
            transforms=tuple(transforms),
            images=tuple(images),
            strings=tuple(strings),
            tracking=None if tracking_interval is None else True,
            tracking_interval=tracking_interval or 0.0,
        ).to_message()
        return self._wishes

    # ---- asking

    @property
    def _stranger(self) -> bool:
        """Whether to wait a moment before a question, for the peer to show what it is.

        3D Slicer says hello when it is connected to, and crashes on queries.
        """
        known = self.counters.messages_received or self._habits.profile != "auto"
        return not (self._greeted or known)

    def _words(self, exchange: Exchange) -> Encoded:
        """What is to be sent for an exchange; the lock for sending is held."""
        return encode_all(self._readable_form(tuple(self._session.words(exchange))), time.time())

    def _carries_later(self, exchange: Exchange) -> bool:
        """Whether the link is being restored, and whoever does that sends this as well."""
        return self._down is not None and isinstance(exchange, AboutType)

    def _asks_again(self, exchange: Exchange) -> bool:
        """Whether a question that could not be sent will be, once the link is restored."""
        return self._recovery is not None and self._open and isinstance(exchange, AboutType)

    # ---- silence

    def _patience(self, now: float) -> float | None:
        """Seconds until a silence has to be looked at; None: never."""
        if self._alive is None and not self._inbox.reader.pending and not self._again_pending:
            return None
        ends = [self._session.due_at - now]
        if self._inbox.reader.pending:
            ends.append(self._heard_at + self.stall_timeout - now)
        if self._alive is not None:
            ends.append(self._alive.next(now))
        return max(0.0, min(ends))

    @property
    def _again_pending(self) -> bool:
        """Whether a stream is to be asked for again, now or later."""
        return self._session.due_at != math.inf

    def _look(self, now: float) -> None:
        """Look at a silence: ask a peer that may be gone; one that is ends the link."""
        self._ask_again(now)
        if self._inbox.reader.pending and now - self._heard_at >= self.stall_timeout:
            silence = f"sent nothing for {self.stall_timeout:g} s in the middle of a message"
            self._end(ClosedError(f"{self.endpoint} {silence}"))
            return
        state = "wait" if self._alive is None else self._alive.due(now)
        if self._alive is None or state == "wait":
            return
        if state == "ask":
            busy = self._whisper(self._sign_of_life) is None
            self._alive.busy(now) if busy else self._alive.asked(now)
        elif self.profile.queries:
            silence = f"gave no sign of life for {self._habits.keep_alive:g} s"
            self._end(ClosedError(f"{self.endpoint} {silence}"))
        else:  # it answers nothing: TCP has to tell
            self._alive.heard(now)

    def _ask_again(self, now: float) -> None:
        """Ask for streams that a peer which is back did not have yet, if it is time."""
        if self._session.due_at <= now and not self._whisper(lambda: self._session.again(now)):
            self._session.postpone(now)

    def _whisper(self, words: Callable[[], Sequence[Message]]) -> int | None:
        """Send small messages, unless somebody else sends or the socket takes nothing now.

        Args:
            words: gives the messages; only called once nobody else sends.

        Returns:
            How many bytes the socket took; None when somebody else sends.
        """
        raise NotImplementedError

    def _made_room(self) -> None:
        """The socket takes bytes again that it did not take before: the peer reads, it lives."""
        if self._alive is not None:
            self._alive.heard(time.monotonic())

    def _sign_of_life(self) -> list[Message]:
        """What to send to a silent peer. A query, whose answer is not news; or a STATUS."""
        if not self.profile.queries:
            return [Status()]
        if self._life is not None:
            self._session.forget(self._life)
        self._life = self._session.get(Status, LIFE, {})
        return [self._life.question]

    # ---- the newest

    def _newest(self, cls: type[M], device: str | None) -> M | None:
        """The newest message of a class and device; None when there has been none.

        Raises:
            ClosedError: the link is over, and this message was given before: it is no news.
            MessageError: it is no class of messages.
        """
        check_class(cls)
        found = self._inbox.latest_frame(cls, device)
        if found is not None:
            order, _ = found
            if not self._open and self._given.get((cls, device)) == order:
                raise self._nothing(f"no newer {cls.__name__} from {self.endpoint}")
            self._given[cls, device] = order
        return self._inbox.latest(cls, device)

    def _newest_frames(self) -> Iterable[tuple[int, Frame]]:
        return [entry for _, entry in self._inbox.newest]

    def _first_frame(self) -> float:
        """The place of the first frame of this connection among all; infinite without one."""
        return self._begun if self._receiving else math.inf

    # ---- texts

    def _nothing_of(
        self, subscription: Subscription[Any], timeout: float | None
    ) -> OpenIGTLinkError:
        """Why a stream gives no message."""
        wanted = f"{subscription.asked}: no message"
        if subscription.live:
            refused = (
                f"; it is asked again ({subscription.refused})" if subscription.refused else ""
            )
            return self._nothing(f"{wanted}{_within(timeout)}{refused}")
        if self._open:
            return ClosedError(f"{wanted}: the stream was closed")
        return self._nothing(wanted)

    def _nothing(self, wanted: str) -> OpenIGTLinkError:
        """Why there is no message: the link ended, or the time is over."""
        if self._open:
            down = f": the link is being restored ({self._down})" if self._down else ""
            return TimeoutError(wanted + down)
        reason = _BY_US if self._closed else self._ended
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
        return f"no message from {self.endpoint}{_within(timeout)}"

    def _not_sent(self, timeout: float) -> OpenIGTLinkError:
        """Why nothing was sent while the link was down."""
        return self._nothing(f"nothing was sent to {self.endpoint}{_within(timeout)}")


def _within(timeout: float | None) -> str:
    return "" if timeout is None else f" within {timeout:g} s"


H = TypeVar("H", bound=Callable[[LinkEvent], object])
#: Seconds in which a peer that was connected to may show what it is, before it is asked anything.
_GREETING = 0.2
_BY_US = "this side closed the link"
