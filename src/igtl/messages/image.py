"""Pixels and where they are: IMAGE."""

from __future__ import annotations

from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.buffers import Buffer
from igtl.codec.layout import F32, U8, U16, Layout, Row
from igtl.codec.scalars import LITTLE, bytes_of, dtype_of, endian_of, scalar_of, view
from igtl.errors import DecodeError, MessageError
from igtl.messages import geometry
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["Image"]

_SIZE = U16[3]
_PREFIX = Layout(
    [
        ("version", U16, "1"),
        ("components", U8, "values a pixel: 1 grey, 3 RGB, 4 RGBA ..."),
        (
            "scalar",
            U8,
            "2 i8, 3 u8, 4 i16, 5 u16, 6 i32, 7 u32, 10 f32, 11 f64",
        ),
        ("endian", U8, "byte order of the pixels: 1 big, 2 little"),
        ("coordinate", U8, "1 RAS, 2 LPS"),
        ("size", _SIZE, "voxels along i, j, k of the whole volume"),
        ("pose", F32[12], "vectors of the i, j and k axis, as long as the spacing; centre [mm]"),
        ("offset", _SIZE, "first voxel of the part that follows"),
        ("part", _SIZE, "voxels along i, j, k of that part"),
    ]
)

Size = tuple[int, int, int]


@queries("GET STT STP RTS")
@message("IMAGE")
class Image(Message):
    """Pixels of two or three dimensions, and where they are: IMAGE.

    What axes mean is assumed from the array's shape:

    * (j, i): one slice, grey; j is the row, i the column;
    * (j, i, 3) or (j, i, 4): one slice in colour, RGB or RGBA;
    * (k, j, i), any other length of the last axis: a volume of k slices, or a single one;
    * (k, j, i, c): a volume of c values a voxel.

    `components=1` makes a volume of an array whose last axis happens to be 3 or 4 long.

    Contiguous arrays of any byte order are not copied: leave them as they are until the message is
    sent. A server copies what it has to keep unless the array is read-only.

    Args:
        pixels: int8, uint8, int16, uint16, int32, uint32, float32 or float64, any strides. Read
            back as a read-only view of shape (k, j, i), or (k, j, i, c) when c > 1.
        ijk_to_world: (4, 4) or (3, 4), from voxel index (i, j, k, 1) of the whole volume to the
            centre of that voxel in mm. None: made from `spacing` and `origin`.
        spacing: (3,) or one number, mm between voxels along i, j, k; default 1.
        origin: (3,) mm, the centre of the first voxel; default 0.
        coordinates: "RAS" or "LPS", the patient coordinates that `ijk_to_world` leads to.
        components: values a voxel, where the shape leaves a doubt.
        sub_volume_offset: (i, j, k) of the first pixel, when only a part of a volume is sent.
        volume_size: (i, j, k) of the whole volume; default: what the pixels need.

    Raises:
        MessageError: an argument does not fit; the text says what to do.
    """

    names = ("pixels", "ijk_to_world", "coordinates", "sub_volume_offset", "volume_size")

    pixels: NDArray[Any]
    ijk_to_world: NDArray[np.float64]
    coordinates: str
    sub_volume_offset: Size
    volume_size: Size

    def __init__(
        self,
        pixels: ArrayLike,
        *,
        ijk_to_world: ArrayLike | None = None,
        spacing: ArrayLike | None = None,
        origin: ArrayLike | None = None,
        coordinates: str = "RAS",
        components: int | None = None,
        sub_volume_offset: Size = (0, 0, 0),
        volume_size: Size | None = None,
        **common: Unpack[Common],
    ) -> None:
        array = _arranged(np.asarray(pixels), components)
        part = array.shape[2], array.shape[1], array.shape[0]
        size, offset = _placed(part, sub_volume_offset, volume_size)
        matrix = geometry.make(ijk_to_world, spacing, origin)
        prefix = _PREFIX.pack(
            {
                "version": 1,
                "components": array.shape[3],
                "scalar": scalar_of(array, "pixels"),
                "endian": endian_of(array),
                "coordinate": geometry.number_of(coordinates),
                "size": size,
                "pose": geometry.to_wire(matrix, size),
                "offset": offset,
                "part": part,
            }
        )
        self._build((prefix, bytes_of(array)), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _PREFIX.unpack(content)
        size, offset, part = head["size"], head["offset"], head["part"]
        _validate(head)
        dtype = dtype_of(head["scalar"], little=head["endian"] == LITTLE)
        shape = (*part[::-1], head["components"])
        pixels = view(content, dtype, shape, _PREFIX.size)
        return {
            "pixels": pixels[..., 0] if head["components"] == 1 else pixels,
            "ijk_to_world": geometry.from_wire(head["pose"], size),
            # 0 and other numbers are not in the document; the reference's default is RAS.
            "coordinates": "LPS" if head["coordinate"] == 2 else "RAS",
            "sub_volume_offset": offset,
            "volume_size": size,
        }

    def _remade(self, values: dict[str, Any]) -> Self:
        if values["pixels"] is self.pixels:  # what their axes mean is known
            values = {"components": self.components} | values
        elif self._is_whole and values["volume_size"] == self.volume_size:
            del values["volume_size"]  # the new pixels are a whole image, too
        kept = values["ijk_to_world"] is self.ijk_to_world
        if kept and {"spacing", "origin"} & values.keys():
            spacing, origin = values.pop("spacing", None), values.pop("origin", None)
            values["ijk_to_world"] = geometry.adjusted(self.ijk_to_world, spacing, origin)
        return type(self)(**values)

    @property
    def _is_whole(self) -> bool:
        """Whether the pixels are all of the volume."""
        pixels = self.pixels.shape[2::-1]
        return self.sub_volume_offset == (0, 0, 0) and self.volume_size == pixels

    @property
    def size(self) -> Size:
        """Voxels along i, j, k of the whole volume."""
        return self.volume_size

    @property
    def components(self) -> int:
        """Values a voxel."""
        return int(self.pixels.shape[3]) if self.pixels.ndim == 4 else 1

    @property
    def spacing(self) -> NDArray[np.float64]:
        """(3,) float64, mm between voxels along i, j, k."""
        lengths: NDArray[np.float64] = np.linalg.norm(self.ijk_to_world[:3, :3], axis=0)
        return lengths

    @property
    def origin(self) -> NDArray[np.float64]:
        """(3,) float64, mm: centre of the whole volume's first voxel, in `coordinates`."""
        return self.ijk_to_world[:3, 3]

    @property
    def ijk_to_ras(self) -> NDArray[np.float64]:
        """(4, 4) float64, from voxel index to mm in RAS, whatever `coordinates` is."""
        matrix = self.ijk_to_world
        return matrix if self.coordinates == "RAS" else geometry.flipped(matrix)

    @property
    def ijk_to_lps(self) -> NDArray[np.float64]:
        """(4, 4) float64, from voxel index to mm in LPS, whatever `coordinates` is."""
        matrix = self.ijk_to_world
        return matrix if self.coordinates == "LPS" else geometry.flipped(matrix)

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        pixels = "k slices of j rows of i pixels of the part, components interleaved"
        return [*_PREFIX.rows(), Row(_PREFIX.size, None, "pixels", "scalar[]", pixels)]


def _arranged(array: NDArray[Any], components: int | None) -> NDArray[Any]:
    """The array as (k, j, i, c).

    Raises:
        MessageError: its shape is not one of an image.
    """
    shape = array.shape
    colour = array.ndim == 4
    if array.ndim == 3:
        colour = shape[2] in (3, 4) if components is None else components > 1
    if array.ndim not in (2, 3, 4) or 0 in shape:
        raise MessageError(
            f"pixels have shape {shape}, expected (j, i), (j, i, 3), (k, j, i) or (k, j, i, c)"
        )
    if not colour:
        array = array[..., np.newaxis]
    if components is not None and array.shape[-1] != components:
        raise MessageError(f"pixels of shape {shape} do not have {components} components")
    if array.ndim == 3:
        array = array[np.newaxis]
    if max(array.shape[:3]) > 0xFFFF or array.shape[3] > 0xFF:
        raise MessageError(
            f"pixels of shape {shape} are too large: at most 65535 along an axis and 255 components"
        )
    return array


def _placed(part: Size, offset: Size, whole: Size | None) -> tuple[Size, Size]:
    """Size of the whole volume, and where in it the part begins.

    Raises:
        MessageError: not three numbers each, or the part does not lie inside the volume.
    """
    i, j, k = _SIZE.encode(offset, "sub_volume_offset")
    ends = i + part[0], j + part[1], k + part[2]
    size = ends if whole is None else tuple(_SIZE.encode(whole, "volume_size"))
    if any(end > length for end, length in zip(ends, size, strict=True)):
        raise MessageError(
            f"a sub-volume of {part} voxels at {(i, j, k)} reaches outside a volume of {size}"
        )
    return size, (i, j, k)


def _validate(head: dict[str, Any]) -> None:
    """Refuse what the document does not allow."""
    size, offset, part = head["size"], head["offset"], head["part"]
    if head["version"] != 1:
        raise DecodeError(f"image header version is {head['version']}, expected 1")
    if head["endian"] not in (1, 2):
        raise DecodeError(f"byte order of the pixels is {head['endian']}, expected 1 or 2")
    if head["components"] == 0:
        raise DecodeError("an image of 0 components")
    if any(o + p > s for o, p, s in zip(offset, part, size, strict=True)):
        raise DecodeError(
            f"a sub-volume of {part} voxels at {offset} is outside its volume of {size}"
        )
