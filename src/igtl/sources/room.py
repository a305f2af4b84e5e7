"""A whole operating room: tracker, ultrasound, CT, plan, sensor and log, all of one phantom.

Everything fits together by its values. The ultrasound and the CT show the same body, each where
its matrix says; the path ends in the lesion that both show; the sensor tells the distance between
the needle's tip, as the tracker sees it, and the target. All is in the tracker's frame, RAS, mm,
which is also the world, where images and plans are that name no frame of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from igtl.messages import Image, Message, Sensor, Status, String, Transform
from igtl.sources import ct, motion, plan
from igtl.sources.source import checked_rate, tick_number
from igtl.sources.tracker import TrackerSource
from igtl.sources.ultrasound import UltrasoundSource

__all__ = ["RoomSource", "phase"]

_ULTRASOUND_S, _SENSOR_S, _PLAN_S, _CT_S, _STATUS_S = 0.04, 0.1, 1.0, 2.0, 10.0
_AT_TARGET_MM = 1.0
_MOMENT_S = 0.01


class RoomSource:
    """An operating room: tracked tools, ultrasound, CT, a plan, a sensor and a log.

    * TRANSFORM ProbeToTracker, NeedleToTracker, ReferenceToTracker: each tick
    * IMAGE Ultrasound: 25 a second; IMAGE CT, 128 x 128 x 96 voxels of 0.8 mm, int16: every 2 s
    * TRAJ Plan, POINT Target, POLYDATA Lesion and Vessel, TRANSFORM TrackerToWorld (nothing but
      "both are the same"): every second
    * SENSOR TipToTarget, mm: 10 a second
    * STRING Log: whenever the needle does something else; STATUS Tracker: every 10 s

    What does not change comes again and again for those who connect later.

    Args:
        rate: ticks per second, 50 by default.
    """

    name = "room"

    def __init__(self, *, rate: float = 50.0) -> None:
        self.rate = checked_rate(rate)
        self.description = "a simulated operating room: tracker, ultrasound, CT, plan, sensor, log"
        self._tracker = TrackerSource(rate=rate)
        self._ultrasound = UltrasoundSource()
        world = Transform(np.eye(4), device_name="TrackerToWorld")
        self._plan: tuple[Message, ...] = (
            plan.path(),
            plan.target(),
            plan.lesion(),
            plan.vessel(),
            world,
        )

    def messages(self, time_s: float) -> Sequence[Message]:
        """All that is due `time_s` seconds after the start; everything at 0."""
        parts = (
            (0.0, self._tools),
            (_ULTRASOUND_S, self._picture),
            (_SENSOR_S, _distance),
            (0.0, self._log),
            (_PLAN_S, lambda time_s: self._plan),
            (_STATUS_S, _state),
            (_CT_S, _scan),
        )
        tick = tick_number(time_s, self.rate)
        return [
            message
            for period_s, give in parts
            if tick % max(1, round(period_s * self.rate)) == 0
            for message in give(time_s)
        ]

    def _tools(self, time_s: float) -> Sequence[Message]:
        """Each pose once: the tracker tells them twice."""
        return [one for one in self._tracker.messages(time_s) if isinstance(one, Transform)]

    def _picture(self, time_s: float) -> Sequence[Message]:
        """The ultrasound's image alone: the tracker has told where the probe is."""
        return [one for one in self._ultrasound.messages(time_s) if isinstance(one, Image)]

    def _log(self, time_s: float) -> Sequence[Message]:
        now = phase(time_s)
        if time_s > 0 and now == phase(time_s - 1 / self.rate):
            return ()
        return (String(now, device_name="Log"),)


def phase(time_s: float) -> str:
    """What the needle is doing, for people."""
    needle = motion.needle_to_tracker(time_s)
    distance = plan.to_target(needle)
    if needle[1, 3] > motion.SKIN_Y:
        return "Needle outside the skin"
    if distance < _AT_TARGET_MM:
        return "Needle at the target"
    later = plan.to_target(motion.needle_to_tracker(time_s + _MOMENT_S))
    return "Needle advances to the target" if later < distance else "Needle is drawn back"


def _distance(time_s: float) -> Sequence[Message]:
    distance = plan.to_target(motion.needle_to_tracker(time_s))
    return (Sensor([distance], "mm", device_name="TipToTarget"),)


def _state(time_s: float) -> Sequence[Message]:
    return (Status(text="3 tools in sight", device_name="Tracker"),)


def _scan(time_s: float) -> Sequence[Message]:
    return (Image(ct.volume(), ijk_to_world=ct.IJK_TO_TRACKER, device_name="CT"),)
