"""Recordings, read: messages in the order in which they came, or only those that are wanted."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.closable import Closable
from igtl.codec.frame import Frame
from igtl.errors import RecordingError
from igtl.messages import Message, decode_frame
from igtl.recording import cutting
from igtl.recording.block import Messages
from igtl.recording.entry import Entry
from igtl.recording.events import Event, events_of
from igtl.recording.scan import Damage, Scan
from igtl.recording.selection import ALL, Selection, Types, Wanted
from igtl.recording.tally import (
    Tally,
    amounts_of,
    blocks_of,
    bounds_of,
    count_of,
    only,
    tallies,
    vouches,
    wanted_channels,
)

if TYPE_CHECKING:
    from igtl.recording.columns import Columns
    from igtl.recording.poses import Poses

__all__ = ["Channel", "Part", "Recording", "read"]

_FOREVER = float(1 << 62)
#: What `read` takes.
File = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Channel:
    """Messages of one type and device that came over one connection."""

    connection: str
    wire_type: str
    device_name: str
    count: int
    """Number of messages."""
    bytes: int
    """Of these, headers included."""
    first_ns: int
    """Arrival of the first, ns since 1970."""
    last_ns: int
    """Arrival of the last, ns since 1970."""


class Part(NamedTuple):
    """Messages of one block that are wanted."""

    messages: Messages
    sizes: NDArray[np.int64]
    """(n,) bytes of the bodies."""
    scan: Scan
    vouched: bool
    """Whether it is known that all checksums are right."""

    def frames(self) -> Iterator[Frame]:
        """As they came."""
        return cutting.cut(self.messages, self.sizes)

    def entries(self) -> Iterator[Entry]:
        """With when and over which connection they came."""
        keys = self.scan.keys
        names = {number: key.connection for number, key in keys.items()}
        return cutting.entries(self.messages, self.frames(), names.__getitem__)


class Recording(Closable):
    """The messages of a recording, in the order in which they came. Made by `igtl.read`.

    Iterating gives messages as a link does: an invalid one raises DecodeError, and the same
    iterator goes on behind it. Nothing is kept: every iteration reads the file anew.

        for message in recording: ...
        for entry in recording.entries(): print(entry.time, entry.connection, entry.message)
        recording.select(type=igtl.Image, device="US*")[10.0:20.0]

    What `select` and slices give are recordings too, of fewer messages, which read only the parts
    of the file that they need. Closing one closes all.
    """

    def __init__(self, scans: Sequence[Scan], selection: Selection = ALL) -> None:
        self._scans, self._selection = tuple(scans), selection
        self._zero: int | None = None

    # ---- messages

    def __iter__(self) -> Iterator[Message]:
        return map(decode_frame, self.frames())

    def frames(self) -> Iterator[Frame]:
        """The messages as they came, not decoded and not checked: the fastest way."""
        return chain.from_iterable(part.frames() for part in self.parts())

    def entries(self) -> Iterator[Entry]:
        """The messages with when and over which connection they came."""
        return chain.from_iterable(part.entries() for part in self.parts())

    def parts(self) -> Iterator[Part]:
        """The wanted messages, block by block.

        Raises:
            RecordingError: a chunk is compressed in a way that cannot be read here, or the
                recording was closed.
        """
        for scan in self._open():
            wanted = wanted_channels(scan, self._selection)
            for block in blocks_of(scan, self._selection):
                messages = only(block.messages(scan.keys), wanted, self._selection)
                sizes = cutting.body_sizes(messages)
                if (sizes < 0).any():
                    block.problem = block.problem or "a chunk with broken messages in it"
                    messages, sizes = messages.only(sizes >= 0), sizes[sizes >= 0]
                if len(sizes):
                    yield Part(messages, sizes, scan, vouches(scan, block))
            self._open()  # if it was closed meanwhile, this was not all

    # ---- arrays

    def columns(
        self, cls: type[Message], device: str | None = None, *, verify: bool = True
    ) -> Columns:
        """The messages of one type and device as arrays, one for each field.

            columns = recording.columns(igtl.Transform, "Probe")
            columns.times, columns.timestamps, columns["matrix"]  # (n,), (n,), (n, 4, 4)

        Only what is asked for is decoded, and types of fixed size all at once. Of other types
        values that differ in shape are in an array of dtype object.

        Args:
            cls: the type.
            device: its name; None: the only one with that type.
            verify: whether to leave out messages whose CRC-64 was wrong as they came. Without it
                this is about twice as fast; what happened to the file since is noticed anyway.

        Raises:
            RecordingError: there is no such device, several connections at once have one of that
                name (`select` narrows them), or it is too much for memory at once.
        """
        from igtl.recording.columns import columns_of

        return columns_of(self, cls, device, verify=verify)

    def poses(self, name: str, *, verify: bool = True) -> Poses:
        """The poses of a device with TRANSFORM or POSITION, or else of a tool in TDATA or QTDATA.

        A POSITION without a quaternion has no rotation. Poses that their metadata call invalid are
        among them: `poses.matrices[poses.valid]` are the others.

        Args:
            name: of the device, or of the tool.
            verify: as in `columns`.

        Raises:
            RecordingError: there is none of that name, or several, over different connections at
                once perhaps; the text says which there are.
        """
        from igtl.recording.poses import poses_of

        return poses_of(self, name, verify=verify)

    # ---- fewer messages

    def select(
        self,
        *,
        type: Types = (),
        device: Wanted = (),
        connection: Wanted = (),
        start: float | None = None,
        end: float | None = None,
    ) -> Recording:
        """Only some of the messages.

        Args:
            type: a message class, a wire type, or several.
            device: a device's name or a pattern such as "Probe*", or several.
            connection: over which they came; as `device`.
            start: s since the start of the whole recording; the first that is wanted.
            end: s since the start of the whole recording; the first that is not wanted any more.
        """
        zero = self.zero_ns
        start_ns = 0 if start is None else zero + _nanoseconds(start)
        end_ns = 1 << 63 if end is None else zero + _nanoseconds(end)
        narrowed = self._selection.narrowed(type, device, connection, start_ns, end_ns)
        made = Recording(self._scans, narrowed)
        made._zero = zero
        return made

    def __getitem__(self, span: slice) -> Recording:
        given: object = span
        if not isinstance(given, slice) or given.step is not None:
            raise TypeError(
                "a recording is sliced by seconds since its start, recording[10.0:20.0]; for the "
                "first message take next(iter(recording))"
            )
        return self.select(start=self._since(span.start), end=self._since(span.stop))

    def _since(self, bound: float | None) -> float | None:
        """A slice's bound in s since the start; negative ones count from the end."""
        if bound is None or bound >= 0:
            return bound
        bounds = bounds_of(self._scans, ALL)
        return bound + ((bounds[1] - bounds[0]) / 1e9 if bounds else 0.0)

    # ---- what there is

    @property
    def zero_ns(self) -> int:
        """When the first message of the whole recording came, ns since 1970; 0: there is none.

        Seconds in `select` and slices count from here, whatever was selected before.
        """
        if self._zero is None:
            bounds = bounds_of(self._scans, ALL)
            self._zero = bounds[0] if bounds else 0
        return self._zero

    @property
    def start_time(self) -> float:
        """When the first message came, s since 1970; 0 if there is none."""
        return self._bounds[0] / 1e9

    @property
    def end_time(self) -> float:
        """When the last message came, s since 1970; 0 if there is none."""
        return self._bounds[1] / 1e9

    @property
    def duration(self) -> float:
        """From the first message to the last, s."""
        first, last = self._bounds
        return (last - first) / 1e9

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        return bounds_of(self._scans, self._selection) or (0, 0)

    def __len__(self) -> int:
        """Number of messages; where damage was not met yet, those that the indexes announce."""
        return sum(count_of(scan, self._selection) for scan in self._open())

    def __bool__(self) -> bool:
        return True

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What there is of each type, device and connection, in the order of appearance.

        Made from the message indexes, without reading the messages.
        """
        found: dict[tuple[str, str, str], Tally] = {}
        for scan in self._open():
            for number, one in tallies(scan, self._selection).items():
                key = scan.keys[number]
                name = key.connection, key.wire_type, key.device_name
                found[name] = found[name] + one if name in found else one
        ordered = sorted(found.items(), key=lambda item: item[1].first_ns)
        return tuple(Channel(*name, *one) for name, one in ordered)

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened to the recording: connections lost, messages dropped, ..."""
        return tuple(
            event
            for scan in self._open()
            for event in events_of(scan)
            if self._selection.covers(event.time_ns, event.connection)
        )

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What of the files is not as it was written, as far as it was read."""
        return tuple(one for scan in self._open() for one in scan.damage)

    @property
    def lost(self) -> int:
        """Messages that are known to be lost by damage, as far as it was read."""
        return sum(one.lost for one in self.damage)

    @property
    def complete(self) -> bool:
        """Whether all files were ended as they should be, and not cut off."""
        return all(scan.complete for scan in self._open())

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(scan.path for scan in self._scans)

    @property
    def scans(self) -> tuple[Scan, ...]:
        """What is where in the files."""
        return self._scans

    @property
    def selection(self) -> Selection:
        """What was selected."""
        return self._selection

    def __repr__(self) -> str:
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        holds = " (closed)" if self.closed else self._holds()
        return f"<igtl.Recording {self.paths[0].name}{more}{holds}>"

    def _holds(self) -> str:
        """What there is, in a few words; nothing where files would have to be read for that."""
        if not all(block.is_indexed for scan in self._scans for block in scan.blocks):
            return ""
        try:
            count, devices = amounts_of(self._scans, self._selection)
            took = f", {self.duration:.1f} s" if count else ""
        except RecordingError:  # compressed, and the package is missing
            return ""
        return f": {_counted(count, 'message')} of {_counted(devices, 'device')}{took}"

    # ---- its end

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return any(scan.closed for scan in self._scans)

    def close(self) -> None:
        """Let go of the files, of all selections too. Messages that were read stay valid."""
        for scan in self._scans:
            scan.close()

    def _open(self) -> tuple[Scan, ...]:
        if self.closed:
            raise RecordingError(f"{self!r} was closed: read it again")
        return self._scans


def read(*paths: File | Iterable[File]) -> Recording:
    """A recording to read; several files, such as those of a split recording, are one.

    Files may grow or be replaced meanwhile. Who makes one shorter in place ends this program, since
    files are mapped into memory.

    Args:
        paths: MCAP files with OpenIGTLink messages. They are ordered by their first message, and
            read one after another, even where they overlap in time. What `glob` gives is
            taken as well.

    Raises:
        RecordingError: one is something else, or was named twice.
        OSError: one cannot be opened.
    """
    files = [file for one in paths for file in _files(one)]
    if not files:
        raise RecordingError("no file was named: read takes at least one")
    _refuse_twice(files)
    scans: list[Scan] = []
    try:
        scans.extend(map(Scan, files))  # keeps those that were opened when one cannot be
    except BaseException:
        for scan in scans:
            scan.close()
        raise
    return Recording(sorted(scans, key=_beginning) if len(scans) > 1 else scans)


def _files(given: object) -> Iterator[Path]:
    """The paths that `read` was given at one place: one, or several."""
    if isinstance(given, (str, os.PathLike)):
        yield Path(given)
    elif isinstance(given, Iterable) and not isinstance(given, (bytes, bytearray, memoryview)):
        for one in given:
            if not isinstance(one, (str, os.PathLike)):
                raise _no_path(one)
            yield Path(one)
    else:
        raise _no_path(given)


def _no_path(given: object) -> RecordingError:
    return RecordingError(
        f"{given!r:.60} is {type(given).__name__}, expected the path of a recording: "
        "igtl.read('session.mcap')"
    )


def _refuse_twice(files: Iterable[Path]) -> None:
    """Refuse a file that was named twice, by whichever names."""
    seen: dict[tuple[int, int], Path] = {}
    for file in files:
        found = file.stat()
        other = seen.setdefault((found.st_dev, found.st_ino), file)
        if other is not file:
            same = "" if other == file else f", as {other}"
            raise RecordingError(f"{file} was named twice{same}: name each file once")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _beginning(scan: Scan) -> int:
    bounds = bounds_of((scan,), ALL)
    return bounds[0] if bounds else 0


def _nanoseconds(seconds: float) -> int:
    """Clamped to what times can be."""
    if math.isnan(seconds):
        raise RecordingError("a time is not a number, expected s since the recording's start")
    return round(min(max(seconds * 1e9, -_FOREVER), _FOREVER))
