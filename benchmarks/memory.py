"""Memory of `igtl view` and of a Chromium that shows its page, process by process.

Nobody debugs this Chromium, as whoever does (Playwright too) has it keep a copy of what the page
loads, which takes more than the page itself.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

__all__ = ["Chromium", "Thirds", "memory_of", "started", "thirds"]

#: What Chromium starts is told what it is: --type=utility --utility-sub-type=network.mojom...; some
#: put spaces between their arguments as soon as they run.
_TYPE = re.compile(rb"[\0 ]--type=([\w-]+)")
_SERVICE = re.compile(rb"[\0 ]--utility-sub-type=(\w+)")
_SIZES = re.compile(rb"^(?:Pss_Anon|Pss_Shmem): +(\d+) kB$", re.MULTILINE)
#: Chromium writes its debugging port down when it listens.
_PORT_FILE, _PATIENCE_S = "DevToolsActivePort", 30.0


class Chromium(NamedTuple):
    """A running browser: the id of its first process, and where it can be debugged."""

    process: int
    debugger: str


@contextmanager
def started(command: Sequence[str], address: str) -> Iterator[Chromium]:
    """A headless Chromium with a profile of its own that shows a page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ("--headless", "--no-first-run", "--window-size=1280,720")
        places = (f"--user-data-dir={profile}", "--remote-debugging-port=0")
        line = (*command, *options, *places, address)
        with subprocess.Popen(line, stdout=-3, stderr=-3) as process:
            try:
                yield Chromium(process.pid, f"http://127.0.0.1:{_port(Path(profile))}")
            finally:
                process.terminate()
                process.wait()


def _port(profile: Path) -> int:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            return int((profile / _PORT_FILE).read_text().split()[0])
        except (FileNotFoundError, IndexError):
            time.sleep(0.1)
    raise TimeoutError(f"Chromium did not start within {_PATIENCE_S:g} s")


def memory_of(process: int) -> Counter[str]:
    """Bytes that a process and all below it use now, by kind of process ("renderer", "network").

    Counted is what they hold for themselves, and what they share by its share. Programs and
    libraries are not: the system loads and drops parts of those as it likes.
    """
    found: Counter[str] = Counter()
    for one in (process, *_below(process)):
        folder = Path(f"/proc/{one}")
        try:
            kind = _kind(folder.joinpath("cmdline").read_bytes())
            sizes = _SIZES.findall(folder.joinpath("smaps_rollup").read_bytes())
        except OSError:  # it has ended
            continue
        found[kind] += 1024 * sum(map(int, sizes))
    return found


def _kind(command: bytes) -> str:
    named = _SERVICE.search(command) or _TYPE.search(command)
    return named[1].decode() if named else "browser"


def _below(parent: int) -> Iterator[int]:
    """The processes that one has started, and theirs."""
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            processes = children.read_text().split()
        except OSError:  # the thread has ended
            continue
        for process in map(int, processes):
            yield process
            yield from _below(process)


class Thirds(NamedTuple):
    """What a kind of process used: medians of the first, second and third part of a time; bytes."""

    first: float
    second: float
    last: float
    most: int


def thirds(samples: Sequence[Counter[str]]) -> dict[str, Thirds]:
    """What each kind of process used in three parts of a time, the largest first.

    Args:
        samples: of `memory_of`, three at least, at equal intervals.
    """
    found = {}
    for kind in set().union(*samples):
        used = [sample[kind] for sample in samples]
        cuts = (0, len(used) // 3, 2 * len(used) // 3, len(used))
        first, second, last = (statistics.median(used[a:b]) for a, b in pairwise(cuts))
        found[kind] = Thirds(first, second, last, max(used))
    return dict(sorted(found.items(), key=lambda entry: -entry[1].most))
