from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import igtl
from tests.cli.conftest import Call, Serve, Start
from tests.cli.program import stream_of
from tests.cli.servers import asked_of, silent_server, slicer_server

LINE = re.compile(r"(\d+): round trip (\d+\.\d+) ms, offset [-+]\d+\.\d+ ms ± \d+\.\d+ ms")
FAST = ("--interval", "0")


@contextmanager
def chatting(server: igtl.Server, ahead: float) -> Iterator[None]:
    """The server sends what its clock shows, which is `ahead` s ahead of ours, all the time."""
    over = threading.Event()

    def chat() -> None:
        while not over.wait(0.005):
            server.publish(igtl.Status(device_name="Clock", timestamp=time.time() + ahead))

    thread = threading.Thread(target=chat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_line_a_round_trip_and_a_summary(call: Call) -> None:
    with igtl.Server(port=0) as server:
        ended = call("ping", server.endpoint, "--count", "3", *FAST)
    assert (ended.status, ended.err) == (0, "")
    *lines, counts, trips, clock = ended.out.splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    assert [one and one[1] for one in found] == ["1", "2", "3"]
    took = sorted(float(one[2]) for one in found if one)
    assert counts == f"{server.endpoint}: 3 asked, 3 answered"
    low, middle, high = took
    assert trips == f"round trip min {low:.3f} ms, median {middle:.3f} ms, max {high:.3f} ms"
    assert re.fullmatch(
        r"the server's clock is \d+\.\d{3} ms (ahead of|behind) ours, ± \d+\.\d{3} ms", clock
    )


def test_json_is_one_object(call: Call) -> None:
    with igtl.Server(port=0) as server:
        ended = call("ping", server.endpoint, "--count", "4", *FAST, "--json")
    found = json.loads(ended.out)
    assert (found["method"], found["asked"], found["answered"]) == ("four stamps", 4, 4)
    assert len(found["round_trips"]) == 4
    assert found["round_trip"]["min"] == min(found["round_trips"])
    assert abs(found["offset"]) <= found["uncertainty"] < 5  # it is the same clock


def test_an_answer_that_is_missing_is_counted(call: Call) -> None:
    with igtl.Server(port=0) as server:
        asked = 0

        @server.on_message(type(igtl.Get(igtl.Status)))
        def sometimes(client: igtl.Peer, query: igtl.Get) -> None:
            nonlocal asked
            asked += 1
            if asked != 2:
                client.send(igtl.Status(device_name=query.device_name))

        ended = call("ping", server.endpoint, "--count", "3", *FAST, "--timeout", "1")
    assert ended.status == 3
    lines = ended.out.splitlines()
    assert lines[1] == "2: no answer within 1 s"
    assert lines[3] == f"{server.endpoint}: 3 asked, 2 answered"


def test_a_server_that_does_not_answer_is_listened_to(call: Call) -> None:
    with silent_server() as (server, _), chatting(server, ahead=100):
        ended = call("ping", server.endpoint, "--timeout", "0.2", "--seconds", "0.5")
    assert ended.status == 0
    assert ended.err == (
        f"igtl: {server.endpoint} does not answer GET_STATUS: no answer within 0.2 s; "
        "listening for 0.5 s instead\n"
    )
    first, *rest = ended.out.splitlines()
    found = re.fullmatch(
        r"the server's clock is (.+) s ahead of ours, ± (.+) m?s \(one way\)", first
    )
    assert found is not None
    assert 99 < float(found[1]) < 101
    assert rest[0].startswith("This is one way: times in the server's messages, compared with")


def test_json_of_one_way_says_so(call: Call) -> None:
    with slicer_server() as (server, asked), chatting(server, ahead=-100):
        ended = call("ping", server.endpoint, "--seconds", "0.5", "--json")
    assert "a server of profile 'slicer' must not be asked" in ended.err
    assert asked_of(asked) == []
    found = json.loads(ended.out)
    assert found["method"] == "one way"
    assert found["messages"] > 1
    assert abs(found["offset"] + 100) <= found["uncertainty"] < 5


def test_times_since_a_devices_own_start_are_no_difference_of_clocks(call: Call) -> None:
    with slicer_server() as (server, _), chatting(server, ahead=-time.time()):
        ended = call("ping", server.endpoint, "--seconds", "0.3")
    assert ended.status == 0
    assert ended.out.startswith("the server counts from its own start, ")


def test_without_any_time_there_is_nothing_to_say(call: Call) -> None:
    with slicer_server() as (server, _):
        ended = call("ping", server.endpoint, "--seconds", "0.2")
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.endswith(
        f"nothing is known of the clock of {server.endpoint}: none of 1 message has a time\n"
    )


def test_silence_leaves_nothing_to_say(call: Call) -> None:
    with silent_server() as (server, _):
        ended = call("ping", server.endpoint, "--timeout", "0.1", "--seconds", "0.1")
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.endswith("no message came\n")


def test_what_the_server_sends_meanwhile_does_no_harm(call: Call) -> None:
    with igtl.Server(port=0) as server, chatting(server, ahead=100):
        ended = call("ping", server.endpoint, "--count", "3", "--interval", "0.1", "--json")
    found = json.loads(ended.out)
    assert (ended.status, found["method"], found["answered"]) == (0, "four stamps", 3)
    assert abs(found["offset"]) < 5


def test_a_server_that_closes_in_between_is_summed_up(call: Call) -> None:
    with igtl.Server(port=0) as server:

        @server.on_message(type(igtl.Get(igtl.Status)))
        def answer_once(client: igtl.Peer, query: igtl.Get) -> None:
            client.send(igtl.Status(device_name=query.device_name))
            client.close()

        ended = call("ping", server.endpoint)
    assert ended.status == 3
    assert f"{server.endpoint}: 1 asked, 1 answered\n" in ended.out
    assert ended.err == f"igtl: {server.endpoint} closed the connection, after 1 of 8 answers\n"


def test_a_server_that_closes_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(igtl.String("x")))
    closed = f"igtl: {server.endpoint} closed the connection, after 0 of 8 answers\n"
    assert call("ping", server.endpoint) == (3, "", closed)


def test_a_server_that_breaks_off_has_status_3_too(call: Call, serve_bytes: Serve) -> None:
    ended = call("ping", serve_bytes(stream_of(igtl.String("x"))[:-1]).endpoint)
    assert (ended.status, ended.out) == (3, "")
    assert "broke the connection in the middle of a message" in ended.err
    assert ended.err.endswith(" of it, after 0 of 8 answers\n")


def test_a_server_that_closes_while_it_is_listened_to(call: Call) -> None:
    with slicer_server() as (server, _):

        @server.on_connect
        def leave(client: igtl.Peer) -> None:
            client.close()

        ended = call("ping", server.endpoint, "--profile", "slicer", "--seconds", "60")
    assert (ended.status, ended.out) == (3, "")
    assert f"igtl: {server.endpoint} closed the connection\n" in ended.err


def test_ctrl_c_sums_up(start: Start) -> None:
    with igtl.Server(port=0) as server:
        program = start("ping", server.endpoint, "--count", "1000", "--interval", "30")
        assert program.line().startswith("1: round trip ")
        ended = program.interrupt()
    assert (ended.status, ended.err) == (130, "")
    assert ended.out.startswith(f"{server.endpoint}: 1 asked, 1 answered\nround trip min ")


def test_ctrl_c_ends_listening_cleanly(start: Start) -> None:
    with slicer_server() as (server, _), chatting(server, ahead=0):
        program = start("ping", server.endpoint, "--seconds", "60")
        assert "listening for 60 s instead" in program.err.readline()
        server.wait_for_clients()
        ended = program.interrupt()
    assert ended.status == 130
    assert "Traceback" not in ended.err
