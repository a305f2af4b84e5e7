"""`igtl record` amid heavy traffic, ended by a signal: a whole file with all that was received."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import igtl
from tests.cli.conftest import Start
from tests.net.waiting import background, eventually, linux_only
from tests.recording.inspection import stored

#: Poses at 1 kHz between two pictures at 30 Hz; of those, so many come before the signal.
POSES, PICTURES = 33, 15
BEGAN = 1_000_000_000  # s since 1970; message n is n s later


class Traffic:
    """Sends a picture of 1080p in colour and 33 poses, as fast as they are taken, again and again.

    Attributes:
        received: messages that the other side has read from its socket, at least.
    """

    def __init__(self, server: igtl.Server) -> None:
        self._server, self._over = server, threading.Event()
        self._sent = self.received = 0
        self._pixels = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
        self._pixels.setflags(write=False)

    def send(self) -> None:
        """Until it is over, or nobody is there any more."""
        while not self._over.is_set():
            self._publish(igtl.Image(self._pixels, device_name="US", timestamp=self._time()))
            for _ in range(POSES):
                self._publish(
                    igtl.Transform(np.eye(4), device_name="Probe", timestamp=self._time())
                )
            eventually(lambda: self._over.is_set() or self._all_is_read())
            self.received = self.received if self._over.is_set() else self._sent

    def end(self) -> None:
        self._over.set()

    def _all_is_read(self) -> bool:
        waits = any(client.queued for client in self._server.clients)
        return not waits and not in_sockets(self._server.port)

    def _time(self) -> float:
        return BEGAN + self._sent

    def _publish(self, message: igtl.Message) -> None:
        self._server.publish(message)
        self._sent += 1


def in_sockets(port: int) -> int:
    """Bytes that were sent from a port of this machine, or to it, and that nobody has read."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    connected = [
        row for row in rows if row[3] == "01" and f":{port:04X}" in (row[1][-5:], row[2][-5:])
    ]
    return sum(int(size, 16) for row in connected for size in row[4].split(":"))


@contextmanager
def traffic(server: igtl.Server) -> Iterator[Traffic]:
    """It flows as long as this lasts."""
    flows = Traffic(server)
    work, _ = background(flows.send)
    try:
        yield flows
    finally:
        flows.end()
        work.result()


@linux_only
@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_all_that_was_received_is_there(
    start: Start, tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    path = tmp_path / "session.mcap"
    with igtl.Server(port=0, when_full="wait") as server:
        program = start("record", server.endpoint, "-o", str(path))
        server.wait_for_clients()
        with traffic(server) as flows:
            eventually(lambda: flows.received >= PICTURES * (1 + POSES))
            received = flows.received
            ended = program.interrupt(number)
            flows.end()
    found = stored(path)
    path.unlink()
    assert (ended.status, ended.err) == (expected, "")
    assert f"\n{len(found):,} messages in 0:" in ended.out
    assert ", none dropped" in ended.out
    assert len(found) >= received
    assert [one.published_ns for one in found] == [
        (BEGAN + index) * 10**9 for index in range(len(found))
    ]
    assert [one.topic.rpartition("/")[2] == "US" for one in found] == [
        index % (1 + POSES) == 0 for index in range(len(found))
    ]
    assert len({one.data[58:] for one in found}) == 2
