from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.sources.scan import LPS_TO_RAS, Scan, common_volume, wire_pixels


def stack(positions: list[tuple[float, float, float]]) -> list[NDArray[np.float64]]:
    """Slices with i along x (0.5 mm) and j along y (0.25 mm), at these first voxels."""
    slices = []
    for position in positions:
        matrix = np.diag((0.5, 0.25, 7.0, 1.0))
        matrix[:3, 3] = position
        slices.append(matrix)
    return slices


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "float32", "float64"])
def test_dtypes_that_every_peer_reads_stay(dtype: str) -> None:
    pixels = np.array([[0, 1], [100, 5]], dtype)
    assert wire_pixels(pixels) is pixels


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (32767, "int16"),
        (32768, "uint16"),
        (65535, "uint16"),
        (65536, "int32"),
        (2**31 - 1, "int32"),
    ],
)
def test_wide_integers_become_the_narrowest_type_that_holds_them(
    dtype: str, high: int, expected: str
) -> None:
    pixels = np.array([0, 7, high], dtype)
    narrowed = wire_pixels(pixels)
    assert narrowed.dtype == expected
    assert narrowed.tolist() == [0, 7, high]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-32768, 32767, "int16"),
        (-32769, 0, "int32"),
        (-1, 32768, "int32"),
        (0, 2**32 - 1, "uint32"),
        (-1, 2**31, "float64"),
        (0, 2**53, "float64"),
        (-(2**53), 0, "float64"),
    ],
)
def test_the_narrowest_type_minds_both_ends(low: int, high: int, expected: str) -> None:
    narrowed = wire_pixels(np.array([low, high], np.int64))
    assert narrowed.dtype == expected
    assert [int(value) for value in narrowed] == [low, high]


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [(np.array([True, False]), "uint8"), (np.array([0.5, -2.0], np.float16), "float32")],
)
def test_small_types_are_widened(pixels: NDArray[Any], expected: str) -> None:
    widened = wire_pixels(pixels)
    assert widened.dtype == expected
    assert widened.tolist() == pixels.astype(float).tolist()


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        (np.array([0, 2**53 + 1]), r"reach from 0 to 9007199254740993.*2\^53"),
        (np.array([-(2**53) - 1, 0]), r"reach from -9007199254740993"),
        (np.array([1j]), "complex128, which IMAGE cannot carry: convert"),
    ],
)
def test_what_no_type_holds_is_refused(pixels: NDArray[Any], complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        wire_pixels(pixels)


def test_a_regular_stack_gets_its_k_axis_from_the_positions() -> None:
    volume = common_volume(stack([(1, 2, 3), (1, 2, 5.5), (1, 2, 8)]))
    assert volume is not None
    np.testing.assert_allclose(
        volume, np.array([[0.5, 0, 0, 1], [0, 0.25, 0, 2], [0, 0, 2.5, 3], [0, 0, 0, 1]])
    )


def test_a_tilted_gantry_keeps_its_shear() -> None:
    volume = common_volume(stack([(0, 0, 0), (0, 0.6, 2), (0, 1.2, 4)]))
    assert volume is not None
    np.testing.assert_allclose(volume[:3, 2], (0, 0.6, 2))


def test_a_single_slice_keeps_the_k_axis_of_its_file() -> None:
    (only,) = stack([(1, 2, 3)])
    volume = common_volume([only])
    np.testing.assert_array_equal(volume, only)


@pytest.mark.parametrize(
    ("positions", "regular"),
    [
        ([(0, 0, 0), (0, 0, 1.0), (0, 0, 2.01)], True),  # rounding in the file
        ([(0, 0, 0), (0, 0, 1.0), (0, 0, 3.0)], False),  # one slice is missing
        ([(0, 0, 0), (0, 0, 0.0), (0, 0, 0.0)], False),  # moments at one place
        ([(0, 0, 0), (0, 0, 1.0), (0, 3, 2.0)], False),  # one slice is shifted
        ([(0, 0, 0), (1, 0, 0.0), (2, 0, 0.0)], False),  # side by side
    ],
)
def test_only_even_gaps_make_a_stack(
    positions: list[tuple[float, float, float]], regular: bool
) -> None:
    assert (common_volume(stack(positions)) is not None) == regular


def test_turned_slices_make_no_stack() -> None:
    slices = stack([(0, 0, 0), (0, 0, 1), (0, 0, 2)])
    cosine, sine = np.cos(0.02), np.sin(0.02)
    slices[1][:3, :3] = (
        np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ (slices[1][:3, :3])
    )
    assert common_volume(slices) is None


def scan(shape: tuple[int, ...], volume: NDArray[np.float64] | None) -> Scan:
    pixels = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    return Scan(pixels, np.array(stack([(0, 0, 3 * k) for k in range(shape[1])])), volume)


def test_images_are_in_ras_or_lps_as_asked() -> None:
    volume = stack([(1, 2, 3)])[0]
    made = scan((1, 4, 2, 3), volume)
    ras = made.volume_image(0, coordinates="RAS", device_name="CT")
    lps = made.volume_image(0, coordinates="LPS", device_name="CT")
    assert (ras.coordinates, lps.coordinates) == ("RAS", "LPS")
    np.testing.assert_allclose(lps.ijk_to_world, volume)
    np.testing.assert_allclose(ras.ijk_to_world, LPS_TO_RAS @ volume)
    np.testing.assert_allclose(ras.ijk_to_lps, lps.ijk_to_lps)


@pytest.mark.parametrize("width", [3, 4])
def test_a_volume_three_or_four_pixels_wide_is_not_taken_for_colour(width: int) -> None:
    made = scan((1, 5, 2, width), np.eye(4))
    image = made.volume_image(0, coordinates="RAS", device_name="")
    assert image.size == (width, 2, 5)
    assert made.slice_image(0, 2, coordinates="RAS", device_name="").size == (width, 2, 1)


def test_a_slice_lies_where_it_lies() -> None:
    image = scan((2, 3, 4, 5), None).slice_image(1, 2, coordinates="LPS", device_name="MR")
    assert image.pixels.tolist() == np.arange(100, 120).reshape(1, 4, 5).tolist()
    np.testing.assert_allclose(image.origin, (0, 0, 6))


def test_an_irregular_stack_makes_no_volume() -> None:
    with pytest.raises(SourceError, match="not evenly spaced: send them one by one"):
        scan((1, 3, 2, 2), None).volume_image(0, coordinates="RAS", device_name="")


def test_a_film_takes_its_slices_for_moments_at_the_first_place() -> None:
    film = scan((1, 3, 2, 2), None).as_film()
    image = film.volume_image(2, coordinates="LPS", device_name="US")
    assert image.size == (2, 2, 1)
    assert image.pixels.ravel().tolist() == [8, 9, 10, 11]
    np.testing.assert_allclose(image.origin, (0, 0, 0))


def test_volumes_over_time_are_no_film() -> None:
    with pytest.raises(SourceError, match="volume over time"):
        scan((2, 3, 2, 2), np.eye(4)).as_film()
