"""Poses of all types in one form."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.convert.poses import poses_of, quaternions, status_of

ANGLES = st.floats(-np.pi, np.pi)


def turned(x: float, y: float, z: float) -> SimpleITK.VersorRigid3DTransform:
    """A rotation as SimpleITK makes it."""
    euler = SimpleITK.Euler3DTransform((0, 0, 0), x, y, z)
    versor = SimpleITK.VersorRigid3DTransform()
    versor.SetMatrix(euler.GetMatrix(), 1e-6)
    return versor


@given(ANGLES, ANGLES, ANGLES)
def test_rotations_become_the_quaternions_of_simpleitk(x: float, y: float, z: float) -> None:
    versor = turned(x, y, z)
    (found,) = quaternions(np.array(versor.GetMatrix()).reshape(1, 3, 3))
    theirs = np.array(versor.GetVersor())
    assert found[3] >= 0
    assert min(np.abs(found - theirs).max(), np.abs(found + theirs).max()) < 1e-7


@given(ANGLES, ANGLES, ANGLES)
def test_quaternions_become_the_matrices_of_simpleitk(x: float, y: float, z: float) -> None:
    versor = turned(x, y, z)
    tool = igtl.QuaternionTool("P", (1, 2, 3), 2.5 * np.array(versor.GetVersor()))
    (pose,) = poses_of(igtl.QuaternionTrackingData([tool]))
    assert np.allclose(pose.matrix[:3, :3].ravel(), versor.GetMatrix(), atol=1e-6)
    assert pose.matrix[:, 3].tolist() == [1, 2, 3, 1]


@pytest.mark.parametrize("half_turn", [(1, -1, -1), (-1, 1, -1), (-1, -1, 1)])
def test_half_turns_have_quaternions(half_turn: tuple[int, int, int]) -> None:
    (found,) = quaternions(np.diag(half_turn).astype(float)[np.newaxis])
    assert np.abs(found).tolist() == [*(1.0 if one > 0 else 0.0 for one in half_turn), 0.0]


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag((1.0, 1.0, -1.0)),
        np.diag((0.5, 0.5, 0.5)),
        np.zeros((3, 3)),
        np.full((3, 3), np.nan),
        np.full((3, 3), np.inf),
        [[1.0, 0.1, 0], [0, 1, 0], [0, 0, 1]],
    ],
)
def test_what_is_no_rotation_has_no_quaternion(matrix: list[list[float]]) -> None:
    assert np.isnan(quaternions(np.array([matrix]))).all()


def test_a_position_of_a_point_alone_has_no_rotation() -> None:
    (pose,) = poses_of(igtl.Position((1, 2, 3), None))
    assert pose.quaternion is None
    assert np.isnan(pose.matrix[:3, :3]).all()
    assert pose.matrix[:3, 3].tolist() == [1, 2, 3]


def test_other_messages_hold_no_poses() -> None:
    assert poses_of(igtl.String("no pose")) == ()


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({}, ""),
        ({"TransformStatus": "OK"}, "OK"),
        ({"TransformStatus": "out_of_view", "TransformValid": "false"}, "OUT_OF_VIEW"),
        ({"TransformValid": "false"}, "INVALID"),
        ({"TransformValid": "0", "TransformStatus": "OK"}, "INVALID"),
        ({"TransformValid": "true"}, "OK"),
    ],
)
def test_the_status_is_what_the_metadata_say(metadata: dict[str, str], status: str) -> None:
    assert status_of(igtl.Transform(np.eye(4), metadata=metadata)) == status
