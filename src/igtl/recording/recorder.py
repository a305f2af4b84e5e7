"""Recording what comes, as it comes: any thread gives messages, one thread writes them.

A queue with bounds lies between, so that nobody waits for a disk. What finds no room in it is
dropped, counted, and noted in the recording itself.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from igtl.codec.frame import Frame
from igtl.errors import MessageError, RecordingError
from igtl.messages import Message
from igtl.protocol.outgoing import Outgoing
from igtl.recording.behind import Helper
from igtl.recording.filing import Key, event_data
from igtl.recording.parts import Parts
from igtl.recording.queue import Batch, Note, Queue, Taken
from igtl.recording.syncing import Syncer
from igtl.recording.taps import Pick, Tappable, Tapping

__all__ = ["Recorder"]

_log = logging.getLogger("igtl")

#: The writing thread looks for messages so often, in s; and so many times within a flush bound.
_LOOK, _LOOKS = 0.025, 20


class Recorder:
    """Records messages in a file that can be read again however the recording ends.

        with igtl.Recorder("session.mcap") as recorder, igtl.connect("localhost") as link:
            recorder.tap(link)
            for message in link:
                ...

    A message is in the file within half of `flush`, which is as much as a killed program loses; it
    is then on its way through the operating system to the disk. Where the disk takes less than the
    other half for that, a power cut loses no more than `flush`.

    When the disk is full, or fails, the recording ends: the file is closed in good order, `error`
    says why, and `write` returns False from then on.

    After a fork only the parent's recorder records; do not use the child's.

    Args:
        path: of the file, session.mcap say.
        flush: seconds that are lost at most when the program is killed, or power is cut.
        split_bytes, split_seconds: begin a new file when one would be larger, or last longer:
            session-001.mcap, session-002.mcap, ...
        queue_messages, queue_bytes: bounds of what waits to be written. What comes at once into an
            empty queue may exceed them by itself.
        overwrite: whether a recording of this name that is there already is lost.

    Attributes:
        error: why the recording ended early.

    Raises:
        RecordingError: the file is there already, is being recorded by another program, or cannot
            be written; a number makes no sense.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        flush: float = 1.0,
        split_bytes: int | None = None,
        split_seconds: float | None = None,
        queue_messages: int = 200_000,
        queue_bytes: int = 512 << 20,
        overwrite: bool = False,
    ) -> None:
        _check(
            flush=flush,
            split_bytes=split_bytes,
            split_seconds=split_seconds,
            queue_messages=queue_messages,
            queue_bytes=queue_bytes,
        )
        clock = self._clock = _steady_clock()
        self.error: RecordingError | None = None
        self._queue = Queue(queue_messages, queue_bytes, clock)
        split_ns = None if split_seconds is None else round(split_seconds * 1e9)
        self._helper = Helper()
        try:
            self._parts = Parts(
                path, split_bytes, split_ns, overwrite=overwrite, helper=self._helper
            )
            self._file = self._parts.begin(clock())
        except BaseException:
            self._helper.close()
            raise
        self._earlier_messages = self._earlier_bytes = self._earlier_wrong = self._lost = 0
        self._earlier_counts: Counter[Key] = Counter()
        self._pace_ns, self._flushed_at, self._synced = round(flush * 0.5e9), 0, 0
        self._look = min(_LOOK, flush / _LOOKS)
        self._taps: list[Tapping] = []
        self._told = self._closed = False
        self._syncer = Syncer()
        self._over, self._process = threading.Event(), os.getpid()
        self._thread = threading.Thread(target=self._work, name="igtl-recorder", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # who forgets it still has a whole file

    # ---- what goes in: any thread

    def write(self, message: Frame | Message, connection: str = "") -> bool:
        """Record one message that came now. Never waits.

        Args:
            message: a frame is recorded byte for byte; a message as it would be sent now. A body in
                memory that can be written to is copied; that of a read-only memoryview is not.
            connection: over which connection it came: an address, or any name.

        Returns:
            False: it was dropped, and counted, since the queue is full, or since the recording has
            ended early.

        Raises:
            MessageError: a message cannot be encoded.
            RecordingError: the recorder was closed.
        """
        self._check_open()
        if isinstance(message, Frame):
            return self._queue.put((_own(message),), connection)
        return self._queue.put(Outgoing(message, time.time()).frames(), connection)

    def write_all(self, frames: Iterable[Frame], connection: str = "") -> bool:
        """Record frames that came now at once, all or none of them; as `write`, and faster."""
        self._check_open()
        return self._put(frames, connection)

    def _put(self, frames: Iterable[Frame], connection: str) -> bool:
        own = [frame if type(frame[6]) is bytes else _own(frame) for frame in frames]
        return not own or self._queue.put(own, connection)

    def event(self, event: str, connection: str = "", **details: Any) -> None:
        """Note something that happened to the recording: "lost", say, of a connection.

        Args:
            event: what happened.
            connection: to which connection, if to one.
            details: more, as JSON can say it.

        Raises:
            TypeError: it cannot.
            RecordingError: the recorder was closed.
        """
        self._check_open()
        event_data(event, connection, **details)  # not in another thread
        self._queue.note(event, connection, details)

    def tap(self, source: Tappable, pick: Pick | None = None) -> Callable[[], None]:
        """Record all that passes through a server, or arrives over a link, from now on.

        A server's connections are "published", "offered" and the addresses of its clients; that of
        a link is its endpoint. That a link was connected, lost, restored or ended is noted, too.

        A link reads only while somebody receives from it, and only what it reads is recorded. Who
        wants nothing but the recording writes `for _ in link.frames(): pass`.

        Args:
            source: the server, or the link.
            pick: gives those of some frames that are to be recorded; None takes all.

        Returns:
            A function that ends it; closing the recorder does so, too.

        Raises:
            MessageError: the source is something else.
            RecordingError: it is tapped already, which would record all twice; or the recorder was
                closed.
        """
        self._check_open()
        if any(one.source is source for one in self._taps):
            raise RecordingError(f"{source!r} is tapped already: its messages would be there twice")
        tapping = Tapping(source, pick, self._put, self._note)
        self._taps.append(tapping)

        def end() -> None:
            tapping.end()
            with contextlib.suppress(ValueError):  # it was ended before
                self._taps.remove(tapping)

        return end

    def _note(self, event: str, connection: str, text: str, gap: float) -> None:
        details: dict[str, Any] = {"gap": gap} if gap else {}
        self._queue.note(event, connection, {"text": text, **details})

    def _check_open(self) -> None:
        if self._closed:
            raise RecordingError(f"the recorder of {self.path} was closed: nothing more goes in")

    # ---- what became of it

    @property
    def messages(self) -> int:
        """Messages that were written, or are gathered for it."""
        return self._earlier_messages + self._file.messages

    @property
    def bytes(self) -> int:
        """Bytes of all files so far."""
        return self._earlier_bytes + self._file.size

    @property
    def dropped(self) -> int:
        """Messages that found no room, came too late, or were lost when the disk was full."""
        return self._queue.dropped + self._lost

    @property
    def checksum_errors(self) -> int:
        """Written messages whose CRC-64 was wrong as they came."""
        return self._earlier_wrong + self._file.checksum_errors

    @property
    def counts(self) -> dict[Key, int]:
        """Messages in the files, of each connection, type and device; all of them once closed."""
        return dict(self._earlier_counts + Counter(self._file.counts))

    @property
    def queued(self) -> int:
        """Messages that wait to be written."""
        return self._queue.messages

    @property
    def path(self) -> Path:
        """The file that is written now, or was written last."""
        return self._parts.paths[-1]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files so far, in order."""
        return tuple(self._parts.paths)

    def __repr__(self) -> str:
        messages = "1 message" if self.messages == 1 else f"{self.messages:,} messages"
        state = ", closed" if self._closed else ""
        return f"<Recorder {str(self.path)!r}: {messages}, {self.dropped:,} dropped{state}>"

    # ---- the end

    def close(self) -> None:
        """Write all that waits, and end the file; returns when it is on the disk.

        If Ctrl-C strikes meanwhile, the writing goes on, and a second call waits for it.

        Raises:
            RecordingError: the recording ended early. This is said once.
        """
        self._closed = True
        while self._taps:
            self._taps.pop().end()
        self._queue.close()
        if os.getpid() == self._process:  # the thread is not in processes that were forked off
            self._over.wait()  # `join` returns at once when Ctrl-C struck it before (bpo-45274)
            self._thread.join()
        atexit.unregister(self.close)
        if self.error is not None and not self._told:
            self._told = True
            raise RecordingError(
                f"{self.error}; kept in {', '.join(map(str, self.paths))}: {self.messages:,} of "
                f"{self.messages + self.dropped:,} messages, {self.dropped:,} were lost"
            ) from self.error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.ExitStack() as stack:
            if error is not None:  # which is not to be hidden
                stack.enter_context(contextlib.suppress(RecordingError))
            self.close()

    # ---- the thread that writes

    def _work(self) -> None:
        try:
            self._record()
        finally:
            self._syncer.request(self.path)
            self._helper.close()
            self._syncer.close()
            self._over.set()

    def _record(self) -> None:
        try:
            while not self._queue.closed:
                self._queue.wait(self._look)
                self._write_waiting()
            self._write_waiting()  # what came until it was closed
            self._file.cut_chunk()
            self._file.settle()
            self._file.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is to be ended
            self._fail(error)

    def _write_waiting(self) -> None:
        """Write all that waits."""
        more = True
        while more:
            taken = self._queue.take()
            self._write_taken(taken)
            more = taken.more

    def _write_taken(self, taken: Taken) -> None:
        """Write what was taken out of the queue, and flush when it is time to."""
        for item in taken.items:
            self._write_item(item)
        for connection, count in taken.drops.items():
            self._file.event("dropped", connection, taken.now, count=count)
        if taken.now - self._flushed_at >= self._pace_ns:
            self._flushed_at = taken.now
            self._flush()

    def _write_item(self, item: Batch | Note) -> None:
        if isinstance(item, Note):
            self._file.event(item.event, item.connection, item.time_ns, **item.details)
            return
        if self._parts.full(self._file, len(item.frames), item.size, item.time_ns):
            self._begin_part(item.time_ns)
        frames = iter(item.frames)
        while True:
            try:
                self._file.add_all(frames, item.connection, item.time_ns)
            except MessageError as error:  # somebody made it wrong: on with the next
                self._lost += 1
                details = {"count": 1, "text": str(error)}
                self._file.event("dropped", item.connection, item.time_ns, **details)
            else:
                break

    def _flush(self) -> None:
        """Hand everything to the operating system, and have that write it to the disk."""
        if self._syncer.error is not None:
            raise self._syncer.error
        self._file.cut_chunk()
        self._file.settle()
        if self._file.position != self._synced:
            self._synced = self._file.position
            self._syncer.request(self._file.path)

    def _begin_part(self, now: int) -> None:
        file = self._file
        file.cut_chunk()
        file.settle()
        following = self._parts.begin(now)  # if it cannot be made, the file before will say so
        self._file, self._synced = following, 0
        self._earlier_messages += file.messages
        self._earlier_counts = self._earlier_counts + Counter(file.counts)  # `counts` may look on
        self._earlier_wrong += file.checksum_errors
        try:
            file.close()
        finally:
            self._earlier_bytes += file.size
        self._syncer.request(file.path)

    def _fail(self, error: Exception) -> None:
        """End the recording early; what waits is lost."""
        self._queue.close()
        drops = self._queue.clear()
        self._file.discard()
        with contextlib.suppress(RecordingError):
            self._file.settle()
        self._lost = self._queue.accepted - self.messages
        count = self._lost + drops
        text = str(error) if isinstance(error, RecordingError) else repr(error)
        with contextlib.suppress(RecordingError):
            self._file.cut_short(text, self._clock(), count=count)
        if not isinstance(error, RecordingError):
            error = RecordingError(f"recording {self.path} failed: {text}")
        self.error = error
        _log.error("igtl: %s; the recording ends, messages lost: %d", error, count)


def _steady_clock() -> Callable[[], int]:
    """A clock of ns since 1970 UTC that nobody sets back or forth from now on."""
    start = time.time_ns() - time.perf_counter_ns()
    return lambda: start + time.perf_counter_ns()


def _own(frame: Frame) -> Frame:
    """A frame whose bytes nobody else writes to."""
    body = frame.body
    if (
        isinstance(body, memoryview)
        and body.readonly
        and body.c_contiguous
        and body.nbytes == len(body)
    ):
        return frame
    return frame._replace(body=bytes(body))


def _check(**numbers: float | None) -> None:
    for name, value in numbers.items():
        if value is not None and not 0 < value < float("inf"):
            raise RecordingError(f"{name} is {value}, expected a number above 0")
