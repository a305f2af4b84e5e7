"""ArUco markers seen by a camera: where each of them is, by OpenCV."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image, Message, Tool, TrackingData, Transform
from igtl.sources.calibration import Calibration, assumed, read_calibration
from igtl.sources.edges import sharpened
from igtl.sources.encoded import image_in
from igtl.sources.opencv import opencv
from igtl.sources.opening import open_source
from igtl.sources.source import close_source

__all__ = ["ArucoSource"]

_log = logging.getLogger("igtl")
_PREFIX = "DICT_"
_CORNERS = np.array([[-0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, -0.5, 0], [-0.5, -0.5, 0]])
"""(4, 3): the corners of a marker of size 1, in the order in which OpenCV finds them."""
_VIEW_ANGLES_DEG = (1.0, 170.0)


class ArucoSource:
    """Where the markers in a camera's pictures are.

    For each marker that is seen, a TRANSFORM "Marker7ToCamera", 7 being its number, and one TDATA
    of all, whose tools are called Marker7 and so on. Markers that are not seen are not sent; a
    TDATA of none says that nothing is seen. Times are those of the pictures.

    A marker's origin is its centre; x points to the right of the upright marker, y up, z out of it.
    The camera's x points to the right of the picture, y down, z away from it. All in mm.

    Args:
        pictures: a camera's number, or what else gives IMAGEs: a source's name, the path of a film
            or picture.
        size: mm along the side of a marker's black square.
        dictionary: "4X4_50", "5X5_100", "APRILTAG_36h11" ..., as OpenCV names them.
        calibration: path of the camera's calibration; see `calibration.read_calibration`. Without
            one the lens is guessed by `field_of_view`, and a warning says so.
        field_of_view: degrees that the width of the pictures spans, where there is no calibration.
        rate: ticks per second; default: that of the pictures.
        device_name: device name of the TDATA.
        picture_name: device name of the pictures, to send them as well; default: they are not sent.

    Raises:
        SourceError: no such camera or file, or an option is wrong.
        MissingExtraError: OpenCV, or what else the pictures need, is not installed.
    """

    needs = "igtl[cameras]"

    def __init__(
        self,
        pictures: str = "0",
        *,
        size: float = 50.0,
        dictionary: str = "4X4_50",
        calibration: str | None = None,
        field_of_view: float = 60.0,
        rate: float | None = None,
        device_name: str = "ArUco",
        picture_name: str | None = None,
    ) -> None:
        self.name = f"aruco:{pictures}"
        self.device_name = device_name
        self._picture_name = picture_name
        self._detector = _detector(dictionary)
        self._corners = _CORNERS * _checked("size", size, 1e-3, 1e6, "mm, such as 40")
        _checked("field_of_view", field_of_view, *_VIEW_ANGLES_DEG, "degrees, from 1 to 170")
        self._field_of_view = field_of_view
        self._calibration = None if calibration is None else read_calibration(Path(calibration))
        options = {} if rate is None else {"rate": rate}
        self._pictures = open_source(_camera_or_other(pictures), **options)
        self.rate = self._pictures.rate
        if (next_time := getattr(self._pictures, "next_time", None)) is not None:
            self.next_time = next_time
        lens = "" if calibration else f", lens guessed: {field_of_view:g} degrees wide"
        self.description = (
            f"ArUco markers {dictionary} of {size:g} mm in {self._pictures.name}, as {device_name}"
            f"{lens}"
        )
        if calibration is None:
            _log.warning(
                "igtl: %s: no calibration given, positions are a guess: the picture is taken to "
                "be %g degrees wide (options calibration and field_of_view)",
                self.name,
                field_of_view,
            )

    def messages(self, time_s: float) -> Sequence[Message]:
        """The markers in the picture of that time."""
        images = map(image_in, self._pictures.messages(time_s))
        return [new for image in images if image is not None for new in self._seen(image)]

    def close(self) -> None:
        """Give the camera back."""
        close_source(self._pictures)

    def _seen(self, image: Image) -> list[Message]:
        common: dict[str, Any] = {"timestamp": image.timestamp}
        poses = self._poses(_grey(image))
        tools = tuple(Tool(name, pose) for name, pose in poses.items())
        made: list[Message] = [
            Transform(pose, device_name=f"{name}ToCamera", **common) for name, pose in poses.items()
        ]
        made.append(TrackingData(tools, device_name=self.device_name, **common))
        if self._picture_name is not None:
            made.append(image.replace(device_name=self._picture_name))
        return made

    def _poses(self, grey: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
        """Marker to camera, (4, 4), mm, by the marker's name; of a number seen twice the first."""
        height, width = grey.shape
        lens = self._calibration or assumed(self._field_of_view, width, height)
        lens.check_size(width, height)
        corners, numbers, _ = self._detector.detectMarkers(grey)
        if numbers is None:
            return {}
        poses: dict[str, NDArray[np.float64]] = {}
        for number, four in sorted(
            zip(numbers.ravel().tolist(), corners, strict=True), key=_number
        ):
            pose = _pose(self._corners, sharpened(grey, four.reshape(4, 2), lens), lens)
            if pose is not None:
                poses.setdefault(f"Marker{number}", pose)
        return poses


def _number(pair: tuple[int, Any]) -> int:
    return pair[0]


def _pose(
    corners: NDArray[np.float64], pixels: NDArray[np.float64], lens: Calibration
) -> NDArray[np.float64] | None:
    """Marker to camera, (4, 4), mm, of corners without distortion; None where no pose fits."""
    cv2 = opencv("finding ArUco markers")
    found, turn, shift = cv2.solvePnP(
        corners, pixels, lens.matrix, None, flags=cv2.SOLVEPNP_IPPE_SQUARE
    )
    if not found:
        return None
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(turn)[0]
    pose[:3, 3] = shift.ravel()
    return pose if np.isfinite(pose).all() else None


def _grey(image: Image) -> NDArray[np.uint8]:
    """The first slice of an image, (j, i)."""
    pixels = image.pixels[0]
    if pixels.dtype != np.uint8 or image.components not in (1, 3, 4):
        raise SourceError(
            f"pictures of {image.components} x {pixels.dtype} show no markers: expected grey or "
            "RGB of 8 bits"
        )
    if image.components == 1:
        return np.ascontiguousarray(pixels)
    cv2 = opencv("finding ArUco markers")
    grey: NDArray[np.uint8] = cv2.cvtColor(
        np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY
    )
    return grey


def _detector(dictionary: str) -> Any:
    """A detector of the markers of a dictionary, to a fraction of a pixel."""
    cv2 = opencv("finding ArUco markers")
    known = {name.removeprefix(_PREFIX).lower(): name for name in dir(cv2.aruco) if _PREFIX in name}
    name = known.get(dictionary.lower().removeprefix(_PREFIX.lower()))
    if name is None:
        raise SourceError(
            f"there is no dictionary {dictionary!r} of ArUco markers, expected one of "
            f"{', '.join(sorted(one.upper() for one in known))}"
        )
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    markers = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
    return cv2.aruco.ArucoDetector(markers, parameters)


def _camera_or_other(pictures: str) -> str:
    return f"camera:{pictures}" if pictures.isdecimal() else pictures


def _checked(name: str, value: float, least: float, most: float, expected: str) -> float:
    if not least <= value <= most:
        raise SourceError(f"{name} is {value!r}, expected {expected}")
    return value
