from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image, Message, TrackingData, Transform
from igtl.sources.aruco import ArucoSource
from igtl.sources.opening import open_source

WIDTH, HEIGHT = 640, 480
CAMERA = np.array([[620.0, 0.0, 310.0], [0.0, 610.0, 250.0], [0.0, 0.0, 1.0]])
SHARPER = 4
"""Pictures are drawn this many times larger, then averaged, as a camera's pixels do."""


def pose(turn: tuple[float, float, float], shift: tuple[float, float, float]) -> NDArray[Any]:
    """Marker to camera, mm; the marker faces the camera when `turn` (degrees) is 0."""
    matrix = np.eye(4)
    facing = np.diag((1.0, -1.0, -1.0))
    matrix[:3, :3] = cv2.Rodrigues(np.radians(turn))[0] @ facing
    matrix[:3, 3] = shift
    return matrix


def drawn(
    markers: dict[int, NDArray[Any]],
    size: float,
    dictionary: int = cv2.aruco.DICT_4X4_50,
    camera: NDArray[Any] = CAMERA,
) -> NDArray[np.uint8]:
    """A grey picture of markers, seen by a pinhole camera."""
    enlarge = np.array(
        [[SHARPER, 0, (SHARPER - 1) / 2], [0, SHARPER, (SHARPER - 1) / 2], [0, 0, 1]]
    )
    large = (WIDTH * SHARPER, HEIGHT * SHARPER)
    picture = np.full(large[::-1], 230, np.uint8)
    side, margin = 480, 80
    for number, matrix in markers.items():
        bare = cv2.aruco.generateImageMarker(
            cv2.aruco.getPredefinedDictionary(dictionary), number, side
        )
        paper = cv2.copyMakeBorder(bare, *(margin,) * 4, cv2.BORDER_CONSTANT, value=(255,))
        mm = size / side
        middle = (side + 2 * margin - 1) / 2
        to_marker = np.array([[mm, 0, -mm * middle], [0, -mm, mm * middle], [0, 0, 1]])
        homography = enlarge @ camera @ matrix[:3, (0, 1, 3)] @ to_marker
        cv2.warpPerspective(
            paper, homography, large, dst=picture, borderMode=cv2.BORDER_TRANSPARENT
        )
    small: NDArray[np.uint8] = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return small


def write_calibration(path: Path, **more: object) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", WIDTH)
    storage.write("image_height", HEIGHT)
    storage.write("camera_matrix", CAMERA)
    for name, value in more.items():
        storage.write(name, value)
    storage.release()
    return path


def assert_close(found: NDArray[Any], true: NDArray[Any], share: float = 0.001) -> None:
    """To a share of the distance, and to 0.3 degrees."""
    between = found[:3, :3].T @ true[:3, :3]
    angle = math.degrees(math.acos(min(1.0, (np.trace(between) - 1) / 2)))
    distance = float(np.linalg.norm(true[:3, 3]))
    assert float(np.linalg.norm(found[:3, 3] - true[:3, 3])) <= share * distance
    assert angle <= 0.3


def by_name(messages: Any) -> dict[str, Message]:
    return {one.device_name: one for one in messages}


MARKERS = {
    3: pose((20, -30, 10), (-80.0, 40.0, 420.0)),
    7: pose((-35, 15, 100), (70.0, -50.0, 500.0)),
    21: pose((0, 40, -60), (60.0, 90.0, 600.0)),
}


@pytest.mark.parametrize("ending", ["yml", "xml", "json"])
def test_markers_are_where_they_were_put(ending: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "markers.png"), drawn(MARKERS, 40.0))
    calibration = write_calibration(tmp_path / f"camera.{ending}")
    source = open_source(
        f"aruco:{tmp_path / 'markers.png'}", size="40", calibration=str(calibration)
    )
    found = by_name(source.messages(0.0))
    assert list(found) == ["Marker3ToCamera", "Marker7ToCamera", "Marker21ToCamera", "ArUco"]
    for number, true in MARKERS.items():
        transform = found[f"Marker{number}ToCamera"]
        assert isinstance(transform, Transform)
        assert_close(transform.matrix, true)
    together = found["ArUco"]
    assert isinstance(together, TrackingData)
    for tool, transform in zip(together.tools, list(found.values()), strict=False):
        assert isinstance(transform, Transform)
        assert f"{tool.name}ToCamera" == transform.device_name
        np.testing.assert_array_equal(tool.matrix, transform.matrix)


def test_a_marker_twice_as_large_is_twice_as_far(tmp_path: Path) -> None:
    path = tmp_path / "markers.png"
    cv2.imwrite(str(path), drawn({7: MARKERS[7]}, 40.0))
    calibration = str(write_calibration(tmp_path / "camera.yml"))
    near, far = (
        ArucoSource(str(path), size=size, calibration=calibration).messages(0.0)[0]
        for size in (40.0, 80.0)
    )
    assert isinstance(near, Transform)
    assert isinstance(far, Transform)
    np.testing.assert_allclose(far.matrix[:3, 3], 2 * near.matrix[:3, 3], rtol=1e-5)


def test_a_lens_that_bends_is_straightened(tmp_path: Path) -> None:
    """The picture is bent as the lens would: where each of its pixels comes from."""
    bend = np.array([-0.25, 0.08, 0.001, -0.001, 0.0])
    straight = drawn(MARKERS, 40.0)
    j, i = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    seen = np.stack((i.ravel(), j.ravel()), axis=-1)[:, np.newaxis]
    origin = cv2.undistortPoints(seen, CAMERA, bend, P=CAMERA).reshape(HEIGHT, WIDTH, 2)
    bent = cv2.remap(straight, origin.astype(np.float32), None, cv2.INTER_CUBIC, borderValue=(230,))
    cv2.imwrite(str(tmp_path / "bent.png"), bent)
    calibration = write_calibration(tmp_path / "camera.yml", distortion_coefficients=bend)
    source = ArucoSource(str(tmp_path / "bent.png"), size=40, calibration=str(calibration))
    found = by_name(source.messages(0.0))
    for number, true in MARKERS.items():
        transform = found[f"Marker{number}ToCamera"]
        assert isinstance(transform, Transform)
        assert_close(transform.matrix, true, share=0.002)


def test_without_calibration_the_lens_is_guessed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / "markers.png")
    focal = WIDTH / 2 / math.tan(math.radians(25))
    camera = np.array([[focal, 0, (WIDTH - 1) / 2], [0, focal, (HEIGHT - 1) / 2], [0, 0, 1]])
    cv2.imwrite(path, drawn({3: MARKERS[3]}, 40.0, camera=camera))
    with caplog.at_level(logging.WARNING, "igtl"):
        source = open_source(f"aruco:{path}", size="40", field_of_view="50")
    assert "no calibration given, positions are a guess" in caplog.text
    (transform, _) = source.messages(0.0)
    assert isinstance(transform, Transform)
    assert_close(transform.matrix, MARKERS[3])


def test_other_dictionaries_are_other_markers(tmp_path: Path) -> None:
    path = str(tmp_path / "tags.png")
    cv2.imwrite(path, drawn(MARKERS, 40.0, cv2.aruco.DICT_APRILTAG_36h11))
    tags = ArucoSource(path, dictionary="apriltag_36H11").messages(0.0)
    assert [one.device_name for one in tags][:-1] == [f"Marker{n}ToCamera" for n in MARKERS]
    assert len(ArucoSource(path, dictionary="DICT_4X4_50").messages(0.0)) == 1


def test_markers_that_are_not_seen_are_not_sent(tmp_path: Path) -> None:
    """A film of three pictures, in the second of which there is nothing."""
    for number, markers in enumerate(({3: MARKERS[3]}, {}, {7: MARKERS[7]})):
        cv2.imwrite(str(tmp_path / f"{number}.png"), drawn(markers, 40.0))
    source = open_source(f"aruco:{tmp_path}", rate="10", picture_name="Camera")
    names = [[one.device_name for one in source.messages(tick / 10)] for tick in range(3)]
    assert names == [
        ["Marker3ToCamera", "ArUco", "Camera"],
        ["ArUco", "Camera"],
        ["Marker7ToCamera", "ArUco", "Camera"],
    ]
    nothing, picture = source.messages(0.1)
    assert isinstance(nothing, TrackingData)
    assert nothing.tools == ()
    assert isinstance(picture, Image)
    assert picture.size == (WIDTH, HEIGHT, 1)


def test_a_calibration_for_other_pictures_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((240, 320), np.uint8))
    calibration = str(write_calibration(tmp_path / "camera.yml"))
    source = ArucoSource(str(tmp_path / "small.png"), calibration=calibration)
    with pytest.raises(SourceError, match=r"for pictures of 640 x 480 pixels, .* gives 320 x 240"):
        source.messages(0.0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"dictionary": "9X9"}, "no dictionary '9X9' of ArUco markers, expected one of 4X4_100,"),
        ({"size": "0"}, "size is 0.0, expected mm"),
        ({"size": "large"}, "size is 'large', expected a number"),
        ({"field_of_view": "180"}, "field_of_view is 180.0, expected degrees"),
        ({"colour": "1"}, "has no option 'colour'; its options: pictures, size, dictionary"),
        ({"pictures": "1"}, "pictures is given twice"),
    ],
)
def test_wrong_options_are_told(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        open_source("aruco:0", **options)


def test_volumes_show_no_markers(dicom_files: Path) -> None:
    source = ArucoSource(str(dicom_files / "CT_small.dcm"))
    with pytest.raises(SourceError, match="pictures of 1 x int16 show no markers"):
        source.messages(0.0)
