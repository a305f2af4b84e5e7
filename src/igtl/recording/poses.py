"""Where a device or a tool was, over time."""

from __future__ import annotations

from collections.abc import Iterable
from glob import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec.declaration import Records
from igtl.codec.text import decode_fixed
from igtl.errors import RecordingError
from igtl.messages import Message, Position, QuaternionTrackingData, TrackingData, Transform
from igtl.messages.pose import matrix_of
from igtl.recording.columns import columns_of, contents_in, device_of, refuse_several
from igtl.recording.contents import Contents, validity
from igtl.recording.recording import Recording
from igtl.recording.unpacking import seconds, unpack_columns

__all__ = ["Poses", "poses_of"]

_TRACKING: tuple[type[Message], ...] = (TrackingData, QuaternionTrackingData)
_NAME_SIZE = 20
#: So many names are listed when none fits.
_LISTED = 20


class Poses(NamedTuple):
    """Poses in the order in which they came."""

    times: NDArray[np.float64]
    """(n,) arrival, s since 1970 UTC."""
    timestamps: NDArray[np.float64]
    """(n,) time of the header, s since 1970 UTC; NaN where none was given."""
    matrices: NDArray[np.float64]
    """(n, 4, 4) from the device's or tool's coordinates to what it is measured in, mm."""
    valid: NDArray[np.bool_]
    """(n,) False where the metadata call the pose invalid, see `Columns`."""
    left_out: int
    """Messages that were recorded and are not in here, see `Columns`."""
    name: str = ""
    """Of the device or tool."""

    def __repr__(self) -> str:
        return f"<Poses: {len(self.times):,} of {self.name}>"


class _Found(NamedTuple):
    """A tool's poses in one block."""

    times: NDArray[np.uint64]
    stamps: NDArray[np.uint64]
    valid: NDArray[np.bool_]
    rows: NDArray[np.uint8]


def poses_of(recording: Recording, name: str, *, verify: bool) -> Poses:
    """The poses of a device or tool; see `Recording.poses`."""
    given: object = name
    if not isinstance(given, str):
        raise RecordingError(
            f"{given!r:.60} is {type(given).__name__}, expected the name of a device or a tool"
        )
    of_name = [one for one in recording.channels if one.device_name == name]
    sent = {one.wire_type for one in of_name}
    kinds = [cls for cls in (Transform, Position) if sent & set(cls.wire_types)]
    if len(kinds) > 1:
        raise RecordingError(
            f"{name!r} sends TRANSFORM and POSITION: choose with "
            "recording.select(type=igtl.Transform).poses(...)"
        )
    if kinds:
        return _of_device(recording, kinds[0], name, verify=verify)
    return _of_tool(recording, name, verify=verify)


def _of_device(recording: Recording, cls: type[Message], name: str, *, verify: bool) -> Poses:
    columns = columns_of(recording, cls, name, verify=verify)
    if cls is Transform:
        matrices = columns["matrix"]
    else:
        quaternions = columns["quaternion"].copy()
        quaternions[np.isnan(quaternions).all(axis=1)] = 0, 0, 0, 1  # none: nothing is known
        matrices = matrix_of(columns["position"], quaternions)
    return Poses(columns.times, columns.timestamps, matrices, columns.valid, columns.left_out, name)


def _of_tool(recording: Recording, name: str, *, verify: bool) -> Poses:
    """The poses of a tool of the one TDATA or QTDATA device that has it."""
    holders: dict[tuple[str, str], Poses] = {}
    seen: set[str] = set()
    for cls in _TRACKING:
        devices = dict.fromkeys(one.device_name for one in recording.select(type=cls).channels)
        for device in devices:
            poses = _searched(device_of(recording, cls, device), cls, name, seen, verify=verify)
            if len(poses.times):
                holders[cls.wire_type, device] = poses
    if len(holders) == 1:
        (wire_type, device), poses = holders.popitem()
        of_device = recording.select(type=wire_type, device=escape(device))
        refuse_several(of_device, f"{wire_type} of {device!r}")
        return poses
    if holders:
        raise RecordingError(
            f"several devices have a tool {name!r}: {_listed(holders)}; choose with "
            "recording.select(type=..., device=...).poses(...)"
        )
    named = {one.device_name for one in recording.select(type=(Transform, Position)).channels}
    raise RecordingError(
        f"no TRANSFORM or POSITION is of a device {name!r}, and no TDATA or QTDATA has a tool of "
        f"that name; devices: {_listed(named)}; tools: {_listed(seen)}"
    )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(repr, sorted(names, key=str)[:_LISTED])) or "none"


def _searched(
    recording: Recording, cls: type[Message], name: str, seen: set[str], *, verify: bool
) -> Poses:
    """The poses of a tool among messages of one device; `seen` is told what tools there are."""
    tail = cls.wire.tail
    assert isinstance(tail, Records)  # so they are declared
    layout = tail.layout
    found, left_out = [], 0
    for contents in contents_in(recording, verify=verify):
        whole = contents.only(contents.sizes % layout.size == 0)
        left_out += whole.left_out
        found.append(_tools(whole, layout.size, name, seen))
    if not found:
        found = [_tools_of_none(layout.size)]
    times, stamps, valid, rows = (np.concatenate(column) for column in zip(*found, strict=True))
    fields = unpack_columns(layout, rows)
    matrices = fields.get("matrix")
    if matrices is None:
        matrices = matrix_of(fields["position"], fields["quaternion"])
    return Poses(times / 1e9, seconds(stamps), matrices, valid, left_out, name)


def _tools(contents: Contents, size: int, name: str, seen: set[str]) -> _Found:
    """The records, of `size` bytes, of one tool in some messages, in their order."""
    which, pieces = [], []
    for length in np.unique(contents.sizes).tolist():
        if not length:
            continue
        numbers = np.flatnonzero(contents.sizes == length)
        rows = contents.only(contents.sizes == length).rows(length).reshape(-1, size)
        these = _is_named(rows[:, :_NAME_SIZE], name)
        seen.update(decode_fixed(row.tobytes()) for row in rows[:_LISTED, :_NAME_SIZE])
        which.append(np.repeat(numbers, length // size)[these])
        pieces.append(rows[these])
    if not which:
        return _tools_of_none(size)
    messages = np.concatenate(which)
    order = np.argsort(messages, kind="stable")
    messages = messages[order]
    rows = np.concatenate(pieces)[order]
    valid = validity(contents)[messages]
    return _Found(contents.times[messages], contents.stamps[messages], valid, rows)


def _tools_of_none(size: int) -> _Found:
    nothing = np.empty(0, np.uint64)
    return _Found(nothing, nothing, np.empty(0, np.bool_), np.empty((0, size), np.uint8))


def _is_named(fields: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """(n,) whether texts of the wire, padded with NUL, are `name`."""
    these = np.zeros(len(fields), np.bool_)
    for raw in {name.encode(), name.encode("latin-1", "ignore")}:
        if 0 < len(raw) <= _NAME_SIZE and decode_fixed(raw) == name:
            ended = len(raw) == _NAME_SIZE or fields[:, len(raw)] == 0
            these |= (fields[:, : len(raw)] == np.frombuffer(raw, np.uint8)).all(axis=1) & ended
    return these
