"""Folders of pictures as films: PNG, JPEG and the like, one after another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from igtl.errors import SourceError
from igtl.messages import Image, Message
from igtl.sources.dicom import holds_dicom
from igtl.sources.image_file import PICTURE_ENDINGS, device_name_of, read_scan
from igtl.sources.source import checked_rate, tick_number

__all__ = ["PicturesSource", "holds_pictures"]

_PICTURES_PER_S = 10.0


class PicturesSource:
    """One IMAGE each tick, from the pictures in a folder, sorted by name ("9.png" before "10.png").

    A picture is read when its turn comes. Folders inside are not looked into.

    Args:
        path: the folder.
        rate: pictures per second, 10 by default.
        device_name: default: the folder's name, cut to 20 bytes.
        spacing: mm between pixels; default: what each picture says, which is mostly nothing, so 1.

    Raises:
        SourceError: there is no picture, or the first one cannot be read.
        MissingExtraError: SimpleITK is not installed.
    """

    needs = "igtl[images]"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate: float = _PICTURES_PER_S,
        device_name: str | None = None,
        spacing: float | None = None,
    ) -> None:
        folder = Path(path)
        self.name = folder.name or str(folder)
        self.rate = checked_rate(rate)
        self.device_name = device_name_of(folder) if device_name is None else device_name
        if spacing is not None and not 0 < spacing < float("inf"):
            raise SourceError(f"spacing is {spacing!r}, expected mm between pixels, such as 0.2")
        self._spacing = spacing
        self._files = sorted(_pictures(folder), key=_natural)
        if not self._files:
            raise SourceError(f"folder {folder} holds no picture ({', '.join(PICTURE_ENDINGS)})")
        first = self._image(self._files[0])
        self.description = (
            f"film: {len(self._files)} pictures, the first of {first.size[0]} x {first.size[1]} "
            f"{first.pixels.dtype.name}, as {self.device_name}"
        )

    def messages(self, time_s: float) -> Sequence[Message]:
        """The picture whose turn it is at `time_s` seconds since the start."""
        return (self._image(self._files[tick_number(time_s, self.rate) % len(self._files)]),)

    def _image(self, file: Path) -> Image:
        scan = read_scan(file)
        image = scan.volume_image(0, coordinates="RAS", device_name=self.device_name)
        if image.size[2] > 1 or scan.pixels.shape[0] > 1:
            raise SourceError(f"{file} holds several pictures, expected one a file: serve it alone")
        return image if self._spacing is None else image.replace(spacing=self._spacing)


def holds_pictures(folder: Path) -> bool:
    """Whether a folder is a film of pictures: has some, and no DICOM image beside or below them."""
    if not any(_pictures(folder)):
        return False
    others = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return not holds_dicom(one for one in others if not _is_picture(one))


def _pictures(folder: Path) -> Iterator[Path]:
    try:
        yield from (one for one in folder.iterdir() if _is_picture(one) and one.is_file())
    except OSError as error:
        raise SourceError(f"cannot read folder {folder}: {error.strerror}") from error


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS and not path.name.startswith(".")


def _natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their value."""
    pieces = re.split(r"([0-9]+)", path.name.lower())
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]
