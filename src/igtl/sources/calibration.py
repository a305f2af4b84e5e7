"""What is known of a camera's lens: read from a file, or assumed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.sources.opencv import opencv

__all__ = ["Calibration", "assumed", "read_calibration"]

_MATRIX_NAMES = ("camera_matrix", "cameraMatrix", "K")
_DISTORTION_NAMES = ("distortion_coefficients", "dist_coeffs", "distCoeffs", "D")
_DISTORTIONS = (4, 5, 8, 12, 14)
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Calibration:
    """A pinhole camera with a lens, as OpenCV describes it.

    Camera coordinates: x to the right of the picture, y down, z away from the camera.
    """

    matrix: NDArray[np.float64]
    """(3, 3): camera coordinates to pixels."""
    distortion: NDArray[np.float64]
    """(n,): k1 k2 p1 p2 k3 ..., as OpenCV orders them; n is 4, 5, 8, 12 or 14."""
    size: tuple[int, int] | None = None
    """Width and height of the pictures that it was measured with, in pixels, when known."""

    def check_size(self, width: int, height: int) -> None:
        """Refuse pictures of another size.

        Raises:
            SourceError: the calibration is not for such pictures.
        """
        if self.size not in (None, (width, height)):
            raise SourceError(
                f"the calibration is for pictures of {self.size[0]} x {self.size[1]} pixels, but "
                f"the camera gives {width} x {height}: calibrate it at that size"
            )


def assumed(field_of_view_deg: float, width: int, height: int) -> Calibration:
    """A lens without distortion, whose axis meets the middle of the picture.

    Args:
        field_of_view_deg: the angle that the picture's width spans.
    """
    focal = width / 2 / math.tan(math.radians(field_of_view_deg) / 2)
    matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Calibration(matrix, np.zeros(5), (width, height))


def read_calibration(path: Path) -> Calibration:
    """The calibration in a file that OpenCV wrote (YAML, XML, JSON), or in JSON of lists.

    It holds camera_matrix (3 x 3) and may hold distortion_coefficients, image_width and
    image_height.

    Raises:
        SourceError: there is no such file, or it holds no calibration.
        MissingExtraError: OpenCV is not installed.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SourceError(f"{path} is no calibration: it is larger than 1 MiB")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SourceError(f"cannot read the calibration {path}: {why}") from error
    look_up = _json(path, text) if path.suffix.lower() == ".json" else _storage(path, text)
    return _calibration(path, look_up)


LookUp = Callable[[str], NDArray[np.float64] | None]


def _calibration(path: Path, look_up: LookUp) -> Calibration:
    matrix = _first(look_up, _MATRIX_NAMES)
    if matrix is None or matrix.shape != (3, 3) or not _is_camera(matrix):
        raise SourceError(
            f"{path} holds no camera_matrix of 3 x 3 numbers, as OpenCV's calibration writes it"
        )
    distortion = _first(look_up, _DISTORTION_NAMES)
    distortion = np.zeros(5) if distortion is None else distortion.ravel()
    if len(distortion) not in _DISTORTIONS or not np.isfinite(distortion).all():
        raise SourceError(
            f"{path} holds {len(distortion)} distortion_coefficients, expected 4, 5, 8, 12 or 14"
        )
    width, height = look_up("image_width"), look_up("image_height")
    size = None if width is None or height is None else (int(width.item()), int(height.item()))
    return Calibration(matrix, distortion, size)


def _is_camera(matrix: NDArray[np.float64]) -> bool:
    """Whether a matrix can be one of a camera: finite, with focal lengths above 0."""
    finite = bool(np.isfinite(matrix).all())
    return finite and matrix[0, 0] > 0 and matrix[1, 1] > 0 and matrix[2].tolist() == [0, 0, 1]


def _first(look_up: LookUp, names: tuple[str, ...]) -> NDArray[np.float64] | None:
    found = (look_up(name) for name in names)
    return next((value for value in found if value is not None), None)


def _json(path: Path, text: str) -> LookUp:
    """Values in JSON: lists, or OpenCV's matrices of rows, cols and data."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{path} is no calibration: it is no JSON ({error})") from error

    def look_up(name: str) -> NDArray[np.float64] | None:
        value = content.get(name) if isinstance(content, dict) else None
        return None if value is None else _numbers(value)

    return look_up


def _numbers(value: Any) -> NDArray[np.float64]:
    """A number, a list, or a matrix of rows, cols and data; empty when it is none of them."""
    try:
        if isinstance(value, dict):
            return np.array(value["data"], np.float64).reshape(value["rows"], value["cols"])
        return np.array(value, np.float64)
    except (KeyError, TypeError, ValueError):
        return np.empty(0)


def _storage(path: Path, text: str) -> LookUp:
    """Values in a file of OpenCV."""
    cv2 = opencv("reading a calibration")
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    except (cv2.error, SystemError) as error:
        raise SourceError(
            f"{path} is no calibration: expected YAML, XML or JSON as OpenCV writes it"
        ) from error

    def look_up(name: str) -> NDArray[np.float64] | None:
        node = storage.getNode(name)
        if node.empty():
            return None
        value = node.real() if node.isReal() or node.isInt() else node.mat()
        return np.empty(0) if value is None else np.array(value, np.float64)

    return look_up
