"""Corners of markers to a few hundredths of a pixel, from where their edges lie.

Detectors find corners to a quarter of a pixel, which is half a percent of the distance to a marker
of 80 pixels. Each edge has many pixels more than a corner: a line is laid through where its
brightness changes, and corners are where lines meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.sources.calibration import Calibration
from igtl.sources.opencv import opencv

__all__ = ["sharpened"]

Points = NDArray[np.float64]

_ALONG = np.linspace(0.08, 0.92, 31)
"""Where an edge is looked at, from corner to corner."""
_STEP = 0.5
_REACH_OF_SIDE, _REACHES = 1 / 11, (1.5, 5.0)
"""How far is looked to both sides: in lengths of the edge (the squares of the finest code are a
ninth of it), and at least and at most in pixels."""
_LEAST_CONTRAST = 20.0
_LEAST_PLACES = 10


def sharpened(grey: NDArray[np.uint8], corners: NDArray[Any], lens: Calibration) -> Points:
    """The corners of a dark square before a bright ground.

    Args:
        grey: the picture, (j, i).
        corners: (4, 2), about where they are, in pixels, in turn.
        lens: what bends its edges.

    Returns:
        (4, 2) float64: the corners in pixels of a picture by the same camera without distortion;
        the given ones where edges cannot be made out.
    """
    told: Points = np.asarray(corners, np.float64)
    rough, middle = _straight(told, lens), told.mean(axis=0)
    lines = []
    for n in range(4):
        places = _edge(grey, told[n], told[(n + 1) % 4], middle)
        if len(places) < _LEAST_PLACES:
            return rough
        lines.append(_line(_straight(places, lens)))
    found = np.array([np.cross(lines[n - 1], lines[n]) for n in range(4)])
    if np.abs(found[:, 2]).min() < 1e-9:
        return rough
    sharp: Points = found[:, :2] / found[:, 2:]
    return sharp


def _edge(grey: NDArray[np.uint8], start: Points, end: Points, middle: Points) -> Points:
    """(n, 2): where the brightness changes along an edge; fewer places where it hardly does."""
    length = float(np.linalg.norm(end - start))
    outwards = np.array((end[1] - start[1], start[0] - end[0])) / max(length, 1e-9)
    if (start - middle) @ outwards < 0:
        outwards = -outwards
    reach = float(np.clip(length * _REACH_OF_SIDE, *_REACHES))
    offsets = np.arange(-reach, reach + _STEP, _STEP)
    along = start + _ALONG[:, np.newaxis] * (end - start)
    around = along[:, np.newaxis] + offsets[:, np.newaxis] * outwards
    cv2 = opencv("finding ArUco markers")
    samples = cv2.remap(grey, around.astype(np.float32), None, cv2.INTER_LINEAR)
    rise = np.maximum(np.diff(samples.astype(np.float64), axis=1), 0.0)
    contrast = rise.sum(axis=1)
    clear = contrast > _LEAST_CONTRAST
    centre = rise[clear] @ (offsets[:-1] + _STEP / 2) / contrast[clear]
    places: Points = along[clear] + centre[:, np.newaxis] * outwards
    return places


def _line(places: Points) -> Points:
    """(3,): the line a x + b y + c = 0 nearest to the places; what is far off is left out."""
    for _ in range(2):
        centre = places.mean(axis=0)
        normal = np.linalg.svd(places - centre, full_matrices=False)[2][1]
        distances = np.abs((places - centre) @ normal)
        near = distances <= 3 * max(float(np.median(distances)), 0.02)
        places = places[near]
    return np.array((*normal, -normal @ centre))


def _straight(places: Points, lens: Calibration) -> Points:
    """Pixels as a lens without distortion would have them."""
    if not lens.distortion.any():
        return places
    cv2 = opencv("finding ArUco markers")
    straight: Points = cv2.undistortPoints(
        places[:, np.newaxis], lens.matrix, lens.distortion, P=lens.matrix
    )
    return straight.reshape(-1, 2)
