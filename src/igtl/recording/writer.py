"""Writing a recording: messages gathered into chunks, chunks into a file, an index at its end.

No thread and no clock: whoever writes says when messages came, and when to cut a chunk.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from igtl.closable import Closable
from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame
from igtl.errors import RecordingError
from igtl.recording import filing, layout
from igtl.recording.disk import GrowingFile, check_folder, taken
from igtl.recording.entry import Entry
from igtl.recording.filing import Key
from igtl.recording.gathering import Gathered, Gathering
from igtl.recording.summary import Summary, bare_end

__all__ = ["CHUNK_SIZE", "FileWriter"]

#: Bytes of messages that are gathered before they are written.
CHUNK_SIZE = 4 << 20
#: Room on the disk for the end of a file, besides its summary.
_ROOM = 1 << 16


class FileWriter(Closable):
    """Writes one recording, readable as far as it was written at any moment.

    Chunks are whole or not there at all. When the disk is full the messages of the current chunk
    are lost; what was written before is kept, and `close` ends it.

    Args:
        path: of the file.
        chunk_size: bytes of messages that are gathered before they are written.
        overwrite: whether a file that is there already is lost.

    Attributes:
        path: of the file.
        checksum_errors: messages in the file whose CRC-64 was wrong as they came.

    Raises:
        RecordingError: the file is there already, is being recorded, or cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        chunk_size: int = CHUNK_SIZE,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.checksum_errors = 0
        self._chunk_size = chunk_size
        self._gathering = Gathering()
        self._summary = Summary()
        self._written = 0
        self._flying: Gathered | None = None  # was cut, and is not in the file yet
        self._closed = False
        self._file = self._opened(overwrite=overwrite)

    # ---- what goes in

    def add(self, entry: Entry, sequence: int | None = None) -> None:
        """Add one message.

        Args:
            entry: the message, kept until its chunk is written: its bytes must not change.
            sequence: its number within its channel; None counts on.

        Raises:
            RecordingError: the disk is full, say: see the class. Or there are too many channels.
            MessageError: a number of the message does not fit; it is left out.
        """
        time_ns, connection, frame = entry
        if sequence is not None:
            lanes = self._gathering.lanes
            lane = lanes.of(lanes.known(connection), connection, frame)
            lane.sequence = sequence & 0xFFFF_FFFF
        self.add_all((frame,), connection, time_ns)

    def add_all(self, frames: Iterable[Frame], connection: str, time_ns: int) -> None:
        """Add messages that came at one time over one connection; as `add`, and faster."""
        self._check_open()
        gathering = self._gathering
        known, put = gathering.lanes.known(connection), gathering.put
        for frame in frames:
            put(known, connection, time_ns, frame)
            if gathering.size >= self._chunk_size:
                self.cut_chunk()

    def event(self, event: str, connection: str, time_ns: int, /, **details: Any) -> None:
        """Add a note of what happened to the recording; `details` go into JSON. Errors as `add`."""
        self._check_open()
        self._gathering.put_event(filing.event_data(event, connection, **details), time_ns)
        if self._gathering.size >= self._chunk_size:
            self.cut_chunk()

    # ---- what goes out

    def cut_chunk(self) -> None:
        """Write what is gathered, as a chunk; nothing where nothing is.

        Raises:
            RecordingError: the disk is full, say: see the class.
        """
        if not self._gathering.size:
            return
        flying = self._flying
        gathered = self._gathering.cut(flying.end if flying else self._file.position)
        self.settle()  # where that fails, what was gathered since is lost as well
        self._flying = gathered
        self._do(lambda: self._write(gathered))

    def settle(self) -> None:
        """Return when all chunks that were cut are in the file. Errors as `cut_chunk`."""

    def discard(self) -> None:
        """Forget what is gathered."""
        self._gathering.clear()

    def close(self) -> None:
        """Write what is gathered, and the end of the file.

        Raises:
            RecordingError: the disk is full, say: see the class. The file has its end nevertheless.
        """
        if self._closed:
            return
        try:
            self.cut_chunk()
            self.settle()
        finally:
            self._finish()

    def abandon(self) -> None:
        """Close the file as it is, for who removes it; wherever writing was interrupted."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(RecordingError):
                self._shut()

    def cut_short(self, text: str, time_ns: int, **details: Any) -> None:
        """End the file after trouble: what is gathered is lost, a "cut" event says why.

        Raises:
            RecordingError: there is no room even for the end of the file.
        """
        if self._closed:
            return
        self.discard()
        with contextlib.suppress(RecordingError):
            self.settle()
        self._file.use_room()
        before = self._file.position, copy.deepcopy(self._summary)
        try:
            self.event("cut", "", time_ns, text=text, **details)
            self.cut_chunk()
            self.settle()
            self._append([self._summary.pack(self._file.position)])
        except RecordingError:  # then the summary is worth more
            position, self._summary = before
            self._file.shorten(position)
            self._finish()
        else:
            self._closed = True
            self._shut()

    # ---- what there is

    @property
    def messages(self) -> int:
        """Messages that were added and are not lost, without events."""
        flying = self._flying
        return self._written + (flying.messages if flying else 0) + self._gathering.messages

    @property
    def counts(self) -> dict[Key, int]:
        """Messages in the file, of each channel; those that are gathered are not in it."""
        counts, lanes = self._summary.counts, self._gathering.lanes.all()
        return {lane.key: counts.get(lane.id, 0) for lane in lanes if lane.key}

    @property
    def crowded(self) -> bool:
        """Whether there are nearly as many channels as there can be."""
        return self._gathering.lanes.crowded

    @property
    def position(self) -> int:
        """Bytes that are in the file."""
        return self._file.position

    @property
    def size(self) -> int:
        """Bytes of the file, if it is closed now, nearly."""
        if self._closed:
            return self._file.position
        flying = self._flying
        written = flying.end if flying else self._file.position
        return written + self._gathering.whole_size + self._summary.size

    # ---- how

    def _do(self, job: Callable[[], None]) -> None:
        """Do what takes long, now or in another thread; `settle` waits for it."""
        job()

    def _write(self, gathered: Gathered) -> None:
        try:
            self._append(gathered.pieces)
            self._written += gathered.messages
        finally:
            self._flying = None
        self.checksum_errors += gathered.wrong
        for schema, channel in gathered.described:
            self._summary.describe(schema, channel)
        self._summary.add(gathered.chunk, gathered.counts)
        self._keep_room()

    def _finish(self) -> None:
        """Write the end of the file, as well as there is room, and close it."""
        self._closed = True
        try:
            self._file.use_room()
            try:
                self._append([self._summary.pack(self._file.position)])
            except RecordingError:
                self._append([bare_end()])
        finally:
            self._shut()

    def _shut(self) -> None:
        try:
            self._file.close()
        except OSError as error:  # some file systems say only now that the disk is full
            raise self._trouble(error) from error

    def _opened(self, *, overwrite: bool) -> GrowingFile:
        """The file, with what it begins with."""
        check_folder(self.path)
        try:
            file = GrowingFile(self.path, overwrite=overwrite)
        except FileExistsError as error:
            raise taken(self.path) from error
        except BlockingIOError as error:
            raise RecordingError(
                f"{self.path} is being recorded by another program: choose another name"
            ) from error
        except OSError as error:
            raise self._trouble(error) from error
        try:
            file.append([layout.MAGIC, layout.header(filing.PROFILE, _library())])
            file.keep_room(_ROOM)
        except OSError as error:
            file.close()
            if self.path.is_file():  # and no device
                self.path.unlink()
            raise self._trouble(error) from error
        return file

    def _append(self, pieces: list[Buffer]) -> None:
        try:
            self._file.append(pieces)
        except OSError as error:
            raise self._trouble(error) from error

    def _keep_room(self) -> None:
        try:
            self._file.keep_room(self._summary.size + _ROOM)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> RecordingError:
        return RecordingError(f"{self.path} cannot be written: {error.strerror or error}")

    def _check_open(self) -> None:
        if self._closed:
            raise RecordingError(f"{self.path} is closed: nothing more can be recorded in it")


def _library() -> str:
    """What wrote a file."""
    try:
        return f"igtl {metadata.version('igtl')}"
    except metadata.PackageNotFoundError:
        return "igtl"
