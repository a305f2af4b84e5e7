"""Our clients ask the reference's example servers: `link.get`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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
    assert_test_image,
    image_metas,
    label_metas,
)
from tests.interop.peers import Peer
from tests.interop.receiving import received
from tests.net.shells import Link, Shell

SHORT = 0.3  # seconds that are waited for an answer that does not come


def connected(shell: Shell, server: Peer) -> Link:
    """A client of ours at a program that listens."""
    return shell.connect(f"127.0.0.1:{server.port}")


def test_poly_data_is_got(shell: Shell, start_server: StartServer) -> None:
    server = start_server("PolyDataServer")
    link = connected(shell, server)
    for device_name in ("Cube", None):
        message = link.get(igtl.PolyData, device_name)
        assert message.device_name == (device_name or "")
        assert message.points.tolist() == CUBE_POINTS
        assert message.polygons.as_array().tolist() == CUBE_POLYGONS
        assert len(message.vertices) == len(message.lines) == len(message.triangle_strips) == 0
        assert message.attributes == (igtl.Attribute("attr", "scalars", range(8)),)
        server.expect("^Received a GET_POLYDATA message")
    assert link.counters.messages_sent == 3  # before the first: that header version 2 is read


def test_image_descriptions_are_got(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("ImageMetaServer"))
    message = link.get(igtl.ImageMeta, "Archive")
    assert message.device_name == "Archive"
    assert_image_metas(message, [1.2345, 2.3456, 3.4567])


def assert_image_metas(message: igtl.ImageMeta, times: list[float]) -> None:
    """It describes the three images of the examples; times are rounded on the way."""
    found = [image.timestamp for image in message.images]
    assert found == pytest.approx(times, rel=0, abs=1e-6)
    timeless = [image.replace(timestamp=None) for image in message.images]
    assert timeless == [image.replace(timestamp=None) for image in image_metas(times)]


@pytest.mark.parametrize("device_name", [None, "Archive"])
def test_label_descriptions_are_got_whatever_name_the_server_has(
    shell: Shell, start_server: StartServer, device_name: str | None
) -> None:
    link = connected(shell, start_server("LabelMetaServer"))
    message = link.get(igtl.LabelMeta, device_name)
    assert message.device_name == "MetaServer"
    assert list(message.labels) == label_metas()


def test_images_are_got_by_their_descriptions(shell: Shell, start_server: StartServer) -> None:
    link = connected(shell, start_server("ImageDatabaseServer", str(reference.IMAGES)))
    images = link.get(igtl.ImageMeta, "Database")
    assert_image_metas(images, [1291739370.2345, 1291739380.3456, 1291739390.4567])
    labels = link.get(igtl.LabelMeta, "Database")
    plain = [label.replace(label=0, color=(0, 0, 0, 0)) for label in label_metas()]
    assert list(labels.labels) == plain
    assert images.device_name == labels.device_name == "Database"
    names = [one.id for one in images.images] + [one.id for one in labels.labels]
    found = {name: link.get(igtl.Image, name) for name in names}
    assert [image.device_name for image in found.values()] == names
    last = found.pop("LABEL_2")  # whose file is not among those that are installed
    assert (last.size, last.pixels.dtype) == ((256, 256, 1), np.dtype(np.uint8))
    for number, image in enumerate(found.values(), start=2):
        assert_test_image(image, number)


def test_a_device_that_the_server_does_not_know_is_named(
    shell: Shell, start_server: StartServer
) -> None:
    server = start_server("ImageDatabaseServer", str(reference.IMAGES))
    link = connected(shell, server)
    with pytest.raises(igtl.TimeoutError) as caught:
        link.get(igtl.Image, "CT", timeout=SHORT)
    asked = f"GET_IMAGE of device 'CT' from {link.endpoint}"
    assert str(caught.value) == f"{asked}: no answer within 0.3 s"
    server.expect('^ *Device Type: "GET_IMAGE"\n *Device Name: "CT"$')
    assert_test_image(link.get(igtl.Image, "IMAGE_1"), 3)
    with pytest.raises(igtl.TimeoutError) as caught:
        link.get(igtl.Image, "IMAGE_7", timeout=SHORT)
    asked = f"GET_IMAGE of device 'IMAGE_7' from {link.endpoint}"
    assert str(caught.value) == f"{asked}: no answer within 0.3 s; IMAGE came from 'IMAGE_1'"


def test_a_question_that_the_server_does_not_know_is_named(
    shell: Shell, start_server: StartServer
) -> None:
    server = start_server("PolyDataServer")
    link = connected(shell, server)
    with pytest.raises(igtl.TimeoutError) as caught:
        link.get(igtl.Point, timeout=SHORT)
    assert str(caught.value) == f"GET_POINT from {link.endpoint}: no answer within 0.3 s"
    server.expect("^Receiving : GET_POINT$")
    assert link.get(igtl.PolyData).points.tolist() == CUBE_POINTS


def test_points_of_a_list_are_got(shell: Shell, start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "points.txt"
    file.write_text("1.5 -2.5 3.25\n-100 200 300\n", encoding="ascii")
    message = connected(shell, start_server("PointListServer", str(file))).get(igtl.Point)
    assert [point.position.tolist() for point in message.points] == [
        [1.5, -2.5, 3.25],
        [-100, 200, 300],
    ]


def test_points_of_another_device_are_no_answer(shell: Shell, start_server: StartServer) -> None:
    """PointListServer answers as PointSender, whoever is asked."""
    link = connected(shell, start_server("PointListServer"))
    with pytest.raises(igtl.TimeoutError) as caught:
        link.get(igtl.Point, "Landmarks", timeout=SHORT)
    asked = f"GET_POINT of device 'Landmarks' from {link.endpoint}"
    assert str(caught.value) == f"{asked}: no answer within 0.3 s; POINT came from 'PointSender'"
    wanted = [
        point.replace(color=BLUE, diameter=DIAMETERS[2], position=POSITIONS[n])
        for n, point in enumerate(POINTS)
    ]
    (unasked,) = received(link, igtl.Point)
    assert list(unasked.points) == wanted
    assert list(link.get(igtl.Point, "PointSender").points) == wanted


def test_what_a_server_sends_by_itself_is_an_answer_too(
    shell: Shell, start_server: StartServer
) -> None:
    """CapabilityServer reads nothing, and says every second what it can."""
    link = connected(shell, start_server("CapabilityServer"))
    assert link.capabilities() == CAPABILITIES


def test_the_hundred_and_first_message_finds_the_link_closed(
    shell: Shell, start_server: StartServer
) -> None:
    """The example servers close a connection after a hundred messages, of which one is a hello."""
    link = connected(shell, start_server("LabelMetaServer"))
    for _ in range(99):
        assert list(link.get(igtl.LabelMeta).labels) == label_metas()
    with pytest.raises(igtl.ClosedError) as caught:
        link.get(igtl.LabelMeta)
    asked = f"GET_LBMETA from {link.endpoint}"
    assert str(caught.value).startswith(f"{asked}: the link ended before the answer: ")


def test_a_link_that_is_restored_goes_on_behind_the_hundredth_message(
    shell: Shell, start_server: StartServer
) -> None:
    server = start_server("LabelMetaServer")
    link = shell.connect(f"127.0.0.1:{server.port}", reconnect=True)
    for _ in range(105):
        assert list(link.get(igtl.LabelMeta).labels) == label_metas()
    for _ in range(2):
        server.expect("^A client is connected")
