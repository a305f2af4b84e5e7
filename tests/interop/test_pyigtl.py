"""igtl with pyigtl, both ways, with header versions 1 and 2.

What has to be borne in mind of pyigtl 0.3.4:

* It keeps the last message of each device only, whatever its type: each message here has a device
  of its own.
* It cannot send text that is not ASCII, neither as STRING nor as a value of metadata (it waits for
  the wrong error). It reads such text.
* It takes an image of two dimensions for one whose first axis is k: images here have three or four.
* It loses metadata with header version 1, without an error, and it checks no CRC.
* Its server takes over SIGINT and SIGTERM, and reads a closed connection again and again, at full
  speed, until it is stopped. Its client polls every 10 ms.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from tests.interop.peers import HOST, TIMEOUT_S
from tests.net.shells import Shell

TIME_S = 1_700_000_000.25
METADATA = {"TransformStatus": "OK", "Patient/Position": "HFS", "Empty": ""}
MATRIX = np.array([[0, -1, 0, 1.5], [1, 0, 0, -2.25], [0, 0, 1, 1000.125], [0, 0, 0, 1]])
IJK_TO_WORLD = np.array([[0, 0, -2, 10.5], [0.5, 0, 0, -20.25], [0, -0.75, 0, 30.0], [0, 0, 0, 1]])
GREY = np.arange(2 * 5 * 7, dtype=np.int16).reshape(2, 5, 7) * 900 - 31_000
COLOUR = np.arange(1 * 4 * 6 * 3, dtype=np.uint8).reshape(1, 4, 6, 3)
POINTS = (
    igtl.PointElement("Nasion", "Fiducial", (1, 2, 3, 4), np.array([1.5, -2.5, 3.25]), 0.5, "CT"),
    igtl.PointElement("Inion", "Labeled", (255, 0, 9, 255), np.array([0, 1e3, -7.0]), 2.5, "MR"),
)

every_version = pytest.mark.parametrize("version", [1, 2], ids=["V1", "V2"])


@pytest.fixture(scope="session")
def pyigtl() -> Any:
    """The package; where it is missing, this skips, or fails where CI is set."""
    if find_spec("pyigtl") is None:
        lacking = "missing: pyigtl; uv sync"
        if os.environ.get("CI"):
            pytest.fail(f"{lacking} (CI is set: a missing peer is a failure)", pytrace=False)
        pytest.skip(lacking)
    import pyigtl

    return pyigtl


@pytest.fixture
def their_server(pyigtl: Any) -> Iterator[Any]:
    """A server of pyigtl on the loopback interface.

    It runs on a thread that ends with it: its own way to start leaves another one for seconds.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    server = pyigtl.OpenIGTLinkServer(port=0, local_server=True, start_now=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.stop()
    thread.join(TIMEOUT_S)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert not thread.is_alive()


@pytest.fixture
def connect_theirs(pyigtl: Any) -> Iterator[Callable[[int], Any]]:
    """Makes clients of pyigtl, whose threads end with the test."""
    clients: list[Any] = []

    def connect(port: int) -> Any:
        clients.append(pyigtl.OpenIGTLinkClient(HOST, port))
        return clients[-1]

    yield connect
    for client in clients:
        client.stop()
        client._client_thread.join(TIMEOUT_S)
        assert not client._client_thread.is_alive()


def our_messages(version: int) -> list[igtl.Message]:
    """Messages of igtl; those of version 2 carry metadata, but for the last."""
    common: dict[str, Any] = {"timestamp": TIME_S, "header_version": version}
    more: dict[str, Any] = {"metadata": METADATA | {"Ort": "Zürich"}, "message_id": 7}
    if version == 1:
        more = {}
    grey = igtl.Image(GREY, ijk_to_world=IJK_TO_WORLD, device_name="CT", **common, **more)
    colour = igtl.Image(COLOUR, coordinates="LPS", spacing=0.5, device_name="RGB", **common, **more)
    return [
        igtl.Transform(MATRIX, device_name="Probe", **common, **more),
        grey,
        colour,
        igtl.String("37 °C", device_name="Thermometer", **common, **more),
        igtl.Point(POINTS, device_name="Landmarks", **common, **more),
        igtl.String("plain", device_name="Console", **common),
    ]


def assert_theirs(peer: Any, version: int) -> None:
    """A client or server of pyigtl has got `our_messages`."""
    found = {}
    for ours in our_messages(version):
        theirs = found[ours.device_name] = peer.wait_for_message(ours.device_name, TIMEOUT_S)
        assert theirs is not None, f"nothing from {ours.device_name}"
        assert theirs.message_type == ours.wire_type
        assert theirs.header_version == version
        assert theirs.timestamp == pytest.approx(TIME_S, rel=0, abs=1e-6)
        assert (theirs.metadata, theirs.message_id) == (ours.metadata, ours.message_id)
    assert found["Probe"].matrix.tolist() == single(MATRIX).tolist()
    assert_their_image(found["CT"], GREY, IJK_TO_WORLD, "ras")
    assert_their_image(found["RGB"], COLOUR, np.diag([0.5, 0.5, 0.5, 1]), "lps")
    assert (found["Thermometer"].string, found["Console"].string) == ("37 °C", "plain")
    assert_their_points(found["Landmarks"])


def single(array: NDArray[Any]) -> NDArray[np.float64]:
    """The same numbers, as near as float32 comes to them."""
    return array.astype(np.float32).astype(np.float64)


def assert_their_image(
    theirs: Any, pixels: NDArray[Any], matrix: NDArray[Any], coordinates: str
) -> None:
    assert theirs.image.dtype == pixels.dtype
    assert np.array_equal(theirs.image, pixels)
    assert theirs.ijk_to_world_matrix.tolist() == matrix.tolist()
    assert theirs.world_coordinate_system == coordinates


def assert_their_points(theirs: Any) -> None:
    assert theirs.names == ["Nasion", "Inion"]
    assert theirs.groups == ["Fiducial", "Labeled"]
    assert theirs.rgba_colors == [(1, 2, 3, 4), (255, 0, 9, 255)]
    assert theirs.positions == [(1.5, -2.5, 3.25), (0, 1000, -7)]
    assert theirs.diameters == [0.5, 2.5]
    assert theirs.owners == ["CT", "MR"]


def their_messages(pyigtl: Any, version: int) -> list[Any]:
    """Messages of pyigtl that say the same, in ASCII."""
    points = pyigtl.PointMessage(
        positions=[[1.5, -2.5, 3.25], [0, 1000, -7]],
        names=["Nasion", "Inion"],
        groups=["Fiducial", "Labeled"],
        rgba_colors=[(1, 2, 3, 4), (255, 0, 9, 255)],
        diameters=[0.5, 2.5],
        owners=["CT", "MR"],
        device_name="Landmarks",
    )
    messages = [
        pyigtl.TransformMessage(MATRIX, device_name="Probe"),
        pyigtl.ImageMessage(GREY, IJK_TO_WORLD, "ras", device_name="CT"),
        pyigtl.ImageMessage(COLOUR, np.diag([0.5, 0.5, 0.5, 1]), device_name="RGB"),
        pyigtl.StringMessage("37 C", device_name="Thermometer"),
        points,
        pyigtl.StringMessage("plain", device_name="Console"),
    ]
    for message in messages:
        message.timestamp, message.header_version = TIME_S, version
        if version == 2 and message.device_name != "Console":
            message.metadata, message.message_id = METADATA, 7
    return messages


def assert_ours(messages: Sequence[igtl.Message], version: int) -> None:
    """Igtl has read `their_messages`."""
    transform, grey, colour, text, points, plain = messages
    for message in messages:
        assert message.header_version == version
        assert message.timestamp == pytest.approx(TIME_S, rel=0, abs=1e-6)
        carries = version == 2 and message is not plain
        assert dict(message.metadata) == (METADATA if carries else {})
        assert message.message_id == (7 if carries else 0)
    assert isinstance(transform, igtl.Transform)
    assert transform.device_name == "Probe"
    assert transform.matrix.tolist() == single(MATRIX).tolist()
    assert_our_image(grey, GREY, IJK_TO_WORLD, "RAS")
    assert_our_image(colour, COLOUR, np.diag([0.5, 0.5, 0.5, 1]), "LPS")
    assert isinstance(text, igtl.String)
    assert (text.text, text.device_name) == ("37 C", "Thermometer")
    assert isinstance(points, igtl.Point)
    assert points.points == POINTS


def assert_our_image(
    message: igtl.Message, pixels: NDArray[Any], matrix: NDArray[Any], coordinates: str
) -> None:
    assert isinstance(message, igtl.Image)
    assert message.pixels.dtype == pixels.dtype
    assert np.array_equal(message.pixels, pixels)
    assert message.ijk_to_world.tolist() == matrix.tolist()
    assert message.coordinates == coordinates


@every_version
def test_their_server_gets_what_our_client_sends(
    shell: Shell, their_server: Any, version: int
) -> None:
    link = shell.connect(f"{HOST}:{their_server.server_address[1]}")
    link.send(*our_messages(version))
    assert_theirs(their_server, version)


@every_version
def test_our_client_gets_what_their_server_sends(
    shell: Shell, pyigtl: Any, their_server: Any, version: int
) -> None:
    link = shell.connect(f"{HOST}:{their_server.server_address[1]}")
    messages = their_messages(pyigtl, version)
    for message in messages:
        assert their_server.send_message(message, wait=False)
    assert_ours([link.receive(TIMEOUT_S) for _ in messages], version)


@every_version
def test_their_client_gets_what_our_server_publishes(
    shell: Shell, connect_theirs: Callable[[int], Any], version: int
) -> None:
    server = shell.serve()
    client = connect_theirs(server.port)
    assert server.wait_for_clients(1, TIMEOUT_S)
    server.publish(*our_messages(version))
    assert_theirs(client, version)


@every_version
def test_our_server_gets_what_their_client_sends(
    shell: Shell, pyigtl: Any, connect_theirs: Callable[[int], Any], version: int
) -> None:
    server = shell.serve()
    client = connect_theirs(server.port)
    messages = their_messages(pyigtl, version)
    for message in messages:
        assert client.send_message(message, wait=False)
    assert_ours([server.receive(TIMEOUT_S)[1] for _ in messages], version)


@every_version
def test_bytes_of_pyigtl_are_kept(pyigtl: Any, version: int) -> None:
    for theirs in their_messages(pyigtl, version):
        packed = theirs.pack()
        read = igtl.decode(packed)
        assert igtl.encode(read) == packed
        written_anew = read.replace(device_name="Other").replace(device_name=read.device_name)
        assert igtl.encode(written_anew) == packed
