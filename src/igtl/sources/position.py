"""A point on an ellipse, as the tracker simulator of TubeTK's OpenIGTLink page sends it.

The page is known to many who begin with OpenIGTLink; `igtl serve position` gives its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from igtl.messages import Message, Position
from igtl.sources.source import checked_rate, tick_number

__all__ = ["PositionSource"]

_RADIUS_MM = 50.0
_ANGLE_STEP_RAD = 2.0
_TURN_STEP_RAD = 0.1


class PositionSource:
    """One POSITION each tick. It depends on the tick's number only, whatever the rate.

    At tick n, with a = 2n and b = n / 10 rad, the position is (50 cos a, 50 sin a, 50 cos a) mm
    and the quaternion (0, 2/3 cos b, 0.57735, 2/3 sin b), x y z w, which is not of unit length.

    Args:
        rate: ticks per second, 10 by default.
        device_name: device name of the messages; "Tracker", as the reference's simulators say.
    """

    name = "position"

    def __init__(self, *, rate: float = 10.0, device_name: str = "Tracker") -> None:
        self.rate = checked_rate(rate)
        self.device_name = device_name
        self.description = f"a point on an ellipse, as {device_name}"

    def messages(self, time_s: float) -> Sequence[Message]:
        """The position at the tick nearest to `time_s` seconds since the start."""
        tick = tick_number(time_s, self.rate)
        angle, turn = _ANGLE_STEP_RAD * tick, _TURN_STEP_RAD * tick
        along, across = _RADIUS_MM * math.cos(angle), _RADIUS_MM * math.sin(angle)
        position = np.array((along, across, along))
        quaternion = np.array((0.0, 2 / 3 * math.cos(turn), 0.57735, 2 / 3 * math.sin(turn)))
        return (Position(position, quaternion, device_name=self.device_name),)
