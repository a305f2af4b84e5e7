"""What becomes of a client that stops reading, for each of the four policies.

Every test makes one client get stuck: its kernel buffers are filled first, then its queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import igtl
from tests.net.raw import (
    LITTLE_ROOM,
    RawPeer,
    dial,
    image,
    number_of,
    numbers_of,
    pose,
)
from tests.net.scripts import client_info
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, asleep, background, eventually, linux_only, within


class Stuck:
    """A server whose first client does not read, and whose second one does."""

    def __init__(self, server: Service, slow: RawPeer, quick: RawPeer) -> None:
        self.server, self.slow, self.quick = server, slow, quick
        eventually(lambda: len(server.clients) == 2)
        (self.peer,) = (one for one in server.clients if one.address == slow.name)
        self.published = 0

    def fill(self) -> None:
        """Publish until the slow client's socket takes no more: from here on its queue grows."""
        while self.peer.queued < 1:
            self.publish(image(1_000_000))

    def publish(self, *messages: Any, timeout: float = 5.0) -> None:
        """Publish messages or series, and see that the quick client gets them at once."""
        count = sum(len(one) if isinstance(one, igtl.Series) else 1 for one in messages)
        self.published += count
        self.server.publish(*messages, timeout=timeout)
        for _ in range(count):
            self.quick.receive_bytes()

    def receive_rest(self) -> list[igtl.Message]:
        """Let the slow client read on: all that it ever gets."""
        self.quick.close()
        rest, _ = background(self.slow.receive_rest_and_close)
        eventually(lambda: self.peer.queued == 0)
        self.server.close()
        return rest.result(PATIENCE)


def stuck(shell: Shell, when_full: str, **limits: int) -> Iterator[Stuck]:
    server = shell.serve(when_full=when_full, **limits)
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow, dial(server.port) as quick:
        yield Stuck(server, slow, quick)


@pytest.fixture
def oldest(shell: Shell) -> Iterator[Stuck]:
    yield from stuck(shell, "drop-oldest", queue_messages=50)


@pytest.fixture
def newest(shell: Shell) -> Iterator[Stuck]:
    yield from stuck(shell, "newest", queue_messages=50)


@pytest.fixture
def waiting(shell: Shell) -> Iterator[Stuck]:
    yield from stuck(shell, "wait", queue_messages=50)


@pytest.fixture
def disconnecting(shell: Shell) -> Iterator[Stuck]:
    yield from stuck(shell, "disconnect", queue_messages=50)


def poses_of(messages: list[igtl.Message]) -> list[igtl.Transform]:
    return [message for message in messages if isinstance(message, igtl.Transform)]


def test_drop_oldest_keeps_the_last_messages(oldest: Stuck) -> None:
    oldest.fill()
    for number in range(200):
        oldest.publish(pose(number))
    assert oldest.peer.queued <= 50 + 2
    received = oldest.receive_rest()
    assert numbers_of(poses_of(received))[-50:] == [*range(150, 200)]
    counters = oldest.peer.counters
    assert counters.dropped == oldest.published - len(received)
    assert counters.messages_sent == len(received)


def test_messages_of_a_series_are_dropped_and_counted_one_by_one(oldest: Stuck) -> None:
    oldest.fill()
    for start in range(0, 200, 20):
        matrices = [pose(number).matrix for number in range(start, start + 20)]
        oldest.publish(igtl.Series(igtl.Transform, matrix=matrices))
    received = oldest.receive_rest()
    numbers = numbers_of(poses_of(received))
    assert numbers[-40:] == [*range(160, 200)]
    assert oldest.peer.counters.dropped == oldest.published - len(received)


def test_the_default_is_to_drop_the_oldest_and_to_hold_10_000(shell: Shell) -> None:
    server = shell.serve()
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow, dial(server.port) as quick:
        one = Stuck(server, slow, quick)
        one.fill()
        for start in range(0, 12_000, 1000):
            one.publish(*(pose(number) for number in range(start, start + 1000)))
        received = one.receive_rest()
        assert numbers_of(poses_of(received))[-10_000:] == [*range(2000, 12_000)]
        assert one.peer.counters.dropped == one.published - len(received)


def test_a_queue_is_bounded_in_bytes_too(shell: Shell) -> None:
    for one in stuck(shell, "drop-oldest", queue_bytes=2_000_000):
        one.fill()
        for number in range(40):
            one.publish(image(200_000, number))
        assert one.peer.queued <= 12
        received = one.receive_rest()
        assert one.peer.counters.dropped == one.published - len(received) > 20
        assert received[-1].replace(timestamp=None) == image(200_000, 39)


def test_a_message_larger_than_the_whole_queue_still_goes_out(shell: Shell) -> None:
    for one in stuck(shell, "drop-oldest", queue_bytes=100_000):
        for number in range(3):
            one.publish(image(1_000_000, number))
            assert isinstance(one.slow.receive(), igtl.Image)
        assert one.peer.counters.dropped == 0


def test_newest_keeps_the_last_message_of_each_type_and_device(newest: Stuck) -> None:
    newest.fill()
    for number in range(100):
        newest.publish(pose(number, "A"), pose(number, "B"), igtl.String(f"{number}"))
    received = newest.receive_rest()
    last = received[-3:]
    assert [message.device_name for message in last] == ["A", "B", ""]
    assert numbers_of(poses_of(last)) == [99, 99]
    for name in "AB":
        numbers = numbers_of(one for one in poses_of(received) if one.device_name == name)
        assert numbers == sorted(numbers)
        assert len(numbers) < 60
    assert newest.peer.counters.dropped == newest.published - len(received)


def test_newest_keeps_a_device_that_speaks_seldom(newest: Stuck) -> None:
    newest.fill()
    newest.publish(pose(7, "Seldom"))
    for number in range(200):
        newest.publish(pose(number, "Often"))
    received = poses_of(newest.receive_rest())
    assert numbers_of(one for one in received if one.device_name == "Seldom") == [7]
    assert number_of(received[-1]) == 199


def test_newest_stays_bounded_with_more_devices_than_fit(newest: Stuck) -> None:
    newest.fill()
    for number in range(200):
        newest.publish(pose(number, f"Device {number}"))
    assert newest.peer.queued <= 52
    received = newest.receive_rest()
    assert numbers_of(poses_of(received))[-50:] == [*range(150, 200)]
    assert newest.peer.counters.dropped == newest.published - len(received)


def test_disconnect_ends_the_client_that_does_not_keep_up_and_no_other(
    disconnecting: Stuck,
) -> None:
    one = disconnecting
    gone: list[str] = []
    one.server.on_disconnect(lambda peer: gone.append(peer.address))
    one.fill()
    while not one.peer.closed:
        one.publish(pose(one.published))
    eventually(lambda: gone == [one.slow.name])
    assert [peer.address for peer in one.server.clients] == [one.quick.name]
    one.publish(pose(1))
    counters = one.peer.counters
    # It was gone before the last message, and perhaps before the one that found it closed.
    assert one.published - (counters.messages_sent + counters.dropped) in (1, 2)
    assert one.slow.closed_by_peer()


def test_disconnect_gives_no_half_message_a_whole_one_behind_it(disconnecting: Stuck) -> None:
    one = disconnecting
    one.fill()
    while not one.peer.closed:
        one.publish(pose(one.published))
    sent = one.peer.counters.messages_sent
    images = [one.slow.receive() for _ in range(sent)]
    assert all(isinstance(message, igtl.Image) for message in images)
    with pytest.raises((EOFError, igtl.DecodeError, ConnectionError)):  # half a message, or none
        one.slow.receive()


@linux_only
def test_wait_makes_the_publisher_wait_and_loses_nothing(waiting: Stuck) -> None:
    waiting.fill()
    before = waiting.published

    def publish() -> None:
        for number in range(400):
            waiting.publish(pose(number), timeout=PATIENCE)

    publishing, publisher = background(publish)
    eventually(lambda: waiting.peer.queued >= 50 and asleep(publisher))
    assert not publishing.done()
    assert waiting.published < before + 60
    received = waiting.slow.receive_some(before + 400)
    publishing.result(PATIENCE)
    assert numbers_of(poses_of(received)) == [*range(400)]
    assert waiting.server.counters.dropped == 0


def test_wait_gives_up_in_time_and_the_others_got_everything(waiting: Stuck) -> None:
    waiting.fill()
    late = 0
    for number in range(80):
        waiting.published += 1
        try:
            waiting.server.publish(pose(number), timeout=0.01)
        except igtl.TimeoutError as error:
            late += 1
            assert waiting.slow.name in str(error)  # noqa: PT017 (some succeed, some do not)
        assert number_of(waiting.quick.receive()) == number
    received = waiting.receive_rest()
    assert late > 20
    assert waiting.peer.counters.dropped == late == waiting.published - len(received)


def test_wait_lets_one_client_be_sent_to_while_another_is_stuck(waiting: Stuck) -> None:
    waiting.fill()
    (quick,) = (one for one in waiting.server.clients if one.address == waiting.quick.name)
    with within():
        quick.send(pose(1))
    assert number_of(waiting.quick.receive()) == 1

    def send_for_ever() -> None:
        while True:
            waiting.peer.send(pose(1), timeout=0.05)

    with within(), pytest.raises(igtl.TimeoutError, match="has not read for too long"):
        send_for_ever()


@linux_only
def test_wait_ends_when_the_client_that_is_waited_for_goes(waiting: Stuck) -> None:
    waiting.fill()

    def publish() -> None:
        for number in range(200):
            waiting.publish(pose(number), timeout=PATIENCE)

    publishing, publisher = background(publish)
    eventually(lambda: waiting.peer.queued >= 50 and asleep(publisher))
    waiting.slow.reset()
    with within():
        publishing.result(PATIENCE)


@linux_only
def test_wait_ends_when_the_server_closes(waiting: Stuck) -> None:
    waiting.fill()

    def publish() -> None:
        for number in range(200):
            waiting.server.publish(pose(number), timeout=PATIENCE)

    publishing, publisher = background(publish)
    eventually(lambda: waiting.peer.queued >= 50 and asleep(publisher))
    with within():
        waiting.server.close()
        with pytest.raises(igtl.ClosedError):  # of the next call
            publishing.result(PATIENCE)


def test_a_handler_of_a_server_that_waits_does_not_wait_for_itself() -> None:
    failures: list[BaseException] = []

    def answer_much(peer: igtl.Peer, _: igtl.Message) -> None:
        try:
            for number in range(60):
                peer.send(image(200_000, number), timeout=PATIENCE)
        except igtl.TimeoutError as error:
            failures.append(error)

    with (
        igtl.Server(0, when_full="wait", queue_messages=10) as server,
        dial(server.port, receive_buffer=LITTLE_ROOM) as slow,
        within(),
    ):
        server.on_message(answer_much)
        slow.send(igtl.encode(pose(1)))
        eventually(lambda: failures)
        assert isinstance(slow.receive(), igtl.Image)


def test_publishing_in_a_handler_of_a_server_that_waits_drops_and_counts() -> None:
    def publish_much(_: igtl.Peer, __: igtl.Message) -> None:
        for number in range(60):
            server.publish(image(200_000, number), timeout=PATIENCE)
        server.close()

    with (
        igtl.Server(0, when_full="wait", queue_messages=10) as server,
        dial(server.port, receive_buffer=LITTLE_ROOM) as slow,
        within(),
    ):
        server.on_message(publish_much)
        slow.send(igtl.encode(pose(1)))
        eventually(lambda: server.counters.dropped > 30)


def test_wait_does_not_lose_what_a_clientinfo_gave_a_pace(shell: Shell) -> None:
    """The last one comes once there is room, however often its time came before."""
    server = shell.serve(when_full="wait", queue_messages=1)
    types = b'<MessageTypes><Message Type="TDATA"/></MessageTypes>'
    wishes = b'<ClientInfo TDATARequested="TRUE" TDATAResolution="5">%s</ClientInfo>' % types
    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
        peer.send(client_info(wishes))
        eventually(lambda: server.clients and server.clients[0].profile.name == "plus")
        (client,) = server.clients
        while client.queued < 1:
            client.send(image(1_000_000))
        tools = [igtl.TrackingData([igtl.Tool(name, np.eye(4))], device_name="T") for name in "AB"]
        server.publish(tools[0])
        server.publish(tools[1])
        flows = client.guest.flows
        first = flows.next_due()
        eventually(lambda: flows.next_due() not in (first, None), "its time came, without room")
        while not isinstance(message := peer.receive(), igtl.TrackingData):
            assert isinstance(message, igtl.Image)
        assert message.tools[0].name == "A"
        last = peer.receive()
        assert isinstance(last, igtl.TrackingData)
        assert last.tools[0].name == "B"
        assert server.counters.dropped == 0
