from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.sources import motion

Pose = Callable[[float], NDArray[np.float64]]
POSES: list[Pose] = [
    motion.probe_to_tracker,
    motion.needle_to_tracker,
    motion.reference_to_tracker,
]
TIMES = np.linspace(0.0, motion.PERIOD_S, 481)


@pytest.mark.parametrize("pose", POSES)
def test_poses_are_rigid(pose: Pose) -> None:
    for time_s in TIMES:
        matrix = pose(time_s)
        rotation = matrix[:3, :3]
        np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
        assert matrix[3].tolist() == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("pose", POSES)
def test_the_choreography_repeats(pose: Pose) -> None:
    for time_s in TIMES[::7]:
        np.testing.assert_allclose(pose(time_s), pose(time_s + motion.PERIOD_S), atol=1e-9)


@pytest.mark.parametrize(
    ("pose", "least", "most"),
    [(POSES[0], 5.0, 20.0), (POSES[1], 15.0, 40.0), (POSES[2], 0.001, 1.0)],
)
def test_tools_move_at_the_speed_of_a_hand_without_jumps(
    pose: Pose, least: float, most: float
) -> None:
    """Speeds in mm/s; the reference all but rests."""
    step = 1e-3
    path = np.array([pose(time_s)[:3, 3] for time_s in np.arange(0, motion.PERIOD_S, step)])
    speed = np.linalg.norm(np.diff(path, axis=0), axis=1) / step
    assert least < speed.max() < most
    assert np.abs(np.diff(speed)).max() / step < 200  # mm/s2


def test_the_probe_keeps_its_face_on_the_skin_and_looks_into_the_body() -> None:
    for time_s in TIMES:
        matrix = motion.probe_to_tracker(time_s)
        assert matrix[1, 3] == motion.SKIN_Y
        assert matrix[:3, 1] @ (0.0, -1.0, 0.0) > np.cos(np.radians(15))


def test_the_probe_sweeps_over_the_whole_phantom() -> None:
    heights = [motion.probe_to_tracker(time_s)[2, 3] for time_s in TIMES]
    assert min(heights) == pytest.approx(-max(heights))
    assert max(heights) > 20


def test_the_needle_moves_along_its_own_axis_from_outside_to_the_target() -> None:
    axis = np.subtract(motion.NEEDLE_TARGET, motion.NEEDLE_ENTRY)
    axis /= np.linalg.norm(axis)
    tips = np.array([motion.needle_to_tracker(time_s)[:3, 3] for time_s in TIMES])
    ahead = (tips - motion.NEEDLE_TARGET) @ axis
    np.testing.assert_allclose(tips, motion.NEEDLE_TARGET + np.outer(ahead, axis), atol=1e-9)
    np.testing.assert_allclose(motion.needle_to_tracker(1.0)[:3, 2], axis)
    assert ahead.max() == pytest.approx(0.0, abs=1e-9)
    assert tips[:, 1].max() > motion.SKIN_Y


def test_needle_and_probe_meet_when_the_needle_is_at_its_target() -> None:
    tip = motion.needle_to_tracker(12.0)[:3, 3]
    np.testing.assert_allclose(tip, motion.NEEDLE_TARGET, atol=1e-9)
    np.testing.assert_allclose(
        motion.probe_to_tracker(12.0)[:3], [[-1, 0, 0, 0], [0, -1, 0, 40], [0, 0, 1, 0]], atol=1e-9
    )
