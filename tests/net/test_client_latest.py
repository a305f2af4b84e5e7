from __future__ import annotations

import threading

import pytest

import igtl
from tests.net.raw import RawPeer, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link
from tests.net.waiting import PATIENCE, background, eventually, linux_only, taken_by_kernel, within

pytestmark = linux_only


def arrive(peer: RawPeer, *messages: igtl.Message) -> None:
    """Send messages and wait until they are on the client's side."""
    peer.send(wire(*messages))
    eventually(lambda: taken_by_kernel(peer.sock))


def test_the_latest_is_the_newest_that_has_arrived(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    for start in range(0, 500, 50):
        arrive(peer, *poses(50, start))
        assert number_of(link.latest(igtl.Transform)) == start + 49
        assert number_of(link.latest(igtl.Transform)) == start + 49


def test_the_latest_is_that_of_a_device_and_class(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    text = igtl.String("hello", device_name="Probe")
    arrive(peer, pose(1, "Probe"), pose(2, "Probe"), pose(3, "Other"), text, pose(4, ""))
    assert number_of(link.latest(igtl.Transform, "Probe")) == 2
    assert number_of(link.latest(igtl.Transform, "Other")) == 3
    assert number_of(link.latest(igtl.Transform, "")) == 4
    assert number_of(link.latest(igtl.Transform)) == 4
    assert link.latest(igtl.String) == text
    assert number_of(link.latest(igtl.Message)) == 4


def test_the_latest_of_any_device_is_the_last_that_came(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    arrive(peer, pose(1, "A"), pose(2, "B"), pose(3, "A"), pose(4, "B"), pose(5, "A"))
    assert number_of(link.latest(igtl.Transform)) == 5


def test_the_latest_of_a_class_may_have_another_wire_type(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    here = pose(1).matrix[:3, 3]
    arrive(peer, igtl.Position(here), igtl.Position(here * 2, wire_type="QTRANS"))
    assert link.latest(igtl.Position).position.tolist() == [2, 0, 0]


def test_the_first_message_is_waited_for(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    found, _ = background(lambda: link.latest(igtl.Transform, "Probe", timeout=PATIENCE))
    arrive(peer, igtl.String("not this"), pose(1, "Other"))
    eventually(lambda: link.counters.messages_received == 2)
    assert not found.done()
    arrive(peer, pose(2, "Probe"))
    assert number_of(found.result(PATIENCE)) == 2


def test_waiting_for_the_first_ends_in_time(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    arrive(peer, pose(1, "Other"))
    with (
        within(),
        pytest.raises(igtl.TimeoutError, match=r"no Transform of device 'Probe' from .* 0\.05 s"),
    ):
        link.latest(igtl.Transform, "Probe", timeout=0.05)
    with pytest.raises(igtl.TimeoutError, match="no Image from"):
        link.latest(igtl.Image, timeout=0.01)


def test_messages_before_the_latest_stay_in_line(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    arrive(peer, *poses(5))
    assert number_of(link.latest(igtl.Transform)) == 4
    arrive(peer, *poses(5, 5))
    assert number_of(link.latest(igtl.Transform)) == 9
    peer.close()
    assert numbers_of(link) == [*range(10)]
    assert link.counters.dropped == 0


def test_the_latest_may_have_been_taken_before(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    arrive(peer, *poses(3))
    assert numbers_of(link.receive(PATIENCE) for _ in range(3)) == [0, 1, 2]
    assert number_of(link.latest(igtl.Transform)) == 2


def test_a_latest_that_is_malformed_is_an_error_until_a_newer_one_comes(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    arrive(peer, pose(1), igtl.Unknown("TRANSFORM", b"12345", device_name="Probe"))
    with pytest.raises(igtl.DecodeError, match="TRANSFORM of device 'Probe'"):
        link.latest(igtl.Transform)
    arrive(peer, pose(2))
    assert number_of(link.latest(igtl.Transform)) == 2


def test_nothing_to_wait_for_when_the_link_has_ended(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.close()
    with within(), pytest.raises(igtl.ClosedError, match=r"no Transform from .*closed the conn"):
        link.latest(igtl.Transform, timeout=PATIENCE)


@pytest.mark.parametrize("end", ["close", "reset", "nonsense"])
def test_what_came_last_before_the_end_is_given_once(pair: tuple[Link, RawPeer], end: str) -> None:
    """A pose that is asked for again and again must not be mistaken for a new one."""
    link, peer = pair
    arrive(peer, *poses(3))
    assert number_of(link.latest(igtl.Transform)) == 2
    arrive(peer, pose(3))
    if end == "nonsense":
        peer.send(bytes(100))
    else:
        getattr(peer, end)()
    assert number_of(link.latest(igtl.Transform)) == 3
    with pytest.raises((igtl.ClosedError, igtl.FramingError)):
        ask_for_ever(link)  # the end may not have been noticed yet


def ask_for_ever(link: Link) -> None:
    while True:
        assert number_of(link.latest(igtl.Transform)) == 3


def test_waiting_for_the_first_ends_when_the_link_is_closed(pair: tuple[Link, RawPeer]) -> None:
    link, _ = pair
    started = threading.Event()

    def wait() -> igtl.Transform:
        started.set()
        return link.latest(igtl.Transform, timeout=PATIENCE)

    found, _ = background(wait)
    assert started.wait(PATIENCE)
    link.close()
    with within(), pytest.raises(igtl.ClosedError, match="this side closed the link"):
        found.result(PATIENCE)


def test_who_only_asks_for_the_latest_loses_the_oldest_and_has_it_counted(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    batch = wire(*poses(1000))
    for _ in range(130):
        peer.send(batch)
        assert isinstance(link.latest(igtl.Transform), igtl.Transform)
    arrive(peer, pose(7777))
    assert number_of(link.latest(igtl.Transform)) == 7777
    dropped = link.counters.dropped
    assert link.counters.messages_received == 130_001
    assert 30_000 < dropped < 60_000
    assert numbers_of(link.receive(PATIENCE) for _ in range(2)) == [
        dropped % 1000,
        dropped % 1000 + 1,
    ]
