"""Image files: read into scans and IMAGE messages, and written from them, geometry included.

SimpleITK does the reading, so whatever it reads is read: DICOM, NRRD, MHA and MHD, NIfTI, PNG,
JPEG, TIFF and more. Files keep their geometry in LPS; messages are made in RAS unless asked
otherwise, because 3D Slicer does not look at an image's coordinate field.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image
from igtl.sources.dicom import is_ultrasound, read_series, time_step_s
from igtl.sources.regions import pixel_size
from igtl.sources.scan import Scan, wire_pixels
from igtl.sources.toolkit import ijk_to_lps, quiet, read, reason, simpleitk

__all__ = [
    "PICTURE_ENDINGS",
    "WRITTEN_ENDINGS",
    "device_name_of",
    "read_image",
    "read_scan",
    "write_image",
]

WRITTEN_ENDINGS = (".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz")
"""What a file that `write_image` makes may be called."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
"""What pictures without a place are called."""

_DICOM_ENDINGS = (".dcm", ".dicom", ".ima")
_KNOWN_ENDINGS = (*WRITTEN_ENDINGS, *_DICOM_ENDINGS, *PICTURE_ENDINGS, ".hdr", ".img", ".mnc")
_DEVICE_NAME_BYTES = 20
_PERIODS_S = (0.005, 60.0)
_SHEAR_TOLERANCE = 1e-4


def read_image(
    path: str | os.PathLike[str], *, coordinates: str = "RAS", device_name: str | None = None
) -> Image:
    """The image in a file, or the volume in a folder of DICOM files.

    Args:
        path: the file or folder; of several series the one with the most files is taken.
        coordinates: "RAS" or "LPS", what the image's `ijk_to_world` leads to.
        device_name: default: the file's name without its ending, cut to 20 bytes.

    Raises:
        SourceError: there is no such file, it is no image, it holds several moments, or its slices
            are no regular stack.
        MissingExtraError: SimpleITK is not installed.
    """
    file = Path(path)
    scan = read_scan(file)
    if scan.pixels.shape[0] > 1:
        raise SourceError(
            f"{file} holds {scan.pixels.shape[0]} volumes over time, expected one; serve it instead"
        )
    name = device_name_of(file) if device_name is None else device_name
    try:
        return scan.volume_image(0, coordinates=coordinates, device_name=name)
    except SourceError as error:
        raise SourceError(f"cannot make one volume of {file}: {error}") from error


def write_image(image: Image, path: str | os.PathLike[str]) -> None:
    """Writes an image to a file, with its geometry; the ending says in which format.

    A sub-volume is written as an image of its own, which lies where it lies in its volume. A single
    slice whose k axis has no length gets one of 1 mm, perpendicular to it. The device name and the
    time are not written.

    Args:
        image: grey or of several components.
        path: ends in .mha, .mhd, .nrrd, .nhdr, .nii or .nii.gz; an old file is overwritten.

    Raises:
        SourceError: another ending, a geometry that the format cannot hold, or a failure to write.
        MissingExtraError: SimpleITK is not installed.
    """
    file = Path(path)
    ending = _ending(file)
    if ending not in WRITTEN_ENDINGS:
        endings = " ".join(WRITTEN_ENDINGS)
        raise SourceError(f"cannot write {file}: its name ends in none of {endings}")
    if not file.parent.is_dir():
        raise SourceError(f"cannot write {file}: there is no folder {file.parent}")
    matrix = _placed(image, file)
    if ending.startswith(".nii") and _shear(matrix) > _SHEAR_TOLERANCE:
        raise SourceError(
            f"cannot write {file}: the image's axes are not perpendicular, and NIfTI keeps only "
            "perpendicular ones as read by ITK; use .nrrd or .mha"
        )
    _write(_toolkit_image(image.pixels, matrix), file)


def read_scan(path: Path, *, series: int = 1) -> Scan:
    """All that is in an image file or a folder of DICOM files.

    Args:
        path: the file or folder.
        series: of a folder with several series, 1 is the one with the most files.

    Raises:
        SourceError: there is nothing readable.
        MissingExtraError: SimpleITK is not installed.
    """
    if path.is_dir():
        found = read_series(path, series)
        if isinstance(found, Scan):
            return found
        path = found
    _check_readable(path)
    image = read(path)
    _check_complete(path, image)
    note = _set_pixel_size(path, image) if is_ultrasound(image) else ""
    try:
        return _scan(image, note)
    except SourceError as error:
        raise SourceError(f"cannot send {path}: {error}") from error


def device_name_of(path: Path) -> str:
    """A file's name without its ending, or a folder's, cut to the 20 bytes of a device name."""
    name = path.resolve().name
    name = name[: len(name) - len(_ending(path))] or "Image"
    return name.encode()[:_DEVICE_NAME_BYTES].decode(errors="ignore")


def _set_pixel_size(path: Path, image: Any) -> str:
    """Give an ultrasound picture the pixel size that its regions tell; a note about that."""
    size = pixel_size(path)
    if size is None or image.GetSpacing()[:2] != (1.0, 1.0):
        return ""
    image.SetSpacing((size.i, size.j, *image.GetSpacing()[2:]))
    if size.fits:
        return "pixel size from its ultrasound regions"
    return "pixel size from its ultrasound regions; they reach beyond it, so it may be wrong"


def _scan(image: Any, note: str) -> Scan:
    """The scan of a SimpleITK image."""
    dimension = image.GetDimension()
    if dimension not in (2, 3, 4):
        raise SourceError(f"it has {dimension} dimensions, expected 2, 3, or 4 (over time)")
    pixels = wire_pixels(simpleitk().GetArrayFromImage(image))
    pixels = pixels.reshape((1,) * (4 - dimension) + pixels.shape)
    pixels.flags.writeable = False
    matrix = ijk_to_lps(image)
    step = time_step_s(image)
    return Scan(
        pixels,
        _slices(matrix, pixels.shape[1]),
        matrix,
        frames_are_time=step is not None or image.HasMetaDataKey("Seq_Frame0000_Timestamp"),
        period_s=_plausible(image.GetSpacing()[3] if dimension == 4 else step),
        note=note,
    )


def _slices(matrix: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(k, 4, 4): each slice's own geometry in a regular stack."""
    slices = np.repeat(matrix[np.newaxis], count, axis=0)
    slices[:, :3, 3] += np.arange(count)[:, np.newaxis] * matrix[:3, 2]
    return slices


def _plausible(period_s: float | None) -> float | None:
    """A time step, unless it looks like no number of seconds: many files say 1000, or nothing."""
    if period_s is None or not _PERIODS_S[0] <= period_s <= _PERIODS_S[1]:
        return None
    return period_s


def _check_readable(path: Path) -> None:
    """Make sure there is a file and that it can be opened; one clear line if not."""
    if not path.exists():
        raise SourceError(f"there is no file or folder {path}")
    if not path.is_file():
        raise SourceError(f"{path} is neither a file nor a folder")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error
    if empty:
        raise SourceError(f"cannot read {path}: the file is empty")


def _check_complete(path: Path, image: Any) -> None:
    """Refuse a NIfTI file that ends before its pixels: ITK fills the rest with zeros, silently."""
    if not path.name.lower().endswith((".nii", ".nii.gz")) or not image.HasMetaDataKey("dim[0]"):
        return
    sizes = [int(image.GetMetaData(f"dim[{n}]")) for n in range(8)]
    pixel_bytes = int(image.GetMetaData("bitpix")) / 8 * math.prod(sizes[1 : sizes[0] + 1])
    needed = int(float(image.GetMetaData("vox_offset")) + pixel_bytes)
    held = _unpacked_size(path, needed) if path.suffix.lower() == ".gz" else path.stat().st_size
    if held < needed:
        raise SourceError(f"cannot read {path}: it ends after {held} of {needed} bytes")


def _unpacked_size(path: Path, expected: int) -> int:
    """Bytes in a gzip file. Its last four bytes say so; it is unpacked only if they disagree."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        if int.from_bytes(file.read(4), "little") == expected % 2**32:
            return expected
    size = 0
    try:
        with gzip.open(path) as unpacked:
            while chunk := unpacked.read(1 << 20):
                size += len(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return min(size, expected - 1)
    return size


def _placed(image: Image, file: Path) -> NDArray[np.float64]:
    """(4, 4) float64, LPS, of the pixels that are there; all axes of some length.

    Raises:
        SourceError: the geometry is none.
    """
    matrix = np.array(image.ijk_to_lps)
    with np.errstate(all="ignore"):  # whatever numbers a peer sent
        matrix[:3, 3] += matrix[:3, :3] @ np.array(image.sub_volume_offset)
        normal = np.cross(matrix[:3, 0], matrix[:3, 1])
        if image.pixels.shape[0] == 1 and not matrix[:3, 2].any() and normal.any():
            matrix[:3, 2] = normal / np.linalg.norm(normal)
        volume = np.linalg.det(matrix)
    if not np.isfinite(matrix).all() or not abs(volume) >= 1e-30:
        raise SourceError(
            f"cannot write {file}: the image's axes span no volume: "
            f"{np.array2string(matrix[:3, :3].T, precision=4, separator=', ')}".replace("\n", "")
        )
    return matrix


def _shear(matrix: NDArray[np.float64]) -> float:
    """Largest cosine of an angle between two axes."""
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())


def _toolkit_image(pixels: NDArray[Any], matrix: NDArray[np.float64]) -> Any:
    native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    result = simpleitk().GetImageFromArray(native, isVector=pixels.ndim == 4)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    result.SetSpacing(spacing.tolist())
    result.SetOrigin(matrix[:3, 3].tolist())
    result.SetDirection((matrix[:3, :3] / spacing).ravel().tolist())
    return result


def _write(image: Any, file: Path) -> None:
    writer = simpleitk().ImageFileWriter()
    writer.SetFileName(os.fspath(file))
    try:
        with quiet():
            writer.Execute(image)
    except RuntimeError as error:
        raise SourceError(f"cannot write {file}: {reason(error)}") from error


def _ending(path: Path) -> str:
    """The known ending of a file's name, in lower case; "" when it has none."""
    name = path.name.lower()
    endings = sorted(_KNOWN_ENDINGS, key=len, reverse=True)
    return next((ending for ending in endings if name.endswith(ending)), "")
