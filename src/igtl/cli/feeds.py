"""Servers that are recorded: each read by a thread of its own, and connected to again and again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import igtl
from igtl.cli.reception import Arrival, Filter
from igtl.net.follower import Follower, LinkState
from igtl.protocol.recovery import Reconnect

__all__ = ["Feed", "Sieve"]

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
    """

    def __init__(self, endpoint: str, profile: str, *, reconnect: bool, tell: Tell) -> None:
        self._follower = Follower(
            endpoint,
            lambda frames, received: None,  # the recorder has its own tap
            profile=profile,
            changed=self._changed,
            reconnect=Reconnect() if reconnect else None,
        )
        self.endpoint, self._tell = self._follower.endpoint, tell
        self._missing, self._missing_since = 0.0, math.nan  # nan: it is there
        self._closed = False
        self.came = self.over = False

    @property
    def trouble(self) -> igtl.OpenIGTLinkError | None:
        """Why nothing more comes, unless the server closed the connection in order."""
        return self._follower.trouble

    def connect(self) -> igtl.OpenIGTLinkError | None:
        """Try to connect once; what went wrong, None when nothing did."""
        return self._follower.connect()

    def start(self, recorder: igtl.Recorder, sieve: Sieve) -> None:
        """Record what comes, in a thread of its own, until the end or `close`."""
        self.came = self._follower.link is not None
        if not self.came:
            self._missing_since = time.monotonic()
        self._follower.start(lambda link: recorder.tap(link, sieve.pick))

    @property
    def missing(self) -> float:
        """For how long it was not there since `start`, s."""
        since = self._missing_since
        return self._missing + (0.0 if math.isnan(since) else time.monotonic() - since)

    def close(self) -> None:
        """Stop recording, and disconnect."""
        self._is_there()
        self._closed = True
        self._follower.close()

    def _changed(self, state: LinkState) -> None:
        self.over = state.state == "over"
        if self._closed:
            return
        if state.state == "waiting" and math.isnan(self._missing_since):
            self._missing_since = time.monotonic()
        elif state.state == "connected":
            self._is_there()
            if not self.came:
                self.came = True
                self._tell(f"{self.endpoint} is there now")
        elif self.over:
            self._tell(state.text)

    def _is_there(self) -> None:
        self._missing, self._missing_since = self.missing, math.nan
