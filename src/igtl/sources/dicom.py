"""A folder of DICOM files: which series lies in it, and the scan of the largest one.

Every file is read for itself, with the position and orientation of its own plane. That keeps
radial and unevenly spaced series right, which stacking readers silently turn into a box, and it
keeps a tilted gantry's shear.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.sources.scan import Scan, common_volume, wire_pixels
from igtl.sources.toolkit import ijk_to_lps, quiet, read, simpleitk

__all__ = ["holds_dicom", "is_ultrasound", "read_series", "time_step_s"]

_SERIES_UID = "0020|000e"
_SERIES_DESCRIPTION = "0008|103e"
_MODALITY = "0008|0060"
_INSTANCE_NUMBER = "0020|0013"
_FRAME_INCREMENT = "0028|0009"
_FRAME_TIME_MS = "0018|1063"
_FRAME_TIMES_MS = "0018|1065"
_FRAMES_PER_S = ("0018|0040", "0008|2144")  # cine rate, recommended display frame rate
_ULTRASOUND = {"US", "IVUS"}
_FILMS = _ULTRASOUND | {"XA", "RF", "ES", "XC"}


@dataclass(frozen=True)
class _Header:
    """What one file says about itself."""

    path: Path
    series: str
    label: str
    number: int
    size: tuple[int, ...]
    components: int
    ijk_to_lps: NDArray[np.float64]


def read_series(folder: Path, series: int = 1) -> Path | Scan:
    """The largest series below a folder.

    Args:
        folder: where to look, folders inside included.
        series: 1 is the series with the most files, 2 the next, and so on.

    Returns:
        Its scan; or the path of its file when it is a single one.

    Raises:
        SourceError: there is no DICOM image, no such series, or a file cannot be read.
        MissingExtraError: SimpleITK is not installed.
    """
    found = _series(_headers(folder))
    if not 1 <= series <= len(found):
        raise SourceError(f"folder {folder} holds {len(found)} DICOM series; there is no {series}.")
    chosen = found[series - 1]
    if len(chosen) == 1:
        return chosen[0].path
    return _scan(_ordered(chosen), _note(chosen, series, len(found)))


def holds_dicom(paths: Iterable[Path]) -> bool:
    """Whether one of the files is a DICOM image.

    Raises:
        MissingExtraError: SimpleITK is not installed.
    """
    reader = _header_reader()
    with quiet():
        return any(_header(reader, path) for path in paths)


def time_step_s(image: Any) -> float | None:
    """Seconds from frame to frame of a DICOM film; None when it is no film, 0 when not told.

    A file of several frames is a film when its frames are ordered by time (DICOM PS3.3, C.7.6.5
    and C.7.6.6), or when its modality (ultrasound, angiography, endoscopy ...) makes nothing else.
    """
    if image.GetDimension() != 3 or image.GetSize()[2] < 2 or not image.HasMetaDataKey(_MODALITY):
        return None
    by_time = _text(image, _FRAME_INCREMENT).replace(" ", "").lower() in (
        "(0018,1063)",
        "(0018,1065)",
    )
    if not by_time and _text(image, _MODALITY) not in _FILMS:
        return None
    milliseconds = _number(image, _FRAME_TIME_MS) or _mean_step(_text(image, _FRAME_TIMES_MS))
    frames_per_s = max(_number(image, tag) for tag in _FRAMES_PER_S)
    return milliseconds / 1000 or (1 / frames_per_s if frames_per_s > 0 else 0.0)


def is_ultrasound(image: Any) -> bool:
    """Whether a SimpleITK image comes from an ultrasound scanner, by its DICOM header."""
    return _text(image, _MODALITY) in _ULTRASOUND


def _headers(folder: Path) -> list[_Header]:
    """The headers of all DICOM images below a folder, in the order of their paths."""
    reader = _header_reader()
    paths = [Path(root, name) for root, _, names in os.walk(folder) for name in names]
    if not paths:
        raise SourceError(f"folder {folder} is empty")
    with quiet():
        headers = [header for path in sorted(paths) if (header := _header(reader, path))]
    if not headers:
        raise SourceError(
            f"folder {folder} holds no DICOM image ({len(paths)} files looked at, folders inside "
            "included); for an image of another kind give its file"
        )
    return headers


def _header_reader() -> Any:
    reader = simpleitk().ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    return reader


def _header(reader: Any, path: Path) -> _Header | None:
    """What a file says about itself; None when it is no DICOM image."""
    reader.SetFileName(os.fspath(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return None
    return _Header(
        path=path,
        series=_text(reader, _SERIES_UID),
        label=" ".join((_text(reader, _MODALITY), _text(reader, _SERIES_DESCRIPTION))).strip(),
        number=int(_number(reader, _INSTANCE_NUMBER)),
        size=reader.GetSize(),
        components=reader.GetNumberOfComponents(),
        ijk_to_lps=ijk_to_lps(reader),
    )


def _series(headers: Iterable[_Header]) -> list[list[_Header]]:
    """Headers that can be stacked, together; the most files first, then by path.

    A file of several frames is a series of its own.
    """
    groups: dict[tuple[object, ...], list[_Header]] = {}
    for header in headers:
        alone = header.path if header.size[2] > 1 else None
        key = (header.series, header.size, header.components, alone)
        groups.setdefault(key, []).append(header)
    return sorted(groups.values(), key=len, reverse=True)


def _ordered(headers: Sequence[_Header]) -> list[_Header]:
    """Slices along their common normal; by instance number when they have none."""
    normals = np.array([np.cross(h.ijk_to_lps[:3, 0], h.ijk_to_lps[:3, 1]) for h in headers])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    if (normals @ normals[0]).min() < 0.999:
        return sorted(headers, key=lambda header: header.number)
    heights = [float(header.ijk_to_lps[:3, 3] @ normals[0]) for header in headers]
    order = sorted(range(len(headers)), key=lambda n: (heights[n], headers[n].number))
    return [headers[n] for n in order]


def _scan(headers: Sequence[_Header], note: str) -> Scan:
    array = simpleitk().GetArrayFromImage
    with quiet():
        pixels = wire_pixels(np.concatenate([array(read(header.path)) for header in headers]))
    pixels = pixels[np.newaxis]
    pixels.flags.writeable = False
    slices = np.array([header.ijk_to_lps for header in headers])
    volume = common_volume([header.ijk_to_lps for header in headers])
    if volume is not None:
        slices[:, :3, 2] = volume[:3, 2]
    else:
        note += "; its slices are no regular stack"
    return Scan(pixels, slices, volume, note=note)


def _note(headers: Sequence[_Header], series: int, count: int) -> str:
    first = headers[0]
    return f"series {series} of {count}, {first.label or first.series}, {len(headers)} files"


def _text(image: Any, tag: str) -> str:
    return str(image.GetMetaData(tag)).strip(" \0") if image.HasMetaDataKey(tag) else ""


def _mean_step(steps: str) -> float:
    r"""The mean of "0\33.1\33.2": times since the frame before, of which the first has none."""
    try:
        later = [float(step) for step in steps.split("\\")[1:]]
    except ValueError:
        return 0.0
    return sum(later) / len(later) if later else 0.0


def _number(image: Any, tag: str) -> float:
    """A numeric tag; 0 when it is absent or not a number."""
    try:
        return float(_text(image, tag))
    except ValueError:
        return 0.0
