"""Where the simulated tools are at any moment: one smooth choreography of 24 seconds.

Every source that simulates a device asks here, so a tracker and an ultrasound scanner that are
served side by side agree about the probe. Poses are pure functions of the time.

The tracker's frame is the world of the simulation: right-handed, x to the patient's right,
y to the front, z to the head (RAS), in mm. The phantom lies around its origin; its skin is the
plane y = `SKIN_Y`. In the frame of a tool:

* probe: origin at the middle of its face, x along the face, y into the body, z across the slice
* needle: origin at the tip, z along the shaft, from the hub to the tip
* reference: the origin of a sensor that is fixed on the table
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NEEDLE_ENTRY",
    "NEEDLE_TARGET",
    "PERIOD_S",
    "SKIN_Y",
    "needle_to_tracker",
    "probe_to_tracker",
    "reference_to_tracker",
]

Matrix = NDArray[np.float64]

PERIOD_S = 24.0
"""The whole choreography repeats after this many seconds."""
SKIN_Y = 40.0
"""The phantom's surface is the plane y = 40 mm of the tracker's frame."""
NEEDLE_ENTRY = (46.0, 40.0, 0.0)
"""Where the needle enters the skin, mm in the tracker's frame."""
NEEDLE_TARGET = (18.0, 10.0, 0.0)
"""Where the needle's tip turns round: the middle of the phantom's lesion, mm."""

_SWEEP_MM = 26.0
_DRIFT_MM = 6.0
_FAN_RAD = math.radians(9.0)
_TWIST_RAD = math.radians(5.0)
_NEEDLE_PERIOD_S = 8.0
_NEEDLE_STROKE_MM = 50.0
_REFERENCE_ORIGIN = (-60.0, 45.0, -30.0)
_REFERENCE_SWAY_MM = 0.05
_REFERENCE_SWAY_RAD = math.radians(0.05)


def probe_to_tracker(time_s: float) -> Matrix:
    """Pose of the ultrasound probe: it sweeps from foot to head over the skin and back.

    It lingers where the sweep passes z = 0, where the needle and its target lie, and stands
    exactly upright there.

    Args:
        time_s: seconds since the start of the choreography.

    Returns:
        (4, 4) float64, rigid, probe to tracker, mm.
    """
    sway = _cycle(time_s, PERIOD_S) ** 3
    twist = _cycle(time_s, PERIOD_S / 2) ** 3
    upright = np.diag((-1.0, -1.0, 1.0))
    rotation = upright @ _rotation(0, _FAN_RAD * sway) @ _rotation(1, _TWIST_RAD * twist)
    return _rigid(rotation, (_DRIFT_MM * twist, SKIN_Y, _SWEEP_MM * sway))


def needle_to_tracker(time_s: float) -> Matrix:
    """Pose of the needle: along its own axis from outside the skin to the target and back.

    Args:
        time_s: seconds since the start of the choreography; at 0 the needle is all the way out.

    Returns:
        (4, 4) float64, rigid, needle to tracker, mm; the translation is the tip.
    """
    target = np.array(NEEDLE_TARGET)
    axis = target - np.array(NEEDLE_ENTRY)
    axis /= np.linalg.norm(axis)
    distance = _NEEDLE_STROKE_MM / 2 * (1 + math.cos(math.tau * time_s / _NEEDLE_PERIOD_S))
    across = np.cross((0.0, 0.0, 1.0), axis)
    rotation = np.column_stack((across, np.cross(axis, across), axis))
    return _rigid(rotation, target - distance * axis)


def reference_to_tracker(time_s: float) -> Matrix:
    """Pose of the reference sensor: still, but for a sway of a twentieth of a millimetre.

    Args:
        time_s: seconds since the start of the choreography.

    Returns:
        (4, 4) float64, rigid, reference to tracker, mm.
    """
    x, y, z = _REFERENCE_ORIGIN
    sway = _cycle(time_s, PERIOD_S / 5)
    other = _cycle(time_s, PERIOD_S / 7)
    origin = (x + _REFERENCE_SWAY_MM * sway, y + _REFERENCE_SWAY_MM * other, z)
    resting = _rotation(1, math.radians(30.0))
    return _rigid(resting @ _rotation(0, _REFERENCE_SWAY_RAD * sway * other), origin)


def _cycle(time_s: float, period_s: float) -> float:
    return math.sin(math.tau * time_s / period_s)


def _rotation(axis: int, angle_rad: float) -> Matrix:
    """Right-handed rotation about the x (0), y (1) or z (2) axis, (3, 3)."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = cosine
    rotation[first, second] = -sine
    rotation[second, first] = sine
    return rotation


def _rigid(rotation: Matrix, translation: tuple[float, float, float] | Matrix) -> Matrix:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation
    return matrix
