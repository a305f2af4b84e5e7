"""One round of one row: starts the worker processes, waits for each, collects their figures."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.rows import Row

__all__ = ["RoundError", "Worker", "halves", "run_round"]

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 40.0  # what a worker may take beyond the seconds it measures
CROWD = (sys.executable, "-m", "benchmarks.fanout")

Figures = dict[str, float]
Cores = frozenset[int]


class RoundError(Exception):
    """A contender did not finish a round; the text says what it said last."""


def halves() -> tuple[Cores, Cores]:
    """The cores for servers and those for clients: apart where there are two or more.

    Whether two processes share a core changes a round trip six-fold, so it is not left to chance.
    """
    if not hasattr(os, "sched_getaffinity"):
        return frozenset(), frozenset()
    cores = sorted(os.sched_getaffinity(0))
    middle = len(cores) // 2
    return frozenset(cores[:middle] or cores), frozenset(cores[middle:])


class Worker:
    """A worker process of ours: killed, by its id, when the with-block is left before it ended."""

    def __init__(self, command: tuple[str, ...], cores: Cores, *, timeout: float) -> None:
        self._end = time.monotonic() + timeout
        self._unread = b""
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        # A session of its own: Ctrl-C reaches the harness only, which then ends its workers.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )
        if cores and sys.platform == "linux":
            os.sched_setaffinity(self._process.pid, cores)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()

    def line(self) -> dict[str, Any]:
        """The next line of JSON that the worker prints.

        Raises:
            RoundError: it ended, or its time was over, before it printed one.
        """
        while b"\n" not in self._unread:
            self._unread += self._read()
        line, self._unread = self._unread.split(b"\n", 1)
        found: dict[str, Any] = json.loads(line)
        return found

    def complaint(self) -> str:
        """The last line that the worker wrote to stderr."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        ready, _, _ = select.select(
            [self._process.stdout], [], [], max(0.0, self._end - time.monotonic())
        )
        if not ready:
            raise RoundError("it did not end in time")
        data = os.read(self._process.stdout.fileno(), 65536)
        if not data:
            raise RoundError(f"it ended early with exit code {self._process.wait()}")
        return data


class _Round:
    """The processes of one round, each under the name of its role."""

    def __init__(self, contender: Contender, options: Mapping[str, str], seconds: float) -> None:
        self._contender = contender
        self._options = {**options, "seconds": f"{seconds:g}"}
        self._timeout = seconds + GRACE_S
        self._stack = ExitStack()
        self.workers: dict[str, Worker] = {}

    def __enter__(self) -> _Round:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def start(self, role: str, cores: Cores, **options: object) -> Worker:
        """Starts the contender in that role."""
        return self.start_program(self._contender.command, role, cores, **options)

    def start_program(
        self, program: tuple[str, ...], role: str, cores: Cores, **options: object
    ) -> Worker:
        """Starts any program in that role."""
        texts = (f"{key}={value}" for key, value in {**self._options, **options}.items())
        worker = Worker((*program, role, *texts), cores, timeout=self._timeout)
        self.workers[role] = self._stack.enter_context(worker)
        return worker

    def figures(self) -> Figures:
        """The figures of every process, as ROLE.NAME."""
        found = {role: worker.line() for role, worker in reversed(self.workers.items())}
        return {f"{role}.{name}": value for role in found for name, value in found[role].items()}

    def complaints(self) -> str:
        """What the processes said on stderr, last line each."""
        found = ((role, worker.complaint()) for role, worker in self.workers.items())
        return "; ".join(f"{role}: {text}" for role, text in found if text)


def run_round(contender: Contender, row: Row, seconds: float) -> Figures:
    """Runs one round and returns its figures, "ROLE.NAME" and "delivered" (%).

    Raises:
        RoundError: a process failed or did not end in time.
    """
    layouts = {"alone": _alone, "pair": _pair, "fanout": _fan_out}
    with _Round(contender, row.options, seconds) as processes:
        try:
            return layouts[row.layout](processes, row)
        except (RoundError, OSError, ValueError) as error:
            raise RoundError(f"{error} ({processes.complaints() or 'it said nothing'})") from error


def _alone(processes: _Round, row: Row) -> Figures:
    processes.start(row.roles[0], frozenset())
    return processes.figures()


def _pair(processes: _Round, row: Row) -> Figures:
    servers, clients = halves()
    server, client = row.roles
    port = processes.start(server, servers).line()["port"]
    processes.start(client, clients, port=port)
    return _with_delivered(processes.figures(), "send.sent", "receive.delivered")


def _fan_out(processes: _Round, row: Row) -> Figures:
    """The stalled client is a socket of this process, connected first and never read."""
    servers, clients = halves()
    device = processes.start("device", servers)
    port = device.line()["port"]
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.settimeout(GRACE_S)
        stalled.connect(("127.0.0.1", port))
        device.line()
        processes.start("observe", clients, port=port)
        others = int(row.options["clients"]) - 1
        if others:
            processes.start_program(CROWD, "crowd", clients, port=port, clients=others)
        figures = processes.figures()
    least = min(value for key, value in figures.items() if key.endswith(".least_delivered"))
    return _with_delivered({**figures, "least": least}, "device.published", "least")


def _with_delivered(figures: Figures, sent: str, delivered: str) -> Figures:
    if figures.get(sent):
        figures["delivered"] = 100 * figures[delivered] / figures[sent]
    return figures
