from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

import igtl
import igtl.net.switchboard
from tests.net.raw import (
    LITTLE_ROOM,
    RawServer,
    dial,
    image,
    number_of,
    numbers_of,
    pose,
    poses,
    wire,
)
from tests.net.shells import Service, Shell
from tests.net.waiting import (
    PATIENCE,
    asleep,
    background,
    descriptors,
    eventually,
    linux_only,
    within,
)


def refuses(port: int) -> bool:
    """Whether nobody listens on a port."""
    try:
        dial(port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_closing_ends_all_connections_in_order_and_frees_the_port(
    shell: Shell, server: Service
) -> None:
    links = [shell.connect(server.endpoint) for _ in range(3)]
    assert server.wait_for_clients(3, PATIENCE)
    server.publish(*poses(300))
    iterating = [background(partial(numbers_of, link))[0] for link in links]
    with within():
        server.close()
    for one in iterating:
        assert one.result(PATIENCE) == [*range(300)]
    assert refuses(server.port)
    assert server.clients == ()


def test_what_is_queued_still_goes_out(server: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(igtl.net.switchboard, "_LINGER", PATIENCE)
    sent = [image(500_000, number).replace(timestamp=1.0) for number in range(20)]
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow:
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(*sent)
        assert server.clients[0].queued > 0
        received, _ = background(slow.receive_rest_and_close)
        server.close()
        assert received.result(PATIENCE) == sent


def test_closing_returns_in_time_though_a_client_does_not_read(server: Service) -> None:
    with dial(server.port, receive_buffer=LITTLE_ROOM) as stuck, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        for number in range(10):
            server.publish(image(1_000_000, number))
            assert isinstance(other.receive(), igtl.Image)
        with within():
            server.close()
        assert stuck.closed_by_peer()
        assert other.closed_by_peer()
        assert refuses(server.port)


def test_closing_twice_is_closing_once(server: Service) -> None:
    with dial(server.port) as peer, within():
        background(peer.close_with_peer)
        server.close()
        server.close()


def test_many_threads_may_close_at_once(server: Service) -> None:
    with dial(server.port) as peer:
        background(peer.close_with_peer)
        gate = threading.Barrier(6)

        def close() -> None:
            gate.wait(PATIENCE)
            server.close()

        closing = [background(close)[0] for _ in range(6)]
        with within():
            for one in closing:
                one.result(PATIENCE)
    assert refuses(server.port)


@linux_only
@pytest.mark.parametrize("what", ["iteration", "receive"])
def test_closing_ends_what_another_thread_waits_for(server: Service, what: str) -> None:
    def wait() -> object:
        return list(server) if what == "iteration" else server.receive()

    waiting, thread = background(wait)
    eventually(lambda: asleep(thread))
    with within():
        server.close()
        if what == "iteration":
            assert waiting.result(PATIENCE) == []
        else:
            with pytest.raises(igtl.ClosedError, match=f"server on {server.endpoint} is closed"):
                waiting.result(PATIENCE)


def test_what_had_come_can_still_be_taken_after_closing(server: Service) -> None:
    with dial(server.port) as peer:
        peer.send(wire(*poses(5)))
        eventually(lambda: server.counters.messages_received == 5)
        peer.close()
        server.close()
    assert numbers_of(message for _, message in server) == [*range(5)]


def test_a_closed_server_sends_nothing_and_says_that_it_is_closed(server: Service) -> None:
    server.close()
    with pytest.raises(igtl.ClosedError, match="is closed"):
        server.publish(pose(1))
    assert not server.wait_for_clients(timeout=PATIENCE)
    with pytest.raises(igtl.ClosedError):
        server.receive()
    assert list(server) == []
    assert server.counters == igtl.Counters()


@pytest.mark.parametrize("event", ["connect", "message", "disconnect"])
def test_a_handler_of_a_blocking_server_may_close_it(event: str) -> None:
    server = igtl.Server(0)
    closed = threading.Event()

    @getattr(server, f"on_{event}")  # type: ignore[untyped-decorator]
    def close(*_: object) -> None:
        server.close()
        closed.set()

    other = dial(server.port)
    if event != "connect":
        assert server.wait_for_clients(timeout=PATIENCE)
        with dial(server.port) as peer:
            peer.send(wire(pose(1)))
            eventually(lambda: server.counters.messages_received == 1)
    assert closed.wait(PATIENCE)
    assert other.closed_by_peer()
    eventually(lambda: refuses(server.port))
    other.close()
    server.close()


def test_a_handler_that_answers_and_closes_is_heard_out() -> None:
    for _ in range(10):  # the last messages may have gathered, and not gone out yet
        server = igtl.Server(0)

        def answer(peer: igtl.Peer, _: igtl.Message, server: igtl.Server = server) -> None:
            for number in range(300):
                peer.send(pose(number))
            server.close()

        server.on_message(answer)
        with dial(server.port) as peer:
            peer.send(wire(pose(1)))
            assert numbers_of(peer.receive_rest()) == [*range(300)]


def test_throwing_a_client_out_may_end_the_server_as_well() -> None:
    server = igtl.Server(0)
    server.on_disconnect(lambda _: server.close())
    with dial(server.port) as one, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        server.clients[0].close()
        assert one.closed_by_peer()
        assert other.closed_by_peer()
        eventually(lambda: refuses(server.port))


def test_closing_returns_in_time_though_a_handler_does_not() -> None:
    server = igtl.Server(0)
    entered, leave = threading.Event(), threading.Event()

    @server.on_message(igtl.Transform)
    def block(*_: object) -> None:
        entered.set()
        assert leave.wait(PATIENCE)

    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        assert entered.wait(PATIENCE)
        with within():
            server.close()
        leave.set()
        assert peer.closed_by_peer()
        eventually(lambda: refuses(server.port))


def test_leaving_a_with_statement_closes() -> None:
    with pytest.raises(ZeroDivisionError), igtl.Server(0) as server:
        raise ZeroDivisionError
    assert server.closed
    assert refuses(server.port)
    assert "closed" in repr(server)


@linux_only
def test_servers_and_clients_leave_no_descriptors_and_no_threads(shell: Shell) -> None:
    with nothing_left_behind():
        for _ in range(10):
            server = shell.serve()
            links = [shell.connect(server.endpoint) for _ in range(3)]
            assert server.wait_for_clients(3, PATIENCE)
            server.publish(pose(1))
            links[0].send(pose(2))
            assert numbers_of(link.receive(PATIENCE) for link in links) == [1] * 3
            assert number_of(server.receive(PATIENCE)[1]) == 2
            for link in links:
                link.close()
            server.close()


@linux_only
def test_failures_leave_no_descriptors_and_no_threads(shell: Shell, silent: RawServer) -> None:
    taken = shell.serve().port
    with RawServer() as listener:
        refused = listener.port
    with nothing_left_behind():
        for _ in range(10):
            with pytest.raises(igtl.ConnectError):
                shell.connect(f"127.0.0.1:{refused}")
            with pytest.raises(igtl.TimeoutError):
                shell.connect(silent.endpoint, timeout=0.01)
            with pytest.raises(igtl.ConnectError):
                shell.serve(taken)


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """As many file descriptors and threads afterwards as before; the loop keeps some idle ones."""

    def threads() -> set[str]:
        return {one.name for one in threading.enumerate() if not one.name.startswith("asyncio_")}

    before, running = descriptors(), threads()
    yield
    eventually(lambda: descriptors() <= before, "descriptors")
    eventually(lambda: threads() <= running, "threads")
