"""Connections and their devices, counted by many threads, looked at by others."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from igtl.codec.frame import Frame
from igtl.messages.image import Image
from igtl.messages.message import Unknown
from igtl.messages.ndarray import NDArray
from igtl.messages.polydata import PolyData
from igtl.messages.registry import class_of
from igtl.messages.video import Video
from igtl.net.follower import LinkState
from igtl.viewer.items import has_items
from igtl.viewer.row import Row
from igtl.viewer.standing import Standing, standing
from igtl.viewer.statistics import Statistics
from igtl.viewer.summary import summary

__all__ = ["Board", "Connection"]

#: Whoever asks again so soon, in s, gets what was found out before.
_FRESH_S = 0.1
#: So many bytes of messages are looked at in one go, 0.1 s of work; the others the next time.
_MOST_LOOKED = 2 << 20
#: What a look at a message costs beside its bytes, which do not matter where they stay as they are.
_LOOK, _AS_THEY_ARE = 500, (Image, NDArray, PolyData, Video)


class Connection:
    """One server, or one recording, and the devices that came from there.

    Attributes:
        id: its number, from 0 on.
        endpoint: what was connected to.
        state: how it stands.
        rows: its devices.
    """

    def __init__(self, number: int, endpoint: str, every: list[Row]) -> None:
        self.id, self.endpoint = number, endpoint
        self.state = LinkState("connecting", f"connecting to {endpoint}")
        self.rows = Statistics(every)

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
    seconds, of a clock that may stand still, be set back, and go at any speed: that of a session.
    """

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self._rows: list[Row] = []  # of all connections, by their ids
        self._lock = threading.Lock()  # of counting
        self._asking = threading.Lock()  # of what was told
        self._told: dict[int, _Told] = {}
        self._number, self._asked_at, self._turn = 0, -math.inf, 0
        self._looked_at = -math.inf  # by a clock that never stands still

    def connect(self, endpoint: str) -> int:
        """Make room for a connection; its id."""
        with self._lock:
            self.connections.append(Connection(len(self.connections), endpoint, self._rows))
            return len(self.connections) - 1

    def state(self, connection_id: int, state: LinkState) -> None:
        """Note how a connection stands."""
        with self._lock:
            connection = self.connections[connection_id]
            connection.state = state
            if state.state != "connected":
                connection.rows.cut()

    def count(self, connection_id: int, frame: Frame, received: float) -> Row:
        """Count one message; its row."""
        with self._lock:
            connection = self.connections[connection_id]
            row = connection.rows.count(frame, received)
            if row.is_cut and connection.state.state == "connected":  # it may have come before
                row.is_cut = False
            return row

    def reset(self, now: float) -> None:
        """Count all devices from 0."""
        with self._lock:
            for connection in self.connections:
                connection.rows.reset(now)

    def rows(self) -> list[Row]:
        """The devices of all connections, in the order in which they appeared."""
        return self._rows[:]

    def row(self, row_id: int) -> Row | None:
        """The device with an id; None when there is none."""
        rows = self._rows
        return rows[row_id] if 0 <= row_id < len(rows) else None

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
            steady = time.monotonic()
            if steady - self._looked_at >= _FRESH_S or not 0 <= now - self._asked_at < _FRESH_S:
                self._looked_at = steady
                self._look(now)
            rows = [one.told(now) for _, one in sorted(self._told.items()) if one.number > number]
            return self._number, {
                "kind": "board",
                "time": self._asked_at,
                "complete": number <= 0,
                "connections": [one.plain(now) for one in self.connections],
                "rows": rows,
            }

    def _look(self, now: float) -> None:
        """Find out what changed, and remember it under a new number.

        Where there is too much to look at, the next time begins with what was left out. Until then
        that is told as it was, and what is new without what it says.
        """
        self._number, self._asked_at = self._number + 1, now
        rows = [(one.id, row) for one in self.connections for row in one.rows]
        start, left = self._turn % max(1, len(rows)), _MOST_LOOKED
        for at, (connection_id, row) in enumerate(rows[start:] + rows[:start], start):
            told = self._told.get(row.id)
            if told is not None and (left <= 0 or not told.differs(now)):
                continue
            if left > 0:
                left -= _work(row)
                row.look()
                self._turn = at + 1
            self._told[row.id] = _Told(self._number, connection_id, row, now)


def _work(row: Row) -> int:
    """What a look at the newest message costs, in bytes."""
    frame = row.newest
    if frame is None:
        return _LOOK
    kind = class_of(frame.raw_type) or Unknown
    stays = issubclass(kind, _AS_THEY_ARE) or has_items(kind)
    return _LOOK if stays else _LOOK + frame.body_size


class _Told:
    """What was told of a row, and when."""

    def __init__(self, number: int, connection_id: int, row: Row, now: float) -> None:
        self.number, self._row = number, row
        known = _known(row)  # before all that is told: what comes meanwhile is told the next time
        self._known = known if row.is_looked_at else None
        self._standing = standing(row, now)
        self._plain = _plain_row(connection_id, row, self._standing, now)

    def differs(self, now: float) -> bool:
        """Whether there is anything new to tell."""
        row = self._row
        fell_silent = self._plain["rate"] and not row.rate(now)
        return _known(row) != self._known or fell_silent or standing(row, now) != self._standing

    def told(self, now: float) -> dict[str, Any]:
        """What was told, with the age of today."""
        return {**self._plain, "age": self._row.age(now)}


def _known(row: Row) -> tuple[object, ...]:
    """What changes when there is anything new of a row, but for what time alone changes."""
    return row.number, row.messages, row.left_out


def _plain_row(connection_id: int, row: Row, how: Standing, now: float) -> dict[str, Any]:
    message = row.seen
    return {
        "id": row.id,
        "connection": connection_id,
        "type": row.wire_type,
        "device": row.device_name,
        "version": max(row.versions, default=1),
        "number": row.number,
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
        "left_out": row.left_out,
        "summary": "" if message is None else summary(message),
    }
