"""What the messages of one row say, one after another: poses, or sensor values."""

from __future__ import annotations

import math
from typing import Any, Protocol

from igtl.messages.message import Message
from igtl.messages.pose import status_of
from igtl.messages.sensor import Sensor
from igtl.viewer.row import Row
from igtl.viewer.tools import Reading, described, key_of, readings, upper

__all__ = ["News", "PoseReader", "Reader", "SensorReader"]

#: Peers may invent tools without end: so many are followed of a row, and of all rows.
_MOST_TOOLS, _MOST_KEYS = 200, 5000
_NOWHERE = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]


class News:
    """What is to be told to the page: see "tools", "poses" and "sensors" there."""

    def __init__(self) -> None:
        self.tools: list[dict[str, Any]] = []
        self.poses: list[list[Any]] = []
        self.sensors: list[list[Any]] = []

    def messages(self) -> list[dict[str, Any]]:
        """As messages; those that say nothing are left out."""
        found = (
            ("tools", "tools", self.tools),
            ("poses", "samples", self.poses),
            ("sensors", "samples", self.sensors),
        )
        return [{"kind": kind, name: items} for kind, name, items in found if items]


class Reader(Protocol):
    """Reads the messages of one row."""

    def read(self, message: Message, time: float, news: News) -> str:
        """Add what a message says that came at `time`, unix s.

        Returns:
            What is left out of it, for people; "" for nothing.
        """

    def recall(self, news: News) -> None:
        """Add what was said last."""


class PoseReader:
    """The tools of TRANSFORM, POSITION, TDATA and QTDATA.

    A pose that is no numbers is "INVALID", and a tool that a later message of its device lacks is
    "MISSING"; both keep where they were last.

    Args:
        keys: of the tools of all rows, to which it adds its own.
    """

    def __init__(self, row: Row, keys: set[str]) -> None:
        self._row, self._keys = row, keys
        self._tools: dict[str, dict[str, Any]] = {}
        self._last: dict[str, list[Any]] = {}
        self._present: set[str] = set()

    def read(self, message: Message, time: float, news: News) -> str:
        """Add a sample of each tool; how many tools are left out."""
        status, found = status_of(message.metadata), set()
        every = readings(message)
        shown = [one for one in every if self._knows(one, message, news)]
        for reading in shown:
            found.add(reading.tool)
            news.poses.append(self._sample(reading, time, status))
        for tool in self._present - found:
            key, _, place, _ = self._last[tool]
            sample = self._last[tool] = [key, time, place, "MISSING"]
            news.poses.append(sample)
        self._present = found
        return "" if len(shown) == len(every) else _left_out(len(shown), len(every))

    def recall(self, news: News) -> None:
        """Add all tools, and the last sample of each."""
        news.tools += self._tools.values()
        news.poses += self._last.values()

    def _knows(self, reading: Reading, message: Message, news: News) -> bool:
        """Whether a tool is one of those that are followed; a new one is told."""
        name = reading.tool
        has_room = len(self._tools) < _MOST_TOOLS and len(self._keys) < _MOST_KEYS
        if name not in self._tools and has_room:
            self._keys.add(key_of(self._row, name))
            self._tools[name] = described(self._row, message, name, reading.what)
            news.tools.append(self._tools[name])
        return name in self._tools

    def _sample(self, reading: Reading, time: float, status: str) -> list[Any]:
        name, place = reading.tool, upper(reading.matrix)
        if place is None:
            place = self._last[name][2] if name in self._last else _NOWHERE
            status = "INVALID" if status in ("", "OK") else status
        sample = self._last[name] = [key_of(self._row, name), time, place, status]
        return sample


def _left_out(shown: int, count: int) -> str:
    tools = "tool is" if count == 1 else "tools are"
    most = f"at most {_MOST_TOOLS} of a device are, and {_MOST_KEYS:,} of all"
    return f"{shown} of {count:,} {tools} shown: {most}"


class SensorReader:
    """The values of SENSOR."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._tool: dict[str, Any] | None = None
        self._last: list[Any] = []

    def read(self, message: Message, time: float, news: News) -> str:
        """Add the values; null for what is no number."""
        if not isinstance(message, Sensor):
            return ""
        if self._tool is None or self._tool["unit"] != message.unit:
            self._tool = described(self._row, message, "", "sensor", message.unit)
            news.tools.append(self._tool)
        values = [one if math.isfinite(one) else None for one in message.values.tolist()]
        self._last = [self._row.id, time, values]
        news.sensors.append(self._last)
        return ""

    def recall(self, news: News) -> None:
        """Add the last values."""
        if self._tool is not None:
            news.tools.append(self._tool)
            news.sensors.append(self._last)
