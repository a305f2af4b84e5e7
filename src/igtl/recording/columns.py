"""The messages of one type and device as arrays: a column for each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from glob import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import DecodeError, RecordingError
from igtl.messages import Message, Position
from igtl.recording.contents import NO_CONTENTS, Contents, contents_of, says_valid, validity
from igtl.recording.recording import Recording
from igtl.recording.unpacking import seconds, unpack_columns

__all__ = ["Columns", "columns_of", "contents_in", "device_of", "refuse_several"]

#: Messages of types without a fixed size are held in memory up to so many bytes.
_MOST_BYTES = 1 << 30
#: So many names are listed at most.
_LISTED = 20


class Columns(Mapping[str, NDArray[Any]]):
    """One array for each field, `columns["matrix"]`, each with one row for each message.

    Attributes:
        times: (n,) float64, arrival, s since 1970 UTC.
        timestamps: (n,) float64, time of the header, s since 1970 UTC; NaN where none was given.
        valid: (n,) bool, False where the metadata call the pose invalid, as PLUS does while a
            tool is out of view (TransformStatus, TransformValid).
        left_out: messages that were recorded and are not in here: their checksum is wrong, or
            their content is not valid for the type.
    """

    def __init__(
        self,
        times: NDArray[np.float64],
        timestamps: NDArray[np.float64],
        valid: NDArray[np.bool_],
        fields: Mapping[str, NDArray[Any]],
        left_out: int,
    ) -> None:
        self.times, self.timestamps, self.valid = times, timestamps, valid
        self.left_out = left_out
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self._fields[name]
        except KeyError:
            raise KeyError(f"{name!r}: there are {', '.join(self._fields)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        """Number of fields; `len(columns.times)` is that of messages."""
        return len(self._fields)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self._fields.items())
        return f"<Columns of {len(self.times)} messages: {shapes}>"


def columns_of(
    recording: Recording, cls: type[Message], device: str | None, *, verify: bool
) -> Columns:
    """The columns of a type and device; see `Recording.columns`."""
    given: object = cls
    if not (isinstance(given, type) and issubclass(given, Message)):
        raise RecordingError(
            f"{given!r:.60} is {type(given).__name__}, expected a message class and a device: "
            "columns(igtl.Transform, 'Probe')"
        )
    chosen = device_of(recording, cls, device)
    refuse_several(chosen, f"{cls.wire_type} of {device or 'the device'!r}")
    if cls is Position:
        return _positions(chosen, verify=verify)
    if cls.is_fixed():
        return _fixed(chosen, cls, verify=verify)
    return _decoded(chosen, cls)


def device_of(recording: Recording, cls: type[Message], device: str | None) -> Recording:
    """The messages of a type and device; None: of the only device that there is.

    Raises:
        RecordingError: there is no such device, or no only one.
    """
    of_type = recording.select(type=cls)
    names = list(dict.fromkeys(one.device_name for one in of_type.channels))
    if device is None and len(names) == 1:
        return of_type
    listed = ", ".join(map(repr, names[:_LISTED])) or "none"
    if device is None:
        raise RecordingError(f"of which device? With {cls.wire_type} there are: {listed}")
    if device not in names:
        raise RecordingError(
            f"there is no {cls.wire_type} of device {device!r}; devices with {cls.wire_type}: "
            f"{listed}"
        )
    return of_type.select(device=escape(device))


def refuse_several(recording: Recording, what: str) -> None:
    """Refuse messages that came over several connections at once: they are of different devices.

    A connection that begins when another has ended is taken for the same, made anew.

    Raises:
        RecordingError: it lists the connections.
    """
    spans: dict[str, tuple[int, int]] = {}
    for one in recording.channels:
        first, last = spans.get(one.connection, (one.first_ns, one.last_ns))
        spans[one.connection] = min(first, one.first_ns), max(last, one.last_ns)
    ordered = sorted(spans.values())
    if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
        names = ", ".join(map(repr, list(spans)[:_LISTED]))
        raise RecordingError(
            f"{what} came over several connections at once: {names}; choose one of them with "
            f"recording.select(connection={next(iter(spans))!r})"
        )


def contents_in(recording: Recording, *, verify: bool) -> Iterator[Contents]:
    """The contents of all messages, block by block."""
    for part in recording.parts():
        yield contents_of(part, verify=verify)


def _fixed(recording: Recording, cls: type[Message], *, verify: bool) -> Columns:
    """Types of fixed size, block by block."""
    layout = cls.wire.layout
    gathering = _Gathering(len(recording))
    gathering.add(NO_CONTENTS, unpack_columns(layout, NO_CONTENTS.rows(layout.size)))
    for found in contents_in(recording, verify=verify):
        whole = found.only(found.sizes == layout.size)
        gathering.add(whole, unpack_columns(layout, whole.rows(layout.size)))
    return gathering.columns()


def _positions(recording: Recording, *, verify: bool) -> Columns:
    """POSITION: with a whole quaternion, one whose w follows from the others, or none."""
    gathering = _Gathering(len(recording))
    gathering.add(NO_CONTENTS, _unpack_positions(NO_CONTENTS))
    for found in contents_in(recording, verify=verify):
        whole = found.only(np.isin(found.sizes, (12, 24, 28)))
        gathering.add(whole, _unpack_positions(whole))
    return gathering.columns()


def _unpack_positions(contents: Contents) -> dict[str, NDArray[Any]]:
    layout = Position.wire.layout
    rows = np.zeros((len(contents.sizes), layout.size), np.uint8)
    for size in np.unique(contents.sizes).tolist():
        these = contents.sizes == size
        rows[these, :size] = contents.only(these).rows(size)
    fields = unpack_columns(layout, rows)
    quaternions = fields["quaternion"]
    squares = (quaternions[:, :3] ** 2).sum(axis=1)
    missing = contents.sizes == 24
    np.copyto(quaternions[:, 3], np.sqrt(np.maximum(0.0, 1.0 - squares)), where=missing)
    quaternions[contents.sizes == 12] = np.nan
    return fields


class _Gathering:
    """Columns that grow block by block, in memory that is made once: fresh memory is slow."""

    def __init__(self, expected: int) -> None:
        self._expected, self._filled, self._left_out = expected, 0, 0
        self._arrays: dict[str, NDArray[Any]] = {}

    def add(self, contents: Contents, fields: Mapping[str, NDArray[Any]]) -> None:
        """Take one block's."""
        end = self._filled + len(contents.times)
        common = contents.times / 1e9, seconds(contents.stamps), validity(contents)
        for name, column in (*zip(_COMMON, common, strict=True), *fields.items()):
            array = self._arrays.get(name)
            if array is None or len(array) < end:
                array = self._arrays[name] = self._grown(array, column, end)
            array[self._filled : end] = column
        self._filled = end
        self._left_out += contents.left_out

    def _grown(self, array: NDArray[Any] | None, column: NDArray[Any], end: int) -> NDArray[Any]:
        """Room for a column: for as much as is expected, or twice what is needed by then."""
        room = self._expected if array is None else 2 * end
        grown = np.empty((max(room, end), *column.shape[1:]), column.dtype)
        if array is not None:
            grown[: self._filled] = array[: self._filled]
        return grown

    def columns(self) -> Columns:
        """All that was added."""
        fields = {name: array[: self._filled] for name, array in self._arrays.items()}
        times, stamps, valid = (fields.pop(name) for name in _COMMON)
        return Columns(times, stamps, valid, fields, self._left_out)


#: No field has such a name.
_COMMON = ".times", ".timestamps", ".valid"


def _decoded(recording: Recording, cls: type[Message]) -> Columns:
    """Types of varying size: decoded one by one, and stacked where the shapes are the same."""
    amount = sum(one.bytes for one in recording.channels)
    if amount > _MOST_BYTES:
        raise RecordingError(
            f"{amount} bytes of {cls.wire_type} are too much for memory at once: iterate over "
            f"recording.select(type=igtl.{cls.__name__}, ...), or narrow it by start and end"
        )
    times, messages, left_out = [], [], 0
    for entry in recording.entries():
        with suppress(DecodeError):
            message = entry.message
            if isinstance(message, cls):  # its channel says so, its header may be damaged
                times.append(entry.time_ns)
                messages.append(message)
                continue
        left_out += 1
    stamps = [message.timestamp for message in messages]
    fields = {name: _stacked([getattr(one, name) for one in messages]) for name in cls.names}
    valid = np.array([says_valid(message.metadata) for message in messages], np.bool_)
    arrivals = np.array(times, np.uint64) / 1e9
    return Columns(arrivals, np.array(stamps, np.float64), valid, fields, left_out)


def _stacked(values: list[Any]) -> NDArray[Any]:
    """One array of values, of dtype object if they are no numbers or differ in shape."""
    arrays = [np.asarray(one) for one in values]
    alike = {(one.shape, one.dtype.kind) for one in arrays}
    if len(alike) == 1 and arrays[0].dtype.kind in "biufc":
        return np.stack(arrays)
    stacked = np.empty(len(values), object)
    stacked[:] = values
    return stacked
