"""Received messages as files: the exact bytes of each, and images in a format that others read."""

from __future__ import annotations

import re
from pathlib import Path

import igtl
from igtl.cli.reception import Arrival
from igtl.cli.terminal import warn
from igtl.sources.image_file import write_image

__all__ = ["Folder"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_NUMBER = re.compile(r"(\d{6,})_")


class Folder:
    """A folder that takes every message as NNNNNN_TYPE_DEVICE.igtl, images as .mha as well.

    The .igtl files hold the bytes as they came: `igtl send ENDPOINT FILE.igtl` sends them again.
    Numbers go on behind those of files that are there already; no file is overwritten. Whatever
    peers call their devices, files stay inside the folder: other characters than letters, digits,
    "-" and "_" become "_".

    Args:
        path: made when it is not there.

    Raises:
        OSError: it cannot be made, or read.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        numbers = (_NUMBER.match(file.name) for file in path.iterdir())
        self._last = max((int(found[1]) for found in numbers if found), default=0)
        self._writes_images = True

    def add(self, arrival: Arrival) -> Path:
        """Write one message; the path of its bytes.

        Raises:
            OSError: the disk is full, say.
        """
        self._last += 1
        path = self.path / f"{_stem(self._last, arrival)}.igtl"
        with path.open("xb") as file:
            for piece in arrival.frame.buffers():
                file.write(piece)
        if isinstance(arrival.message, igtl.Image) and self._writes_images:
            self._add_image(arrival.message, path.with_suffix(".mha"))
        return path

    def _add_image(self, image: igtl.Image, path: Path) -> None:
        try:
            write_image(image, path)
        except igtl.MissingExtraError as error:
            self._writes_images = False
            warn(f"images are saved as .igtl only: {error}")
        except igtl.SourceError as error:
            warn(f"saved as .igtl only: {error}")


def _stem(number: int, arrival: Arrival) -> str:
    parts = [f"{number:06}", _safe(arrival.frame.type_name), _safe(arrival.device_name)]
    if isinstance(arrival.message, igtl.DecodeError):
        parts.append("malformed")
    return "_".join(part for part in parts if part)


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)[:64]
