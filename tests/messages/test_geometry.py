"""The arithmetic between IMAGE's fields and a matrix of voxel indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.errors import MessageError
from igtl.messages import geometry
from tests.messages.strategies import EIGHTHS, SIDES, rows

SIZES = st.tuples(SIDES, SIDES, SIDES)


@given(rows(EIGHTHS), SIZES)
def test_the_centre_is_the_place_of_the_middle_index(
    matrix: Any, size: tuple[int, int, int]
) -> None:
    values = geometry.to_wire(matrix, size)
    middle = [(length - 1) / 2 for length in size]
    assert values[9:] == (matrix @ [*middle, 1.0])[:3].tolist()
    assert values[:9] == matrix[:3, :3].T.ravel().tolist()


@given(rows(EIGHTHS), SIZES)
def test_the_way_back(matrix: Any, size: tuple[int, int, int]) -> None:
    again = geometry.from_wire(np.array(geometry.to_wire(matrix, size)), size)
    assert again.tolist() == matrix.tolist()
    assert not again.flags.writeable


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_odd_numbers_of_a_peer_pass_without_a_warning(odd: float) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = odd
    values = geometry.to_wire(matrix, (3, 1, 3))
    assert np.array_equal(values[:9], [odd] * 9, equal_nan=True)
    assert np.isnan(values[9]) or np.isinf(values[9])


@given(rows(EIGHTHS))
def test_flipping_turns_x_and_y_about(matrix: Any) -> None:
    other = geometry.flipped(matrix)
    point = [1.0, 2.0, 3.0, 1.0]
    assert (other @ point).tolist() == ((matrix @ point) * [-1, -1, 1, 1]).tolist()
    assert geometry.flipped(other).tolist() == matrix.tolist()


@pytest.mark.parametrize(
    ("spacing", "origin", "diagonal", "translation"),
    [
        (None, None, [1, 1, 1, 1], [0, 0, 0, 1]),
        (2, None, [2, 2, 2, 1], [0, 0, 0, 1]),
        ((1, 2, 3), (4, 5, 6), [1, 2, 3, 1], [4, 5, 6, 1]),
        (None, 7, [1, 1, 1, 1], [7, 7, 7, 1]),
    ],
)
def test_axes_along_x_y_z(
    spacing: Any, origin: Any, diagonal: list[float], translation: list[float]
) -> None:
    matrix = geometry.make(None, spacing, origin)
    assert np.diag(matrix).tolist() == diagonal
    assert matrix[:, 3].tolist() == translation
    assert np.count_nonzero(matrix[:3, :3]) == 3


def test_numbers_of_the_coordinates() -> None:
    assert [geometry.number_of(name) for name in ("RAS", "LPS")] == [1, 2]
    with pytest.raises(MessageError, match="coordinates are 'IJK', expected 'RAS' or 'LPS'"):
        geometry.number_of("IJK")
