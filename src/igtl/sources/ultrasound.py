"""A curved-array ultrasound scanner that looks into the phantom where the moving probe is.

A frame is made the way a scanner makes it. Along 128 beams, fanned out from the probe's curved
face, the phantom is asked for its echoes at 224 depths; the echoes are blurred by the pulse and
the beam width, which turns grain into speckle; what lies behind other tissue gets weaker; the
strength is compressed to decibels; and the fan is resampled to a rectangular picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.messages import Image, Message, Transform
from igtl.sources import motion, phantom
from igtl.sources.source import checked_rate

__all__ = ["IMAGE_TO_PROBE", "UltrasoundSource", "render"]

Values = NDArray[np.float32]

WIDTH, HEIGHT = 320, 240
PIXEL_MM = 0.375
FACE_RADIUS_MM = 40.0
HALF_ANGLE_RAD = math.radians(30.0)
DEPTH_MM = 80.0
BEAMS, SAMPLES = 128, 224
SLICE_MM = 1.0

_TOP_MARGIN_MM = 7.0
_BLACK_DB = 24.0
_DYNAMIC_RANGE_DB = 55.0
_TIME_GAIN_DB_PER_MM = 0.20
_BEAM_BLUR = (0.25, 0.75, 1.0, 0.75, 0.25)
_PULSE_BLUR = (0.2, 0.7, 1.0, 0.7, 0.2)

IMAGE_TO_PROBE = np.array(
    [
        [PIXEL_MM, 0.0, 0.0, -PIXEL_MM * (WIDTH - 1) / 2],
        [0.0, PIXEL_MM, 0.0, -_TOP_MARGIN_MM],
        [0.0, 0.0, SLICE_MM, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""(4, 4) float64: pixel index (i, j, k, 1) to mm in the probe's frame (see `motion`)."""


class UltrasoundSource:
    """Images of the phantom and the pose of the probe that took them.

    Each tick gives a TRANSFORM "ProbeToTracker" and an IMAGE of 320 x 240 pixels of 0.375 mm,
    uint8, whose `ijk_to_world` puts it where the probe is: in the tracker's frame, RAS, mm.

    Args:
        rate: ticks per second, 20 by default.
        device_name: device name of the images.
    """

    name = "ultrasound"

    def __init__(self, *, rate: float = 20.0, device_name: str = "Ultrasound") -> None:
        self.rate = checked_rate(rate)
        self.device_name = device_name
        self.description = (
            f"synthetic ultrasound, {WIDTH} x {HEIGHT} pixels of {PIXEL_MM} mm, as {device_name}"
        )

    def messages(self, time_s: float) -> Sequence[Message]:
        """The probe's pose and the image that it sees, at `time_s` seconds since the start."""
        probe = motion.probe_to_tracker(time_s)
        pixels = render(probe, motion.needle_to_tracker(time_s))
        return (
            Transform(probe, device_name="ProbeToTracker"),
            Image(pixels, ijk_to_world=probe @ IMAGE_TO_PROBE, device_name=self.device_name),
        )


def render(
    probe_to_tracker: NDArray[np.float64], needle_to_tracker: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """The picture that the probe sees.

    Args:
        probe_to_tracker: (4, 4) float64, rigid, mm.
        needle_to_tracker: (4, 4) float64, rigid, mm; the tip is its origin.

    Returns:
        (j, i) = (240, 320) uint8; j grows with the depth. Black outside the fan.
    """
    fan = _fan()
    points = _in_tracker(fan, probe_to_tracker)
    amplitude, reflection, attenuation = phantom.tissue(points)
    reflection += phantom.needle(needle_to_tracker, points)
    echoes = phantom.scatterers(points)
    echoes *= amplitude
    echoes += reflection
    echoes = _blurred(_blurred(echoes, _PULSE_BLUR, axis=1), _BEAM_BLUR, axis=0)
    return _picture(fan, _brightness(echoes, attenuation))


class _Fan(NamedTuple):
    """The samples of all beams, and how the picture is made of them."""

    x: Values
    """(BEAMS, SAMPLES), mm in the probe's frame, as is y."""
    y: Values
    inside: NDArray[np.bool_]
    """(HEIGHT, WIDTH): which pixels of the picture lie in the fan."""
    corners: NDArray[np.intp]
    """(4, pixels): flat indices of the four samples around each pixel."""
    weights: Values
    """(4, pixels): their weights; the sum is 1."""


@cache
def _fan() -> _Fan:
    angle, radius = np.meshgrid(
        np.linspace(-HALF_ANGLE_RAD, HALF_ANGLE_RAD, BEAMS),
        FACE_RADIUS_MM + np.linspace(0.0, DEPTH_MM, SAMPLES),
        indexing="ij",
    )
    x = (radius * np.sin(angle)).astype(np.float32)
    y = (radius * np.cos(angle) - FACE_RADIUS_MM).astype(np.float32)
    return _Fan(x, y, *_resampling())


def _resampling() -> tuple[NDArray[np.bool_], NDArray[np.intp], Values]:
    """Which pixels lie inside the fan, and the bilinear weights of the samples around them."""
    j, i = np.mgrid[:HEIGHT, :WIDTH]
    x = IMAGE_TO_PROBE[0, 0] * i + IMAGE_TO_PROBE[0, 3]
    y = IMAGE_TO_PROBE[1, 1] * j + IMAGE_TO_PROBE[1, 3] + FACE_RADIUS_MM
    beam = (np.arctan2(x, y) / HALF_ANGLE_RAD + 1) / 2 * (BEAMS - 1)
    sample = (np.hypot(x, y) - FACE_RADIUS_MM) / DEPTH_MM * (SAMPLES - 1)
    inside = (beam >= 0) & (beam < BEAMS - 1) & (sample >= 0) & (sample < SAMPLES - 1)
    beam, sample = beam[inside], sample[inside]
    first = beam.astype(np.intp) * SAMPLES + sample.astype(np.intp)
    u, v = beam % 1, sample % 1
    weights = np.stack(((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v)).astype(np.float32)
    corners = np.stack((first, first + 1, first + SAMPLES, first + SAMPLES + 1))
    return inside, corners, weights


def _in_tracker(fan: _Fan, probe_to_tracker: NDArray[np.float64]) -> phantom.Points:
    """Where the samples are; they lie in the probe's plane z = 0."""
    matrix = probe_to_tracker.astype(np.float32)
    return phantom.Points(*(row[0] * fan.x + row[1] * fan.y + row[3] for row in matrix[:3]))


def _blurred(
    echoes: NDArray[np.complex64], weights: tuple[float, ...], axis: int
) -> NDArray[np.complex64]:
    """Convolution with a symmetric kernel of unit energy; nothing comes from beyond the rim."""
    parts = echoes.view(np.float32)  # real and imaginary parts take turns along the last axis
    stride = 2 if axis == 1 else 1
    kernel = np.array(weights, np.float32)
    kernel /= np.sqrt(np.sum(kernel * kernel))
    half = len(kernel) // 2
    result: Values = parts * kernel[half]
    for distance in range(1, half + 1):
        weighted = parts * kernel[half + distance]
        ahead, behind = _shifted(distance * stride, axis)
        result[ahead] += weighted[behind]
        result[behind] += weighted[ahead]
    return result.view(np.complex64)


def _shifted(distance: int, axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Indices of all that lies `distance` behind the start, and before the end, of an axis."""
    whole = (slice(None),) * axis
    return (*whole, slice(distance, None)), (*whole, slice(None, -distance))


def _brightness(echoes: NDArray[np.complex64], attenuation: Values) -> Values:
    """Grey value of each sample: its echo in decibels, less the loss on the way, plus the gain."""
    step = DEPTH_MM / (SAMPLES - 1)
    loss = np.cumsum(attenuation, axis=1)
    loss -= np.arange(SAMPLES, dtype=np.float32) * np.float32(_TIME_GAIN_DB_PER_MM)
    loss *= np.float32(step)
    power = echoes.real**2 + echoes.imag**2
    decibels: Values = np.log(power + np.float32(1e-9)) * np.float32(10 / math.log(10))
    decibels -= loss
    decibels += np.float32(_BLACK_DB)
    decibels *= np.float32(255 / _DYNAMIC_RANGE_DB)
    return decibels


def _picture(fan: _Fan, brightness: Values) -> NDArray[np.uint8]:
    """The samples of the fan resampled to the rectangular picture."""
    flat = brightness.ravel()
    values = flat.take(fan.corners[0]) * fan.weights[0]
    for corner, weight in zip(fan.corners[1:], fan.weights[1:], strict=True):
        values += flat.take(corner) * weight
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    picture[fan.inside] = np.clip(values, 0, 255, out=values).astype(np.uint8)
    picture.flags.writeable = False
    return picture
