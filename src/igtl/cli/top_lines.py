"""Lines of a screen, and how texts are made to fit into them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["Line", "Page", "Room", "fitted", "folded", "line", "wrapped"]

_INDENT = "    "
#: Texts of peers may have no end.
_LONGEST = 10_000


class Room(NamedTuple):
    """What a terminal can show."""

    width: int
    height: int
    colours: bool
    """Whether it has 256 colours or more."""
    unicode: bool


class Line(NamedTuple):
    """A line of the screen: text, and behind it a part of a picture."""

    text: Text
    beside: Sequence[Segment] = ()


class Page:
    """Lines for rich, from the top of the screen on; as many as it has."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = list(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich calls to draw it."""
        for text, beside in self._lines:
            if options.ascii_only:
                text.plain = text.plain.replace("…", "~").encode("ascii", "replace").decode()
            if text.spans:
                yield from text.render(console, end="")
            else:  # rich would forget the style of the whole
                yield Segment(text.plain, console.get_style(text.style))
            yield from beside
            yield Segment.line()


def line(text: str, style: str = "") -> Line:
    """A line of plain text."""
    return Line(Text(text, style=style))


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """A text of exactly so many cells; what is too long ends in an ellipsis."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - size) + text if right else text + " " * (width - size)


def folded(text: str, width: int, style: str = "") -> list[Line]:
    """A sentence in as many lines as it takes."""
    return [line(piece, style) for piece in textwrap.wrap(text, max(20, width - 1))]


def wrapped(text: Text, width: int) -> list[Text]:
    """A line in pieces that fit, all but the first of them indented."""
    if text.cell_len <= width:
        return [text]
    plain, width = text.plain[:_LONGEST], max(width, 2 * len(_INDENT))
    if plain.isascii():
        pieces = textwrap.wrap(plain, width, subsequent_indent=_INDENT)
    else:  # characters may take two cells
        first, *rest = chop_cells(plain, width)
        more = chop_cells("".join(rest), width - len(_INDENT))
        pieces = [first, *(_INDENT + piece for piece in more)]
    return [Text(piece, style=text.style) for piece in pieces]
