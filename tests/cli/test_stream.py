from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import numpy as np
import pytest

import igtl
from igtl.cli import stream
from tests.cli.conftest import Call, Serve, Start
from tests.cli.program import stream_of
from tests.cli.servers import asked_of, silent_server, slicer_server
from tests.net.waiting import eventually

TOOL = igtl.Tool("P", np.eye(4))

STT = len(igtl.encode(igtl.Start(igtl.TrackingData, interval=0.0)))


def tracked(time: float) -> igtl.TrackingData:
    """What a tracker with one tool says at a time."""
    return igtl.TrackingData((TOOL,), device_name="Tracker", timestamp=time)


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    """A server that has a tracker, for who asks."""
    with igtl.Server(port=0) as server:
        server.offer(
            tracked(1), igtl.Image(np.zeros((1, 1), np.uint8), device_name="CT", timestamp=2)
        )
        yield server


@pytest.mark.parametrize("name", ["TDATA", "tdata", "TrackingData"])
def test_a_line_a_message_until_enough_have_come(
    name: str, server: igtl.Server, call: Call
) -> None:
    assert call("stream", server.endpoint, name, "--count", "1") == (
        0,
        "     1.000 s  TDATA        Tracker              1 tool: P (0.00, 0.00, 0.00)\n",
        "",
    )


def test_every_message_is_written_at_once(server: igtl.Server, start: Start) -> None:
    program = start("stream", server.endpoint, "TDATA", "Tracker", "--interval", "0", "--json")
    assert json.loads(program.line())["timestamp"] == 1
    for number in range(2, 5):
        server.offer(tracked(number))
        assert json.loads(program.line())["timestamp"] == number


def test_the_interval_is_asked_for(call: Call) -> None:
    with silent_server() as (server, asked):
        call("stream", server.endpoint, "TDATA", "T", "--interval", "0.25", "--timeout", "0.2")
    question = asked.get(timeout=5)
    assert isinstance(question, igtl.Start)
    assert (question.wire_type, question.device_name) == ("STT_TDATA", "T")
    assert question.interval == pytest.approx(0.25)


def test_the_server_is_told_to_stop_at_ctrl_c(server: igtl.Server, start: Start) -> None:
    told: list[igtl.Message] = []

    @server.on_message
    def note(client: igtl.Peer, message: igtl.Message) -> None:
        told.append(message)

    program = start("stream", server.endpoint, "TDATA")
    program.line()
    assert program.interrupt() == (130, "", "")
    eventually(lambda: [message.wire_type for message in told] == ["STT_TDATA", "STP_TDATA"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["TDAT"], "message type 'TDAT' is not known, did you mean TDATA"),
        (["STT_TDATA"], "STT_TDATA is a query itself: give what it is for, TDATA"),
        (["STRING"], "STRING cannot be asked for: there is no STT_STRING, but STT_x for BIND,"),
        (["IMAGE", "--interval", "1"], "STT_IMAGE has no interval: the server decides"),
    ],
)
def test_wrong_wishes_are_explained_before_anybody_is_asked(
    arguments: list[str], complaint: str, call: Call
) -> None:
    ended = call("stream", "nobody.invalid", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_what_is_not_there_has_status_1(server: igtl.Server, call: Call) -> None:
    ended = call("stream", server.endpoint, "IMAGE", "MR")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("igtl: not available: STT_IMAGE of device 'MR' from ")


def test_no_consent_in_time_has_status_3(call: Call) -> None:
    with silent_server() as (server, _):
        ended = call("stream", server.endpoint, "TDATA", "--timeout", "0.2")
    assert ended == (3, "", f"igtl: STT_TDATA from {server.endpoint}: no answer within 0.2 s\n")


def test_the_first_message_is_not_waited_for_for_ever(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ANSWER_S", 1.0)
    with igtl.Server(port=0) as server:
        others = (igtl.String("x"), igtl.String("y"))
        later = threading.Timer(0.3, server.publish, others)

        @server.on_message(igtl.Start)
        def consent(client: igtl.Peer, query: igtl.Start) -> None:
            client.send(igtl.Ready(igtl.TrackingData))
            later.start()

        ended = call("stream", server.endpoint, "TDATA", "nope", "--count", "1")
    assert (ended.status, ended.out) == (3, "")
    hint = "(but 2 other messages: igtl listen shows them)"
    assert ended.err == f"igtl: nothing came for 1 s, after 0 of 1 messages {hint}\n"


def test_what_comes_behind_the_first_message_is_waited_for_for_ever(
    server: igtl.Server, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ANSWER_S", 1.0)
    later = threading.Timer(1.5, server.offer, (tracked(2),))

    @server.on_message
    def note(client: igtl.Peer, message: igtl.Message) -> None:
        if isinstance(message, igtl.Start):
            later.start()

    ended = call("stream", server.endpoint, "TDATA", "--count", "2")
    later.join()
    assert (ended.status, ended.out.count("\n"), ended.err) == (0, 2, "")


def test_a_stream_that_dries_up_has_status_3(server: igtl.Server, call: Call) -> None:
    ended = call("stream", server.endpoint, "image", "CT", "--timeout", "0.2")
    assert (ended.status, ended.out.count("\n")) == (3, 1)
    assert ended.err == "igtl: nothing came for 0.2 s, after 1 message\n"


@pytest.mark.parametrize(("count", "status"), [([], 0), (["--count", "5"], 3)])
def test_it_ends_when_the_server_closes(
    count: list[str], status: int, call: Call, serve_bytes: Serve
) -> None:
    server = serve_bytes(stream_of(igtl.String("x"), tracked(1), tracked(2)), STT)
    ended = call("stream", server.endpoint, "TDATA", *count)
    assert (ended.status, ended.out.count("\n")) == (status, 2)
    came = "2 of 5 messages" if count else "2 messages"
    assert ended.err == f"igtl: {server.endpoint} closed the connection after {came}\n"


@pytest.mark.parametrize(("count", "status"), [([], 1), (["--count", "5"], 3)])
def test_a_broken_connection_has_status_1_unless_a_count_is_missed(
    count: list[str], status: int, call: Call, serve_bytes: Serve
) -> None:
    server = serve_bytes(stream_of(tracked(1), tracked(2))[:-10], STT)
    ended = call("stream", server.endpoint, "TDATA", *count)
    assert (ended.status, ended.out.count("\n")) == (status, 1)
    assert "broke the connection in the middle of a message" in ended.err
    assert ended.err.endswith(", after 1 of 5 messages\n" if count else ", after 1 message\n")


def test_a_server_that_closes_instead_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(b"", STT)
    closed = f"igtl: no answer: {server.endpoint} closed the connection\n"
    assert call("stream", server.endpoint, "TDATA") == (3, "", closed)


def test_a_malformed_message_is_reported_and_the_stream_goes_on(
    call: Call, serve_bytes: Serve
) -> None:
    data = bytearray(igtl.encode(tracked(2)))
    data[-1] ^= 1
    server = serve_bytes(stream_of(tracked(1)) + bytes(data) + stream_of(tracked(3)), STT)
    ended = call("stream", server.endpoint, "TDATA")
    assert (ended.status, ended.out.count("\n")) == (0, 2)
    assert ended.err.startswith("igtl: malformed message: TDATA of device 'Tracker': checksum")


def test_3d_slicer_is_recognised_and_not_asked(call: Call) -> None:
    with slicer_server() as (server, asked):
        ended = call("stream", server.endpoint, "TDATA")
    assert ended.status == 2
    assert "STT_TDATA is not sent to a peer of profile 'slicer'" in ended.err
    assert asked_of(asked) == []
