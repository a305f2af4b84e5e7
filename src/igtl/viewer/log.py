"""What was said lately: lines of what happened, and of messages that are texts."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from igtl.viewer.lines import Level, shortened
from igtl.viewer.row import Row

__all__ = ["Log"]

_MOST_LINES = 500

Line = dict[str, Any]


class Log:
    """The last 500 lines. Any thread may say something; one asks for what is new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: deque[Line] = deque(maxlen=_MOST_LINES)
        self._said: deque[Line] = deque(maxlen=_MOST_LINES)
        self._count = 0

    def say(self, text: str, *, time: float, level: Level, row: Row | None) -> None:
        """Add a line.

        Args:
            time: unix s.
            row: what it is about, if it is one row.
        """
        with self._lock:
            self._count += 1
            self._said.append(
                {
                    "n": self._count,
                    "time": time,
                    "row": None if row is None else row.id,
                    "type": "" if row is None else row.wire_type,
                    "device": "" if row is None else row.device_name,
                    "level": level,
                    "text": shortened(text),
                }
            )

    def forget_rows(self) -> None:
        """Keep only what concerns no row, to be told anew."""
        with self._lock:
            lines = [one for one in (*self._told, *self._said) if one["row"] is None]
            self._told.clear()
            self._said = deque(lines, maxlen=_MOST_LINES)

    def news(self) -> list[dict[str, Any]]:
        """The message "log" with what was said since the last call; none where nothing was."""
        with self._lock:
            lines = list(self._said)
            self._said.clear()
            self._told.extend(lines)
        return _message(lines)

    def recent(self) -> list[dict[str, Any]]:
        """The same with all that was told, for somebody who joins."""
        with self._lock:
            return _message(list(self._told))


def _message(lines: list[Line]) -> list[dict[str, Any]]:
    return [{"kind": "log", "lines": lines}] if lines else []
