"""Real ultrasound, CT and MR: served, received, saved, and compared with the files they were.

What the files hold is read by pydicom and nibabel, or by SimpleITK where they cannot decompress.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray

import igtl
from igtl.sources.image_file import write_image
from tests.cli.conftest import Call
from tests.cli.program import Program

FLIP = np.diag((-1.0, -1.0, 1.0, 1.0))
MM_PER_CM = 10.0


def folder_of(package: str, *parts: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*parts)


DICOM = folder_of("pydicom", "data", "test_files")
NIFTI = folder_of("nibabel", "tests", "data")
FILES = {
    "CT_small": DICOM / "CT_small.dcm",
    "CT5N": DICOM / "dicomdirtests" / "98892001" / "CT5N",
    "MR_small": DICOM / "MR_small.dcm",
    "anatomical": NIFTI / "anatomical.nii",
    "examples_palette": DICOM / "examples_palette.dcm",
}
FILM = DICOM / "examples_ybr_color.dcm"


class Original(NamedTuple):
    """What a file holds."""

    pixels: NDArray[Any]
    """(k, j, i), or with colours (k, j, i, c)."""
    ijk_to_ras: NDArray[np.float64]


class Served(NamedTuple):
    endpoint: str
    film_endpoint: str


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """All files on one server for those who ask, and the film on another for all who come."""
    stills = ["serve", *map(str, FILES.values()), "--on-request", "--port", "0"]
    film = ["serve", str(FILM), "--port", "0"]
    with Program(stills) as first, Program(film) as second:
        yield Served(*(endpoint_of(program) for program in (first, second)))


def endpoint_of(program: Program) -> str:
    return program.line_with("Listening on").partition(",")[0].rpartition(" ")[2]


def by_pydicom(path: Path) -> Original:
    """A slice of CT or MR, or all slices of a folder, as the DICOM standard says."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    slices = [pydicom.dcmread(file) for file in files]
    first = slices[0]
    across, down = np.reshape(np.array(first.ImageOrientationPatient, float), (2, 3))
    normal = np.cross(across, down)
    slices.sort(key=lambda one: float(np.array(one.ImagePositionPatient, float) @ normal))
    corners = np.array([one.ImagePositionPatient for one in slices], float)
    between_rows, between_columns = map(float, first.PixelSpacing)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = across * between_columns, down * between_rows
    thickness = normal * float(first.SliceThickness)
    matrix[:3, 2] = (corners[-1] - corners[0]) / (len(slices) - 1) if slices[1:] else thickness
    matrix[:3, 3] = corners[0]
    pixels = [
        one.pixel_array * float(one.get("RescaleSlope", 1)) + float(one.get("RescaleIntercept", 0))
        for one in slices
    ]
    return Original(np.array(pixels), FLIP @ matrix)


def by_nibabel(path: Path) -> Original:
    image = nibabel.load(path)
    return Original(np.transpose(image.get_fdata()), image.affine)


def of_ultrasound(path: Path) -> Original:
    """Pixels by SimpleITK; their size by pydicom, from the first region."""
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))
    pixels = pixels.reshape(-1, *pixels.shape[-3:])
    region = pydicom.dcmread(path).SequenceOfUltrasoundRegions[0]
    size = np.array((region.PhysicalDeltaX, region.PhysicalDeltaY)) * MM_PER_CM
    return Original(pixels, FLIP @ np.diag((*size, 1.0, 1.0)))


@pytest.mark.parametrize(
    ("name", "read", "ending"),
    [
        ("CT_small", by_pydicom, ".mha"),
        ("CT5N", by_pydicom, ".nrrd"),
        ("MR_small", by_pydicom, ".nii.gz"),
        ("anatomical", by_nibabel, ".nii"),
        ("anatomical", by_nibabel, ".mha"),
        ("examples_palette", of_ultrasound, ".mha"),
    ],
)
def test_what_is_saved_is_what_the_file_held(
    name: str, read: Any, ending: str, served: Served, call: Call, tmp_path: Path
) -> None:
    target = tmp_path / f"saved{ending}"
    ended = call("get", served.endpoint, "IMAGE", name, "-o", str(target))
    assert (ended.status, ended.err.count("\n")) == (0, 1)
    assert f"saved as {target}" in ended.err
    assert_same(target, read(FILES[name]))


def test_a_saved_nifti_is_the_same_to_nibabel(served: Served, call: Call, tmp_path: Path) -> None:
    target = tmp_path / "saved.nii"
    call("get", served.endpoint, "IMAGE", "anatomical", "-o", str(target))
    saved, original = by_nibabel(target), by_nibabel(FILES["anatomical"])
    np.testing.assert_array_equal(saved.pixels, original.pixels)
    np.testing.assert_allclose(saved.ijk_to_ras, original.ijk_to_ras, atol=1e-4)


def test_every_frame_of_an_ultrasound_film_is_received_and_saved(
    served: Served, tmp_path: Path
) -> None:
    original = of_ultrasound(FILM)
    with igtl.connect(served.film_endpoint) as link:
        frames = [one for one, _ in zip(link, range(30), strict=False)]
    for n, image in enumerate(frames):
        assert isinstance(image, igtl.Image)
        np.testing.assert_array_equal(image.pixels, original.pixels[n : n + 1])
    steps = np.diff([image.timestamp or 0.0 for image in frames])
    assert float(np.median(steps)) > 1 / 30 - 0.01
    write_image(frames[17], tmp_path / "17.mha")  # type: ignore[arg-type]
    assert_same(tmp_path / "17.mha", Original(original.pixels[17:18], original.ijk_to_ras))


def assert_same(saved: Path, original: Original) -> None:
    """The same pixels at the same places."""
    found = SimpleITK.ReadImage(saved)
    pixels = SimpleITK.GetArrayFromImage(found)
    np.testing.assert_array_equal(pixels, original.pixels)
    k, j, i = (length - 1 for length in original.pixels.shape[:3])
    for index in ((0, 0, 0), (i, 0, 0), (0, j, 0), (0, 0, k), (i, j, k)):
        place = FLIP[:3, :3] @ found.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose(place, (original.ijk_to_ras @ (*index, 1))[:3], atol=1e-3)
