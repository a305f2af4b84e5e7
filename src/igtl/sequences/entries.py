"""A sequence file as messages: for each frame its poses and its picture, with their times."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from igtl.codec import frame as wire
from igtl.codec import time
from igtl.errors import MessageError, RecordingError
from igtl.messages import Image, Message, Transform, encode, geometry
from igtl.recording.entry import Entry
from igtl.sequences.fields import Meaning
from igtl.sequences.header import PLUS, turned_indices
from igtl.sequences.reader import SequenceFrame, SequenceReader

__all__ = ["DEVICE", "PLACE", "RECEIVED", "SequenceEntries", "arrival_of"]

DEVICE = "DeviceName"
"""The field of a file that says which device its pictures are of."""
PLACE = "ImageToRAS"
"""The transform that says where a picture lies: voxel index (i, j, k, 1) to mm in RAS.

Where pictures have an orientation, the index is that in the one of PLUS, as it turns them."""
RECEIVED = "ReceivedTimestamp"
"""The field of a frame that says when its picture arrived, where that is not its `Timestamp`."""

_NAME_BYTES = 20
_SAME_TIME = "UnfilteredTimestamp"


class SequenceEntries:
    """The frames of a sequence file as TRANSFORM and IMAGE messages; iterate them.

    Each frame gives a TRANSFORM for each of its transforms, called "ProbeToTracker" where the file
    says "ProbeToTrackerTransform", and then an IMAGE. TransformStatus and TransformValid are in the
    metadata of poses, as PLUS sends them; a matrix that is no pose is "INVALID". Further fields of
    a frame are in the metadata of its image. A frame without pixels, or whose ImageStatus is not
    "OK", has no picture and gives no IMAGE.

    Times are the numbers in the file, whatever they count from. A frame without one, or with one
    below 0, gives messages without a time, and entries at the time of the frame before, 0 at first.

    Pictures are placed as PLUS sends them: by their pixels' indices, unless the file has a
    transform "ImageToRAS". Those of files that say nothing of an `UltrasoundImageOrientation` are
    placed where the header says, in RAS.

    Args:
        path: the file.
        orientation: how pictures are turned, "MF" as PLUS does; None: as they lie in the file.
        device: device name of the images; default: what the file says, or "Image".

    Raises:
        RecordingError: it cannot be read, or is no sequence. Iterating raises it too: for a frame
            that no message can hold.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        orientation: str | None = "MF",
        device: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.reader = SequenceReader(path, orientation=orientation)
        header = self.reader.header
        self.position = 0
        self._device = device or header.fields.get(DEVICE) or "Image"
        in_lps = not header.orientation and header.coordinates == "LPS"
        self._matrix = geometry.flipped(header.matrix) if in_lps else header.matrix

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the file, as far as this is known."""
        return (self.reader.damage,) if self.reader.damage else ()

    @property
    def size(self) -> int:
        """How many frames there are; `position` is the one that is being read."""
        return len(self.reader)

    def __iter__(self) -> Iterator[Entry]:
        time_ns = 0
        for frame in self.reader:
            self.position = frame.index
            arrival = _arrival(frame)
            time_ns = time_ns if arrival is None else arrival
            stamp = _stamp(frame.timestamp)
            try:
                for message in self._messages(frame, stamp):
                    data = wire.parse(encode(message))
                    yield Entry(time_ns, self.path.name, data)
            except MessageError as error:
                raise RecordingError(f"{self.path}, frame {frame.index}: {error}") from error

    def time_ns(self, index: int) -> int | None:
        """When the messages of a frame arrived, ns, without reading its pixels; None: not said."""
        return _arrival(self.reader.said(index))

    def devices(self, index: int) -> Iterator[tuple[str, str]]:
        """Device name and wire type of each message of a frame, without reading its pixels."""
        said = self.reader.said(index)
        placed = _place(said)
        for name in said.transforms:
            if name != PLACE or placed is None:
                yield name, "TRANSFORM"
        if said.image_status == "OK" and self.reader.header.frame_bytes:
            yield self._device, "IMAGE"

    def _messages(self, frame: SequenceFrame, stamp: float | None) -> Iterator[Message]:
        placed = _place(frame)
        for name, matrix in frame.transforms.items():
            if name != PLACE or placed is None:
                yield _transform(name, matrix, frame.statuses.get(name, "OK"), stamp)
        if frame.image_status == "OK" and frame.pixels.size:
            yield self._image(frame, placed, stamp)

    def _image(
        self, frame: SequenceFrame, placed: NDArray[np.float64] | None, stamp: float | None
    ) -> Image:
        matrix = self._matrix if placed is None else placed @ self._indices(frame)
        more = {name: text for name, text in frame.fields.items() if name != RECEIVED}
        if _number(more.get(_SAME_TIME, "")) == frame.timestamp:
            more.pop(_SAME_TIME, None)
        return Image(
            frame.pixels,
            components=self.reader.header.components,
            ijk_to_world=matrix,
            **_named(self._device, more),
            timestamp=stamp,
        )

    def _indices(self, frame: SequenceFrame) -> NDArray[np.float64]:
        """(4, 4) from the indices of a frame's pixels to those that PLUS would give them."""
        lies = self.reader.lies
        if not lies:
            return np.eye(4)
        k, j, i = frame.pixels.shape[:3]
        there = np.linalg.inv(turned_indices((i, j, k), lies, PLUS))
        return np.asarray(there, np.float64)

    def close(self) -> None:
        """Let go of the file."""
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _arrival(frame: SequenceFrame | Meaning) -> int | None:
    """When a frame's messages arrived, ns; None where the file does not say."""
    arrival = _received(frame.fields)
    return arrival_of(frame.timestamp) if arrival is None else arrival


def _place(frame: SequenceFrame | Meaning) -> NDArray[np.float64] | None:
    """(4, 4), where a frame's picture lies in RAS; None where it says nothing that is valid."""
    placed = frame.transforms.get(PLACE)
    if placed is None or frame.statuses.get(PLACE, "OK") != "OK" or not _is_pose(placed):
        return None
    return placed


def _is_pose(matrix: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(matrix).all()) and matrix[3].tolist() == [0, 0, 0, 1]


def _transform(
    name: str, matrix: NDArray[np.float64], status: str, stamp: float | None
) -> Transform:
    if not _is_pose(matrix):
        matrix, status = np.eye(4), "INVALID" if status == "OK" else status
    said = {"TransformStatus": status, "TransformValid": "true" if status == "OK" else "false"}
    return Transform(matrix, **_named(name, said), timestamp=stamp)


def _named(name: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Device name and metadata, where a name that is too long for a header goes on (PLUS)."""
    short = name.encode()[:_NAME_BYTES].decode(errors="ignore")
    more = {"IGTL_DEVICE_NAME": name} if short != name else {}
    return {"device_name": short, "metadata": {**metadata, **more}}


def _stamp(timestamp: float | None) -> float | None:
    """What a header can say of a time."""
    return timestamp if timestamp is not None and 0.0 <= timestamp < 2.0**32 else None


def arrival_of(timestamp: float | None) -> int | None:
    """The ns of a frame's time, at which its messages arrived if nothing else is said."""
    stamp = _stamp(timestamp)
    return None if stamp is None else time.nanoseconds(time.to_wire(stamp))


def _received(fields: Mapping[str, str]) -> int | None:
    """When the picture arrived, ns, exactly; None where this is not said."""
    try:
        nanoseconds = Decimal(fields.get(RECEIVED, "NaN")).scaleb(9)
        return int(nanoseconds) if 0 <= nanoseconds < 1 << 64 else None
    except ArithmeticError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
