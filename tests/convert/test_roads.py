"""Readers and writers of all kinds together, each result read by another program."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from mcap.reader import make_reader

import igtl
from igtl.convert import convert
from igtl.convert.formats import FORMATS
from igtl.recording.writer import FileWriter
from tests.convert.capture_building import START, Sender, pcap
from tests.convert.entries import START_NS, entry

SECOND = 1_000_000_000


def messages() -> list[igtl.Message]:
    """Five seconds of pictures and poses, one of each a second."""
    found: list[igtl.Message] = []
    for n in range(5):
        pose = np.eye(4)
        pose[:3, 3] = n, 2 * n, 3 * n
        picture = np.full((32, 48), 50 * n, np.uint8)
        found.append(igtl.Transform(pose, device_name="ProbeToTracker", timestamp=100.0 + n))
        found.append(igtl.Image(picture, device_name="US", timestamp=100.0 + n))
    return found


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "session.mcap"
    with FileWriter(path) as writer:
        for number, message in enumerate(messages()):
            writer.add(entry(message, number // 2 * SECOND))
    return path


def captured() -> bytes:
    """The same as network traffic, a message each millisecond."""
    sender, at = Sender(), 0
    packets = [sender.syn()]
    for data in map(igtl.encode, messages()):
        packets.append(sender.segment(at, data))
        at += len(data)
    return pcap(packets)


def film(path: Path) -> tuple[list[float], list[int]]:
    """The times and the mean grey of a film's pictures."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    times = [float(Fraction(frame.pts) * frame.time_base) for frame in frames]
    return times, [round(float(frame.to_ndarray(format="gray").mean())) for frame in frames]


@pytest.mark.parametrize(("options", "step"), [({}, 1.0), ({"fps": 4}, 0.25)])
def test_a_film(recorded: Path, tmp_path: Path, options: dict[str, Any], step: float) -> None:
    done = convert(recorded, tmp_path / "us.mp4", image="US", **options)
    assert [str(one) for one in done.left_out] == [
        "5 TRANSFORM left out: films hold images and video"
    ]
    times, greys = film(tmp_path / "us.mp4")
    assert times == pytest.approx([step * n for n in range(5)], abs=1e-4)
    assert greys == pytest.approx([0, 50, 100, 150, 200], abs=2)


def test_a_capture_becomes_a_recording(tmp_path: Path) -> None:
    source, target = tmp_path / "traffic.pcap", tmp_path / "session.mcap"
    source.write_bytes(captured())
    done = convert(source, target, type="TRANSFORM", ports=[18944])
    assert (done.read, done.notes) == (5, ())
    with target.open("rb") as file:
        found = [(c.topic, m.log_time, m.data) for _, c, m in make_reader(file).iter_messages()]
    assert found == [
        (
            "/10.0.0.5:18944 -> 10.0.0.9:51000/TRANSFORM/ProbeToTracker",
            START + (2 * n + 1) * 1_000_000,
            igtl.encode(messages()[2 * n]),
        )
        for n in range(5)
    ]


@pytest.mark.parametrize("ending", [".igs.mha", ".seq.nrrd"])
def test_a_sequence_there_and_back_keeps_poses_pixels_and_times(
    recorded: Path, tmp_path: Path, ending: str
) -> None:
    convert(recorded, tmp_path / f"s{ending}")
    convert(tmp_path / f"s{ending}", tmp_path / "back.mcap")
    back = list(igtl.read(tmp_path / "back.mcap").entries())
    assert len(back) == 10
    for number, (one, message) in enumerate(zip(back, messages(), strict=True)):
        found = one.message
        assert (found.device_name, found.timestamp) == (message.device_name, message.timestamp)
        assert one.time_ns == START_NS + number // 2 * SECOND
        if isinstance(found, igtl.Image):
            assert isinstance(message, igtl.Image)
            assert np.array_equal(found.pixels, message.pixels)
        else:
            assert isinstance(found, igtl.Transform)
            assert isinstance(message, igtl.Transform)
            assert np.array_equal(found.matrix, message.matrix)


WRITTEN = [format.endings[0] for format in FORMATS if format.write]


@pytest.mark.parametrize("source", ["s.mcap", "s.igtl", "s.pcap", "s.igs.mha"])
@pytest.mark.parametrize("ending", WRITTEN)
def test_every_reader_goes_with_every_writer(
    recorded: Path, tmp_path: Path, source: str, ending: str
) -> None:
    path = tmp_path / source
    if source == "s.igtl":
        path.write_bytes(b"".join(map(igtl.encode, messages())))
    elif source == "s.pcap":
        path.write_bytes(captured())
    else:
        convert(recorded, path)
    done = convert(path, tmp_path / f"out{ending}")
    assert done.read == 10
    assert done.written in (5, 10)
    assert all(file.stat().st_size > 0 for file in done.files)
