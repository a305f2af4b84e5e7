"""What an image file holds: pixels over slices and time, and where each slice lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image

__all__ = ["LPS_TO_RAS", "Scan", "common_volume", "wire_pixels"]

LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0, 1.0))
"""(4, 4) float64: x and y change their signs."""

_LARGEST_EXACT_INTEGER = 2**53
_NARROWER = (np.int16, np.uint16, np.int32, np.uint32)
_GAP_TOLERANCE = 0.02
_DIRECTION_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Scan:
    """Pixels of an image file, with their geometry in LPS, mm."""

    pixels: NDArray[Any]
    """(t, k, j, i) or (t, k, j, i, c), of a dtype that IMAGE carries; read-only."""
    slices: NDArray[np.float64]
    """(k, 4, 4): for each slice, from (i, j, 0, 1) to LPS."""
    volume: NDArray[np.float64] | None
    """(4, 4): from (i, j, k, 1) to LPS; None when the slices are no regular stack."""
    frames_are_time: bool = False
    """Whether k counts moments rather than places, as in an ultrasound film."""
    period_s: float | None = None
    """Seconds from one moment to the next, when the file says so."""
    note: str = ""
    """What the reader should know about how it was read."""

    @property
    def components(self) -> int:
        """Values a voxel."""
        return int(self.pixels.shape[4]) if self.pixels.ndim == 5 else 1

    def as_film(self) -> Scan:
        """The same with its slices as moments at the place of the first one."""
        if self.pixels.shape[0] > 1:
            raise SourceError("it holds a volume over time, not a film of single images")
        film = np.swapaxes(self.pixels, 0, 1)
        return Scan(film, self.slices[:1], self.slices[0], period_s=self.period_s, note=self.note)

    def volume_image(self, time: int, *, coordinates: str, device_name: str) -> Image:
        """All slices at a moment, as one IMAGE.

        Raises:
            SourceError: the slices are no regular stack.
        """
        if self.volume is None:
            raise SourceError(
                "its slices are not parallel or not evenly spaced: send them one by one "
                "(mode='slices')"
            )
        return self._image(self.pixels[time], self.volume, coordinates, device_name)

    def slice_image(self, time: int, k: int, *, coordinates: str, device_name: str) -> Image:
        """One slice at a moment, as an IMAGE that lies where the slice lies."""
        return self._image(self.pixels[time, k : k + 1], self.slices[k], coordinates, device_name)

    def _image(
        self,
        pixels: NDArray[Any],
        ijk_to_lps: NDArray[np.float64],
        coordinates: str,
        device_name: str,
    ) -> Image:
        matrix = ijk_to_lps if coordinates == "LPS" else LPS_TO_RAS @ ijk_to_lps
        return Image(
            pixels,
            ijk_to_world=matrix,
            coordinates=coordinates,
            components=self.components,
            device_name=device_name,
        )


def wire_pixels(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same values in a dtype that IMAGE carries and that peers read.

    Values never change. Integers of 32 and 64 bits become the first of int16, uint16, int32 and
    uint32 that holds them all (3D Slicer misreads 32 bits, and readers of DICOM like to give them),
    else float64 if it holds them exactly. float16 becomes float32, bool becomes uint8; int8,
    uint8, int16, uint16, float32 and float64 stay.

    Raises:
        SourceError: there is no such dtype: complex numbers, or integers beyond 2^53.
    """
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "b":
        return pixels.astype(np.uint8)
    if kind == "f" and size == 2:
        return pixels.astype(np.float32)
    if kind in "iu" and size > 2:
        return _narrowed(pixels)
    if kind in "iuf" and size <= 8:
        return pixels
    raise SourceError(
        f"its pixels are {pixels.dtype}, which IMAGE cannot carry: convert them to float32 or an "
        "integer type first, taking the magnitude of complex numbers"
    )


def common_volume(slices: Sequence[NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """The geometry of a stack of slices, when they make a regular one.

    Their planes must be parallel and the gaps equal to within 2 %. A stack whose slices are
    shifted against each other (a tilted gantry) is regular; its k axis is oblique.

    Args:
        slices: for each, (4, 4) float64, from (i, j, 0, 1) to mm.

    Returns:
        (4, 4) float64, from (i, j, k, 1) to mm; None for anything else.
    """
    stack: NDArray[np.float64] = np.array(slices)
    first: NDArray[np.float64] = stack[0]
    count = len(stack)
    if count == 1:
        return first
    step = (stack[-1, :3, 3] - first[:3, 3]) / (count - 1)
    expected = first[:3, 3] + np.arange(count)[:, None] * step
    gap = abs(float(np.cross(first[:3, 0], first[:3, 1]) @ step)) / _area(first)
    offsets = np.linalg.norm(stack[:, :3, 3] - expected, axis=1)
    turned = np.abs(stack[:, :3, :2] - first[:3, :2]).max()
    allowed = _DIRECTION_TOLERANCE * np.linalg.norm(first[:3, 0])
    if gap < 1e-6 or offsets.max() > _GAP_TOLERANCE * gap or turned > allowed:
        return None
    volume: NDArray[np.float64] = first.copy()
    volume[:3, 2] = step
    return volume


def _area(matrix: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.cross(matrix[:3, 0], matrix[:3, 1])))


def _narrowed(pixels: NDArray[Any]) -> NDArray[Any]:
    low, high = int(pixels.min()), int(pixels.max())
    for dtype in _NARROWER:
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return pixels.astype(dtype, copy=False)
    if max(-low, high) <= _LARGEST_EXACT_INTEGER:
        return pixels.astype(np.float64)
    raise SourceError(
        f"its pixels reach from {low} to {high}, beyond what IMAGE carries exactly (2^53)"
    )
