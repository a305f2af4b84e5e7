"""3D Slicer as a client: a bare socket that says what it says, byte by byte.

It crashes on queries and on most RTS_ messages, takes all coordinates for RAS and reads 32-bit
integers wrongly. So no byte of such things may ever reach it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet
from tests.net.raw import RawPeer, dial
from tests.net.scripts import SLICER_HELLO, command, lps_image, query, tracking
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, eventually

#: The only RTS_ messages that 3D Slicer reads.
HARMLESS = {"RTS_TDATA", "RTS_COMMAND"}


@pytest.fixture
def slicer(server: Service) -> Iterator[RawPeer]:
    """3D Slicer as a client, recognised."""
    with dial(server.port) as peer:
        peer.send(SLICER_HELLO)
        eventually(lambda: [one.profile.name for one in server.clients] == ["slicer"])
        yield peer


def until_string(peer: RawPeer, server: Service) -> list[igtl.Message]:
    """What comes before a STRING that is published now: this client asks no questions."""
    server.publish(igtl.String("end", device_name="End"))
    came = []
    while (message := peer.receive()).device_name != "End":
        came.append(message)
    return came


def test_its_hello_is_recognised_and_another_program_is_not(shell: Shell, server: Service) -> None:
    with dial(server.port) as slicer, dial(server.port) as other:
        slicer.send(SLICER_HELLO)
        other.send(packet("STATUS", struct.pack(">Hq20s", 1, 0, b"") + b"\0", device_name=b"Me"))
        eventually(lambda: sorted(one.profile.name for one in server.clients) == ["igtl", "slicer"])
        eventually(lambda: server.counters.messages_received == 2)
        assert sorted(one.profile.name for one in server.clients) == ["igtl", "slicer"]


def test_images_come_in_ras_with_the_same_voxels_at_the_same_place(
    server: Service, slicer: RawPeer
) -> None:
    sent = lps_image(np.uint8)
    server.publish(sent)
    came = slicer.receive()
    assert isinstance(came, igtl.Image)
    assert came.coordinates == "RAS"
    assert np.array_equal(came.pixels, sent.pixels)
    expected = np.diag([-1.0, -1.0, 1.0, 1.0]) @ sent.ijk_to_world
    assert np.allclose(came.ijk_to_world, expected)


@pytest.mark.parametrize("dtype", [np.int32, np.uint32])
def test_images_of_32_bit_integers_come_as_floats(
    server: Service, slicer: RawPeer, dtype: type[np.generic]
) -> None:
    server.publish(lps_image(dtype))
    came = slicer.receive()
    assert isinstance(came, igtl.Image)
    assert came.pixels.dtype.kind == "f"
    assert np.array_equal(came.pixels, np.arange(60).reshape(2, 5, 6))


def test_other_clients_get_images_as_they_are(server: Service, slicer: RawPeer) -> None:
    with dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        server.publish(lps_image(np.int32))
        came = other.receive()
        assert isinstance(came, igtl.Image)
        assert (came.coordinates, came.pixels.dtype.kind) == ("LPS", "i")
        assert isinstance(slicer.receive(), igtl.Image)


def test_a_part_of_a_volume_is_not_sent_and_counted(
    server: Service, slicer: RawPeer, caplog: pytest.LogCaptureFixture
) -> None:
    part = igtl.Image(
        np.zeros((1, 2, 2), np.uint8), volume_size=(4, 4, 4), sub_volume_offset=(1, 1, 1)
    )
    server.publish(part)
    server.publish(part)
    assert until_string(slicer, server) == []
    assert server.counters.dropped == 2
    assert caplog.text.count("send it whole") == 1


@pytest.mark.parametrize(
    "question",
    [
        query("GET_IMAGE", b"Nothing"),
        query("STT_IMAGE", b"Nothing"),
        query("STP_IMAGE", b"Nothing"),
        query("GET_CAPABIL"),
        query("STT_TRANS", b"Nothing"),
        query("GET_BIND"),
        tracking(0, b"Nothing"),
    ],
    ids=lambda question: question[2:14].rstrip(b"\0").decode(),
)
def test_no_question_brings_it_an_answer_that_it_crashes_on(
    server: Service, slicer: RawPeer, question: bytes
) -> None:
    slicer.send(question)
    with dial(server.port) as other:  # the first question was answered, or not, by then
        other.send(query("GET_STATUS"))
        assert isinstance(other.receive(), igtl.Status)
    for message in until_string(slicer, server):
        assert not message.wire_type.startswith(("GET_", "STT_", "STP_"))
        assert not message.wire_type.startswith("RTS_") or message.wire_type in HARMLESS


def test_what_would_crash_it_cannot_be_sent_by_hand(server: Service, slicer: RawPeer) -> None:
    client = server.clients[0]
    for message in (igtl.Get(igtl.Image), igtl.Ready(igtl.Image, 0), igtl.Stop(igtl.Image)):
        with pytest.raises(igtl.MessageError, match="may crash"):
            client.send(message)
    server.publish(igtl.Get(igtl.Image))
    assert until_string(slicer, server) == []


def test_it_may_have_a_stream_of_tracking_data(server: Service, slicer: RawPeer) -> None:
    server.offer(igtl.TrackingData([igtl.Tool("Probe", np.eye(4))], device_name="Tracker"))
    slicer.send(tracking(0))
    assert [one.wire_type for one in slicer.receive_some(2)] == ["RTS_TDATA", "TDATA"]


def test_its_command_gets_the_reply_that_it_reads(server: Service, slicer: RawPeer) -> None:
    @server.on_command("Echo")
    def echo(client: igtl.Peer, command: igtl.Command) -> dict[str, object]:
        return {"Text": command.content}

    slicer.send(command(41, b"Echo", b"<Command>&</Command>", b"Slicer"))
    reply = slicer.receive_bytes()
    assert reply[:2] == b"\0\2"
    assert reply[2:14] == b"RTS_COMMAND\0"
    assert reply[58 + 12 : 58 + 16] == struct.pack(">I", 41)
    assert b"<Command><Result>true</Result><Parameter " in reply
    assert b"StatusSUCCESS" in reply
    slicer.send(command(42, b"Echo2"))
    error = slicer.receive_bytes()
    assert b"<Command><Result>false</Result>" in error
    assert b"StatusFAIL" in error
    assert b"ErrorMessagecommand 'Echo2' is not known" in error


def test_data_published_after_its_hello_and_before_our_answer_is_adapted(
    shell: Shell, server: Service
) -> None:
    """The hello and a question in one packet: the hello counts first."""
    server.offer(lps_image(np.int32))
    with dial(server.port) as peer:
        peer.send(SLICER_HELLO + query("GET_IMAGE", b"CT"))
        came = peer.receive()
        assert isinstance(came, igtl.Image)
        assert (came.coordinates, came.pixels.dtype.kind) == ("RAS", "f")


def test_a_server_may_be_told_that_its_clients_are_slicer(shell: Shell) -> None:
    server = shell.serve(profile="slicer")
    with dial(server.port) as peer:  # says nothing
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(lps_image(np.uint8))
        came = peer.receive()
        assert isinstance(came, igtl.Image)
        assert came.coordinates == "RAS"
