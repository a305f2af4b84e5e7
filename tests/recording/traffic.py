"""Messages to record."""

from __future__ import annotations

import numpy as np

import igtl
from igtl.codec.crc import crc64
from igtl.codec.frame import Frame, parse

__all__ = ["bulk", "damaged", "frame_of", "pose"]


def frame_of(message: igtl.Message) -> Frame:
    """A message as it arrives."""
    return parse(igtl.encode(message))


def pose(number: int, device: str = "Probe", timestamp: float = 1e9) -> Frame:
    """A TRANSFORM that says `number` at its place for x."""
    matrix = np.eye(4)
    matrix[0, 3] = number
    return frame_of(igtl.Transform(matrix, device_name=device, timestamp=timestamp))


def bulk(size: int, device: str = "US") -> Frame:
    """A message of a type that nobody knows, with a body of `size` bytes."""
    body = np.random.default_rng(size).bytes(size)
    return _made(b"BULK", device.encode(), body)


def _made(raw_type: bytes, raw_name: bytes, body: bytes) -> Frame:
    """A sound message of any type with any body."""
    return Frame(
        1, raw_type.ljust(12, b"\0"), raw_name.ljust(20, b"\0"), 0, len(body), crc64(body), body
    )


def damaged(frame: Frame) -> Frame:
    """The same with a wrong checksum."""
    return frame._replace(crc=frame.crc ^ 1)
