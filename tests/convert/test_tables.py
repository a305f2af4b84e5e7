"""CSV and Parquet, read by the csv module and by pyarrow."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

import igtl
from igtl.convert import tables
from tests.convert.entries import START_NS, entry, written

TURN = np.array([[0, -1, 0, 0.1], [1, 0, 0, -20.25], [0, 0, 1, 1e-7], [0, 0, 0, 1]])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_pose_is_a_row_with_exact_numbers(tmp_path: Path) -> None:
    message = igtl.Transform(TURN, device_name="ProbeToTracker", timestamp=1.7e9 + 0.1)
    (path,), _ = written([entry(message)], tmp_path / "poses.csv")
    assert path == tmp_path / "poses.csv"
    (row,) = rows_of(path)
    assert int(row["time_ns"]) == START_NS
    assert float(row["time_s"]) == START_NS / 1e9
    assert float(row["timestamp_s"]) == message.timestamp
    assert int(row["timestamp_ns"]) == message.timestamp_ns
    names = row["connection"], row["type"], row["device"], row["tool"], row["status"]
    assert names == ("tracker", "TRANSFORM", "ProbeToTracker", "", "")
    matrix = [[float(row[f"m{i}{j}"]) for j in range(4)] for i in range(3)]
    assert matrix == TURN[:3].astype(np.float32).astype(float).tolist()
    assert [float(row[f"{axis}_mm"]) for axis in "xyz"] == [line[3] for line in matrix]
    assert [float(row[f"q{part}"]) for part in "xyzw"] == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5])


def test_each_tool_has_a_row(tmp_path: Path) -> None:
    tools = [igtl.Tool("Needle", TURN), igtl.Tool("Probe", np.eye(4))]
    quaternion = igtl.QuaternionTool("Pen", (1, 2, 3), (0, 0.75, 0, -1))
    entries = [
        entry(igtl.TrackingData(tools, device_name="Polaris")),
        entry(igtl.QuaternionTrackingData([quaternion]), 5),
        entry(igtl.Position((4, 5, 6), None, device_name="Tip"), 6),
    ]
    (path,), _ = written(entries, tmp_path / "p.csv")
    rows = rows_of(path)
    assert [row["tool"] for row in rows] == ["Needle", "Probe", "Pen", ""]
    assert [row["x_mm"] for row in rows][1:] == ["0.0", "1.0", "4.0"]
    assert [float(rows[2][f"q{part}"]) for part in "xyzw"] == [0, 0.75, 0, -1]  # as it was sent
    assert [float(rows[2][f"m{i}{i}"]) for i in range(3)] == pytest.approx([0.28, 1, 0.28])
    assert {rows[3][name] for name in ("qx", "qw", "m00", "m21", "timestamp_s")} == {""}


def test_a_matrix_that_scales_has_no_quaternion_and_a_status_is_kept(tmp_path: Path) -> None:
    metadata = {"TransformStatus": "OUT_OF_VIEW"}
    entries = [
        entry(igtl.Transform(np.diag((2.0, 2, 2, 1)))),
        entry(igtl.Transform(np.eye(4), metadata=metadata)),
    ]
    (path,), _ = written(entries, tmp_path / "p.csv")
    scaled, lost = rows_of(path)
    assert (scaled["qw"], scaled["m00"]) == ("", "2.0")
    assert (lost["qw"], lost["status"]) == ("1.0", "OUT_OF_VIEW")


def test_several_kinds_are_several_files(tmp_path: Path) -> None:
    points = [igtl.PointElement("A", "Fiducial", position=(1, 2, 3), diameter=4, owner="CT")]
    way = igtl.TrajectoryElement("way", entry=(1, 2, 3), target=(4, 5, 6))
    end = igtl.TrajectoryElement("end", type=2, target=(7, 8, 9))
    begin = igtl.TrajectoryElement("begin", type=1, entry=(-1, 0, 0))
    entries = [
        entry(igtl.Point(points, device_name="Marks")),
        entry(igtl.Trajectory([way, end, begin], device_name="Plan")),
        entry(igtl.Sensor([0.1, 1e300], "m/s2", device_name="Force")),
        entry(igtl.Status(igtl.StatusCode.BUSY, 7, "Wait", 'say, "this"\nand that')),
        entry(igtl.String("ä", device_name="Note")),
        entry(igtl.PolyData(np.eye(3))),
    ]
    files, reasons = written(entries, tmp_path / "s.CSV")
    assert [file.name for file in files] == ["s.points.CSV", "s.sensors.CSV", "s.texts.CSV"]
    assert reasons == ["tables hold poses, points, sensors, STATUS and STRING"]
    marks, *ends = rows_of(files[0])
    assert (marks["name"], marks["group"], marks["role"]) == ("A", "Fiducial", "point")
    assert (marks["z_mm"], marks["diameter_mm"], marks["owner"]) == ("3.0", "4.0", "CT")
    assert (marks["red"], marks["blue"]) == ("255", "0")
    assert [(row["name"], row["role"], row["x_mm"]) for row in ends] == [
        ("way", "entry", "1.0"),
        ("way", "target", "4.0"),
        ("end", "target", "7.0"),
        ("begin", "entry", "-1.0"),
    ]
    values = [(row["index"], float(row["value"]), row["unit"]) for row in rows_of(files[1])]
    assert values == [("0", 0.1, "m s-2"), ("1", 1e300, "m s-2")]
    busy, note = rows_of(files[2])
    assert (busy["text"], busy["code"], busy["subcode"]) == ('say, "this"\nand that', "6", "7")
    assert (note["text"], note["code"], note["type"]) == ("ä", "", "STRING")


def test_parquet_has_types_row_groups_and_says_what_columns_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_ROWS_AT_ONCE", 4)
    values = [0.1 * n for n in range(10)]
    entries = [
        entry(igtl.Sensor([value], "mm", device_name="S", timestamp=5.5), n)
        for n, value in enumerate(values)
    ]
    entries.append(entry(igtl.Sensor([np.nan]), 10))
    (path,), _ = written(entries, tmp_path / "s.parquet")
    file = pyarrow.parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == 3
    table = file.read()
    assert table["value"].to_pylist()[:10] == values
    assert np.isnan(table["value"].to_pylist()[10])
    assert table["time_ns"].to_pylist() == [START_NS + n for n in range(11)]
    assert table["timestamp_s"].to_pylist() == [5.5] * 10 + [None]
    assert str(table.schema.field("time_ns").type) == "int64"
    assert table.schema.field("unit").metadata == {b"description": b"SI, such as mm, N or m s-2"}
    assert table.schema.metadata[b"igtl.table"] == b"sensors"
    file.close()


def test_poses_are_the_same_in_parquet(tmp_path: Path) -> None:
    (path,), _ = written([entry(igtl.Transform(TURN))], tmp_path / "p.parquet")
    (row,) = pyarrow.parquet.read_table(path).to_pylist()
    assert row["m13"] == -20.25
    assert row["m23"] == float(np.float32(1e-7))
    assert row["qz"] == pytest.approx(0.5**0.5)
    assert row["timestamp_ns"] is None


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\r\nb", 'a,"b"', " a "])
def test_texts_stay_in_their_cell(tmp_path: Path, text: str) -> None:
    entries = [entry(igtl.String(text)), entry(igtl.String("next"))]
    (path,), _ = written(entries, tmp_path / "s.csv")
    assert [row["text"] for row in rows_of(path)] == [text, "next"]


def test_long_texts_do_not_wait_for_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_BYTES_AT_ONCE", 5000)
    texts = ["x" * 3000, "y" * 3000, "z"]
    (path,), _ = written([entry(igtl.String(text)) for text in texts], tmp_path / "s.parquet")
    file = pyarrow.parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == 2
    assert file.read()["text"].to_pylist() == texts
    file.close()
