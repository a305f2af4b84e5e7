"""Our clients, blocking and asyncio, against the reference's example servers."""

from __future__ import annotations

from pathlib import Path

import pytest

import igtl
from tests.interop import reference
from tests.interop.conftest import StartServer
from tests.interop.example_values import (
    BLUE,
    CAPABILITIES,
    CUBE_POINTS,
    CUBE_POLYGONS,
    DIAMETERS,
    POINTS,
    POSITIONS,
    STATUS_TEXT,
    TEXTS,
    TRAJECTORIES,
    assert_matrices,
    assert_positions,
    assert_test_image,
    image_metas,
    label_metas,
    poses,
    tool_poses,
)
from tests.interop.peers import Peer
from tests.interop.receiving import received
from tests.net.shells import Link, Shell

FAST = "500"  # messages a second


def connected(shell: Shell, server: Peer) -> Link:
    """A client of ours at a program that listens."""
    return shell.connect(f"127.0.0.1:{server.port}")


# Servers that send to whoever connects.


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


# Servers that answer queries.


def test_poly_data_is_got(shell: Shell, start_server: StartServer) -> None:
    server = start_server("PolyDataServer")
    link = connected(shell, server)
    for device_name in ("Cube", ""):
        link.send(igtl.Get(igtl.PolyData, device_name=device_name))
        (message,) = received(link, igtl.PolyData)
        assert message.device_name == device_name
        assert message.points.tolist() == CUBE_POINTS
        assert message.polygons.as_array().tolist() == CUBE_POLYGONS
        assert len(message.vertices) == len(message.lines) == len(message.triangle_strips) == 0
        assert message.attributes == (igtl.Attribute("attr", "scalars", range(8)),)
    server.expect("Received a GET_POLYDATA message")


def test_image_descriptions_are_got(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("ImageMetaServer"))
    link.send(igtl.Get(igtl.ImageMeta, device_name="Archive"))
    (message,) = received(link, igtl.ImageMeta)
    assert message.device_name == "Archive"
    assert_image_metas(message, [1.2345, 2.3456, 3.4567])


def assert_image_metas(message: igtl.ImageMeta, times: list[float]) -> None:
    """It describes the three images of the examples; times are rounded on the way."""
    found = [image.timestamp for image in message.images]
    assert found == pytest.approx(times, rel=0, abs=1e-6)
    timeless = [image.replace(timestamp=None) for image in message.images]
    assert timeless == [image.replace(timestamp=None) for image in image_metas(times)]


def test_label_descriptions_are_got(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("LabelMetaServer"))
    link.send(igtl.Get(igtl.LabelMeta))
    (message,) = received(link, igtl.LabelMeta)
    assert message.device_name == "MetaServer"
    assert list(message.labels) == label_metas()


def test_images_are_got_by_their_descriptions(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("ImageDatabaseServer", str(reference.IMAGES)))
    link.send(igtl.Get(igtl.ImageMeta, device_name="Database"))
    (images,) = received(link, igtl.ImageMeta)
    assert_image_metas(images, [1291739370.2345, 1291739380.3456, 1291739390.4567])
    link.send(igtl.Get(igtl.LabelMeta, device_name="Database"))
    (labels,) = received(link, igtl.LabelMeta)
    plain = [label.replace(label=0, color=(0, 0, 0, 0)) for label in label_metas()]
    assert list(labels.labels) == plain
    # The last label's file is not among those that are installed.
    names = [image.id for image in images.images] + [label.id for label in labels.labels][:2]
    for number, name in enumerate(names, start=2):
        link.send(igtl.Get(igtl.Image, device_name=name))
        (image,) = received(link, igtl.Image)
        assert image.device_name == name
        assert_test_image(image, number)


def test_points_of_a_list_are_got(shell: Shell, start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "points.txt"
    file.write_text("1.5 -2.5 3.25\n-100 200 300\n", encoding="ascii")
    link = connected(shell, start_server("PointListServer", str(file)))
    link.send(igtl.Get(igtl.Point))
    (message,) = received(link, igtl.Point)
    assert [point.position.tolist() for point in message.points] == [
        [1.5, -2.5, 3.25],
        [-100, 200, 300],
    ]


def test_points_without_a_list_are_got(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("PointListServer"))
    link.send(igtl.Get(igtl.Point))
    (message,) = received(link, igtl.Point)
    assert list(message.points) == [
        point.replace(color=BLUE, diameter=DIAMETERS[2], position=POSITIONS[n])
        for n, point in enumerate(POINTS)
    ]


# Servers that stream on request. They answer with data at once, and close when asked to stop.


def test_tracking_is_started_and_stopped(shell: Shell, start_server: StartServer) -> None:
    server = start_server("TrackingDataServer")
    link = connected(shell, server)
    link.send(igtl.Start(igtl.TrackingData, interval=0.007, coordinate_name="Patient"))
    for number, message in enumerate(received(link, igtl.TrackingData, 5)):
        assert message.device_name == "Tracker"
        names = [(tool.name, tool.type) for tool in message.tools]
        assert names == [("Channel 0", 1), ("Channel 1", 2), ("Channel 2", 4)]
        assert_matrices(message.tools, tool_poses(number))
    server.expect(r"Interval = 7 \(ms\)")
    link.send(igtl.Stop(igtl.TrackingData))
    server.expect("Received a STP_TDATA message")
    assert all(isinstance(message, igtl.TrackingData) for message in link)


def test_tracking_by_quaternions_is_started_and_stopped(
    shell: Shell, start_server: StartServer
) -> None:
    server = start_server("QuaternionTrackingDataServer")
    link = connected(shell, server)
    link.send(igtl.Start(igtl.QuaternionTrackingData, interval=0.007, coordinate_name="Patient"))
    for number, message in enumerate(received(link, igtl.QuaternionTrackingData, 5)):
        names = [(tool.name, tool.type) for tool in message.tools]
        assert names == [("Channel 0", 1), ("Channel 1", 2), ("Channel 2", 4)]
        assert_positions(message.tools, tool_poses(number))
    link.send(igtl.Stop(igtl.QuaternionTrackingData))
    server.expect("Received a STP_QTDATA message")
    assert all(isinstance(message, igtl.QuaternionTrackingData) for message in link)


def test_hundreds_of_texts_sent_at_once_come_back(shell: Shell, start_server: StartServer) -> None:
    server = start_server("StringEchoServer")
    link = connected(shell, server)
    texts = [f"text {n}" for n in range(299)] + ["37 °C"]
    link.send(*(igtl.String(text, device_name="Console") for text in texts))
    messages = received(link, igtl.String, 300)
    assert [message.text for message in messages] == texts
    assert {message.device_name for message in messages} == {"StringEchoServer"}
    server.expect("^Echoing: text 298$")
