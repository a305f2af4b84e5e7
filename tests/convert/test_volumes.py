"""Volume files, read by nibabel and SimpleITK."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

import igtl
from tests.convert.entries import entry, written

PIXELS = np.arange(2 * 3 * 5, dtype=np.int16).reshape(2, 3, 5) - 5
PLACED = np.array([[-2.0, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]])


def volume(n: int = 0) -> igtl.Image:
    return igtl.Image(PIXELS + n, ijk_to_world=PLACED, device_name="CT")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_one_volume_has_the_name_that_was_asked_for(tmp_path: Path, ending: str) -> None:
    (path,), reasons = written([entry(igtl.String("x")), entry(volume())], tmp_path / f"ct{ending}")
    assert path == tmp_path / f"ct{ending}"
    assert reasons == ["image files hold images"]
    image = nibabel.load(path)
    assert np.array_equal(np.asarray(image.dataobj), PIXELS.transpose(2, 1, 0))
    assert np.allclose(image.affine, PLACED)


@pytest.mark.parametrize("ending", [".nrrd", ".mha", ".nii.gz"])
def test_several_are_numbered(tmp_path: Path, ending: str) -> None:
    entries = [entry(volume(n)) for n in range(3)]
    files, _ = written(entries, tmp_path / f"c.t{ending}")
    assert [file.name for file in files] == [f"c.t-{n:03}{ending}" for n in (1, 2, 3)]
    for n, file in enumerate(files):
        image = SimpleITK.ReadImage(str(file))
        assert np.array_equal(SimpleITK.GetArrayFromImage(image), PIXELS + n)
        assert image.GetSpacing() == (2, 3, 4)
        assert image.GetOrigin() == (-10, -20, 30)  # ITK's LPS
    assert len(list(tmp_path.iterdir())) == 3


def test_too_many_are_refused(tmp_path: Path) -> None:
    with pytest.raises(igtl.OpenIGTLinkError, match="more than 2 images"):
        written([entry(volume(n)) for n in range(3)], tmp_path / "ct.nii", most=2)


def test_a_geometry_that_the_format_cannot_hold_is_left_out(tmp_path: Path) -> None:
    sheared = np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    entries = [entry(igtl.Image(PIXELS, ijk_to_world=sheared)), entry(volume())]
    files, (reason,) = written(entries, tmp_path / "ct.nii")
    assert files == (tmp_path / "ct.nii",)
    assert reason.startswith("cannot be written: the image's axes are not perpendicular")
    assert "partial" not in reason
