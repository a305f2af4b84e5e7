"""Programs of their own process, to interrupt and to kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["program", "waits"]

PROLOGUE = """
import asyncio, sys
import numpy as np
import igtl, igtl.aio
endpoint = sys.argv[1] if sys.argv[1:] else ""
large = igtl.Image(np.zeros((1, 2000, 2000), np.uint8))
def ready(port=0):
    print("ready", port, flush=True)
"""


@contextmanager
def program(body: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running program, once it is ready, and the port that it told."""
    lines = body.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    script = PROLOGUE + "\n".join(line[indent:] for line in lines)
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            word, _, port = process.stdout.readline().partition(" ")
            assert word == "ready"
            yield process, int(port)
        finally:
            process.kill()


def waits(process: subprocess.Popen[str]) -> bool:
    """Whether all threads of a process sleep."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/stat")
    return all(task.read_text().rpartition(")")[2].split()[0] == "S" for task in tasks)
