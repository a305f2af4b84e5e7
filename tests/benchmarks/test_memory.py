"""What processes use is counted by their kind, and a time is told in three parts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from benchmarks import memory
from tests.net.waiting import eventually, linux_only

MIB = 2**20
#: Takes as many MiB as it is told, says so, and ends with its standard input.
TAKER = """
import sys
taken = b"x" * (int(sys.argv[1]) << 20)
print("taken", flush=True)
sys.stdin.read()
"""
#: Has a child that takes 40 MiB, and ends with it.
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {TAKER!r}, "40", "--type=renderer"])
"""


@contextmanager
def running(code: str, *arguments: str) -> Iterator[int]:
    """The id of a Python program that has said that it is ready."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate()


@linux_only
def test_what_a_process_has_taken_is_counted() -> None:
    with running(TAKER, "10") as little, running(TAKER, "60") as much:
        more = memory.memory_of(much).total() - memory.memory_of(little).total()
    assert 49 * MIB < more < 51 * MIB


@linux_only
def test_processes_below_are_counted_by_their_kind() -> None:
    with running(PARENT) as parent:
        found = memory.memory_of(parent)
    assert set(found) == {"browser", "renderer"}
    assert found["renderer"] > 40 * MIB > found["browser"] > 0


@linux_only
def test_services_are_called_by_what_they_are_for() -> None:
    options = ("0", "--type=utility", "--utility-sub-type=network.mojom.NetworkService")
    with running(TAKER, *options) as service:
        assert set(memory.memory_of(service)) == {"network"}


@linux_only
def test_a_process_that_has_ended_has_nothing() -> None:
    with running(TAKER, "0") as process:
        pass
    assert memory.memory_of(process) == Counter()


def test_thirds_are_medians_and_the_largest_kind_is_first() -> None:
    used = [(1, 50), (2, 90), (2, 10), (4, 10), (5, 10), (6, 10), (9, 20), (7, 30), (8, 60)]
    found = memory.thirds([Counter(page=page, server=server) for page, server in used])
    assert found == {"server": (50, 10, 30, 90), "page": (2, 5, 8, 9)}
    assert list(found) == ["server", "page"]


def test_a_process_that_was_not_always_there_has_nothing_while_it_was_not() -> None:
    found = memory.thirds([Counter(page=1), Counter(page=1, late=5), Counter(page=1, late=6)])
    assert found["late"] == (0, 5, 6, 6)


@linux_only
def test_chromium_shows_the_page_and_is_gone_afterwards(tmp_path: Path) -> None:
    program = shutil.which("chromium")
    if program is None:
        assert not os.environ.get("CI"), "there is no Chromium: sudo apt-get install chromium"
        pytest.skip("there is no Chromium: sudo apt-get install chromium")
    page = tmp_path / "page.html"
    page.write_text("<title>here</title>")
    with memory.started((program, "--no-sandbox"), page.as_uri()) as chromium:
        with urlopen(f"{chromium.debugger}/json/list") as answer:
            tabs = [tab["url"] for tab in json.load(answer) if tab["type"] == "page"]
        assert tabs == [page.as_uri()]
        kinds = {"browser", "renderer", "gpu-process", "network"}
        eventually(lambda: kinds <= set(memory.memory_of(chromium.process)), "its processes run")
    assert memory.memory_of(chromium.process) == Counter()
