"""A body to look into: an analytic volume with a vessel, a cyst, a lesion, wires and a stone.

Everything is given by formulas in the tracker's frame (RAS, mm; see `motion`), so any point can
be asked for and there is no grid that limits the sharpness. Only the scatterers, the grain that
makes an ultrasound image speckled, come from a small random block, repeated through space.

What a point is made of is told by three numbers. `amplitude` is how strongly its grain sends sound
back (1 is soft tissue). `reflection` is the same for smooth things, which have no grain: wires and
needles. `attenuation` is how much sound it swallows, in dB per mm for the way there and back; fluid
swallows nothing, which makes what lies behind it bright, and a stone swallows nearly everything,
which makes a shadow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.sources.motion import NEEDLE_TARGET, SKIN_Y

__all__ = [
    "CYST",
    "LESION",
    "STONE",
    "VESSEL",
    "WIRES",
    "Points",
    "Rod",
    "Sphere",
    "Tissue",
    "needle",
    "scatterers",
    "tissue",
]

Values = NDArray[np.float32]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Sphere:
    """A ball: its centre and radius, mm in the tracker's frame."""

    centre: Vector
    radius: float


@dataclass(frozen=True)
class Rod:
    """An endless straight rod: a point of its axis, the axis' direction, the radius in mm."""

    point: Vector
    direction: Vector
    radius: float


class Points(NamedTuple):
    """Places in the tracker's frame: float32 coordinates in mm, all of one shape."""

    x: Values
    y: Values
    z: Values


class Tissue(NamedTuple):
    """What some points are made of; float32 arrays of the shape of the points."""

    amplitude: Values
    """Strength of the grain's echo; 1 is soft tissue, 0 is clear fluid."""
    reflection: Values
    """Strength of the echo of smooth things, on the same scale."""
    attenuation: Values
    """Loss on the way there and back, dB per mm of depth."""


VESSEL = Rod(point=(-20.0, 8.0, 0.0), direction=(0.15, 0.1, 1.0), radius=5.5)
CYST = Sphere(centre=(-2.0, -10.0, 10.0), radius=8.0)
LESION = Sphere(centre=NEEDLE_TARGET, radius=7.0)
STONE = Sphere(centre=(2.0, 16.0, -9.0), radius=3.0)
WIRES = (
    Rod(point=(-30.0, -26.0, 0.0), direction=(0.0, 0.0, 1.0), radius=0.5),
    Rod(point=(0.0, -26.0, 0.0), direction=(0.75, 0.0, 1.0), radius=0.5),
    Rod(point=(30.0, -26.0, 0.0), direction=(0.0, 0.0, 1.0), radius=0.5),
)
"""Three nylon wires in the shape of an N, as calibration phantoms have them."""

_SOFT_TISSUE_LOSS = 0.28
_STONE_LOSS = 5.0
_WIRE_REFLECTION = 12.0
_NEEDLE_REFLECTION = 9.0
_NEEDLE_RADIUS = 0.5
_SKIN_MM = 1.8
_FASCIA_DEPTH_MM = 9.0
_SCATTERER_BLOCK = (128, 128, 32)
_SCATTERERS_PER_MM = (1.7, 2.5, 1.0)


def tissue(points: Points) -> Tissue:
    """What the phantom is made of at some points, without its grain."""
    amplitude = _layers(points)
    attenuation = np.full_like(amplitude, _SOFT_TISSUE_LOSS)
    _add_vessel(amplitude, attenuation, points)
    _add_cyst(amplitude, attenuation, points)
    _add_lesion(amplitude, points)
    _add_stone(amplitude, attenuation, points)
    return Tissue(amplitude, _wires(points), attenuation)


def needle(needle_to_tracker: NDArray[np.float64], points: Points) -> Values:
    """Reflection of a needle at some points; it glints along its shaft and ends at its tip.

    Args:
        needle_to_tracker: (4, 4) float64, mm; the shaft lies along the needle's negative z axis.
        points: where to look.

    Returns:
        float32, to be added to the tissue's `reflection`.
    """
    tip, axis = needle_to_tracker[:3, 3], needle_to_tracker[:3, 2]
    squared, along = _from_axis(tip, axis, points)
    beyond = np.maximum(along, 0)
    squared += beyond * beyond
    return _glint(squared, _NEEDLE_REFLECTION, _NEEDLE_RADIUS)


def scatterers(points: Points) -> NDArray[np.complex64]:
    """The grain of the tissue: complex echoes of random phase, fixed in space.

    The same point gives the same echo at any time. The block repeats every 75, 51 and 32 mm.

    Args:
        points: where to look.

    Returns:
        complex64 of the points' shape; mean power 1.
    """
    strides = (_SCATTERER_BLOCK[1] * _SCATTERER_BLOCK[2], _SCATTERER_BLOCK[2], 1)
    index = np.zeros(points.x.shape, np.int32)
    for values, rate, size, stride in zip(
        points, _SCATTERERS_PER_MM, _SCATTERER_BLOCK, strides, strict=True
    ):
        cell = (values * np.float32(rate) + np.float32(8 * size)).astype(np.int32)
        cell &= size - 1
        cell *= stride
        index += cell
    return _scatterer_block().take(index)


def _layers(points: Points) -> Values:
    """Skin, fat, a wavy bright fascia, and soft tissue below."""
    depth = np.float32(SKIN_Y) - points.y
    wave = np.float32(1.2) * np.sin(points.x * np.float32(0.11) + points.z * np.float32(0.07))
    below = depth - np.float32(_FASCIA_DEPTH_MM) - wave
    amplitude = np.where(below < 0, np.float32(0.45), np.float32(1.0))
    amplitude += np.maximum(np.float32(2.5) - np.float32(2.5) * np.abs(below), 0)
    amplitude += np.clip(np.float32(_SKIN_MM) - depth, 0, np.float32(_SKIN_MM))
    return amplitude


def _wires(points: Points) -> Values:
    nearest = _from_rod(WIRES[0], points)
    for wire in WIRES[1:]:
        np.minimum(nearest, _from_rod(wire, points), out=nearest)
    return _glint(nearest, _WIRE_REFLECTION, WIRES[0].radius)


def _glint(squared: Values, strength: float, radius: float) -> Values:
    """Reflection at a squared distance from something thin; half the strength at its radius."""
    squared *= np.float32(math.log(0.5) / radius**2)
    echo = np.exp(squared, out=squared)
    echo *= np.float32(strength)
    return echo


def _add_vessel(amplitude: Values, attenuation: Values, points: Points) -> None:
    squared = _from_rod(VESSEL, points)
    np.copyto(amplitude, np.float32(2.2), where=squared < (VESSEL.radius + 0.8) ** 2)
    inside = squared < VESSEL.radius**2
    np.copyto(amplitude, np.float32(0.06), where=inside)
    np.copyto(attenuation, np.float32(0.02), where=inside)


def _add_cyst(amplitude: Values, attenuation: Values, points: Points) -> None:
    squared = _from_centre(CYST, points)
    np.copyto(amplitude, np.float32(1.8), where=squared < (CYST.radius + 0.5) ** 2)
    inside = squared < CYST.radius**2
    np.copyto(amplitude, np.float32(0.02), where=inside)
    np.copyto(attenuation, np.float32(0.0), where=inside)


def _add_lesion(amplitude: Values, points: Points) -> None:
    """A bright lump with a soft border: half of it at the radius, next to nothing at 1.5 radii."""
    ratio = _from_centre(LESION, points)
    ratio *= np.float32(LESION.radius**-2)
    falling = ratio * ratio * ratio
    falling *= falling
    falling += 1
    amplitude += np.float32(2.2) / falling


def _add_stone(amplitude: Values, attenuation: Values, points: Points) -> None:
    inside = _from_centre(STONE, points) < STONE.radius**2
    np.copyto(amplitude, np.float32(6.0), where=inside)
    np.copyto(attenuation, np.float32(_STONE_LOSS), where=inside)


def _from_centre(sphere: Sphere, points: Points) -> Values:
    """Squared distance to the centre of a sphere, mm2."""
    dx, dy, dz = (p - np.float32(c) for p, c in zip(points, sphere.centre, strict=True))
    return dx * dx + dy * dy + dz * dz


def _from_rod(rod: Rod, points: Points) -> Values:
    """Squared distance to the axis of a rod, mm2."""
    axis = np.array(rod.direction) / math.hypot(*rod.direction)
    return _from_axis(np.array(rod.point), axis, points)[0]


def _from_axis(
    point: NDArray[np.float64], axis: NDArray[np.float64], points: Points
) -> tuple[Values, Values]:
    """Squared distance to a straight line, mm2, and how far along the line from `point`, mm."""
    dx, dy, dz = (p - np.float32(c) for p, c in zip(points, point, strict=True))
    along = dx * np.float32(axis[0])
    along += dy * np.float32(axis[1])
    along += dz * np.float32(axis[2])
    squared = dx * dx
    squared += dy * dy
    squared += dz * dz
    squared -= along * along
    return squared, along


@cache
def _scatterer_block() -> NDArray[np.complex64]:
    """One block of grain, flat, in the order x, y, z; made once, always the same."""
    random = np.random.Generator(np.random.PCG64(20260))
    grain = random.standard_normal((2, *_SCATTERER_BLOCK), dtype=np.float32)
    patches = _smooth_noise(random)
    block: NDArray[np.complex128] = (grain[0] + 1j * grain[1]) * np.exp(0.35 * patches)
    block /= np.sqrt(np.mean(np.abs(block) ** 2))
    return block.astype(np.complex64).ravel()


def _smooth_noise(random: np.random.Generator) -> NDArray[np.float64]:
    """Patchiness of the tissue, longer along x than along the depth; unit variance, periodic."""
    noise = random.standard_normal(_SCATTERER_BLOCK)
    frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in _SCATTERER_BLOCK), indexing="ij")
    lengths = (9.0, 3.0, 3.0)
    exponent = sum((f * s) ** 2 for f, s in zip(frequencies, lengths, strict=True))
    smooth = np.fft.ifftn(np.fft.fftn(noise) * np.exp(-20.0 * exponent)).real
    return np.asarray(smooth / smooth.std(), dtype=np.float64)
