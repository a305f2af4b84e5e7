"""The command line under test: as a process of its own, and servers for it to talk to."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import NamedTuple, Self

import igtl

__all__ = ["ByteServer", "Ended", "Program", "TerminalProgram", "free_port", "stream_of"]


class Ended(NamedTuple):
    """What a program left when it had ended."""

    status: int
    out: str
    err: str


class Program:
    """`igtl ...` in a process of its own, its output in pipes that Python buffers by itself."""

    def __init__(self, arguments: Sequence[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "igtl", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.out, self.err = self._process.stdout, self._process.stderr

    def line(self) -> str:
        """The next line of its output, which is waited for."""
        return self.out.readline().removesuffix("\n")

    def line_with(self, text: str) -> str:
        """The next line of its output with some text in it; the lines before it are skipped."""
        while text not in (line := self.out.readline()):
            assert line, f"it ended before it wrote {text!r}: {self.err.read()}"
        return line.removesuffix("\n")

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> Ended:
        """Ctrl-C, or another signal, and what it left."""
        self._process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL; it is gone when this returns."""
        self._process.kill()
        self._process.wait()

    def wait(self) -> Ended:
        """Wait for its end."""
        out = "" if self.out.closed else self.out.read()
        err = self.err.read()
        return Ended(self._process.wait(), out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.out.close()
        self.err.close()


class TerminalProgram:
    """`igtl ...` on a terminal of its own, 100 columns wide."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._terminal, inside = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "igtl", *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
        )
        os.close(inside)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Wait until it has shown some text."""
        while text not in self.shown:
            piece = self._read()
            assert piece, f"it ended before it showed {text!r}: {self.shown}"

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; its exit status when it has ended."""
        self._process.send_signal(number)
        while self._read():
            pass
        return self._process.wait()

    def _read(self) -> str:
        try:
            piece = os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:  # Linux says so when the program has ended
            piece = ""
        self.shown += piece
        return piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._terminal)


class ByteServer:
    """Sends the same bytes to each client and closes the connection, in good order.

    Args:
        data: what it sends.
        question: size in bytes of what it waits for before.
    """

    def __init__(self, data: bytes, question: int = 0) -> None:
        self._data, self._question = data, question
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):  # a client may leave whenever it likes
                client.recv(self._question, socket.MSG_WAITALL)
                client.sendall(self._data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 16):
                    pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def stream_of(*messages: igtl.Message) -> bytes:
    """Messages one behind the other, as they travel."""
    return b"".join(map(igtl.encode, messages))


def free_port() -> int:
    """A port that nobody listens on now."""
    with igtl.Server(port=0) as server:
        return server.port
