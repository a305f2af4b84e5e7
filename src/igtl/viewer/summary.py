"""What matters of a message, on one line: one function a type."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from itertools import islice
from typing import Any

import igtl
from igtl.codec.declaration import shown
from igtl.messages.query import Companion
from igtl.viewer.items import value_of
from igtl.viewer.lines import line

__all__ = ["counted", "summary"]

_MOST_ITEMS = 4
#: Of metadata, which peers may invent without end.
_MOST_PAIRS = 50
_LONGEST_TEXT = 500


def summary(message: igtl.Message) -> str:
    """The fields that people look for, with units; text as it came, which may hold anything.

    Types without a form of their own, those of users included, are shown field by field.
    """
    return _summary(message) + _metadata(message)


def counted(count: int, what: str) -> str:
    """A number of things: `1 tool`, `2,000 tools`."""
    irregular = {"vertex": "vertices", "trajectory": "trajectories"}
    return f"{count} {what}" if count == 1 else f"{count:,} {irregular.get(what, what + 's')}"


def _metadata(message: igtl.Message) -> str:
    if not message.metadata:
        return ""
    pairs = islice(message.metadata.items(), _MOST_PAIRS)
    texts = [f"{_short(key)}={_short(value)}" for key, value in pairs]
    if len(message.metadata) > _MOST_PAIRS:
        texts.append(f"and {len(message.metadata) - _MOST_PAIRS:,} more")
    return f"  {{{', '.join(texts)}}}"


@singledispatch
def _summary(message: igtl.Message) -> str:
    return _short(shown({name: value_of(message, name) for name in message.names}))


@_summary.register
def _(message: igtl.Unknown) -> str:
    return f"{len(message.content)} bytes of a type that igtl does not know"


@_summary.register
def _(message: igtl.Transform) -> str:
    return f"{_column(message.matrix[:3, 3])} mm  turned {_angle_deg(message):5.1f} deg"


@_summary.register
def _(message: igtl.Position) -> str:
    text = f"{_column(message.position)} mm"
    if message.quaternion is not None:
        text += f"  quaternion {_vector(message.quaternion, '7.4f')}"
    return text


@_summary.register
def _(message: igtl.Image) -> str:
    pixels = message.pixels
    colour = f" x {message.components}" if message.components > 1 else ""
    part = pixels.shape[2], pixels.shape[1], pixels.shape[0]
    text = f"{_size(message.size)}{colour} {pixels.dtype.name}"
    if part != message.size:
        text += f", {_size(part)} of it from {_size(message.sub_volume_offset)}"
    spacing = " x ".join(f"{length:.4g}" for length in message.spacing)
    place = f"{message.coordinates} {_vector(message.origin)}"
    return f"{text}, voxels of {spacing} mm, first at {place}"


@_summary.register(igtl.Status)
@_summary.register(igtl.Ready)
def _(message: igtl.Status | igtl.Ready) -> str:
    return _short(line(message)[1])


@_summary.register
def _(message: igtl.Capability) -> str:
    return _short(" ".join(message.types))


@_summary.register(igtl.String)
@_summary.register(igtl.ClientInfo)
def _(message: igtl.String | igtl.ClientInfo) -> str:
    return _short(message.text)


@_summary.register
def _(message: igtl.Point) -> str:
    return _items("point", message, "points", lambda p: f"{p.name} {_vector(p.position)}")


@_summary.register
def _(message: igtl.Trajectory) -> str:
    def path(one: igtl.TrajectoryElement) -> str:
        return f"{one.name} {_vector(one.entry)} to {_vector(one.target)}"

    return _items("trajectory", message, "trajectories", path)


@_summary.register
def _(message: igtl.TrackingData) -> str:
    return _items("tool", message, "tools", lambda t: f"{t.name} {_vector(t.matrix[:3, 3])}")


@_summary.register
def _(message: igtl.QuaternionTrackingData) -> str:
    return _items("tool", message, "tools", lambda t: f"{t.name} {_vector(t.position)}")


@_summary.register
def _(message: igtl.ImageMeta) -> str:
    def image(one: igtl.ImageMetaElement) -> str:
        return f"{one.id} {one.name!r} {one.modality} {_size(one.size)}"

    return _items("image", message, "images", image)


@_summary.register
def _(message: igtl.LabelMeta) -> str:
    return _items("label", message, "labels", lambda o: f"{o.id} {o.name!r} label {o.label}")


@_summary.register
def _(message: igtl.ColorTable) -> str:
    colours = "RGB" if message.table.ndim == 2 else "grey"
    return f"{len(message.table)} {colours} colours, {message.table.dtype.name}"


@_summary.register
def _(message: igtl.Sensor) -> str:
    values = _few(f"{value:.6g}" for value in message.values)
    return f"{values} {message.unit}".rstrip()


@_summary.register
def _(message: igtl.NDArray) -> str:
    array = message.array
    text = f"{_size(array.shape)} {array.dtype.name}"
    return f"{text}: {_few(f'{value:.6g}' for value in array.flat)}" if array.size <= 16 else text


@_summary.register
def _(message: igtl.PolyData) -> str:
    counts = {"point": len(message.points)}
    counts |= {"vertex": len(message.vertices), "line": len(message.lines)}
    counts |= {"polygon": len(message.polygons), "strip": len(message.triangle_strips)}
    text = ", ".join(counted(count, what) for what, count in counts.items() if count)
    names = ", ".join(one.name for one in message.attributes)
    return (text or "0 points") + (f", with {_short(names)}" if names else "")


@_summary.register
def _(message: igtl.Bind) -> str:
    def child(one: igtl.Message) -> str:
        return f"{one.wire_type} {one.device_name}".rstrip()

    return _items("message", message, "children", child)


@_summary.register(igtl.Command)
@_summary.register(igtl.CommandReply)
def _(message: igtl.Command | igtl.CommandReply) -> str:
    return f"#{message.command_id} {message.name}  {_short(message.content)}".rstrip()


@_summary.register
def _(message: igtl.Query) -> str:
    return f"#{message.query_id} {message.data_type} {_short(message.uid)}".rstrip()


@_summary.register
def _(message: igtl.Video) -> str:
    kind = message.frame_type
    name = kind.name.lower() if isinstance(kind, igtl.FrameType) else f"type {kind}"
    return f"{message.codec} {name} frame of {_size(message.size)}, {len(message.data)} bytes"


@_summary.register
def _(message: igtl.VideoMeta) -> str:
    def video(one: igtl.VideoMetaElement) -> str:
        return f"{one.device_name} {one.name!r} {_size(one.size)}"

    return _items("video", message, "videos", video)


@_summary.register
def _(message: Companion) -> str:
    given = {name: getattr(message, name) for name in message.names}
    return _short(shown({name: value for name, value in given.items() if value}))


def _column(values: Iterable[float]) -> str:
    """A place of a width that does not change from line to line."""
    return _vector(values, "8.2f")


def _vector(values: Iterable[float], form: str = ".2f") -> str:
    return f"({', '.join(format(value, 'z' + form) for value in values)})"  # z: no -0.00


def _angle_deg(message: igtl.Transform) -> float:
    """By how much the matrix turns, about whatever axis."""
    cosine = (float(message.matrix[:3, :3].trace()) - 1) / 2
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine)))) if cosine == cosine else math.nan


def _size(lengths: Sequence[int]) -> str:
    return " x ".join(str(length) for length in lengths)


def _items(what: str, message: igtl.Message, name: str, item: Callable[[Any], str]) -> str:
    """How many there are in a field, and what the first of them say."""
    every = value_of(message, name)
    if not every:
        return counted(0, what)
    more = f" and {len(every) - _MOST_ITEMS} more" if len(every) > _MOST_ITEMS else ""
    return f"{counted(len(every), what)}: {_short(', '.join(map(item, every[:_MOST_ITEMS])))}{more}"


def _few(values: Iterable[str]) -> str:
    every = list(values)
    return f"[{', '.join(every[:16])}{', ...' if len(every) > 16 else ''}]"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."
