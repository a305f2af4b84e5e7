"""What the header of a sequence file says, whichever the format: sizes, types, place, fields.

`metaimage` and `nrrd` read it from the text of a file and write it as such.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from igtl.errors import RecordingError

__all__ = [
    "IMAGE_TYPE",
    "LIMIT",
    "ORIENTATION",
    "PLUS",
    "FrameOrder",
    "SequenceHeader",
    "geometry",
    "numbers",
    "sizes",
    "turned",
    "turned_indices",
]

PLUS = "MF"
"""The orientation in which PLUS has images: its transforms from "Image" are for these indices."""
ORIENTATION = "UltrasoundImageOrientation"
"""The field that says where the axes of an ultrasound image lead: "MF", "UN" ..."""
IMAGE_TYPE = "UltrasoundImageType"
"""The field that says what its pixels are: "BRIGHTNESS", "RGB_COLOR" ..."""

LIMIT = 1 << 30
"""Bytes that a header may have: that of 500,000 frames with ten fields each is half of it."""
_FRAME_LIMIT = 1 << 32
_SIZE_LIMIT = 1 << 62
_COMPONENTS_LIMIT = 255
#: Letters of orientations that name the two ends of one axis: marked and unmarked side of the
#: probe, far from it and near it, ascending and descending across its plane.
_ENDS = {"M": "MU", "U": "MU", "F": "FN", "N": "FN", "A": "AD", "D": "AD"}

Size = tuple[int, int, int]


class FrameOrder:
    """Which axis of the pixels is the frames: names for `SequenceHeader.order`."""

    LAST = "last"
    """Frame after frame, as PLUS writes them."""
    FIRST = "first"
    """All frames' values of a voxel side by side, as 3D Slicer writes .seq.nrrd."""


@dataclass(frozen=True, kw_only=True)
class SequenceHeader:
    """What a header says.

    Args:
        dtype: of the pixels, in the file's byte order.
        size: voxels of a frame along i, j, k.
        flat: frames have no k axis.
        components: values a pixel.
        frames: how many the file is to hold.
        order: `FrameOrder.LAST` or `FIRST`.
        matrix: (4, 4) float64, voxel index (i, j, k, 1) to the header's coordinates, mm.
        coordinates: "LPS" or "RAS".
        compressed: with zlib or gzip.
        fields: what else it says of the whole, as text.
        data_file: name of the file that has the pixels; "": this one, behind the header.
        skip: bytes in front of the pixels in their file; -1: they are its end.
    """

    dtype: np.dtype[np.generic]
    size: Size
    flat: bool
    frames: int
    components: int = 1
    order: str = FrameOrder.LAST
    matrix: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    coordinates: str = "LPS"
    compressed: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    data_file: str = ""
    skip: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.components <= _COMPONENTS_LIMIT:
            raise RecordingError(
                f"its pixels have {self.components} values each, expected 1 to {_COMPONENTS_LIMIT}"
            )
        if self.frame_bytes > _FRAME_LIMIT:
            shape = " x ".join(map(str, self.size))
            raise RecordingError(
                f"its frames of {shape} pixels take {self.frame_bytes} bytes each, expected at "
                f"most {_FRAME_LIMIT}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a frame's array: (k, j, i), or (k, j, i, c) when c > 1."""
        i, j, k = self.size
        return (k, j, i) if self.components == 1 else (k, j, i, self.components)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame's pixels."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def orientation(self) -> str:
        """Where the axes of an ultrasound image lead, "MF" say; "" when this is not known.

        A file that says so follows the convention of PLUS: the header's geometry leads to the
        image's own frame, "Image" in the names of transforms, and to no patient.
        """
        text = self.fields.get(ORIENTATION, "").strip().upper()
        return text if _whole(text) else ""


def numbers(text: str, count: int, what: str) -> list[float]:
    """`count` finite numbers, separated by spaces.

    Raises:
        RecordingError: there is something else.
    """
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise RecordingError(f"its {what} is {text!r:.80}, expected {count} finite numbers")
    return values


def sizes(text: str, count: int, what: str) -> list[int]:
    """`count` whole numbers from 0 on, which a file can have.

    Raises:
        RecordingError: there is something else.
    """
    try:
        values = [int(part) for part in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not all(0 <= value < _SIZE_LIMIT for value in values):
        raise RecordingError(f"its {what} is {text!r:.80}, expected {count} sizes from 0 on")
    return values


def geometry(axes: Sequence[Sequence[float]], origin: Sequence[float]) -> NDArray[np.float64]:
    """(4, 4) float64 of the vectors of two or three axes and of the first voxel's centre.

    Missing components are 0. Two axes get a third one of 1 mm, perpendicular to them.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = 0.0
    for column, axis in enumerate(axes[:3]):
        matrix[: min(len(axis), 3), column] = axis[:3]
    matrix[: min(len(origin), 3), 3] = origin[:3]
    if len(axes) < 3:
        normal = np.cross(matrix[:3, 0], matrix[:3, 1])
        length = np.linalg.norm(normal)
        matrix[:3, 2] = normal / length if length > 0 else (0.0, 0.0, 1.0)
    return matrix


def turned(pixels: NDArray[np.generic], stored: str, wanted: str) -> NDArray[np.generic]:
    """The same picture with its axes leading where another orientation says; a view.

    Args:
        pixels: (k, j, i) or (k, j, i, c).
        stored: two or three letters, for the axes i, j (and k): to the marked (M) or unmarked (U)
            side of the probe, far (F) or near (N), ascending (A, understood) or descending (D).
        wanted: likewise.

    Raises:
        RecordingError: one of them is no orientation.
    """
    axes = _turns(stored, wanted)[::-1]
    result = pixels.transpose(*(2 - place for place, _ in axes), *range(3, pixels.ndim))
    return result[tuple(slice(None, None, step) for _, step in axes)]


def turned_indices(size: Size, stored: str, wanted: str) -> NDArray[np.float64]:
    """(4, 4) from a voxel's index (i, j, k, 1) in the turned picture to that in the stored one.

    Args:
        size: voxels along i, j, k of the stored picture.
        stored, wanted: as `turned`.
    """
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1.0
    for axis, (place, step) in enumerate(_turns(stored, wanted)):
        matrix[place, axis] = step
        matrix[place, 3] = size[place] - 1 if step < 0 else 0
    return matrix


def _turns(stored: str, wanted: str) -> list[tuple[int, int]]:
    """For each wanted axis which stored one it is, and 1 or -1: whether it leads there or back."""
    letters, targets = _letters(stored), _letters(wanted)
    places = [next(p for p in range(3) if letters[p] in _ENDS[target]) for target in targets]
    steps = [1 if letters[p] == t else -1 for p, t in zip(places, targets, strict=True)]
    return list(zip(places, steps, strict=True))


def _letters(orientation: str) -> str:
    whole = _whole(orientation.strip().upper())
    if not whole:
        raise RecordingError(
            f"orientation is {orientation!r}, expected one such as 'MF', 'MN', 'UF', 'UN' or 'MFA'"
        )
    return whole


def _whole(orientation: str) -> str:
    """The orientation of three axes; "" when it is none."""
    letters = orientation + ("A" if len(orientation) == 2 else "")
    axes = {_ENDS.get(letter) for letter in letters}
    return letters if len(letters) == 3 and len(axes) == 3 and None not in axes else ""
