"""Peers that fall silent: those that are gone are given up in time, all others stay."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import igtl
import igtl.protocol.link
from igtl.protocol.recovery import LinkEvent, Reconnect
from tests.net.proxy import Proxy
from tests.net.raw import RawPeer, RawServer, image, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link, Shell, receive_some
from tests.net.waiting import PATIENCE, background, eventually, within

#: Seconds of silence that these links bear.
BEARS = 1.0


@pytest.fixture
def watched(shell: Shell, listener: RawServer) -> tuple[Link, RawPeer]:
    """A link that watches its peer."""
    return shell.connect(listener.endpoint, keep_alive=BEARS), listener.accept()


@contextmanager
def not_before(seconds: float) -> Iterator[None]:
    """What happens inside takes so long at least."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start >= seconds


def test_a_peer_that_falls_silent_without_closing_is_noticed_in_time(shell: Shell) -> None:
    server = shell.serve()
    with Proxy(server.port) as proxy:
        link = shell.connect(proxy.endpoint, keep_alive=BEARS)
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(pose(1))
        assert number_of(link.receive(PATIENCE)) == 1
        proxy.silence()
        wanted = rf"{link.endpoint} gave no sign of life for 1 s"
        with (
            not_before(BEARS * 0.9),
            within(),
            pytest.raises(igtl.ClosedError, match=wanted),
        ):
            link.receive()
        assert link.closed


def test_questions_and_streams_of_a_silent_peer_fail_too(watched: tuple[Link, RawPeer]) -> None:
    link, _ = watched
    with within(), pytest.raises(igtl.ClosedError, match="no sign of life"):
        link.get(igtl.Image, timeout=PATIENCE)


def test_a_silent_link_comes_back(shell: Shell) -> None:
    server = shell.serve()
    with Proxy(server.port) as proxy:
        again = Reconnect(first_delay=0.01, longest_delay=0.05)
        link = shell.connect(proxy.endpoint, keep_alive=BEARS, reconnect=again)
        events: list[LinkEvent] = []
        link.on_event(events.append)
        assert server.wait_for_clients(timeout=PATIENCE)
        proxy.silence()
        waiting, _ = background(lambda: link.receive(PATIENCE))
        eventually(lambda: "lost" in [one.kind for one in events])
        proxy.resume()

        def heard() -> bool:
            server.publish(pose(1))
            return waiting.done()

        eventually(heard)
        assert number_of(waiting.result(PATIENCE)) == 1
    assert "no sign of life" in events[0].reason
    assert events[0].gap >= BEARS * 0.9


def test_a_peer_that_answers_stays(watched: tuple[Link, RawPeer]) -> None:
    """Its answers are no news, for they were asked for by nobody else."""
    link, peer = watched
    waiting, _ = background(lambda: link.receive(PATIENCE))
    with not_before(1.2 * BEARS):
        for _ in range(3):
            question = peer.receive()
            assert isinstance(question, igtl.Get)
            assert question.target is igtl.Status
            peer.send(wire(igtl.Status(device_name=question.device_name)))
    peer.send(wire(pose(1)))
    assert number_of(waiting.result(PATIENCE)) == 1
    with pytest.raises(igtl.TimeoutError):
        link.receive(0)


def test_an_igtl_server_stays(shell: Shell) -> None:
    server = shell.serve()
    link = shell.connect(server.endpoint, keep_alive=BEARS)

    def asked_often() -> bool:
        with pytest.raises(igtl.TimeoutError):
            link.receive(0.1)
        return link.counters.messages_received > 2

    eventually(asked_often)
    server.publish(pose(1))
    assert number_of(link.receive(PATIENCE)) == 1


def test_a_peer_that_sends_stays_and_is_not_asked(watched: tuple[Link, RawPeer]) -> None:
    link, peer = watched
    waiting, _ = background(lambda: receive_some(link, 12))
    pace = threading.Event()
    for message in poses(12):
        peer.send(wire(message))
        pace.wait(BEARS / 10)
    assert numbers_of(waiting.result(PATIENCE)) == [*range(12)]
    link.close()
    assert peer.receive_rest() == []


def test_a_peer_that_is_slow_with_a_large_message_stays(watched: tuple[Link, RawPeer]) -> None:
    link, peer = watched
    waiting, _ = background(lambda: link.receive(PATIENCE))
    pace = threading.Event()
    data = wire(image(300_000).replace(timestamp=1.0))
    for start in range(0, len(data), len(data) // 12):
        peer.send(data[start : start + len(data) // 12])
        pace.wait(BEARS / 10)
    assert waiting.result(PATIENCE) == igtl.decode(data)


def test_slicer_is_not_asked_and_not_given_up_for_that(shell: Shell, listener: RawServer) -> None:
    """It answers nothing, and may crash on a query: a STATUS is sent, and TCP has to tell."""
    link = shell.connect(listener.endpoint, keep_alive=0.1, profile="slicer")
    peer = listener.accept()
    waiting, _ = background(lambda: link.receive(PATIENCE))
    assert [one.wire_type for one in peer.receive_some(5)] == ["STATUS"] * 5
    peer.send(wire(pose(1)))
    assert number_of(waiting.result(PATIENCE)) == 1


def test_a_program_that_takes_nothing_for_long_gives_nobody_up(
    shell: Shell, listener: RawServer
) -> None:
    """More than a line holds: the peer has to wait, which is no silence of its own."""
    count = 120_000
    crowd = wire(pose(1)) * count
    link, peer = shell.connect(listener.endpoint, keep_alive=BEARS), listener.accept()
    sending, _ = background(lambda: peer.send(crowd))
    threading.Event().wait(1.5 * BEARS)
    assert len(receive_some(link, count)) == count
    sending.result(PATIENCE)


def test_a_program_that_did_not_look_for_long_asks_first() -> None:
    """Only a blocking link looks when the program does."""
    with (
        RawServer() as listener,
        igtl.connect(listener.endpoint, keep_alive=BEARS) as link,
        listener.accept() as peer,
    ):
        threading.Event().wait(1.5 * BEARS)
        waiting, _ = background(lambda: link.receive(PATIENCE))
        assert peer.receive().wire_type == "GET_STATUS"
        peer.send(wire(pose(1)))
        assert number_of(waiting.result(PATIENCE)) == 1


def test_looking_often_and_shortly_also_notices(watched: tuple[Link, RawPeer]) -> None:
    link, _ = watched
    with (
        not_before(BEARS * 0.9),
        within(),
        pytest.raises(igtl.ClosedError, match="no sign of life"),
    ):
        look_for_ever(link)


def test_looking_often_and_shortly_also_notices_who_stops_in_the_middle_of_a_message(
    pair: tuple[Link, RawPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(igtl.protocol.link.Link, "stall_timeout", 0.2)
    link, peer = pair
    peer.send(wire(pose(1))[:70])
    with within(), pytest.raises(igtl.ClosedError, match=r"sent nothing for 0\.2 s in the middle"):
        look_for_ever(link)


def look_for_ever(link: Link) -> None:
    while True:
        try:
            link.receive(0.01)
        except igtl.TimeoutError:
            continue


def test_a_peer_that_takes_a_long_message_slowly_stays(shell: Shell) -> None:
    """It cannot be asked meanwhile, and says nothing; but the socket makes room."""
    pace = threading.Event()
    data = image(8 << 20)

    def read_slowly(peer: RawPeer) -> int:
        count = 0
        while count < 8 << 20 and (part := peer.read(1 << 17)):
            count += len(part)
            pace.wait(BEARS / 20)
        return count

    with RawServer(receive_buffer=1 << 16) as server:
        link = shell.connect(server.endpoint, keep_alive=BEARS, profile="igtl")
        taking, _ = background(lambda: read_slowly(server.accept()))
        waiting, _ = background(lambda: link.receive(PATIENCE))
        with not_before(1.2 * BEARS):
            link.send(data, timeout=PATIENCE)
        assert not link.closed
        link.close()
        with pytest.raises(igtl.ClosedError):
            waiting.result(PATIENCE)
        assert taking.result(PATIENCE) > 7 << 20


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_time_outs_that_make_no_sense_are_refused(shell: Shell, seconds: float) -> None:
    with pytest.raises(igtl.MessageError, match="expected a time-out above 0 s"):
        shell.connect("127.0.0.1:1", keep_alive=seconds)
