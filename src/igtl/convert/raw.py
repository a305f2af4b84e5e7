"""Messages as they are on the wire, one after another in files: what `listen --save` leaves."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from igtl.codec.frame import HEADER, HEADER_SIZE, Frame, check_header
from igtl.codec.time import nanoseconds
from igtl.errors import FramingError, RecordingError
from igtl.recording.entry import Entry

__all__ = ["RawEntries"]


class RawEntries:
    """The messages of a file, or of all `.igtl` files of a folder in the order of their names.

    Raw messages do not say when they arrived: it is taken to be the time in their headers, and
    never earlier than what came before. Without such a time it is that of the message before, and
    at first that of the file. The connection is called like the file or the folder.

    Args:
        path: the file or folder.

    Raises:
        RecordingError: there is no such file, or none in the folder.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.resolve().name
        self._files = sorted(path.glob("*.igtl")) if path.is_dir() else [path]
        if not self._files:
            raise RecordingError(f"{path} is a folder without .igtl files")
        if not path.exists():
            raise RecordingError(f"{path}: {os.strerror(errno.ENOENT)}")

    def __iter__(self) -> Iterator[Entry]:
        """Raises RecordingError where a file ends within a message, or holds something else."""
        now = 0
        for path in self._files:
            start = path.stat().st_mtime_ns
            for frame in _frames(path):
                told = nanoseconds(frame.raw_time) if frame.raw_time else now or start
                now = max(now, told)
                yield Entry(now, self._name, frame)


def _frames(path: Path) -> Iterator[Frame]:
    """The frames of a file; their bodies are views of it."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    at = 0
    while at < len(data):
        frame = _frame(data, at, path)
        yield frame
        at += HEADER_SIZE + frame.body_size


def _frame(data: memoryview, at: int, path: Path) -> Frame:
    left = len(data) - at - HEADER_SIZE
    if left < 0:
        raise RecordingError(
            f"{path}: {len(data) - at} bytes at byte {at} are fewer than a header's {HEADER_SIZE}"
        )
    fields: tuple[int, bytes, bytes, int, int, int] = HEADER.unpack_from(data, at)
    try:
        check_header(fields, max_body=1 << 64)
    except FramingError as error:
        raise RecordingError(f"{path}, byte {at}: {error}") from error
    if fields[4] > left:
        raise RecordingError(
            f"{path}: the message at byte {at} announces a body of {fields[4]} bytes, but {left} "
            "follow: the file was cut, or it is not OpenIGTLink"
        )
    body = data[at + HEADER_SIZE : at + HEADER_SIZE + fields[4]]
    return Frame(*fields, body)
