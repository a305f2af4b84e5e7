"""What tests send to the viewer, and how they read what it sends on."""

from __future__ import annotations

import json
import struct
from typing import Any

import igtl
from igtl.codec.buffers import Buffer
from igtl.codec.frame import Frame, parse
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.pictures import Pictures
from igtl.viewer.row import Row
from igtl.viewer.statistics import Statistics


def frame_of(message: igtl.Message) -> Frame:
    return parse(igtl.encode(message))


def spoilt(frame: Frame) -> Frame:
    """The same with another checksum: it was damaged on the way."""
    return frame._replace(crc=frame.crc ^ 1)


class Rows:
    """Gives frames their rows, as the board does."""

    def __init__(self) -> None:
        self._statistics = Statistics()

    def of(self, frame: Frame, received: float = 0.0) -> Row:
        return self._statistics.count(frame, received)


class Device:
    """A device that sends pictures, or its messages as frames, to `Pictures`."""

    def __init__(self) -> None:
        self.log, self.rows = Log(), Rows()
        self.pictures = Pictures(self.log)

    def send(self, message: igtl.Message | Frame, received: float = 10.0) -> PictureStream:
        frame = message if isinstance(message, Frame) else frame_of(message)
        row = self.rows.of(frame, received)
        self.pictures.take(row, frame, received)
        stream = self.pictures.of(row.id)
        assert stream is not None
        return stream


class Log:
    """Takes what is told of malformed messages."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def __call__(self, row: Row, error: Exception, time: float) -> None:
        self.errors.append(str(error))


def opened(envelope: list[Buffer]) -> tuple[dict[str, Any], bytes]:
    """Head and payload, taken apart by the description of the format, not by our code."""
    data = b"".join(envelope)
    (size,) = struct.unpack_from("<I", data)
    assert (4 + size) % 8 == 0
    head: dict[str, Any] = json.loads(data[4 : 4 + size], parse_constant=_refuse)
    return head, data[4 + size :]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
