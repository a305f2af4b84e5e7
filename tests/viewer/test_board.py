from __future__ import annotations

import json
import struct
import threading
import time
from typing import Any, Literal

import numpy as np
import pytest

import igtl
from igtl.codec.frame import Frame, parse
from igtl.net.follower import LinkState
from igtl.viewer.board import Board

POSE = igtl.Transform(np.eye(4), device_name="Probe")
SAID = igtl.String("hello", device_name="Note")
NOW = 1.7e9


def frame_of(message: igtl.Message) -> Frame:
    return parse(igtl.encode(message))


def board_with(*messages: igtl.Message, times: int = 1) -> Board:
    board = Board()
    one = board.connect("localhost:1")
    for number in range(times):
        for message in messages:
            board.count(one, frame_of(message), NOW + number / 10)
    return board


def test_a_row_is_told_in_full() -> None:
    board = Board()
    one = board.connect("localhost:1")
    for number in range(21):
        pose = POSE.replace(timestamp=NOW + number / 10 - 0.25)
        board.count(one, frame_of(pose), NOW + number / 10)
    (row,) = board.plain(NOW + 2.5)["rows"]
    rate, bandwidth, age, latency = (row.pop(n) for n in ("rate", "bandwidth", "age", "latency"))
    assert [round(value, 3) for value in (rate, bandwidth, age, latency)] == [10, 1060, 0.5, 0.25]
    assert row == {
        "id": 0,
        "connection": 0,
        "type": "TRANSFORM",
        "device": "Probe",
        "version": 1,
        "number": 21,
        "messages": 21,
        "bytes": 21 * 106,
        "drops": None,
        "errors": 0,
        "state": "live",
        "note": "",
        "left_out": "",
        "summary": "(    0.00,     0.00,     0.00) mm  turned   0.0 deg",
    }


def test_a_connection_is_told_in_full() -> None:
    board = board_with(POSE, SAID, times=21)
    state = LinkState("connected", "connected to localhost:1", "127.0.0.1:1", "plus")
    board.state(0, state)
    (connection,) = board.plain(NOW + 2)["connections"]
    size = len(igtl.encode(POSE)) + len(igtl.encode(SAID))
    assert (round(connection.pop("rate")), round(connection.pop("bandwidth"))) == (20, 10 * size)
    assert connection == {
        "id": 0,
        "endpoint": "localhost:1",
        "state": "connected",
        "text": "connected to localhost:1",
        "address": "127.0.0.1:1",
        "profile": "plus",
        "messages": 42,
        "bytes": 21 * size,
        "errors": 0,
    }


@pytest.mark.parametrize("state", ["waiting", "over"])
def test_without_its_connection_a_device_is_silent(state: Literal["waiting", "over"]) -> None:
    board = board_with(POSE, times=21)
    there = LinkState("connected", "connected to localhost:1")
    board.state(0, there)
    assert told(board, 2) == [10, 10, "live"]
    board.state(0, LinkState(state, "refused"))
    board.count(0, frame_of(POSE), NOW + 2.1)  # it was on its way
    assert told(board, 2.2) == [0, 0, "silent"]
    board.state(0, there)
    assert told(board, 2.4) == [0, 0, "silent"]
    board.count(0, frame_of(POSE), NOW + 2.5)
    assert told(board, 2.6) == [10, 10, "live"]


def told(board: Board, at: float) -> list[object]:
    plain = board.plain(NOW + at)
    row, connection = plain["rows"][0], plain["connections"][0]
    return [round(connection["rate"]), round(row["rate"]), row["state"]]


def test_devices_of_one_name_from_two_servers_are_two() -> None:
    board = board_with(POSE, SAID)
    two = board.connect("localhost:2")
    row = board.count(two, frame_of(POSE), NOW)
    assert row.id == 2
    assert board.row(2) is row
    assert board.row(3) is None
    told = board.plain(NOW)["rows"]
    assert [(one["id"], one["connection"], one["device"]) for one in told] == [
        (0, 0, "Probe"),
        (1, 0, "Note"),
        (2, 1, "Probe"),
    ]


def test_only_what_changed_is_told_again() -> None:
    board = board_with(POSE, SAID, times=5)
    number, first = board.changed_since(0, NOW)
    assert first["complete"]
    board.count(0, frame_of(SAID), NOW + 0.4)
    number, second = board.changed_since(number, NOW + 0.4)
    assert [row["device"] for row in second["rows"]] == ["Note"]
    assert not second["complete"]
    number, third = board.changed_since(number, NOW + 0.8)
    assert third["rows"] == []
    _, silent = board.changed_since(number, NOW + 60)
    assert [row["state"] for row in silent["rows"]] == ["silent", "silent"]


def test_a_state_that_time_alone_changes_is_told() -> None:
    board = Board()
    one = board.connect("localhost:1")
    for _ in range(5):
        board.count(one, frame_of(POSE), NOW)
    number, first = board.changed_since(0, NOW)
    _, later = board.changed_since(number, NOW + 3)
    assert [row["state"] for row in (*first["rows"], *later["rows"])] == ["live", "once"]


def test_what_is_left_out_is_told_as_soon_as_it_is_known() -> None:
    board = board_with(POSE)
    number, _ = board.changed_since(0, NOW)
    (row,) = board.rows()
    row.left_out = "200 of 350 tools are shown"
    _, message = board.changed_since(number, NOW + 1)
    assert [one["left_out"] for one in message["rows"]] == ["200 of 350 tools are shown"]


def test_two_who_ask_are_both_told() -> None:
    board = board_with(POSE)
    one, _ = board.changed_since(0, NOW)
    two, _ = board.changed_since(0, NOW + 1)
    board.count(0, frame_of(POSE), NOW + 2)
    assert len(board.changed_since(one, NOW + 2)[1]["rows"]) == 1
    assert len(board.changed_since(two, NOW + 2)[1]["rows"]) == 1


def test_ages_are_those_of_now() -> None:
    board = board_with(POSE)
    board.plain(NOW)
    assert board.plain(NOW + 30)["rows"][0]["age"] == 30


def test_wrong_checksums_are_counted_without_a_look() -> None:
    board = board_with(POSE)
    broken = frame_of(POSE)._replace(crc=1)
    for _ in range(3):
        row = board.count(0, broken, NOW)
    assert row.errors == 3
    told = board.plain(NOW)["rows"][0]
    assert (told["errors"], told["state"], told["messages"]) == (3, "bad", 4)
    assert "checksum" in told["note"]


def test_contents_that_are_malformed_are_found_by_looking() -> None:
    body = struct.pack(">HH", 3, 5)  # a STRING of 5 characters without them
    whole = frame_of(igtl.Unknown("STRING", body, device_name="Note"))
    board = Board()
    row = board.count(board.connect("localhost:1"), whole, NOW)
    assert row.errors == 0
    told = board.plain(NOW)["rows"][0]
    assert (told["errors"], told["state"], told["summary"]) == (1, "bad", "")
    assert board.plain(NOW + 1)["rows"][0]["errors"] == 1


def test_a_long_name_stands_in_the_metadata() -> None:
    long = SAID.replace(device_name="N" * 20, metadata={"IGTL_DEVICE_NAME": "N" * 30})
    assert board_with(long, long).plain(NOW)["rows"][0]["device"] == "N" * 30


def test_everything_can_be_told_as_json() -> None:
    hostile = igtl.Transform([[float("nan")] * 4] * 3, device_name="Probe", timestamp=2.0**31)
    text = json.dumps(board_with(hostile).plain(NOW), allow_nan=False)
    assert "nan mm" in text or "nan" in text


def test_a_device_that_counts_from_its_own_start_has_no_latency() -> None:
    assert board_with(POSE.replace(timestamp=12.5)).plain(NOW)["rows"][0]["latency"] is None


def test_counting_anew() -> None:
    board = board_with(POSE, times=5)
    board.reset(NOW + 1)
    board.count(0, frame_of(POSE), NOW + 2)
    (row,) = board.plain(NOW + 2)["rows"]
    assert (row["id"], row["messages"], row["errors"]) == (0, 1, 0)
    assert row["number"] == 6  # who has the fifth learns of another one


def test_what_was_malformed_before_is_not_counted_anew() -> None:
    board = board_with(igtl.Unknown("TDATA", b"cut", device_name="Tools"))
    board.reset(1001.0)
    row = board.plain(1001.0)["rows"][0]
    assert (row["state"], row["messages"], row["errors"]) == ("bad", 0, 0)
    board.count(0, frame_of(igtl.Unknown("TDATA", b"cut", device_name="Tools")), 1002.0)
    assert board.plain(1002.0)["rows"][0]["errors"] == 1


def test_what_came_last_is_known_when_counts_begin_anew() -> None:
    board = board_with(POSE.replace(timestamp=NOW - 0.25), times=5)
    board.reset(NOW - 100)  # a recording was wound back
    (row,) = board.plain(NOW - 100)["rows"]
    assert (row["messages"], row["rate"], row["age"], row["latency"]) == (0, 0, 0, None)
    assert (row["state"], row["summary"] != "") == ("once", True)
    found = board.row(0)
    assert found is not None
    assert found.last_time == NOW + 0.4


def test_what_comes_while_the_clock_stands_still_is_told() -> None:
    """It is looked for ten times a second of any clock."""
    board = board_with(POSE)
    number, _ = board.changed_since(0, NOW)
    board.count(0, frame_of(POSE), NOW)
    deadline = time.monotonic() + 5
    rows: list[dict[str, Any]] = []
    while not rows and time.monotonic() < deadline:
        number, message = board.changed_since(number, NOW)
        rows = message["rows"]
    assert [row["messages"] for row in rows] == [2]


def test_much_to_look_at_is_looked_at_in_turns() -> None:
    children = [igtl.Transform(np.eye(4), device_name=f"P{n:04}") for n in range(2500)]
    names = [f"T{n:02}" for n in range(30)]
    bound = [frame_of(igtl.Bind(children, device_name=name)) for name in names]
    board = Board()
    one = board.connect("localhost:1")
    for frame in bound:
        board.count(one, frame, NOW)
    number, first = board.changed_since(0, NOW)
    assert [row["device"] for row in first["rows"]] == names
    known = {row["device"] for row in first["rows"] if row["summary"]}
    assert 5 < len(known) < 15
    for second in range(1, 5):
        for frame in bound:
            board.count(one, frame, NOW + second)
        number, message = board.changed_since(number, NOW + second)
        known |= {row["device"] for row in message["rows"] if row["summary"]}
    assert known == set(names)


def test_pictures_and_long_lists_cost_little_to_look_at() -> None:
    pixels = np.zeros((512, 512), np.uint8)
    images = [igtl.Image(pixels, device_name=f"US{n}") for n in range(20)]
    tools = [igtl.Tool(f"T{n}", np.eye(4)) for n in range(4000)]
    lists = [igtl.TrackingData(tools, device_name=f"NDI{n}") for n in range(20)]
    rows = board_with(*images, *lists).plain(NOW)["rows"]
    assert all(row["summary"].startswith("512 x 512 x 1 uint8") for row in rows[:20])
    assert all(row["summary"].startswith("4,000 tools: T0 (0.00, ") for row in rows[20:])
    assert all(row["summary"].endswith(" and 3996 more") for row in rows[20:])


def test_many_threads_count() -> None:
    board = Board()
    frame = frame_of(POSE)

    def work(connection: int) -> None:
        for number in range(2000):
            board.count(connection, frame, NOW + number)

    ids = [board.connect(f"localhost:{n}") for n in range(3)]
    threads = [threading.Thread(target=work, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    number = 0
    while any(thread.is_alive() for thread in threads):
        number, message = board.changed_since(number, NOW)
        assert message["kind"] == "board"
    assert [one["messages"] for one in board.plain(NOW + 9999)["connections"]] == [2000] * 3
