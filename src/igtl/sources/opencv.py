"""OpenCV, kept at arm's length: imported on use, and quiet."""

from __future__ import annotations

import os
from typing import Any

from igtl.errors import MissingExtraError

__all__ = ["opencv"]


def opencv(purpose: str) -> Any:
    """The cv2 module.

    Args:
        purpose: what needs it, for the error.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError.of("opencv-python-headless", "cameras", purpose) from error
    # It writes to the terminal what we say in an error; so does FFmpeg within it.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    return cv2
