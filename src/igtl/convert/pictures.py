"""Images in the formats of ITK: as a sequence over time, or each in a file of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from igtl.convert.picture_stream import is_picture
from igtl.convert.sequences import SequenceSink
from igtl.errors import DecodeError
from igtl.messages import Image, Video
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging

__all__ = ["SequenceFile", "is_series"]


class SequenceFile:
    """Writes a sequence file: see `SequenceSink`.

    Args:
        staging: where the file goes.
        ending: of its name.
        entries: what will be added.
        options: of `SequenceSink`.

    Raises:
        RecordingError: an option is not known.
    """

    def __init__(
        self, staging: Staging, ending: str, entries: Iterable[Entry] = (), **options: Any
    ) -> None:
        self._staging = staging
        self._path = staging.new(ending)
        self._sink = SequenceSink(self._path, entries=entries, **options)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the file."""
        return self._sink.notes

    @property
    def left_out(self) -> dict[tuple[str, str], int]:
        """What the file turned out not to have, by wire type and reason."""
        return self._sink.left_out

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        return self._sink.add(entry)

    def check(self) -> None:
        """Refuse what has no pictures of the device that was asked for."""
        self._sink.check()

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()
        self._staging.keep(self._path, self._staging.target)

    def abandon(self) -> None:
        """Let go of it."""
        self._sink.abandon()


def is_series(entries: Iterable[Entry], image: str | None = None) -> bool:
    """Whether entries are a sequence: flat images of one device, video, or poses alone.

    What is not is a volume, or one image. Entries are looked at as far as it takes to know.

    Args:
        entries: all of them.
        image: the device whose images count; None: all.
    """
    devices: set[tuple[str, bytes]] = set()
    for entry in entries:
        if not is_picture(entry):
            continue
        try:
            message = entry.message
        except DecodeError:
            continue
        if image not in (None, message.device_name):
            continue
        if isinstance(message, Video):
            return True
        device = entry.connection, entry.frame.raw_name
        if device in devices or not isinstance(message, Image) or message.pixels.shape[0] > 1:
            return device in devices
        devices.add(device)
    return not devices
