from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK

from igtl.errors import SourceError
from igtl.messages import Image
from igtl.sources.files import FileSource
from igtl.sources.opening import open_source
from igtl.sources.pictures import PicturesSource, holds_pictures


def write(path: Path, grey: int) -> None:
    cv2.imwrite(str(path), np.full((6, 8), grey, np.uint8))


def greys(folder: Path, count: int) -> list[int]:
    source = open_source(str(folder))
    images = [source.messages(tick / source.rate)[0] for tick in range(count)]
    return [int(one.pixels.flat[0]) for one in images if isinstance(one, Image)]


def test_pictures_are_a_film_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["a2.png", "a10.png", "A9.bmp", "a9b.tif", "b1.png", "a010.PNG", "3.png"]
    for grey, name in enumerate(names):
        write(tmp_path / name, grey)
    order = ["3.png", "a2.png", "A9.bmp", "a9b.tif", "a010.PNG", "a10.png", "b1.png"]
    found = greys(tmp_path, 8)
    assert set(found[4:6]) == {names.index("a10.png"), names.index("a010.PNG")}
    assert found[:4] + found[6:] == [names.index(name) for name in (*order[:4], order[6], order[0])]


def test_what_else_lies_there_is_left_alone(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", number)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture")
    (tmp_path / "below").mkdir()
    write(tmp_path / "below" / "0.png", 99)
    assert greys(tmp_path, 4) == [0, 1, 2, 0]


def test_colours_and_sizes_stay_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    first = rng.integers(0, 256, (5, 7, 3), np.uint8)
    second = rng.integers(0, 65536, (4, 9), np.uint16)
    cv2.imwrite(str(tmp_path / "1.png"), first[..., ::-1])
    cv2.imwrite(str(tmp_path / "2.png"), second)
    source = PicturesSource(tmp_path, rate=4, device_name="Film", spacing=0.25)
    for tick, pixels in enumerate((first, second)):
        (image,) = source.messages(tick / 4)
        assert isinstance(image, Image)
        np.testing.assert_array_equal(image.pixels[0], pixels)
        assert image.pixels.dtype == pixels.dtype
        assert image.device_name == "Film"
        assert image.spacing.tolist() == [0.25, 0.25, 0.25]
    assert source.description == "film: 2 pictures, the first of 7 x 5 uint8, as Film"


def test_dicom_goes_before_pictures(tmp_path: Path, dicom_files: Path) -> None:
    write(tmp_path / "thumbnail.png", 5)
    (tmp_path / "below").mkdir()
    shutil.copy(dicom_files / "CT_small.dcm", tmp_path / "below" / "1")
    assert not holds_pictures(tmp_path)
    (image,) = open_source(str(tmp_path)).messages(0.0)
    assert isinstance(image, Image)
    assert image.pixels.dtype == np.int16


def test_a_folder_without_pictures_is_looked_at_for_dicom(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SourceError, match="holds no DICOM image"):
        open_source(str(tmp_path))
    with pytest.raises(SourceError, match=r"holds no picture \(.png, .jpg"):
        PicturesSource(tmp_path)
    with pytest.raises(SourceError, match="cannot read folder"):
        PicturesSource(tmp_path / "notes.txt")


def test_damaged_pictures_are_told_by_name(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    (tmp_path / "2.png").write_text("no picture")
    source = PicturesSource(tmp_path, rate=1)
    source.messages(0.0)
    with pytest.raises(SourceError, match=r"cannot read .*2\.png: it is damaged, or no image"):
        source.messages(1.0)


def test_one_picture_a_file(tmp_path: Path) -> None:
    volume = SimpleITK.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    SimpleITK.WriteImage(volume, tmp_path / "stack.tif")
    with pytest.raises(SourceError, match=r"stack\.tif holds several pictures, expected one"):
        PicturesSource(tmp_path)
    assert isinstance(FileSource(tmp_path / "stack.tif").messages(0.0)[0], Image)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"mode": "film"}, "has no option 'mode'; its options: rate, device_name, spacing"),
        ({"spacing": "-1"}, "spacing is -1.0, expected mm between pixels"),
        ({"rate": "fast"}, "rate is 'fast', expected a number"),
    ],
)
def test_wrong_options_are_told(options: dict[str, object], complaint: str, tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    with pytest.raises(SourceError, match=complaint):
        open_source(str(tmp_path), **options)
