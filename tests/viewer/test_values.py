from __future__ import annotations

import math
import struct
import threading
from typing import Any

import numpy as np
import pyigtl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.codec.crc import crc64
from igtl.codec.frame import Frame, parse
from igtl.viewer.row import Row
from igtl.viewer.values import Values
from tests.viewer.sent import Rows, frame_of, spoilt

MATRIX = np.array([[0, -1, 0, 1.5], [1, 0, 0, -20.25], [0, 0, 1, 300.125], [0, 0, 0, 1]])
UPPER = [0, -1, 0, 1.5, 1, 0, 0, -20.25, 0, 0, 1, 300.125]


class Told:
    """Values, and what they tell, by kind."""

    def __init__(self) -> None:
        self.values, self.rows = Values(), Rows()

    def take(self, message: igtl.Message | Frame, received: float = 10.0) -> Row:
        frame = message if isinstance(message, Frame) else frame_of(message)
        row = self.rows.of(frame)
        self.values.take(row, frame, received)
        return row

    def drain(self) -> dict[str, Any]:
        return _by_kind(self.values.drain())

    def recent(self) -> dict[str, Any]:
        return _by_kind(self.values.recent())

    def lines(self) -> list[tuple[str, str]]:
        return [(line["level"], line["text"]) for line in self.drain().get("log", [])]


def _by_kind(messages: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"tools": "tools", "poses": "samples", "sensors": "samples", "log": "lines"}
    found = {message["kind"]: message[names[message["kind"]]] for message in messages}
    assert len(found) == len(messages)
    return found


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_pose_of_another_implementation_is_told_as_it_was_sent(told: Told) -> None:
    sent = pyigtl.TransformMessage(MATRIX, timestamp=5.0, device_name="ProbeToTracker")
    row = told.take(parse(sent.pack()), received=12.5)
    found = told.drain()
    assert found["tools"] == [
        {
            "key": str(row.id),
            "row": row.id,
            "device": "ProbeToTracker",
            "name": "ProbeToTracker",
            "from": "Probe",
            "to": "Tracker",
            "what": "pose",
            "unit": "",
        }
    ]
    assert found["poses"] == [[str(row.id), 12.5, UPPER, ""]]
    assert told.drain() == {}


def test_numbers_are_those_that_people_meant_not_their_binary_neighbours(told: Told) -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = 0.1, -1234.567, 1e-7
    told.take(igtl.Transform(matrix, device_name="P"))
    ((_, _, place, _),) = told.drain()["poses"]
    assert place[3::4] == [0.1, -1234.567017, 0.0]  # 32 bits have seven digits


@pytest.mark.parametrize(
    ("name", "frames"),
    [("StylusTipToReference", ("StylusTip", "Reference")), ("Probe", ("Probe", "World"))],
)
def test_names_tell_the_frames(told: Told, name: str, frames: tuple[str, str]) -> None:
    told.take(igtl.Transform(np.eye(4), device_name=name))
    (tool,) = told.drain()["tools"]
    assert (tool["from"], tool["to"]) == frames


def test_tools_of_tracking_data_have_keys_of_their_own(told: Told) -> None:
    tools = [igtl.Tool("A", MATRIX), igtl.Tool("BToC", np.eye(4), type=igtl.ToolType.THREE_D)]
    row = told.take(igtl.TrackingData(tools, device_name="NDI"))
    found = told.drain()
    assert [
        (one["key"], one["name"], one["from"], one["to"], one["what"]) for one in found["tools"]
    ] == [
        (f"{row.id}:A", "A", "A", "NDI", "pose"),
        (f"{row.id}:BToC", "BToC", "B", "C", "point"),
    ]
    assert [sample[0] for sample in found["poses"]] == [f"{row.id}:A", f"{row.id}:BToC"]
    assert found["poses"][0][2] == UPPER


def test_a_tool_leads_where_the_transform_of_the_same_name_leads(told: Told) -> None:
    told.take(igtl.Transform(MATRIX, device_name="ProbeToTracker"))
    told.take(igtl.TrackingData([igtl.Tool("Probe", MATRIX)], device_name="Tracker"))
    told.take(igtl.QuaternionTrackingData([igtl.QuaternionTool("Probe", (0, 0, 0))]))
    tools = told.drain()["tools"]
    assert [(one["from"], one["to"]) for one in tools] == [("Probe", "Tracker")] * 3


def test_quaternions_become_matrices(told: Told) -> None:
    half = math.sqrt(0.5)  # a quarter turn about z
    tools = [
        igtl.QuaternionTool("A", (1.5, -20.25, 300.125), (0, 0, half, half)),
        igtl.QuaternionTool("B", (0, 0, 0), (0, 0, 0, 0)),
    ]
    told.take(igtl.QuaternionTrackingData(tools, device_name="NDI"))
    first, second = told.drain()["poses"]
    assert first[2] == pytest.approx(UPPER, abs=1e-6)
    assert second[3] == "INVALID"


def test_a_position_without_rotation_is_a_point(told: Told) -> None:
    told.take(igtl.Position((1, 2, 3), None, device_name="Tip"))
    told.take(igtl.Position((1, 2, 3), (0, 0, 0, 1), device_name="Stylus"))
    found = told.drain()
    assert [one["what"] for one in found["tools"]] == ["point", "pose"]
    assert [sample[2] for sample in found["poses"]] == [[1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3]] * 2


def test_status_is_what_the_sender_says(told: Told) -> None:
    for status in ("OK", "OUT_OF_VIEW"):
        metadata = {"TransformStatus": status}
        told.take(igtl.Transform(MATRIX, device_name="P", metadata=metadata))
    assert [sample[3] for sample in told.drain()["poses"]] == ["OK", "OUT_OF_VIEW"]


def test_a_pose_of_no_numbers_stays_where_it_was(told: Told) -> None:
    broken = MATRIX.copy()
    broken[0, 0] = math.nan
    told.take(igtl.Transform(broken, device_name="P"))
    told.take(igtl.Transform(MATRIX, device_name="P"))
    told.take(igtl.Transform(broken, device_name="P"))
    samples = told.drain()["poses"]
    assert [sample[3] for sample in samples] == ["INVALID", "", "INVALID"]
    assert samples[0][2] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    assert samples[2][2] == UPPER


def test_a_tool_that_is_no_longer_sent_is_missing(told: Told) -> None:
    a, b = igtl.Tool("A", MATRIX), igtl.Tool("B", np.eye(4))
    told.take(igtl.TrackingData([a, b], device_name="NDI"), 1.0)
    told.take(igtl.TrackingData([b], device_name="NDI"), 2.0)
    told.take(igtl.TrackingData([b], device_name="NDI"), 3.0)
    of_a = [sample[1:] for sample in told.drain()["poses"] if sample[0].endswith(":A")]
    assert of_a == [[1.0, UPPER, ""], [2.0, UPPER, "MISSING"]]


def test_the_newest_sixteen_are_kept(told: Told) -> None:
    for number in range(100):
        told.take(igtl.Transform(np.eye(4), device_name="P"), float(number))
    assert [sample[1] for sample in told.drain()["poses"]] == list(map(float, range(84, 100)))


def test_of_very_many_devices_each_has_its_newest(told: Told) -> None:
    for device in range(900):
        for number in range(2):
            told.take(igtl.Transform(np.eye(4), device_name=f"P{device}"), float(number))
    assert [sample[1] for sample in told.drain()["poses"]] == [1.0] * 900


def test_tools_without_end_are_not_followed(told: Told) -> None:
    for first in range(0, 400, 100):
        tools = [igtl.Tool(f"T{first + n}", MATRIX) for n in range(100)]
        told.take(igtl.TrackingData(tools, device_name="NDI"))
    assert len(told.drain()["tools"]) == 200


def test_what_is_left_out_of_a_device_is_said(told: Told) -> None:
    def row_with(count: int) -> Row:
        tools = [igtl.Tool(f"T{n}", MATRIX) for n in range(count)]
        row = told.take(igtl.TrackingData(tools, device_name="NDI"))
        told.drain()
        return row

    assert row_with(200).left_out == ""
    why = "at most 200 of a device are, and 5,000 of all"
    assert row_with(350).left_out == f"200 of 350 tools are shown: {why}"
    assert row_with(1200).left_out == "84,000 bytes are not followed here, at most 80,000 are"
    assert row_with(199).left_out == ""


def test_tools_of_devices_without_end_are_not_followed(told: Told) -> None:
    for device in range(30):
        tools = [igtl.Tool(f"T{n}", MATRIX) for n in range(200)]
        row = told.take(igtl.TrackingData(tools, device_name=f"D{device}"))
        told.drain()
    assert len(told.recent()["tools"]) == len(told.recent()["poses"]) == 5000
    assert row.left_out.startswith("0 of 200 tools are shown: ")
    row = told.take(igtl.Transform(MATRIX, device_name="Probe"))
    told.drain()
    assert row.left_out.startswith("0 of 1 tool is shown: ")


def test_much_is_read_in_turns(told: Told) -> None:
    """One look at a hundred devices of 200 tools each would take a second."""
    tools = [igtl.Tool(f"T{n}", MATRIX) for n in range(200)]
    frames = [frame_of(igtl.TrackingData(tools, device_name=f"D{n}")) for n in range(25)]
    seen: set[str] = set()
    for _ in range(3):
        for frame in frames:
            told.take(frame)
        poses = told.drain()["poses"]
        assert len(poses) <= 20 * 200
        seen |= {key.partition(":")[0] for key, *_ in poses}
    assert len(seen) == 25


def test_what_is_too_large_is_said_once_and_not_read(told: Told) -> None:
    many = igtl.TrackingData([igtl.Tool(f"T{n}", MATRIX) for n in range(4000)], device_name="NDI")
    for _ in range(2):
        told.take(many)
    told.take(igtl.TrackingData([igtl.Tool("A", MATRIX)], device_name="NDI"))
    found = told.drain()
    assert [line["text"] for line in found["log"]] == [
        "280,000 bytes are not followed here, at most 80,000 are"
    ]
    assert [one["name"] for one in found["tools"]] == ["A"]


def test_devices_that_are_counted_together_have_no_values(told: Told) -> None:
    frame = frame_of(igtl.Transform(MATRIX, device_name="P"))
    told.values.take(Row("", "(others)", 0.0, 7), frame, 1.0)
    assert told.drain() == {}


def test_sensor_values(told: Told) -> None:
    row = told.take(igtl.Sensor([1.5, math.nan, -2e300], "mm", device_name="Force"), 3.0)
    found = told.drain()
    assert found["sensors"] == [[row.id, 3.0, [1.5, None, -2e300]]]
    (tool,) = found["tools"]
    assert (tool["what"], tool["unit"], tool["name"]) == ("sensor", "mm", "Force")


def test_a_string_of_another_implementation_is_a_line(told: Told) -> None:
    sent = pyigtl.StringMessage("hello, is anybody there?", device_name="Console")
    row = told.take(parse(sent.pack()), 4.5)
    (line,) = told.drain()["log"]
    assert line == {
        "n": 1,
        "time": 4.5,
        "row": row.id,
        "type": "STRING",
        "device": "Console",
        "level": "info",
        "text": "hello, is anybody there?",
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (igtl.Status(), ("info", "OK")),
        (igtl.Status(13, text="warming up"), ("warning", "NOT_READY: warming up")),
        (igtl.Status(18, 3, "E42", "off"), ("error", "HARDWARE_FAILURE (subcode 3): E42: off")),
        (igtl.Status(999), ("error", "code 999")),
        (igtl.Command(7, "Freeze", "<a/>"), ("info", "#7 Freeze <a/>")),
        (igtl.CommandReply(7, "Freeze", "<Command><Result>true</Result></Command>"),
         ("info", "#7 Freeze <Command><Result>true</Result></Command>")),
        (igtl.CommandReply(7, "Freeze", '<CommandReply Status="FAIL" Error="no probe"/>'),
         ("error", "#7 Freeze failed: no probe")),
        (igtl.Ready(igtl.TrackingData), ("info", "accepted")),
        (igtl.Ready(igtl.TrackingData, 1), ("error", "refused, status 1")),
        (igtl.Unknown("RTS_MINE", b"abc"), ("info", "3 bytes of a type that igtl does not know")),
    ],
)  # fmt: skip
def test_lines_and_their_levels(
    told: Told, message: igtl.Message, expected: tuple[str, str]
) -> None:
    told.take(message)
    assert told.lines() == [expected]


def test_a_line_is_not_endless(told: Told) -> None:
    told.take(igtl.String("x" * 60_000))
    ((_, text),) = told.lines()
    assert len(text) == 2000
    assert text.endswith("x…")


def test_other_types_say_nothing(told: Told) -> None:
    told.take(igtl.Image(np.zeros((2, 2), np.uint8)))
    told.take(igtl.Unknown("MINE", b"abc"))
    told.take(igtl.Get(igtl.Image))
    assert told.drain() == {}


def test_lines_that_came_too_fast_are_counted(told: Told) -> None:
    for number in range(20):
        told.take(igtl.String(str(number)))
    lines = told.lines()
    assert [text for _, text in lines[:-1]] == [str(number) for number in range(4, 20)]
    assert lines[-1] == ("warning", "4 more came faster than can be shown")
    told.take(igtl.String("later"))
    assert told.lines() == [("info", "later")]


def test_whoever_joins_gets_the_newest_of_all(told: Told) -> None:
    for number in range(3):
        told.take(igtl.Transform(np.eye(4), device_name="P"), float(number))
        told.take(igtl.Sensor([number], "N", device_name="F"), float(number))
    for number in range(700):
        told.values.say(f"line {number}", time=1.0)
        told.drain()
    found = told.recent()
    assert [one["name"] for one in found["tools"]] == ["P", "F"]
    assert [sample[1] for sample in found["poses"]] == [2.0]
    assert [sample[2] for sample in found["sensors"]] == [[2.0]]
    assert [line["n"] for line in found["log"]] == list(range(201, 701))


def test_what_is_not_drained_yet_is_not_recent(told: Told) -> None:
    told.values.say("soon", time=1.0)
    assert told.recent() == {}
    assert told.lines() == [("info", "soon")]
    assert [line["text"] for line in told.recent()["log"]] == ["soon"]


def test_malformed_messages_are_told_once(told: Told) -> None:
    good = frame_of(igtl.Transform(MATRIX, device_name="P"))
    for frame in (spoilt(good), spoilt(good), good, spoilt(good)):
        told.take(frame)
    found = told.drain()
    assert [(line["level"], line["device"]) for line in found["log"]] == [("error", "P")] * 2
    assert "checksum" in found["log"][0]["text"]
    assert len(found["poses"]) == 1


TYPES = [b"TRANSFORM", b"POSITION", b"TDATA", b"QTDATA", b"SENSOR", b"STRING", b"STATUS",
         b"COMMAND", b"RTS_COMMAND", b"RTS_TDATA", b"RTS_X"]  # fmt: skip


@given(st.sampled_from(TYPES), st.sampled_from([1, 2]), st.binary(max_size=200))
def test_whatever_comes_nothing_is_raised(kind: bytes, version: int, body: bytes) -> None:
    told = Told()
    header = struct.pack(">H12s20sQQQ", version, kind, b"D", 0, len(body), crc64(body))
    told.take(parse(header + body))
    told.drain()
    told.recent()


def test_threads_take_while_one_drains(told: Told) -> None:
    frames = [frame_of(igtl.Transform(np.eye(4), device_name=f"P{n}")) for n in range(4)]
    rows = [told.rows.of(frame) for frame in frames]

    def send(row: Row, frame: Frame) -> None:
        for number in range(2000):
            told.values.take(row, frame, float(number))

    threads = [threading.Thread(target=send, args=pair) for pair in zip(rows, frames, strict=True)]
    for thread in threads:
        thread.start()
    times: dict[str, list[float]] = {str(row.id): [] for row in rows}
    while any(thread.is_alive() for thread in threads):
        for key, time, *_ in told.drain().get("poses", []):
            times[key].append(time)
    for key, time, *_ in told.drain().get("poses", []):
        times[key].append(time)
    for found in times.values():
        assert found == sorted(found)
        assert found[-1] == 1999.0
