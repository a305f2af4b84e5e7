"""Recordings and sequence files as sources: their messages again, at their own pace."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from igtl.codec.frame import Frame
from igtl.errors import SourceError
from igtl.recording.entry import Entry
from igtl.recording.recording import Recording, read
from igtl.recording.retiming import moved
from igtl.sequences.entries import SequenceEntries
from igtl.sources.source import checked_rate

__all__ = ["SEQUENCE_ENDINGS", "RecordingSource", "SequenceSource", "damage_of"]

SEQUENCE_ENDINGS = (".igs.mha", ".igs.nrrd", ".seq.mha", ".seq.nrrd")
"""What sequence files are called that cannot be taken for images."""

#: What is handed over at once, at most.
_MOST_MESSAGES, _MOST_BYTES = 500, 4 << 20
_SECOND = 1_000_000_000
_FRAMES_PER_S = 10.0


class RecordingSource:
    """The messages of a recording, byte for byte but for their times, round and round.

    They come at their own pace. The times in their headers are moved so that they are those of now;
    what had none gets none. `igtl replay` does the same with more care: it keeps times, jumps and
    pauses.

    Args:
        path: an .mcap file.
        speed: seconds of the recording in a second.
        start, end: the part to play, s since the recording's start.
        device, type: only these devices or wire types, separated by commas; * and ? stand for any
            characters.

    Raises:
        SourceError: there is no such message in it, or an option is wrong.
        RecordingError: it is no recording.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        speed: float = 1.0,
        start: float | None = None,
        end: float | None = None,
        device: str = "",
        type: str = "",
    ) -> None:
        self.name = Path(path).name
        _check_path(Path(path))
        self._recording = read(path)
        chosen = self._recording.select(
            device=_listed(device), type=_listed(type), start=start, end=end
        )
        channels = chosen.channels
        count = sum(channel.count for channel in channels)
        duration = chosen.duration
        self._round = _Round(self.name, chosen.entries, speed)
        self.rate = count / duration * speed if duration else 1.0
        names = sorted({f"{one.device_name} ({one.wire_type})" for one in channels})
        self.description = f"recording of {duration:.3g} s: {', '.join(names)}"
        self.has_images = any(one.wire_type == "IMAGE" for one in channels)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is damaged, as far as this is known."""
        return damage_of(self._recording)

    def messages(self, time_s: float) -> Sequence[Frame]:
        """What is due since it was asked before; 0 begins anew."""
        return self._round.due(time_s)

    def next_time(self) -> float:
        """When the next message is due, s."""
        return self._round.next_time

    def close(self) -> None:
        """Let go of the file."""
        self._recording.close()


class SequenceSource:
    """The frames of a sequence file of PLUS or 3D Slicer: poses and pictures, round and round.

    See `igtl.sequences.entries` for what the messages are. Times are those of now.

    Args:
        path: the file.
        rate: frames per second; default: as the times in the file say, or 10 where it has none.
        device_name: of the images; default: what the file says.

    Raises:
        SourceError: there is nothing in it, or an option is wrong.
        RecordingError: it is no sequence.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate: float | None = None,
        device_name: str | None = None,
    ) -> None:
        self.name = Path(path).name
        _check_path(Path(path))
        self._sequence = SequenceEntries(path, device=device_name)
        told = self._told_rate()
        self.rate = checked_rate(rate or told or _FRAMES_PER_S)
        in_time = rate is None and told
        self._round = _Round(self.name, lambda: self._sequence if in_time else self._counted())
        ends = (0, self._sequence.size - 1)  # what is heard of once is in the last one, too
        devices = dict.fromkeys(chain.from_iterable(map(self._sequence.devices, ends)))
        names = ", ".join(f"{name} ({wire_type})" for name, wire_type in devices)
        self.description = f"sequence of {self._sequence.size} frames: {names}"
        self.has_images = any(wire_type == "IMAGE" for _, wire_type in devices)

    def messages(self, time_s: float) -> Sequence[Frame]:
        """What is due since it was asked before; 0 begins anew."""
        return self._round.due(time_s)

    def next_time(self) -> float:
        """When the next message is due, s."""
        return self._round.next_time

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the file, as far as this is known."""
        return self._sequence.notes

    def close(self) -> None:
        """Let go of the file."""
        self._sequence.close()

    def _told_rate(self) -> float | None:
        """Frames per second on average, by the times in the file; None where it has none."""
        steps = self._sequence.size - 1
        first, last = self._sequence.time_ns(0), self._sequence.time_ns(steps)
        if first is None or last is None or last <= first:
            return None
        return steps * 1e9 / (last - first)

    def _counted(self) -> Iterator[Entry]:
        """The entries at the times that `rate` gives them."""
        for entry in self._sequence:
            yield entry._replace(time_ns=round(self._sequence.position / self.rate * _SECOND))


class _Round:
    """Entries as they are due, again and again.

    Args:
        name: for errors.
        entries: gives them from the beginning.
        speed: s of theirs in a second.
    """

    def __init__(
        self, name: str, entries: Callable[[], Iterable[Entry]], speed: float = 1.0
    ) -> None:
        if not 0 < speed < float("inf"):
            raise SourceError(f"speed is {speed!r}, expected more than 0, such as 2")
        self._name, self._entries, self._speed = name, entries, speed
        self._epoch_ns = 0
        """Now, when it began, ns since 1970."""
        self._coming = self._endless()
        self._next_ns, self._next = next(self._coming)

    @property
    def next_time(self) -> float:
        """When the next one is due, s."""
        return self._next_ns / _SECOND

    def due(self, time_s: float) -> list[Frame]:
        """All that is due, in order, unless that is much: then what comes first. 0 begins anew."""
        if time_s == 0:
            self._begin()
        found: list[Frame] = []
        size = 0
        while self.next_time <= time_s and len(found) < _MOST_MESSAGES and size < _MOST_BYTES:
            late_ns = self._epoch_ns + self._next_ns - self._next.time_ns
            found.append(moved(self._next.frame, late_ns))
            size += self._next.frame.body_size
            self._next_ns, self._next = next(self._coming)
        return found

    def _begin(self) -> None:
        self._epoch_ns = time.time_ns()
        self._coming = self._endless()
        self._next_ns, self._next = next(self._coming)

    def _endless(self) -> Iterator[tuple[int, Entry]]:
        """Every entry with when it is due, in ns. Laps are apart by the mean step within."""
        start_ns = 0
        while True:
            count = due_ns = origin_ns = 0
            for entry in self._entries():
                origin_ns = origin_ns if count else entry.time_ns
                count += 1
                due_ns = start_ns + round((entry.time_ns - origin_ns) / self._speed)
                yield due_ns, entry
            if not count:
                raise SourceError(f"{self._name} holds no message, or none of those wanted")
            length_ns = due_ns - start_ns
            start_ns = due_ns + (length_ns // (count - 1) if length_ns else _SECOND)


def damage_of(recording: Recording) -> tuple[str, ...]:
    """What is wrong with the files of a recording, in a line, as far as it was read; or nothing."""
    damage = recording.damage
    if not damage:
        return ()
    lost, first = recording.lost, damage[0]
    return (
        f"{first.path} is damaged at byte {first.position:,}: {first.text}"
        + (f"; {len(damage) - 1:,} places more" if len(damage) > 1 else "")
        + (f"; {lost:,} message{'s' * (lost != 1)} lost at least" if lost else "")
        + " (see igtl recover)",
    )


def _check_path(path: Path) -> None:
    if not path.exists():
        raise SourceError(f"there is no file or folder {path}")
    if not path.is_file():
        raise SourceError(f"{path} is no file")


def _listed(text: str) -> list[str]:
    return [name for one in text.split(",") if (name := one.strip())]
