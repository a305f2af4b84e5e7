from __future__ import annotations

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet
from tests.net.raw import LITTLE_ROOM, RawPeer, dial, image, number_of, pose, wire
from tests.net.scripts import (
    command,
    error_of,
    fence,
    held,
    order,
    query,
    query2,
    string,
)
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, eventually, within


def ask(peer: RawPeer, question: bytes) -> igtl.Message:
    """The answer to a question, where nothing else is on its way."""
    peer.send(question)
    return peer.receive()


def refused(answer: igtl.Message) -> bool:
    return isinstance(answer, igtl.Ready) and answer.status == 1


# ---- what was published or offered


def test_the_newest_of_each_device_that_was_published_answers_queries(server: Service) -> None:
    server.publish(pose(1, "A"), pose(2, "B"), pose(3, "A"))
    with dial(server.port) as peer:
        assert number_of(ask(peer, query("GET_TRANS", b"A"))) == 3
        assert number_of(ask(peer, query("GET_TRANS", b"B"))) == 2


def test_the_last_of_a_series_answers_queries(server: Service, peer: RawPeer) -> None:
    matrices = np.tile(np.eye(4), (5, 1, 1))
    matrices[:, 0, 3] = np.arange(5)
    server.publish(igtl.Series(igtl.Transform, matrix=matrices, device_name="Probe"))
    assert [number_of(one) for one in peer.receive_some(5)] == [0, 1, 2, 3, 4]
    assert number_of(ask(peer, query("GET_TRANS"))) == 4


def test_what_is_offered_goes_only_to_who_asks(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1), image(1000))
    server.publish(igtl.String("published"))
    assert isinstance(peer.receive(), igtl.String)
    assert number_of(ask(peer, query("GET_TRANS", b"Probe"))) == 1


def test_devices_are_listed_as_type_and_name(server: Service) -> None:
    assert not server.devices
    server.publish(pose(1, "B"), pose(1, "A"))
    server.offer(image(1000))
    server.publish(pose(2, "A"))
    assert server.devices == (("IMAGE", "US"), ("TRANSFORM", "A"), ("TRANSFORM", "B"))


def test_an_empty_device_name_means_the_newest_of_any(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1, "A"))
    server.offer(pose(2, "B"))
    assert ask(peer, query("GET_TRANS")).device_name == "B"
    server.offer(pose(3, "A"))
    assert ask(peer, query("GET_TRANS")).device_name == "A"


def test_what_is_not_there_is_refused_as_its_type_can(server: Service, peer: RawPeer) -> None:
    server.offer(image(1000, device_name="CT"))
    answer = ask(peer, query("GET_IMAGE", b"MR"))
    assert refused(answer)
    assert (answer.wire_type, answer.device_name) == ("RTS_IMAGE", "MR")
    status = ask(peer, query("GET_STRING", b"Patient"))  # there is no RTS_STRING
    assert isinstance(status, igtl.Status)
    assert (status.code, status.device_name) == (igtl.StatusCode.NOT_FOUND, "Patient")
    assert "'Patient'" in status.text


def test_a_query_that_no_type_has_is_answered_too(peer: RawPeer) -> None:
    status = ask(peer, query("GET_NOTHING"))
    assert isinstance(status, igtl.Status)
    assert status.code == igtl.StatusCode.UNKNOWN_INSTRUCTION


def test_an_answer_has_version_and_message_id_of_its_question(
    server: Service, peer: RawPeer
) -> None:
    server.offer(pose(1).replace(metadata={"TransformStatus": "OK"}))
    first = ask(peer, query("GET_TRANS"))
    assert (first.header_version, dict(first.metadata)) == (1, {})
    second = ask(peer, query2("GET_TRANS", message_id=77))
    assert (second.header_version, second.message_id) == (2, 77)
    assert dict(second.metadata) == {"TransformStatus": "OK"}
    refusal = ask(peer, query2("GET_TRANS", b"Nobody", message_id=78))
    assert (refusal.header_version, refusal.message_id) == (2, 78)


def test_large_images_are_answered_without_copying_them(server: Service) -> None:
    size, askers = 40_000_000, 3
    server.offer(image(size))
    with dial(server.port) as peer:
        tracemalloc.start()
        try:
            for _ in range(askers):
                peer.send(query("GET_IMAGE", b"US"))
                left = int.from_bytes(peer.read(58)[42:50], "big")
                assert left > size
                while left:  # not kept, or it would be counted
                    left -= len(peer.sock.recv(min(left, 1 << 16)))
            assert tracemalloc.get_traced_memory()[1] < size // 4
        finally:
            tracemalloc.stop()


def test_answers_with_message_ids_are_not_copied_either(server: Service) -> None:
    """And they wait for who asks without reading, while others are answered."""
    size, askers = 10_000_000, 100
    server.offer(image(size), image(size, device_name="CT"))
    with dial(server.port, receive_buffer=LITTLE_ROOM) as greedy, dial(server.port) as other:
        tracemalloc.start()
        try:
            greedy.send(
                b"".join(query2("GET_IMAGE", b"US", message_id=n) for n in range(1, askers))
            )
            greedy.send(query("GET_BIND") * askers)
            assert isinstance(ask(other, query("GET_STATUS")), igtl.Status)
            eventually(lambda: any(peer.crowded for peer in server.clients))
            assert isinstance(ask(other, query("GET_STATUS")), igtl.Status)
            assert max(peer.queued for peer in server.clients) == 1
            assert tracemalloc.get_traced_memory()[1] < size // 4
        finally:
            tracemalloc.stop()
        assert [greedy.receive().message_id for _ in range(5)] == [1, 2, 3, 4, 5]


def test_who_asks_without_end_keeps_nobody_waiting(server: Service) -> None:
    """Answers that are not read make the server stop reading, and reading them goes on."""
    server.offer(igtl.String("x" * 50_000, device_name="Long"))
    questions = b"".join(query2("GET_STRING", b"Long", message_id=n) for n in range(1, 401))
    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
        peer.send(questions)
        eventually(lambda: any(one.crowded for one in server.clients))
        assert max(one.queued for one in server.clients) < 200
        assert [one.message_id for one in peer.receive_some(400)] == [*range(1, 401)]


def test_handlers_wait_while_their_answers_are_not_read(server: Service) -> None:
    made: list[int] = []

    @server.on_get(igtl.Image)
    def compute(client: igtl.Peer, query: igtl.Message) -> igtl.Image:
        made.append(query.message_id)
        return image(5_000_000, device_name="Made")

    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer, dial(server.port) as other:
        peer.send(b"".join(query2("GET_IMAGE", message_id=n) for n in range(1, 21)))
        eventually(lambda: any(one.crowded for one in server.clients))
        assert isinstance(ask(other, query("GET_STATUS")), igtl.Status)
        assert made == [1]
        assert [one.message_id for one in peer.receive_some(20)] == [*range(1, 21)]


@pytest.mark.parametrize("policy", ["drop-oldest", "newest", "disconnect", "wait"])
def test_replies_are_not_dropped_when_the_queue_is_full(shell: Shell, policy: str) -> None:
    server = shell.serve(when_full=policy, queue_messages=5)
    server.on_command("Do")(lambda client, command: "done")
    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(image(8_000_000))
        server.publish(*(pose(number, f"P{number}") for number in range(5)))
        peer.send(b"".join(command(number, b"Do") for number in range(1, 5)))
        eventually(lambda: server.clients[0].queued == 10, "all replies wait")
        if policy in ("drop-oldest", "newest"):
            server.publish(*(pose(number, f"P{number}") for number in range(5, 10)))
        came = peer.receive_some(10)
    assert [one.command_id for one in came if isinstance(one, igtl.CommandReply)] == [1, 2, 3, 4]


def test_commands_of_who_leaves_are_executed(server: Service) -> None:
    """More than one turn of them, all of them read in one go."""
    done = set[int]()
    server.on_command("Do")(lambda client, command: done.add(command.command_id))
    with dial(server.port) as peer:
        peer.send(b"".join(command(number, b"Do") for number in range(1, 91)))
    eventually(lambda: done == {*range(1, 91)})


def test_a_bind_of_what_has_metadata(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1).replace(metadata={"TransformStatus": "OK"}), igtl.String("x"))
    bound = ask(peer, query("GET_BIND"))
    assert isinstance(bound, igtl.Bind)
    assert [one.wire_type for one in bound.children] == ["TRANSFORM", "STRING"]


def test_a_question_that_cannot_be_answered_is_refused(server: Service, peer: RawPeer) -> None:
    answer = ask(peer, string(b'<Command Name="%s"/>' % (b"x" * 200), b"CMD_1"))
    assert answer.device_name == "ACK_1"
    assert 'Status="FAIL"' in str(answer)
    eventually(lambda: server.counters.errors == 1)


def test_a_refusal_says_what_there_is(server: Service, peer: RawPeer) -> None:
    server.offer(image(1000, device_name="CT"))
    assert ask(peer, query("GET_IMAGE", b"MR")).header_version == 1
    answer = ask(peer, query2("GET_IMAGE", b"MR"))
    assert refused(answer)
    assert answer.metadata["ErrorMessage"] == "no IMAGE of device 'MR'; there is 'CT'"
    server.on_get(igtl.Image)(lambda client, query: give(igtl.NotAvailable("it is off")))
    assert ask(peer, query("GET_IMAGE")).metadata["ErrorMessage"] == "it is off"


@pytest.mark.parametrize("error", [igtl.NotAvailable, igtl.CommandError, igtl.MessageError])
def test_who_refuses_on_purpose_is_not_logged(
    server: Service, peer: RawPeer, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    server.on_command("Do")(lambda client, command: give(error("no probe")))
    assert error_of(order(peer, 1, b"Do")) == "no probe"
    assert not caplog.records
    server.on_command("Do")(lambda client, command: give(ZeroDivisionError("by design")))
    assert error_of(order(peer, 2, b"Do")) == "ZeroDivisionError: by design"
    assert [one.message for one in caplog.records] == [
        "igtl: the handler of command 'Do' failed; the server goes on"
    ]


@pytest.mark.parametrize("wrong", ["SENSOR", None, lambda client, query: None, int])
def test_what_handlers_are_for_has_to_be_said(server: Service, wrong: Any) -> None:
    with pytest.raises(igtl.MessageError, match=r"on_get takes a class .*@server.on_get\("):
        server.on_get(wrong)
    if not isinstance(wrong, str):
        with pytest.raises(igtl.MessageError, match=r"on_command takes the command's name"):
            server.on_command(wrong)
    if not callable(wrong) or wrong is int:
        with pytest.raises(igtl.MessageError, match=r"on_message takes a class of messages or"):
            server.on_message(wrong)


def test_a_thousand_questions_at_once_are_answered_in_order(server: Service) -> None:
    server.offer(*(pose(number, f"P{number}") for number in range(100)))
    with dial(server.port) as peer, within(PATIENCE):
        peer.send(b"".join(query("GET_TRANS", b"P%d" % (n % 100)) for n in range(1000)))
        assert [number_of(one) for one in peer.receive_some(1000)] == [*range(100)] * 10


def test_a_damaged_question_gets_no_answer_and_the_next_one_does(
    server: Service, peer: RawPeer
) -> None:
    server.offer(pose(1))
    peer.send(packet("GET_TRANS", b"x", crc=1) + query("GET_TRANS"))
    assert number_of(peer.receive()) == 1
    eventually(lambda: server.counters.errors == 1)


# ---- what handlers compute


def test_a_handler_computes_the_answer_for_any_device(server: Service, peer: RawPeer) -> None:
    @server.on_get(igtl.String)
    def text(client: igtl.Peer, query: igtl.Message) -> igtl.String:
        return igtl.String(f"{query.device_name} for {client.address}", device_name="Made")

    answer = ask(peer, query("GET_STRING", b"X"))
    assert answer == igtl.String(f"X for {peer.name}", device_name="Made").replace(
        timestamp=answer.timestamp
    )
    assert ask(peer, query2("GET_STRING", b"Y", message_id=5)).message_id == 5


def test_none_gives_what_was_published(server: Service, peer: RawPeer) -> None:
    server.on_get(igtl.Transform)(lambda client, query: None)
    assert refused(ask(peer, query("GET_TRANS")))
    server.offer(pose(4))
    assert number_of(ask(peer, query("GET_TRANS"))) == 4


def give(result: object) -> object:
    if isinstance(result, BaseException):
        raise result
    return result


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


@pytest.mark.parametrize(
    ("result", "errors"),
    [
        (igtl.NotAvailable("no probe"), 0),
        (igtl.CommandError("no probe"), 0),
        (igtl.MessageError("no probe"), 0),
        (ValueError("no probe"), 1),
        (SystemError("\udcff"), 1),
        (SpeechlessError(), 1),
        (igtl.String("another type"), 1),
        ("no message", 1),
    ],
    ids=repr,
)
def test_a_handler_that_gives_nothing_useful_refuses(
    server: Service, peer: RawPeer, result: object, errors: int
) -> None:
    server.on_get(igtl.Transform)(lambda client, query: give(result))
    server.offer(pose(1))
    assert refused(ask(peer, query("GET_TRANS", b"Probe")))
    assert server.counters.errors == errors
    server.on_get(igtl.Transform)(lambda client, query: pose(2))  # the lane goes on
    assert number_of(ask(peer, query("GET_TRANS"))) == 2


def test_why_a_handler_refuses_is_told_where_there_is_room(server: Service, peer: RawPeer) -> None:
    server.on_get(igtl.String)(lambda client, query: give(igtl.NotAvailable("not plugged in")))
    answer = ask(peer, query("GET_STRING"))
    assert isinstance(answer, igtl.Status)
    assert answer.text == "not plugged in"


def test_a_handler_that_takes_too_long_is_answered_for(
    shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    server, gate, begun = shell.serve(command_timeout=0.05), threading.Event(), threading.Event()
    server.on_get(igtl.Transform)(held(shell, gate, pose(1), begun))
    server.offer(igtl.String("still here"))
    with dial(server.port) as peer:
        asked = 0
        while not begun.is_set():  # too late before it has begun: it is not called
            asked += 1
            assert refused(ask(peer, query("GET_TRANS")))
        gate.set()  # too late
        eventually(lambda: "after its deadline" in caplog.text)
        assert isinstance(ask(peer, query("GET_STRING")), igtl.String)
        assert server.counters.errors == asked


def test_other_clients_are_answered_while_a_handler_is_at_work(
    shell: Shell, server: Service, peer: RawPeer
) -> None:
    gate = threading.Event()
    server.on_get(igtl.Transform)(held(shell, gate, pose(1)))
    server.offer(igtl.String("quick"))
    peer.send(query("GET_TRANS"))
    with dial(server.port) as other:
        assert isinstance(ask(other, query("GET_STRING")), igtl.String)
    assert isinstance(ask(peer, query("GET_STRING")), igtl.String)  # and so is the same one
    gate.set()
    assert number_of(peer.receive()) == 1


def test_nothing_is_computed_for_a_client_that_is_gone(shell: Shell, server: Service) -> None:
    gate, done = threading.Event(), list[str]()

    @server.on_get(igtl.String)
    def text(client: igtl.Peer, query: igtl.Message) -> igtl.String:
        done.append(query.device_name)
        return igtl.String("x")

    server.on_get(igtl.Transform)(held(shell, gate, pose(1)))
    with dial(server.port) as leaves:
        leaves.send(query("GET_TRANS") + query("GET_STRING", b"gone"))
        assert fence(leaves) == []
    eventually(lambda: not server.clients)
    with dial(server.port) as stays:
        gate.set()
        eventually(lambda: number_of(ask(stays, query("GET_TRANS"))) == 1)
        assert isinstance(ask(stays, query("GET_STRING", b"here")), igtl.String)
    assert done == ["here"]


# ---- questions that the application answers itself


def test_a_question_that_a_handler_takes_over_is_answered_once(
    server: Service, peer: RawPeer
) -> None:
    server.offer(pose(1), igtl.String("untouched"))

    @server.on_message(type(igtl.Get(igtl.Transform)))
    def answer(client: igtl.Peer, query: igtl.Message) -> None:
        client.send(pose(2, query.device_name))

    answered = ask(peer, query("GET_TRANS", b"Mine"))
    assert (number_of(answered), answered.device_name) == (2, "Mine")
    assert isinstance(ask(peer, query("GET_STRING")), igtl.String)
    assert fence(peer) == []


def test_all_questions_can_be_taken_over(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1), igtl.String("x"))
    server.on_message(igtl.Get)(lambda client, query: client.send(pose(9)))
    peer.send(query("GET_TRANS") + query("GET_STRING"))
    assert [number_of(one) for one in peer.receive_some(2)] == [9, 9]
    peer.send(query("STT_TRANS", b"Probe"))  # is no Get
    assert isinstance(peer.receive(), igtl.Ready)
    assert number_of(peer.receive()) == 1


def test_who_sees_all_messages_does_not_take_questions_over(server: Service, peer: RawPeer) -> None:
    seen: list[igtl.Message] = []
    server.on_message(lambda client, message: seen.append(message))
    server.offer(pose(1))
    assert number_of(ask(peer, query("GET_TRANS"))) == 1
    eventually(lambda: [one.wire_type for one in seen] == ["GET_TRANS"])


def test_answers_and_publishing_from_several_threads_do_not_mix(server: Service) -> None:
    """Every byte of what arrives is a whole message: `receive` would raise otherwise."""
    over = threading.Event()
    server.offer(image(200_000))

    def publish(name: str) -> None:
        number = 0
        while not over.is_set():
            server.publish(pose(number, name))
            number += 1

    with dial(server.port) as peer:
        threads = [threading.Thread(target=publish, args=(name,)) for name in "ABC"]
        for thread in threads:
            thread.start()
        try:
            newest = dict.fromkeys("ABC", -1)
            images = 0
            peer.send(query("GET_IMAGE") * 50)
            while images < 50:
                message = peer.receive()
                if isinstance(message, igtl.Image):
                    images += 1
                    assert wire(message)[58:] == wire(image(200_000))[58:]
                else:
                    assert number_of(message) > newest[message.device_name]
                    newest[message.device_name] = number_of(message)
        finally:
            over.set()
            for thread in threads:
                thread.join(PATIENCE)
