"""Clients of PLUS: bare sockets that say what those say, byte by byte."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import igtl
from tests.codec.wire import extended, packet
from tests.net.raw import RawPeer, dial, image, pose
from tests.net.scripts import client_info, command, fence, query, string
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE

#: What its clients send first, to be answered with header version 2.
HELLO = packet("STATUS", extended(struct.pack(">Hq20s", 1, 0, b"") + b"\0"), version=2)
BOTH = b"""<?xml version="1.0"?>
<ClientInfo ClientHeaderVersion="2" TDATARequested="FALSE" TDATAResolution="0">
  <MessageTypes><Message Type="TRANSFORM"/><Message Type="STRING"/></MessageTypes>
  <TransformNames><Transform Name="ProbeToTracker"/></TransformNames>
  <StringNames><String Name="DepthCm"/></StringNames>
</ClientInfo>"""
IMAGES = b"""<ClientInfo ClientHeaderVersion="2">
  <MessageTypes><Message Type="IMAGE"/></MessageTypes>
  <ImageNames><Image Name="Image" EmbeddedTransformToFrame="Reference"/></ImageNames>
</ClientInfo>"""


@pytest.fixture
def server(shell: Shell) -> Service:
    return shell.serve(profile="plus")


def text_of(message: igtl.Message) -> str:
    assert isinstance(message, igtl.String)
    return message.text


def result_of(peer: RawPeer, number: int, name: bytes, arguments: bytes = b"") -> igtl.CommandReply:
    """The reply to a command as PLUS's clients send it: named in the field and in the XML."""
    xml = b'<Command Name="' + name + b'" ' + arguments + b"/>"
    peer.send(command(number, name, xml))
    reply = peer.receive()
    assert isinstance(reply, igtl.CommandReply)
    assert (reply.command_id, reply.name) == (number, name.decode())
    return reply


def publish_all(server: Service) -> None:
    server.publish(
        pose(1, "ProbeToTracker"),
        pose(2, "StylusToTracker"),
        igtl.String("5", device_name="DepthCm"),
        igtl.String("7", device_name="Gain"),
        image(1000, device_name="Image_Reference"),
        image(1000, device_name="Other"),
        igtl.TrackingData([igtl.Tool("Probe", np.eye(4))], device_name="Tracker"),
        igtl.Status(text="always"),
    )


def names(messages: list[igtl.Message]) -> list[str]:
    return [one.device_name or one.wire_type for one in messages]


@pytest.mark.parametrize("profile", ["auto", "plus"])
def test_its_subscription_says_what_it_gets_until_another_one_does(
    shell: Shell, profile: str
) -> None:
    server = shell.serve(profile=profile)
    with dial(server.port) as peer, dial(server.port) as other:
        assert server.wait_for_clients(2, PATIENCE)
        peer.send(HELLO + client_info(BOTH))
        assert fence(peer) == []
        publish_all(server)
        assert names(fence(peer)) == ["ProbeToTracker", "DepthCm", "STATUS"]
        peer.send(client_info(IMAGES))
        assert fence(peer) == []
        publish_all(server)
        assert names(fence(peer)) == ["Image_Reference", "STATUS"]
        assert len(fence(other)) == 16  # who asked for nothing gets everything
        assert server.clients[0].profile.name == "plus"


def test_a_subscription_that_is_no_xml_changes_nothing_and_is_counted(
    server: Service, peer: RawPeer
) -> None:
    peer.send(client_info(BOTH))
    for broken in (
        b"",
        b"<ClientInfo",
        b"<Other/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><ClientInfo/>',
    ):
        peer.send(client_info(broken))
    assert fence(peer) == []
    assert server.counters.errors == 4
    publish_all(server)
    assert names(fence(peer)) == ["ProbeToTracker", "DepthCm", "STATUS"]


def test_what_it_did_not_subscribe_to_it_can_still_ask_for(server: Service, peer: RawPeer) -> None:
    peer.send(client_info(IMAGES))
    assert fence(peer) == []
    publish_all(server)
    peer.send(query("GET_TRANS", b"StylusToTracker"))
    assert names(fence(peer)) == ["Image_Reference", "STATUS", "StylusToTracker"]


def test_metadata_reach_it_after_its_hello(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1).replace(metadata={"TransformStatus": "OUT_OF_VIEW"}))
    peer.send(query("GET_TRANS"))
    assert dict(peer.receive().metadata) == {}
    peer.send(HELLO + query("GET_TRANS"))
    assert dict(peer.receive().metadata) == {"TransformStatus": "OUT_OF_VIEW"}


def test_it_asks_for_the_devices(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1, "ProbeToTracker"), image(1000, device_name="Ultrasound"))
    ids = result_of(peer, 1, b"RequestDeviceIds")
    assert 'Status="SUCCESS"' in ids.content
    assert 'Message="Ultrasound,ProbeToTracker"' in ids.content
    channels = result_of(peer, 2, b"RequestChannelIds")
    assert 'Message="Ultrasound"' in channels.content


def test_it_asks_for_a_transform(server: Service, peer: RawPeer) -> None:
    server.offer(
        pose(5, "ProbeToTracker").replace(metadata={"TransformStatus": "OK"}),
        pose(2, "ReferenceToTracker"),
        image(1000),
    )
    reply = result_of(peer, 1, b"GetTransform", b'TransformName="ProbeToReference"')
    assert reply.metadata["Status"] == "SUCCESS"
    values = [float(one) for one in reply.metadata["TransformValue"].split()]
    assert np.array_equal(np.reshape(values, (4, 4))[:, 3], [3, 0, 0, 1])
    assert (reply.metadata["TransformStatus"], reply.metadata["TransformValid"]) == ("OK", "true")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (b"", "expected such as"),
        (b'TransformName="Probe"', "expected such as"),
        (b'TransformName="ProbeToNowhere"', "Nowhere"),
    ],
)
def test_a_transform_that_is_not_there_is_an_error(
    server: Service, peer: RawPeer, arguments: bytes, error: str
) -> None:
    server.offer(pose(5, "ProbeToTracker"))
    reply = result_of(peer, 1, b"GetTransform", arguments)
    assert 'Status="FAIL"' in reply.content
    assert error in reply.metadata["Error"]
    assert server.counters.errors == 0


def test_it_asks_for_the_version(peer: RawPeer) -> None:
    assert 'Message="igtl ' in result_of(peer, 1, b"Version").content


def test_recording_is_for_the_application(server: Service, peer: RawPeer) -> None:
    assert 'Status="FAIL"' in result_of(peer, 1, b"StartRecording").content
    recorded = []

    @server.on_command("StartRecording")
    def start(client: igtl.Peer, command: igtl.Command) -> None:
        recorded.append(command.content)

    @server.on_command("StopRecording")
    def stop(client: igtl.Peer, command: igtl.Command) -> dict[str, object]:
        return {"OutputFilename": "scan.igs.mha", "Frames": len(recorded)}

    start_reply = result_of(peer, 2, b"StartRecording", b'OutputFilename="scan.igs.mha"')
    assert start_reply.content == '<CommandReply Name="StartRecording" Status="SUCCESS" />'
    assert recorded == ['<Command Name="StartRecording" OutputFilename="scan.igs.mha"/>']
    stop_reply = result_of(peer, 3, b"StopRecording")
    assert stop_reply.metadata["OutputFilename"] == "scan.igs.mha"
    assert stop_reply.metadata["Frames"] == "1"


def test_its_own_commands_can_be_replaced(server: Service, peer: RawPeer) -> None:
    server.on_command("Version")(lambda client, command: {"Mine": 1})
    assert result_of(peer, 1, b"Version").metadata["Mine"] == "1"


def test_its_older_commands_are_strings(server: Service, peer: RawPeer) -> None:
    server.offer(pose(1, "ProbeToTracker"))
    for number in (1, 2):
        peer.send(string(b'<Command Name="RequestDeviceIds"/>', b"CMD_%d" % number))
        reply = peer.receive()
        assert reply.device_name == f"ACK_{number}"
        assert 'Message="ProbeToTracker"' in text_of(reply)


def test_servers_of_any_profile_know_these_commands(shell: Shell) -> None:
    server = shell.serve()
    server.offer(image(1000, device_name="CT"))
    with dial(server.port) as peer:
        peer.send(command(1, b"RequestDeviceIds"))
        assert '<Device Type="IMAGE" Name="CT" />' in str(peer.receive())
