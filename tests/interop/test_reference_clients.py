"""The reference's example clients that send, against our servers, blocking and asyncio."""

from __future__ import annotations

import time

import pytest

import igtl
from tests.interop import reference
from tests.interop.conftest import StartClient
from tests.interop.example_values import (
    CAPABILITIES,
    POINTS,
    STATUS_TEXT,
    TEXTS,
    TRAJECTORIES,
    Pose,
    assert_matrices,
    assert_positions,
    assert_test_image,
    poses,
)
from tests.interop.peers import TIMEOUT_S
from tests.interop.receiving import taken
from tests.net.shells import Shell

FAST = "500"  # messages a second


def test_transforms_come_in_order(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    start_client("TrackerClient", server.port, FAST)
    messages = taken(server, igtl.Transform, 5)
    assert {message.device_name for message in messages} == {"Tracker"}
    assert_matrices(messages, poses(5))
    assert messages[-1].timestamp == pytest.approx(time.time(), abs=60)


def test_hundreds_of_transforms_come_as_fast_as_they_are_sent(
    shell: Shell, start_client: StartClient
) -> None:
    server = shell.serve()
    start_client("TrackerClient", server.port, "100000")
    assert_matrices(taken(server, igtl.Transform, 300), poses(300))


def test_transforms_of_several_devices_come_in_turn(
    shell: Shell, start_client: StartClient
) -> None:
    server = shell.serve()
    client = start_client("TrackerClient3", server.port, FAST, "Probe", "Stylus")
    messages = taken(server, igtl.Transform, 8)
    assert [message.device_name for message in messages] == ["Probe", "Stylus"] * 4
    assert_matrices(messages[::2], poses(4, step=0.5))
    assert_matrices(messages[1::2], poses(4, start=Pose(0.3, 0.2), step=1.0))
    for message in messages:
        stamp = client.expect(r"^Time Stamp: sec = (\d+), nsec = (\d+)$")
        # The C++ library loses up to 12 ns of a time.
        assert message.timestamp_ns == pytest.approx(
            int(stamp[1]) * 10**9 + int(stamp[2]), rel=0, abs=13
        )


def test_positions_come_in_order(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    start_client("TrackerClient2", server.port, FAST)
    assert_positions(taken(server, igtl.Position, 5), poses(5))


def test_texts_come_in_order(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    start_client("StringClient", server.port, FAST)
    assert [message.text for message in taken(server, igtl.String, 6)] == [*TEXTS, TEXTS[0]]


def test_bound_messages_come_in_order(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    start_client("BindClient", server.port, FAST)
    for message, pose in zip(taken(server, igtl.Bind, 5), poses(5), strict=True):
        assert message.device_name == "BindMessage"
        text, transform = message.children
        assert isinstance(text, igtl.String)
        assert (text.device_name, text.text) == ("StringMessage", TEXTS[0])
        assert isinstance(transform, igtl.Transform)
        assert transform.device_name == "Tracker"
        assert_matrices([transform], [pose])


@pytest.mark.parametrize("program", ["ImagerClient", "ImagerClient2"])
def test_images_come_pixel_by_pixel(shell: Shell, start_client: StartClient, program: str) -> None:
    server = shell.serve()
    start_client(program, server.port, FAST, str(reference.IMAGES))
    for number, message in zip((1, 2, 3, 4, 5, 1), taken(server, igtl.Image, 6), strict=True):
        assert message.device_name == "ImagerClient"
        assert_test_image(message, number)


def test_points_come(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("PointClient", server.port)
    (message,) = taken(server, igtl.Point)
    assert list(message.points) == POINTS
    assert client.wait_for_end() == 0


def test_trajectories_come(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("TrajectoryClient", server.port)
    (message,) = taken(server, igtl.Trajectory)
    first, second, third = TRAJECTORIES
    assert list(message.trajectories) == [
        first,
        second.replace(target=third.target),  # a slip of the program
        third.replace(target=(0, 0, 0)),
    ]
    assert client.wait_for_end() == 0


def test_status_comes(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    start_client("StatusClient", server.port)
    (message,) = taken(server, igtl.Status)
    assert message.code is igtl.StatusCode.OK
    assert (message.subcode, message.error_name, message.text) == (128, "OK!", STATUS_TEXT)


def test_capabilities_come(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    client = start_client("CapabilityClient", server.port)
    (message,) = taken(server, igtl.Capability)
    assert message.types == CAPABILITIES
    assert client.wait_for_end() == 0


def test_several_clients_are_told_apart(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    for program in ("TrackerClient", "StringClient"):
        start_client(program, server.port, FAST)
    assert server.wait_for_clients(2, TIMEOUT_S)
    kinds: dict[str, set[str]] = {}
    while len(kinds) < 2:
        peer, message = server.receive(TIMEOUT_S)
        kinds.setdefault(peer.address, set()).add(message.wire_type)
    assert sorted(kinds.values(), key=str) == [{"STRING"}, {"TRANSFORM"}]
    assert {peer.address for peer in server.clients} == kinds.keys()
