"""One device on the screen: all that its newest message says, and a picture if it is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from rich.segment import Segment
from rich.style import Style
from rich.text import Text

import igtl
from igtl.cli.amounts import shown_size
from igtl.cli.formats import field_lines
from igtl.cli.terminal import printable
from igtl.cli.top_lines import Line, Room, wrapped
from igtl.cli.top_picture import blocks, shades, sized, slice_of
from igtl.cli.top_rows import COLUMNS, Glance
from igtl.viewer.summary import counted

__all__ = ["device_lines"]

#: Messages may have fields without end.
_MOST_LINES = 1000
_GAP = 2
#: Header times before 1973 are those of devices that count from their own start.
_FIRST_DATE_S = 1e8

Picture = list[list[Segment]]


def device_lines(shown: Glance, server: str, room: Room, scroll: int, step: int) -> list[Line]:
    """Lines of text, beside the picture of an image.

    Args:
        server: where it comes from.
        scroll: the first line of the text; the last page stays full.
        step: which slice of a volume, counted from the middle one.
    """
    picture: Picture = []
    width, message = room.width, shown.look and shown.look.sound
    if isinstance(message, igtl.Image) and message.pixels.size:
        width = (room.width - _GAP) // 2
        picture = _picture(message, room._replace(width=room.width - _GAP - width), step)
    text = [piece for one in _text(shown, server) for piece in wrapped(one, width)]
    first = min(scroll, max(0, len(text) - room.height))
    text = text[first : first + room.height]
    text += [Text() for _ in range(len(picture) - len(text))]
    for one in text[: len(picture)]:
        one.align("left", width + _GAP)
    beside = [*picture, *([()] * len(text))]
    return [Line(one, part) for one, part in zip(text, beside, strict=False)]


def _picture(image: igtl.Image, room: Room, step: int) -> Picture:
    """A slice as large as the room allows, and which one it is."""
    pixels, number, count = slice_of(image, step)
    spacing = float(image.spacing[0]), float(image.spacing[1])
    height = max(1, room.height - (count > 1))
    if room.colours and room.unicode:
        lines = blocks(sized(pixels, spacing, (room.width, 2 * height)))
    else:  # a character is about twice as high as it is wide
        lines = shades(sized(pixels, (spacing[0], spacing[1] / 2), (room.width, height)))
    if count > 1:
        caption = f"slice {number + 1} of {count}: left, right"[: room.width]
        lines.append([Segment(caption, Style(dim=True))])
    return lines


def _text(shown: Glance, server: str) -> Iterator[Text]:
    row, look = shown.row, shown.look
    name = printable(row.device_name) or "-"
    yield Text(f"{name}  {printable(row.wire_type)}", style="bold")
    yield Text(f"from {server}", style="dim")
    yield Text(f"{shown.state}: {printable(shown.note)}" if shown.note else shown.state)
    yield Text(f"{counted(shown.messages, 'message')}, {shown_size(shown.bytes)}")
    yield Text(f"{_cell('rate', shown)}, {_cell('bandwidth', shown)}, {_cell('age', shown)} ago")
    yield Text(", ".join(f"{one} {_cell(one, shown)}" for one in ("latency", "drops", "errors")))
    if look is not None:
        yield Text()
        yield Text("header", style="bold")
        yield Text(f"  version {look.frame.version}, body of {look.frame.body_size:,} bytes")
        yield Text(f"  time {_time(look.frame.timestamp)}")
        yield Text(f"  checksum {look.frame.crc:016x}")
    if look is not None and look.sound is not None:
        yield from _meaning(look.sound)


def _cell(heading: str, shown: Glance) -> str:
    return COLUMNS[heading].text(shown)


def _meaning(message: igtl.Message) -> Iterator[Text]:
    if message.message_id:
        yield Text(f"  message id {message.message_id}")
    yield Text()
    yield Text("fields", style="bold")
    if isinstance(message, igtl.Unknown):
        yield Text(f"  {len(message.content)} bytes of a type that igtl does not know")
    lines = field_lines(message)
    for one in islice(lines, _MOST_LINES):
        yield Text(f"  {one}")
    if next(lines, None) is not None:
        yield Text(f"  only the first {_MOST_LINES:,} lines; igtl listen shows all", style="dim")
    if message.metadata:
        yield Text()
        yield Text("metadata", style="bold")
        for key, value in islice(message.metadata.items(), _MOST_LINES):
            yield Text(f"  {printable(key)} = {printable(value)}")


def _time(timestamp: float | None) -> str:
    """A header's time as date and time of day; of a device's own clock, in seconds."""
    if timestamp is None:
        return "not given"
    if timestamp < _FIRST_DATE_S:
        return f"{timestamp:.3f} s of its own clock"
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(timestamp)))
    return f"{moment}.{int(timestamp % 1 * 1000):03}"
