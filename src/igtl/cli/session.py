"""A recording session of the command line: servers, a recorder, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import igtl
from igtl.cli import status
from igtl.cli.feeds import Feed, Sieve
from igtl.cli.gauge import Gauge
from igtl.cli.terminal import warn

__all__ = ["Session"]


class Session:
    """Records feeds until it is to end.

    Args:
        recorder: where to.
        feeds: what from.
        duration: for how long, in s; None: without end.

    Attributes:
        gauge: how it goes.
    """

    def __init__(
        self, recorder: igtl.Recorder, feeds: Sequence[Feed], duration: float | None
    ) -> None:
        self.recorder, self._feeds, self._duration = recorder, feeds, duration
        self._until = None if duration is None else time.monotonic() + duration
        self._error: igtl.RecordingError | None = None
        self.gauge = Gauge(recorder)

    def start(self, sieve: Sieve) -> None:
        """Begin to record what a sieve lets through."""
        for feed in self._feeds:
            feed.start(self.recorder, sieve)

    def outcome(self) -> int | None:
        """The exit status if it is to end now, None while it is to go on."""
        if self.recorder.error is not None:
            return status.FAILED
        if self._until is not None and time.monotonic() >= self._until:
            return status.DONE
        if not all(feed.over for feed in self._feeds):
            return None
        if any(feed.trouble for feed in self._feeds):
            return status.FAILED
        return status.DONE if self._until is None else status.INCOMPLETE

    def end(self) -> None:
        """Disconnect, and close the file."""
        for feed in self._feeds:
            feed.close()
        try:
            self.recorder.close()
        except igtl.RecordingError as error:
            self._error = error
            warn(str(error))
        self.gauge.text()

    def judge(self, outcome: int) -> int:
        """The exit status of a session that ended for an `outcome`."""
        if self._error is not None:
            return status.FAILED
        whole = not self.recorder.dropped and self.recorder.messages
        if outcome == status.DONE and not (whole and all(feed.came for feed in self._feeds)):
            return status.INCOMPLETE
        return outcome

    def absences(self) -> Iterator[str]:
        """A line for each server that was not there all the time."""
        for feed in self._feeds:
            if not feed.came:
                yield f"{feed.endpoint} was not there"
            elif feed.missing:
                of = f"{feed.missing:.1f} s of {self.gauge.seconds:.1f} s"
                yield f"{feed.endpoint} was missing for {of}"

    def facts(self) -> dict[str, Any]:
        """What was recorded, for programs."""
        recorder = self.recorder
        return {
            "paths": [str(path) for path in recorder.paths],
            "seconds": self.gauge.seconds,
            "messages": recorder.messages,
            "bytes": recorder.bytes,
            "dropped": recorder.dropped,
            "checksum_errors": recorder.checksum_errors,
            "servers": [
                {"endpoint": feed.endpoint, "came": feed.came, "missing": feed.missing}
                for feed in self._feeds
            ],
            "error": None if recorder.error is None else str(recorder.error),
            "devices": [
                {
                    "connection": key.connection,
                    "type": key.wire_type,
                    "device": key.device_name,
                    "version": key.version,
                    "messages": count,
                }
                for key, count in recorder.counts.items()
            ],
        }
