"""Live traffic of the reference's programs and of our simulators, recorded and played again.

What was recorded is compared with what passed, connection by connection; what a client of the
replay receives with what was recorded, message for message and in order. How well the intervals
are kept is a figure that is printed (`pytest -rP`), not asserted: it is the machine's as well.

The traffic lasts 3 s, or until enough came over every connection; with HYPOTHESIS_PROFILE=long
(`make test-long`) 5 minutes.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from tests.cli.program import Program
from tests.interop import reference
from tests.interop.conftest import StartClient, StartServer
from tests.interop.example_values import assert_matrices, poses
from tests.interop.peers import HOST, TIMEOUT_S

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TRAFFIC_S = 300.0 if LONG else 3.0
ENOUGH = 20  # messages of each connection, however fast the machine is
#: Programs that connect to us and send for as long as they run, with the time.
SENDERS = (
    ("TrackerClient", "1000"),
    ("TrackerClient3", "100", "Probe", "Needle", "Reference", "Robot"),
    ("ImagerClient", "20", str(reference.IMAGES)),
    ("StringClient", "30"),
)
#: What a client of ours listens to.
SIMULATORS = (("tracker", "--rate", "250"), ("ultrasound", "--rate", "10"))
CONNECTIONS = len(SENDERS) + 1 + len(SIMULATORS)


@pytest.fixture
def programs() -> Iterator[ExitStack]:
    """The `igtl` programs that a test has started; they end with it."""
    with ExitStack() as stack:
        yield stack


def serving(programs: ExitStack, *arguments: str) -> tuple[Program, str]:
    """A program of igtl that serves, and where."""
    program = programs.enter_context(Program([*arguments, "--port", "0"]))
    return program, program.line_with("Listening on").split()[2].rstrip(".,")


def sending(programs: ExitStack, server: igtl.Server, name: str, *arguments: str) -> None:
    """Start a program of the reference that sends to a server; what it prints is no matter."""
    command = [str(reference.example(name)), HOST, str(server.port), *arguments]
    silent = subprocess.DEVNULL
    process = programs.enter_context(subprocess.Popen(command, stdout=silent, stderr=silent))
    programs.callback(process.kill)


class Ear:
    """Hears what passes: for each connection the digests of its messages, in order."""

    def __init__(self) -> None:
        self.heard: defaultdict[str, list[bytes]] = defaultdict(list)

    def __call__(self, connection: str, frames: Sequence[igtl.Frame]) -> None:
        self.heard[connection] += map(digest, frames)

    def heard_all(self) -> bool:
        """Whether enough came over every connection."""
        heard = [*self.heard.values()]
        return len(heard) == CONNECTIONS and min(map(len, heard)) >= ENOUGH


def digest(frame: igtl.Frame) -> bytes:
    """What tells one message's bytes from all others."""
    return hashlib.blake2b(frame.to_bytes(), digest_size=16).digest()


def record(path: Path, links: Sequence[igtl.Client], server: igtl.Server) -> Ear:
    """Record what links and a server receive, for as long as the traffic lasts."""
    ear = Ear()
    with igtl.Recorder(path) as recorder, ExitStack() as programs:
        sources: list[igtl.Client | igtl.Server] = [*links, server]
        for source in sources:
            source.tap(ear)
            recorder.tap(source)
        for name, *arguments in SENDERS:
            sending(programs, server, name, *arguments)
        readers = [threading.Thread(target=read_all, args=(link,)) for link in links[1:]]
        for reader in readers:
            reader.start()
        stop = time.monotonic() + TRAFFIC_S
        with links[0].stream(igtl.TrackingData, interval=0.001) as tracking:
            for _ in tracking:
                if time.monotonic() > stop and ear.heard_all():
                    break
        for source in sources:
            source.close()
        for reader in readers:
            reader.join(TIMEOUT_S)
    assert (recorder.dropped, recorder.checksum_errors) == (0, 0)
    return ear


def read_all(link: igtl.Client) -> None:
    """Read a link until it is closed."""
    for _ in link.frames():
        pass


@pytest.fixture
def session(tmp_path: Path, start_server: StartServer, programs: ExitStack) -> tuple[Path, Ear]:
    """A recording of everything at once, and what had passed."""
    tracker = f"127.0.0.1:{start_server('TrackingDataServer').port}"
    endpoints = [tracker, *(serving(programs, "serve", *one)[1] for one in SIMULATORS)]
    path = tmp_path / "session.mcap"
    with igtl.Server(port=0) as server, ExitStack() as stack:
        links = [stack.enter_context(igtl.connect(endpoint)) for endpoint in endpoints]
        return path, record(path, links, server)


def test_a_session_is_received_as_it_was_recorded(
    session: tuple[Path, Ear], programs: ExitStack
) -> None:
    path, ear = session
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    recorded, times = [], []
    for entry in igtl.read(path).entries():
        recorded.append(digest(entry.frame))
        found[entry.connection].append(recorded[-1])
        times.append(entry.time_ns)
    assert found == ear.heard
    assert len(found) == CONNECTIONS

    program, endpoint = serving(programs, "replay", str(path))
    received, arrivals, devices = [], [], []
    with igtl.connect(endpoint) as link:
        for frame in link.frames():
            arrivals.append(time.perf_counter_ns())
            received.append(digest(frame))
            devices.append(frame.label)
    assert received == recorded
    ended = program.wait()
    assert (ended.status, ended.err) == (0, "")
    assert f"{len(recorded):,} sent to 1 client, 0 dropped" in ended.out
    print(ended.out.splitlines()[-1])
    tell("everything", np.array(times), np.array(arrivals))
    for device in sorted(set(devices)):
        which = np.array(devices) == device
        tell(device, np.array(times)[which], np.array(arrivals)[which])


def tell(what: str, times: NDArray[np.int64], arrivals: NDArray[np.int64]) -> None:
    """Print by how much intervals between messages differ from those recorded."""
    errors = np.abs(np.diff(arrivals) - np.diff(times)) / 1e3
    p50, p99, most = np.percentile(errors, (50, 99, 100))
    rate = (len(times) - 1) / (times[-1] - times[0]) * 1e9
    print(
        f"{what}: {len(times)} messages, {rate:.0f}/s; intervals differ by "
        f"{p50:.0f} us (p50), {p99:.0f} us (p99), {most:.0f} us (most)"
    )


def test_the_values_are_those_that_the_reference_sent(
    tmp_path: Path, start_server: StartServer
) -> None:
    path = tmp_path / "session.mcap"
    link = igtl.connect(f"127.0.0.1:{start_server('TrackerServer', '1000').port}")
    with link, igtl.Recorder(path) as recorder:
        recorder.tap(link)
        read_all(link)
    received: list[igtl.Message] = []

    def give(frames: list[igtl.Frame]) -> None:
        received.extend(map(igtl.decode_frame, frames))

    igtl.Player(path, speed=math.inf).play(give)
    transforms = [message for message in received if isinstance(message, igtl.Transform)]
    assert len(received) == len(transforms)
    assert_matrices(transforms, poses(100))


def test_a_reference_client_prints_what_a_reference_server_had_sent(
    tmp_path: Path, start_server: StartServer, start_client: StartClient, programs: ExitStack
) -> None:
    path = str(tmp_path / "session.mcap")
    server = start_server("TrackerServer", "1000")
    endpoint = f"127.0.0.1:{server.port}"
    recording = programs.enter_context(Program(["record", endpoint, "-o", path, "--no-reconnect"]))
    assert recording.wait().status == 0
    program, endpoint = serving(programs, "replay", path, "--speed", "max")
    client = start_client("ReceiveClient", int(endpoint.rpartition(":")[2]))
    assert client.wait_for_end() == 0
    assert program.wait().status == 0
    assert matrices(client.output) == matrices(server.output)
    assert len(matrices(client.output)) == 100


def matrices(output: str) -> list[str]:
    """The matrices that a program of the reference has printed."""
    return re.findall(r"^=+\n((?:.*, .*, .*, .*\n){4})=+$", output, re.MULTILINE)
