"""Points, trajectories and surfaces for the page: POINT, TRAJ and POLYDATA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.message import Message, Unknown
from igtl.messages.points import Point, PointElement, Trajectory, TrajectoryElement, TrajectoryType
from igtl.messages.polydata import PolyData
from igtl.messages.registry import class_of
from igtl.viewer.by_row import ByRow
from igtl.viewer.envelope import pack
from igtl.viewer.items import value_of
from igtl.viewer.latest import Latest, Trouble
from igtl.viewer.row import Row
from igtl.viewer.slices import frame_of
from igtl.viewer.surface import surface

__all__ = ["Drawing", "Scene", "Scenes"]

_KINDS = (Point, Trajectory, PolyData)
#: More points or trajectories would be megabytes of JSON.
_MOST = 10_000


class Drawing(NamedTuple):
    """A message as the page draws it."""

    seq: int
    envelope: list[Buffer]


class Scene(Latest[Drawing]):
    """The newest message of one row, which replaces the one before; encoded once for all."""

    large = 100_000

    def made(self, message: Message, seq: int, received: float) -> Drawing:
        """A message as the page draws it.

        Raises:
            DecodeError: it cannot be drawn.
        """
        head, payload, self.note = _encoded(message)
        return Drawing(seq, pack({"seq": seq} | head, *payload))


class Scenes(ByRow[Scene]):
    """Keeps the newest message of each row.

    Args:
        trouble: is told of malformed messages: `Values.trouble`.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def opened(self, row: Row, frame: Frame) -> Scene | None:
        """What a new row shows; None where it is of another type."""
        is_scene = issubclass(class_of(frame.raw_type) or Unknown, _KINDS)
        return Scene(row, self._trouble) if is_scene else None


_Encoded = tuple[dict[str, object], list[Buffer], str]


def _encoded(message: Message) -> _Encoded:
    """Head, payload, and what is left out.

    Raises:
        DecodeError: it cannot be drawn.
    """
    device = message.device_name
    head: dict[str, object] = {"device": device, "frame": frame_of(device)}
    match message:
        case Point():
            points, note = _first(message, "points")
            return {"type": "POINT", **head, "points": [_point(p) for p in points]}, [], note
        case Trajectory():
            paths, note = _first(message, "trajectories")
            return {"type": "TRAJ", **head, "trajectories": [_path(p) for p in paths]}, [], note
        case PolyData():
            drawn = surface(message)
            more = {"bounds": drawn.bounds, "arrays": drawn.arrays}
            return {"type": "POLYDATA", **head, **more}, drawn.payload, drawn.note
    raise DecodeError(f"{message.wire_type} is nothing to draw")


def _first(message: Message, name: str) -> tuple[Sequence[Any], str]:
    """The points or trajectories that are drawn, and what to say of the others."""
    items = value_of(message, name)
    if len(items) <= _MOST:
        return items, ""
    return items[:_MOST], f"only the first {_MOST:,} of {len(items):,} {name} are drawn"


def _point(point: PointElement) -> dict[str, object]:
    return {
        "name": point.name,
        "group": point.group,
        "position": point.position.tolist(),
        "color": list(point.color),
        "diameter": point.diameter,
    }


def _path(path: TrajectoryElement) -> dict[str, object]:
    """A path of one point has it at both ends."""
    entry, target = path.entry.tolist(), path.target.tolist()
    if path.type == TrajectoryType.ENTRY_ONLY:
        target = entry
    elif path.type == TrajectoryType.TARGET_ONLY:
        entry = target
    return {
        "name": path.name,
        "group": path.group,
        "entry": entry,
        "target": target,
        "color": list(path.color),
        "diameter": path.diameter,
    }
