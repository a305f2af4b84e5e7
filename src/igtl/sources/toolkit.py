"""SimpleITK, kept at arm's length: imported on use, quiet, and with errors of one line.

SimpleITK is an optional extra and takes a quarter of a second to import, so nothing here touches
it before a file is opened. Its readers write warnings to the terminal, some of them by C libraries
below it that know no switch; `quiet` keeps them off.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import MissingExtraError, SourceError

__all__ = ["ijk_to_lps", "quiet", "read", "reason", "simpleitk"]

_ONE_AT_A_TIME = threading.RLock()
_NOT_AN_IMAGE = (
    "it is damaged, or no image of a kind that SimpleITK reads "
    "(DICOM, MHA, MHD, NRRD, NIfTI, PNG, JPEG, TIFF and others)"
)


def simpleitk() -> Any:
    """The SimpleITK module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import SimpleITK
    except ImportError as error:
        raise MissingExtraError.of(
            "SimpleITK", "images", "reading or writing image files"
        ) from error
    return SimpleITK


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps what SimpleITK and the libraries below it print off the terminal, meanwhile.

    File descriptor 2 belongs to the whole process: what other threads write to it during the block
    is lost too. Blocks of several threads wait for each other.
    """
    process = simpleitk().ProcessObject
    with _ONE_AT_A_TIME:
        shown = process.GetGlobalWarningDisplay()
        process.SetGlobalWarningDisplay(False)
        try:
            with _standard_error_hidden():
                yield
        finally:
            process.SetGlobalWarningDisplay(shown)


def read(path: Path) -> Any:
    """The file as a SimpleITK image.

    Raises:
        SourceError: it cannot be read; one line says why.
        MissingExtraError: SimpleITK is not installed.
    """
    reader = simpleitk().ImageFileReader()
    reader.SetFileName(os.fspath(path))
    try:
        with quiet():
            return reader.Execute()
    except RuntimeError as error:
        raise SourceError(f"cannot read {path}: {reason(error)}") from error


def ijk_to_lps(image: Any) -> NDArray[np.float64]:
    """Where the voxels of an image are.

    Args:
        image: a SimpleITK image, or a reader that has read an image's header; of 2, 3 or 4
            dimensions, the last of which is time, where there are 4.

    Returns:
        (4, 4) float64, voxel index (i, j, k, 1) to mm of the voxel's centre, LPS. A flat image has
        its k axis along z, 1 mm long.
    """
    dimension = image.GetDimension()
    kept = min(dimension, 3)
    direction = np.array(image.GetDirection()).reshape(dimension, dimension)
    matrix = np.eye(4)
    matrix[:kept, :kept] = direction[:kept, :kept] * np.array(image.GetSpacing()[:kept])
    matrix[:kept, 3] = image.GetOrigin()[:kept]
    return matrix


def reason(error: RuntimeError) -> str:
    """What an exception of SimpleITK says, in one line, without its source lines and addresses."""
    text = str(error)
    if "Unable to determine ImageIO reader" in text:
        return _NOT_AN_IMAGE
    if "MetaImageIO" in text and "cannot be read" in text:
        return "its header or its pixels are damaged, or end too early"
    lines = [line.strip() for line in text.splitlines()]
    # "Reason:" is the last error of the operating system, which has mostly nothing to do with it.
    told = [line for line in lines[1:] if line and not line.startswith("Reason:")] or lines
    if told[-1].startswith("[nrrd]"):  # a chain of calls; the innermost one knows
        return re.sub(r"^\[nrrd\] (\w+: )?", "", told[-1])
    joined = re.sub(r"\w+\(0x[0-9a-f]+\): ", "", " ".join(told))
    return re.sub(r"(ITK |itk::|sitk::)ERROR: ", "", joined)[:300]


@contextmanager
def _standard_error_hidden() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # there is no standard error to hide
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
