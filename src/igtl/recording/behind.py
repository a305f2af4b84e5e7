"""Writing chunks in a thread of its own, while the next one is gathered and its checksums taken."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from igtl.recording.writer import FileWriter

__all__ = ["BehindWriter", "Helper"]

Job = Callable[[], None]


class Helper:
    """A thread that does one job at a time for another one."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Exception | None] = SimpleQueue()
        self._busy = False
        self._thread = threading.Thread(target=self._work, name="igtl-writer", daemon=True)
        self._thread.start()

    def begin(self, job: Job) -> None:
        """Have a job done; the one before has to be settled."""
        self._busy = True
        self._jobs.put(job)

    def settle(self) -> None:
        """Return when the job is done; what it raised is raised here."""
        if not self._busy:
            return
        error = self._outcomes.get()
        self._busy = False
        if error is not None:
            raise error

    def close(self) -> None:
        """End the thread when the job is done."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 - raised again by `settle`
                self._outcomes.put(error)
            else:
                self._outcomes.put(None)
            del job  # and what it holds: memory that receivers would use again


class BehindWriter(FileWriter):
    """A file writer that lets a helper write chunks, one at a time.

    What goes wrong is raised when the next chunk is cut, or by `settle`.
    """

    def __init__(self, path: str | os.PathLike[str], helper: Helper, *, overwrite: bool) -> None:
        self._helper = helper
        super().__init__(path, overwrite=overwrite)

    def settle(self) -> None:
        """Return when all chunks that were cut are in the file. Errors as `cut_chunk`."""
        self._helper.settle()

    def _do(self, job: Job) -> None:
        self._helper.begin(job)
