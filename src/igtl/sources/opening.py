"""How a source is found by its name, or by the ending of a file's.

A package offers a source of its own through an entry point of the group "igtl.sources", in its
pyproject.toml:

    [project.entry-points."igtl.sources"]
    laser = "my_package.laser:LaserSource"
    ".scan" = "my_package.files:ScanFile"

The entry point names anything that can be called with keyword options and returns a `Source`. What
stands behind a colon ("laser:COM3") becomes its first argument. A name that begins with a dot is
the ending of files: the path becomes the first argument.

Options that come as text, from the command line, are converted to what the annotations say: int,
float, bool or str. An attribute `needs` of the class says what has to be installed for it.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from igtl.errors import SourceError
from igtl.sources.files import FileSource
from igtl.sources.options import made
from igtl.sources.pictures import PicturesSource, holds_pictures
from igtl.sources.source import Source

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["all_entries", "loaded", "maker_of", "open_source", "source_names"]

GROUP = "igtl.sources"

_FILMS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts"),
    *(".m2ts", ".3gp", ".ogv", ".y4m"),
)

_BUILT_IN = {
    "aruco": "igtl.sources.aruco:ArucoSource",
    "camera": "igtl.sources.camera:CameraSource",
    "ndi": "igtl.sources.ndi:NdiSource",
    "position": "igtl.sources.position:PositionSource",
    "room": "igtl.sources.room:RoomSource",
    "tracker": "igtl.sources.tracker:TrackerSource",
    "ultrasound": "igtl.sources.ultrasound:UltrasoundSource",
    ".mcap": "igtl.sources.recorded:RecordingSource",
    ".igs.mha": "igtl.sources.recorded:SequenceSource",
    ".igs.nrrd": "igtl.sources.recorded:SequenceSource",
    ".seq.mha": "igtl.sources.recorded:SequenceSource",
    ".seq.nrrd": "igtl.sources.recorded:SequenceSource",
    **dict.fromkeys(_FILMS, "igtl.sources.video_file:VideoFileSource"),
}


_MAYBE_SEQUENCES = (".mha", ".mhd", ".nrrd", ".nhdr")
_HEAD_BYTES = 1 << 16


def open_source(text: str, **options: object) -> Source:
    """The source of that name, or of the file or folder at that path.

    A name goes before a path: write "./tracker" for a file that is called "tracker".

    Args:
        text: "position", "tracker", "ultrasound", a name that an installed package offers, one
            with something behind a colon ("camera:1"), or the path of a file or of a folder of
            DICOM files or pictures.
        options: passed on to the source; text is converted to what the option takes. Nearly all of
            igtl's own take `rate` (ticks per second) and `device_name`; images also `mode`,
            `coordinates` and `series` (see `igtl.sources.files.FileSource`).

    Raises:
        SourceError: no source has that name, or it cannot be opened like this.
        MissingExtraError: an optional package that it needs is not installed.
    """
    name, colon, argument = text.partition(":")
    if name in source_names():
        return made(name, maker_of(text), argument if colon else None, options)
    return made(text, maker_of(text), text, options)


def maker_of(text: str) -> Callable[..., Source]:
    """The class, or function, that makes the source which a text names, see `open_source`.

    Raises:
        SourceError: there is none.
    """
    entries = all_entries()
    name = text.partition(":")[0]
    if name in source_names():
        return loaded(entries[name])
    if os.path.lexists(text) or _looks_like_path(text):
        return _maker_of_path(text, entries)
    raise SourceError(_unknown(text, source_names()))


def source_names() -> tuple[str, ...]:
    """The names of all sources that can be opened without a path, sorted."""
    return tuple(sorted(name for name in all_entries() if not name.startswith(".")))


def all_entries() -> Mapping[str, EntryPoint]:
    """All sources by name, or by the ending of their files, which begins with a dot.

    Ours need no installed package, and nobody can take their names.
    """
    from importlib.metadata import EntryPoint, entry_points

    ours = (EntryPoint(name, value, GROUP) for name, value in _BUILT_IN.items())
    return {entry.name: entry for entry in (*entry_points(group=GROUP), *ours)}


def loaded(entry: EntryPoint) -> Callable[..., Source]:
    """What an entry point names.

    Raises:
        SourceError: it cannot be imported.
    """
    try:
        return cast("Callable[..., Source]", entry.load())
    except Exception as error:  # whatever a package raises, the others are still to be had
        raise SourceError(
            f"source {entry.name!r} is announced as {entry.value!r}, which cannot be imported: "
            f"{error}; mend or remove the package that announces it"
        ) from error


def _maker_of_path(text: str, entries: Mapping[str, EntryPoint]) -> Callable[..., Source]:
    """Files by the longest known ending of their name; else they are images, or film of some."""
    if os.path.isdir(text):
        return PicturesSource if holds_pictures(Path(text)) else FileSource
    name = os.path.basename(text).lower()
    endings = [ending for ending in entries if ending.startswith(".") and name.endswith(ending)]
    if endings:
        return loaded(entries[max(endings, key=len)])
    if name.endswith(_MAYBE_SEQUENCES) and _begins_like_sequence(text):
        return loaded(entries[".igs.mha"])
    return FileSource


def _begins_like_sequence(path: str) -> bool:
    """Whether a file has poses frame by frame, as PLUS and 3D Slicer write them into images."""
    try:
        with open(path, "rb") as file:
            return (
                re.search(rb"\nSeq_Frame0+_\w+Transform *:?=", file.read(_HEAD_BYTES)) is not None
            )
    except OSError:  # whoever reads it says why it cannot be read
        return False


def _looks_like_path(text: str) -> bool:
    return bool(Path(text).suffix) or any(s in text for s in (os.sep, os.altsep) if s)


def _unknown(text: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(text.lower(), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return (
        f"there is no source and no file called {text!r}; {hint}sources: {', '.join(names)}, "
        "or the path of a file or folder"
    )
