"""One question to the peer and what becomes of it: a query, a stream or a command.

Every question is an `Exchange`, whose life is a table of states and events. Which frame is which
event is for `igtl.protocol.session` to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import ClosedError, CommandError, NotAvailable
from igtl.errors import TimeoutError as IgtlTimeoutError
from igtl.messages.command import CommandReply
from igtl.messages.message import Message, decode_frame
from igtl.messages.query import Ready, Stop
from igtl.messages.string import String
from igtl.protocol.backlog import Backlog
from igtl.protocol.liveness import Backoff
from igtl.protocol.matching import is_of, message_id_of, names_its_items
from igtl.protocol.newest import Key
from igtl.protocol.replies import verdict

if TYPE_CHECKING:
    from igtl.protocol.session import Session

__all__ = ["TABLES", "AboutType", "Answer", "Event", "Exchange", "Order", "State", "Subscription"]

M = TypeVar("M", bound=Message)

#: Data of a stream that was stopped still comes for a while: so many seconds it is thrown away.
_AFTERMATH = 1.0
#: What a stream may have waiting.
_MOST_FRAMES, _MOST_BYTES = 10_000, 256 << 20
#: Devices whose first messages are compared with what follows a server's consent.
_MOST_EARLY = 1000
#: A peer that is back may not have yet what was asked for: seconds until it is asked again, first
#: and at most. Each time it takes up to twice as long.
_AGAIN, _AGAIN_AT_MOST = 0.25, 2.0


class State(Enum):
    """Where an exchange is."""

    ASKED = auto()
    RUNNING = auto()
    RETURNING = auto()
    WAITING = auto()
    STOPPING = auto()
    DONE = auto()
    REFUSED = auto()
    LATE = auto()
    LOST = auto()


class Event(Enum):
    """What happens to an exchange."""

    DATA = "data"
    ACCEPTED = "RTS_ 0"
    DENIED = "RTS_ 1, STATUS"
    STOPPED = "stopped"
    EXPIRED = "time is over"
    LOST = "link lost"
    RESTORED = "link restored"
    AGAIN = "asked again"


Table = dict[tuple[State, Event], State]

_ANSWER: Table = {
    (State.ASKED, Event.DATA): State.DONE,
    (State.ASKED, Event.ACCEPTED): State.ASKED,
    (State.ASKED, Event.DENIED): State.REFUSED,
    (State.ASKED, Event.STOPPED): State.DONE,
    (State.ASKED, Event.EXPIRED): State.LATE,
    (State.ASKED, Event.LOST): State.LOST,
}
_STREAM: Table = {
    (State.ASKED, Event.DATA): State.RUNNING,
    (State.ASKED, Event.ACCEPTED): State.RUNNING,
    (State.ASKED, Event.DENIED): State.REFUSED,
    (State.ASKED, Event.STOPPED): State.STOPPING,
    (State.ASKED, Event.EXPIRED): State.LATE,
    (State.ASKED, Event.LOST): State.LOST,
    (State.RUNNING, Event.DATA): State.RUNNING,
    (State.RUNNING, Event.ACCEPTED): State.RUNNING,
    (State.RUNNING, Event.DENIED): State.REFUSED,
    (State.RUNNING, Event.STOPPED): State.STOPPING,
    (State.RUNNING, Event.LOST): State.LOST,
    (State.RETURNING, Event.DATA): State.RETURNING,
    (State.RETURNING, Event.ACCEPTED): State.RUNNING,
    (State.RETURNING, Event.DENIED): State.WAITING,
    (State.RETURNING, Event.STOPPED): State.STOPPING,
    (State.RETURNING, Event.LOST): State.LOST,
    (State.WAITING, Event.DATA): State.WAITING,
    (State.WAITING, Event.DENIED): State.WAITING,
    (State.WAITING, Event.STOPPED): State.DONE,
    (State.WAITING, Event.LOST): State.LOST,
    (State.WAITING, Event.AGAIN): State.RETURNING,
    (State.LATE, Event.STOPPED): State.STOPPING,
    (State.LOST, Event.RESTORED): State.RETURNING,
    (State.LOST, Event.STOPPED): State.DONE,
    (State.REFUSED, Event.STOPPED): State.DONE,
    (State.STOPPING, Event.DATA): State.STOPPING,
    (State.STOPPING, Event.ACCEPTED): State.DONE,
    (State.STOPPING, Event.DENIED): State.DONE,
    (State.STOPPING, Event.EXPIRED): State.DONE,
    (State.STOPPING, Event.LOST): State.DONE,
}
#: All transitions; what is not listed changes nothing.
TABLES: Mapping[str, Table] = {"GET_, COMMAND": _ANSWER, "STT_ ... STP_": _STREAM}


class Exchange:
    """One question, and what became of it.

    Attributes:
        question: the message to send.
        asked: what was asked of whom, for people.
        state: where it is.
        carried: number of the connection over which it was asked; 0: over none so far.
    """

    table: ClassVar[Table] = _ANSWER

    def __init__(self, session: Session, question: Message, asked: str) -> None:
        self.question, self.asked = question, asked
        self.state = State.ASKED
        self.answer: Frame | None = None
        self.device = question.device_name
        self.carried = 0
        self._session = session
        self._why = ""
        self._refusal: Message | None = None

    @property
    def settled(self) -> bool:
        """Whether the question is not open any more."""
        return self.state is not State.ASKED

    @property
    def deniable(self) -> bool:
        """Whether a "no" that names no question can be the answer to this one."""
        return self.state is State.ASKED

    def on(self, event: Event, why: str = "", refusal: Message | None = None) -> bool:
        """Go where the table leads; whether it leads anywhere."""
        state = self.table.get((self.state, event))
        if state is None:
            return False
        if state is not self.state:
            self.state, self._why, self._refusal = state, why or self._why, refusal
        return True

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self.state is State.REFUSED:
            raise NotAvailable(f"{self.asked}: {self._why}", self._refusal)
        if self.state is State.LATE:
            raise IgtlTimeoutError(f"{self.asked}: no answer within {self._why}")
        if self.state is State.LOST:
            raise ClosedError(f"{self.asked}: the link ended before the answer: {self._why}")

    def expire(self, timeout: float) -> None:
        """The time for an answer is over."""
        if (self.state, Event.EXPIRED) in self.table:
            self.on(Event.EXPIRED, f"{timeout:g} s{self._session.hint(self)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.on(Event.STOPPED)  # who asked waits no longer
        self._session.forget(self)


class AboutType(Exchange, Generic[M]):
    """A question for messages of one class."""

    def __init__(self, session: Session, cls: type[M], question: Message, asked: str) -> None:
        super().__init__(session, question, asked)
        self.cls = cls

    def wants(self, frame: Frame) -> bool:
        """Whether a frame can be what was asked for."""
        if not self.cls.knows(frame.raw_type):
            return False
        if not self.device or is_of(frame, self.device):
            return True
        return names_its_items(self.cls) and not self._session.also_pushed(frame)

    def resume(self) -> Message:
        """What to send when the link was restored: the question, as to somebody not known yet."""
        self.question = self.question.replace(header_version=1, message_id=0)
        return self.question

    def consented(self, ready: Ready) -> bool:
        """An RTS_ came; whether it means anything."""
        if ready.status == 0:
            return self.on(Event.ACCEPTED)
        ends = "the peer ended it with" if self.state is State.RUNNING else "the answer was"
        why = f"{ends} {ready.wire_type} with status {ready.status}"
        reason = ready.metadata.get("ErrorMessage")  # igtl's servers say it
        return self.on(Event.DENIED, f"{why}: {reason}" if reason else why, ready)


class Answer(AboutType[M]):
    """A GET_ and its answer."""

    def wants(self, frame: Frame) -> bool:
        """Whether a frame can be what was asked for; a message id settles that."""
        own, theirs = self.question.message_id, message_id_of(frame)
        if own and theirs:
            return own == theirs and self.cls.knows(frame.raw_type)
        return super().wants(frame)

    def result(self) -> M:
        """The message that was asked for.

        Raises:
            NotAvailable, TimeoutError, ClosedError: there is none.
            DecodeError: it is malformed.
        """
        self.check()
        assert self.answer is not None  # the state is DONE
        message: Any = decode_frame(self.answer)
        return message  # type: ignore[no-any-return]


class Order(Exchange):
    """A COMMAND and its reply."""

    def __init__(self, session: Session, question: Message, asked: str, name: str) -> None:
        super().__init__(session, question, asked)
        self.name = name
        self.reply: CommandReply | String | None = None

    def result(self) -> CommandReply:
        """The reply.

        Raises:
            CommandError: the peer says that it failed.
            TimeoutError, ClosedError: there is none.
        """
        self.check()
        assert self.reply is not None
        error = verdict(self.reply, self.name)
        reply = self.reply
        if isinstance(reply, String):
            reply = CommandReply(0, self.name, reply.text, device_name=reply.device_name)
        if error is not None:
            raise CommandError(f"{self.asked} failed: {error or 'no reason was given'}", reply)
        return reply


#: States of streams of which more may come.
_LIVE = (State.ASKED, State.RUNNING, State.RETURNING, State.WAITING)


class Subscription(AboutType[M]):
    """An STT_, the data that follow, and the STP_ that ends them.

    Attributes:
        backlog: data that came and wait to be taken.
        again_at: in the state WAITING, when it is to be asked again, by the session's clock.
        farewell: the STP_ that is still to be sent.
    """

    table = _STREAM

    def __init__(self, session: Session, cls: type[M], question: Message, asked: str) -> None:
        super().__init__(session, cls, question, asked)
        self.backlog = Backlog(
            session.inbox.counters, max_frames=_MOST_FRAMES, max_bytes=_MOST_BYTES
        )
        self.dropped = 0
        self.confirmed = False  # the peer answers with RTS_
        self.over_at = 0.0  # when what comes is no longer thrown away
        self.again_at = 0.0
        self.farewell: Message | None = None
        self._again = Backoff(first=_AGAIN, longest=_AGAIN_AT_MOST)
        self._fed = False  # data came since it was asked
        self._begun = session.inbox.counters.messages_received
        self._exact = False  # data came under the name that was asked for: no other is meant
        self._early: dict[Key, Frame] = {}  # of each device the last one before consent
        self._before: dict[Key, Frame] = {}  # of each device the last one, which may come again

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self.state in _LIVE or (self.state is State.LOST and not self._session.over)

    @property
    def over(self) -> bool:
        """Whether a stream that was stopped has come to its end."""
        return self.state is not State.STOPPING

    @property
    def deniable(self) -> bool:
        """Whether a "no" that names no question can be the answer to this one."""
        return super().deniable or (self.state is State.RETURNING and not self._fed)

    @property
    def refused(self) -> str:
        """Why a stream that is asked for again and again is not there yet, for people."""
        return self._why if self.state is State.WAITING else ""

    def on(self, event: Event, why: str = "", refusal: Message | None = None) -> bool:
        """Go where the table leads; whether it leads anywhere."""
        before = self.state
        known = super().on(event, why, refusal)
        if self.state is State.WAITING and before is not State.WAITING:
            self.confirmed = False
            self.postpone(self._session.clock())
        if self.state is not State.STOPPING:
            self.farewell = None
        return known

    def postpone(self, now: float) -> None:
        """Ask again later."""
        self.again_at = now + self._again.next()
        self._session.due_at = min(self._session.due_at, self.again_at)

    def wants(self, frame: Frame) -> bool:
        """Whether a frame can be what was asked for."""
        if self._exact:
            return self.cls.knows(frame.raw_type) and is_of(frame, self.device)
        return super().wants(frame)

    def take_in(self, frame: Frame) -> None:
        """Data came."""
        self._exact = self._exact or (self.device != "" and is_of(frame, self.device))
        self._fed = True
        key = frame.raw_type, frame.raw_name
        if self._before and self._before.pop(key, None) == frame:
            return
        if not self.confirmed and len(self._early) < _MOST_EARLY:
            self._early[key] = frame
        if self.state is not State.STOPPING:
            self.backlog.extend((frame,), len(frame.body))
            self.dropped += self.backlog.drop_oldest()

    def stop(self, now: float) -> Message | None:
        """What to send to end it; None when nothing has to be sent."""
        if not self.on(Event.STOPPED) or self.state is not State.STOPPING:
            return None
        self.over_at = now + _AFTERMATH
        for frame in self._taken().values():
            self._session.note_answered(frame)
        if not self._session.connected or self._session.streams_also(self):
            self.on(Event.EXPIRED)
            return None
        self.farewell = Stop(self.cls, device_name=self.device, **self._session.common())
        return self.farewell

    def consented(self, ready: Ready) -> bool:
        """An RTS_ came; whether it means anything."""
        first, self.confirmed = not self.confirmed, True
        if first:  # data that came before was pushed; the newest of it follows, once more
            self._before |= self._early
            self._early = {}
        if first and self.state is State.STOPPING:  # it is about STT_; that about STP_ follows
            return True
        return super().consented(ready)

    def resume(self) -> Message:
        """What to send when the link was restored."""
        self.confirmed = self._fed = False
        self._before = self._taken()
        self._again.reset()
        return super().resume()

    def ask_again(self) -> bool:
        """Its time has come; whether it is to be asked."""
        if not self.on(Event.AGAIN):
            return False
        self._fed = False
        return True

    def _taken(self) -> dict[Key, Frame]:
        """The last that came of each device."""
        newest = self._session.inbox.newest
        return {
            key: frame
            for key, (order, frame) in newest
            if order >= self._begun and self.wants(frame)
        }
