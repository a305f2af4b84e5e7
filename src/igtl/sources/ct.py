"""A CT of the phantom: the same body that the ultrasound looks into, in Hounsfield units.

Each voxel tells what the phantom is made of at its centre; see `phantom` for its parts. There is
air in front of the skin, contrast medium in the vessel and fluid in the cyst. Whatever scatters
sound more strongly than fat is brighter here too: the lesion, the skin and the walls.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from igtl.sources.motion import SKIN_Y
from igtl.sources.phantom import Points, scatterers, tissue

__all__ = ["IJK_TO_TRACKER", "SHAPE", "hounsfield", "volume"]

SHAPE = (96, 128, 128)
"""Slices, rows, columns."""
_VOXEL_MM = 0.8
_CENTRE = (0.0, -4.0, 0.0)

IJK_TO_TRACKER = np.diag((_VOXEL_MM, _VOXEL_MM, _VOXEL_MM, 1.0))
"""(4, 4) float64: voxel index (i, j, k, 1) to mm in the tracker's frame, RAS (see `motion`)."""
IJK_TO_TRACKER[:3, 3] = [
    middle - _VOXEL_MM * (count - 1) / 2
    for middle, count in zip(_CENTRE, reversed(SHAPE), strict=True)
]
IJK_TO_TRACKER.flags.writeable = False

_AIR, _FLUID, _BLOOD, _STONE = -1000.0, 8.0, 210.0, 850.0
#: Grain of the tissue (see `phantom`) and what it is here: fat, soft tissue, the brightest wall.
_GRAIN, _UNITS = (0.45, 1.0, 3.5), (-95.0, 45.0, 120.0)
_UNITS_OF_REFLECTION = 10.0
#: Losses of sound, in dB per mm, below which it is fluid or blood, and above which it is stone.
_LOSS_FLUID, _LOSS_BLOOD, _LOSS_STONE = 0.01, 0.1, 1.0


_NOISE = 9.0


def hounsfield(points: Points) -> NDArray[np.float32]:
    """What a CT without noise shows at some points.

    Args:
        points: where, in the tracker's frame.

    Returns:
        float32 of the points' shape, Hounsfield units: -1000 is air, 0 is water.
    """
    made = tissue(points)
    units = np.interp(made.amplitude, _GRAIN, _UNITS).astype(np.float32)
    units += np.float32(_UNITS_OF_REFLECTION) * made.reflection
    units[made.attenuation < _LOSS_BLOOD] = _BLOOD
    units[made.attenuation < _LOSS_FLUID] = _FLUID
    units[made.attenuation > _LOSS_STONE] = _STONE
    units[points.y > SKIN_Y] = _AIR
    return units


@cache
def volume() -> NDArray[np.int16]:
    """The whole CT, with a little noise; made once, always the same.

    Returns:
        (k, j, i) = `SHAPE` int16, Hounsfield units, read-only; `IJK_TO_TRACKER` says where it is.
    """
    pixels = np.rint([_noisy(_slice(k)) for k in range(SHAPE[0])]).astype(np.int16)
    pixels.flags.writeable = False
    return pixels


def _noisy(points: Points) -> NDArray[np.float32]:
    noise: NDArray[np.float32] = scatterers(points).real * np.float32(_NOISE)
    return hounsfield(points) + noise


def _slice(k: int) -> Points:
    """The centres of the voxels of one slice, each (j, i)."""
    j, i = np.indices(SHAPE[1:])
    places = np.stack((i, j, np.full_like(i, k), np.ones_like(i)))
    return Points(*np.tensordot(IJK_TO_TRACKER[:3], places, 1).astype(np.float32))
