"""Devices that are read in a thread of their own, so that none can hang a program.

Drivers wait: a camera for its next picture, a tracker for an answer that may never come, some
without any time-out. Here they do so in a daemon thread; whoever wants a reading waits for so long
and no longer.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Generic, TypeVar

from igtl.errors import OpenIGTLinkError, SourceError

__all__ = ["Feed"]

T = TypeVar("T")

_CLOSING_S = 1.0


class Feed(Generic[T]):
    """The newest reading of a device.

    Args:
        readings: opens the device when it is first asked, gives a reading each time, and closes
            the device when it is closed. It runs in a thread of its own.
        silence: what to say when no reading comes, such as "camera 0 gave no picture".
        patience: seconds to wait for a reading.
    """

    def __init__(
        self, readings: Generator[T, None, None], *, silence: str, patience: float = 5.0
    ) -> None:
        self._readings, self._silence, self._patience = readings, silence, patience
        self._changed = threading.Condition()
        self._newest: T | None = None
        self._fresh = self._closing = False
        self._end: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="igtl feed", daemon=True)
        self._thread.start()

    def next(self) -> T:
        """The newest reading, which was not given before; waited for if there is none yet.

        Raises:
            SourceError: none came in time, or the device gives no more.
            OpenIGTLinkError: what else `readings` raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._fresh or self._end, self._patience)
            if self._fresh and self._newest is not None:
                self._fresh = False
                return self._newest
            if self._end is not None:
                raise self._end
        raise SourceError(f"{self._silence} for {self._patience:g} s")

    def close(self) -> None:
        """Close the device. One that hangs is left alone after a second."""
        self._closing = True
        self._thread.join(_CLOSING_S)

    def _run(self) -> None:
        try:
            for reading in self._readings:
                with self._changed:
                    self._newest, self._fresh = reading, True
                    self._changed.notify_all()
                if self._closing:
                    break
            self._finish(SourceError(f"{self._silence} any more"))
        except OpenIGTLinkError as error:
            self._finish(error)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            self._finish(SourceError(f"{self._silence}: {error}"))
        finally:
            self._readings.close()

    def _finish(self, error: Exception) -> None:
        with self._changed:
            self._end = error
            self._changed.notify_all()
