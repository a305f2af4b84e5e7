from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.sources.dicom import read_series
from igtl.sources.scan import Scan

Vector = tuple[float, float, float]
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def write_series(
    folder: Path,
    template: Path,
    positions: Iterable[Vector],
    *,
    orientation: Iterable[float] = AXIAL,
    uid: str = "1.2.3",
) -> None:
    """One file for each position; its pixels are all 1000 times its number in the list.

    Neither the names of the files nor the instance numbers are in the order of the positions.
    """
    for number, position in enumerate(positions, 1):
        data = pydicom.dcmread(template)
        data.SeriesInstanceUID = uid
        data.SeriesDescription = f"made {uid}"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{uid}.{number}"
        data.ImagePositionPatient = list(position)
        data.ImageOrientationPatient = list(orientation)
        data.InstanceNumber = 100 - number
        data.RescaleIntercept = 0
        data.PixelData = np.full((128, 128), 1000 * number, np.int16).tobytes()
        data.save_as(folder / f"{uid}-{(number * 7) % 10}.dcm")


@pytest.fixture
def template(dicom_files: Path) -> Path:
    return dicom_files / "CT_small.dcm"


def series(folder: Path, number: int = 1) -> Scan:
    found = read_series(folder, number)
    assert isinstance(found, Scan)
    return found


def corner(matrix: NDArray[np.float64], *index: float) -> list[float]:
    return list((matrix @ (*index, 1.0))[:3])


def test_slices_are_stacked_by_position_and_lie_where_their_files_say(
    tmp_path: Path, template: Path
) -> None:
    orientation = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)  # normal: (-0.6, 0.8, 0)
    positions = [(10.0 - 1.2 * n, 20.0 + 1.6 * n, 30.0) for n in (2, 0, 1)]
    write_series(tmp_path, template, positions, orientation=orientation)
    scan = series(tmp_path)
    assert scan.pixels.shape == (1, 3, 128, 128)
    assert scan.pixels.dtype == np.int16
    assert scan.pixels[0, :, 5, 9].tolist() == [2000, 3000, 1000]
    assert scan.volume is not None
    for file in tmp_path.iterdir():
        image = SimpleITK.ReadImage(file)
        k = [2000, 3000, 1000].index(image.GetPixel(0, 0, 0))
        for i, j in ((0, 0), (127, 0), (0, 127), (40, 77)):
            expected = image.TransformIndexToPhysicalPoint((i, j, 0))
            np.testing.assert_allclose(corner(scan.volume, i, j, k), expected, atol=1e-6)
            np.testing.assert_allclose(corner(scan.slices[k], i, j, 0), expected, atol=1e-6)
        np.testing.assert_allclose(scan.slices[k][:3, 2], (-1.2, 1.6, 0.0), atol=1e-9)


def test_a_tilted_gantry_keeps_its_shear(tmp_path: Path, template: Path) -> None:
    write_series(tmp_path, template, [(0.0, 0.5 * n, 2.0 * n) for n in range(4)])
    volume = series(tmp_path).volume
    assert volume is not None
    np.testing.assert_allclose(volume[:3, 2], (0.0, 0.5, 2.0))


def test_a_missing_slice_makes_it_no_stack_and_slices_stay_right(
    tmp_path: Path, template: Path
) -> None:
    write_series(tmp_path, template, [(0.0, 0.0, z) for z in (0.0, 2.0, 6.0)])
    scan = series(tmp_path)
    assert scan.volume is None
    assert scan.slices[:, 2, 3].tolist() == [0.0, 2.0, 6.0]
    assert scan.note.endswith("; its slices are no regular stack")


def test_radial_slices_keep_their_own_planes(dicom_files: Path) -> None:
    """A real series, projections around an axis, which stacking readers make a box of."""
    folder = dicom_files / "dicomdirtests" / "98892003" / "MR700"
    scan = series(folder)
    assert scan.volume is None
    files = sorted(folder.iterdir(), key=lambda file: int(pydicom.dcmread(file).InstanceNumber))
    assert len(files) == len(scan.slices) == 7
    for k, file in enumerate(files):
        image = SimpleITK.ReadImage(file)
        expected = image.TransformIndexToPhysicalPoint((15, 3, 0))
        np.testing.assert_allclose(corner(scan.slices[k], 15, 3, 0), expected, atol=1e-9)
        assert scan.pixels[0, k, 3, 15] == image.GetPixel(15, 3, 0)


def test_a_real_series_agrees_with_itks_own_series_reader(dicom_files: Path) -> None:
    folder = dicom_files / "dicomdirtests" / "98892001" / "CT5N"
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    expected = reader.Execute()
    scan = series(folder)
    assert scan.volume is not None
    np.testing.assert_array_equal(scan.pixels[0], SimpleITK.GetArrayFromImage(expected))
    for index in ((0, 0, 0), (15, 0, 4), (3, 12, 2)):
        np.testing.assert_allclose(
            corner(scan.volume, *index), expected.TransformIndexToPhysicalPoint(index), atol=1e-4
        )


def test_of_several_series_the_largest_is_taken_and_named(tmp_path: Path, template: Path) -> None:
    (tmp_path / "inside").mkdir()
    write_series(tmp_path, template, [(0.0, 0.0, z) for z in (1.0, 2.0)], uid="1.2.1")
    write_series(tmp_path / "inside", template, [(0.0, 0.0, z) for z in (1, 2, 3)], uid="1.2.9")
    (tmp_path / "notes.txt").write_text("no image")
    largest, next_one = series(tmp_path), series(tmp_path, 2)
    assert largest.pixels.shape[1] == 3
    assert largest.note == "series 1 of 2, CT made 1.2.9, 3 files"
    assert next_one.pixels.shape[1] == 2
    assert next_one.note == "series 2 of 2, CT made 1.2.1, 2 files"
    with pytest.raises(SourceError, match="holds 2 DICOM series; there is no 3"):
        read_series(tmp_path, 3)


def test_a_series_of_one_file_is_that_file(tmp_path: Path, template: Path) -> None:
    shutil.copy(template, tmp_path / "only")
    assert read_series(tmp_path) == tmp_path / "only"


def test_files_of_several_frames_are_series_of_their_own(tmp_path: Path, dicom_files: Path) -> None:
    for name in ("a.dcm", "b.dcm"):
        shutil.copy(dicom_files / "rtdose.dcm", tmp_path / name)
    assert read_series(tmp_path) == tmp_path / "a.dcm"
    assert read_series(tmp_path, 2) == tmp_path / "b.dcm"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    with pytest.raises(SourceError, match="is empty"):
        read_series(tmp_path)


def test_a_folder_without_dicom_is_told(tmp_path: Path, nifti_files: Path) -> None:
    shutil.copy(nifti_files / "standard.nii.gz", tmp_path)
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(SourceError, match=r"no DICOM image \(2 files looked at.*give its file"):
        read_series(tmp_path)
