"""What the tests of the command line share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from igtl import layout
from igtl.cli import main
from igtl.messages import registry
from tests.cli.program import ByteServer, Ended, Program, TerminalProgram

Start = Callable[..., Program]
StartOnTerminal = Callable[..., TerminalProgram]
Call = Callable[..., Ended]
Serve = Callable[..., ByteServer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `igtl` as a process, which has ended when the test has."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(Program(arguments))


@pytest.fixture
def start_on_terminal() -> Iterator[StartOnTerminal]:
    """The same on a terminal of its own."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(TerminalProgram(arguments))


@pytest.fixture
def serve_bytes() -> Iterator[Serve]:
    """Starts a `ByteServer`."""
    with ExitStack() as stack:
        yield lambda *how: stack.enter_context(ByteServer(*how))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Runs `igtl` in this process, and gives what it left."""
    log = logging.getLogger("igtl")
    before = log.handlers, log.propagate

    def run(*arguments: str) -> Ended:
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        return Ended(status, *capsys.readouterr())

    yield run
    log.handlers, log.propagate = before


@pytest.fixture
def force(monkeypatch: pytest.MonkeyPatch) -> Iterator[igtl.Message]:
    """A message of a type that a user declared, known as long as the test runs."""
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))

    @igtl.message("TESTFORCE")
    class Force(igtl.Message):
        """Force at the needle tip."""

        force: NDArray[np.float64] = igtl.field(layout.F32[3], unit="N", doc="x y z")
        note: str = igtl.field(layout.Text(8), default="")

    yield Force(np.array((1.0, 2, 3)), device_name="Needle")
    registry.sure.pop(b"TESTFORCE".ljust(12, b"\0"), None)
