from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.sources.calibration import Calibration
from igtl.sources.edges import sharpened

LENS = Calibration(np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]), np.zeros(5))
SIZE, FINER = 200, 5
OFF = np.array([[0.4, -0.3], [-0.4, 0.4], [0.1, 0.5], [-0.5, 0.2]])
"""What detectors are wrong by."""


def square(corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A dark square on a bright ground, as a camera with a little blur sees it."""
    steps = (np.arange(SIZE * FINER) + 0.5) / FINER - 0.5
    x, y = np.meshgrid(steps, steps)
    inside = np.ones(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    light = np.where(inside, 30, 220).reshape(SIZE, FINER, SIZE, FINER).mean(axis=(1, 3))
    seen: NDArray[np.uint8] = cv2.GaussianBlur(light.round().astype(np.uint8), (0, 0), 0.8)
    return seen


@pytest.mark.parametrize("turn", [0.0, 12.0, 135.0])
@pytest.mark.parametrize("side", [30.0, 90.0])
def test_corners_are_found_to_a_few_hundredths_of_a_pixel(turn: float, side: float) -> None:
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bare = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * side
    corners = bare @ rotation.T + (100.3, 98.7)
    found = sharpened(square(corners), corners + OFF, LENS)
    assert np.abs(found - corners).max() < 0.15
    assert np.abs(found - corners).mean() < 0.06


def test_where_there_are_no_edges_the_corners_stay() -> None:
    corners = np.array([[10.0, 10], [60, 10], [60, 60], [10, 60]])
    flat = np.full((SIZE, SIZE), 100, np.uint8)
    np.testing.assert_array_equal(sharpened(flat, corners, LENS), corners)
    nothing = np.full((4, 2), 50.0)  # a square without a side
    np.testing.assert_array_equal(sharpened(flat, nothing, LENS), nothing)


def test_edges_that_are_elsewhere_are_not_taken() -> None:
    """The corners are told for another square than the one that is there, 20 pixels larger."""
    corners = np.array([[100.0, 100], [180, 100], [180, 180], [100, 180]])
    told = corners + np.array([[-10, -10], [10, -10], [10, 10], [-10, 10]])
    np.testing.assert_array_equal(sharpened(square(corners), told, LENS), told)
