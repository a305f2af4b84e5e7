"""Live peers: programs of the reference, run beside a test.

    peer = start_server("TrackerServer", "50")     # FPS; the port comes first and is chosen here
    connect(("127.0.0.1", peer.port))
    peer.expect("^-1, 0, 0, 50$")
    peer.close()

A server is told port 0 and asked the system which one it got: two test runs never meet, and no
connection is spent to learn that it listens.
"""

from __future__ import annotations

import codecs
import os
import re
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.interop import reference

HOST = "127.0.0.1"
TIMEOUT_S = 20.0
LISTENING = "0A"  # the state in /proc/net/tcp


def start_server(name: str, *arguments: str) -> Peer:
    """Run an example that listens, and wait until it does; `peer.port` is its port."""
    peer = Peer(reference.example(name), "0", *arguments)
    try:
        peer.port = peer.wait_for(lambda: listening_port(peer.process_id), "no listening port")
    except BaseException:
        peer.close()
        raise
    return peer


def start_client(name: str, port: int, *arguments: str) -> Peer:
    """Run an example that connects to a server of ours on this machine."""
    peer = Peer(reference.example(name), HOST, str(port), *arguments)
    peer.port = port
    return peer


class Peer:
    """A running program: what it prints is collected, and it ends with the `with` block.

    Attributes:
        port: The TCP port that it listens on or connects to; 0 when it does neither.
    """

    def __init__(self, program: Path, *arguments: str) -> None:
        self.name = program.name.rpartition("-")[0] or program.name
        self.port = 0
        self._output = ""
        self._expected = 0  # where `expect` goes on
        self._ended = False
        self._news = threading.Condition()
        # Line by line, or it would keep what it prints until it has 4 KiB of it.
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._reader = threading.Thread(target=self._collect, name=self.name, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it has printed so far, on both streams."""
        with self._news:
            return self._output

    def expect(self, pattern: str, timeout: float = TIMEOUT_S) -> re.Match[str]:
        """Wait until it prints what matches, after the match before.

        Args:
            pattern: A regular expression; ^ and $ match at every line. Only whole lines are
                looked at, for some of the programs print a line in pieces.
            timeout: How long to wait, in seconds.

        Raises:
            AssertionError: It did not, or ended without; the text holds what it printed.
        """
        expression = re.compile(pattern, re.MULTILINE)
        with self._news:
            self._news.wait_for(lambda: self._ended or self._match(expression), timeout)
            match = self._match(expression)
            if match is None:
                raise AssertionError(self._story(f"nothing matching {pattern!r}", timeout))
            self._expected = match.end()
            return match

    def expect_lines(self, lines: str, timeout: float = TIMEOUT_S) -> None:
        """Wait until it prints these lines, after the match before; as `expect`.

        Args:
            lines: May be indented together, and stand between empty lines. Blanks at their ends
                do not count.
        """
        wanted = textwrap.dedent(lines).strip("\n").split("\n")
        self.expect("^" + "\n".join(f"{re.escape(line)} *" for line in wanted) + "$", timeout)

    def wait_for_end(self, timeout: float = TIMEOUT_S) -> int:
        """Wait until it has ended by itself; returns its exit status.

        Raises:
            AssertionError: It still runs.
        """
        with self._news:
            if not self._news.wait_for(lambda: self._ended, timeout):
                raise AssertionError(self._story("no end", timeout))
        return self._process.wait(timeout)

    def wait_for(self, look: Callable[[], int | None], what: str) -> int:
        """Look again and again until there is something to see.

        Raises:
            AssertionError: There was not, or the program ended before.
        """
        end = time.monotonic() + TIMEOUT_S
        while (found := look()) is None:
            with self._news:
                if time.monotonic() > end or self._news.wait_for(lambda: self._ended, 0.005):
                    raise AssertionError(self._story(what, TIMEOUT_S))
        return found

    def close(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _collect(self) -> None:
        """Read what it prints until it ends, on a thread of its own."""
        assert self._process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := self._process.stdout.read(65536):
            with self._news:
                self._output += decoder.decode(chunk)
                self._news.notify_all()
        self._process.wait()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """The first match in the whole lines behind the match before."""
        end = len(self._output) if self._ended else self._output.rfind("\n") + 1
        return expression.search(self._output, self._expected, end)

    def _story(self, what: str, timeout: float) -> str:
        """What was waited for in vain, how it ended, what it printed."""
        state = f"ended with status {self._process.poll()}" if self._ended else "still runs"
        return f"{self.name}: {what} within {timeout} s; it {state} and printed\n{self._output}"


def listening_port(process_id: int) -> int | None:
    """The TCP port (IPv4) that a process listens on; None when it does not, or not yet."""
    sockets = socket_inodes(process_id)
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == LISTENING and rest[5] in sockets:
            return int(local.rpartition(":")[2], 16)
    return None


def socket_inodes(process_id: int) -> set[str]:
    """The numbers of the sockets that a process has open."""
    folder = f"/proc/{process_id}/fd"
    targets = []
    for name in listing(folder):
        try:
            targets.append(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:  # closed since
            continue
    return {
        target.removeprefix("socket:[").rstrip("]")
        for target in targets
        if target.startswith("socket:[")
    }


def listing(folder: str) -> Sequence[str]:
    """The names in a folder; none when it is gone."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
