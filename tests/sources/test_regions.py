from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from igtl.messages import Image
from igtl.sources.files import FileSource
from igtl.sources.regions import pixel_size

REGION = {
    "RegionSpatialFormat": 1,
    "RegionDataType": 1,
    "RegionLocationMinX0": 10,
    "RegionLocationMinY0": 10,
    "RegionLocationMaxX1": 319,
    "RegionLocationMaxY1": 239,
    "PhysicalUnitsXDirection": 3,
    "PhysicalUnitsYDirection": 3,
    "PhysicalDeltaX": 0.02,
    "PhysicalDeltaY": 0.03,
}


def write_film(target: Path, source: Path, *regions: dict[str, Any], **tags: object) -> Path:
    """A real ultrasound film with other regions and times; None takes a tag away."""
    data = pydicom.dcmread(source)
    data.SequenceOfUltrasoundRegions = Sequence()
    for changes in regions:
        item = Dataset()
        for name, value in (REGION | changes).items():
            setattr(item, name, value)
        data.SequenceOfUltrasoundRegions.append(item)
    for name, value in tags.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    data.save_as(target)
    return target


@pytest.fixture(scope="session")
def film(dicom_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real film, made smaller: ten grey frames, not compressed."""
    data = pydicom.dcmread(dicom_files / "examples_ybr_color.dcm")
    path = dicom_files / "examples_ybr_color.dcm"
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))[:10, ..., 0]
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.PhotometricInterpretation, data.SamplesPerPixel = "MONOCHROME2", 1
    data.NumberOfFrames = len(pixels)
    del data.PlanarConfiguration
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = False
    path = tmp_path_factory.mktemp("film") / "film.dcm"
    data.save_as(path)
    return path


PLANE: dict[str, Any] = {}
DOPPLER = {"RegionSpatialFormat": 3, "PhysicalUnitsXDirection": 4, "PhysicalDeltaX": 0.004}
SCALE = {"RegionSpatialFormat": 4, "PhysicalUnitsYDirection": 0, "PhysicalDeltaY": 0.0}
OVER_TIME = {"RegionSpatialFormat": 2, "PhysicalDeltaX": 0.5}
UPWARDS = {"PhysicalDeltaY": -0.03}


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ([PLANE], (0.2, 0.3)),
        ([UPWARDS], (0.2, 0.3)),
        ([DOPPLER, PLANE, SCALE], (0.2, 0.3)),
        ([OVER_TIME, PLANE], (0.2, 0.3)),
        ([PLANE, PLANE], (0.2, 0.3)),
        ([PLANE, {"PhysicalDeltaX": 0.05}], None),  # two pictures of different scale
        ([{"PhysicalUnitsXDirection": 1}], None),
        ([{"PhysicalDeltaX": 0.0}], None),
        ([DOPPLER], None),
        ([], None),
    ],
)
def test_regions_tell_the_size_of_pixels(
    regions: list[dict[str, Any]],
    expected: tuple[float, float] | None,
    film: Path,
    tmp_path: Path,
) -> None:
    path = write_film(tmp_path / "film.dcm", film, *regions)
    found = pixel_size(path)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found[:2] == pytest.approx(expected)
        assert found.fits
    (image,) = FileSource(path).messages(0.0)
    assert isinstance(image, Image)
    np.testing.assert_allclose(image.spacing, (*(expected or (1.0, 1.0)), 1.0), rtol=1e-6)


def test_regions_beyond_the_picture_are_told(film: Path, tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.dcm", film, {"RegionLocationMaxX1": 639})
    assert pixel_size(path) == pytest.approx((0.2, 0.3, False))
    assert FileSource(path).description.endswith("they reach beyond it, so it may be wrong)")


def test_the_size_in_a_real_still_is_read(dicom_files: Path) -> None:
    """Its regions: a plane of 0.0262 cm, and a scale of colours that says nothing of it."""
    found = pixel_size(dicom_files / "examples_palette.dcm")
    assert found is not None
    assert found[:2] == pytest.approx((0.2622878766, 0.2622878766))


@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_jpeg2k.dcm", "README.txt"])
def test_files_without_regions_say_nothing(name: str, dicom_files: Path) -> None:
    assert pixel_size(dicom_files / name) is None


@pytest.mark.parametrize(
    ("tags", "rate"),
    [
        ({"FrameTime": 40.0}, 25.0),
        ({"FrameTime": None, "CineRate": 20}, 20.0),
        ({"FrameTime": None, "RecommendedDisplayFrameRate": 15}, 15.0),
        (
            {
                "FrameTime": None,
                "FrameTimeVector": [0.0, 20.0, *([25.0] * 7), 30.0],
                "FrameIncrementPointer": 0x00181065,
            },
            40.0,
        ),
        ({"FrameTime": None}, 10.0),  # our own, as nothing is told
    ],
)
def test_a_film_is_played_at_the_rate_that_it_tells(
    tags: dict[str, object], rate: float, film: Path, tmp_path: Path
) -> None:
    source = FileSource(write_film(tmp_path / "film.dcm", film, PLANE, **tags))
    assert source.mode == "film"
    assert source.rate == pytest.approx(rate)
    expected = pydicom.dcmread(film).pixel_array
    for tick in (0, 3, 9, 10):
        (image,) = source.messages(tick / source.rate)
        assert isinstance(image, Image)
        np.testing.assert_array_equal(image.pixels[0], expected[tick % 10])
