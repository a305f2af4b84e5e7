"""Questions and their answers: of an igtl server, and of peers that answer in other ways."""

from __future__ import annotations

from functools import partial

import pytest

import igtl
from tests.net.raw import RawPeer, RawServer, image, number_of, numbers_of, pose, poses, wire
from tests.net.shells import Link, Service, Shell, receive_some
from tests.net.waiting import PATIENCE, asleep, background, eventually, linux_only, within


@pytest.fixture
def link(shell: Shell, server: Service) -> Link:
    return shell.connect(server.endpoint)


class TestIgtlServer:
    def test_gives_the_newest_of_a_device(self, server: Service, link: Link) -> None:
        server.offer(pose(1, "Probe"), pose(2, "Stylus"), pose(3, "Probe"))
        assert number_of(link.get(igtl.Transform, "Probe")) == 3
        assert number_of(link.get(igtl.Transform, "Stylus")) == 2
        assert number_of(link.get(igtl.Transform)) in (2, 3)

    def test_gives_what_is_only_offered(self, server: Service, link: Link) -> None:
        ct = image(3_000_000, device_name="CT").replace(timestamp=1.0)
        server.offer(ct)
        assert link.get(igtl.Image, "CT") == ct
        with pytest.raises(igtl.TimeoutError):
            link.receive(0)

    def test_asks_its_handler(self, server: Service, link: Link) -> None:
        @server.on_get(igtl.String)
        def answer(_: igtl.Peer, query: igtl.Message) -> igtl.String:
            return igtl.String(f"of {query.device_name}", device_name=query.device_name)

        assert link.get(igtl.String, "x").text == "of x"

    @pytest.mark.parametrize("cls", [igtl.Image, igtl.Point])
    def test_says_what_it_does_not_have(
        self, server: Service, link: Link, cls: type[igtl.Message]
    ) -> None:
        asked = rf"GET_{cls.wire_type} of device 'MR' from {server.endpoint}: the answer was"
        with pytest.raises(igtl.NotAvailable, match=asked) as error:
            link.get(cls, "MR")
        assert isinstance(error.value.answer, igtl.Status | igtl.Ready)
        assert not link.closed

    def test_obeys_commands_or_says_why_not(self, server: Service, link: Link) -> None:
        @server.on_command("Add")
        def add(*_: object) -> dict[str, object]:
            return {"sum": 3}

        @server.on_command("Fail")
        def fail(*_: object) -> None:
            raise ValueError("no probe")

        assert 'Name="sum" Value="3"' in link.command("Add").content
        for name, why in (("Fail", "no probe"), ("Unknown", "is not known")):
            with pytest.raises(igtl.CommandError, match=why) as error:
                link.command(name)
            assert isinstance(error.value.reply, igtl.CommandReply)

    def test_tells_what_it_has(self, server: Service, link: Link) -> None:
        assert "IMAGE" not in link.capabilities()
        server.offer(image(100))
        assert {"IMAGE", "CAPABILITY"} <= set(link.capabilities())

    def test_tells_its_time(self, link: Link) -> None:
        estimate = link.ping(4)
        assert (estimate.samples, estimate.method) == (4, "four stamps")
        assert estimate.round_trip is not None
        assert 0 < estimate.round_trip < 1
        assert abs(estimate.offset) <= estimate.uncertainty + 1e-3  # it is this machine's clock
        assert link.clock.estimate == estimate

    def test_answers_many_threads_at_once(self, server: Service, link: Link) -> None:
        @server.on_get(igtl.String)
        def answer(_: igtl.Peer, query: igtl.Message) -> igtl.String:
            return igtl.String(query.device_name, device_name=query.device_name)

        server.publish(igtl.String("", header_version=2))  # so that questions have numbers

        def ask(who: int) -> list[str]:
            return [link.get(igtl.String, f"{who}-{number}").text for number in range(40)]

        asking = [background(partial(ask, who))[0] for who in range(4)]
        for who, one in enumerate(asking):
            assert one.result(PATIENCE) == [f"{who}-{number}" for number in range(40)]


class TestOtherPeers:
    @pytest.mark.parametrize("rts", [[], [igtl.Ready(igtl.Image, 0, device_name="CT")]])
    def test_may_say_ready_first_or_not(
        self, pair: tuple[Link, RawPeer], rts: list[igtl.Message]
    ) -> None:
        link, peer = pair
        ct = image(1000, device_name="CT").replace(timestamp=1.0)
        result, _ = background(lambda: link.get(igtl.Image, "CT", timeout=PATIENCE))
        question = peer.receive()
        assert (question.wire_type, question.device_name) == ("GET_IMAGE", "CT")
        assert question.header_version == 1
        peer.send(wire(*rts, ct))
        assert result.result(PATIENCE) == ct

    @pytest.mark.parametrize("version", [1, 2])
    def test_of_version_2_are_asked_in_it_and_answer_in_any(
        self, pair: tuple[Link, RawPeer], version: int
    ) -> None:
        link, peer = pair
        peer.send(wire(igtl.String("hello", header_version=2)))
        assert link.receive(PATIENCE).header_version == 2
        result, _ = background(lambda: link.get(igtl.Transform, "Probe", timeout=PATIENCE))
        question = peer.receive()
        assert question.header_version == 2
        assert question.message_id
        number = question.message_id if version == 2 else 0
        peer.send(wire(pose(7).replace(header_version=version, message_id=number)))
        assert number_of(result.result(PATIENCE)) == 7

    def test_may_send_other_things_meanwhile_which_stay_in_line(
        self, pair: tuple[Link, RawPeer]
    ) -> None:
        link, peer = pair
        result, _ = background(lambda: link.get(igtl.Image, timeout=PATIENCE))
        assert peer.receive().wire_type == "GET_IMAGE"
        answer = image(200_000).replace(timestamp=1.0)
        peer.send(wire(*poses(100), answer, *poses(100, 100)))
        assert result.result(PATIENCE) == answer
        assert numbers_of(receive_some(link, 200)) == [*range(200)]

    @pytest.mark.parametrize(
        "no",
        [
            igtl.Ready(igtl.Image, 1, device_name="CT"),
            igtl.Ready(igtl.Image, 1),
            igtl.Status(igtl.StatusCode.NOT_FOUND, device_name="CT", text="no such volume"),
        ],
        ids=["RTS_", "RTS_ without a name", "STATUS"],
    )
    def test_may_say_no(self, pair: tuple[Link, RawPeer], no: igtl.Message) -> None:
        link, peer = pair
        result, _ = background(lambda: link.get(igtl.Image, "CT", timeout=PATIENCE))
        peer.receive()
        peer.send(wire(no))
        with pytest.raises(igtl.NotAvailable, match="GET_IMAGE of device 'CT'") as error:
            result.result(PATIENCE)
        assert type(error.value.answer) is type(no)

    def test_may_answer_with_rubbish_which_is_said(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        result, _ = background(lambda: link.get(igtl.Transform, timeout=PATIENCE))
        peer.receive()
        damaged = bytearray(wire(pose(1)))
        damaged[-1] ^= 1
        peer.send(damaged)
        with pytest.raises(igtl.ChecksumError):
            result.result(PATIENCE)
        peer.send(wire(pose(2)))
        assert number_of(link.receive(PATIENCE)) == 2

    def test_may_not_answer_at_all(self, pair: tuple[Link, RawPeer]) -> None:
        """What was asked of whom is said, and what came instead; a late answer is news."""
        link, peer = pair
        peer.send(wire(image(100, device_name="MR")))
        assert isinstance(link.receive(PATIENCE), igtl.Image)
        wanted = rf"GET_IMAGE of device 'CT' from {link.endpoint}: no answer within 0\.05 s.*'MR'"
        with within(), pytest.raises(igtl.TimeoutError, match=wanted):
            link.get(igtl.Image, "CT", timeout=0.05)
        peer.send(wire(image(100, device_name="CT")))
        assert link.receive(PATIENCE).device_name == "CT"
        with pytest.raises(igtl.TimeoutError, match=rf"command 'Go' to {link.endpoint}"):
            link.command("Go", timeout=0.05)
        with pytest.raises(igtl.TimeoutError, match="GET_STATUS"):
            link.ping(timeout=0.05)

    def test_of_slicers_kind_are_not_asked(self, shell: Shell, listener: RawServer) -> None:
        link = shell.connect(listener.endpoint, profile="slicer")
        peer = listener.accept()
        with pytest.raises(igtl.MessageError, match="GET_IMAGE is not sent to a peer of profile"):
            link.get(igtl.Image)
        link.close()
        assert peer.receive_rest() == []


@linux_only
def test_asking_while_another_thread_iterates(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    seen: list[int] = []

    def iterate() -> None:
        for message in link:
            seen.append(number_of(message))  # noqa: PERF401 (seen is looked at meanwhile)

    iterating, reader = background(iterate)
    eventually(lambda: asleep(reader))
    for turn in range(20):
        result, _ = background(lambda: link.get(igtl.String, timeout=PATIENCE))
        assert peer.receive().wire_type == "GET_STRING"
        peer.send(wire(pose(2 * turn), igtl.String(str(turn)), pose(2 * turn + 1)))
        assert result.result(PATIENCE).text == str(turn)
    eventually(lambda: seen == [*range(40)])
    peer.close()
    iterating.result(PATIENCE)


def test_asking_while_very_much_waits(pair: tuple[Link, RawPeer]) -> None:
    """The oldest make room, and are counted; nobody waits for ever."""
    link, peer = pair
    count = 150_000
    crowd = b"".join(wire(*poses(10_000, start)) for start in range(0, count, 10_000))
    sending, _ = background(lambda: peer.send(crowd))
    result, _ = background(lambda: link.get(igtl.String, timeout=PATIENCE))
    assert peer.receive().wire_type == "GET_STRING"
    sending.result(PATIENCE)
    peer.send(wire(igtl.String("here")))
    assert result.result(PATIENCE).text == "here"
    dropped = link.counters.dropped
    assert 30_000 < dropped < count
    assert numbers_of(receive_some(link, 3)) == [dropped, dropped + 1, dropped + 2]


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_peer_that_leaves_instead_of_answering(pair: tuple[Link, RawPeer], end: str) -> None:
    link, peer = pair
    result, _ = background(lambda: link.get(igtl.Image, "CT", timeout=PATIENCE))
    peer.receive()
    getattr(peer, end)()
    with within(), pytest.raises(igtl.ClosedError, match=r"GET_IMAGE of device 'CT'|broke the"):
        result.result(PATIENCE)


@linux_only
@pytest.mark.parametrize("others", [0, 1])
def test_closing_ends_waiting_for_an_answer(pair: tuple[Link, RawPeer], others: int) -> None:
    link, peer = pair
    reading = [background(lambda: list(link)) for _ in range(others)]
    eventually(lambda: all(asleep(thread) for _, thread in reading))
    result, thread = background(lambda: link.get(igtl.Image, timeout=PATIENCE))
    peer.receive()
    eventually(lambda: asleep(thread))
    background(peer.close_with_peer)
    with within():
        link.close()
        with pytest.raises(igtl.ClosedError, match="this side closed the link"):
            result.result(PATIENCE)
        assert [one.result(PATIENCE) for one, _ in reading] == [[]] * others
