"""Answers to what clients ask: what the service says, sent; and handlers, run with a deadline."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from igtl.errors import ClosedError, MessageError, NotAvailable, OpenIGTLinkError, TimeoutError
from igtl.messages.message import Message
from igtl.net.lanes import Lanes
from igtl.net.reactor import Reactor
from igtl.protocol.service import Job, Reply, Service, explained

if TYPE_CHECKING:
    from igtl.net.peer import Peer

__all__ = ["Answers"]

_log = logging.getLogger("igtl")


class Answers:
    """Answers questions; `answer` is called in the reactor's thread.

    Handlers run in threads of their own, those for one client one after another.

    Args:
        timeout: seconds that a handler may take until its client is told that it failed.
        failed: told of each handler that raised something.
    """

    def __init__(
        self,
        reactor: Reactor,
        service: Service,
        *,
        name: str,
        timeout: float,
        failed: Callable[[Peer, Callable[..., object]], None],
    ) -> None:
        self._reactor, self._service = reactor, service
        self._timeout, self._failed = timeout, failed
        self._lanes = Lanes(f"{name} handlers")

    def answer(self, peer: Peer, question: Message) -> None:
        """Answer a client, now or when a handler is done."""
        received, now = time.time(), time.monotonic()
        with peer.lock:  # data of a stream that starts must not overtake the answer
            try:
                answer = self._service.answer(peer.guest, question, now, received)
            except OpenIGTLinkError as error:
                _log.warning("igtl: client %s: %s: %s", peer.address, question.wire_type, error)
                peer.counters.errors += 1
                return
            if not isinstance(answer, Job):
                self._send(peer, answer)
                peer.schedule()
        if isinstance(answer, Job):
            self._run(peer, answer)

    def close(self) -> None:
        """Run nothing more."""
        self._lanes.close()

    def _run(self, peer: Peer, job: Job) -> None:
        claim = threading.Lock()  # of the outcome: the handler's or that of the deadline

        def work() -> None:
            try:
                outcome = partial(job.finish, job.handler(peer, job.question))
            except BaseException as error:  # noqa: BLE001 - users' code may raise anything
                if not isinstance(error, NotAvailable):
                    self._failed(peer, job.handler)
                outcome = partial(job.fail, explained(error))
            if claim.acquire(blocking=False):
                self._settle(peer, job, outcome)
            else:
                _log.warning("igtl: %r ended after its deadline", job.handler)

        def expire() -> None:
            if claim.acquire(blocking=False):
                late = f"it took longer than {self._timeout:g} s"
                self._settle(peer, job, partial(job.fail, late))

        if self._lanes.submit(peer, work):
            self._reactor.call_at(time.monotonic() + self._timeout, expire)
        else:
            self._settle(peer, job, partial(job.fail, "busy: too many requests wait"))

    def _settle(self, peer: Peer, job: Job, outcome: Callable[[], list[Reply]]) -> None:
        """Send what came of a job."""
        try:
            replies = outcome()
        except Exception as error:  # noqa: BLE001 - what the handler gave may be anything
            self._failed(peer, job.handler)
            replies = job.fail(explained(error))
        self._send(peer, replies)

    def _send(self, peer: Peer, replies: Sequence[Reply]) -> None:
        try:
            if replies:
                peer.send(*replies)
        except (ClosedError, TimeoutError):
            pass  # the client is gone, or its queue full, which is counted
        except MessageError as error:
            _log.warning("igtl: client %s gets no answer: %s", peer.address, error)
            peer.counters.errors += 1
