"""Answers to what clients ask: what the service says, sent; and handlers, run with a deadline."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from igtl.errors import ClosedError, CommandError, MessageError, NotAvailable, OpenIGTLinkError
from igtl.messages.command import Command
from igtl.messages.message import Message
from igtl.messages.query import Start
from igtl.net.lanes import Lanes
from igtl.net.reactor import Reactor, Timer
from igtl.protocol.commands import Handler, Job, Reply, explained
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.service import Service

if TYPE_CHECKING:
    from igtl.net.peer import Peer

__all__ = ["Answers", "Caller"]

_log = logging.getLogger("igtl")

#: What handlers raise to refuse.
_REFUSALS = (NotAvailable, CommandError, MessageError)
#: Calls a handler with (client, question) and gives its result; the last is for how many seconds
#: somebody waits for it.
Caller = Callable[[Handler, "Peer", Message, float], object]


class Run:
    """One handler's work for a client; its result and its deadline race for the answer.

    Attributes:
        job: None once the race is over: who still waits keeps nothing in memory.
    """

    def __init__(self, peer: Peer, job: Job, deadline: float) -> None:
        self.peer, self.deadline = peer, deadline
        self.job: Job | None = job
        self.expiry: Timer | None = None
        self._lock = threading.Lock()

    def claim(self) -> Job | None:
        """The job, for who comes first to answer; None for all others."""
        with self._lock:
            job, self.job = self.job, None
            return job


class Answers:
    """Answers questions; `answer` is called in the reactor's thread.

    Handlers run in threads of their own, those for one client one after another.

    Args:
        timeout: seconds that a handler may take until its client is told that it failed.
        failed: told of each handler that raised something unexpected, and of what it is for,
            while that is being handled.

    Attributes:
        call: how handlers are called.
    """

    def __init__(
        self,
        reactor: Reactor,
        service: Service,
        *,
        name: str,
        timeout: float,
        failed: Callable[[Peer, str], None],
    ) -> None:
        self._reactor, self._service = reactor, service
        self._timeout, self._failed = timeout, failed
        self._lanes = Lanes(f"{name} handlers", busy=lambda peer: bool(peer.crowded))
        self.call: Caller = _called

    def answer(self, peer: Peer, question: Message, size: int = 0) -> None:
        """Answer a client, now or when a handler is done.

        Args:
            size: bytes of memory that the question takes.
        """
        received, now = time.time(), time.monotonic()
        with peer.lock:  # data of a stream that starts must not overtake the answer
            try:
                answer = self._service.answer(peer.guest, question, now, received)
            except OpenIGTLinkError as error:
                _log.warning("igtl: client %s: %s: %s", peer.address, question.wire_type, error)
                peer.counters.errors += 1
                self._refuse(peer, partial(self._service.refuse, peer.guest, question, str(error)))
                return
            if not isinstance(answer, Job):
                self._answer_now(peer, question, answer)
        if isinstance(answer, Job):
            self._run(peer, answer, size)

    def resume(self, peer: Peer) -> None:
        """A client is not crowded any more: run its handlers."""
        self._lanes.resume(peer)

    def close(self) -> None:
        """Run nothing more."""
        self._lanes.close()

    def _answer_now(self, peer: Peer, question: Message, answer: list[Reply]) -> None:
        """Send an answer; to a query for a stream its first data follow. The lock is held.

        Where it cannot be said to this kind of client, the question is refused.
        """
        first: list[Outgoing] = []
        if isinstance(question, Start):
            first = [one for one in answer if isinstance(one, Outgoing)]
            answer = [one for one in answer if not isinstance(one, Outgoing)]
        try:
            self._send(peer, answer)
        except MessageError as error:
            _log.warning("igtl: client %s: %s: %s", peer.address, question.wire_type, error)
            peer.counters.errors += 1
            self._refuse(peer, partial(self._service.refuse, peer.guest, question, str(error)))
        if first:
            peer.begin(first)
        elif not peer.guest.plain:
            peer.schedule()

    def _run(self, peer: Peer, job: Job, size: int) -> None:
        run = Run(peer, job, time.monotonic() + self._timeout)
        run.expiry = self._reactor.call_at(run.deadline, partial(self._expire, run))
        if not self._lanes.submit(peer, partial(self._work, run), size):
            why = "the server is closing" if self._lanes.closed else "too many requests wait"
            self._fail(run, f"busy: {why}")

    def _work(self, run: Run) -> None:
        """Call the handler (a handlers' thread)."""
        job = run.job
        if job is None:  # it had to wait until its client was told that it failed
            return
        if run.peer.closed and not isinstance(job.question, Command):
            run.claim()  # nobody is there to get the answer
            self._forget_expiry(run)
            return
        try:
            left = run.deadline - time.monotonic()
            result = self.call(job.handler, run.peer, job.question, left)
        except BaseException as error:  # noqa: BLE001 - users' code may raise anything
            self._raised(run, job, error)
        else:
            self._finish(run, job, result)

    def _raised(self, run: Run, job: Job, error: BaseException) -> None:
        """A handler raised something, which is being handled."""
        if time.monotonic() >= run.deadline:
            self._expire(run)
        meant = isinstance(error, _REFUSALS)
        if not meant and run.job is not None and not self._lanes.closed:
            self._failed(run.peer, f"the handler of {job.label}")
        if not self._fail(run, _said(error)):
            _log.warning(
                "igtl: the handler of %s ended after its deadline: %s", job.label, _said(error)
            )

    def _finish(self, run: Run, job: Job, result: object) -> None:
        """A handler is done: send what came of it, or why that cannot be sent."""
        if run.claim() is None:
            _log.warning("igtl: the handler of %s ended after its deadline", job.label)
            return
        self._forget_expiry(run)
        try:
            self._send(run.peer, self._replies(run.peer, partial(job.finish, result)))
        except Exception as error:  # noqa: BLE001 - what the handler gave may be anything
            self._failed(run.peer, f"the handler of {job.label}")
            self._refuse(run.peer, partial(job.fail, _said(error)))

    def _expire(self, run: Run) -> None:
        """A handler's time is over (reactor's thread)."""
        job = run.claim()
        if job is not None:
            _log.warning("igtl: the handler of %s took longer than %g s", job.label, self._timeout)
            run.peer.counters.errors += 1  # who is told can rely on it
            self._tell(run, job, f"it took longer than {self._timeout:g} s")

    def _fail(self, run: Run, why: str) -> bool:
        """Tell a client that its request failed, unless it was answered already."""
        job = run.claim()
        if job is not None:
            self._tell(run, job, why)
        return job is not None

    def _tell(self, run: Run, job: Job, why: str) -> None:
        """Tell a client that its request failed."""
        self._forget_expiry(run)
        self._refuse(run.peer, partial(job.fail, why))

    def _forget_expiry(self, run: Run) -> None:
        if run.expiry is not None:
            self._reactor.cancel(run.expiry)

    def _refuse(self, peer: Peer, outcome: Callable[[], list[Reply]]) -> None:
        """Tell a client that it gets nothing; where not even that can be said, count it."""
        try:
            self._send(peer, self._replies(peer, outcome))
        except MessageError as error:
            _log.warning("igtl: client %s gets no answer: %s", peer.address, error)
            peer.counters.errors += 1

    def _replies(self, peer: Peer, outcome: Callable[[], list[Reply]]) -> list[Reply]:
        """What to send; replies to commands are remembered with the client."""
        with peer.lock:
            return outcome()

    def _send(self, peer: Peer, replies: Sequence[Reply]) -> None:
        """Send replies; MessageError when they cannot be sent."""
        with contextlib.suppress(ClosedError):
            if replies:
                peer.answer(*replies)


def _called(handler: Handler, peer: Peer, question: Message, _left: float) -> object:
    return handler(peer, question)


def _said(error: BaseException) -> str:
    """What a client is told of an exception, whatever that is."""
    try:
        text = explained(error)
    except Exception:  # noqa: BLE001 - users' exceptions may fail to say what they are
        text = type(error).__name__
    return text.encode(errors="backslashreplace").decode()
