from __future__ import annotations

import numpy as np
import pytest

from igtl.sources import motion, phantom
from igtl.sources.phantom import CYST, LESION, STONE, VESSEL, WIRES, Points


def at(*places: tuple[float, float, float]) -> Points:
    return Points(*np.array(places, np.float32).T)


def far_away() -> tuple[float, float, float]:
    """A place in plain soft tissue."""
    return (-5.0, -30.0, -25.0)


def test_plain_tissue_is_the_unit_of_everything() -> None:
    made = phantom.tissue(at(far_away()))
    assert made.amplitude[0] == pytest.approx(1.0, abs=0.01)
    assert made.reflection[0] == pytest.approx(0.0, abs=1e-6)
    assert made.attenuation[0] == pytest.approx(0.28)


def test_fluid_is_dark_and_swallows_next_to_nothing() -> None:
    made = phantom.tissue(at(CYST.centre, VESSEL.point))
    assert (made.amplitude < 0.1).all()
    assert (made.attenuation < 0.05).all()


def test_the_cyst_ends_at_its_radius_in_every_direction() -> None:
    for direction in np.vstack((np.eye(3), -np.eye(3))):
        inside = np.add(CYST.centre, direction * (CYST.radius - 0.1))
        outside = np.add(CYST.centre, direction * (CYST.radius + 0.1))
        made = phantom.tissue(at(tuple(inside), tuple(outside)))
        assert made.amplitude[0] < 0.1 < 1.0 < made.amplitude[1]


def test_the_vessel_runs_along_its_direction() -> None:
    along = np.array(VESSEL.direction) / np.linalg.norm(VESSEL.direction)
    places = [tuple(np.add(VESSEL.point, s * along)) for s in (-30.0, 0.0, 30.0)]
    assert (phantom.tissue(at(*places)).amplitude < 0.1).all()
    beside = [(VESSEL.point[0], VESSEL.point[1], z) for z in (-50.0, 50.0)]
    assert (phantom.tissue(at(*beside)).amplitude > 0.5).all()


def test_the_stone_swallows_sound_and_the_lesion_is_bright() -> None:
    made = phantom.tissue(at(STONE.centre, LESION.centre))
    assert made.attenuation[0] > 10 * made.attenuation[1]
    assert made.amplitude[1] > 2.5


def test_wires_reflect_where_they_are_and_half_as_much_at_their_radius() -> None:
    for wire in WIRES:
        along = np.array(wire.direction) / np.linalg.norm(wire.direction)
        across = np.cross(along, (0.0, 1.0, 0.0))
        on, beside, away = (
            tuple(np.add(wire.point, 9 * along + d * across)) for d in (0.0, wire.radius, 4.0)
        )
        echo = phantom.tissue(at(on, beside, away)).reflection
        assert echo[0] > 10
        assert echo[1] == pytest.approx(echo[0] / 2, rel=0.01)
        assert echo[2] < 1e-6


def test_the_needle_reflects_behind_its_tip_only() -> None:
    needle = motion.needle_to_tracker(3.0)
    tip, axis = needle[:3, 3], needle[:3, 2]
    echo = phantom.needle(needle, at(tuple(tip - 20 * axis), tuple(tip), tuple(tip + 3 * axis)))
    assert echo[0] == pytest.approx(echo[1])
    assert echo[0] > 5
    assert echo[2] < 1e-6


def test_the_grain_is_fixed_in_space() -> None:
    places = at((1.0, 2.0, 3.0), (-41.5, 30.25, -12.0), (60.0, -60.0, 40.0))
    shuffled = Points(*(values[::-1].copy() for values in places))
    np.testing.assert_array_equal(phantom.scatterers(places), phantom.scatterers(shuffled)[::-1])


def test_the_grain_has_unit_power_and_no_two_neighbours_alike() -> None:
    x, y, z = np.meshgrid(*(np.linspace(-40, 40, 41, dtype=np.float32),) * 3, indexing="ij")
    grain = phantom.scatterers(Points(x, y, z))
    assert np.mean(np.abs(grain) ** 2) == pytest.approx(1.0, abs=0.05)
    assert abs(np.mean(grain)) < 0.02
    assert abs(np.mean(grain[1:] * grain[:-1].conj())) < 0.02
