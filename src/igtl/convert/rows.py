"""Messages as rows of tables: which columns there are, and what stands in them.

There are four kinds of tables. Lengths are in mm and rotations as quaternions; positions are in
the coordinates that the device is measured in ("ProbeToTracker" leads from Probe to Tracker), times
in seconds since 1970 UTC. What a message does not say is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from igtl.convert.poses import POSE_TYPES, poses_of, quaternions, status_of
from igtl.messages import Message, Point, Sensor, Status, String, Trajectory
from igtl.recording.entry import Entry

__all__ = ["KINDS", "Column", "Columns", "Kind", "Row"]

Row: TypeAlias = tuple[Any, ...]
Columns: TypeAlias = list[list[Any]]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: with its unit behind it, where it has one.
        type: "i8", "f8" or "text".
        doc: what it means.
    """

    name: str
    type: str
    doc: str


_COMMON = (
    Column("time_s", "f8", "arrival, s since 1970 UTC"),
    Column("time_ns", "i8", "the same in ns, exact"),
    Column("timestamp_s", "f8", "the sender's time, s since 1970 UTC; empty if it gave none"),
    Column("timestamp_ns", "i8", "the same in ns"),
    Column("connection", "text", "where it came from"),
    Column("type", "text", "wire type of the message"),
    Column("device", "text", "device name of the message"),
)
_PLACE = tuple(Column(f"{axis}_mm", "f8", f"{axis} of the position") for axis in "xyz")
_TURN = tuple(
    Column(f"q{part}", "f8", "quaternion as sent; of a matrix the unit one, empty if no rotation")
    for part in "xyzw"
)
_MATRIX = tuple(
    Column(f"m{row}{column}", "f8", "upper 3x4 of the matrix, row by row; m03 m13 m23 in mm")
    for row in range(3)
    for column in range(4)
)


@dataclass(frozen=True)
class Kind:
    """One kind of table.

    Attributes:
        name: as in the name of its file, "poses" say.
        types: the classes whose messages give its rows.
        own: its columns behind those that all have.
        rows: the rows of a message, without the common columns.
        finish: the own columns of many such rows.
    """

    name: str
    types: tuple[type[Message], ...]
    own: tuple[Column, ...]
    rows: Callable[[Message], Iterator[Row]]
    finish: Callable[[list[Row]], Columns]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns."""
        return _COMMON + self.own

    def add(self, entry: Entry, message: Message, rows: list[Row]) -> None:
        """Append the rows of a message: the common part, and its own."""
        common = (
            entry.time_ns,
            message.timestamp,
            message.timestamp_ns,
            entry.connection,
            message.wire_type,
            message.device_name,
        )
        rows.extend((common, own) for own in self.rows(message))

    def table(self, rows: list[Row]) -> Columns:
        """The columns of rows that `add` has made; all of one length."""
        times, *rest = _turned([common for common, _ in rows], len(_COMMON) - 1)
        return [[t / 1e9 for t in times], times, *rest, *self.finish([own for _, own in rows])]


def _turned(rows: list[Row], width: int) -> Columns:
    """Rows as columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


def _pose_rows(message: Message) -> Iterator[Row]:
    status = status_of(message)
    for pose in poses_of(message):
        yield pose.tool, status, pose.matrix, pose.quaternion


def _pose_columns(rows: list[Row]) -> Columns:
    tools, statuses, matrices, given = _turned(rows, 4)
    stack = np.array(matrices)
    turns = quaternions(stack)
    for index, quaternion in enumerate(given):
        if quaternion is not None:
            turns[index] = quaternion
    numbers = np.column_stack((stack[:, :3, 3], turns, stack[:, :3].reshape(-1, 12)))
    return [tools, statuses, *_numbers(numbers)]


def _numbers(table: np.ndarray[Any, np.dtype[np.float64]]) -> Columns:
    """Columns of floats; None for what is no number."""
    there = ~np.isnan(table)
    whole = there.all(axis=0)
    columns: Columns = [column.tolist() for column in table.T]
    for index in np.flatnonzero(~whole):
        kept = zip(columns[index], there[:, index], strict=True)
        columns[index] = [value if is_there else None for value, is_there in kept]
    return columns


def _point_rows(message: Message) -> Iterator[Row]:
    for index, (element, role, position) in enumerate(_points(message)):
        yield (
            index, element.name, element.group, role, *position.tolist(), element.diameter,
            *element.color, element.owner,
        )  # fmt: skip


def _points(message: Message) -> Iterable[tuple[Any, str, Any]]:
    """Elements with the role and the position of each of their points."""
    if isinstance(message, Point):
        for point in message.points:
            yield point, "point", point.position
    elif isinstance(message, Trajectory):
        for path in message.trajectories:
            if path.type != 2:
                yield path, "entry", path.entry
            if path.type != 1:
                yield path, "target", path.target


def _sensor_rows(message: Message) -> Iterator[Row]:
    assert isinstance(message, Sensor)
    for index, value in enumerate(message.values.tolist()):
        yield index, value, message.unit


def _text_rows(message: Message) -> Iterator[Row]:
    if isinstance(message, Status):
        yield message.text, int(message.code), message.subcode, message.error_name
    elif isinstance(message, String):
        yield message.text, None, None, None


KINDS = (
    Kind(
        "poses",
        POSE_TYPES,
        (
            Column("tool", "text", "name of the tool in TDATA and QTDATA, else empty"),
            Column("status", "text", "OK, OUT_OF_VIEW ..., as PLUS says it; empty if not said"),
            *_PLACE,
            *_TURN,
            *_MATRIX,
        ),
        _pose_rows,
        _pose_columns,
    ),
    Kind(
        "points",
        (Point, Trajectory),
        (
            Column("index", "i8", "place of the point in its message, from 0"),
            Column("name", "text", "of the point, or the trajectory"),
            Column("group", "text", "such as Fiducial"),
            Column("role", "text", "point; entry or target of a trajectory"),
            *_PLACE,
            Column("diameter_mm", "f8", "0 for a point"),
            *(Column(color, "i8", "0 to 255") for color in ("red", "green", "blue", "alpha")),
            Column("owner", "text", "device name of the image that it belongs to"),
        ),
        _point_rows,
        lambda rows: _turned(rows, 13),
    ),
    Kind(
        "sensors",
        (Sensor,),
        (
            Column("index", "i8", "place of the value in its message, from 0"),
            Column("value", "f8", "in that unit"),
            Column("unit", "text", "SI, such as mm, N or m s-2"),
        ),
        _sensor_rows,
        lambda rows: _turned(rows, 3),
    ),
    Kind(
        "texts",
        (Status, String),
        (
            Column("text", "text", "what it says"),
            Column("code", "i8", "of a STATUS: 1 is OK"),
            Column("subcode", "i8", "of a STATUS: the device's own"),
            Column("error_name", "text", "of a STATUS"),
        ),
        _text_rows,
        lambda rows: _turned(rows, 4),
    ),
)
"""All kinds of tables."""
