"""Servers that are recorded: each read by a thread of its own, and connected to again and again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

import igtl
from igtl.cli.reception import Arrival, Filter
from igtl.protocol.recovery import LinkEvent, Reconnect

__all__ = ["Feed", "Sieve"]

_CONNECT_S = 5.0
#: A thread ends at once when its link is closed; if not, it is left alone.
_PATIENCE_S = 1.0
#: Peers may invent devices without end.
_MOST_KNOWN = 10_000
_NOT_DECODED = igtl.DecodeError("not decoded")

Tell = Callable[[str], object]


class Sieve:
    """Picks the wanted messages out of many, by their headers.

    Args:
        types, devices: as for `Filter`.
    """

    def __init__(self, types: Sequence[str], devices: Sequence[str]) -> None:
        self._filter = Filter(types, devices)
        self._all = not (types or devices)
        self._known: dict[tuple[bytes, bytes], bool] = {}

    def pick(self, frames: Sequence[igtl.Frame]) -> Sequence[igtl.Frame]:
        """The wanted ones."""
        return frames if self._all else [frame for frame in frames if self._wants(frame)]

    def _wants(self, frame: igtl.Frame) -> bool:
        key = frame[1], frame[2]
        wanted = self._known.get(key)
        if wanted is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            wanted = self._known[key] = self._filter.wants(Arrival(frame, 0.0, _NOT_DECODED))
        return wanted


class Feed:
    """One server that is recorded.

    Args:
        endpoint: of the server.
        profile: as `igtl.connect` takes it.
        reconnect: whether to go on with a new connection when one breaks.
        tell: is given lines for people, in any thread.

    Attributes:
        came: whether it was ever there.
        over: whether nothing more comes.
        trouble: why, unless the server closed the connection in order.
    """

    def __init__(self, endpoint: str, profile: str, *, reconnect: bool, tell: Tell) -> None:
        self.endpoint, self._profile, self._tell = endpoint, profile, tell
        self._reconnect = Reconnect() if reconnect else None
        self._link: igtl.Client | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._missing, self._missing_since = 0.0, math.nan  # nan: it is there
        self.came = self.over = False
        self.trouble: igtl.OpenIGTLinkError | None = None

    def connect(self) -> igtl.OpenIGTLinkError | None:
        """Try to connect once; what went wrong, None when nothing did."""
        try:
            link = igtl.connect(
                self.endpoint,
                timeout=_CONNECT_S,
                profile=self._profile,
                reconnect=self._reconnect or False,
            )
        except (igtl.ConnectError, igtl.TimeoutError) as error:
            return error
        self._link = link
        return None

    def start(self, recorder: igtl.Recorder, sieve: Sieve) -> None:
        """Record what comes, in a thread of its own, until the end or `close`."""
        self.came = self._link is not None
        if not self.came:
            self._lost()
        self._thread = threading.Thread(
            target=self._work, args=(recorder, sieve), name=f"record {self.endpoint}", daemon=True
        )
        self._thread.start()

    @property
    def missing(self) -> float:
        """For how long it was not there since `start`, s."""
        since = self._missing_since
        return self._missing + (0.0 if math.isnan(since) else time.monotonic() - since)

    def close(self) -> None:
        """Stop recording, and disconnect."""
        self._missing, self._missing_since = self.missing, math.nan
        self._closing.set()
        if self._link is not None:
            self._link.close()
            if self._thread is not None:  # one that tries to connect is not waited for
                self._thread.join(_PATIENCE_S)

    def _work(self, recorder: igtl.Recorder, sieve: Sieve) -> None:
        try:
            link = self._link or self._found()
            if link is not None:
                with link:
                    self._record(link, recorder, sieve)
        except igtl.OpenIGTLinkError as error:
            self.trouble = error
        finally:
            self.over = True
            self._say_over()

    def _found(self) -> igtl.Client | None:
        """A link to a server that was not there at first; None when it is not waited for."""
        backoff = Reconnect().backoff()
        while not self._closing.wait(backoff.next()):
            if self.connect() is None:
                self._found_again()
                self._tell(f"{self.endpoint} is there now")
                break
        return self._link

    def _record(self, link: igtl.Client, recorder: igtl.Recorder, sieve: Sieve) -> None:
        if self._closing.is_set():
            return
        recorder.tap(link, sieve.pick)
        link.on_event(self._happened)
        for _ in link.frames():  # the tap has seen it
            pass

    def _happened(self, event: LinkEvent) -> None:
        if event.kind == "lost":
            self._lost()
        elif event.kind == "restored":
            self._found_again()

    def _lost(self) -> None:
        self._missing_since = time.monotonic()

    def _found_again(self) -> None:
        if not self._closing.is_set():
            self.came = True
            self._missing, self._missing_since = self.missing, math.nan

    def _say_over(self) -> None:
        if not self._closing.is_set():
            self._tell(str(self.trouble or f"{self.endpoint} closed the connection"))
