"""Memory of a program and of the browser that looks at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Memory", "memory_of"]


class Memory(NamedTuple):
    """Bytes in use."""

    server: int
    """Proportional set size of the server."""
    browser: int
    """The same of all the browser's processes."""
    heap: int
    """JavaScript objects of the page, after a collection."""


def memory_of(page: Any, server: int) -> Memory:
    """What a page and its server use now.

    Args:
        page: of Playwright, with a browser that this process started.
        server: id of the server's process.
    """
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    heap = next(metric["value"] for metric in metrics if metric["name"] == "JSHeapUsedSize")
    browser = sum(_size(process) for process in _below(os.getpid()) if _is_chromium(process))
    return Memory(_size(server), browser, int(heap))


def _below(parent: int) -> Iterator[int]:
    """The processes that one has started, and theirs."""
    for child in Path(f"/proc/{parent}/task").glob("*/children"):
        for process in map(int, child.read_text().split()):
            yield process
            yield from _below(process)


def _is_chromium(process: int) -> bool:
    try:
        return b"chromium" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended
        return False


def _size(process: int) -> int:
    """Proportional set size: pages that are shared count in part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
