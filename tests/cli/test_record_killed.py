"""`igtl record`, killed: what came until the flush bound before can be read."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

import igtl
from tests.cli.program import Program
from tests.net.waiting import background
from tests.recording.inspection import Stored, stored

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
#: So many programs are killed, so many of them run at once.
KILLS, AT_ONCE = (100, 5) if LONG else (8, 4)
FLUSH_S = 1.0  # which is the default of `igtl record`


@contextmanager
def traffic(gaps: list[float]) -> Iterator[igtl.Server]:
    """A server that sends 500 numbered texts a second, and 20 images of 200 kB.

    Args:
        gaps: filled with the seconds from each text to the next, as this machine kept the pace.
    """
    over = threading.Event()
    pixels = np.random.default_rng(1).integers(0, 256, (400, 500), np.uint8)
    pixels.setflags(write=False)

    def send() -> None:
        number, last = 0, time.monotonic()
        while not over.wait(0.002):
            gaps.append(time.monotonic() - last)
            last += gaps[-1]
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


@pytest.mark.timeout(900)
def test_a_killed_recording_lacks_no_more_than_the_flush_bound(tmp_path: Path) -> None:
    chance, lacking, gaps = random.Random(None if LONG else 1), [], list[float]()
    with traffic(gaps) as server:
        for _ in range(0, KILLS, AT_ONCE):
            paths = [tmp_path / f"{number}.mcap" for number in range(AT_ONCE)]
            for path, begun_at, killed_at in kill_all(server, paths, chance):
                lacking.append(killed_at - max(last_sent(everything(path)), begun_at))
                path.unlink()
    print("seconds that were lacking:", *(f"{one:.3f}" for one in sorted(lacking)))
    assert len(lacking) == KILLS
    # A machine that stood still sent nothing meanwhile, and read nothing.
    assert max(lacking) < FLUSH_S + 2 * max(gaps)


def kill_all(
    server: igtl.Server, paths: list[Path], chance: random.Random
) -> list[tuple[Path, float, float]]:
    """Record into files at once, and kill each program at some moment; when it began and ended."""
    killed = []
    with ExitStack() as stack:
        commands = [("record", server.endpoint, "-o", str(path)) for path in paths]
        programs = [stack.enter_context(Program(command)) for command in commands]
        begun = []
        for program in programs:
            program.line_with("recording ")
            begun.append(time.time())
        for program, path, begun_at in zip(programs, paths, begun, strict=True):
            threading.Event().wait(chance.uniform(0.0, 2 * FLUSH_S / len(paths)))
            killed_at = time.time()
            program.kill()
            killed.append((path, begun_at, killed_at))
    return killed


def everything(path: Path) -> list[Stored]:
    """All messages of a file without its end, for everybody who reads it the same."""
    found = stored(path, whole=False)
    data = [one.data for one in found]
    with igtl.read(path) as recording:
        assert [frame.to_bytes() for frame in recording.frames()] == data
    target = path.with_suffix(".recovered.mcap")
    kept = igtl.recover(path, target)
    assert (kept.kept, kept.lost) == (len(data), 0)
    assert [one.data for one in stored(target)] == data
    target.unlink()
    return found


def last_sent(found: list[Stored]) -> float:
    """When the last text in a file was sent; before it, nothing is missing."""
    counts = [igtl.decode(one.data) for one in found if one.topic.endswith("Count")]
    numbers = [int(one.text) for one in counts if isinstance(one, igtl.String)]
    if not numbers:
        return 0.0
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    images = sum(one.topic.endswith("US") for one in found)
    assert abs(images - len(numbers) / 25) <= 1
    return counts[-1].timestamp or 0.0
