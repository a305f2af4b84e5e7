"""What a source of messages is, and how one is found by its name.

A source is asked for the messages that are due at a moment; it has no clock, no thread and no
randomness of its own, so the same moment gives the same messages. Whoever plays it asks `rate`
times a second.

A package offers a source of its own through an entry point of the group "igtl.sources", in its
pyproject.toml:

    [project.entry-points."igtl.sources"]
    laser = "my_package.laser:LaserSource"

The entry point names anything that can be called with keyword options and returns a `Source`.
"""

from __future__ import annotations

import difflib
import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from igtl.errors import SourceError
from igtl.messages import Message

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Source", "checked_rate", "open_source", "source_names", "tick_number"]

GROUP = "igtl.sources"

_BUILT_IN = {
    "position": "igtl.sources.position:PositionSource",
    "tracker": "igtl.sources.tracker:TrackerSource",
    "ultrasound": "igtl.sources.ultrasound:UltrasoundSource",
}


class Source(Protocol):
    """Something that gives messages as time goes by."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def rate(self) -> float:
        """Ticks per second at which it is meant to be asked."""

    def messages(self, time_s: float) -> Sequence[Message]:
        """The messages that are due at a tick.

        Args:
            time_s: seconds since the source was started; tick n is at n / rate.

        Returns:
            Messages with their device names and without timestamps, in the order to send them;
            none when nothing is due.
        """


def open_source(text: str, **options: object) -> Source:
    """The source of that name, or of the image file or DICOM folder at that path.

    A name goes before a path: write "./tracker" for a file that is called "tracker".

    Args:
        text: "position", "tracker", "ultrasound", a name that an installed package offers, or the
            path of an image file or of a folder of DICOM files.
        options: passed on to the source. All of igtl's own take `rate` (ticks per second) and
            `device_name`; image files also `mode`, `coordinates` and `series` (see
            `igtl.sources.files.FileSource`).

    Raises:
        SourceError: no source has that name, or it cannot be opened like this.
        MissingExtraError: an image file was asked for and SimpleITK is not installed.
    """
    entry = _entries().get(text)
    if entry is not None:
        return _made(text, _loaded(entry), options)
    if os.path.lexists(text) or _looks_like_path(text):
        from igtl.sources.files import FileSource

        return _made(text, FileSource, {"path": text, **options})
    raise SourceError(_unknown(text, source_names()))


def source_names() -> tuple[str, ...]:
    """The names of all sources that can be opened without a path, sorted."""
    return tuple(sorted(_entries()))


def checked_rate(rate: float) -> float:
    """`rate` as a number of ticks per second.

    Raises:
        SourceError: it is not a positive number.
    """
    try:
        value = float(rate)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise SourceError(f"rate is {rate!r}, expected ticks per second, such as 10")
    return value


def tick_number(time_s: float, rate: float) -> int:
    """Which tick, counted from 0, `time_s` is: the nearest one, so that rounding does no harm."""
    return math.floor(time_s * rate + 0.5)


def _entries() -> Mapping[str, EntryPoint]:
    """All sources by name. Ours need no installed package, and nobody can take their names."""
    from importlib.metadata import EntryPoint, entry_points

    ours = (EntryPoint(name, value, GROUP) for name, value in _BUILT_IN.items())
    return {entry.name: entry for entry in (*entry_points(group=GROUP), *ours)}


def _loaded(entry: EntryPoint) -> Callable[..., Source]:
    try:
        return cast("Callable[..., Source]", entry.load())
    except (ImportError, AttributeError) as error:
        raise SourceError(
            f"source {entry.name!r} is announced as {entry.value!r}, which cannot be imported: "
            f"{error}; mend or remove the package that announces it"
        ) from error


def _made(name: str, make: Callable[..., Source], options: Mapping[str, object]) -> Source:
    """Call `make`, after a look at whether it takes these options."""
    parameters = inspect.signature(make).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [option for option in options if option not in parameters]
    if unknown and not takes_any:
        known = ", ".join(p for p in parameters if p != "path") or "none"
        raise SourceError(f"source {name!r} has no option {unknown[0]!r}; its options: {known}")
    return make(**options)


def _looks_like_path(text: str) -> bool:
    return bool(Path(text).suffix) or any(s in text for s in (os.sep, os.altsep) if s)


def _unknown(text: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(text.lower(), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return (
        f"there is no source and no file called {text!r}; {hint}sources: {', '.join(names)}, "
        "or the path of an image file or DICOM folder"
    )
