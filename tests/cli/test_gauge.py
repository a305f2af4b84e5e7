from __future__ import annotations

import re
from pathlib import Path

import igtl
from igtl.cli.gauge import Gauge
from tests.recording.traffic import bulk


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_rates_are_those_of_late(tmp_path: Path) -> None:
    clock = Clock()
    with igtl.Recorder(tmp_path / "session.mcap") as recorder:
        gauge = Gauge(recorder, clock)
        recorder.write_all([bulk(1000)] * 3000)
    clock.now += 2.0
    assert re.fullmatch(
        r"0:02\.0  3,000 messages  1,500/s  1\.6\d MB/s  3\.3\d MB  0 dropped  [\d,.]+ .* left",
        gauge.text(),
    )
    clock.now += 80.0
    gauge.text()
    clock.now += 10.0
    quiet = gauge.text()
    assert quiet.startswith("1:32.0  3,000 messages  0/s  0 B/s  3.3")
    assert re.search(r"B left$", quiet)


def test_the_total(tmp_path: Path) -> None:
    clock = Clock()
    with igtl.Recorder(tmp_path / "session.mcap") as recorder:
        gauge = Gauge(recorder, clock)
        recorder.write(bulk(1000)._replace(crc=1))
        recorder.write(bulk(10)._replace(version=1 << 16))  # which no header can hold
    clock.now += 3.0
    gauge.text()
    assert re.fullmatch(
        r"1 message in 0:03\.0, [\d.]+ kB, 1 dropped, 1 with a wrong checksum, kept as they came",
        gauge.total(),
    )
