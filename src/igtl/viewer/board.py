"""Connections and their devices, counted by many threads, looked at by others."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

from igtl.codec.frame import Frame
from igtl.net.follower import LinkState
from igtl.viewer.standing import Standing, standing
from igtl.viewer.statistics import Row, Statistics
from igtl.viewer.summary import summary

__all__ = ["Board", "Connection"]

#: Whoever asks again so soon, in s, gets what was found out before.
_FRESH_S = 0.1


class Connection:
    """One server, or one recording, and the devices that came from there.

    Attributes:
        id: its number, from 0 on.
        endpoint: what was connected to.
        state: how it stands.
        rows: its devices.
    """

    def __init__(self, number: int, endpoint: str, numbers: Iterator[int]) -> None:
        self.id, self.endpoint = number, endpoint
        self.state = LinkState("connecting", f"connecting to {endpoint}")
        self.rows = Statistics(numbers)

    def plain(self, now: float) -> dict[str, Any]:
        """As values of JSON."""
        rows = tuple(self.rows)
        return {
            "id": self.id,
            "endpoint": self.endpoint,
            "state": self.state.state,
            "text": self.state.text,
            "address": self.state.address,
            "profile": self.state.profile,
            "messages": sum(row.messages for row in rows),
            "bytes": sum(row.bytes for row in rows),
            "rate": sum(row.rate(now) for row in rows),
            "bandwidth": sum(row.bandwidth(now) for row in rows),
            "errors": sum(row.errors for row in rows),
        }


class Board:
    """What is known of all connections and devices.

    Each connection is counted by one thread at a time; any thread may ask. All times are unix
    seconds.
    """

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._numbers = count()
        self._lock = threading.Lock()  # of counting
        self._asking = threading.Lock()  # of what was told
        self._told: dict[int, _Told] = {}
        self._number, self._asked_at = 0, -math.inf

    def connect(self, endpoint: str) -> int:
        """Make room for a connection; its id."""
        with self._lock:
            self.connections.append(Connection(len(self.connections), endpoint, self._numbers))
            return len(self.connections) - 1

    def state(self, connection_id: int, state: LinkState) -> None:
        """Note how a connection stands."""
        self.connections[connection_id].state = state

    def count(self, connection_id: int, frame: Frame, received: float) -> Row:
        """Count one message; its row."""
        with self._lock:
            return self.connections[connection_id].rows.count(frame, received)

    def reset(self, now: float) -> None:
        """Count all devices from 0."""
        with self._lock:
            for connection in self.connections:
                connection.rows.reset(now)

    def rows(self) -> list[Row]:
        """The devices of all connections."""
        return [row for connection in self.connections for row in connection.rows]

    def row(self, row_id: int) -> Row | None:
        """The device with an id; None when there is none."""
        return next((row for row in self.rows() if row.id == row_id), None)

    def plain(self, now: float) -> dict[str, Any]:
        """All of it as values of JSON: the message "board", complete."""
        return self.changed_since(0, now)[1]

    def changed_since(self, number: int, now: float) -> tuple[int, dict[str, Any]]:
        """The message "board" with those rows only that changed.

        Ages go on growing meanwhile: that alone is no change.

        Args:
            number: what this method gave before along with its message; 0 asks for everything.

        Returns:
            A number for the next time, and the message.
        """
        with self._asking:
            if not 0 <= now - self._asked_at < _FRESH_S:
                self._look(now)
            rows = [told.told(now) for told in self._told.values() if told.number > number]
            return self._number, {
                "kind": "board",
                "time": self._asked_at,
                "complete": number <= 0,
                "connections": [one.plain(now) for one in self.connections],
                "rows": rows,
            }

    def _look(self, now: float) -> None:
        """Find out what changed, and remember it under a new number."""
        self._number, self._asked_at = self._number + 1, now
        for connection in self.connections:
            for row in connection.rows:
                told = self._told.get(row.id)
                if told is None or told.differs(now):
                    self._told[row.id] = _Told(self._number, connection.id, row, now)


class _Told:
    """What was told of a row, and when."""

    def __init__(self, number: int, connection_id: int, row: Row, now: float) -> None:
        self.number, self._row = number, row
        self._counted = row.messages, row.last_time
        row.look()
        self._standing = standing(row, now)
        self._plain = _plain_row(connection_id, row, self._standing, now)

    def differs(self, now: float) -> bool:
        """Whether there is anything new to tell."""
        row = self._row
        counted = row.messages, row.last_time
        fell_silent = self._plain["rate"] and not row.rate(now)
        return counted != self._counted or fell_silent or standing(row, now) != self._standing

    def told(self, now: float) -> dict[str, Any]:
        """What was told, with the age of today."""
        return {**self._plain, "age": self._row.age(now)}


def _plain_row(connection_id: int, row: Row, how: Standing, now: float) -> dict[str, Any]:
    message = row.seen
    return {
        "id": row.id,
        "connection": connection_id,
        "type": row.wire_type,
        "device": row.device_name,
        "version": max(row.versions, default=1),
        "messages": row.messages,
        "bytes": row.bytes,
        "rate": row.rate(now),
        "bandwidth": row.bandwidth(now),
        "age": row.age(now),
        "latency": row.latency,
        "drops": row.drops,
        "errors": row.errors,
        "state": how.state,
        "note": how.note,
        "summary": "" if message is None else summary(message),
    }
