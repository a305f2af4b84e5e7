"""`igtl replay` on a terminal: what keys do, and that the terminal is as before afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import igtl
from tests.cli.keyboard import CTRL_C, CTRL_Z, DOWN, HOME, LEFT, RIGHT, UP, TypedProgram
from tests.recording.playing import TIMEOUT_S, numbered, recorded, texts

HOUR = 3600.0
REPLAY = (sys.executable, "-m", "igtl", "replay")
Show = Callable[..., TypedProgram]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A recording of five messages, one an hour."""
    path = tmp_path / "session.mcap"
    recorded(path, numbered(*(n * HOUR for n in range(5))))
    return path


@pytest.fixture
def show(path: Path) -> Iterator[Show]:
    """Starts a replay on a terminal; options begin with those of the program."""
    with ExitStack() as stack:

        def started(*options: str, stdout: int | None = None) -> TypedProgram:
            command = (*REPLAY, str(path), "--port", "0", *options)
            program = stack.enter_context(TypedProgram(command, stdout))
            program.wait_for("playing" if "--no-wait" in options else "waiting for clients")
            assert not program.reads_lines
            return program

        yield started


def endpoint_shown(text: str) -> str:
    """Where a program says that it listens."""
    return text.partition("Listening on ")[2].split()[0].removesuffix(".")


def test_keys_control_it(show: Show) -> None:
    program = show()
    assert "Keys: space pauses" in program.shown
    with igtl.connect(endpoint_shown(program.shown)) as link:
        assert texts([link.receive_frame(TIMEOUT_S)]) == ["0"]
        program.wait_for("playing  0:")
        program.wait_for("1 client")
        program.type(" ")
        program.wait_for("paused  0:")
        program.type(HOME)
        program.wait_for("paused  0:00.0 of 4:00:00.0  speed 1")
        program.type(RIGHT)
        program.wait_for("paused  0:05.0")
        program.type(RIGHT + RIGHT + RIGHT + LEFT)
        program.wait_for("paused  0:15.0")
        program.type(UP + UP)
        program.wait_for("speed 4")
        program.type(DOWN + DOWN + DOWN)
        program.wait_for("speed 0.5")
        program.type(HOME + " ")
        program.wait_for("playing  0:0")
        assert texts([link.receive_frame(TIMEOUT_S)]) == ["0"]
        program.type("xq")
        assert program.wait() == 0
        assert texts(link.frames()) == []
    assert "2 messages played, 2 sent to 1 client, 0 dropped" in program.shown
    assert program.restored


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_leave_the_terminal_as_it_was(show: Show, number: int, status: int) -> None:
    program = show("--no-wait")
    program.kill(number)
    assert program.wait() == status
    assert program.restored
    assert "Traceback" not in program.shown


def test_ctrl_c_leaves_the_terminal_as_it_was(show: Show) -> None:
    program = show()
    program.type(CTRL_C)
    assert program.wait() == 130
    assert program.restored


def test_an_error_leaves_the_terminal_as_it_was(show: Show) -> None:
    """The program says who comes to a pipe that nobody reads any more."""
    outlet, inlet = os.pipe()
    program = show(stdout=inlet)
    os.close(inlet)
    endpoint = endpoint_shown(os.read(outlet, 4096).decode())
    os.close(outlet)
    with igtl.connect(endpoint):
        assert program.wait() == 0
    assert program.restored


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash: apt-get install bash")
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(path: Path) -> None:
    with TypedProgram(["bash", "--norc", "--noprofile", "-i"]) as shell:
        shell.type(f"PS1='$ '; {' '.join(REPLAY)} {path} --port 0 --no-wait\n")
        shell.wait_for("playing  0:0")
        shell.type(CTRL_Z)
        shell.wait_for("Stopped")
        shell.type("stty -a\n")
        shell.wait_for("isig icanon iexten echo ")
        shell.type("fg\n")
        shell.wait_for("playing  0:0")
        shell.type(" ")
        shell.wait_for("paused  0:0")
        shell.type("q")
        shell.wait_for("1 message played")
        shell.type("exit\n")
        assert shell.wait() == 0


def test_q_while_it_waits_plays_nothing(show: Show) -> None:
    program = show()
    program.type("q")
    assert program.wait() == 0
    assert "0 messages played, 0 sent to 0 clients, 0 dropped" in program.shown


def test_without_a_keyboard_there_are_no_keys(path: Path) -> None:
    command = [*REPLAY, str(path), "--port", "0", "--no-wait"]
    with TypedProgram(["bash", "-c", '"$@" < /dev/null', "bash", *command]) as program:
        program.wait_for("playing  0:0")
        assert program.restored
        assert "Keys:" not in program.shown
        program.type(CTRL_C)
        program.wait()
        assert "Traceback" not in program.shown
