"""Recording programs that are killed: what came until the flush bound before can be read."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

import igtl
from tests.net.program import program
from tests.net.waiting import background
from tests.recording.inspection import Stored, stored

#: So many programs are killed, so many of them at once.
KILLS, AT_ONCE = (100, 10) if os.environ.get("HYPOTHESIS_PROFILE") == "long" else (8, 8)
FLUSH_S = 1.0
RECORD = """
    link = igtl.connect(endpoint)
    recorder = igtl.Recorder(sys.argv[2])
    recorder.tap(link)
    ready()
    for _ in link.frames():
        pass
"""


@contextmanager
def traffic() -> Iterator[igtl.Server]:
    """A server that sends 500 numbered poses a second, and 20 images of 200 kB."""
    over = threading.Event()
    pixels = np.random.default_rng(1).integers(0, 256, (400, 500), np.uint8)
    pixels.setflags(write=False)

    def send() -> None:
        number = 0
        while not over.wait(0.002):
            server.publish(igtl.String(str(number), device_name="Count", timestamp=time.time()))
            if number % 25 == 0:
                server.publish(igtl.Image(pixels, device_name="US"))
            number += 1

    with igtl.Server(port=0) as server:
        work, _ = background(send)
        try:
            yield server
        finally:
            over.set()
            work.result()


@pytest.mark.timeout(300)
def test_a_killed_program_loses_no_more_than_the_flush_bound(tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("HYPOTHESIS_PROFILE") != "long" or None)
    with traffic() as server:
        for start in range(0, KILLS, AT_ONCE):
            paths = [tmp_path / f"{start + number}.mcap" for number in range(AT_ONCE)]
            for path, begun_at, killed_at in kill_all(server, paths, chance):
                found = stored(path, whole=False)
                last = last_sent(found)
                assert killed_at - max(last, begun_at) < FLUSH_S
                with igtl.read(path) as recording:
                    frames = [frame.to_bytes() for frame in recording.frames()]
                assert frames[: len(found)] == [one.data for one in found]
                path.unlink()


def kill_all(
    server: igtl.Server, paths: list[Path], chance: random.Random
) -> list[tuple[Path, float, float]]:
    """Record into files at once, and kill each program at some moment; when it began and ended."""
    killed = []
    with ExitStack() as stack:
        begun = []
        for path in paths:
            process, _ = stack.enter_context(program(RECORD, server.endpoint, str(path)))
            begun.append((process, time.time()))
        for (process, begun_at), path in zip(begun, paths, strict=True):
            threading.Event().wait(chance.uniform(0.0, 2 * FLUSH_S / len(paths)))
            killed_at = time.time()
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed.append((path, begun_at, killed_at))
    return killed


def last_sent(found: list[Stored]) -> float:
    """When the last pose in a file was sent; before it, nothing is missing."""
    counts = [igtl.decode(one.data) for one in found if one.topic.endswith("Count")]
    numbers = [int(one.text) for one in counts if isinstance(one, igtl.String)]
    if not numbers:
        return 0.0
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    images = sum(one.topic.endswith("US") for one in found)
    assert abs(images - len(numbers) / 25) <= 1
    return counts[-1].timestamp or 0.0
