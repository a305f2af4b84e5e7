"""The table of file formats: which endings there are, what reads and what writes them.

A reader is anything that iterates `Entry`; a `Writer` takes them. So each format is here once, and
every reader goes with every writer. What a format needs is imported when it is used.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from igtl.convert.writer import Writer
from igtl.errors import RecordingError
from igtl.recording.entry import Entry
from igtl.recording.events import Event
from igtl.recording.staging import Staging

__all__ = ["FORMATS", "Format", "Plan", "Target", "ending_of", "listing", "plan"]


@dataclass(frozen=True)
class Target:
    """What a writer is made for.

    Attributes:
        staging: where its files go.
        ending: of the target's name, as in the table.
        entries: what it will get; may be iterated beforehand.
        events: what happened to the recording that they are from.
    """

    staging: Staging
    ending: str
    entries: Iterable[Entry]
    events: Sequence[Event] = ()


@dataclass(frozen=True)
class Format:
    """One row of the table.

    Attributes:
        endings: of file names.
        what: for people.
        read: makes a reader of a path; None where igtl does not read it.
        several: whether it takes several paths, the parts of a whole.
        write: makes a writer; None where igtl does not write it.
        extra: what to install for it, as in `pip install 'igtl[extra]'`; "" for nothing.
        reading, writing: the options that `read` and `write` take.
    """

    endings: tuple[str, ...]
    what: str
    read: Callable[..., Iterable[Entry]] | None = None
    write: Callable[..., Writer] | None = None
    extra: str = ""
    reading: tuple[str, ...] = ()
    writing: tuple[str, ...] = ()
    several: bool = False


#: Of all columns of the listing but the last.
_WIDTHS = (22, 7, 8, 16)


class Plan(NamedTuple):
    """How one file becomes another."""

    read: Callable[[], Iterable[Entry]]
    write: Callable[[Target], Writer]


def plan(sources: Sequence[Path], target: Path, options: Mapping[str, Any]) -> Plan:
    """What reads the sources and writes the target, found by the endings of their names.

    Raises:
        RecordingError: an ending is none that igtl reads, or writes; the text lists those that are.
            Several sources are no parts of a whole. Neither the reader nor the writer has one of
            the options.
    """
    reading, writing = _reading(sources), _by_ending(target)
    if writing is None or writing.write is None:
        endings = _endings(one for one in FORMATS if one.write)
        raise RecordingError(f"cannot write {target}: names of files to write end in {endings}")
    for name in options.keys() - {*reading.reading, *writing.writing}:
        users = _endings(one for one in FORMATS if name in one.reading + one.writing)
        raise RecordingError(
            f"converting {sources[0].name} to {target.name} has no use for {_typed(name)}"
            + (f", which is for {users}" if users else "")
        )
    assert reading.read is not None  # _reading has seen to it
    return Plan(
        partial(reading.read, *sources, **_only(options, reading.reading)),
        partial(writing.write, **_only(options, writing.writing)),
    )


def ending_of(path: Path) -> str:
    """The longest ending of the table that a name has; "" for none. Case does not matter."""
    name = path.name.lower()
    known = sorted((end for format in FORMATS for end in format.endings), key=len, reverse=True)
    return next((end for end in known if name.endswith(end) and name != end), "")


def listing(width: int = 79) -> str:
    """The table for people.

    Args:
        width: characters of a line, at most; words and endings stay whole.
    """
    rows = [("ending", "reads", "writes", "needs", "what")]
    for one in FORMATS:
        reads, writes = ("yes" if way else "-" for way in (one.read, one.write))
        needs = f"igtl[{one.extra}]" if one.extra else "-"
        rows.append((" ".join(one.endings), reads, writes, needs, one.what))
    return "\n".join(line for row in rows for line in _lines_of(row, width))


def _lines_of(row: tuple[str, ...], width: int) -> Iterator[str]:
    """A row of the table; what is too long for its column goes on below."""
    room = max(20, width - sum(_WIDTHS))
    cells = [textwrap.wrap(cell, wide - 2) for cell, wide in zip(row, _WIDTHS, strict=False)]
    cells.append(textwrap.wrap(row[-1], room))
    for texts in zip_longest(*cells, fillvalue=""):
        padded = (text.ljust(wide) for text, wide in zip(texts, _WIDTHS, strict=False))
        yield ("".join(padded) + texts[-1]).rstrip()


def _reading(sources: Sequence[Path]) -> Format:
    """The format of what is to be read."""
    formats = [_RAW if path.is_dir() else _by_ending(path) for path in sources]
    for path, one in zip(sources, formats, strict=True):
        if one is None or one.read is None:
            endings = _endings(one for one in FORMATS if one.read)
            raise RecordingError(f"cannot read {path}: names of files to read end in {endings}")
    found = formats[0]
    assert found is not None
    if len(sources) > 1 and not (found.several and all(one is found for one in formats)):
        able = _endings(one for one in FORMATS if one.several)
        raise RecordingError(
            f"several sources are the parts of one recording ({able}), not {sources[1].name} and "
            f"{sources[0].name}: convert one after another"
        )
    return found


def _by_ending(path: Path) -> Format | None:
    ending = ending_of(path)
    return next((format for format in FORMATS if ending in format.endings), None)


def _only(options: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}


def _typed(option: str) -> str:
    """An option as people write it on the command line."""
    return f"--{option.replace('_', '-')}"


def _endings(formats: Iterable[Format]) -> str:
    return " ".join(end for one in formats for end in one.endings)


def _read_recording(*paths: Path) -> Iterable[Entry]:
    from igtl.convert.recordings import RecordingEntries

    return RecordingEntries.of(*paths)


def _read_sequence(path: Path, **options: Any) -> Iterable[Entry]:
    from igtl.sequences.entries import SequenceEntries

    return SequenceEntries(path, **options)


def _read_raw(path: Path) -> Iterable[Entry]:
    from igtl.convert.raw import RawEntries

    return RawEntries(path)


def _read_capture(path: Path, **options: Any) -> Iterable[Entry]:
    from igtl.convert.capture import CaptureEntries

    return CaptureEntries(path, **options)


def _write_recording(target: Target) -> Writer:
    from igtl.convert.recordings import RecordingWriter

    return RecordingWriter(target.staging, target.events)


def _write_foxglove(target: Target) -> Writer:
    from igtl.convert.foxglove import FoxgloveWriter

    return FoxgloveWriter(target.staging)


def _write_sequence(target: Target, **options: Any) -> Writer:
    from igtl.convert.pictures import SequenceFile

    return SequenceFile(target.staging, target.ending, target.entries, **options)


def _write_pictures(target: Target, **options: Any) -> Writer:
    """A sequence, or volumes, whichever the entries are."""
    from igtl.convert.pictures import is_series

    series = is_series(target.entries, options.get("image"))
    for name in options.keys() - (_SEQUENCE if series else _VOLUMES):
        what = "a sequence" if series else "volumes, each a file of its own"
        raise RecordingError(
            f"{target.staging.target.name} becomes {what}, which has no use for {_typed(name)}; a "
            "name that ends in .seq.mha or .seq.nrrd becomes a sequence, whatever it is of"
        )
    return (_write_sequence if series else _write_volumes)(target, **options)


def _write_volumes(target: Target, **options: Any) -> Writer:
    from igtl.convert.volumes import VolumeWriter

    return VolumeWriter(target.staging, target.ending, **options)


def _write_movie(target: Target, image: str | None = None, **options: Any) -> Writer:
    from igtl.convert.movie import MovieWriter

    return MovieWriter(target.staging, device=image, entries=target.entries, **options)


def _write_csv(target: Target) -> Writer:
    from igtl.convert.tables import csv_writer

    return csv_writer(target.staging)


def _write_parquet(target: Target) -> Writer:
    from igtl.convert.tables import parquet_writer

    return parquet_writer(target.staging)


def _write_npz(target: Target, **options: Any) -> Writer:
    from igtl.convert.npz import NpzWriter

    return NpzWriter(target.staging, **options)


_SEQUENCE = ("image", "compress", "orientation", "clock", "max_age")
_VOLUMES = ("image", "most")
_RAW = Format((".igtl", ".bin"), "messages as on the wire, or a folder of them", read=_read_raw)

FORMATS = (
    Format((".mcap",), "a recording", _read_recording, _write_recording, several=True),
    Format(
        (".foxglove.mcap",),
        "a session for Foxglove and Rerun",
        write=_write_foxglove,
        extra="foxglove",
    ),
    Format(
        (".pcap", ".pcapng", ".cap"),
        "captured network traffic",
        read=_read_capture,
        reading=("ports",),
    ),
    _RAW,
    Format(
        (".igs.mha", ".seq.mha", ".igs.nrrd", ".seq.nrrd"),
        "images and poses over time (PLUS, 3D Slicer)",
        _read_sequence,
        _write_sequence,
        reading=("orientation",),
        writing=_SEQUENCE,
    ),
    Format(
        (".mha", ".nrrd"),
        "the same; volumes as images of their own",
        _read_sequence,
        _write_pictures,
        reading=("orientation",),
        writing=(*_SEQUENCE, "most"),
    ),
    Format(
        (".mhd", ".nhdr"),
        "the same, the pixels in a file beside",
        _read_sequence,
        reading=("orientation",),
    ),
    Format((".csv",), "tables of poses, points, sensors, texts", write=_write_csv),
    Format((".parquet",), "the same, typed and packed", write=_write_parquet, extra="tables"),
    Format((".npz",), "arrays for numpy", write=_write_npz, writing=("compress",)),
    Format(
        (".nii", ".nii.gz"),
        "a volume, or several",
        write=_write_volumes,
        extra="images",
        writing=_VOLUMES,
    ),
    Format(
        (".mp4",),
        "a film of one device's images or video",
        write=_write_movie,
        extra="video",
        writing=("image", "fps", "codec"),
    ),
)
"""All formats."""
