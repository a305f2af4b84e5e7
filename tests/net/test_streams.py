"""Streams that were asked for: from an igtl server, and from peers that go about it otherwise."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

import igtl
from tests.net.raw import RawPeer, numbers_of, pose, poses, wire
from tests.net.shells import Link, Service, Shell, Streamed, receive_some
from tests.net.waiting import PATIENCE, asleep, background, eventually, linux_only, within

Opening = Future[Streamed[igtl.Transform]]


@pytest.fixture
def link(shell: Shell, server: Service) -> Link:
    return shell.connect(server.endpoint)


def opening(link: Link, device: str | None = None) -> Opening:
    """A stream that is being asked for."""
    return background(lambda: link.stream(igtl.Transform, device, timeout=PATIENCE))[0]


def opened(link: Link, peer: RawPeer, *first: igtl.Message) -> Streamed[igtl.Transform]:
    """A stream that the peer answered."""
    stream = opening(link)
    assert peer.receive().wire_type == "STT_TRANS"
    peer.send(wire(*first))
    return stream.result(PATIENCE)


READY, NO = igtl.Ready(igtl.Transform, 0), igtl.Ready(igtl.Transform, 1)


class TestIgtlServer:
    def test_gives_what_is_published_until_it_is_left(self, server: Service, link: Link) -> None:
        server.offer(pose(0))
        with link.stream(igtl.Transform, "Probe") as frames:
            server.publish(*poses(300, 1), pose(9, "Stylus"))
            received = [frames.receive(PATIENCE) for _ in range(301)]
            assert numbers_of(received) == [*range(301)]
        server.publish(pose(1000), igtl.Status(device_name="end"))
        rest = [link.receive(PATIENCE) for _ in range(3)]
        assert [one.device_name for one in rest] == ["Stylus", "Probe", "end"]
        assert list(frames) == []

    def test_says_what_it_does_not_have(self, server: Service, link: Link) -> None:
        wanted = rf"STT_TDATA of device 'Nobody' from {server.endpoint}"
        with pytest.raises(igtl.NotAvailable, match=wanted):
            link.stream(igtl.TrackingData, "Nobody")
        assert not link.closed

    def test_keeps_streams_apart(self, server: Service, link: Link) -> None:
        server.offer(pose(0, "A"), pose(0, "B"))
        one, other = link.stream(igtl.Transform, "A"), link.stream(igtl.Transform, "B")
        server.publish(*(pose(number, "AB"[number % 2]) for number in range(1, 101)))
        assert numbers_of(other.receive(PATIENCE) for _ in range(51)) == [0, *range(1, 100, 2)]
        one.close()
        assert numbers_of(one) == [0, *range(2, 101, 2)]
        server.publish(pose(101, "A"), pose(102, "B"))
        assert numbers_of([other.receive(PATIENCE)]) == [102]


class TestOtherPeers:
    def test_may_say_ready_first(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        frames = opened(link, peer, READY)
        with pytest.raises(igtl.TimeoutError, match=r"STT_TRANS from .* within 0\.05 s"):
            frames.receive(0.05)
        peer.send(wire(*poses(3)))
        assert numbers_of(frames.receive(PATIENCE) for _ in range(3)) == [0, 1, 2]

    def test_may_begin_at_once(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        frames = opened(link, peer, *poses(3))
        assert numbers_of(frames.receive(PATIENCE) for _ in range(3)) == [0, 1, 2]
        with pytest.raises(igtl.TimeoutError):
            frames.receive(0)

    def test_read_at_what_pace_it_is_wanted(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        opening, _ = background(
            lambda: link.stream(igtl.TrackingData, interval=0.05, timeout=PATIENCE)
        )
        question = peer.receive()
        assert isinstance(question, igtl.Start)
        assert question.interval == pytest.approx(0.05)
        peer.send(wire(igtl.TrackingData([])))
        opening.result(PATIENCE)

    def test_may_say_no(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        stream = opening(link)
        peer.receive()
        peer.send(wire(NO, pose(1)))
        with pytest.raises(igtl.NotAvailable, match="RTS_TRANS with status 1"):
            stream.result(PATIENCE)
        assert numbers_of([link.receive(PATIENCE)]) == [1]

    def test_may_end_it(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        frames = opened(link, peer, READY, *poses(3), NO)
        iteration = iter(frames)
        assert numbers_of(next(iteration) for _ in range(3)) == [0, 1, 2]
        with pytest.raises(igtl.NotAvailable, match="the peer ended it with RTS_TRANS"):
            next(iteration)
        with within():
            frames.close()
        assert not link.closed

    def test_may_not_answer_at_all_and_are_told_to_stop(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        with (
            within(),
            pytest.raises(igtl.TimeoutError, match=r"STT_TRANS of device 'P' from .*0\.05 s"),
        ):
            link.stream(igtl.Transform, "P", timeout=0.05)
        received = [(one.wire_type, one.device_name) for one in peer.receive_some(2)]
        assert received == [("STT_TRANS", "P"), ("STP_TRANS", "P")]

    @pytest.mark.parametrize("end", ["close", "reset"])
    def test_may_leave_when_told_to_stop(self, pair: tuple[Link, RawPeer], end: str) -> None:
        link, peer = pair
        frames = opened(link, peer, READY, pose(1))
        closing, _ = background(frames.close)
        assert peer.receive().wire_type == "STP_TRANS"
        getattr(peer, end)()
        with within():
            closing.result(PATIENCE)
        assert numbers_of(frames) == [1]

    def test_may_go_on_for_a_while(self, pair: tuple[Link, RawPeer]) -> None:
        """What was on its way when the stream was stopped is nobody's news."""
        link, peer = pair
        frames = opened(link, peer, pose(1))
        closing, _ = background(frames.close)
        assert peer.receive().wire_type == "STP_TRANS"
        closing.result(PATIENCE)
        peer.send(wire(pose(2), READY, igtl.String("end")))
        assert link.receive(PATIENCE).wire_type == "STRING"
        assert numbers_of(frames) == [1]


def test_a_link_that_ends_ends_its_streams(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    frames = opened(link, peer, *poses(3))
    peer.close()
    assert numbers_of(frames) == [0, 1, 2]
    with pytest.raises(igtl.ClosedError, match="closed the connection"):
        frames.receive()


def test_a_link_that_breaks_breaks_its_streams(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    frames = opened(link, peer, pose(1))
    peer.send(wire(pose(2))[:70])
    peer.finish()
    iteration = iter(frames)
    assert numbers_of([next(iteration)]) == [1]
    with pytest.raises(igtl.ClosedError, match="in the middle of a message, after 70 bytes"):
        next(iteration)


@linux_only
@pytest.mark.parametrize("what", ["stream", "link"])
def test_closing_ends_iteration_elsewhere_though_the_peer_says_nothing(
    pair: tuple[Link, RawPeer], what: str
) -> None:
    link, peer = pair
    frames = opened(link, peer, pose(1))
    taken: list[igtl.Message] = []

    def iterate() -> None:
        for message in frames:
            taken.append(message)  # noqa: PERF402 (taken is looked at meanwhile)

    iterating, thread = background(iterate)
    eventually(lambda: len(taken) == 1 and asleep(thread))
    with within():
        closing, _ = background(frames.close if what == "stream" else link.close)
        iterating.result(PATIENCE)
        if what == "link":
            peer.close_with_peer()
        closing.result(PATIENCE)


def test_a_stream_that_nobody_takes_loses_the_oldest_and_says_so(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    frames = opened(link, peer, pose(0))
    sending, _ = background(lambda: peer.send(wire(*poses(12_000, 1), igtl.String("end"))))
    assert receive_some(link, 1)[0].wire_type == "STRING"
    sending.result(PATIENCE)
    assert frames.dropped == link.counters.dropped > 2000
    frames.close()
    assert numbers_of(frames) == [*range(frames.dropped, 12_001)]
