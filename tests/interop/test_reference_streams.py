"""Streams of tracking data (STT_ ... STP_), with the reference's example servers and clients.

The servers answer with data at once, without RTS_, and close when they are asked to stop. The
clients ask under their own name, take RTS_ for one of the ten messages after which they send STP_,
and go on listening.
"""

from __future__ import annotations

from queue import SimpleQueue

import numpy as np
import pytest

import igtl
from tests.interop.conftest import StartClient, StartServer
from tests.interop.example_values import assert_matrices, assert_positions, tool_poses
from tests.interop.peers import TIMEOUT_S, Peer
from tests.net.shells import Shell

CHANNELS = [("Channel 0", 1), ("Channel 1", 2), ("Channel 2", 4)]

# Our clients, their servers.


@pytest.mark.parametrize("device_name", [None, "Polaris"])
def test_tracking_is_got(shell: Shell, start_server: StartServer, device_name: str | None) -> None:
    server = start_server("TrackingDataServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    with link.stream(
        igtl.TrackingData, device_name, interval=0.007, coordinate_name="Patient"
    ) as frames:
        server.expect(r"^Interval = 7 \(ms\)$")
        for number in range(5):
            message = frames.receive(TIMEOUT_S)
            assert message.device_name == "Tracker"
            assert [(tool.name, tool.type) for tool in message.tools] == CHANNELS
            assert_matrices(message.tools, tool_poses(number))
    server.expect("^Received a STP_TDATA message")
    server.expect("^Disconnecting the client")
    # What came behind the STP_ is of no use to anybody.
    assert list(link) == []
    assert (frames.dropped, link.counters.errors) == (0, 0)


def test_tracking_by_quaternions_is_got(shell: Shell, start_server: StartServer) -> None:
    server = start_server("QuaternionTrackingDataServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    with link.stream(igtl.QuaternionTrackingData, interval=0.013) as frames:
        server.expect(r"^Interval = 13 \(ms\)$")
        for number in range(5):
            message = frames.receive(TIMEOUT_S)
            assert message.device_name == "Tracker"
            assert [(tool.name, tool.type) for tool in message.tools] == CHANNELS
            assert_positions(message.tools, tool_poses(number))
    server.expect("^Received a STP_QTDATA message")
    assert list(link) == []
    assert (frames.dropped, link.counters.errors) == (0, 0)


def test_a_stream_is_asked_for_where_a_question_is_not_known(
    shell: Shell, start_server: StartServer
) -> None:
    server = start_server("TrackingDataServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    with pytest.raises(igtl.TimeoutError) as caught:
        link.get(igtl.TrackingData, timeout=0.3)
    assert str(caught.value) == f"GET_TDATA from {link.endpoint}: no answer within 0.3 s"
    server.expect("^Receiving : GET_TDATA$")
    with link.stream(igtl.TrackingData, interval=0.001) as frames:
        assert_matrices(frames.receive(TIMEOUT_S).tools, tool_poses(0))


def test_after_the_stop_the_link_is_closed(shell: Shell, start_server: StartServer) -> None:
    server = start_server("TrackingDataServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    with link.stream(igtl.TrackingData, interval=0.001) as frames:
        frames.receive(TIMEOUT_S)
    assert list(link) == []
    for number, message in enumerate(frames, start=1):  # what had come before the stop
        assert_matrices(message.tools, tool_poses(number))
    with pytest.raises(igtl.ClosedError):
        frames.receive(TIMEOUT_S)
    with pytest.raises(igtl.ClosedError), link.stream(igtl.TrackingData):
        pass


# Their clients, our servers.

PROBE = np.array([[0, -1, 0, 1.5], [1, 0, 0, -2.25], [0, 0, 1, 1 / 3], [0, 0, 0, 1]])
TOOLS = igtl.TrackingData(
    (igtl.Tool("Probe", PROBE, type=1), igtl.Tool("Tip", np.eye(4), type=3)), device_name="NDI"
)
PRINTED_TOOLS = """
Receiving TDATA data type.
========== Element #0 ==========
 Name       : Probe
 Type       : 1
 Matrix :
=============
0, -1, 0, 1.5
1, 0, 0, -2.25
0, 0, 1, 0.333333
0, 0, 0, 1
=============
================================
========== Element #1 ==========
 Name       : Tip
 Type       : 3
 Matrix :
=============
1, 0, 0, 0
0, 1, 0, 0
0, 0, 1, 0
0, 0, 0, 1
=============
================================
"""
TIP = igtl.QuaternionTrackingData(
    (igtl.QuaternionTool("Tip", (1.5, -2.5, 1000.25), (0, -0.6, 0, 0.8), type=4),),
    device_name="NDI",
)
PRINTED_TIP = """
Receiving QTDATA data type.
========== Element #0 ==========
 Name       : Tip
 Type       : 4
 Position   : 1.5, -2.5, 1000.25
 Quaternion : 0, -0.6, 0, 0.8
================================
"""

streams = pytest.mark.parametrize(
    ("program", "message", "printed"),
    [
        ("TrackingDataClient", TOOLS, PRINTED_TOOLS),
        ("QuaternionTrackingDataClient", TIP, PRINTED_TIP),
    ],
    ids=["TDATA", "QTDATA"],
)


@streams
def test_tracking_is_started_and_stopped(
    shell: Shell, start_client: StartClient, program: str, message: igtl.Message, printed: str
) -> None:
    server, name = shell.serve(), message.wire_type
    server.offer(message)
    client = start_client(program, server.port, "200")
    client.expect(f"^Receiving : RTS_{name}$")
    client.expect_lines(printed)  # the newest, without waiting for the next
    for _ in range(8):
        server.offer(message)
        client.expect_lines(printed)
    client.expect(f"^Sending STP_{name} message")
    client.expect(f"^Receiving : RTS_{name}$")
    server.offer(message)  # goes to streams only
    server.publish(igtl.Status())
    client.expect("^Receiving : STATUS$")
    assert client.output.count(f"Receiving {name} data type.") == 9


def test_tracking_that_is_not_there_is_refused(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("TrackingDataClient", server.port, "20")
    client.expect("^Receiving : RTS_TDATA$")
    server.publish(TOOLS)
    client.expect_lines(PRINTED_TOOLS)


def at(x: float, **metadata: str) -> igtl.TrackingData:
    """One tool, x mm from the tracker."""
    matrix = np.eye(4)
    matrix[0, 3] = x
    return igtl.TrackingData((igtl.Tool("Probe", matrix),), device_name="NDI", metadata=metadata)


def distances(client: Peer) -> list[int]:
    """What TrackingDataClient has printed of `at`, in order."""
    lines = (line.partition("1, 0, 0, ") for line in client.output.splitlines())
    return [int(distance) for before, found, distance in lines if found and not before]


def test_a_client_that_wants_all_gets_all(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    server.offer(at(7))
    client = start_client("TrackingDataClient", server.port, "2000")  # resolution 0 ms
    client.expect("^1, 0, 0, 7$")
    server.publish(*(at(x) for x in range(10, 60)))
    client.expect("^1, 0, 0, 59$")
    assert distances(client) == [7, *range(10, 60)]


def test_a_slow_client_gets_the_newest(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    server.offer(at(7))
    client = start_client("TrackingDataClient", server.port, "5")  # resolution 200 ms
    client.expect("^1, 0, 0, 7$")
    server.publish(*(at(x) for x in range(10, 60)))
    client.expect("^1, 0, 0, 59$")
    # Those of the fifty whose time had come go out as well: on a fast machine only the first.
    assert distances(client) == sorted({7, 59, *distances(client)})
    assert len(distances(client)) < 20


@pytest.mark.parametrize("rate", ["2000", "5"])
def test_a_client_of_version_1_gets_version_1(
    shell: Shell, start_client: StartClient, rate: str
) -> None:
    """Metadata need version 2, which the client does not read, and cannot get over."""
    server = shell.serve()
    server.offer(at(7, Site="Room 2"))
    client = start_client("TrackingDataClient", server.port, rate)
    client.expect("^1, 0, 0, 7$")
    server.publish(*(at(x, Site="Room 2") for x in range(10, 60)))
    client.expect("^1, 0, 0, 59$")


@pytest.mark.parametrize(
    ("program", "asker", "target"),
    [
        ("TrackingDataClient", "TDataClient", igtl.TrackingData),
        ("QuaternionTrackingDataClient", "QTDataClient", igtl.QuaternionTrackingData),
    ],
)
def test_a_handler_for_start_takes_the_answers_over(
    shell: Shell,
    start_client: StartClient,
    program: str,
    asker: str,
    target: type[igtl.Message],
) -> None:
    server = shell.serve()
    queries: SimpleQueue[igtl.Message] = SimpleQueue()

    @server.on_message(igtl.Start)
    def answer(client: igtl.Peer, query: igtl.Start) -> None:
        queries.put(query)
        client.send(*[igtl.Status()] * 10)

    @server.on_message(igtl.Stop)
    def end(client: igtl.Peer, query: igtl.Stop) -> None:
        queries.put(query)

    server.offer(TOOLS, TIP)
    client = start_client(program, server.port, "20")
    start, stop = (queries.get(timeout=TIMEOUT_S) for _ in range(2))
    assert start == igtl.Start(
        target, interval=0.05, coordinate_name="Patient", device_name=asker
    ).replace(timestamp=start.timestamp, header_version=1)
    assert isinstance(stop, igtl.Stop)
    assert (stop.target, stop.device_name) == (target, asker)
    client.expect("^Receiving : STATUS$")
    assert "RTS_" not in client.output
    assert "data type" not in client.output
