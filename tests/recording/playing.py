"""Recordings of a few messages, and players in threads of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import igtl
from igtl.codec.frame import Frame, parse
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter

__all__ = ["START_NS", "TIMEOUT_S", "Performance", "numbered", "recorded", "texts"]

START_NS = 1_700_000_000 * 1_000_000_000
TIMEOUT_S = 20.0


def recorded(
    path: Path, messages: Iterable[tuple[float, igtl.Message]], connection: str = "tracker"
) -> list[Frame]:
    """Write a recording of messages, each with its time in s since the start; their frames."""
    frames = []
    with FileWriter(path) as writer:
        for position, message in messages:
            frames.append(parse(igtl.encode(message)))
            writer.add(Entry(START_NS + round(position * 1e9), connection, frames[-1]))
    return frames


def numbered(*positions: float) -> list[tuple[float, igtl.Message]]:
    """Messages that say "0", "1", ..., of a device "Count", made 0.25 s before they came."""
    start = START_NS / 1e9
    return [
        (at, igtl.String(str(number), device_name="Count", timestamp=start + at - 0.25))
        for number, at in enumerate(positions)
    ]


def texts(frames: Iterable[Frame]) -> list[str]:
    """What messages of `numbered` say."""
    messages = map(igtl.decode_frame, frames)
    return [message.text for message in messages if isinstance(message, igtl.String)]


class Performance:
    """A player that plays in a thread of its own, as long as the `with` block lasts."""

    def __init__(self, player: igtl.Player) -> None:
        self._player = player
        self.given: queue.SimpleQueue[list[Frame]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=player.play, args=(self.given.put,), daemon=True)

    def next(self) -> list[str]:
        """What is handed over next, which is waited for."""
        return texts(self.given.get(timeout=TIMEOUT_S))

    def ended(self) -> bool:
        """Whether it ends by itself, with nothing left to take."""
        self._thread.join(TIMEOUT_S)
        return not self._thread.is_alive() and self.given.empty()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._player.stop()
        self._thread.join(TIMEOUT_S)
