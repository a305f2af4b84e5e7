"""Links that break and are brought back: nothing twice, and what is missing is said."""

from __future__ import annotations

import signal
import threading

import igtl
from igtl.protocol.recovery import LinkEvent
from tests.net.events import QUICK, Events
from tests.net.program import program
from tests.net.proxy import Proxy
from tests.net.raw import RawPeer, RawServer, image, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, background, eventually, linux_only


class TestIteration:
    def test_goes_on(self, broken: tuple[Link, RawPeer], listener: RawServer) -> None:
        link, peer = broken
        events = Events(link)
        messages = iter(link)
        for turn in range(3):
            peer.send(wire(pose(turn)))
            assert number_of(next(messages)) == turn
            waiting, _ = background(lambda: next(messages))
            peer.close()
            peer = listener.accept()
            peer.send(wire(pose(100)))
            assert number_of(waiting.result(PATIENCE)) == 100
        assert events.kinds == ["lost", "restored"] * 3
        assert not link.closed

    def test_forgets_half_of_a_message(
        self, broken: tuple[Link, RawPeer], listener: RawServer
    ) -> None:
        link, peer = broken
        events = Events(link)
        result, _ = background(lambda: [link.receive(PATIENCE) for _ in range(4)])
        peer.send(wire(pose(1)) + wire(image(500_000))[:200_000])
        peer.finish()
        listener.accept().send(wire(pose(2), image(500_000, 3), pose(4)))
        received = result.result(PATIENCE)
        assert numbers_of([received[0], received[1], received[3]]) == [1, 2, 4]
        assert "in the middle of a message, after 200000 bytes of it" in events[0].reason

    @linux_only
    def test_survives_a_reset_in_the_middle_of_a_message(self, shell: Shell) -> None:
        server = shell.serve()
        with Proxy(server.port) as proxy:
            link = shell.connect(proxy.endpoint, reconnect=QUICK)
            events = Events(link)
            received: list[int] = []
            result, _ = background(lambda: received.append(first_byte(link.receive(PATIENCE))))
            assert server.wait_for_clients(timeout=PATIENCE)
            first = server.clients[0].address
            proxy.cut_after(300_000)
            server.publish(image(200_000, 1), image(200_000, 2), image(200_000, 3))
            result.result(PATIENCE)
            result, _ = background(lambda: received.append(first_byte(link.receive(PATIENCE))))
            eventually(lambda: any(peer.address != first for peer in server.clients))
            server.publish(image(200_000, 4))
            result.result(PATIENCE)
        assert received == [first_byte(image(1000, number)) for number in (1, 4)]
        assert events.kinds[:2] == ["lost", "restored"]


def first_byte(message: igtl.Message) -> int:
    assert isinstance(message, igtl.Image)
    return int(message.pixels.flat[0])


@linux_only
def test_a_stream_goes_on_when_its_server_is_killed_and_started_again(shell: Shell) -> None:
    """Numbered messages: in order, none twice, and none missing but those of the gap."""
    body = """
        import itertools, threading
        from tests.net.raw import pose
        pace = threading.Event()
        with igtl.Server(int(sys.argv[1])) as server:
            first = int(sys.argv[2])
            server.offer(pose(first))
            ready(server.port)
            server.wait_for_clients()
            for number in itertools.count(first + 1):
                server.offer(pose(number))
                pace.wait(0.001)
    """
    with program(body, "0", "0") as (process, port):
        link = shell.connect(f"127.0.0.1:{port}", reconnect=QUICK)
        events = Events(link)
        frames = link.stream(igtl.Transform, "Probe", timeout=PATIENCE)
        received = [number_of(frames.receive(PATIENCE)) for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    following, _ = background(lambda: follow(frames, 1_000_200))
    eventually(lambda: "lost" in events.kinds)
    with program(body, str(port), "1000000"):
        received += following.result(PATIENCE)
        told = [*events]
        kinds = events.kinds
    before = [number for number in received if number < 1_000_000]
    after = received[len(before) :]
    assert before == [*range(before[0], before[-1] + 1)]
    assert after == [*range(after[0], after[-1] + 1)]
    assert kinds == ["lost", "restored"]
    assert told[-1].kind == "restored"
    assert told[-1].attempts == len(told) - 1
    assert told[-1].gap > told[0].gap >= 0


def follow(frames: object, last: int) -> list[int]:
    """The numbers of a stream's messages up to `last`."""
    received = []
    for message in frames:  # type: ignore[attr-defined]
        received.append(number_of(message))
        if received[-1] >= last:
            break
    return received


class TestComingBack:
    def test_says_again_what_was_said_first(self, shell: Shell, listener: RawServer) -> None:
        link = shell.connect(listener.endpoint, reconnect=QUICK, profile="plus")
        link.subscribe("TRANSFORM", "STRING")
        peer = listener.accept()
        opening, _ = background(lambda: link.stream(igtl.Transform, "P", timeout=PATIENCE))
        first = [one.wire_type for one in peer.receive_some(3)]
        assert first == ["STATUS", "CLIENTINFO", "STT_TRANS"]
        peer.send(wire(pose(1, "P")))
        frames = opening.result(PATIENCE)
        assert numbers_of([frames.receive(PATIENCE)]) == [1]
        peer.close()
        waiting, _ = background(lambda: frames.receive(PATIENCE))
        peer = listener.accept()
        again = peer.receive_some(3)
        assert [one.wire_type for one in again] == first
        assert isinstance(again[1], igtl.ClientInfo)
        assert "STRING" in again[1].text
        peer.send(wire(pose(1, "P"), pose(2, "P")))
        assert numbers_of([waiting.result(PATIENCE)]) == [2]

    def test_is_tried_again_when_the_new_connection_breaks_at_once(
        self, shell: Shell, listener: RawServer
    ) -> None:
        """A stream is asked for over each of them."""
        link = shell.connect(listener.endpoint, reconnect=QUICK)
        peer = listener.accept()
        opening, _ = background(lambda: link.stream(igtl.Transform, timeout=PATIENCE))
        peer.receive()
        peer.send(wire(pose(0)))
        frames = opening.result(PATIENCE)
        following, _ = background(lambda: follow(frames, 5))
        for number in range(1, 5):
            peer.reset()
            peer = listener.accept()
            if number % 2:
                assert peer.receive().wire_type == "STT_TRANS"
        peer.reset()
        peer = listener.accept()
        assert peer.receive().wire_type == "STT_TRANS"
        peer.send(wire(pose(5)))
        assert following.result(PATIENCE) == [0, 5]

    def test_handlers_may_use_the_link(
        self, broken: tuple[Link, RawPeer], listener: RawServer
    ) -> None:
        """Only a blocking link's can wait for it; asyncio's are called by the loop."""
        link, peer = broken
        answers: list[str] = []

        @link.on_event
        def greet(event: LinkEvent) -> None:
            if event.kind == "restored" and isinstance(link, igtl.Client):
                link.send(igtl.String("back"))
                answers.append(link.get(igtl.String, timeout=PATIENCE).text)

        waiting, _ = background(lambda: link.receive(PATIENCE))
        peer.close()
        peer = listener.accept()
        if isinstance(link, igtl.Client):
            assert [one.wire_type for one in peer.receive_some(2)] == ["STRING", "GET_STRING"]
            peer.send(wire(igtl.String("welcome")))
        peer.send(wire(pose(1)))
        assert number_of(waiting.result(PATIENCE)) == 1
        assert answers == ["welcome"] * isinstance(link, igtl.Client)

    def test_handlers_that_fail_are_counted(
        self, broken: tuple[Link, RawPeer], listener: RawServer
    ) -> None:
        link, peer = broken
        link.on_event(lambda _: 1 // 0)
        events = Events(link)
        waiting, _ = background(lambda: link.receive(PATIENCE))
        peer.close()
        listener.accept().send(wire(pose(1)))
        assert number_of(waiting.result(PATIENCE)) == 1
        assert events.kinds == ["lost", "restored"]
        assert link.counters.errors == len(events)

    def test_tells_new_addresses(self, broken: tuple[Link, RawPeer], listener: RawServer) -> None:
        link, peer = broken
        before = link.local_address
        waiting, _ = background(lambda: link.receive(PATIENCE))
        peer.close()
        peer = listener.accept()
        peer.send(wire(pose(1)))
        waiting.result(PATIENCE)
        assert link.local_address != before
        assert link.peer_address == link.endpoint


def test_a_link_that_is_not_to_come_back_ends(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    events = Events(link)
    peer.send(wire(*poses(2)))
    peer.finish()
    assert numbers_of(link) == [0, 1]
    assert events.kinds == ["ended"]
    assert "closed the connection" in events[0].reason


def test_closing_is_no_news(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    events = Events(link)
    reading, _ = background(lambda: list(link))
    background(peer.close_with_peer)
    link.close()
    assert reading.result(PATIENCE) == []
    assert events == []


def test_many_threads_may_wait_for_one_link(shell: Shell, listener: RawServer) -> None:
    """Whoever reads brings it back; all go on."""
    link = shell.connect(listener.endpoint, reconnect=QUICK)
    peer = listener.accept()
    gate = threading.Barrier(4)

    def ask(number: int) -> str:
        gate.wait(PATIENCE)
        return link.get(igtl.String, str(number), timeout=PATIENCE).text

    asking = [background(lambda number=number: ask(number))[0] for number in range(4)]  # type: ignore[misc]
    assert {one.wire_type for one in peer.receive_some(4)} == {"GET_STRING"}
    peer.close()
    peer = listener.accept()
    for question in peer.receive_some(4):
        peer.send(wire(igtl.String(question.device_name, device_name=question.device_name)))
    assert [one.result(PATIENCE) for one in asking] == ["0", "1", "2", "3"]
