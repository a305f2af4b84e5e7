"""Which poses belong to a moment."""

from __future__ import annotations

import numpy as np
import pytest

from igtl.convert.pose_history import IDENTITY, Moment, Origin, PoseHistory

SECOND = 1_000_000_000


def moment(arrival: float, stamp: float = 0.0) -> Moment:
    return Moment(int(stamp * 2**32), int(arrival * SECOND))


def matrix(x: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    made = np.eye(4)
    made[0, 3] = x
    return made


def test_the_newest_up_to_a_moment_is_found_in_any_order() -> None:
    poses = PoseHistory(max_age_ns=SECOND, by_arrival=False)
    for arrival, stamp in ((10.0, 3.0), (10.1, 1.0), (10.2, 2.0), (10.3, 2.5)):
        poses.add("AToB", moment(arrival, stamp), matrix(stamp), "OK")
    for stamp, found in ((1.0, 1.0), (2.4, 2.0), (2.5, 2.5), (3.5, 3.0)):
        place, status = poses.at(moment(20.0, stamp))["AToB"]
        assert (place[0, 3], status) == (found, "OK")
    assert poses.at(moment(20.0, 0.9))["AToB"] == (IDENTITY, "MISSING")


def test_it_counts_messages_of_which_a_pose_was_used() -> None:
    poses = PoseHistory(max_age_ns=SECOND, by_arrival=True)
    for second in range(4):
        origin = Origin("TDATA")
        for name in ("AToB", "CToB"):
            poses.add(name, moment(second), IDENTITY, "OK", origin)
    poses.at(moment(0.5))
    poses.at(moment(0.6))
    poses.at(moment(1.0))
    assert poses.used == {"TDATA": 2}
    poses.at(moment(9.0))  # where all are too old
    assert poses.used == {"TDATA": 2}
    poses.forget_use()
    poses.at(moment(1.0))
    assert poses.used == {"TDATA": 1}


def test_it_counts_the_moments_that_had_no_pose() -> None:
    poses = PoseHistory(max_age_ns=SECOND, by_arrival=True)
    poses.add("AToB", moment(1.0), IDENTITY, "OK")
    for arrival in (0.5, 1.5, 2.5):
        poses.at(moment(arrival))
    gaps = poses.gaps["AToB"]
    assert (gaps.frames, gaps.missing, gaps.oldest_ns) == (3, 2, int(1.5 * SECOND))
    poses.forget_use()
    assert (gaps.frames, gaps.missing, gaps.oldest_ns, gaps.came) == (0, 0, None, 1)


@pytest.mark.parametrize("count", [1, 2, 500])
def test_memory_is_bounded_and_the_last_pose_stays(count: int) -> None:
    poses = PoseHistory(max_age_ns=SECOND, by_arrival=True)
    for number in range(count * 100):
        poses.add("AToB", moment(number / 100), matrix(number), "OK")
    poses.add("CToB", moment(0.0), matrix(-1), "OK")
    assert len(poses._samples["AToB"]) <= 202
    place, status = poses.at(moment(3600.0))["CToB"]
    assert (place[0, 3], status) == (-1, "MISSING")


def test_a_clock_that_stands_still_takes_no_memory_without_end() -> None:
    poses = PoseHistory(max_age_ns=SECOND, by_arrival=True)
    for number in range(20_000):
        poses.add("AToB", moment(0.0), IDENTITY, str(number))
    assert len(poses._samples["AToB"]) == 10_000
    assert poses.at(moment(0.0))["AToB"][1] == "19999"
