from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.codec.frame import Frame, parse
from igtl.viewer.row import Row
from igtl.viewer.standing import standing

POSE = igtl.Transform(np.eye(4), device_name="Probe", timestamp=1.7e9)


def frame_of(message: igtl.Message) -> Frame:
    return parse(igtl.encode(message))


def row_of(*messages: igtl.Message, every: float = 0.1) -> Row:
    """A row that was looked at, the last message having come at 1000 s."""
    start = 1000 - every * (len(messages) - 1)
    row = Row("TRANSFORM", "Probe", start)
    for number, message in enumerate(messages):
        row.count(frame_of(message), start + number * every)
    row.look()
    return row


def moving(count: int) -> list[igtl.Message]:
    return [POSE.replace(timestamp=1.7e9 + number) for number in range(count)]


def test_a_device_that_sends_is_live() -> None:
    assert standing(row_of(*moving(20)), 1000.1) == ("live", "")


def test_one_message_is_no_habit() -> None:
    assert standing(row_of(POSE), 5000).state == "once"
    assert standing(row_of(*moving(3)), 1000).state == "live"


def test_what_came_all_at_once_is_not_expected_to_go_on() -> None:
    row = row_of(*moving(5), every=0.001)
    assert standing(row, 1000.5).state == "live"
    assert standing(row, 5000) == ("once", "5 messages came at once")


def test_a_device_that_stopped_is_silent() -> None:
    row = row_of(*moving(20))
    assert standing(row, 1001).state == "live"
    assert standing(row, 1002) == ("silent", "it came 10 times a second, and stopped")


def test_a_slow_device_is_given_its_time() -> None:
    row = row_of(*moving(5), every=10)
    assert standing(row, 1030).state == "live"
    assert standing(row, 1032).state == "silent"


def test_a_time_that_stands_still_is_stale() -> None:
    assert standing(row_of(*[POSE] * 20), 1000).state == "live"
    assert standing(row_of(*[POSE] * 30), 1000) == (
        "stale",
        "it comes, but its own time stands still",
    )


def test_without_a_time_there_is_nothing_to_stand_still() -> None:
    assert standing(row_of(*[POSE.replace(timestamp=None)] * 30), 1000).state == "live"


def test_a_pose_that_is_not_valid_is_bad() -> None:
    lost = POSE.replace(metadata={"TransformStatus": "OUT_OF_VIEW"})
    assert standing(row_of(*moving(20), lost), 1000) == (
        "bad",
        "its sender says of the pose: OUT_OF_VIEW",
    )
    found = POSE.replace(metadata={"TransformStatus": "OK"})
    assert standing(row_of(*moving(20), lost, found), 1000).state == "live"


def test_a_malformed_message_is_bad_until_the_next() -> None:
    row = row_of(*moving(20))
    frame = frame_of(POSE)
    row.count(frame._replace(crc=1), 1000)
    row.look()
    state, note = standing(row, 1000)
    assert state == "bad"
    assert "checksum" in note
    row.count(frame, 1000)
    row.look()
    assert standing(row, 1000).state == "live"


def test_counts_that_begin_anew() -> None:
    row = row_of(POSE)
    row.reset(1000)
    assert standing(row, 1000).state == "once"
    assert "set to 0" in standing(row, 1000).note


@pytest.mark.parametrize("later", [0, 100, -100])
def test_what_is_regular_is_so_wherever_a_recording_goes_on(later: float) -> None:
    row = row_of(*moving(20))
    row.reset(1000 + later)
    row.reset(1000 + later)
    assert standing(row, 1001 + later) == ("live", "")
    assert standing(row, 1002 + later).state == "silent"
    row.count(frame_of(POSE), 1002 + later)
    assert standing(row, 1003 + later) == ("live", "")
    assert standing(row, 1004 + later).state == "silent"
