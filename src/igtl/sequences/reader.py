"""Sequence files of PLUS and 3D Slicer, read frame by frame: pixels, times, poses and their status.

`.igs.mha`, `.seq.mha`, `.mha` and `.mhd` are MetaImage; `.igs.nrrd`, `.seq.nrrd`, `.nrrd` and
`.nhdr` are NRRD. What a file is shows in its first bytes; its name does not matter. However large
it is, what is held in memory is one frame, and where each frame's lines are (24 bytes a frame).

What the numbers mean, in files of PLUS (those that say an `UltrasoundImageOrientation`): the
coordinates called "Image" are indices of pixels (i, j, k), times the spacing in the header, which
is 1. "ImageToProbe" so holds mm a pixel as well. The header's geometry leads nowhere else: neither
into a patient, nor is it in LPS. Files without that field keep their geometry as ITK does, in LPS.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from igtl.codec.layout import frozen
from igtl.errors import RecordingError
from igtl.sequences import metaimage, nrrd
from igtl.sequences.fields import FrameLines, Meaning, meaning_of
from igtl.sequences.header import FrameOrder, SequenceHeader, turned
from igtl.sequences.pixels import Pixels, most_frames, open_pixels

__all__ = ["SequenceFrame", "SequenceReader"]


@dataclass(frozen=True, eq=False)
class SequenceFrame:
    """A picture and what is known of its moment.

    Attributes:
        pixels: (k, j, i) or (k, j, i, c); k is 1 where frames are flat. Read back read-only, in the
            file's byte order.
        timestamp: s, by whatever clock: PLUS counts from the start of its own. None: not said.
        transforms: for names such as "ProbeToTracker", (4, 4) float64, mm. One whose status is not
            "OK" holds no pose.
        statuses: for the same names "OK", or why there is no pose: "INVALID", "MISSING" ...
        image_status: "OK"; anything else says that the pixels hold no picture.
        fields: all else that the file says of the frame, as text.
        index: its place in the file, from 0. A writer counts by itself.
    """

    pixels: NDArray[Any]
    timestamp: float | None = None
    transforms: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    image_status: str = "OK"
    fields: Mapping[str, str] = field(default_factory=dict)
    index: int = 0


class SequenceReader:
    """The frames of a sequence file: `for frame in reader`, `reader[12]`, `len(reader)`.

    Any frame is read at once where the file is not compressed; where it is, going on is as fast as
    inflating, and going back begins again.

    Frames that the file announces and does not have are `missing`. Of a compressed one this is
    known when it was read to its end; `len` may be too much until then.

    Args:
        path: the file.
        orientation: how to turn the pictures, from how the file says they lie: "MF" is what PLUS
            does and its calibrations are made for. None: as they lie in the file.

    Raises:
        RecordingError: it cannot be read, or is no sequence.
    """

    def __init__(self, path: str | os.PathLike[str], *, orientation: str | None = None) -> None:
        self.path = Path(path)
        self._pixels: Pixels | None = None
        try:
            self._map = _mapped(self.path)
            self.header, self._lines = _read_header(self._map)
            self._data, self._offset, held = _data_of(self.path, self.header)
            if orientation is not None and self.header.orientation:
                turned(np.empty((0, 0, 0)), self.header.orientation, orientation)
        except OSError as error:
            raise RecordingError(f"cannot read {self.path}: {error.strerror or error}") from error
        except RecordingError as error:
            raise RecordingError(f"cannot read {self.path}: {error}") from error
        self._wanted = orientation if self.header.orientation else None
        self._count = min(most_frames(self.header, held), self._announced)
        self._times = _axis_times(self.header)

    @property
    def lies(self) -> str:
        """How the pictures that it gives lie, "MF" say; "" when this is not known."""
        return self._wanted or self.header.orientation

    @property
    def _announced(self) -> int:
        """Frames that the header announces; without pixels, those that it says something of."""
        if not self.header.frame_bytes:
            return min(self.header.frames, self._lines.last + 1)
        return self.header.frames

    @property
    def missing(self) -> int:
        """How many frames the file announces and does not have, as far as this is known."""
        return self._announced - self._count

    @property
    def damage(self) -> str | None:
        """What is wrong with the file, as far as this is known; None when it is nothing."""
        if not self.missing:
            return None
        return (
            f"{self._announced} frames are announced, {self._count} are there: "
            "the file was cut, is damaged, or is still being written"
        )

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[SequenceFrame]:
        if not self._count:
            return
        pixels = self._opened()
        try:
            for index in range(self._count):
                frame = self._frame(pixels, index)
                if frame is None:
                    return
                yield frame
        finally:
            pixels.close()

    def __getitem__(self, index: int) -> SequenceFrame:
        place = index + self._count if index < 0 else index
        frame = None
        if 0 <= place < self._count:
            self._pixels = self._pixels or self._opened()
            frame = self._frame(self._pixels, place)
        if frame is None:
            raise IndexError(f"{self.path} has {self._count} frames, number {index} was asked for")
        return frame

    def said(self, index: int) -> Meaning:
        """What the file says of a frame, from 0; its pixels are not read."""
        found = meaning_of(self._lines.texts(index))
        if found.timestamp is None and index < len(self._times):
            return replace(found, timestamp=self._times[index])
        return found

    def _opened(self) -> Pixels:
        try:
            return open_pixels(self._data, self._offset, self.header)
        except OSError as error:
            raise RecordingError(f"cannot read {self._data}: {error.strerror}") from error

    def _frame(self, pixels: Pixels, index: int) -> SequenceFrame | None:
        """A frame; None, and nothing behind it either, when it is not there."""
        data = pixels.frame(index)
        if data is None:
            self._count = min(self._count, index)
            return None
        picture: NDArray[Any] = data.view(self.header.dtype).reshape(self.header.shape)
        if self._wanted is not None:
            picture = turned(picture, self.header.orientation, self._wanted)
        found = self.said(index)
        return SequenceFrame(
            frozen(picture),
            found.timestamp,
            found.transforms,
            found.statuses,
            found.image_status,
            found.fields,
            index,
        )

    def close(self) -> None:
        """Let go of the file."""
        if self._pixels is not None:
            self._pixels.close()
            self._pixels = None
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise RecordingError("the file is empty")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read_header(data: mmap.mmap) -> tuple[SequenceHeader, FrameLines]:
    if data[: len(nrrd.MAGIC)] == nrrd.MAGIC:
        return nrrd.read_header(data)
    return metaimage.read_header(data)


def _data_of(path: Path, header: SequenceHeader) -> tuple[Path, int, int]:
    """The file that has the pixels, where in it they begin and how many bytes they take."""
    data = _beside(path, header.data_file) if header.data_file else path
    size, offset = data.stat().st_size, header.skip
    if offset < 0:
        if header.compressed:
            raise RecordingError("the start of its compressed pixels is not said")
        offset = max(0, size - header.frame_bytes * header.frames)
    return data, offset, max(0, size - offset)


def _beside(path: Path, name: str) -> Path:
    """The file of a name in a header. A header may come from anywhere, so it stays in its folder.

    Raises:
        RecordingError: the name leads elsewhere, or stands for several files.
    """
    several = "%" in name or name[:4] == "LIST"
    elsewhere = Path(name).is_absolute() or ".." in Path(name).parts
    if several or elsewhere or not name.isprintable():
        raise RecordingError(
            f"its pixels are in {name!r:.80}, expected the name of one file in the same folder"
        )
    return path.parent / name


def _axis_times(header: SequenceHeader) -> list[float]:
    """Seconds of the frames as 3D Slicer writes them, of a sequence that is indexed by time."""
    axis = 0 if header.order == FrameOrder.FIRST else 2 + (not header.flat)
    said = header.fields.get(f"axis {axis} index unit", "s")
    if said != "s" or header.fields.get(f"axis {axis} index type") != "numeric":
        return []
    try:
        return [float(part) for part in header.fields[f"axis {axis} index values"].split()]
    except (KeyError, ValueError):
        return []
