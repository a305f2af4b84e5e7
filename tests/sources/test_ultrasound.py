from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.messages import Image, Transform
from igtl.sources import motion, ultrasound
from igtl.sources.phantom import CYST, STONE, VESSEL, WIRES, Rod
from igtl.sources.ultrasound import HEIGHT, IMAGE_TO_PROBE, WIDTH, UltrasoundSource, render

TIMES = [0.0, 2.0, 7.5, 12.0, 14.0, 20.0]
Floats = NDArray[np.float64]


def frame(time_s: float) -> Image:
    image = UltrasoundSource().messages(time_s)[1]
    assert isinstance(image, Image)
    return image


def places(image: Image) -> Floats:
    """(j, i, 3), mm in the tracker's frame: where each pixel says it is."""
    j, i = np.mgrid[:HEIGHT, :WIDTH]
    indices = np.stack((i, j, 0 * i, 0 * i + 1), axis=-1)
    world: Floats = indices @ image.ijk_to_world.T
    return world[..., :3]


def from_rod(rod: Rod, points: Floats) -> Floats:
    axis = np.array(rod.direction) / np.linalg.norm(rod.direction)
    distances: Floats = np.linalg.norm(np.cross(points - rod.point, axis), axis=-1)
    return distances


def pixel_of_crossing(rod: Rod, image: Image) -> Floats:
    """(i, j) where a rod goes through the plane of the image."""
    to_index = np.linalg.inv(image.ijk_to_world)
    point = to_index @ (*rod.point, 1.0)
    direction = to_index @ (*rod.direction, 0.0)
    crossing: Floats = point - direction * point[2] / direction[2]
    return crossing[:2]


def test_a_tick_is_the_probes_pose_and_the_image_there() -> None:
    transform, image = UltrasoundSource().messages(3.0)
    assert isinstance(transform, Transform)
    assert transform.device_name == "ProbeToTracker"
    np.testing.assert_array_equal(transform.matrix, motion.probe_to_tracker(3.0).astype(np.float32))
    assert isinstance(image, Image)
    assert (image.device_name, image.coordinates) == ("Ultrasound", "RAS")
    assert image.pixels.shape == (1, 240, 320)
    assert image.pixels.dtype == np.uint8


@pytest.mark.parametrize("time_s", TIMES)
def test_the_image_lies_in_the_probes_plane(time_s: float) -> None:
    """By hand: the middle of the probe's face is at column 159.5, 7 mm / 0.375 mm below the top."""
    transform, image = UltrasoundSource().messages(time_s)
    assert isinstance(transform, Transform)
    assert isinstance(image, Image)
    face = image.ijk_to_world @ (159.5, 7.0 / 0.375, 0.0, 1.0)
    np.testing.assert_allclose(face, transform.matrix[:, 3], atol=1e-4)
    for axis, (direction, spacing) in enumerate(zip("xyz", (0.375, 0.375, 1.0), strict=True)):
        expected = transform.matrix[:, axis] * spacing
        np.testing.assert_allclose(
            image.ijk_to_world[:, axis], expected, atol=1e-6, err_msg=direction
        )


def test_beyond_the_fan_it_is_black_and_within_it_is_not() -> None:
    pixels = frame(0.0).pixels[0]
    assert not pixels[:100, :30].any()
    assert not pixels[:10, 150:170].any()
    assert not pixels[-3:].any()
    assert (pixels[60:200, 150:170] > 0).mean() > 0.95


@pytest.mark.parametrize("time_s", TIMES)
def test_wires_shine_where_they_go_through_the_plane(time_s: float) -> None:
    image = frame(time_s)
    pixels = image.pixels[0].astype(float)
    for wire in WIRES:
        i, j = pixel_of_crossing(wire, image)
        rows, columns = np.mgrid[round(j) - 7 : round(j) + 8, round(i) - 9 : round(i) + 10]
        window = pixels[rows, columns]
        bright = np.where(window > 0.7 * window.max(), window, 0)
        centre = np.array([(columns * bright).sum(), (rows * bright).sum()]) / bright.sum()
        assert window.max() > 160
        np.testing.assert_allclose(centre, (i, j), atol=1.25)


@pytest.mark.parametrize("time_s", TIMES)
def test_the_vessel_is_black_inside_and_grey_around(time_s: float) -> None:
    image = frame(time_s)
    distance = from_rod(VESSEL, places(image))
    pixels = image.pixels[0]
    assert np.median(pixels[distance < VESSEL.radius - 1.5]) < 20
    ring = pixels[(distance > VESSEL.radius + 1) & (distance < VESSEL.radius + 4)]
    assert np.median(ring) > 70


def test_the_cyst_appears_when_the_plane_reaches_it_and_brightens_what_lies_behind() -> None:
    seen, missed = frame(2.6), frame(0.0)
    centre = np.linalg.norm(places(seen) - CYST.centre, axis=-1)
    assert (centre < 4).any()
    assert np.median(seen.pixels[0][centre < 4]) < 10
    elsewhere = np.linalg.norm(places(missed) - CYST.centre, axis=-1)
    assert elsewhere.min() > CYST.radius + 1
    x, y, _ = np.moveaxis(places(seen), -1, 0)
    deep = (y > -35) & (y < -20)
    behind = seen.pixels[0][deep & (abs(x - CYST.centre[0]) < 4)]
    beside = seen.pixels[0][deep & (abs(x - CYST.centre[0] - 18) < 4)]
    assert np.mean(behind) > np.mean(beside) + 8


def test_the_stone_throws_a_shadow() -> None:
    image = frame(15.0)
    x, y, _ = np.moveaxis(places(image), -1, 0)
    shadow = image.pixels[0][(y > -20) & (y < 5) & (abs(x - STONE.centre[0]) < 1)]
    assert np.median(shadow) < 25


def test_the_needle_shows_up_to_its_tip_when_it_is_in_the_plane() -> None:
    """At 12 s the needle is at its target, and the plane goes along the needle."""
    image = frame(12.0)
    needle = motion.needle_to_tracker(12.0)
    along = (places(image) - needle[:3, 3]) @ needle[:3, 2]
    across = from_rod(Rod(tuple(needle[:3, 3]), tuple(needle[:3, 2]), 0.0), places(image))
    shaft = image.pixels[0][(across < 0.4) & (along > -15) & (along < -1)]
    ahead = image.pixels[0][(across < 0.4) & (along > 3) & (along < 10)]
    assert np.median(shaft) > 180
    assert np.median(ahead) < np.median(shaft) - 50


def test_speckle_belongs_to_the_tissue_not_to_the_picture() -> None:
    """Eight pixels to the side, the same grain is seen eight pixels further."""
    out_of_sight = np.eye(4)
    out_of_sight[:3, 3] = (500.0, 0.0, 0.0)
    here = motion.probe_to_tracker(0.0)
    there = here.copy()
    there[:3, 3] += here[:3, 0] * 8 * 0.375
    first, second = (render(pose, out_of_sight)[60:180].astype(float) for pose in (here, there))
    moved = np.corrcoef(first[:, 140:180].ravel(), second[:, 132:172].ravel())[0, 1]
    unmoved = np.corrcoef(first[:, 140:180].ravel(), second[:, 140:180].ravel())[0, 1]
    assert moved > 0.55
    assert abs(unmoved) < 0.3


def test_pixels_are_made_of_the_samples_around_them() -> None:
    fan = ultrasound._fan()
    j, i = np.nonzero(fan.inside)
    np.testing.assert_allclose(fan.weights.sum(axis=0), 1, atol=1e-6)
    for row, index, samples in ((0, i, fan.x), (1, j, fan.y)):
        expected = IMAGE_TO_PROBE[row, row] * index + IMAGE_TO_PROBE[row, 3]
        blended = (samples.ravel()[fan.corners] * fan.weights).sum(axis=0)
        np.testing.assert_allclose(blended, expected, atol=0.002)


def test_the_picture_is_not_copied_on_its_way() -> None:
    """A server need not copy what nobody can change."""
    assert not render(np.eye(4), np.eye(4)).flags.writeable


def test_it_looks_like_speckle() -> None:
    """Fully developed speckle in decibels spreads by 5.6 dB; 55 dB fill the 255 grey values."""
    image = frame(7.5)
    _, y, _ = np.moveaxis(places(image), -1, 0)
    pixels = image.pixels[0][(abs(y + 5) < 4) & (image.pixels[0] > 0)]
    assert 4.0 < np.std(pixels.astype(float)) * 55 / 255 < 9.0


def test_the_picture_changes_from_tick_to_tick() -> None:
    source = UltrasoundSource()
    assert source.messages(4.0)[1] != source.messages(4.0 + 1 / source.rate)[1]


def test_the_images_are_called_as_asked() -> None:
    assert UltrasoundSource(device_name="US").messages(0.0)[1].device_name == "US"
