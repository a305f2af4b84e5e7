from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.cli.saving import Folder
from igtl.sources.image_file import read_image
from tests.cli.arrival import arrival_of, malformed


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_bytes_are_kept_as_they_came(tmp_path: Path) -> None:
    message = igtl.Unknown("ODD", b"abc", device_name="Dev", timestamp=5)
    path = Folder(tmp_path).add(arrival_of(message))
    assert path == tmp_path / "000001_ODD_Dev.igtl"
    assert igtl.decode(path.read_bytes()) == message


def test_a_malformed_message_is_kept_too(tmp_path: Path) -> None:
    path = Folder(tmp_path).add(malformed(igtl.String("x", device_name="Dev")))
    assert path.name == "000001_STRING_Dev_malformed.igtl"


def test_images_keep_pixels_and_place(tmp_path: Path) -> None:
    pixels = np.arange(30, dtype=np.int16).reshape(2, 3, 5)
    image = igtl.Image(pixels, spacing=(1, 2, 3), origin=(4, 5, 6), device_name="CT")
    Folder(tmp_path).add(arrival_of(image))
    found = read_image(tmp_path / "000001_IMAGE_CT.mha")
    assert found.pixels.tolist() == pixels.tolist()
    assert np.allclose(found.ijk_to_ras, image.ijk_to_ras)


def test_an_image_that_no_file_can_hold_is_kept_as_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = igtl.Image(np.zeros((2, 2), np.uint8), ijk_to_world=np.zeros((3, 4)))
    Folder(tmp_path).add(arrival_of(flat))
    assert names(tmp_path) == ["000001_IMAGE.igtl"]
    assert capsys.readouterr().err.startswith("igtl: saved as .igtl only: ")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "000007_STRING.igtl").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    Folder(tmp_path).add(arrival_of(igtl.String("x")))
    Folder(tmp_path).add(arrival_of(igtl.String("y")))
    assert names(tmp_path)[:3] == [f"00000{n}_STRING.igtl" for n in (7, 8, 9)]
    assert (tmp_path / "000007_STRING.igtl").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "C:\\x",
        "a\nb",
        "\x1b[2J",
        "CON",
        "",
        "~",
        "$(x)",
    ],
)
def test_whatever_a_device_is_called_files_stay_inside(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    Folder(folder).add(arrival_of(igtl.String("x", device_name=name)))
    Folder(folder).add(arrival_of(igtl.Unknown(name[:12] or "x", b"", device_name=name)))
    Folder(folder).add(malformed(igtl.Image(np.zeros((1, 1)), device_name=name)))
    assert names(tmp_path) == ["inside"]
    found = names(folder)
    assert len(found) == 3
    assert all(set(file) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
               for file in found)  # fmt: skip


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        Folder(tmp_path / "file")
