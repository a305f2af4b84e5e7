"""The reference's example servers that send to whoever connects, and our clients."""

from __future__ import annotations

import pytest

import igtl
from tests.interop import reference
from tests.interop.conftest import StartServer
from tests.interop.example_values import (
    CAPABILITIES,
    POINTS,
    STATUS_TEXT,
    TEXTS,
    TRAJECTORIES,
    assert_matrices,
    assert_positions,
    assert_test_image,
    poses,
)
from tests.interop.peers import Peer
from tests.interop.receiving import received
from tests.net.shells import Link, Shell

FAST = "500"  # messages a second


def connected(shell: Shell, server: Peer) -> Link:
    """A client of ours at a program that listens."""
    return shell.connect(f"127.0.0.1:{server.port}")


@pytest.mark.parametrize("program", ["TrackerServer", "BindServer"])
def test_transforms_come_in_order(shell: Shell, start_server: StartServer, program: str) -> None:
    link = connected(shell, start_server(program, FAST))
    messages = received(link, igtl.Transform, 5)
    assert {message.device_name for message in messages} == {"Tracker"}
    assert_matrices(messages, poses(5))


def test_every_transform_comes_until_the_server_closes(
    shell: Shell, start_server: StartServer
) -> None:
    link = connected(shell, start_server("TrackerServer", "1000"))
    messages = [message for message in link if isinstance(message, igtl.Transform)]
    assert_matrices(messages, poses(100))
    assert link.counters.messages_received == 100


def test_positions_come_in_order(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("TrackerServer2", FAST))
    messages = received(link, igtl.Position, 5)
    assert {message.wire_type for message in messages} == {"POSITION"}
    assert_positions(messages, poses(5))


def test_texts_come_in_order(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("StringServer", FAST))
    messages = received(link, igtl.String, 6)
    assert [message.text for message in messages] == [*TEXTS, TEXTS[0]]
    assert {message.encoding for message in messages} == {3}
    assert {message.device_name for message in messages} == {"StringMessage"}


def test_images_come_pixel_by_pixel(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("ImagerServer", FAST, str(reference.IMAGES)))
    messages = received(link, igtl.Image, 6)
    for number, message in zip((1, 2, 3, 4, 5, 1), messages, strict=True):
        assert_test_image(message, number)
        # Axes along x, -y, z; the centre of the image is the origin.
        assert message.ijk_to_ras.tolist() == [
            [1, 0, 0, -127.5],
            [0, -1, 0, 127.5],
            [0, 0, 5, 0],
            [0, 0, 0, 1],
        ]


def test_points_come(shell: Shell, start_server: StartServer) -> None:
    (message,) = received(connected(shell, start_server("PointServer")), igtl.Point)
    assert message.device_name == "PointSender"
    assert list(message.points) == POINTS


def test_trajectories_come(shell: Shell, start_server: StartServer) -> None:
    (message,) = received(connected(shell, start_server("TrajectoryServer")), igtl.Trajectory)
    assert message.device_name == "TrajectorySender"
    assert list(message.trajectories) == TRAJECTORIES


def test_status_comes(shell: Shell, start_server: StartServer) -> None:
    (message,) = received(connected(shell, start_server("StatusServer")), igtl.Status)
    assert message.code is igtl.StatusCode.OK
    assert (message.subcode, message.error_name, message.text) == (128, "OK!", STATUS_TEXT)
    assert message.device_name == "Device"


def test_capabilities_come(shell: Shell, start_server: StartServer) -> None:
    (message,) = received(connected(shell, start_server("CapabilityServer")), igtl.Capability)
    assert message.types == CAPABILITIES
