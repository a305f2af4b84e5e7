"""Image files as sources: a volume again and again, its slices one by one, or its film."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from igtl.errors import SourceError
from igtl.messages import Image, Message
from igtl.sources.image_file import device_name_of, read_scan
from igtl.sources.scan import Scan
from igtl.sources.source import checked_rate, tick_number

__all__ = ["FileSource"]

_MODES = ("volume", "slices", "film")
_COORDINATES = ("RAS", "LPS")
_VOLUMES_PER_S = 1.0
_SLICES_PER_S = 10.0


class FileSource:
    """One IMAGE each tick, from an image file or a folder of DICOM files, round and round.

    Pixels keep their values (`igtl.sources.scan.wire_pixels` says in which dtype) and their
    geometry. The modes are:

    * "volume": all slices in one IMAGE; a file with a time axis gives one volume a tick.
    * "slices": one slice a tick, each with its own geometry.
    * "film": slices are moments, as the frames of an ultrasound film, all at the first one's place.

    Args:
        path: the file or folder; of several DICOM series the one with the most files is taken.
        mode: default: "film" for ultrasound and other DICOM films and for PLUS sequences, "slices"
            for a DICOM series whose slices are no regular stack, "volume" for the rest.
        rate: ticks per second; default: the file's own, where it has a time axis and says so; else
            1 for a single volume and 10 for anything that changes.
        device_name: default: the file's name without its ending, cut to 20 bytes.
        coordinates: "RAS" or "LPS". 3D Slicer takes everything for RAS.
        series: of a folder with several series, 1 is the one with the most files.

    Raises:
        SourceError: there is no such file, it is no image, or it cannot be sent like this.
        MissingExtraError: SimpleITK is not installed.
    """

    needs = "igtl[images]"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: str | None = None,
        rate: float | None = None,
        device_name: str | None = None,
        coordinates: str = "RAS",
        series: int = 1,
    ) -> None:
        _check_choice("mode", mode, (None, *_MODES))
        _check_choice("coordinates", coordinates, _COORDINATES)
        file = Path(path)
        self.name = file.name or str(file)
        self.device_name = device_name_of(file) if device_name is None else device_name
        scan = read_scan(file, series=series)
        self.mode = _natural_mode(scan) if mode is None else mode
        try:
            images = list(_images(scan, self.mode, coordinates, self.device_name))
        except SourceError as error:
            raise SourceError(f"cannot send {file}: {error}") from error
        self._images = tuple((image,) for image in images)
        self.rate = _natural_rate(scan, len(self._images)) if rate is None else checked_rate(rate)
        self.description = _described(scan, self._images[0][0], self.mode, len(self._images))

    def messages(self, time_s: float) -> Sequence[Message]:
        """The image whose turn it is at `time_s` seconds since the start."""
        return self._images[tick_number(time_s, self.rate) % len(self._images)]


def _natural_mode(scan: Scan) -> str:
    if scan.frames_are_time:
        return "film"
    return "slices" if scan.volume is None else "volume"


def _natural_rate(scan: Scan, images: int) -> float:
    if images == 1:
        return _VOLUMES_PER_S
    return 1 / scan.period_s if scan.period_s else _SLICES_PER_S


def _images(scan: Scan, mode: str, coordinates: str, device_name: str) -> Iterable[Image]:
    if mode == "film":
        scan, mode = scan.as_film(), "volume"
    moments, slices = scan.pixels.shape[:2]
    for time in range(moments):
        if mode == "volume":
            yield scan.volume_image(time, coordinates=coordinates, device_name=device_name)
            continue
        for k in range(slices):
            yield scan.slice_image(time, k, coordinates=coordinates, device_name=device_name)


def _described(scan: Scan, image: Image, mode: str, count: int) -> str:
    size = " x ".join(str(length) for length in image.size)
    spacing = " x ".join(f"{length:.4g}" for length in image.spacing)
    colour = f", {image.components} components" if image.components > 1 else ""
    many = f"{count} images of " if count > 1 else ""
    note = f" ({scan.note})" if scan.note else ""
    return (
        f"{mode}: {many}{size} {image.pixels.dtype.name}{colour}, voxels of {spacing} mm, "
        f"as {image.device_name}{note}"
    )


def _check_choice(option: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices if choice is not None)
        raise SourceError(f"{option} is {value!r}, expected one of {known}")
