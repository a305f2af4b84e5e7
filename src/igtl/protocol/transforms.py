"""Where things are in each other: the named transforms of a link as a graph, and paths through it.

A TRANSFORM of device "ProbeToTracker" leads from the frame Probe to the frame Tracker, and back by
its inverse. `Transforms` takes in what a link heard, and fixed calibrations, and gives the pose
of any frame in any other that is connected to it.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.frame import Frame
from igtl.codec.layout import frozen, numbers
from igtl.errors import DecodeError, MessageError, NotAvailable
from igtl.messages.message import Message, decode_frame
from igtl.messages.pose import Position, Transform, matrix_of, status_of
from igtl.messages.registry import class_of
from igtl.messages.tracking import QuaternionTrackingData, TrackingData

__all__ = ["Pose", "Transforms", "frames_of", "names_of"]

Matrix: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[str, str]

_TO = re.compile("To(?=[A-Z])")
#: Where the poses of tools lead when neither they nor their device say it.
_TRACKER = "Tracker"
#: So many transforms of a peer are known; beyond, those heard of first are forgotten.
_MOST_HEARD = 2000
#: So many names stand in the text of an error.
_MOST_NAMED = 12
#: What spans less of space than this, of the volume that its axes' lengths allow, is no pose.
_FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class Pose:
    """Where one frame is in another.

    Attributes:
        matrix: (4, 4) float64, read-only, from coordinates of `source` to those of `target`; mm.
            All NaN when a peer sent a matrix that is no pose.
        source, target: names of the frames.
        timestamp: when its oldest part was acquired, in seconds since 1970 UTC by the peer's clock.
            Fixed parts, and those of a peer that gives no time, do not count; None when none has
            one.
        status: "OK", or what a peer says of the first part that is not: "OUT_OF_VIEW" say.
            "MISSING": its tool is gone, or the link is. "INVALID": it is no pose.
        valid: whether `status` is "OK". Do not use the matrix of a pose that is not valid.
        path: names of all frames on the way, from `source` to `target`.
    """

    matrix: Matrix
    source: str
    target: str
    timestamp: float | None
    status: str
    valid: bool
    path: tuple[str, ...]


class _Edge(NamedTuple):
    """A transform as it was given, `sender` being the type and device of the message it was in.

    `order` is the place of that message among all that came, infinite for one that was not heard.
    """

    matrix: Matrix
    status: str = "OK"
    timestamp: float | None = None
    sender: Pair | None = None
    order: float = math.inf


class Transforms:
    """The transforms that are known, by the names of two frames.

        transforms.add("Image", "Probe", calibration)
        pose = transforms["Image", "Reference"]

    Names come from devices (TRANSFORM, POSITION) and tools (TDATA, QTDATA) that are called such
    as "ProbeToTracker". Other tools lead to a frame that is called like their device, or "Tracker"
    where that has no name, so that two trackers stay apart; other devices are left out. What
    TransformStatus and TransformValid in the metadata say is heeded (PLUS). A tool that the newest
    message of its device lacks keeps its last pose with the status "MISSING"; so does all
    that was heard while the link is down, and afterwards until it is heard again.

    Iteration gives the (source, target) of what was given directly, `len` their count; `in` says
    whether there is a path, valid or not.

    Args:
        newest: gives the newest frames of a link, of any types, each with its place among all that
            came; asked on every access. Frames that are malformed are passed over: whoever
            receives them is told.
        begun: the place of the first frame that came over the present connection; infinite when
            there is none.
    """

    def __init__(
        self,
        newest: Callable[[], Iterable[tuple[int, Frame]]] = tuple,
        begun: Callable[[], float] = lambda: 0,
    ) -> None:
        self._newest, self._begun = newest, begun
        self._fixed: dict[Pair, _Edge] = {}
        # Frames that were looked at and what they gave: replaced together, so that no thread ever
        # sees one without the other.
        self._known: tuple[dict[tuple[bytes, bytes], Frame], dict[Pair, _Edge]] = {}, {}

    def update(self, message: Message) -> None:
        """Take in one message; those that hold no pose change nothing."""
        seen, heard = self._known
        self._known = seen, _with([(math.inf, message)], heard)

    def add(self, source: str, target: str, matrix: ArrayLike) -> None:
        """Take in a fixed transform, such as a calibration. It goes before what a peer sends.

        Args:
            matrix: (4, 4) or (3, 4), from coordinates of `source` to those of `target`; mm.

        Raises:
            MessageError: the matrix cannot be inverted or has another shape, or the names are
                not two different ones.
        """
        if not _is_pair((source, target)) or "" in (source, target) or source == target:
            raise MessageError(f"{source!r} and {target!r} are not the names of two frames")
        self._fixed = self._fixed | {(source, target): _Edge(_checked(matrix))}

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of all frames, sorted."""
        return _frames(self._edges())

    def __getitem__(self, frames: Pair) -> Pose:
        """The pose of one frame in another, over as few transforms as possible.

        Paths of which every part is valid go before all others.

        Raises:
            NotAvailable: a frame is not known, or there is no path between the two.
        """
        if not _is_pair(frames):
            raise TypeError(f'{frames!r} given, expected two names: transforms["Probe", "Tracker"]')
        edges = self._edges()
        source, target = frames
        for name in frames:
            _check_known(name, edges)
        valid = {pair: edge for pair, edge in edges.items() if edge.status == "OK"}
        path = _shortest(valid, source, target) or _shortest(edges, source, target)
        if path is None:
            raise NotAvailable(_no_path(edges, source, target))
        return _composed(edges, path)

    def __contains__(self, frames: object) -> bool:
        if not _is_pair(frames):
            return False
        edges = self._edges()
        return frames[0] in _frames(edges) and _shortest(edges, *frames) is not None

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._edges())

    def __len__(self) -> int:
        return len(self._edges())

    def _edges(self) -> dict[Pair, _Edge]:
        """All that is known now, what is fixed first."""
        newest = [(order, frame) for order, frame in self._newest() if _holds_poses(frame)]
        before, heard = self._known
        seen = {(frame.raw_type, frame.raw_name): frame for _, frame in newest}
        news = [
            (order, frame)
            for order, frame in newest
            if before.get((frame.raw_type, frame.raw_name)) is not frame
        ]
        if news:
            heard = _with(_decoded(news), heard)
            self._known = seen, heard
        return self._fixed | _present(heard, self._begun()) | self._fixed


def names_of(name: str) -> Pair | None:
    """The frames in a name such as "ProbeToTracker"; None when it does not say so.

    The rule is PLUS's: exactly one "To" in front of a capital letter, and a capital at the start.
    """
    source, *targets = _TO.split(name)
    if len(targets) != 1 or not "A" <= source[:1] <= "Z":
        return None
    return source, targets[0]


def frames_of(message: Message, tool: str = "") -> Pair:
    """The frames that a pose of a message leads from and to; "" where nothing says which.

    Args:
        tool: its name in TDATA and QTDATA. If that is not like "ProbeToTracker", it leads to a
            frame that is called like the device, or "Tracker" where that has no name.
    """
    is_tool = isinstance(message, (TrackingData, QuaternionTrackingData))
    name = tool if is_tool else message.device_name
    target = message.device_name or _TRACKER if is_tool else ""
    return names_of(name) or (name, target)


def _is_pair(frames: object) -> TypeGuard[Pair]:
    if not isinstance(frames, tuple) or len(frames) != 2:
        return False
    return all(isinstance(name, str) for name in frames)


def _holds_poses(frame: Frame) -> bool:
    cls = class_of(frame.raw_type)
    return cls in (Transform, TrackingData, Position, QuaternionTrackingData)


def _decoded(frames: Iterable[tuple[int, Frame]]) -> Iterator[tuple[int, Message]]:
    for order, frame in frames:
        try:
            yield order, decode_frame(frame)
        except DecodeError:
            continue


def _present(heard: dict[Pair, _Edge], begun: float) -> dict[Pair, _Edge]:
    """What was heard, as missing where that was over an earlier connection."""
    if not begun:
        return heard
    return {
        pair: edge if edge.order >= begun else edge._replace(status="MISSING")
        for pair, edge in heard.items()
    }


def _with(
    messages: Iterable[tuple[float, Message]], heard: Mapping[Pair, _Edge]
) -> dict[Pair, _Edge]:
    """What is known from a peer once it said this as well."""
    edges = dict(heard)
    for order, message in messages:
        if isinstance(message, (TrackingData, QuaternionTrackingData)):
            edges |= _lost(_sender(message), edges)
        edges |= _given(message, order)
    return dict(list(edges.items())[-_MOST_HEARD:])


def _sender(message: Message) -> Pair:
    return message.wire_type, message.device_name


def _lost(sender: Pair, edges: Mapping[Pair, _Edge]) -> dict[Pair, _Edge]:
    """All that a device said before, as missing."""
    told = {pair: edge for pair, edge in edges.items() if edge.sender == sender}
    return {pair: edge._replace(status="MISSING") for pair, edge in told.items()}


def _given(message: Message, order: float) -> dict[Pair, _Edge]:
    """What a message says."""
    status = status_of(message.metadata) or "OK"
    edges = {}
    for pair, matrix in _poses(message):
        known = (matrix, status) if _is_pose(matrix) else (_NO_POSE, "INVALID")
        edges[pair] = _Edge(*known, message.timestamp, _sender(message), order)
    return edges


def _poses(message: Message) -> Iterator[tuple[Pair, Matrix]]:
    """The frames and matrices of a message; none when it is of another type."""
    for tool, matrix in _tools(message):
        pair = frames_of(message, tool)
        if "" not in pair and pair[0] != pair[1]:
            yield pair, matrix


def _tools(message: Message) -> Iterator[tuple[str, Matrix]]:
    """The tools of a message and their matrices; "" where the device is the tool."""
    match message:
        case Transform():
            yield "", message.matrix
        case Position():
            # Without a quaternion nothing is known of the orientation: no turn is assumed.
            turn = (0, 0, 0, 1) if message.quaternion is None else message.quaternion
            yield "", frozen(matrix_of(message.position, turn))
        case TrackingData():
            for tool in message.tools:
                yield tool.name, tool.matrix
        case QuaternionTrackingData():
            for one in message.tools:
                yield one.name, frozen(matrix_of(one.position, one.quaternion))


_NO_POSE: Matrix = frozen(np.full((4, 4), np.nan))


def _is_pose(matrix: Matrix) -> bool:
    """Whether all numbers are finite and the three axes span space, so that there is an inverse."""
    with np.errstate(all="ignore"):
        axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
        return bool(np.abs(np.linalg.det(axes)) > _FLAT and np.isfinite(matrix).all())


def _checked(given: ArrayLike) -> Matrix:
    """A copy of a caller's matrix, (4, 4) and read-only."""
    matrix = numbers(given, np.dtype(np.float64), "matrix")
    if matrix.shape not in ((4, 4), (3, 4)):
        raise MessageError(f"matrix has shape {matrix.shape}, expected (4, 4) or (3, 4)")
    if not np.array_equal(matrix[3:], np.eye(4)[3 : len(matrix)]):
        raise MessageError(f"matrix has {matrix[3]} as its last row, expected [0, 0, 0, 1]")
    if not _is_pose(matrix):
        raise MessageError(f"matrix cannot be inverted, so it is no pose: {matrix.tolist()}")
    return frozen(np.vstack([matrix[:3], np.eye(4)[3]]))


def _frames(edges: Iterable[Pair]) -> tuple[str, ...]:
    return tuple(sorted({name for pair in edges for name in pair}))


def _neighbours(edges: Iterable[Pair]) -> dict[str, list[str]]:
    """What each frame is connected to, in either direction."""
    found: dict[str, list[str]] = {}
    for source, target in edges:
        found.setdefault(source, []).append(target)
        found.setdefault(target, []).append(source)
    return found


def _shortest(edges: Iterable[Pair], source: str, target: str) -> tuple[str, ...] | None:
    """Frames on a way with as few edges as possible; None when there is no way."""
    neighbours = _neighbours(edges)
    paths: dict[str, tuple[str, ...]] = {source: (source,)}
    queue = deque([source])
    while queue and target not in paths:
        here = queue.popleft()
        for there in neighbours.get(here, ()):
            if there not in paths:
                paths[there] = (*paths[here], there)
                queue.append(there)
    return paths.get(target)


def _composed(edges: Mapping[Pair, _Edge], path: tuple[str, ...]) -> Pose:
    """The pose at the end of a path."""
    parts = [_step(edges, here, there) for here, there in pairwise(path)]
    matrix = np.eye(4)
    with np.errstate(all="ignore"):
        for part in parts:
            matrix = part.matrix @ matrix
    status = next((part.status for part in parts if part.status != "OK"), "OK")
    if status == "OK" and not np.isfinite(matrix).all():
        status = "INVALID"
    oldest = min((one.timestamp for one in parts if one.timestamp is not None), default=None)
    return Pose(frozen(matrix), path[0], path[-1], oldest, status, status == "OK", path)


def _step(edges: Mapping[Pair, _Edge], source: str, target: str) -> _Edge:
    """The edge between neighbours: as it was given, or else its inverse; a valid one first."""
    direct, reverse = edges.get((source, target)), edges.get((target, source))
    if direct is not None and (reverse is None or direct.status == "OK" or reverse.status != "OK"):
        return direct
    edge = edges[target, source]
    with np.errstate(all="ignore"):
        inverse: Matrix = np.linalg.inv(edge.matrix).astype(np.float64, copy=False)
    return edge._replace(matrix=inverse)


def _check_known(name: str, edges: Mapping[Pair, _Edge]) -> None:
    """Raise NotAvailable unless some transform has this frame."""
    frames = _frames(edges)
    if name in frames:
        return
    if not frames:
        raise NotAvailable(f"frame {name!r} is not known: no transform was received or added yet")
    close = get_close_matches(name, frames, n=3)
    hint = f", did you mean {' or '.join(map(repr, close))}?" if close else ";"
    raise NotAvailable(f"frame {name!r} is not known{hint} known are {_listed(frames)}")


def _no_path(edges: Iterable[Pair], source: str, target: str) -> str:
    neighbours = _neighbours(edges)
    return f"no transforms lead from {source!r} to {target!r}: " + ", ".join(
        f"{name!r} is connected to {_listed(sorted(set(neighbours[name])))}"
        for name in (source, target)
    )


def _listed(names: Iterable[str]) -> str:
    """Names for people, cut where there are too many."""
    shown = [repr(name) for name in names]
    more = [f"{len(shown) - _MOST_NAMED} more"] if len(shown) > _MOST_NAMED else []
    return ", ".join(shown[:_MOST_NAMED] + more)
