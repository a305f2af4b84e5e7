"""A tracking system that follows three tools: an ultrasound probe, a needle and a reference."""

from __future__ import annotations

from collections.abc import Sequence

from igtl.messages import Message, Tool, TrackingData, Transform
from igtl.sources import motion
from igtl.sources.source import checked_rate

__all__ = ["TrackerSource"]

_TOOLS = {
    "Probe": motion.probe_to_tracker,
    "Needle": motion.needle_to_tracker,
    "Reference": motion.reference_to_tracker,
}


class TrackerSource:
    """Each tick, the poses of all tools, twice: as TRANSFORMs and as one TDATA.

    The TRANSFORMs are called ProbeToTracker, NeedleToTracker and ReferenceToTracker, as PLUS
    calls them. The TDATA's tools are Probe, Needle and Reference. Poses are in the tracker's
    frame, mm; see `motion` for the frames of the tools.

    Args:
        rate: ticks per second, 50 by default.
        device_name: device name of the TDATA.
    """

    name = "tracker"

    def __init__(self, *, rate: float = 50.0, device_name: str = "Tracker") -> None:
        self.rate = checked_rate(rate)
        self.device_name = device_name
        self.description = f"three moving tools ({', '.join(_TOOLS)}), as {device_name}"

    def messages(self, time_s: float) -> Sequence[Message]:
        """The poses at `time_s` seconds since the start."""
        poses = {name: pose(time_s) for name, pose in _TOOLS.items()}
        tools = tuple(Tool(name, pose) for name, pose in poses.items())
        return (
            *(Transform(pose, device_name=f"{name}ToTracker") for name, pose in poses.items()),
            TrackingData(tools, device_name=self.device_name),
        )
