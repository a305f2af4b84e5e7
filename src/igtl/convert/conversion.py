"""From a file of one format to files of another: entries in, entries out."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from igtl.convert.formats import Plan, Target, ending_of, plan
from igtl.convert.selection import Request, Selected
from igtl.convert.writer import Writer
from igtl.errors import DecodeError, RecordingError
from igtl.recording.entry import Entry
from igtl.recording.selection import Types, Wanted
from igtl.recording.staging import Staging

__all__ = ["Converted", "LeftOut", "convert"]

_MALFORMED = "malformed, or its checksum is wrong"

Source: TypeAlias = "str | os.PathLike[str]"
Progress: TypeAlias = Callable[[int, float | None], object]


@dataclass(frozen=True)
class LeftOut:
    """Messages that the target does not have."""

    type: str
    """Their wire type."""
    reason: str
    """Why."""
    count: int
    """How many."""

    def __str__(self) -> str:
        return f"{self.count:,} {self.type} left out: {self.reason}"


@dataclass(frozen=True)
class Converted:
    """What a conversion did.

    Attributes:
        read: messages that were selected and read.
        written: those of them that the files have.
        left_out: the others, by type and reason.
        files: the files, complete.
        notes: what else there is to say: damage, packets that lack ...
    """

    read: int
    written: int
    left_out: tuple[LeftOut, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def convert(
    source: Source | Sequence[Source],
    target: str | os.PathLike[str],
    *,
    type: Types = (),
    device: Wanted = (),
    connection: Wanted = (),
    start: float = 0.0,
    end: float | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Converted:
    """Turn a file into one of another format; the endings of both names say which.

    Files get their names when they are complete: a conversion that fails leaves none, and does not
    touch old ones. `igtl.convert.formats.FORMATS` is the table of what there is.

    Args:
        source: a file, the files of a split recording, or a folder of `.igtl` files.
        target: the file to write. Several files get names of their own from this one:
            `s.poses.csv`, `s-001.nrrd`.
        type, device, connection: what to take: one or several names, of which any may fit; `*` and
            `?` stand for any characters. Types may be classes.
        start, end: seconds since the source's first message; `end` itself is left out.
        overwrite: replace files that are there already.
        progress: called for each message with the number read, and the part of the source that is
            done, 0 to 1, None when that is not known.
        options: of the formats: `compress`, `fps`, `most`, `ports` ...

    Raises:
        RecordingError: an ending or an option is not known, nothing is selected, the target cannot
            hold any of it or is there already; reading or writing failed, for lack of room say.
        MissingExtraError: a format needs a package that is not installed.
    """
    sources, target = _paths(source), Path(target)
    ways = plan(sources, target, options)
    for path in sources:
        if os.path.abspath(path) == os.path.abspath(target):
            raise RecordingError(f"{path} is source and target: give the target another name")
        if not path.exists():
            raise RecordingError(f"{path}: {os.strerror(errno.ENOENT)}")
    staging, reader = Staging(target, overwrite=overwrite), _opened(ways, sources[0])
    request = Request(type, device, connection, start, end)
    with ExitStack() as always, _explained(staging), ExitStack() as failing:
        always.callback(getattr(reader, "close", bool))
        failing.callback(staging.discard)
        entries = Selected(reader, request)
        events = getattr(entries.reader, "events", ())
        writer = ways.write(Target(staging, ending_of(target), entries, events))
        failing.callback(writer.abandon)
        read, left = _pump(entries, writer, progress)
        _check_read(read, sources[0], entries)
        getattr(writer, "check", bool)()
        _check_some(read, left, sources[0])
        writer.close()
        left.update(getattr(writer, "left_out", {}))
        files = staging.commit()
        failing.pop_all()
        notes = (*getattr(entries.reader, "notes", ()), *getattr(writer, "notes", ()))
    return Converted(read, read - left.total(), _told(left), files, notes)


def _opened(ways: Plan, source: Path) -> Iterable[Entry]:
    """What reads the sources."""
    try:
        return ways.read()
    except OSError as error:
        name = error.filename or source
        raise RecordingError(f"cannot read {name}: {error.strerror or error}") from error


@contextmanager
def _explained(staging: Staging) -> Iterator[None]:
    """Errors in words, and without the names of temporary files."""
    try:
        yield
    except OSError as error:
        reason = staging.in_words(error.strerror or str(error))
        raise RecordingError(f"cannot convert to {staging.target}: {reason}") from error
    except RecordingError as error:
        text = staging.in_words(str(error))
        if text == str(error):
            raise
        raise RecordingError(text) from error


def _paths(source: Source | Sequence[Source]) -> list[Path]:
    several = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    if not several:
        raise RecordingError("no source was named: convert takes at least one")
    return [Path(one) for one in several]


def _pump(
    entries: Selected, writer: Writer, progress: Progress | None
) -> tuple[int, Counter[tuple[str, str]]]:
    """Give all entries to the writer; how many there were, and how many it left out, and why."""
    left: Counter[tuple[str, str]] = Counter()
    read, share = 0, _share(entries.reader)
    for read, entry in enumerate(entries, start=1):
        try:
            reason = writer.add(entry)
        except DecodeError:
            reason = _MALFORMED
        if reason:
            left[entry.frame.type_name, reason] += 1
        if progress is not None:
            progress(read, share(read))
    return read, left


def _told(left: Counter[tuple[str, str]]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(*key, count) for key, count in left.most_common())


def _share(reader: Any) -> Callable[[int], float | None]:
    """What tells how much of the source was read, 0 to 1, after so many messages."""
    if hasattr(reader, "position"):
        return lambda read: reader.position / reader.size if reader.size else None
    total = len(reader) if isinstance(reader, Sized) else 0
    return lambda read: min(1.0, read / total) if total else None


def _check_read(read: int, source: Path, entries: Selected) -> None:
    if not read and entries.request.is_all:
        raise RecordingError(f"{source} holds no OpenIGTLink messages")
    if not read:
        raise RecordingError(f"nothing of {source} is selected: {entries.absence()}")


def _check_some(read: int, left: Counter[tuple[str, str]], source: Path) -> None:
    if read == left.total():
        told = "; ".join(str(one) for one in _told(left)[:5])
        raise RecordingError(f"nothing of {source} can be written: {told}")
