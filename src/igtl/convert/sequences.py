"""Messages as a sequence file of PLUS and 3D Slicer: each image with the poses of its moment.

A frame of such a file says where everything was when its picture was taken. So each image gets, of
every transform, the pose with exactly the image's time, else the newest before it. Poses are not
interpolated: files hold what was measured. A pose that is older than half a second is none for that
image: its status is "MISSING", its matrix the last one that was known.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec.time import to_wire
from igtl.convert.picture_stream import PictureStream, is_picture
from igtl.convert.placement import placed
from igtl.convert.pose_gaps import gap_notes
from igtl.convert.pose_history import IDENTITY, Moment, Origin, PoseHistory
from igtl.convert.poses import POSE_TYPES, poses_of, status_of
from igtl.errors import RecordingError
from igtl.messages import Image, Message
from igtl.messages.geometry import flipped
from igtl.messages.registry import class_of
from igtl.protocol.transforms import names_of
from igtl.recording.entry import Entry
from igtl.sequences.entries import DEVICE, PLACE, RECEIVED, arrival_of
from igtl.sequences.fields import is_field
from igtl.sequences.header import PLUS, turned_indices
from igtl.sequences.reader import SequenceFrame
from igtl.sequences.writer import Progress, SequenceWriter

__all__ = ["SequenceSink"]

Matrix = NDArray[np.float64]

_NOT_HELD = "sequences hold images, video and poses"
_NAMELESS = "a pose without a device name"
_BETWEEN = "poses between images (each image has the newest one up to its time)"
_REPLACED = "a later pose of the same moment and name is there"
_WAITED_NS = 200_000_000
_CLOCKS = ("timestamp", "arrival")
_ILLEGAL = re.compile(r"[\s=:\x00-\x1f\x7f]+")
_NO_PICTURE = np.zeros((1, 1, 1), np.uint8)
#: What is said of a frame otherwise than by what came with its image.
_TAKEN = re.compile(
    r"Timestamp|ImageStatus|IGTL_DEVICE_NAME|.*Transform(Status)?|ReceivedTimestamp"
)


class SequenceSink:
    """Takes entries, and makes a sequence file of the images of one device and of all poses.

    TRANSFORM and POSITION are called as their device, tools of TDATA and QTDATA as the tool where
    that says "ProbeToTracker", else "<tool>To<device>". Frames before the first that is heard of a
    transform do not have it. Where there is no image at all, there is a frame for each moment at
    which a pose was measured, with a picture of one pixel whose status is "INVALID", since readers
    of such files expect pixels.

    An image's time is the one in its header, else that of its arrival; both are kept. Flat images
    are stored as PLUS does: their pixels' indices are the frame "Image". Where an image is placed
    elsewhere by its own geometry, that is the transform "ImageToRAS". Volumes (k > 1) have the
    geometry of the first one in the file's header, and "ImageToRAS" where it changes.

    Args:
        path: its ending says the format.
        image: the device whose images are taken, where there are several.
        compress, overwrite, progress: see `SequenceWriter`.
        orientation: how images lie; default: "MF" for flat ones, nothing for volumes.
        clock: "timestamp" compares the times in the headers; "arrival" those of arrival, for
            devices whose clocks differ.
        max_age: s, how old a pose may be.
        entries: what will be added, to name all devices when there are several.

    Raises:
        RecordingError: the file is there already, cannot be written, or an option is not known.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        image: str | None = None,
        compress: bool = False,
        overwrite: bool = False,
        orientation: str | None = None,
        clock: str = "timestamp",
        max_age: float = 0.5,
        progress: Progress | None = None,
        entries: Iterable[Entry] = (),
    ) -> None:
        if clock not in _CLOCKS:
            raise RecordingError(f"clock is {clock!r}, expected one of {', '.join(_CLOCKS)}")
        self.path, self._orientation = Path(path), orientation
        self._options: dict[str, Any] = {
            "compress": compress,
            "overwrite": overwrite,
            "progress": progress,
        }
        self._max_age = max_age
        self._poses = PoseHistory(max_age_ns=int(max_age * 1e9), by_arrival=clock == "arrival")
        self._writer = self._made(orientation or PLUS, {})
        self._first: Image | None = None
        self._place, self._indices = IDENTITY, IDENTITY
        self._waiting: _Waiting | None = None
        self._pictures = PictureStream(image, entries)
        self._unsaid = 0
        self._pose_messages: Counter[str] = Counter()

    def _made(
        self, orientation: str | None, fields: dict[str, str], place: Matrix | None = None
    ) -> SequenceWriter:
        return SequenceWriter(
            self.path, orientation=orientation, fields=fields, ijk_to_lps=place, **self._options
        )

    def add(self, entry: Entry) -> str | None:
        """Take one message: None. Or leave it out: why.

        Raises:
            DecodeError: its bytes are no valid message.
            RecordingError: it does not fit: images of several devices, or of several sizes.
        """
        if is_picture(entry):
            image = self._pictures.image(entry)
            if isinstance(image, str):
                return image
            self._add_image(image, entry.time_ns)
            return None
        kind = class_of(entry.frame.raw_type)
        if kind is None or not issubclass(kind, POSE_TYPES):
            return _NOT_HELD
        return self._add_poses(entry.message, entry.time_ns)

    def _add_poses(self, message: Message, arrival_ns: int) -> str | None:
        moment = _moment(message, arrival_ns)
        named = [(name, matrix) for name, matrix in _named(message) if name]
        if not named:
            return _NAMELESS
        self._let_go(moment, image=False)
        status = status_of(message) or "OK"
        origin = Origin(message.wire_type)
        self._pose_messages[message.wire_type] += 1
        for name, matrix in named:
            if np.isfinite(matrix).all():
                self._poses.add(name, moment, matrix, status, origin)
            else:
                invalid = "INVALID" if status == "OK" else status
                self._poses.add(name, moment, IDENTITY, invalid, origin)
        if self._first is None:
            self._waiting = _Waiting(moment, None)
        return None

    def _add_image(self, image: Image, arrival_ns: int) -> None:
        moment = _moment(image, arrival_ns)
        if self._first is None:
            self._begin(image)
        self._let_go(moment, image=True)
        self._waiting = _Waiting(moment, image)

    def _begin(self, image: Image) -> None:
        """Begin the file anew: there are images after all."""
        self._writer.discard()
        self._poses.forget_use()
        self._first, self._waiting = image, None
        flat = image.pixels.shape[0] == 1
        orientation = self._orientation or (PLUS if flat else None)
        if orientation is None and _has_axes(_placed(image)):
            self._place = _placed(image)
        if orientation is not None:
            k, j, i = image.pixels.shape[:3]
            self._indices = turned_indices((i, j, k), orientation, PLUS)
        place = None if self._place is IDENTITY else flipped(self._place)
        self._writer = self._made(orientation, _legal({DEVICE: image.device_name}), place)

    def _let_go(self, moment: Moment, *, image: bool) -> None:
        """Write what waits, unless more may come that belongs to it."""
        waiting = self._waiting
        if waiting is None:
            return
        if waiting.image is None:
            done = self._poses.age(waiting.moment, moment) != 0
        else:
            done = image or moment.arrival_ns - waiting.moment.arrival_ns > _WAITED_NS
        if done:
            self._waiting = None
            self._write(waiting)

    def _write(self, waiting: _Waiting) -> None:
        """Write a frame: a picture, or none, and all that is known of its moment."""
        moment, image = waiting
        known = self._poses.at(moment)
        if image is not None and not np.array_equal(matrix := _placed(image), self._place):
            finite = np.isfinite(matrix).all()
            known[PLACE] = (matrix @ self._indices, "OK") if finite else (IDENTITY, "INVALID")
        self._writer.write(
            SequenceFrame(
                _NO_PICTURE if image is None else image.pixels,
                moment.seconds,
                {name: matrix for name, (matrix, _) in known.items()},
                {name: status for name, (_, status) in known.items()},
                "INVALID" if image is None else "OK",
                self._fields(moment, {} if image is None else image.metadata),
            )
        )

    def _fields(self, moment: Moment, metadata: Mapping[str, str]) -> dict[str, str]:
        """What else is said of a frame. Metadata that no line holds are left out."""
        said = {key: text for key, text in metadata.items() if not _TAKEN.fullmatch(key)}
        self._unsaid += sum(not is_field(key, text) for key, text in said.items())
        fields = {
            "FrameNumber": str(self._writer.frames),
            "UnfilteredTimestamp": repr(moment.seconds),
            **_legal(said),
        }
        if arrival_of(moment.seconds) != moment.arrival_ns:
            seconds, rest = divmod(moment.arrival_ns, 1_000_000_000)
            fields[RECEIVED] = f"{seconds}.{rest:09}"
        return fields

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the file."""
        found = []
        if self._unsaid:
            found.append(f"{self._unsaid} metadata of images fit into no line: they are left out")
        return (*found, *gap_notes(self._poses.gaps, self._max_age))

    @property
    def left_out(self) -> dict[tuple[str, str], int]:
        """How many messages with poses no frame has, by wire type and reason; once it is closed."""
        unused = self._pose_messages - self._poses.used
        reason = _REPLACED if self._first is None else _BETWEEN
        return {(wire_type, reason): count for wire_type, count in unused.items()}

    def check(self) -> None:
        """Refuse what has no pictures of the device that was asked for.

        Raises:
            RecordingError: there is none; the text says of which devices there are.
        """
        self._pictures.chosen.check()

    def close(self) -> None:
        """Write the file.

        Raises:
            RecordingError: there was neither image nor pose, or it cannot be written.
        """
        if self._waiting is not None:
            self._write(self._waiting)
            self._waiting = None
        self._writer.close()

    def abandon(self) -> None:
        """Leave nothing."""
        self._writer.discard()


class _Waiting(NamedTuple):
    """An image whose poses may not all be here, or a moment of poses alone."""

    moment: Moment
    image: Image | None


def _moment(message: Message, arrival_ns: int) -> Moment:
    """Both times of a message; the sender's as float64, since a picture of video has no other.

    So equal times stay equal. What that rounds away is 0.2 us.
    """
    stamp = message.timestamp
    return Moment(0 if stamp is None else to_wire(stamp), arrival_ns)


def _named(message: Message) -> Iterator[tuple[str, Matrix]]:
    """The poses of a message by the names that they have in a file; "" where they have none."""
    for pose in poses_of(message):
        name = pose.tool or message.device_name
        if pose.tool and names_of(pose.tool) is None:
            name = f"{pose.tool}To{message.device_name or 'Tracker'}"
        matrix = pose.matrix
        if np.isnan(matrix[:3, :3]).all():  # a point alone: no turn is assumed
            matrix = matrix.copy()
            matrix[:3, :3] = np.eye(3)
        yield _ILLEGAL.sub("_", name), matrix


def _legal(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in fields.items() if is_field(name, text)}


def _has_axes(matrix: Matrix) -> bool:
    """Whether a header can have this geometry."""
    return bool(np.isfinite(matrix).all() and np.linalg.norm(matrix[:3, :3], axis=0).all())


def _placed(image: Image) -> Matrix:
    """(4, 4) from the indices of the pixels that are there to mm in RAS."""
    matrix = placed(image)
    return matrix if image.coordinates == "RAS" else flipped(matrix)
