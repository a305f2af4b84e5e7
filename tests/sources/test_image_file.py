from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

import igtl.messages
from igtl.errors import MissingExtraError, SourceError
from igtl.messages import Image
from igtl.sources.image_file import (
    WRITTEN_ENDINGS,
    device_name_of,
    read_image,
    read_scan,
    write_image,
)

LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0))
INDICES = [(0, 0, 0), (6, 0, 0), (0, 4, 0), (0, 0, 2), (6, 4, 2), (5, 1, 2), (1, 3, 0)]
WIRE_DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]


def oblique() -> NDArray[np.float64]:
    """A rotation about an axis that is none of x, y, z."""
    axis = np.array((1.0, 2.0, 3.0)) / np.sqrt(14.0)
    cross = np.cross(np.eye(3), axis)
    matrix: NDArray[np.float64] = (
        np.eye(3) + np.sin(0.7) * cross + (1 - np.cos(0.7)) * cross @ cross
    )
    return matrix


def itk_image(pixels: NDArray[Any], direction: NDArray[np.float64] | None = None) -> Any:
    image = SimpleITK.GetImageFromArray(pixels, isVector=pixels.ndim == 4)
    image.SetSpacing((0.7, 1.3, 2.5))
    image.SetOrigin((-12.25, 31.5, -103.125))
    image.SetDirection((oblique() if direction is None else direction).ravel().tolist())
    return image


def counted(dtype: str = "int16", components: int = 1) -> NDArray[Any]:
    """(3, 5, 7[, c]), every value another."""
    shape = (3, 5, 7) if components == 1 else (3, 5, 7, components)
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("ending", [".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_geometry_and_pixels_of_an_oblique_file_arrive(
    ending: str, mirrored: bool, tmp_path: Path
) -> None:
    direction = oblique() @ np.diag((1.0, 1.0, -1.0 if mirrored else 1.0))
    expected = itk_image(counted(), direction)
    path = tmp_path / f"oblique{ending}"
    SimpleITK.WriteImage(expected, path)
    ras, lps = read_image(path), read_image(path, coordinates="LPS")
    assert (ras.coordinates, lps.coordinates) == ("RAS", "LPS")
    assert ras.size == (7, 5, 3)
    for i, j, k in INDICES:
        point = np.array(expected.TransformIndexToPhysicalPoint((i, j, k)))
        np.testing.assert_allclose((lps.ijk_to_world @ (i, j, k, 1))[:3], point, atol=2e-5)
        np.testing.assert_allclose(
            (ras.ijk_to_world @ (i, j, k, 1))[:3], LPS_TO_RAS @ point, atol=2e-5
        )
        assert ras.pixels[k, j, i] == expected.GetPixel(i, j, k)


@pytest.mark.parametrize("name", ["anatomical.nii", "reoriented_anat_moved.nii"])
def test_real_nifti_files_agree_with_nibabel(name: str, nifti_files: Path) -> None:
    expected = nibabel.load(nifti_files / name)
    image = read_image(nifti_files / name)
    np.testing.assert_allclose(image.ijk_to_ras, expected.affine, atol=1e-4)
    np.testing.assert_allclose(image.pixels, np.transpose(expected.get_fdata()), rtol=1e-6)


def test_a_real_volume_over_time_agrees_with_nibabel(nifti_files: Path) -> None:
    path = nifti_files / "example4d.nii.gz"
    expected = nibabel.load(path)
    scan = read_scan(path)
    assert scan.volume is not None
    ras = np.diag((-1.0, -1.0, 1.0, 1.0)) @ scan.volume
    np.testing.assert_allclose(ras, expected.affine, atol=1e-4)
    np.testing.assert_array_equal(scan.pixels, np.transpose(expected.get_fdata()))
    assert scan.period_s is None  # the file says 2000, which is no number of seconds


def test_the_time_step_of_a_file_is_kept(nifti_files: Path) -> None:
    assert read_scan(nifti_files / "functional.nii").period_s == pytest.approx(2.0)


def test_a_volume_over_time_is_no_single_image(nifti_files: Path) -> None:
    with pytest.raises(SourceError, match="holds 2 volumes over time, expected one; serve it"):
        read_image(nifti_files / "example4d.nii.gz")


def test_a_dicom_film_is_recognised_with_its_time_step(dicom_files: Path) -> None:
    scan = read_scan(dicom_files / "examples_ybr_color.dcm")
    assert scan.frames_are_time
    assert scan.period_s == pytest.approx(1 / 30, rel=1e-4)
    assert scan.pixels.shape == (1, 30, 240, 320, 3)


def test_a_dicom_volume_of_several_frames_is_no_film(dicom_files: Path) -> None:
    scan = read_scan(dicom_files / "rtdose.dcm")
    assert scan.pixels.shape == (1, 15, 10, 10)
    assert not scan.frames_are_time


def test_a_sequence_of_plus_is_a_film(tmp_path: Path) -> None:
    image = itk_image(counted("uint8"))
    image.SetMetaData("Seq_Frame0000_Timestamp", "12.5")
    SimpleITK.WriteImage(image, tmp_path / "frames.igs.mha")
    assert read_scan(tmp_path / "frames.igs.mha").frames_are_time


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_pictures_are_one_slice_at_the_origin(ending: str, tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, 16:] = (255, 128, 0)
    path = tmp_path / f"picture{ending}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels, isVector=True), path)
    image = read_image(path)
    assert image.pixels.shape == (1, 20, 30, 3)
    assert np.abs(image.pixels[0].astype(int) - pixels).max() < 25  # JPEG loses a little
    np.testing.assert_allclose(image.ijk_to_ras[:3, 3], 0, atol=1e-6)
    np.testing.assert_allclose(np.abs(np.diag(image.ijk_to_ras)), 1)


def test_wide_integers_arrive_in_a_type_that_peers_read(dicom_files: Path) -> None:
    """SimpleITK gives this CT as int32."""
    image = read_image(dicom_files / "CT_small.dcm")
    assert image.pixels.dtype == np.int16


def test_complex_pixels_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "raw.nrrd"
    SimpleITK.WriteImage(itk_image(counted("complex64")), path)
    with pytest.raises(SourceError, match=r"cannot send .*raw\.nrrd: its pixels are complex64"):
        read_image(path)


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("head.nii.gz", "head"),
        ("CT_small.dcm", "CT_small"),
        ("a.b.mha", "a.b"),
        ("1.2.840", "1.2.840"),
        ("T1-weighted-after-contrast.nrrd", "T1-weighted-after-co"),
        ("nineteen-bytes-and-ä.nrrd", "nineteen-bytes-and-"),
        (".mha", "Image"),
    ],
)
def test_the_device_is_called_like_the_file_within_20_bytes(name: str, device: str) -> None:
    assert device_name_of(Path("some") / name) == device
    assert len(device.encode()) <= 20


def test_a_device_name_can_be_given(nifti_files: Path) -> None:
    path = nifti_files / "anatomical.nii"
    assert read_image(path).device_name == "anatomical"
    assert read_image(path, device_name="MR").device_name == "MR"


Damage = Callable[[Path], None]


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("this is no image\n" * 100)


def cut(path: Path) -> None:
    SimpleITK.WriteImage(itk_image(counted("float64")), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


@pytest.mark.parametrize(
    ("ending", "damage", "complaint"),
    [
        (".nrrd", empty, "the file is empty"),
        *((ending, text, "") for ending in (".nrrd", ".mha", ".nii", ".png", ".dcm", ".txt", "")),
        (".mha", cut, "damaged, or end too early"),
        (".nrrd", cut, "fread got only .* not 105 "),
        (".nii", cut, r"it ends after \d+ of 1192 bytes"),
        (".nii.gz", cut, r"it ends after \d+ of 1192 bytes"),
    ],
)
def test_unreadable_files_give_one_clear_line_and_print_nothing(
    ending: str, damage: Damage, complaint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"broken{ending}"
    damage(path)
    with pytest.raises(SourceError, match=f"cannot read {path}: .*{complaint}") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_whole_compressed_nifti_whose_trailer_says_little_is_read(tmp_path: Path) -> None:
    """Two gzip members in one file: the last four bytes count the second one only."""
    path = tmp_path / "two.nii.gz"
    SimpleITK.WriteImage(itk_image(counted()), path)
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:400]) + gzip.compress(whole[400:]))
    np.testing.assert_array_equal(read_image(path).pixels, counted())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file or folder .*ct\.nrrd"):
        read_image(tmp_path / "ct.nrrd")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_image_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        read_image(tmp_path / "pipe")


@pytest.mark.parametrize("ending", WRITTEN_ENDINGS)
@pytest.mark.parametrize("coordinates", ["RAS", "LPS"])
def test_written_files_hold_pixels_and_geometry(
    ending: str, coordinates: str, tmp_path: Path
) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = oblique() * (0.5, 1.5, 2.0)
    matrix[:3, 3] = (10.0, -20.0, 30.0)
    image = Image(counted(), ijk_to_world=matrix, coordinates=coordinates)
    path = tmp_path / f"out{ending}"
    write_image(image, path)
    written = SimpleITK.ReadImage(path)
    to_lps = LPS_TO_RAS if coordinates == "RAS" else np.eye(3)
    for i, j, k in INDICES:
        assert written.GetPixel(i, j, k) == counted()[k, j, i]
        point = to_lps @ (matrix @ (i, j, k, 1))[:3]
        np.testing.assert_allclose(
            written.TransformIndexToPhysicalPoint((i, j, k)), point, atol=2e-5
        )


@pytest.mark.parametrize("ending", WRITTEN_ENDINGS)
@pytest.mark.parametrize("components", [1, 3, 4])
@pytest.mark.parametrize("dtype", WIRE_DTYPES)
def test_what_is_written_reads_back(
    ending: str, components: int, dtype: str, tmp_path: Path
) -> None:
    pixels = counted(dtype, components)
    path = tmp_path / f"out{ending}"
    write_image(Image(pixels, spacing=(2, 3, 4), origin=(5, -6, 7)), path)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    np.testing.assert_allclose(image.origin, (5, -6, 7), atol=1e-5)
    np.testing.assert_allclose(image.spacing, (2, 3, 4), atol=1e-5)
    if dtype not in ("int32", "uint32"):  # those come back narrowed
        assert image.pixels.dtype == dtype


def test_big_endian_pixels_of_a_peer_are_written_right(tmp_path: Path) -> None:
    image = igtl.messages.decode(igtl.messages.encode(Image(counted(">i2"))))
    assert isinstance(image, Image)
    write_image(image, tmp_path / "out.mha")
    np.testing.assert_array_equal(read_image(tmp_path / "out.mha").pixels, counted())


def test_a_sub_volume_is_written_where_it_lies(tmp_path: Path) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = oblique() * (0.5, 1.5, 2.0)
    part = Image(
        counted(), ijk_to_world=matrix, sub_volume_offset=(10, 20, 30), volume_size=(50, 50, 50)
    )
    write_image(part, tmp_path / "part.nrrd")
    written = read_image(tmp_path / "part.nrrd")
    assert written.size == (7, 5, 3)
    np.testing.assert_allclose(
        written.ijk_to_ras @ (1, 2, 3, 1), part.ijk_to_ras @ (11, 22, 33, 1), atol=1e-4
    )


def test_a_slice_without_thickness_is_written_1_mm_thick(tmp_path: Path) -> None:
    matrix = np.diag((0.5, 0.5, 0.0, 1.0))
    write_image(Image(np.zeros((4, 5), np.uint8), ijk_to_world=matrix), tmp_path / "flat.mha")
    np.testing.assert_allclose(read_image(tmp_path / "flat.mha").spacing, (0.5, 0.5, 1.0))


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ((0.5, 0.0, 1.0), (4, 5)),
        ((1.0, 1.0, 0.0), (2, 4, 5)),
        ((1.0, np.nan, 1.0), (4, 5)),
        ((np.inf, np.inf, 0.0), (4, 5)),
    ],
)
def test_axes_that_span_nothing_are_refused(
    axes: tuple[float, ...], shape: tuple[int, ...], tmp_path: Path
) -> None:
    image = Image(np.zeros(shape, np.uint8), ijk_to_world=np.diag((*axes, 1.0)))
    with pytest.raises(
        SourceError, match=r"cannot write .*out\.mha: the image's axes span no volume"
    ):
        write_image(image, tmp_path / "out.mha")
    assert not (tmp_path / "out.mha").exists()


@pytest.mark.parametrize("ending", [".mha", ".nrrd"])
def test_shear_is_kept_where_the_format_can(ending: str, tmp_path: Path) -> None:
    image = Image(counted(), ijk_to_world=np.eye(4) + np.diag((0.5, 0.0), 2))
    write_image(image, tmp_path / f"tilted{ending}")
    written = read_image(tmp_path / f"tilted{ending}")
    np.testing.assert_allclose(written.ijk_to_ras, image.ijk_to_ras, atol=1e-6)


def test_nifti_refuses_shear(tmp_path: Path) -> None:
    image = Image(counted(), ijk_to_world=np.eye(4) + np.diag((0.5, 0.0), 2))
    with pytest.raises(SourceError, match=r"axes are not perpendicular.*use \.nrrd or \.mha"):
        write_image(image, tmp_path / "tilted.nii")


@pytest.mark.parametrize("name", ["out.png", "out", "out.dcm"])
def test_only_formats_with_geometry_are_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"ends in none of \.mha \.mhd \.nrrd"):
        write_image(Image(counted()), tmp_path / name)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no folder .*missing"):
        write_image(Image(counted()), tmp_path / "missing" / "out.mha")


def test_a_failure_to_write_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.mha").mkdir()
    with pytest.raises(SourceError, match=r"cannot write .*out\.mha: ") as caught:
        write_image(Image(counted()), tmp_path / "out.mha")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_without_simpleitk_files_stay_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, nifti_files: Path
) -> None:
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(MissingExtraError, match="needs SimpleITK"):
        read_image(nifti_files / "anatomical.nii")
    with pytest.raises(MissingExtraError, match="needs SimpleITK"):
        write_image(Image(counted()), tmp_path / "out.mha")
