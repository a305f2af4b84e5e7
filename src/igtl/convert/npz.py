"""Arrays for numpy: `.npz`, which `numpy.load` opens.

A name is a device, a slash, and one of:

* for all: `times` and `timestamps` (n,) float64 s since 1970 UTC, of arrival and as the sender says
  (NaN where it does not); `times_ns` and `timestamps_ns` (n,) int64, exact (0 where it does not)
* TRANSFORM, POSITION: `matrices` (n, 4, 4) float64, mm, and `statuses` (n,) text as PLUS says
  them; with a quaternion also `quaternions` (n, 4) x y z w. TDATA, QTDATA: the same under
  `device/tool/`.
* SENSOR: `values` (n, m) float64 and `unit`
* IMAGE: `images` (n, k, j, i) or (n, k, j, i, c), `ijk_to_world` (n, 4, 4) float64, mm, of the
  pixels that are there, and `coordinates`: "RAS" or "LPS"
* NDARRAY: `arrays` (n, ...)

What is called alike but differs in type or connection has both in front (`connection/TYPE/device`);
what changes its shape, type, unit, or kind of rotation goes on under `device.2`, `device.3`.
Data wait on disk, not in memory, so that a recording of any size can be converted.
"""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.lib import format as npy

from igtl.convert.placement import placed
from igtl.convert.poses import POSE_TYPES, poses_of, status_of
from igtl.messages import Image, Message, NDArray, Sensor
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging

__all__ = ["NpzWriter"]

_NOT_HELD = ".npz holds poses, sensors, images and NDARRAY"
#: So many bytes of each array are kept in memory.
_BUFFERED = 1 << 18
_COPIED = 1 << 22
#: Text of statuses, 32 characters long at most.
_STATUS = np.dtype("U32")


class _Source(NamedTuple):
    """What an array is of."""

    connection: str
    wire_type: str
    device: str
    tool: str
    shape: tuple[Any, ...]
    """What must not change within one array, such as its shape."""


class _Column:
    """The items of one array: in memory while they are few, then in a file."""

    def __init__(self, staging: Staging) -> None:
        self._staging, self._path = staging, cast("Path | None", None)
        self._data = bytearray()
        self._count = 0
        self._dtype, self._shape = np.dtype(np.float64), cast("tuple[int, ...]", ())

    def add(self, item: np.ndarray[Any, np.dtype[Any]]) -> None:
        """Append one item; all are of one shape and type."""
        native = item.astype(item.dtype.newbyteorder("="), order="C", copy=False)
        self._dtype, self._shape = native.dtype, native.shape
        self._data += native.tobytes()
        self._count += 1
        if len(self._data) >= _BUFFERED:
            self._write_down()

    def _write_down(self) -> None:
        if self._path is None:
            self._path = self._staging.new(".array")
        with self._path.open("ab") as file:
            file.write(self._data)
        self._data.clear()

    def save(self, file: BinaryIO) -> None:
        """Write it in numpy's format."""
        header = {
            "descr": npy.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._count, *self._shape),
        }
        npy.write_array_header_2_0(file, header)
        if self._path is not None:
            with self._path.open("rb") as stored:
                while piece := stored.read(_COPIED):
                    file.write(piece)
            self._path.unlink()
        file.write(self._data)


class NpzWriter:
    """Writes `.npz`.

    Args:
        staging: where the file goes.
        compress: whether the arrays are packed (deflate); slow, and noise hardly gets smaller.
    """

    def __init__(self, staging: Staging, *, compress: bool = False) -> None:
        self._staging = staging
        self._how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        self._columns: dict[_Source, dict[str, _Column]] = {}
        self._single: dict[_Source, dict[str, str]] = {}

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        message = entry.message
        if not isinstance(message, (*POSE_TYPES, Sensor, Image, NDArray)):
            return _NOT_HELD
        for tool, shape, arrays, texts in _arrays(message):
            source = _Source(entry.connection, message.wire_type, message.device_name, tool, shape)
            if source not in self._columns:
                self._columns[source], self._single[source] = {}, texts
            self._append(source, _times(entry, message) | arrays)
        return None

    def _append(self, source: _Source, arrays: dict[str, Any]) -> None:
        columns = self._columns[source]
        for name, item in arrays.items():
            if name not in columns:
                columns[name] = _Column(self._staging)
            columns[name].add(np.asarray(item))

    def close(self) -> None:
        """Pack all arrays into the file."""
        path = self._staging.new(".npz")
        with zipfile.ZipFile(path, "w", self._how, allowZip64=True) as archive:
            for source, name in zip(self._columns, _names(list(self._columns)), strict=True):
                for what, column in self._columns[source].items():
                    with archive.open(f"{name}/{what}.npy", "w", force_zip64=True) as member:
                        column.save(cast(BinaryIO, member))
                for what, text in self._single[source].items():
                    archive.writestr(f"{name}/{what}.npy", _saved(text))
        self._columns.clear()
        self._staging.keep(path, self._staging.target)

    def abandon(self) -> None:
        """Nothing is open between two messages."""
        self._columns.clear()


def _times(entry: Entry, message: Message) -> dict[str, Any]:
    told = message.timestamp_ns
    return {
        "times": entry.time,
        "times_ns": np.int64(entry.time_ns),
        "timestamps": np.nan if message.timestamp is None else message.timestamp,
        "timestamps_ns": np.int64(0 if told is None else told),
    }


def _arrays(
    message: Message,
) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, str]]]:
    """Tool, what must not change, arrays of one item each, and single texts; one set a pose."""
    match message:
        case Sensor():
            kind: tuple[Any, ...] = len(message.values), message.unit
            yield "", kind, {"values": message.values}, {"unit": message.unit}
        case Image():
            pixels = message.pixels
            arrays = {"images": pixels, "ijk_to_world": placed(message)}
            kind = (pixels.shape, pixels.dtype.newbyteorder("=").str, message.coordinates)
            yield "", kind, arrays, {"coordinates": message.coordinates}
        case NDArray():
            array = message.array
            yield "", (array.shape, array.dtype.str), {"arrays": array}, {}
        case _:
            status = np.array(status_of(message), _STATUS)
            for pose in poses_of(message):
                found = {"matrices": pose.matrix, "statuses": status}
                if pose.quaternion is not None:
                    found["quaternions"] = pose.quaternion
                yield pose.tool, (len(found),), found, {}


def _names(sources: list[_Source]) -> Iterator[str]:
    """One name each: as short as they can be without being the same."""
    homes: dict[str, set[tuple[str, str]]] = {}
    for source in sources:
        homes.setdefault(source.device, set()).add(source[:2])
    given: set[str] = set()
    numbers: defaultdict[str, count[int]] = defaultdict(partial(count, 2))
    for source in sources:
        parts = [source.device or source.wire_type]
        if len(homes[source.device]) > 1:
            parts = [source.connection, source.wire_type, *parts]
        if source.tool:
            parts.append(source.tool)
        name = "/".join(map(_part, parts))
        free = name
        while free in given:
            free = f"{name}.{next(numbers[name])}"
        given.add(free)
        yield free


def _part(name: str) -> str:
    """A name as one part of a path in an archive, whatever a peer put into it."""
    safe = name.replace("/", "_").replace("\\", "_").replace("\0", "_")
    return safe if safe.strip(".") else safe.replace(".", "_") or "_"


def _saved(text: str) -> bytes:
    """A text as numpy saves it."""
    file = io.BytesIO()
    np.save(file, np.array(text))
    return file.getvalue()
