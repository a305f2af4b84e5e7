"""What the reference's receivers print of the messages that our servers and clients send."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

import numpy as np
import pytest

import igtl
from tests.interop.conftest import StartClient, StartServer
from tests.interop.example_values import POINTS, TRAJECTORIES
from tests.interop.peers import TIMEOUT_S
from tests.net.shells import Shell

TIME_S, TIME_LINE = 1_700_000_000.25, "Time stamp: 1700000000.250000000"
MATRIX = np.array([[0, -1, 0, 1.5], [1, 0, 0, -2.25], [0, 0, 1, 1 / 3], [0, 0, 0, 1]])
TOOLS = igtl.Tool("Probe", MATRIX, type=1), igtl.Tool("Tip", np.eye(4), type=3)
QUATERNION_TOOL = igtl.QuaternionTool(
    "Tip", np.array([1.5, -2.5, 1000.25]), np.array([0, -0.6, 0, 0.8]), type=4
)
PART_OF_A_VOLUME = igtl.Image(
    np.zeros((2, 3, 4), np.int16),
    components=1,
    spacing=(0.5, 0.75, 1.25),
    sub_volume_offset=(1, 2, 3),
    volume_size=(10, 11, 12),
    device_name="CT",
    timestamp=TIME_S,
)

# Messages of each type, and the lines about them, without those that are empty. The receivers
# print numbers with a fixed count of digits from their first POINT or TRAJ on: these come last.
MESSAGES: dict[str, igtl.Message] = {
    "TRANSFORM": igtl.Transform(MATRIX, device_name="Probe", timestamp=TIME_S),
    "POSITION": igtl.Position(
        np.array([1.5, -2.5, 1e6 / 3]), np.array([0.5, -0.5, 0.5, 2 / 3]), timestamp=TIME_S
    ),
    "IMAGE": PART_OF_A_VOLUME,
    "STATUS": igtl.Status(4, -(2**62), "NotFound", "no such image", timestamp=TIME_S),
    "STRING": igtl.String("37 °C", device_name="Thermometer", timestamp=TIME_S),
    "CAPABILITY": igtl.Capability(("IMAGE", "GET_POLYDATA"), timestamp=TIME_S),
    "TDATA": igtl.TrackingData(TOOLS, timestamp=TIME_S),
    "QTDATA": igtl.QuaternionTrackingData((QUATERNION_TOOL,), timestamp=TIME_S),
    "BIND": igtl.Bind(
        (
            igtl.String("one", device_name="Label"),
            igtl.Transform(MATRIX, device_name="ProbeToTracker"),
        ),
        timestamp=TIME_S,
    ),
    "SENSOR": igtl.Sensor([1.5, 2.5], "mm", timestamp=TIME_S),
    "POINT": igtl.Point(tuple(POINTS[:2]), timestamp=TIME_S),
    "TRAJ": igtl.Trajectory(tuple(TRAJECTORIES[:1]), timestamp=TIME_S),
}
MATRIX_LINES = """\
    =============
    0, -1, 0, 1.5
    1, 0, 0, -2.25
    0, 0, 1, 0.333333
    0, 0, 0, 1
    =============
    """
PRINTED = {
    "TRANSFORM": f"""\
    Receiving TRANSFORM data type.
    {MATRIX_LINES}
    """,
    "POSITION": """\
    Receiving POSITION data type.
    position   = (1.5, -2.5, 333333)
    quaternion = (0.5, -0.5, 0.5, 0.666667)
    """,
    "IMAGE": """\
    Receiving IMAGE data type.
    Device Name           : CT
    Scalar Type           : 4
    Dimensions            : (10, 11, 12)
    Spacing               : (0.5, 0.75, 1.25)
    Sub-Volume dimensions : (4, 3, 2)
    Sub-Volume offset     : (1, 2, 3)
    """,
    "STATUS": """\
    Receiving STATUS data type.
    ========== STATUS ==========
     Code      : 4
     SubCode   : -4611686018427387904
     Error Name: NotFound
     Status    : no such image
    ============================
    """,
    "STRING": """\
    Receiving STRING data type.
    Encoding: 106; String: 37 °C
    """,
    "CAPABILITY": """\
    Receiving CAPABILITY data type.
    Typename #0: IMAGE
    Typename #1: GET_POLYDATA
    """,
    "TDATA": f"""\
    Receiving TDATA data type.
    ========== Element #0 ==========
     Name       : Probe
     Type       : 1
     Matrix :
    {MATRIX_LINES}
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
    """,
    "QTDATA": """\
    Receiving QTDATA data type.
    ========== Element #0 ==========
     Name       : Tip
     Type       : 4
     Position   : 1.5, -2.5, 1000.25
     Quaternion : 0, -0.6, 0, 0.8
    ================================
    """,
    "BIND": f"""\
    Receiving BIND data type.
    Message type: STRING
    Message name: Label
    Encoding: 3; String: one
    Message type: TRANSFORM
    Message name: ProbeToTracker
    {MATRIX_LINES}
    """,
    "SENSOR": "Receiving : SENSOR",
    "POINT": """\
    Receiving POINT data type.
    ========== Element #0 ==========
     Name      : POINT_0
     GroupName : GROUP_0
     RGBA      : ( 255, 0, 0, 255 )
     Position  : ( 10.000000, 20.000000, 30.000000 )
     Radius    : 15.000000
     Owner     : IMAGE_0
    ================================
    ========== Element #1 ==========
     Name      : POINT_1
     GroupName : GROUP_0
     RGBA      : ( 0, 255, 0, 255 )
     Position  : ( 40.000000, 50.000000, 60.000000 )
     Radius    : 45.000000
     Owner     : IMAGE_0
    ================================
    """,
    "TRAJ": """\
    Receiving TRAJECTORY data type.
    ========== Element #0 ==========
     Name      : TRAJECTORY_0
     GroupName : GROUP_0
     RGBA      : ( 255, 0, 0, 255 )
     Entry Pt  : ( 10.000000, 20.000000, 30.000000 )
     Target Pt : ( 20.000000, 20.000000, 40.000000 )
     Radius    : 15.000000
     Owner     : IMAGE_0
    ================================
    """,
}


def lines_of(text: str) -> list[str]:
    """The lines that are not empty, without the blanks around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def expected_lines(printed: Mapping[str, str]) -> list[str]:
    """What a receiver prints of all `MESSAGES`."""
    return [line for name in MESSAGES for line in [TIME_LINE, *lines_of(printed[name])]]


def test_receive_client_prints_what_we_publish(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("ReceiveClient", server.port)
    assert server.wait_for_clients(1, TIMEOUT_S)
    server.publish(*MESSAGES.values())
    server.close()
    assert client.wait_for_end() == 0
    assert lines_of(client.output) == expected_lines(PRINTED | {"BIND": "Receiving : BIND"})


def test_receive_server_prints_what_we_send(shell: Shell, start_server: StartServer) -> None:
    server = start_server("ReceiveServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    link.send(*MESSAGES.values(), igtl.String("that is all", timestamp=TIME_S))
    server.expect("^Encoding: 3; String: that is all$")
    skipped = {
        "TDATA": "Receiving : TDATA\nSize : 140",
        "QTDATA": "Receiving : QTDATA\nSize : 50",
        "SENSOR": "Receiving : SENSOR\nSize : 26",
    }
    last = [TIME_LINE, "Receiving STRING data type.", "Encoding: 3; String: that is all"]
    assert lines_of(server.output) == [*expected_lines(PRINTED | skipped), *last]


def test_session_manager_prints_what_we_send(shell: Shell, start_server: StartServer) -> None:
    server = start_server("SessionManagerServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    for name in ("TRANSFORM", "POSITION", "IMAGE"):
        link.send(MESSAGES[name])
        _, *printed = lines_of(PRINTED[name])  # it does not tell the type before
        server.expect_lines("\n".join(printed))
        server.expect(f"^Message Type: {name}\nDevice Name: {MESSAGES[name].device_name}$")


def test_hundreds_published_at_once_are_printed(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("ReceiveClient", server.port)
    assert server.wait_for_clients(1, TIMEOUT_S)
    server.publish(*(igtl.String(f"text {n}") for n in range(300)))
    server.close()
    assert client.wait_for_end() == 0
    found = re.findall("^Encoding: 3; String: (.*)$", client.output, re.MULTILINE)
    assert found == [f"text {n}" for n in range(300)]


def test_a_message_without_a_time_gets_that_of_sending(
    shell: Shell, start_client: StartClient
) -> None:
    server = shell.serve()
    client = start_client("ReceiveClient", server.port)
    assert server.wait_for_clients(1, TIMEOUT_S)
    server.publish(igtl.String("now"))
    found = float(client.expect(r"^Time stamp: (\d+\.\d{9})$")[1])
    assert found == pytest.approx(time.time(), abs=60)


def test_a_large_image_arrives_whole(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("ReceiveClient", server.port)
    assert server.wait_for_clients(1, TIMEOUT_S)
    pixels = np.arange(2160 * 3840 * 3, dtype=np.uint32).astype(np.uint8).reshape(2160, 3840, 3)
    server.publish(igtl.Image(pixels), igtl.String("behind it"))
    # The reference prints no size of an image whose CRC is wrong.
    client.expect_lines("Dimensions            : (3840, 2160, 1)")
    client.expect("^Encoding: 3; String: behind it$")
