"""Subscriptions and string commands, against texts written by hand in the form of PLUS."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.protocol.plus import (
    Subscription,
    command_name,
    command_text,
    is_string_command,
    string_command,
    string_reply,
)
from igtl.protocol.profile import PLUS, SLICER
from igtl.protocol.replies import failed, succeeded, verdict

WANTED = Subscription(
    types=("IMAGE", "TRANSFORM", "STRING", "TDATA"),
    transforms=("ProbeToTracker", "A<>&BToC"),
    images=("Image", "Scan"),
    strings=("DepthCm",),
    tracking_interval=0.02,
    embedded={"Image": "Reference"},
)
# As `to_message` writes it, on one line.
WRITTEN = (
    '<ClientInfo ClientHeaderVersion="2" TDATARequested="TRUE" TDATAResolution="20">'
    '<MessageTypes><Message Type="IMAGE" /><Message Type="TRANSFORM" /><Message Type="STRING" />'
    '<Message Type="TDATA" /></MessageTypes>'
    '<TransformNames><Transform Name="ProbeToTracker" /><Transform Name="A&lt;&gt;&amp;BToC" />'
    "</TransformNames>"
    '<ImageNames><Image Name="Image" EmbeddedTransformToFrame="Reference" /><Image Name="Scan" />'
    "</ImageNames>"
    '<StringNames><String Name="DepthCm" /></StringNames>'
    "</ClientInfo>"
)
# As people write it.
BY_HAND = """<?xml version="1.0"?>
<!-- from a configuration -->
<ClientInfo TDATAResolution='20' TDATARequested='true' ClientHeaderVersion='2' Other='x'>
  <StringNames> <String Name="DepthCm"/> </StringNames>
  <ImageNames>
    <Image Name="Image" EmbeddedTransformToFrame="Reference"></Image> <Image Name="Scan"/>
  </ImageNames>
  <TransformNames><Transform Name="ProbeToTracker"/><Transform/>
    <Transform Name="A&lt;&gt;&#38;BToC"/>
  </TransformNames>
  <MessageTypes>
    <Message Type="IMAGE"/><Message Type="TRANSFORM"/><Message Type="STRING"/>
    <Message Type="TDATA"/><Message Type="IMAGE"/>
  </MessageTypes>
  <SomethingNew/>
</ClientInfo>
"""


def test_a_subscription_as_plus_reads_it() -> None:
    message = WANTED.to_message("Navigator")
    assert message.text == WRITTEN
    assert (message.header_version, message.device_name) == (2, "Navigator")
    assert igtl.encode(message)[2:14] == b"CLIENTINFO\0\0"


@pytest.mark.parametrize("text", [WRITTEN, BY_HAND])
def test_a_subscription_is_read(text: str) -> None:
    found = Subscription.from_message(igtl.ClientInfo(text))
    assert found == WANTED
    assert found.embedded == {"Image": "Reference"}
    assert hash(found) == hash(WANTED)


def test_little_is_written_of_a_small_subscription() -> None:
    assert Subscription(types=["STRING"], header_version=1).to_message().text == (  # type: ignore[arg-type]
        '<ClientInfo ClientHeaderVersion="1"><MessageTypes><Message Type="STRING" />'
        "</MessageTypes></ClientInfo>"
    )
    assert Subscription().to_message().text == '<ClientInfo ClientHeaderVersion="2" />'
    assert 'TDATARequested="FALSE"' in Subscription(tracking=False).to_message().text


def test_types_follow_from_names() -> None:
    assert Subscription(transforms=("AToB",), strings=("S",)).types == ("TRANSFORM", "STRING")
    assert Subscription(images=("Image",), tracking=True).types == ("IMAGE", "TDATA")
    assert Subscription(types=("VIDEO",), images=("Image",)).types == ("VIDEO",)
    embedded = Subscription(embedded={"Image": "Reference"})
    assert (embedded.types, embedded.images) == (("IMAGE",), ("Image",))
    assert Subscription(types="IMAGE").types == ("IMAGE",)  # type: ignore[arg-type]


def test_tracking_follows_from_types() -> None:
    assert Subscription(types=("TDATA",)).tracking is True
    assert Subscription(types=("TDATA",), tracking=False).tracking is False
    assert Subscription(types=("TRANSFORM",)).tracking is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"types": ("",)}, "types hold '', expected names"),
        ({"transforms": (5,)}, "transforms hold 5"),
        ({"images": ("a\0",)}, r"images hold 'a\\x00'"),
        ({"embedded": {"Image": ""}}, "frames of images hold ''"),
        ({"header_version": 3}, "header_version is 3, expected 1 or 2"),
        ({"tracking_interval": -1}, "tracking_interval is -1, expected seconds, 0 or more"),
        ({"tracking_interval": float("nan")}, "tracking_interval is nan"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(fields: Any, reason: str) -> None:
    with pytest.raises(igtl.MessageError, match=reason):
        Subscription(**fields)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no XML that igtl reads, expected <ClientInfo"),
        ("<ClientInfo", "holds no XML"),
        ("<!DOCTYPE a><ClientInfo/>", "holds no XML"),
        ("<Command/>", "holds <Command>, expected <ClientInfo"),
        ('<ClientInfo TDATAResolution="fast"/>', "TDATAResolution='fast', expected a number"),
        ('<ClientInfo TDATAResolution="-5"/>', "TDATAResolution='-5', expected a number"),
        ('<ClientInfo ClientHeaderVersion="inf"/>', "ClientHeaderVersion='inf'"),
    ],
)
def test_what_is_no_subscription_is_a_peers_mistake(text: str, reason: str) -> None:
    with pytest.raises(igtl.DecodeError, match=reason):
        Subscription.from_message(igtl.ClientInfo(text))


@pytest.mark.parametrize(
    ("said", "message_version", "version"),
    [("2", 1, 2), ("1", 2, 1), ("3", 1, 2), ("0", 2, 1), ("", 1, 1), ("", 2, 2)],
)
def test_the_version_is_as_said_or_as_written(
    said: str, message_version: int, version: int
) -> None:
    text = f'<ClientInfo ClientHeaderVersion="{said}"/>' if said else "<ClientInfo/>"
    message = igtl.ClientInfo(text, header_version=message_version)
    assert Subscription.from_message(message).header_version == version


@pytest.mark.parametrize(
    ("said", "tracking"), [("TRUE", True), ("False", False), ("0", False), ("maybe", None)]
)
def test_tracking_is_as_said(said: str, tracking: bool | None) -> None:
    message = igtl.ClientInfo(f'<ClientInfo TDATARequested="{said}"/>')
    assert Subscription.from_message(message).tracking is tracking


@given(st.text() | st.text().map(lambda text: f'<ClientInfo ClientHeaderVersion="{text}"/>'))
def test_any_text_is_a_subscription_or_a_decode_error(text: str) -> None:
    try:
        found = Subscription.from_message(igtl.ClientInfo(text))
    except igtl.DecodeError:
        return
    assert found.header_version in (1, 2)


@pytest.mark.parametrize(
    ("wire_type", "device_name"),
    [
        ("TRANSFORM", "ProbeToTracker"),
        ("IMAGE", "Image_Reference"),
        ("IMAGE", "Image"),
        ("IMAGE", "Scan"),
        ("STRING", "DepthCm"),
        ("STRING", "ACK_5"),
        ("TDATA", "anything"),
        ("STATUS", ""),
        ("CAPABILITY", "x"),
        ("RTS_COMMAND", "x"),
        ("RTS_TDATA", "x"),
    ],
)
def test_wanted(wire_type: str, device_name: str) -> None:
    assert WANTED.wants(wire_type, device_name)


@pytest.mark.parametrize(
    ("wire_type", "device_name"),
    [
        ("TRANSFORM", "NeedleToTracker"),
        ("IMAGE", "Image_Tracker"),
        ("IMAGE", "Scan_Reference"),
        ("IMAGE", "CT"),
        ("STRING", "Note"),
        ("STRING", "CMD_5"),
        ("POSITION", "ProbeToTracker"),
        ("VIDEO", "Image"),
        ("QTDATA", "anything"),
        ("OTHER", ""),
    ],
)
def test_not_wanted(wire_type: str, device_name: str) -> None:
    assert not WANTED.wants(wire_type, device_name)


def test_lists_of_names_without_names_choose_all() -> None:
    kinds = ("IMAGE", "VIDEO", "TRANSFORM", "POSITION", "STRING", "STATUS", "USMESSAGE")
    everything = Subscription(types=kinds)
    assert all(everything.wants(kind, "anything") for kind in kinds)
    assert not Subscription().wants("IMAGE", "")


def test_each_list_of_names_chooses_among_its_types() -> None:
    some = Subscription(
        types=("VIDEO", "POSITION", "STRING"), images=("V",), transforms=("P",), strings=("S",)
    )
    for kind, name in (("VIDEO", "V"), ("POSITION", "P"), ("QTRANS", "P"), ("STRING", "S")):
        assert some.wants(kind, name)
        assert not some.wants(kind, "Other")


def test_tracking_that_was_stopped_is_not_wanted() -> None:
    assert not Subscription(types=("TDATA",), tracking=False).wants("TDATA", "Tracker")


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        ('<Command Name="StartRecording" OutputFilename="a.mha"/>', "StartRecording"),
        ('<?xml version="1.0"?>\n<Command Name="a &amp; b"><Text/></Command>', "a & b"),
        ("<Command/>", ""),
        ('<CommandReply Name="X"/>', ""),
        ("Start", ""),
        ('<!DOCTYPE x><Command Name="X"/>', ""),
    ],
)
def test_names_of_commands(xml: str, name: str) -> None:
    assert command_name(xml) == name


def test_arguments_of_a_command_are_attributes() -> None:
    text = command_text("Set <X>", {"Depth": 5.5, "On": True, "Rows": [1, 0], "File": "a&b"})
    assert text == (
        '<Command Name="Set &lt;X&gt;" Depth="5.5" On="true" Rows="1 0" File="a&amp;b" />'
    )
    assert command_name(text) == "Set <X>"
    assert command_text("Stop", {}) == '<Command Name="Stop" />'


@pytest.mark.parametrize("key", ["a b", "1a", "", "ü", 'a="', "Name"])
def test_arguments_need_names_that_attributes_can_have(key: str) -> None:
    with pytest.raises(igtl.MessageError, match="an argument of command 'X' is named"):
        command_text("X", {key: 5})


def test_a_command_as_a_string() -> None:
    command = string_command(42, '<Command Name="Start"/>')
    assert (command.device_name, command.text) == ("CMD_42", '<Command Name="Start"/>')
    assert igtl.encode(command)[:34] == b"\0\1STRING".ljust(14, b"\0") + b"CMD_42".ljust(20, b"\0")
    assert is_string_command(command) == "42"
    with pytest.raises(igtl.MessageError, match=r"device_name 'CMD_9+' takes 21 bytes"):
        string_command("9" * 17, "")


@pytest.mark.parametrize(
    "message",
    [
        igtl.String("<Command/>", device_name="CMD_"),
        igtl.String("<Command/>", device_name="ACK_5"),
        igtl.String("<Command/>", device_name="MyCMD_5"),
        igtl.Status(device_name="CMD_5"),
        igtl.ClientInfo("", device_name="CMD_5"),
    ],
)
def test_other_messages_are_no_commands(message: igtl.Message) -> None:
    assert is_string_command(message) is None


START = igtl.Command(42, "Start")


def test_replies_in_the_form_of_plus_are_passed_on() -> None:
    reply = string_reply("42", succeeded(START, {"Depth": 5}, PLUS))
    assert (reply.device_name, reply.header_version) == ("ACK_42", 1)
    assert reply.text == (
        '<CommandReply Name="Start" Status="SUCCESS"><Parameter Name="Depth" Value="5" />'
        "</CommandReply>"
    )
    assert verdict(string_reply(42, failed(START, "no disk", PLUS)), "Start") == "no disk"


def test_other_replies_are_put_into_the_form_of_plus() -> None:
    reply = string_reply(42, succeeded(START, "a < b", PLUS), command="Start")
    assert reply.text == '<CommandReply Name="Start" Status="SUCCESS" Message="a &lt; b" />'
    reply = string_reply(42, failed(START, "no disk", SLICER))
    assert reply.text == '<CommandReply Status="FAIL" Error="no disk" Message="no disk" />'
    reply = string_reply(42, igtl.CommandReply(42, "Start"), command="Start")
    assert reply.text == '<CommandReply Name="Start" Status="SUCCESS" Message="" />'
    reply = string_reply(42, igtl.CommandReply(42, "no \a disk"), command="Start")
    assert verdict(reply, "Start") == "no \ufffd disk"
