"""The size of pixels in ultrasound: its calibration stands in a sequence that SimpleITK skips."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from igtl.errors import MissingExtraError

__all__ = ["PixelSize", "pixel_size"]

_TWO_DIMENSIONAL = 1
_CENTIMETRES = 3
_MM_PER_CM = 10.0
_TOLERANCE = 1e-3


class PixelSize(NamedTuple):
    """What the regions of an ultrasound picture say."""

    i: float
    """mm from column to column."""
    j: float
    """mm from row to row."""
    fits: bool
    """Whether the regions lie in the picture; else it was scaled or cropped since."""


def pixel_size(path: Path) -> PixelSize | None:
    """The size of the pixels of an ultrasound file (DICOM PS3.3, C.8.5.5, US Region Calibration).

    Returns:
        What its two-dimensional regions in centimetres agree on; None where there is none, or they
        differ, as pictures side by side may.

    Raises:
        MissingExtraError: pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise MissingExtraError.of("pydicom", "images", "the pixel size of ultrasound") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about values that have nothing to do with it
        try:
            data = pydicom.dcmread(path, stop_before_pixels=True)
            regions = [_Region(*_values(one)) for one in data.SequenceOfUltrasoundRegions]
            width, height = int(data.Columns), int(data.Rows)
        except Exception:  # noqa: BLE001 - pydicom raises what it likes; the file says nothing then
            return None
    return _agreed([one for one in regions if one.is_plane], width, height)


class _Region(NamedTuple):
    format: int
    units: tuple[int, int]
    delta: tuple[float, float]
    """cm, or whatever `units` say."""
    end: tuple[int, int]
    """Its last pixel."""

    @property
    def is_plane(self) -> bool:
        in_cm = self.units == (_CENTIMETRES, _CENTIMETRES)
        return self.format == _TWO_DIMENSIONAL and in_cm and min(self.delta) > 0


def _values(region: Any) -> tuple[int, tuple[int, int], tuple[float, float], tuple[int, int]]:
    return (
        int(region.RegionSpatialFormat),
        (int(region.PhysicalUnitsXDirection), int(region.PhysicalUnitsYDirection)),
        (abs(float(region.PhysicalDeltaX)), abs(float(region.PhysicalDeltaY))),
        (int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)),
    )


def _agreed(regions: Sequence[_Region], width: int, height: int) -> PixelSize | None:
    if not regions:
        return None
    (i, j), *others = (one.delta for one in regions)
    if any(abs(x - i) > _TOLERANCE * i or abs(y - j) > _TOLERANCE * j for x, y in others):
        return None
    # Many files give the first pixel behind a region as its last.
    fits = all(one.end[0] <= width and one.end[1] <= height for one in regions)
    return PixelSize(i * _MM_PER_CM, j * _MM_PER_CM, fits)
