"""Ctrl-C between any two lines of a program that catches it and goes on."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, takewhile
from types import FrameType

import pytest

import igtl
from tests.net.raw import RawPeer, RawServer, dial, image, number_of, pose, poses, wire
from tests.net.waiting import PATIENCE, background

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="needs a way to interrupt the main thread"
)


ENOUGH = 4  # interrupts that a test wants to have seen, however fast the machine is


class Interrupts:
    """Raises KeyboardInterrupt in the main thread, again and again at random moments."""

    def __init__(self, seed: int) -> None:
        self.count = 0
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._armed = False
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        signal.signal(signal.SIGUSR1, self._interrupt)
        self._thread.start()

    def until_some(self, at_least: int) -> Iterator[int]:
        """Numbers from 0: `at_least` so many, and more until it has interrupted often enough."""
        return takewhile(lambda number: number < at_least or self.count < ENOUGH, count())

    def stop(self) -> None:
        """Interrupt no more."""
        self._armed = False
        self._over.set()
        self._thread.join()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Let the work inside be interrupted, and go on behind it."""
        with contextlib.suppress(KeyboardInterrupt):
            self._armed = True
            yield
            self._armed = False

    def _run(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        # Longer each time: on a slow machine, too, something is done in between.
        while not self._over.wait(self._chance.uniform(0.0002, 0.002) * (1 + self.count / 100)):
            signal.pthread_kill(main, signal.SIGUSR1)

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            self.count += 1
            raise KeyboardInterrupt


@contextmanager
def interrupts(seed: int) -> Iterator[Interrupts]:
    made = Interrupts(seed)
    before = signal.getsignal(signal.SIGUSR1)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        signal.signal(signal.SIGUSR1, before)


def persist(work: Callable[[], bool], ctrl_c: Interrupts) -> None:
    """Go on with `work` until it says that it is done, however often it is interrupted."""
    done = False
    while not done:
        with ctrl_c.caught():
            done = work()


@pytest.mark.parametrize("seed", range(4))
def test_receiving_goes_on_with_whole_messages(listener: RawServer, seed: int) -> None:
    """At most the one message that was on its way to the caller is missing."""
    received: list[int] = []

    def send_all(ctrl_c: Interrupts) -> None:
        with listener.accept() as peer:
            peer.send(wire(*poses(40_000)))
            for number in ctrl_c.until_some(0):
                peer.send(wire(pose(40_000 + number)))

    with igtl.connect(listener.endpoint) as link, interrupts(seed) as ctrl_c:
        background(partial(send_all, ctrl_c))

        def work() -> bool:
            try:
                for message in link:
                    received.append(number_of(message))  # noqa: PERF401 (keeps those before)
            except igtl.ClosedError as error:
                assert "interrupted" in str(error)  # noqa: PT017 (it need not be raised)
                return True
            return True

        persist(work, ctrl_c)
    assert ctrl_c.count  # fewer than ENOUGH where one of them ended the link
    assert received == sorted(set(received))
    assert received[-1:] <= [len(received) + ctrl_c.count - 1]


def test_a_peer_gets_whole_messages_and_at_most_a_part_at_the_end(listener: RawServer) -> None:
    """An interrupted send ends the link, since half of a message may be out."""
    with interrupts(1) as ctrl_c:
        for _ in ctrl_c.until_some(15):
            link = igtl.connect(listener.endpoint)
            receiving, _ = background(partial(whole_messages, listener.accept()))
            numbers = iter(range(1500))

            def work(link: igtl.Client = link, numbers: Iterator[int] = numbers) -> bool:
                for number in numbers:
                    try:
                        link.send(pose(number), image(40_000, number), timeout=PATIENCE)
                    except igtl.ClosedError:
                        return True
                return True

            persist(work, ctrl_c)
            link.close()
            received = receiving.result(PATIENCE)
            assert received == sorted(set(received))
    assert ctrl_c.count >= ENOUGH


@pytest.mark.parametrize("seed", range(3))
def test_answers_belong_to_their_questions_whatever_was_interrupted(seed: int) -> None:
    """Where Ctrl-C ends the link, the next one is asked; a question in vain is asked again."""
    links: list[igtl.Client] = []
    answers: list[tuple[int, str]] = []
    with igtl.Server(0) as server, interrupts(seed) as ctrl_c:
        numbers = takewhile(lambda _: len(answers) < 1000 or ctrl_c.count < ENOUGH, count())

        @server.on_get(igtl.String)
        def answer(_: igtl.Peer, query: igtl.Message) -> igtl.String:
            return igtl.String(query.device_name, device_name=query.device_name)

        def work() -> bool:
            for number in numbers:
                text = links[-1].get(igtl.String, str(number), timeout=PATIENCE).text
                answers.append((number, text))
            return True

        done = False
        while not done:
            if not links or links[-1].closed:
                links.append(igtl.connect(server.endpoint, profile="igtl"))
            with ctrl_c.caught(), contextlib.suppress(igtl.ClosedError):
                done = work()
        ctrl_c.stop()
        for link in links:
            link.close()
    assert ctrl_c.count >= ENOUGH
    assert all(text == str(number) for number, text in answers)


@pytest.mark.parametrize("seed", range(4))
def test_clients_of_a_server_get_whole_messages_and_at_most_a_part_at_the_end(seed: int) -> None:
    with igtl.Server(0) as server, dial(server.port) as peer, interrupts(seed) as ctrl_c:
        assert server.wait_for_clients(timeout=PATIENCE)
        receiving, _ = background(lambda: whole_messages(peer))
        numbers = ctrl_c.until_some(1500)

        def work() -> bool:
            for number in numbers:
                server.publish(pose(number), image(40_000, number))
            return True

        persist(work, ctrl_c)
        ctrl_c.stop()
        server.close()
        received = receiving.result(PATIENCE)
    assert ctrl_c.count >= ENOUGH
    assert received == sorted(set(received))


def whole_messages(peer: RawPeer) -> list[int]:
    """The numbers of all poses that come, until the other side ends, in a message or behind one."""
    received = []
    with contextlib.suppress(EOFError, igtl.FramingError, ConnectionError):  # the end, or a part
        while True:
            message = peer.receive()
            if isinstance(message, igtl.Transform):
                received.append(number_of(message))
    assert not peer.sock.recv(1)
    return received
