from __future__ import annotations

import numpy as np
import pytest

import igtl
from tests.net.raw import RawPeer, pose
from tests.net.scripts import SLICER_HELLO, command, error_of, fence, order, reply_to, string
from tests.net.shells import Service
from tests.net.waiting import PATIENCE

# ---- what handlers give


@pytest.mark.parametrize(
    ("result", "content"),
    [
        (None, "<Command><Result>true</Result></Command>"),
        ("as it is", "as it is"),
        ({"Depth": 5}, '<Parameter Name="Depth" Value="5" />'),
        ({"Pose": np.eye(2)}, 'Value="1.0 0.0 0.0 1.0"'),
    ],
    ids=["None", "text", "parameters", "array"],
)
def test_what_a_handler_gives_becomes_the_reply(
    server: Service, peer: RawPeer, result: object, content: str
) -> None:
    server.on_command("Do")(lambda client, command: result)
    reply = order(peer, 7, b"Do")
    assert content in reply.content
    assert (reply.name, reply.header_version) == ("Do", 2)
    assert reply.metadata["Status"] == "SUCCESS"


def test_a_handler_can_write_the_reply_itself(server: Service, peer: RawPeer) -> None:
    own = igtl.CommandReply(0, "Do", "mine", metadata={"Status": "SUCCESS", "More": "x"})
    server.on_command("Do")(lambda client, command: own)
    reply = order(peer, 8, b"Do")
    assert (reply.content, reply.metadata["More"]) == ("mine", "x")


def test_a_handler_is_called_with_the_client_and_the_command(
    server: Service, peer: RawPeer
) -> None:
    @server.on_command("Do")
    def say(client: igtl.Peer, command: igtl.Command) -> str:
        return f"{command.name} {command.content} {command.device_name} {client.address}"

    peer.send(command(1, b"Do", b"<x/>", b"Robot"))
    reply = reply_to(peer)
    assert reply.content == f"Do <x/> Robot {peer.name}"
    assert reply.device_name == "Robot"


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (ValueError("no probe"), "ValueError: no probe"),
        (KeyError("x"), "KeyError: 'x'"),
        (igtl.NotAvailable("no probe"), "no probe"),
        (RuntimeError(), "RuntimeError"),
        (OSError("bad name: \udcff"), r"OSError: bad name: \udcff"),
        (ValueError("x" * 100_000), None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_exception_becomes_an_error_reply_without_a_traceback(
    server: Service, peer: RawPeer, raised: Exception, text: str | None
) -> None:
    @server.on_command("Do")
    def fail(client: igtl.Peer, command: igtl.Command) -> None:
        raise raised

    reply = order(peer, 3, b"Do")
    if text is not None:
        assert error_of(reply) == text
        assert reply.name == text
    assert "Traceback" not in reply.content
    assert __file__ not in reply.content
    assert server.counters.errors == (not isinstance(raised, igtl.NotAvailable))


@pytest.mark.parametrize("result", [5, b"bytes", "x" * 70_000, "\udcff", {"x": "y" * 70_000}])
def test_what_no_reply_can_carry_becomes_an_error_reply(
    server: Service, peer: RawPeer, result: object
) -> None:
    server.on_command("Do")(lambda client, command: result)
    assert error_of(order(peer, 4, b"Do"))
    assert server.counters.errors == 1
    server.on_command("Do")(lambda client, command: "fine")
    assert order(peer, 5, b"Do").content == "fine"


def test_an_unknown_command_is_told_what_is_known(server: Service, peer: RawPeer) -> None:
    server.on_command("Start")(lambda client, command: None)
    assert error_of(order(peer, 1, b"Begin")) == (
        "command 'Begin' is not known, expected one of: "
        "GetTransform, RequestChannelIds, RequestDeviceIds, Start, Version"
    )


def test_a_command_without_a_name_is_named_in_its_xml(server: Service, peer: RawPeer) -> None:
    server.on_command("Start")(lambda client, command: "started")
    assert order(peer, 1, b"", b'<Command Name="Start"/>').content == "started"


# ---- the older form of PLUS


def test_a_string_to_cmd_n_is_replied_to_by_a_string_from_ack_n(
    server: Service, peer: RawPeer
) -> None:
    server.on_command("Start")(lambda client, command: None)
    peer.send(string(b'<Command Name="Start"/>', b"CMD_12"))
    reply = peer.receive()
    assert isinstance(reply, igtl.String)
    assert reply.device_name == "ACK_12"
    assert 'Status="SUCCESS"' in reply.text
    peer.send(string(b'<Command Name="Other"/>', b"CMD_13"))
    reply = peer.receive()
    assert isinstance(reply, igtl.String)
    assert (reply.device_name, 'Status="FAIL"' in reply.text) == ("ACK_13", True)


def test_other_strings_are_no_commands(server: Service, peer: RawPeer) -> None:
    peer.send(string(b'<Command Name="Start"/>', b"Text") + string(b"", b"ACK_1"))
    assert fence(peer) == []
    assert server.receive(PATIENCE)[1].device_name == "Text"


# ---- beside other things


def test_a_command_taken_over_is_not_replied_to(server: Service, peer: RawPeer) -> None:
    server.on_command("Do")(lambda client, command: "by itself")

    @server.on_message(igtl.Command)
    def reply(client: igtl.Peer, command: igtl.Command) -> None:
        client.send(igtl.CommandReply(command.command_id, "", "by hand"))

    assert order(peer, 1, b"Do").content == "by hand"
    assert fence(peer) == []


def test_a_handler_may_publish_and_send(server: Service, peer: RawPeer) -> None:
    @server.on_command("Do")
    def do(client: igtl.Peer, command: igtl.Command) -> None:
        client.send(pose(1))
        client.send(pose(2))

    peer.send(command(1, b"Do"))
    assert [one.wire_type for one in peer.receive_some(3)] == [
        "TRANSFORM",
        "TRANSFORM",
        "RTS_COMMAND",
    ]


def test_commands_of_slicer_get_the_reply_that_it_reads(server: Service, peer: RawPeer) -> None:
    server.on_command("Get")(lambda client, command: {"Depth": 5})
    peer.send(SLICER_HELLO)
    reply = order(peer, 3, b"Get", b"<Command/>")
    assert reply.content == (
        '<Command><Result>true</Result><Parameter Name="Depth" Value="5" /></Command>'
    )
