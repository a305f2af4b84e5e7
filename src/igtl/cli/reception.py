"""Messages as they arrive over a link: with their time and bytes, malformed ones included."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from types import TracebackType
from typing import NamedTuple, Self

import igtl
from igtl.messages import decode_frame

__all__ = ["Arrival", "Filter", "Patience", "arrivals", "arrivals_within"]

#: Who waits for messages hears so often that there are none, in s.
_PULSE_S = 0.2


class Arrival(NamedTuple):
    """One message that came: what it means, or why it means nothing."""

    frame: igtl.Frame
    """Its bytes."""
    time: float
    """When it was read, in seconds since 1970 UTC."""
    message: igtl.Message | igtl.DecodeError

    @property
    def device_name(self) -> str:
        """Who sent it; of a malformed message what its header says."""
        if isinstance(self.message, igtl.Message):
            return self.message.device_name
        return self.frame.device_name


def arrivals(
    link: igtl.Client, wanted: Filter, patience: Patience | None = None
) -> Iterator[Arrival]:
    """Every wanted message of a link, until the peer closes or `patience` is at its end.

    Raises:
        FramingError, ClosedError: as the frames of the link do.
    """
    for frame in link.frames():
        arrival = Arrival(frame, time.time(), _meaning(frame))
        if wanted.wants(arrival):
            if patience is not None:
                patience.rest()
            yield arrival
            if patience is not None:
                patience.begin()


def arrivals_within(link: igtl.Client, seconds: float) -> Iterator[Arrival | None]:
    """Every message that comes within `seconds`; None now and then, while nothing does.

    Only for a link over which nothing was asked yet, and from which nothing was taken. It ends
    early when the peer closes.

    Raises:
        FramingError, ClosedError: as the frames of the link do.
    """
    end = time.monotonic() + seconds
    frames, taken = link.frames(), 0

    def more() -> bool:
        return link.counters.messages_received > taken

    while (now := time.monotonic()) < end:
        if link.wait_for(more, min(end, now + _PULSE_S)):
            taken += 1
            frame = next(frames)
            yield Arrival(frame, time.time(), _meaning(frame))
        elif link.closed:
            return
        else:
            yield None


def _meaning(frame: igtl.Frame) -> igtl.Message | igtl.DecodeError:
    try:
        return decode_frame(frame)
    except igtl.DecodeError as error:
        return error


class Patience:
    """Closes a link on which nothing that is wanted came for a while, which ends who waits for it.

    Waiting begins with the with statement that this is for.

    Args:
        link: the connection.
        seconds: how long to wait for a message.
    """

    def __init__(self, link: igtl.Client, seconds: float) -> None:
        self.ended = False
        self._link, self._seconds = link, seconds
        self._since: float | None = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def begin(self) -> None:
        """Wait from now on."""
        self._since = time.monotonic()

    def rest(self) -> None:
        """Something came: do not count the time that is taken to show it."""
        self._since = None

    def __enter__(self) -> Self:
        self.begin()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        left = self._seconds
        while not self._over.wait(left):
            since = self._since
            waited = 0.0 if since is None else time.monotonic() - since
            left = self._seconds - waited
            if left <= 0:
                self.ended = True
                self._link.close()
                return


class Filter:
    """Which messages are wanted.

    Args:
        types, devices: names, with the wildcards * and ? if you like; no names want all. Case
            does not matter for types.
    """

    def __init__(self, types: Sequence[str] = (), devices: Sequence[str] = ()) -> None:
        self._types = [name.upper() for name in types]
        self._devices = devices

    def wants(self, arrival: Arrival) -> bool:
        """Whether the message is one of them."""
        wire_type = arrival.frame.type_name.upper()
        return (not self._types or _any(wire_type, self._types)) and (
            not self._devices or _any(arrival.device_name, self._devices)
        )


def _any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
