"""Images in the formats of ITK: as a sequence over time, or each in a file of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from igtl.convert.sequences import SequenceSink
from igtl.convert.staging import Staging
from igtl.errors import DecodeError
from igtl.messages import Image, Video
from igtl.messages.registry import class_of
from igtl.recording.entry import Entry

__all__ = ["SequenceFile", "is_series"]


class SequenceFile:
    """Writes a sequence file: see `SequenceSink`.

    Args:
        staging: where the file goes.
        ending: of its name.
        options: of `SequenceSink`.

    Raises:
        RecordingError: an option is not known.
    """

    def __init__(self, staging: Staging, ending: str, **options: Any) -> None:
        self._staging = staging
        self._path = staging.new(ending)
        self._sink = SequenceSink(self._path, **options)

    def add(self, entry: Entry) -> str | None:
        """Take one message."""
        return self._sink.add(entry)

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()
        self._staging.keep(self._path, self._staging.target)

    def abandon(self) -> None:
        """Let go of it."""
        self._sink.abandon()


def is_series(entries: Iterable[Entry]) -> bool:
    """Whether entries are a sequence: flat images of one device, video, or poses alone.

    What is not is a volume, or one image. Entries are looked at as far as it takes to know.
    """
    devices: set[tuple[str, bytes]] = set()
    for entry in entries:
        kind = class_of(entry.frame.raw_type)
        if kind is Video:
            return True
        if kind is not Image:
            continue
        try:
            image = entry.message
        except DecodeError:
            continue
        device = entry.connection, entry.frame.raw_name
        if device in devices or not isinstance(image, Image) or image.pixels.shape[0] > 1:
            return device in devices
        devices.add(device)
    return not devices
