from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.cli.top_picture import blocks, shades, sized, slice_of


def grey(
    *rows: list[float], dtype: str = "uint8"
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    return np.array(rows, dtype)[..., None]


def test_a_picture_keeps_its_shape() -> None:
    wide = np.zeros((120, 160, 1), np.uint8)
    assert sized(wide, (1, 1), (40, 40)).shape == (30, 40, 3)
    assert sized(wide, (1, 2), (40, 40)).shape == (40, 27, 3)
    assert sized(np.zeros((2, 1000, 1), np.uint8), (1, 1), (40, 40)).shape == (1, 40, 3)


def test_pixels_stay_where_they_are() -> None:
    picture = sized(grey([10, 20], [30, 40]), (1, 1), (4, 4))
    assert picture[..., 0].tolist() == [
        [10, 10, 20, 20],
        [10, 10, 20, 20],
        [30, 30, 40, 40],
        [30, 30, 40, 40],
    ]


def test_a_dot_is_the_mean_of_its_part() -> None:
    chess = np.indices((30, 30)).sum(axis=0)[..., None] % 2 * 200
    means = sized(chess.astype(np.uint8), (1, 1), (10, 10))
    assert set(means.ravel().tolist()) <= {89, 111}  # 4 or 5 of 9 pixels are bright


def test_values_of_other_ranges_become_brightness() -> None:
    picture = sized(grey([-1000, 0], [1000, 3000], dtype="int16"), (1, 1), (2, 2))
    dark, low, high, bright = picture[..., 0].ravel().tolist()
    assert dark == 0
    assert bright == 255
    assert 55 < low < 70
    assert 120 < high < 135


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.7e308, 0.0])
def test_odd_numbers_do_no_harm(value: float) -> None:
    pixels = np.full((4, 4, 1), value)
    pixels[0, 0] = -1.7e308
    assert sized(pixels, (1, 1), (4, 4)).shape == (4, 4, 3)
    assert sized(np.full((4, 4, 1), value), (1, 1), (4, 4)).shape == (4, 4, 3)


@pytest.mark.parametrize("spacing", [(0.0, 0.0), (np.nan, 1.0), (1e30, 1e-30), (-1.0, 1.0)])
def test_odd_spacings_do_no_harm(spacing: tuple[float, float]) -> None:
    assert sized(np.zeros((10, 10, 1), np.uint8), spacing, (5, 5)).size


def test_a_slice_of_a_volume() -> None:
    volume = igtl.Image(np.arange(5, dtype=np.uint8)[:, None, None].repeat(6, 1).repeat(6, 2))
    for step, number in ((0, 2), (1, 3), (2, 4), (3, 0), (-2, 0), (-3, 4)):
        pixels, found, count = slice_of(volume, step)
        assert (found, count, int(pixels[0, 0, 0])) == (number, 5, number)


def test_colours_keep_their_order() -> None:
    image = igtl.Image(np.array([[[248, 16, 8]]], np.uint8), components=3)
    ((block,),) = blocks(sized(slice_of(image, 0)[0], (1, 1), (1, 2)))
    assert block.style is not None
    assert block.style.color is not None
    assert block.style.bgcolor is not None
    assert tuple(block.style.color.get_truecolor()) == (248, 16, 8)
    assert tuple(block.style.bgcolor.get_truecolor()) == (0, 0, 0)  # there is no other dot


def test_shades_rise_with_brightness() -> None:
    steps = np.linspace(0, 255, 10).astype(np.uint8)[None, :, None].repeat(3, 2)
    ((segment,),) = shades(steps)
    assert segment.text == " .:-=+*#%@"
