"""3D Slicer and PLUS as servers of our client: bare sockets, every byte written by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import igtl
from tests.codec.wire import extended, packet
from tests.net.raw import RawPeer, RawServer, pose
from tests.net.scripts import SLICER_HELLO, lps_image, string
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, background, eventually

# ---- 3D Slicer


def image_of_slicer() -> bytes:
    """A 2x2 image of uint8, in RAS, at time 0, as Slicer sends all it has."""
    body = struct.pack(">HBBBBHHH", 1, 1, 3, 2, 1, 2, 2, 1)
    body += struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    body += struct.pack(">6H", 0, 0, 0, 2, 2, 1) + bytes([1, 2, 3, 4])
    return packet("IMAGE", extended(body), version=2, device_name=b"Volume")


def test_our_client_recognises_it_and_asks_it_nothing(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint)
    slicer = listener.accept()
    slicer.send(SLICER_HELLO + image_of_slicer())
    assert isinstance(link.receive(PATIENCE), igtl.Status)
    assert link.profile.name == "slicer"
    for ask in (
        lambda: link.get(igtl.Image, "Volume"),
        lambda: link.stream(igtl.TrackingData).__enter__(),
        link.capabilities,
        lambda: link.send(igtl.Get(igtl.Image)),
    ):
        with pytest.raises(igtl.MessageError, match="may crash"):
            ask()
    image = link.latest(igtl.Image, "Volume")
    assert image.pixels.ravel().tolist() == [1, 2, 3, 4]
    link.send(pose(7))
    link.close()
    assert [one.wire_type for one in slicer.receive_rest_and_close()] == ["TRANSFORM"]


def test_our_client_commands_it(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint)
    slicer = listener.accept()
    slicer.send(SLICER_HELLO)
    assert isinstance(link.receive(PATIENCE), igtl.Status)

    def serve() -> bytes:
        asked = slicer.receive_bytes()
        xml = b'<Command><Result>true</Result><Parameter Name="a" Value="1"/></Command>'
        body = asked[70:74] + struct.pack(">128sHI", b"Get", 3, len(xml)) + xml
        entries = [(b"Status", 3, b"FAIL")]  # its own is unreliable: the XML goes first
        slicer.send(packet("RTS_COMMAND", extended(body, entries), version=2))
        return asked

    future, _ = background(serve)
    reply = link.command("Get", "<Command/>", timeout=PATIENCE)
    assert 'Name="a" Value="1"' in reply.content
    asked = future.result(PATIENCE)
    assert asked[:14] == b"\0\2COMMAND\0\0\0\0\0"
    assert asked[74:78] == b"Get\0"


def test_our_client_sends_it_images_that_it_reads(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint, profile="slicer")
    slicer = listener.accept()
    link.send(lps_image(np.int32))
    came = slicer.receive()
    assert isinstance(came, igtl.Image)
    assert (came.coordinates, came.pixels.dtype.kind) == ("RAS", "f")


# ---- PLUS


def text_of(message: igtl.Message) -> str:
    assert isinstance(message, igtl.String)
    return message.text


def transform(status: bytes, version: int, device: bytes = b"ProbeToTracker") -> bytes:
    """A TRANSFORM 9 mm along x, as PLUS writes it for clients of either header version."""
    body = struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 0)
    if version == 1:
        return packet("TRANSFORM", body, device_name=device)
    entries = [(b"TransformValid", 3, b"true"), (b"TransformStatus", 3, status)]
    return packet("TRANSFORM", extended(body, entries), version=2, device_name=device)


def keep_alive() -> bytes:
    return packet("STATUS", struct.pack(">Hq20s", 1, 0, b"") + b"\0")


@pytest.fixture
def link(shell: Shell, listener: RawServer) -> Link:
    return shell.connect(listener.endpoint, profile="plus")


@pytest.fixture
def plus(link: Link, listener: RawServer) -> RawPeer:
    return listener.accept()


def test_it_rises_to_version_2_after_our_hello(link: Link, plus: RawPeer) -> None:
    plus.send(transform(b"", 1))
    hello = plus.receive_bytes()
    assert hello[:14] == b"\0\2STATUS\0\0\0\0\0\0"
    plus.send(transform(b"OUT_OF_VIEW", 2))
    came = [link.receive(PATIENCE) for _ in range(2)]
    assert [dict(one.metadata).get("TransformStatus") for one in came] == [None, "OUT_OF_VIEW"]


def test_it_is_recognised_by_its_metadata(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint)
    plus = listener.accept()
    assert link.profile.name == "igtl"
    plus.send(keep_alive() + transform(b"OK", 2))
    eventually(lambda: isinstance(link.receive(PATIENCE), igtl.Transform))
    assert link.profile.name == "plus"


def test_its_keep_alive_is_no_answer(link: Link, plus: RawPeer) -> None:
    def serve() -> None:
        plus.receive()  # our hello
        plus.receive()  # GET_TRANS
        plus.send(keep_alive() * 3 + transform(b"OK", 2) + keep_alive())

    background(serve)
    assert link.get(igtl.Transform, "ProbeToTracker", timeout=PATIENCE).matrix[0, 3] == 9
    assert [link.receive(PATIENCE).wire_type for _ in range(4)] == ["STATUS"] * 4


def test_our_client_subscribes(link: Link, plus: RawPeer) -> None:
    plus.receive()  # our hello
    link.subscribe("IMAGE", "TRANSFORM")
    wish = plus.receive_bytes()
    assert wish[:14] == b"\0\2CLIENTINFO\0\0"
    assert b'<Message Type="IMAGE" />' in wish
    assert b'ClientHeaderVersion="2"' in wish


def reply_with(plus: RawPeer, xml: bytes, *entries: tuple[bytes, int, bytes]) -> igtl.Command:
    """Read our hello and a command, and reply to it."""
    plus.receive()
    asked = plus.receive()
    assert isinstance(asked, igtl.Command)
    body = struct.pack(">I128sHI", asked.command_id, asked.name.encode(), 3, len(xml)) + xml
    plus.send(keep_alive() + packet("RTS_COMMAND", extended(body, entries), version=2))
    return asked


def test_its_reply_to_our_command_is_understood(link: Link, plus: RawPeer) -> None:
    xml = b'<CommandReply Name="RequestDeviceIds" Status="SUCCESS" Message="A,B"/>'
    future, _ = background(lambda: reply_with(plus, xml, (b"Devices", 3, b"A,B")))
    reply = link.command("RequestDeviceIds", timeout=PATIENCE)
    assert reply.metadata["Devices"] == "A,B"
    asked = future.result(PATIENCE)
    assert asked.content == '<Command Name="RequestDeviceIds" />'


def test_its_error_is_raised(link: Link, plus: RawPeer) -> None:
    xml = b'<CommandReply Name="StartRecording" Status="FAIL" Error="disk full" Message=""/>'
    background(lambda: reply_with(plus, xml))
    with pytest.raises(igtl.CommandError, match="disk full"):
        link.command("StartRecording", timeout=PATIENCE)


@pytest.mark.parametrize("status", [b"SUCCESS", b"FAIL"])
def test_an_older_one_replies_in_strings(shell: Shell, listener: RawServer, status: bytes) -> None:
    link = shell.connect(listener.endpoint, profile="plus-strings")
    plus = listener.accept()

    def serve() -> igtl.Message:
        while not (asked := plus.receive()).device_name.startswith("CMD_"):
            pass
        number = asked.device_name.removeprefix("CMD_").encode()
        xml = b'<CommandReply Name="Version" Status="' + status + b'" Message="Plus 2.8"/>'
        plus.send(string(xml, b"ACK_0" + number) + keep_alive() + string(xml, b"ACK_" + number))
        return asked

    future, _ = background(serve)
    if status == b"SUCCESS":
        assert "Plus 2.8" in link.command("Version", timeout=PATIENCE).content
    else:
        with pytest.raises(igtl.CommandError, match=r"Plus 2\.8"):
            link.command("Version", timeout=PATIENCE)
    assert text_of(future.result(PATIENCE)) == '<Command Name="Version" />'
    stranger = link.receive(PATIENCE)
    assert stranger.device_name.startswith("ACK_0")
