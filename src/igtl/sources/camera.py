"""Cameras as sources: an IMAGE in colour of the newest picture at each tick, by OpenCV."""

from __future__ import annotations

import glob
import time
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image, Message
from igtl.sources.feed import Feed
from igtl.sources.opencv import opencv
from igtl.sources.source import checked_rate

__all__ = ["CameraSource"]

_DEFAULT_RATE = 30.0
_RATES = (1.0, 1000.0)
_PATIENCE_S = 10.0


class _Picture(NamedTuple):
    time_s: float
    """When it came, s since 1970 UTC."""
    pixels: NDArray[np.uint8]
    """(j, i, 3) RGB."""
    rate: float
    """Pictures per second that the camera claims; 0 when it does not say."""


class CameraSource:
    """The pictures of a camera, live: one IMAGE each tick, RGB, with the time at which it came.

    Pictures that come between two ticks are left out, so that the newest is always sent. Pixels are
    1 mm, as nothing is known about how large things are.

    Args:
        camera: 0 is the first one, 1 the next; or the path of a device or the URL of a stream.
        rate: ticks per second; default: what the camera says, else 30.
        device_name: device name of the images.
        width, height: of the pictures, in pixels; default: as the camera likes it.

    Raises:
        SourceError: there is no such camera, or it gives no such pictures.
        MissingExtraError: OpenCV is not installed.
    """

    needs = "igtl[cameras]"

    def __init__(
        self,
        camera: str = "0",
        *,
        rate: float | None = None,
        device_name: str = "Camera",
        width: int | None = None,
        height: int | None = None,
    ) -> None:
        if rate is not None:
            checked_rate(rate)
        self.name = f"camera:{camera}"
        self.device_name = device_name
        opencv("a camera")
        pictures = _pictures(camera, width, height)
        silence = f"camera {camera} gave no picture"
        self._feed = Feed(pictures, silence=silence, patience=_PATIENCE_S)
        first = self._first()
        self.rate = checked_rate(rate or first.rate or _DEFAULT_RATE)
        high, wide = first.pixels.shape[:2]
        self.description = f"camera {camera}: {wide} x {high} RGB, as {device_name}"
        if (width or wide, height or high) != (wide, high):
            self.close()
            raise SourceError(
                f"camera {camera} gives {wide} x {high} pixels, not {width or wide} x "
                f"{height or high}: ask for a size that it has, or for none"
            )

    def _first(self) -> _Picture:
        try:
            return self._feed.next()
        except SourceError:
            self.close()
            raise

    def messages(self, time_s: float) -> Sequence[Message]:
        """The newest picture, whatever `time_s` is; the next one is waited for if need be."""
        picture = self._feed.next()
        return (Image(picture.pixels, device_name=self.device_name, timestamp=picture.time_s),)

    def close(self) -> None:
        """Give the camera back."""
        self._feed.close()


def _pictures(
    camera: str, width: int | None, height: int | None
) -> Generator[_Picture, None, None]:
    """Every picture of a camera."""
    cv2 = opencv("a camera")
    device = cv2.VideoCapture()
    try:
        if not device.open(int(camera) if camera.isdecimal() else camera):
            raise SourceError(f"cannot open camera {camera!r}: {_hint(camera)}")
        for what, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)):
            if value:
                device.set(what, value)
        claimed = device.get(cv2.CAP_PROP_FPS)
        rate = claimed if _RATES[0] <= claimed <= _RATES[1] else 0.0
        while True:
            there, pixels = device.read()
            if not there:
                raise SourceError(f"camera {camera} gives no more pictures: is it unplugged?")
            yield _Picture(time.time(), _rgb(cv2, pixels), rate)
    finally:
        device.release()


def _rgb(cv2: Any, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    rgb.flags.writeable = False
    return rgb


def _hint(camera: str) -> str:
    """What may be wrong, and which cameras there are; only Linux shows them."""
    if not camera.isdecimal():
        return "expected a number (0 is the first camera), or a device or URL that gives video"
    found = ", ".join(sorted(glob.glob("/dev/video*")))
    return f"there is {found}" if found else "there is none, or another program has it"
