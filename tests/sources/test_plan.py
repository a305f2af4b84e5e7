from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.messages import PolyData
from igtl.sources import motion, plan
from igtl.sources.phantom import LESION, VESSEL


def volume_of(surface: PolyData) -> float:
    """The volume that its triangles enclose, mm3; positive when they face outwards."""
    corners = surface.points[surface.polygons.as_array()].astype(np.float64)
    return float(np.sum(np.cross(corners[:, 0], corners[:, 1]) * corners[:, 2]) / 6)


def distances_of(surface: PolyData) -> NDArray[np.float32]:
    (distances,) = surface.attributes
    assert (distances.name, distances.kind, distances.cell) == ("DistanceToPath", "scalars", False)
    assert len(distances.data) == len(surface.points)
    return distances.data


def test_the_path_leads_from_the_skin_to_the_middle_of_the_lesion() -> None:
    (way,) = plan.path().trajectories
    assert tuple(way.entry) == (46.0, 40.0, 0.0)
    assert tuple(way.target) == (18.0, 10.0, 0.0) == LESION.centre
    (point,) = plan.target().points
    assert tuple(point.position) == LESION.centre


def test_the_lesion_is_a_closed_ball_of_its_radius() -> None:
    surface = plan.lesion()
    radii = np.linalg.norm(surface.points - np.array(LESION.centre), axis=1)
    np.testing.assert_allclose(radii, LESION.radius, rtol=1e-5)
    assert volume_of(surface) == pytest.approx(4 / 3 * np.pi * LESION.radius**3, rel=0.02)


def test_the_vessel_is_a_tube_that_faces_outwards() -> None:
    surface = plan.vessel()
    axis = np.array(VESSEL.direction) / np.linalg.norm(VESSEL.direction)
    from_point = surface.points - np.array(VESSEL.point)
    radii = np.linalg.norm(np.cross(from_point, axis), axis=1)
    np.testing.assert_allclose(radii, VESSEL.radius, rtol=1e-4)
    corners = surface.points[surface.polygons.as_array()].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middles = corners.mean(axis=1) - np.array(VESSEL.point)
    outwards = middles - np.outer(middles @ axis, axis)
    assert (np.sum(normals * outwards, axis=1) > 0).all()


def test_distances_are_those_from_the_path_between_its_ends() -> None:
    entry, target = np.array(motion.NEEDLE_ENTRY), np.array(motion.NEEDLE_TARGET)
    way = (target - entry) / np.linalg.norm(target - entry)
    across = np.cross(way, (0.0, 0.0, 1.0))
    places = [entry - 3 * way, target + 4 * way, (entry + target) / 2 + 5 * across, target]
    np.testing.assert_allclose(plan.to_path(np.array(places)), (3, 4, 5, 0), atol=1e-12)


def test_every_point_of_a_surface_has_its_distance() -> None:
    # The lesion's far pole is a radius behind the target; the nearest point lies on the path.
    lesion = distances_of(plan.lesion())
    assert lesion.max() == pytest.approx(LESION.radius, rel=0.01)
    assert lesion.min() < 0.6
    assert distances_of(plan.vessel()).min() > 25


def test_the_needle_turns_round_at_the_target() -> None:
    assert plan.to_target(motion.needle_to_tracker(4.0)) == pytest.approx(0, abs=1e-9)
    assert plan.to_target(motion.needle_to_tracker(0.0)) == pytest.approx(50)
