from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from igtl.errors import SourceError
from igtl.sources.calibration import assumed, read_calibration

CAMERA = np.array([[620.0, 0.0, 310.0], [0.0, 610.0, 250.0], [0.0, 0.0, 1.0]])
BEND = np.array([-0.25, 0.08, 0.001, -0.001, 0.02])


@pytest.mark.parametrize("ending", ["yml", "yaml", "xml", "json"])
def test_what_opencv_writes_is_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"camera.{ending}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", CAMERA)
    storage.write("distortion_coefficients", BEND.reshape(1, 5))
    storage.release()
    read = read_calibration(path)
    np.testing.assert_array_equal(read.matrix, CAMERA)
    np.testing.assert_array_equal(read.distortion, BEND)
    assert read.size == (640, 480)


def test_a_guess_spans_the_field_of_view() -> None:
    lens = assumed(60.0, 640, 480)
    points = np.array([[math.tan(math.radians(30)), 0.0, 1.0], [0.0, 0.0, 1.0]])
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), lens.matrix, lens.distortion)
    np.testing.assert_allclose(pixels.reshape(2, 2), [[639.5, 239.5], [319.5, 239.5]])


def test_a_calibration_of_lists_is_read(tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    path.write_text(json.dumps({"K": CAMERA.tolist(), "D": [[0.1, 0.2, 0, 0]]}))
    read = read_calibration(path)
    np.testing.assert_array_equal(read.matrix, CAMERA)
    assert (read.distortion.tolist(), read.size) == ([0.1, 0.2, 0.0, 0.0], None)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("no.yml", None, "cannot read the calibration .*no.yml: No such file"),
        ("a.yml", b"\xff\xfe\x00", "a.yml: it is not text"),
        ("a.yml", b"hello", "is no calibration: expected YAML, XML or JSON"),
        ("a.json", b"{]", "is no calibration: it is no JSON"),
        ("a.json", b"[1]", "holds no camera_matrix of 3 x 3"),
        ("a.json", b'{"K": [[1, 2], [3]]}', "holds no camera_matrix of 3 x 3"),
        ("a.json", b'{"K": {"rows": 9, "cols": 1, "data": "x"}}', "holds no camera_matrix"),
        ("a.json", b'{"K": [[0, 0, 1], [0, 9, 1], [0, 0, 1]]}', "holds no camera_matrix"),
        ("a.yml", b"%YAML:1.0\n---\ncamera_matrix: 3\n", "holds no camera_matrix"),
        (
            "a.json",
            b'{"K": [[9, 0, 1], [0, 9, 1], [0, 0, 1]], "D": [1, 2, 3]}',
            "holds 3 distortion_coefficients, expected 4, 5, 8",
        ),
        ("a.yml", b" " * (1 << 20) + b"x", "is larger than 1 MiB"),
    ],
)
def test_a_wrong_calibration_is_one_line(
    name: str, content: bytes | None, complaint: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=complaint) as told:
        read_calibration(tmp_path / name)
    assert "\n" not in str(told.value)
