"""NPZ, read by numpy."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.convert import npz
from tests.convert.entries import START_NS, entry, written

RANDOM = np.random.default_rng(1)


def test_arrays_of_a_device(tmp_path: Path) -> None:
    matrices = RANDOM.random((3, 4, 4)).astype(np.float32).astype(float)
    matrices[:, 3] = 0, 0, 0, 1
    stamps = [None, 5.5, 6.25]
    entries = [
        entry(igtl.Transform(matrix, device_name="Probe", timestamp=stamp), n)
        for n, (matrix, stamp) in enumerate(zip(matrices, stamps, strict=True))
    ]
    (path,), _ = written(entries, tmp_path / "s.npz")
    with np.load(path) as arrays:
        assert np.array_equal(arrays["Probe/matrices"], matrices)
        assert arrays["Probe/times_ns"].tolist() == [START_NS, START_NS + 1, START_NS + 2]
        assert arrays["Probe/times"].tolist() == [START_NS / 1e9] * 3
        assert np.array_equal(arrays["Probe/timestamps"], [np.nan, 5.5, 6.25], equal_nan=True)
        assert arrays["Probe/timestamps_ns"].tolist() == [0, 5_500_000_000, 6_250_000_000]
        assert arrays["Probe/statuses"].tolist() == [""] * 3


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<f4", ">f8"])
def test_images_and_where_they_are(tmp_path: Path, dtype: str) -> None:
    pixels = RANDOM.integers(0, 100, (4, 2, 5, 6)).astype(dtype)
    ijk_to_world = np.array([[2.0, 0, 0, 1], [0, 3, 0, 2], [0, 0, 4, 3], [0, 0, 0, 1]])
    entries = [
        entry(
            igtl.Image(
                one, ijk_to_world=ijk_to_world, coordinates="LPS", device_name="CT",
                sub_volume_offset=(1, 0, 0), components=1,
            )
        )
        for one in pixels
    ]  # fmt: skip
    (path,), _ = written(entries, tmp_path / "s.npz", compress=True)
    with np.load(path) as arrays:
        assert np.array_equal(arrays["CT/images"], pixels)
        assert arrays["CT/images"].dtype == pixels.dtype.newbyteorder("=")
        assert arrays["CT/ijk_to_world"][3][:3, 3].tolist() == [3, 2, 3]
        assert arrays["CT/coordinates"] == "LPS"
    with zipfile.ZipFile(path) as archive:
        assert {info.compress_type for info in archive.infolist()} >= {zipfile.ZIP_DEFLATED}


def test_large_arrays_wait_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "_BUFFERED", 100)
    monkeypatch.setattr(npz, "_COPIED", 64)
    pixels = RANDOM.integers(0, 255, (20, 1, 8, 9), np.uint8)
    entries = [entry(igtl.Image(one, device_name="US")) for one in pixels]
    (path,), _ = written(entries, tmp_path / "s.npz")
    with np.load(path) as arrays:
        assert np.array_equal(arrays["US/images"], pixels)
    assert [file.name for file in tmp_path.iterdir()] == ["s.npz"]


def test_tools_sensors_and_arrays(tmp_path: Path) -> None:
    tool = igtl.QuaternionTool("Pen", (1, 2, 3), (0, 0, 0, 2))
    entries = [
        entry(igtl.QuaternionTrackingData([tool], device_name="Aurora")),
        entry(igtl.Sensor([1, 2.5], "N", device_name="Force")),
        entry(igtl.Sensor([1, 2.5, 3], "N", device_name="Force")),
        entry(igtl.NDArray(np.arange(6).reshape(2, 3).astype(np.int32), device_name="A")),
        entry(igtl.String("no array")),
    ]
    (path,), reasons = written(entries, tmp_path / "s.npz")
    assert reasons == [".npz holds poses, sensors, images and NDARRAY"]
    with np.load(path) as arrays:
        assert arrays["Aurora/Pen/quaternions"].tolist() == [[0, 0, 0, 2]]
        assert arrays["Aurora/Pen/matrices"][0][:3].tolist() == [
            [1, 0, 0, 1],
            [0, 1, 0, 2],
            [0, 0, 1, 3],
        ]
        assert arrays["Force/values"].tolist() == [[1, 2.5]]
        assert arrays["Force.2/values"].tolist() == [[1, 2.5, 3]]
        assert arrays["Force/unit"] == "N"
        assert arrays["A/arrays"].tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_devices_that_are_called_alike_are_kept_apart(tmp_path: Path) -> None:
    probe = igtl.Transform(np.eye(4), device_name="Probe")
    evil = igtl.Transform(np.eye(4), device_name="../../x")
    entries = [entry(probe, connection="a"), entry(probe, connection="b"), entry(evil)]
    (path,), _ = written(entries, tmp_path / "s.npz")
    with np.load(path) as arrays:
        names = {name for name in arrays if name.endswith("/matrices")}
    assert names == {
        "a/TRANSFORM/Probe/matrices",
        "b/TRANSFORM/Probe/matrices",
        ".._.._x/matrices",
    }


def test_a_device_that_is_called_as_another_goes_on_is_kept_apart(tmp_path: Path) -> None:
    shapes = {"Cam": [(4, 5), (6, 7)], "Cam.2": [(8, 9)]}
    entries = [
        entry(igtl.Image(np.zeros(shape, np.uint8), device_name=name))
        for name, several in shapes.items()
        for shape in several
    ]
    (path,), _ = written(entries, tmp_path / "s.npz")
    with np.load(path) as arrays:
        found = {name: arrays[f"{name}/images"].shape for name in ("Cam", "Cam.2", "Cam.2.2")}
    assert found == {"Cam": (1, 1, 4, 5), "Cam.2": (1, 1, 6, 7), "Cam.2.2": (1, 1, 8, 9)}
