"""The streams of a recording as a table, and a whole survey as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import igtl
from igtl.cli.amounts import shown_size
from igtl.cli.table import aligned
from igtl.cli.terminal import printable
from igtl.recording.check import Check
from igtl.recording.events import Event
from igtl.recording.intervals import Intervals
from igtl.recording.survey import Stream, Survey
from igtl.viewer.summary import summary

__all__ = ["plain_survey", "table"]

_HEADINGS = (
    *("device", "type", "messages", "rate", "jitter", "p99", "gaps"),
    *("from", "to", "size", "connection", "latest"),
)
#: Headings of the columns that are aligned to the right.
_RIGHT = frozenset({"messages", "rate", "jitter", "p99", "from", "to", "size"})
#: What a narrow terminal does without, first to last.
_DISPENSABLE = ("to", "from", "size", "p99", "connection")

_LONGEST_TEXT = 60
#: Up to so many intervals a stream is too short to be called regular or not.
_FEW = 10


def table(streams: Sequence[Stream], width: int | None) -> Iterator[str]:
    """A line a stream; the connections only if there are several.

    Args:
        streams: at least one.
        width: columns there are; where they are too few for all, the latest messages are on lines
            of their own below. None: any number.
    """
    rows = [dict(zip(_HEADINGS, _cells(one), strict=True)) for one in streams]
    several = len({row["connection"] for row in rows}) > 1
    shown = [name for name in _HEADINGS if several or name != "connection"]
    lines = _laid_out(rows, shown)
    if width is None or _width(lines) <= width:
        yield from lines
        return
    shown.remove("latest")
    for row in rows:
        row["gaps"] = row["gaps"].split(" at ")[0]
    for name in _DISPENSABLE:
        if _width(_laid_out(rows, shown)) > width and name in shown:
            shown.remove(name)
    lines = _laid_out(rows, shown)
    yield from (_cut(line, width) for line in lines)
    yield ""
    for row in rows:
        over = f" over {row['connection']}" if several and "connection" not in shown else ""
        yield _cut(f"{row['device']} {row['type']}{over}: {row['latest']}", width)


def _laid_out(rows: Sequence[dict[str, str]], shown: Sequence[str]) -> list[str]:
    right = [index for index, name in enumerate(shown) if name in _RIGHT]
    return aligned([shown, *([row[name] for name in shown] for row in rows)], right=right)


def _width(lines: Sequence[str]) -> int:
    return max(map(len, lines))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _cells(stream: Stream) -> tuple[str, ...]:
    """What the headings promise."""
    found = stream.intervals
    return (
        printable(stream.device_name) or "-",
        printable(stream.wire_type),
        f"{stream.messages:,}",
        "-" if stream.rate is None else f"{stream.rate:.1f}/s",
        "-" if found is None else _milliseconds(found.std),
        "-" if found is None else _milliseconds(found.p99),
        _gaps(stream, found),
        f"{stream.start:.3f} s",
        f"{stream.end:.3f} s",
        shown_size(stream.bytes),
        printable(stream.connection) or "-",
        _latest(stream),
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms" if seconds < 1 else f"{seconds:.3f} s"


def _gaps(stream: Stream, found: Intervals | None) -> str:
    """How often a regular stream paused, for how long at most, and when that was."""
    if found is None or not found.gaps:
        return "-"
    longest = f"{_milliseconds(found.longest)} at {stream.gap_start:.3f} s"
    if found.count < _FEW or found.gaps > found.count / 10:
        return f"irregular, up to {longest}"
    return f"{found.gaps}, up to {longest}"


def _latest(stream: Stream) -> str:
    """What the last message said; of images what they are like, and whether that changed."""
    if stream.last is None:
        return "not valid"
    if isinstance(stream.last, igtl.Image):
        text = _geometry(stream.last)
        if isinstance(stream.first, igtl.Image) and _geometry(stream.first) != text:
            text += f"; first {_geometry(stream.first)}"
        return printable(text)
    last = stream.last.replace(metadata={}) if stream.last.metadata else stream.last
    text = printable(" ".join(summary(last).split()))
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."


def _geometry(image: igtl.Image) -> str:
    colours = f" x {image.components}" if image.components > 1 else ""
    size = " x ".join(map(str, image.size)) + colours
    spacing = " x ".join(f"{length:.4g}" for length in image.spacing)
    axes = "" if _is_straight(image) else ", turned"
    return f"{size} {image.pixels.dtype.name}, {spacing} mm, {image.coordinates}{axes}"


def _is_straight(image: igtl.Image) -> bool:
    """Whether the axes of the voxels are those of the world."""
    matrix = image.ijk_to_world
    return all(matrix[r, c] == 0 for r in range(3) for c in range(3) if r != c)


def plain_survey(found: Survey, checked: Check | None) -> dict[str, Any]:
    """A survey as values of JSON."""
    return {
        "files": [str(path) for path in found.paths],
        "bytes": found.size,
        "library": found.library,
        "complete": found.complete,
        "start_time": found.start_ns / 1e9 if found.start_ns else None,
        "duration": found.duration,
        "messages": found.messages,
        "message_bytes": found.bytes,
        "dropped": found.dropped,
        "skipped": found.skipped,
        "checksum_errors": found.checksum_errors,
        "lost": found.lost,
        "streams": [_plain_stream(stream) for stream in found.streams],
        "events": [_plain_event(event, found.zero_ns) for event in found.events],
        "damage": [
            {
                "file": str(one.path),
                "position": one.position,
                "bytes": one.size,
                "text": one.text,
                "lost": one.lost,
            }
            for one in found.damage
        ],
        "other_topics": list(found.foreign),
        "checked": None if checked is None else _plain_check(checked),
    }


def _plain_stream(stream: Stream) -> dict[str, Any]:
    found = stream.intervals
    return {
        "connection": stream.connection,
        "type": stream.wire_type,
        "device": stream.device_name,
        "header_versions": list(stream.versions),
        "messages": stream.messages,
        "bytes": stream.bytes,
        "start": stream.start,
        "end": stream.end,
        "rate": stream.rate,
        "intervals": None
        if found is None
        else {
            "mean": found.mean,
            "std": found.std,
            "median": found.median,
            "p99": found.p99,
            "gaps": found.gaps,
            "longest": found.longest,
            "longest_at": stream.gap_start,
        },
        "first_image": _plain_image(stream.first),
        "last_image": _plain_image(stream.last),
    }


def _plain_image(image: igtl.Message | None) -> dict[str, Any] | None:
    if not isinstance(image, igtl.Image):
        return None
    return {
        "size": list(map(int, image.size)),
        "components": image.components,
        "scalar": image.pixels.dtype.name,
        "spacing": _plain_numbers(image.spacing),
        "ijk_to_world": [_plain_numbers(row) for row in image.ijk_to_world],
        "coordinates": image.coordinates,
    }


def _plain_numbers(values: Any) -> list[float | None]:
    """JSON has no infinity and no NaN."""
    return [float(one) if math.isfinite(one) else None for one in values]


def _plain_event(event: Event, zero: int) -> dict[str, Any]:
    own = {"time": (event.time_ns - zero) / 1e9, "event": event.event}
    return {**event.details, **own, "connection": event.connection}


def _plain_check(checked: Check) -> dict[str, Any]:
    return {
        "messages": checked.messages,
        "bytes": checked.bytes,
        "missing": checked.missing,
        "checksum_errors": checked.checksum_errors,
        "wrong": [
            {"connection": name[0], "type": name[1], "device": name[2], "count": count}
            for name, count in checked.wrong.items()
        ],
    }
