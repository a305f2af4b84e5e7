from __future__ import annotations

import sys
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import MissingExtraError, SourceError
from igtl.messages import Image, TrackingData
from igtl.sources import feed
from igtl.sources.camera import CameraSource
from igtl.sources.opening import open_source
from igtl.sources.source import close_source
from tests.sources.film_server import FilmServer


@pytest.fixture
def film() -> Iterator[FilmServer]:
    """A camera that has shown three pictures, which the driver wants before it begins."""
    with FilmServer() as server:
        for red in (1, 2, 3):
            server.show(picture(red))
        yield server


def picture(red: int) -> NDArray[np.uint8]:
    """Half red, half blue, so that colours and sides cannot change places."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32, 0] = red
    pixels[:, 32:, 2] = 200
    return pixels


def seen_until(source: CameraSource, red: int) -> Image:
    """The pictures that it gives, until that one comes."""
    while True:
        (image,) = source.messages(0.0)
        assert isinstance(image, Image)
        if abs(int(image.pixels[0, 20, 10, 0]) - red) <= 2:
            return image


def test_pictures_come_as_they_are_seen(film: FilmServer) -> None:
    source = CameraSource(film.url)
    times = []
    for red in (60, 120, 180):
        film.show(picture(red))
        image = seen_until(source, red)
        assert (image.size, image.components) == ((64, 48, 1), 3)
        assert image.pixels.dtype == np.uint8
        np.testing.assert_allclose(image.pixels[0, 5:40, 5:27], [[[red, 0, 0]] * 22] * 35, atol=4)
        np.testing.assert_allclose(image.pixels[0, 5:40, 37:], [[[0, 0, 200]] * 27] * 35, atol=4)
        times.append(image.timestamp or 0.0)
    assert times == sorted(times)
    assert times[0] > 1e9
    assert source.rate == 25.0  # what the driver says of such a stream
    assert source.description.endswith("64 x 48 RGB, as Camera")
    film.unplug()
    source.close()


def test_its_options(film: FilmServer) -> None:
    source = open_source(f"camera:{film.url}", rate="7", device_name="Endoscope")
    assert source.rate == 7.0
    film.show(picture(90))
    assert source.messages(0.0)[0].device_name == "Endoscope"
    film.unplug()
    close_source(source)


def test_an_unplugged_camera_is_one_clear_line(film: FilmServer) -> None:
    source = CameraSource(film.url)
    film.show(picture(99))
    seen_until(source, 99)
    film.unplug()
    with pytest.raises(SourceError, match="gives no more pictures: is it unplugged"):
        source.messages(0.0)
    source.close()


def test_a_camera_that_shows_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_CLOSING_S", 0.1)
    monkeypatch.setattr("igtl.sources.camera._PATIENCE_S", 0.3)
    with FilmServer() as dark, pytest.raises(SourceError, match=r"gave no picture for 0.3 s"):
        CameraSource(dark.url)


def test_a_size_that_it_does_not_have_is_told(film: FilmServer) -> None:
    with pytest.raises(SourceError, match=r"gives 64 x 48 pixels, not 1920 x 1080: ask for a size"):
        CameraSource(film.url, width=1920, height=1080)


@pytest.mark.parametrize(
    ("camera", "complaint"),
    [
        ("97", "cannot open camera '97': there is "),
        ("/dev/nothing", "cannot open camera '/dev/nothing': expected a number"),
        ("http://127.0.0.1:1/x", "cannot open camera .*: expected a number"),
        ("", "cannot open camera '': expected a number"),
    ],
)
def test_a_camera_that_is_not_there_is_one_line(
    camera: str, complaint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SourceError, match=complaint):
        open_source(f"camera:{camera}")
    assert capfd.readouterr() == ("", "")


def test_wrong_options_are_told() -> None:
    with pytest.raises(SourceError, match="width is 'wide', expected a whole number"):
        open_source("camera:0", width="wide")
    with pytest.raises(SourceError, match=r"rate is -1\.0, expected ticks per second"):
        open_source("camera:0", rate="-1")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"a camera needs opencv.*'igtl\[cameras\]'"):
        CameraSource("0")


def test_markers_are_found_live(film: FilmServer) -> None:
    markers = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    bare = cv2.aruco.generateImageMarker(markers, 5, 30)
    grey = cv2.copyMakeBorder(bare, 9, 9, 17, 17, cv2.BORDER_CONSTANT, value=(255,))
    source = open_source(f"aruco:camera:{film.url}", size="30")
    film.show(np.repeat(grey[..., np.newaxis], 3, axis=2))
    while True:  # the pictures before it hold none
        *_, data = source.messages(0.0)
        assert isinstance(data, TrackingData)
        assert data.timestamp is not None
        if data.tools:
            break
    assert [tool.name for tool in data.tools] == ["Marker5"]
    film.unplug()
    close_source(source)
