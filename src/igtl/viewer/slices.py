"""A picture, flat or a volume, its slices, and where they are.

Axes i, j, k are those of IMAGE. A slice across k has rows along j and columns along i; across j,
rows along k and columns along i; across i, rows along k and columns along j. No values are moved:
slices are views.

Where an IMAGE is a part of a volume (a sub-volume with an offset), the part is what is shown, in
its own place; parts are not put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from igtl.messages.image import Image

__all__ = ["Axis", "Picture", "Slice", "frame_of", "picture_of"]

Axis = Literal["i", "j", "k"]

#: For each axis: its place in (i, j, k), and those of columns and rows.
_ROLES: dict[Axis, tuple[int, int, int]] = {"k": (2, 0, 1), "j": (1, 0, 2), "i": (0, 1, 2)}
#: What PLUS calls an image that is placed in a frame begins so.
_PLACED = "Image_"
_WORLD = "World"
_COLOURS = (3, 4)


@dataclass(frozen=True, eq=False)
class Picture:
    """An IMAGE, or a decoded frame of VIDEO.

    Attributes:
        seq: its number in its stream, from 1.
        time: of its header, unix s; None where it gives none.
        received: unix s.
        device: its name.
        pixels: (k, j, i) or (k, j, i, c), read-only, as it came.
        matrix: (4, 4) float64, from (i, j, k, 1) of these pixels, their centres, to mm RAS.
    """

    seq: int
    time: float | None
    received: float
    device: str
    pixels: NDArray[Any]
    matrix: NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        k, j, i = self.pixels.shape[:3]
        return i, j, k

    def slice(self, axis: Axis = "k", index: int | None = None) -> Slice:
        """One slice.

        Args:
            axis: across which axis of the volume.
            index: its number along that axis, made to fit; None: the middle one.
        """
        across, column, row = _ROLES[axis]
        length = self.size[across]
        number = length // 2 if index is None else min(max(index, 0), length - 1)
        places: list[Any] = [slice(None)] * 3
        places[2 - across] = number
        matrix = self.matrix[:, [column, row, across, 3]].copy()
        with np.errstate(all="ignore"):  # whatever numbers a peer sent
            matrix[:3, 3] += self.matrix[:3, across] * number
        return Slice(self, _shown(self.pixels[tuple(places)]), matrix, axis, number)


@dataclass(frozen=True, eq=False)
class Slice:
    """A flat picture.

    Attributes:
        picture: what it is of.
        pixels: (row, column), or (row, column, 3 or 4) for RGB or RGBA: a view. Of 2, or more than
            4 values a pixel the first one.
        matrix: (4, 4) float64, from (column, row, 0, 1), centres of pixels, to mm RAS.
        axis, index: where in the volume.
    """

    picture: Picture
    pixels: NDArray[Any]
    matrix: NDArray[np.float64]
    axis: Axis
    index: int

    @property
    def components(self) -> int:
        """Values a pixel: 1, 3 or 4."""
        return 1 if self.pixels.ndim == 2 else int(self.pixels.shape[2])

    def head(self, *, skipped: int = 0) -> dict[str, Any]:
        """What every envelope's head has, whatever the format.

        Args:
            skipped: pictures that were left out for whoever asks since the last one.
        """
        picture = self.picture
        is_volume = picture.size[2] > 1
        place = {"size": picture.size, "axis": self.axis, "slice": self.index}
        return {
            "seq": picture.seq,
            "time": picture.time,
            "received": picture.received,
            "width": self.pixels.shape[1],
            "height": self.pixels.shape[0],
            "components": self.components,
            "dtype": self.pixels.dtype.name,
            "matrix": self.matrix.ravel().tolist(),
            "device": picture.device,
            "frame": frame_of(picture.device),
            "volume": place if is_volume else None,
            "skipped": skipped,
        }


def picture_of(image: Image, seq: int, received: float) -> Picture:
    """An image as the picture number `seq`."""
    matrix = image.ijk_to_ras.copy()
    with np.errstate(all="ignore"):
        matrix[:3, 3] += matrix[:3, :3] @ np.array(image.sub_volume_offset)
    return Picture(seq, image.timestamp, received, image.device_name, image.pixels, matrix)


def frame_of(device: str) -> str:
    """The coordinate frame that a device's data is in: "Reference" for "Image_Reference" (PLUS)."""
    return (device.removeprefix(_PLACED) if device.startswith(_PLACED) else "") or _WORLD


def _shown(pixels: NDArray[Any]) -> NDArray[Any]:
    """Those of a pixel's values that can be shown."""
    return pixels if pixels.ndim == 2 or pixels.shape[2] in _COLOURS else pixels[:, :, 0]
