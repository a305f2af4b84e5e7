"""What a link that is down still does: wait, within limits, and end when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import igtl
from igtl.protocol.recovery import Reconnect
from tests.net.events import QUICK, Events
from tests.net.raw import RawPeer, RawServer, number_of, pose, wire
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, asleep, background, eventually, linux_only, within


@pytest.fixture
def absent(shell: Shell) -> Iterator[tuple[Link, Events, RawServer]]:
    """A link whose server has gone, what it tells, and where a server may be again."""
    with RawServer() as server:
        port = server.port
        link = shell.connect(server.endpoint, reconnect=QUICK)
        events = Events(link)
        server.accept()
    with RawServer(("127.0.0.1", port), listens=False) as later:
        yield link, events, later


def test_receiving_gives_up_in_time(absent: tuple[Link, Events, RawServer]) -> None:
    link, events, _ = absent

    def given_up() -> bool:
        with within(), pytest.raises(igtl.TimeoutError, match="is being restored"):
            link.receive(0.1)
        return len(events) > 2

    eventually(given_up)
    assert events.kinds == ["lost"]
    assert [one.attempts for one in events] == [*range(len(events))]
    assert not link.closed


def test_sending_gives_up_in_time(absent: tuple[Link, Events, RawServer]) -> None:
    link, _, _ = absent
    with pytest.raises(igtl.TimeoutError):
        link.receive(0.1)
    with within(), pytest.raises(igtl.TimeoutError, match=r"sent to .* 0\.1 s.*restored"):
        link.send(pose(1), timeout=0.1)
    assert not link.closed


def test_sending_waits_until_it_is_back(absent: tuple[Link, Events, RawServer]) -> None:
    link, _, later = absent
    with pytest.raises(igtl.TimeoutError):
        link.receive(0.1)
    sending, _ = background(lambda: link.send(pose(1), timeout=PATIENCE))
    later.sock.listen()
    assert number_of(later.accept().receive()) == 1
    sending.result(PATIENCE)


def test_asking_for_the_latest_is_enough_to_bring_it_back(
    broken: tuple[Link, RawPeer], listener: RawServer
) -> None:
    link, peer = broken
    peer.send(wire(pose(1)))
    assert number_of(link.latest(igtl.Transform, timeout=PATIENCE)) == 1
    peer.close()
    listener.sock.setblocking(False)
    accepted: list[RawPeer] = []

    def back() -> bool:
        assert number_of(link.latest(igtl.Transform)) == 1
        try:
            accepted.append(listener.accept())
        except BlockingIOError:
            return False
        return True

    eventually(back)
    accepted[0].send(wire(pose(2)))
    eventually(lambda: number_of(link.latest(igtl.Transform)) == 2)


def test_queries_are_asked_again(broken: tuple[Link, RawPeer], listener: RawServer) -> None:
    link, peer = broken
    result, _ = background(lambda: link.get(igtl.String, "S", timeout=PATIENCE))
    assert peer.receive().wire_type == "GET_STRING"
    peer.close()
    peer = listener.accept()
    again = peer.receive()
    assert (again.wire_type, again.device_name) == ("GET_STRING", "S")
    peer.send(wire(igtl.String("here", device_name="S")))
    assert result.result(PATIENCE).text == "here"


def test_commands_are_not(broken: tuple[Link, RawPeer], listener: RawServer) -> None:
    """They may have been executed."""
    link, peer = broken
    result, _ = background(lambda: link.command("Go", timeout=PATIENCE))
    assert peer.receive().wire_type == "COMMAND"
    peer.close()
    wanted = "command 'Go' to .*: the link ended before the answer"
    with within(), pytest.raises(igtl.ClosedError, match=wanted):
        result.result(PATIENCE)


@linux_only
@pytest.mark.parametrize("what", ["receive", "iterate", "send"])
def test_closing_ends_what_waits(shell: Shell, what: str) -> None:
    with RawServer() as server:
        slow = Reconnect(first_delay=30.0, longest_delay=30.0)
        link = shell.connect(server.endpoint, reconnect=slow)
        link.send(pose(1))
        server.accept()
    with pytest.raises(igtl.TimeoutError, match="restored"):
        link.receive(0.1)
    works: dict[str, Callable[[], object]] = {
        "receive": link.receive,
        "iterate": lambda: list(link),
        "send": lambda: link.send(pose(1), timeout=PATIENCE),
    }
    result, thread = background(works[what])
    eventually(lambda: asleep(thread))
    with within():
        link.close()
        if what == "iterate":
            assert result.result(PATIENCE) == []
        else:
            with pytest.raises(igtl.ClosedError, match="this side closed the link"):
                result.result(PATIENCE)


def test_it_is_given_up_in_time(shell: Shell) -> None:
    with RawServer() as server:
        plan = Reconnect(first_delay=0.01, longest_delay=30.0, give_up_after=0.3)
        link = shell.connect(server.endpoint, reconnect=plan)
        events = Events(link)
        server.accept()
    with within(), pytest.raises(igtl.ClosedError, match=r"not restored within 0\.3 s"):
        link.receive(PATIENCE)
    assert events.kinds == ["lost", "ended"]
    assert events[-1].gap > 0.2
    assert link.closed
    with pytest.raises(igtl.ClosedError, match="not restored"):
        link.send(pose(1))
