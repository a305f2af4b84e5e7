"""The questions of `ping`, and what their answers say of the peer's clock."""

from __future__ import annotations

import itertools

from igtl.errors import MessageError, NotAvailable
from igtl.messages.status import Status
from igtl.protocol.clock import Clock, ClockEstimate
from igtl.protocol.exchange import Answer
from igtl.protocol.matching import CLOCK
from igtl.protocol.session import Session

__all__ = ["Pings"]


class Pings:
    """Asks for the time, over one session.

    Attributes:
        clock: what was found out.
    """

    def __init__(self, session: Session) -> None:
        self.clock = Clock()
        self._session = session
        self._numbers = itertools.count()

    def check(self, count: object) -> None:
        """MessageError unless it is a number of questions that can be asked."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise MessageError(f"ping with a count of {count!r}, expected 1 question or more")

    def question(self) -> Answer[Status]:
        """GET_STATUS of a device that exists nowhere, never the same."""
        return self._session.get(Status, f"{CLOCK}{next(self._numbers)}", {})

    def compare(self, sent: float, answer: Status, arrived: float) -> None:
        """Take in the answer to a question; times in s since 1970 UTC by our clock.

        An igtl server tells in the subcode when it received the question, in ns, and in the header
        when it answered. Others may tell the latter.
        """
        answered = answer.timestamp
        if answered is None:
            return
        received = answer.subcode / 1e9
        if not 0 <= answered - received < 60:
            received = answered
        self.clock.exchange(sent, received, answered, arrived)

    def estimate(self) -> ClockEstimate:
        """What is known of the peer's clock; NotAvailable when it gives no time."""
        if self.clock.estimate is None:
            raise NotAvailable(f"{self._session.endpoint} answers, but gives no time")
        return self.clock.estimate
