from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.sources import ct
from igtl.sources.phantom import CYST, LESION, STONE, VESSEL, WIRES, Points

Place = tuple[float, float, float]


def at(place: Place) -> float:
    """What a CT without noise shows at a place of the tracker's frame, mm."""
    return float(ct.hounsfield(Points(*np.array([place], np.float32).T))[0])


def around(place: Place) -> NDArray[np.int16]:
    """The 27 voxels of the CT around a place of the tracker's frame, mm."""
    index = np.linalg.solve(ct.IJK_TO_TRACKER, (*place, 1.0))[:3]
    i, j, k = np.rint(index).astype(int)
    return ct.volume()[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2]


def test_every_tissue_has_its_hounsfield_units() -> None:
    assert at((0, 41, 0)) == -1000
    assert at((0, 36, 0)) == pytest.approx(-95)
    assert at((-5, -30, -25)) == pytest.approx(45, abs=1)
    assert at(VESSEL.point) == 210
    assert at(CYST.centre) == 8
    assert at(STONE.centre) == 850
    assert at(WIRES[0].point) == pytest.approx(165, abs=1)


def test_the_lesion_stands_out_and_fades_away() -> None:
    x, y, z = LESION.centre
    middle, edge, outside = (at((x, y, z + mm)) for mm in (0.0, LESION.radius, 11.0))
    assert middle > 110
    assert 45 < edge < middle
    assert outside == pytest.approx(45, abs=6)


@pytest.mark.parametrize("place", [CYST.centre, STONE.centre, VESSEL.point, LESION.centre])
def test_the_volume_has_the_body_where_its_matrix_says(place: Place) -> None:
    voxels = around(place)
    assert voxels.shape == (3, 3, 3)
    assert np.mean(voxels) == pytest.approx(at(place), abs=8)


def test_the_volume_reaches_from_the_air_into_the_body() -> None:
    corners = ct.IJK_TO_TRACKER @ np.array([(0, 0, 0, 1), (127, 127, 95, 1)]).T
    np.testing.assert_allclose(corners[:3, 0], (-50.8, -54.8, -38.0))
    np.testing.assert_allclose(corners[:3, 1], (50.8, 46.8, 38.0))
    assert np.mean(ct.volume()[:, -1]) == pytest.approx(-1000, abs=5)
    assert np.mean(ct.volume()[:, 0]) == pytest.approx(45, abs=5)


def test_it_is_made_once_and_cannot_be_written() -> None:
    assert ct.volume() is ct.volume()
    assert ct.volume().dtype == np.int16
    assert ct.volume().shape == (96, 128, 128)
    assert not ct.volume().flags.writeable
