from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

import igtl
import igtl.net.aio_line
import igtl.net.line
import igtl.protocol.link
from tests.net.raw import RawPeer, RawServer, image, numbers_of, pose, poses, wire
from tests.net.shells import Link
from tests.net.waiting import (
    PATIENCE,
    asleep,
    background,
    eventually,
    linux_only,
    taken_by_kernel,
    within,
)

#: What a thread may be busy with when another one closes the link.
BLOCKING: dict[str, Callable[[Link], Any]] = {
    "iteration": list,
    "frames": lambda link: list(link.frames()),
    "receive": lambda link: link.receive(),
    "receive-in-time": lambda link: link.receive(PATIENCE),
    "latest": lambda link: link.latest(igtl.Image, timeout=PATIENCE),
}


@linux_only
@pytest.mark.parametrize("what", BLOCKING)
def test_closing_ends_what_another_thread_waits_for(pair: tuple[Link, RawPeer], what: str) -> None:
    link, peer = pair
    peer.send(wire(pose(1)))
    eventually(lambda: taken_by_kernel(peer.sock))
    if what.startswith("receive"):
        assert numbers_of([link.receive(PATIENCE)]) == [1]
    result, thread = background(lambda: BLOCKING[what](link))
    eventually(lambda: link.counters.messages_received == 1 and asleep(thread))
    with within():
        link.close()
    if what in ("iteration", "frames"):
        assert len(result.result(PATIENCE)) == 1
    else:
        with pytest.raises(igtl.ClosedError, match="this side closed the link"):
            result.result(PATIENCE)


@linux_only
def test_closing_ends_a_message_that_another_thread_waits_for_the_rest_of(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    peer.send(wire(pose(1)) + wire(image(500_000))[:100_000])
    result, thread = background(lambda: list(link))
    eventually(lambda: link.counters.bytes_received == 100_106 and asleep(thread))
    with within():
        link.close()
    assert numbers_of(result.result(PATIENCE)) == [1]


@linux_only
def test_closing_ends_sending_to_a_peer_that_does_not_read(
    slow_pair: tuple[Link, RawPeer],
) -> None:
    link, _ = slow_pair
    result, thread = background(lambda: link.send(image(12_000_000), timeout=PATIENCE))
    eventually(lambda: asleep(thread))
    with within():
        link.close()
    with pytest.raises(igtl.ClosedError):
        result.result(PATIENCE)


def test_closing_twice_is_closing_once(pair: tuple[Link, RawPeer]) -> None:
    link, _ = pair
    link.close()
    link.close()
    assert link.closed


def test_many_threads_may_close_at_once(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    background(peer.close_with_peer)
    link.send(pose(1))
    gate = threading.Barrier(8)

    def close() -> None:
        gate.wait(PATIENCE)
        link.close()

    closing = [background(close)[0] for _ in range(8)]
    with within():
        for one in closing:
            one.result(PATIENCE)


def test_a_closed_link_says_so(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    background(peer.close_with_peer)
    link.send(pose(1))
    link.close()
    assert link.closed
    assert list(link) == list(link.frames()) == []
    with within():
        for use in (
            lambda: link.send(pose(2)),
            link.receive,
            lambda: link.receive(timeout=1),
            lambda: link.latest(igtl.Transform),
        ):
            with pytest.raises(igtl.ClosedError, match="this side"):
                use()
    assert link.counters.messages_sent == 1
    assert link.peer_address == link.endpoint


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_link_may_be_closed_after_its_peer_was(pair: tuple[Link, RawPeer], end: str) -> None:
    link, peer = pair
    getattr(peer, end)()
    with within():
        link.close()
    assert link.closed


def test_a_link_may_be_closed_after_sending_failed(slow_pair: tuple[Link, RawPeer]) -> None:
    link, _ = slow_pair
    with pytest.raises(igtl.TimeoutError):
        link.send(image(12_000_000), timeout=0.05)
    with within():
        link.close()


def test_what_was_sent_still_arrives_after_closing(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    link.send(*poses(300))
    link.close()
    assert numbers_of(peer.receive_rest()) == [*range(300)]


def test_a_lot_that_was_sent_still_arrives_after_closing(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    sent = [image(300_000, number).replace(timestamp=1.0) for number in range(4)]
    link.send(*sent, timeout=PATIENCE)
    received, _ = background(peer.receive_rest_and_close)
    link.close()
    assert received.result(PATIENCE) == sent


@linux_only
@pytest.mark.parametrize("reads", ["reads", "does not read"])
def test_what_was_sent_still_arrives_at_a_slow_peer_that_goes_on_sending(
    slow_pair: tuple[Link, RawPeer], reads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread data makes the kernel break the connection off when a socket is closed."""
    for module in (igtl.net.line, igtl.net.aio_line):
        monkeypatch.setattr(module, "_LINGER", 1.0)
    link, peer = slow_pair
    peer.send(wire(*poses(300)))
    eventually(lambda: taken_by_kernel(peer.sock))
    reading, _ = background(lambda: list(link) if reads == "reads" else [])
    if reads == "reads":
        eventually(lambda: link.counters.messages_received == 300)
    sent = wire(image(2_000_000).replace(timestamp=1.0))
    link.send(igtl.decode(sent))
    closing, closer = background(link.close)
    eventually(lambda: closing.done() or asleep(closer))
    received = b""
    pace = threading.Event()
    while len(received) < len(sent):  # for longer than closing waits for a peer that stands still
        received += peer.read(min(60_000, len(sent) - len(received)))
        peer.send(wire(pose(1)))
        pace.wait(0.04)
    assert received == sent
    peer.close()
    closing.result(PATIENCE)
    reading.result(PATIENCE)


def test_closing_takes_no_longer_than_it_must_when_the_peer_stays(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    peer.send(wire(*poses(900)))
    link.send(pose(1))
    with within():
        link.close()


def test_leaving_a_with_statement_closes(listener: RawServer) -> None:
    with pytest.raises(ZeroDivisionError), igtl.connect(listener.endpoint) as link:
        raise ZeroDivisionError
    assert link.closed
    assert "closed" in repr(link)


@pytest.mark.parametrize("there", [1, 57, 60, 300_000])
def test_a_peer_that_stops_in_the_middle_of_a_message_is_given_up(
    pair: tuple[Link, RawPeer], there: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(igtl.protocol.link.Link, "stall_timeout", 0.1)
    link, peer = pair
    peer.send(wire(pose(1)) + wire(image(500_000))[:there])
    assert numbers_of([link.receive(PATIENCE)]) == [1]
    with within(), pytest.raises(igtl.ClosedError, match=r"sent nothing for 0\.1 s in the middle"):
        link.receive()
    with pytest.raises(igtl.ClosedError, match=r"sent nothing for 0\.1 s"):
        list(link)


def test_a_peer_that_is_silent_between_messages_is_not_given_up(
    pair: tuple[Link, RawPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(igtl.protocol.link.Link, "stall_timeout", 0.05)
    link, peer = pair
    peer.send(wire(pose(1)))
    assert numbers_of([link.receive(PATIENCE)]) == [1]
    with pytest.raises(igtl.TimeoutError):
        link.receive(0.3)
    peer.send(wire(pose(2)))
    assert numbers_of([link.receive(PATIENCE)]) == [2]


@linux_only
@pytest.mark.parametrize("what", ["iteration", "receive-in-time"])
def test_a_signal_handler_may_close_the_link_that_it_interrupts(
    listener: RawServer, what: str
) -> None:
    """What programs do on SIGTERM; only a blocking link is ever interrupted."""
    link = igtl.connect(listener.endpoint)
    listener.accept().send(wire(pose(1)))
    main = threading.current_thread()
    assert main is threading.main_thread()
    before = signal.signal(signal.SIGUSR1, lambda *_: link.close())

    def interrupt() -> None:
        eventually(lambda: link.counters.messages_received == 1 and asleep(main))
        os.kill(os.getpid(), signal.SIGUSR1)

    try:
        assert numbers_of([link.receive(PATIENCE)]) == [1]
        background(interrupt)
        with within():
            if what == "iteration":
                assert list(link) == []
            else:
                with pytest.raises(igtl.ClosedError):
                    BLOCKING[what](link)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert link.closed
