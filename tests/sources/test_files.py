from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from igtl.errors import SourceError
from igtl.messages import Image
from igtl.sources.files import FileSource
from igtl.sources.opening import open_source

LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0))


def played(source: FileSource, tick: int) -> Image:
    (image,) = source.messages(tick / source.rate)
    assert isinstance(image, Image)
    return image


def test_a_path_opens_as_a_source(nifti_files: Path) -> None:
    source = open_source(str(nifti_files / "anatomical.nii"), rate=4.0, device_name="MR")
    assert (source.name, source.rate) == ("anatomical.nii", 4.0)
    assert source.messages(0.0)[0].device_name == "MR"


def test_a_volume_is_sent_again_and_again(nifti_files: Path) -> None:
    source = FileSource(nifti_files / "anatomical.nii")
    assert (source.mode, source.rate) == ("volume", 1.0)
    assert played(source, 0) is played(source, 1)
    expected = nibabel.load(nifti_files / "anatomical.nii")
    image = played(source, 3)
    np.testing.assert_allclose(image.ijk_to_world, expected.affine, atol=1e-5)
    np.testing.assert_array_equal(image.pixels, np.transpose(expected.get_fdata()))


def test_slices_come_one_by_one_each_where_it_lies(nifti_files: Path) -> None:
    path = nifti_files / "example4d.nii.gz"
    source = FileSource(path, mode="slices")
    assert source.rate == 10.0
    whole = SimpleITK.ReadImage(path)
    pixels = SimpleITK.GetArrayFromImage(whole)
    for tick, (time, k) in ((0, (0, 0)), (5, (0, 5)), (24, (1, 0)), (47, (1, 23)), (48, (0, 0))):
        image = played(source, tick)
        assert image.size == (128, 96, 1)
        np.testing.assert_array_equal(image.pixels[0], pixels[time, k])
        for i, j in ((0, 0), (127, 95), (9, 70)):
            point = whole.TransformIndexToPhysicalPoint((i, j, k, time))[:3]
            np.testing.assert_allclose(
                (image.ijk_to_world @ (i, j, 0, 1))[:3], LPS_TO_RAS @ point, atol=1e-4
            )
    np.testing.assert_allclose(played(source, 0).spacing, (2.0, 2.0, 2.2), rtol=1e-6)


def test_a_volume_over_time_gives_a_volume_each_tick(nifti_files: Path) -> None:
    path = nifti_files / "functional.nii"
    source = FileSource(path)
    assert (source.mode, source.rate) == ("volume", 0.5)  # a volume every two seconds
    expected = np.transpose(nibabel.load(path).get_fdata())
    for tick, time in ((0, 0), (7, 7), (19, 19), (20, 0), (41, 1)):
        np.testing.assert_allclose(played(source, tick).pixels, expected[time], rtol=1e-6)


def test_an_ultrasound_film_is_played_at_its_rate(dicom_files: Path) -> None:
    path = dicom_files / "examples_ybr_color.dcm"
    source = FileSource(path)
    assert source.mode == "film"
    assert source.rate == pytest.approx(30.0, rel=1e-4)
    frames = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))
    for tick, frame in ((17, 17), (29, 29), (30, 0)):
        image = played(source, tick)
        assert image.pixels.shape == (1, 240, 320, 3)
        np.testing.assert_array_equal(image.pixels[0], frames[frame])
        np.testing.assert_allclose(image.origin, played(source, 0).origin)
        assert source.messages(tick / source.rate - 1e-9) == (image,)


def test_a_film_can_be_sent_as_a_volume(dicom_files: Path) -> None:
    source = FileSource(dicom_files / "examples_ybr_color.dcm", mode="volume")
    assert played(source, 0).pixels.shape == (30, 240, 320, 3)


def test_an_irregular_series_is_sent_by_slices(dicom_files: Path) -> None:
    folder = dicom_files / "dicomdirtests" / "98892003" / "MR700"
    source = FileSource(folder)
    assert (source.mode, source.device_name) == ("slices", "MR700")
    assert "series 1 of 1" in source.description
    first, last = played(source, 0).ijk_to_world, played(source, 6).ijk_to_world
    assert abs(first[:3, 0] @ last[:3, 0]) < 0.5 * 0.390625**2  # turned by more than 60 degrees
    with pytest.raises(SourceError, match=r"cannot send .*MR700: its slices are not parallel"):
        FileSource(folder, mode="volume")


def test_the_series_of_a_folder_can_be_chosen(dicom_files: Path) -> None:
    folder = dicom_files / "dicomdirtests" / "98892003"
    assert FileSource(folder).description.count("series 1 of") == 1
    assert "series 2 of" in FileSource(folder, series=2).description


def test_coordinates_can_be_lps(dicom_files: Path) -> None:
    image = played(FileSource(dicom_files / "CT_small.dcm", coordinates="LPS"), 0)
    assert image.coordinates == "LPS"
    np.testing.assert_allclose(image.origin, (-158.135803, -179.035797, -75.699997), rtol=1e-6)


def test_its_description_says_what_is_sent(dicom_files: Path) -> None:
    assert FileSource(dicom_files / "CT_small.dcm").description == (
        "volume: 128 x 128 x 1 int16, voxels of 0.6615 x 0.6615 x 5 mm, as CT_small"
    )
    assert FileSource(dicom_files / "examples_ybr_color.dcm").description == (
        "film: 30 images of 320 x 240 x 1 uint8, 3 components, voxels of 0.5105 x 0.5105 x 1 mm, "
        "as examples_ybr_color (pixel size from its ultrasound regions; they reach beyond it, so "
        "it may be wrong)"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"mode": "cine"}, "mode is 'cine', expected one of 'volume', 'slices', 'film'"),
        ({"coordinates": "ras"}, "coordinates is 'ras', expected one of 'RAS', 'LPS'"),
        ({"rate": 0}, "rate is 0, expected ticks per second"),
        ({"series": 2, "size": 3}, "has no option 'size'; its options: mode, rate, device_name"),
        ({"mode": "film"}, "cannot send .*: it holds a volume over time, not a film"),
    ],
)
def test_options_that_do_not_fit_are_told(
    options: dict[str, object], complaint: str, nifti_files: Path
) -> None:
    with pytest.raises(SourceError, match=complaint):
        open_source(str(nifti_files / "example4d.nii.gz"), **options)
