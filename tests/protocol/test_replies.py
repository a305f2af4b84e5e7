"""Replies to commands, against texts written by hand in the forms of 3D Slicer and PLUS."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.protocol.profile import IGTL, PLUS, PLUS_STRINGS, SLICER, Profile
from igtl.protocol.replies import failed, parameters, root_of, succeeded, verdict

START = igtl.Command(7, "Start", device_name="Recorder")
NO_REASON = "the peer gave no reason"
BOTH = pytest.mark.parametrize("profile", [SLICER, PLUS], ids=lambda profile: profile.name)


def of_slicer(content: str = "", name: str = "", **metadata: str) -> igtl.CommandReply:
    return igtl.CommandReply(7, name, content, metadata=metadata)


def test_success_in_the_form_of_slicer() -> None:
    reply = succeeded(START, {"Depth": 5.5, "On": True}, SLICER)
    assert reply.content == (
        "<Command><Result>true</Result>"
        '<Parameter Name="Depth" Value="5.5" /><Parameter Name="On" Value="true" /></Command>'
    )
    assert (reply.command_id, reply.name, reply.device_name) == (7, "Start", "Recorder")
    assert dict(reply.metadata) == {"Status": "SUCCESS"}
    assert igtl.encode(reply)[:14] == b"\0\2RTS_COMMAND\0"
    assert succeeded(START, {"Depth": 5.5, "On": True}, IGTL) == reply


def test_success_in_the_form_of_plus() -> None:
    reply = succeeded(START, {"Depth": 5.5}, PLUS)
    assert reply.content == (
        '<CommandReply Name="Start" Status="SUCCESS"><Parameter Name="Depth" Value="5.5" />'
        "</CommandReply>"
    )
    assert (reply.command_id, reply.name, reply.device_name) == (7, "Start", "Recorder")
    assert dict(reply.metadata) == {"Depth": "5.5", "Status": "SUCCESS"}
    assert succeeded(START, {"Depth": 5.5}, PLUS_STRINGS) == reply


def test_success_without_a_result() -> None:
    assert succeeded(START, None, SLICER).content == "<Command><Result>true</Result></Command>"
    assert succeeded(START, None, PLUS).content == '<CommandReply Name="Start" Status="SUCCESS" />'


@BOTH
def test_a_text_is_the_content(profile: Profile) -> None:
    reply = succeeded(START, "half & half <", profile)
    assert (reply.content, dict(reply.metadata)) == ("half & half <", {"Status": "SUCCESS"})
    assert verdict(reply, "Start") is None


def test_a_parameter_named_status_does_not_hide_the_status() -> None:
    reply = succeeded(START, {"Status": "FAIL", "": "x"}, PLUS)
    assert dict(reply.metadata) == {"Status": "SUCCESS"}
    assert verdict(reply, "Start") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (False, "false"),
        (np.True_, "true"),
        (np.float64(0.1), "0.1"),
        ([1, 2.5, True], "1 2.5 true"),
        (np.array([[1, 2], [3, 4]]), "1 2 3 4"),
        (igtl.StatusCode.BUSY, "6"),
        ("a<b>&\"'\n", "a<b>&\"'\n"),
        ("bell \a, nul \0, half \ud800", "bell \ufffd, nul \ufffd, half \ufffd"),
    ],
)
@BOTH
def test_values_of_parameters(profile: Profile, value: object, text: str) -> None:
    reply = succeeded(START, {"x": value}, profile)
    (found,) = ElementTree.fromstring(reply.content).iter("Parameter")
    assert found.attrib == {"Name": "x", "Value": text}
    assert parameters(reply)["x"] == text


def test_a_result_that_is_too_long_is_refused() -> None:
    with pytest.raises(igtl.MessageError, match="content takes 65536 bytes"):
        succeeded(START, "x" * 65536, SLICER)


def test_failure_in_the_form_of_slicer() -> None:
    reply = failed(START, "no <probe>", SLICER)
    assert reply.content == (
        "<Command><Result>false</Result>"
        '<Parameter Name="ErrorMessage" Value="no &lt;probe&gt;" /></Command>'
    )
    assert (reply.command_id, reply.name, reply.device_name) == (7, "no <probe>", "Recorder")
    assert dict(reply.metadata) == {
        "Status": "FAIL",
        "ErrorMessage": "no <probe>",
        "Error": "no <probe>",
    }


def test_failure_in_the_form_of_plus() -> None:
    reply = failed(START, 'no "probe"', PLUS)
    assert reply.content == (
        '<CommandReply Name="Start" Status="FAIL" Error="no &quot;probe&quot;" '
        'Message="no &quot;probe&quot;" />'
    )
    assert (reply.command_id, reply.name) == (7, "Start")
    assert dict(reply.metadata) == {
        "Status": "FAIL",
        "ErrorMessage": 'no "probe"',
        "Error": 'no "probe"',
    }


def test_an_error_is_cut_between_characters() -> None:
    reply = failed(START, "ü" * 100, SLICER)
    assert reply.name == "ü" * 63  # 126 of at most 127 bytes
    assert verdict(reply, "Start") == "ü" * 100


@BOTH
def test_any_error_can_be_carried(profile: Profile) -> None:
    assert verdict(failed(START, " \n", profile), "Start") == "the command failed"
    assert verdict(failed(START, '"' * 70_000, profile), "Start") == '"' * 4000
    assert verdict(failed(START, "\0\ud800\x1b", profile), "Start") == "\ufffd" * 3


@BOTH
def test_commands_with_full_names_are_replied_to(profile: Profile) -> None:
    content = b"\0\0\0\7" + b"N" * 128 + b"\0\3\0\0\0\0"
    full = igtl.decode(igtl.encode(igtl.Unknown("COMMAND", content, device_name="d" * 20)))
    assert isinstance(full, igtl.Command)
    name = {"IGTL_DEVICE_NAME": "d" * 20 + "e"}
    long = full.replace(name="N" * 127, metadata=name, header_version=2)
    for command in (full, igtl.decode(igtl.encode(long))):
        assert isinstance(command, igtl.Command)
        assert succeeded(command, None, profile).name == "N" * 127
        assert failed(command, "no", profile).device_name == "d" * 20


@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
def test_whatever_is_said_can_be_sent_and_read(text: str, values: dict[str, str]) -> None:
    for profile in (SLICER, PLUS):
        reply = failed(START, text, profile)
        again = igtl.decode(igtl.encode(reply))
        assert isinstance(again, igtl.CommandReply)
        assert verdict(again, "Start") == reply.metadata["Error"]
        assert verdict(succeeded(START, values, profile), "Start") is None


@pytest.mark.parametrize(
    "reply",
    [
        of_slicer('<Command><Result>true</Result><Parameter Name="a" Value="b"/></Command>'),
        of_slicer("<Command><Result>true</Result></Command>", Status="FAIL"),  # XML goes first
        of_slicer("<Command><Result> True </Result></Command>", name="Start", Error="x"),
        of_slicer('<CommandReply Name="Start" Status="SUCCESS" Message="ok"/>', name="Other"),
        of_slicer('<?xml version="1.0" encoding="utf-16"?>\n<CommandReply Status="SUCCESS"/>\0'),
        of_slicer(Status="SUCCESS"),
        of_slicer(Status="success", name="Other", ErrorMessage="none"),
        of_slicer("<Command/>", Status="SUCCESS"),
        of_slicer("<Scan Status='FAIL'/>"),
        of_slicer("not <XML"),
        of_slicer(name="Start"),
        of_slicer(),
        igtl.String('<CommandReply Status="SUCCESS" Message="42"/>', device_name="ACK_7"),
        igtl.String("OK", device_name="ACK_7"),
    ],
    ids=str,
)
def test_replies_that_say_success(reply: igtl.CommandReply | igtl.String) -> None:
    assert verdict(reply, "Start") is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (of_slicer("<Command><Result>false</Result></Command>", ErrorMessage="no disk"), "no disk"),
        (of_slicer("<Command><Result>false</Result></Command>", Status="SUCCESS", Error="E"), "E"),
        (of_slicer("<Command><Result>false</Result></Command>", name="no disk"), "no disk"),
        (of_slicer("<Command><Result>0</Result></Command>", name="Start"), NO_REASON),
        (
            of_slicer(
                '<Command><Result>false</Result><Parameter Name="Error" Value="in XML"/></Command>',
                Error="in metadata",
            ),
            "in XML",
        ),
        (of_slicer('<CommandReply Status="FAIL" Error="no probe" Message="m"/>'), "no probe"),
        (of_slicer('<CommandReply Status="FAIL" Message="no"/>', Status="SUCCESS"), "no"),
        (of_slicer('<CommandReply Status="FAIL"><Message>x y</Message></CommandReply>'), "x y"),
        (of_slicer("<Command/>", Status="FAIL", ErrorMessage="a", Error="b"), "a"),
        (of_slicer(Status="FAIL", Error="b"), "b"),
        (of_slicer(Status="FAIL"), NO_REASON),
        (of_slicer(ErrorMessage="a"), "a"),
        (of_slicer(name="Unknown command"), "Unknown command"),
        (igtl.String('<CommandReply Status="FAIL" Message="no"/>', device_name="ACK_7"), "no"),
    ],
    ids=str,
)
def test_replies_that_say_failure(reply: igtl.CommandReply | igtl.String, error: str) -> None:
    assert verdict(reply, "Start") == error


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            '<Command><Result>true</Result><Parameter Name="Depth" Value="5"/>'
            '<Parameter Name="a b" Value="&lt;ü&gt;"/><Parameter Value="x"/><Parameter Name="c"/>'
            "</Command>",
            {"Depth": "5", "a b": "<ü>", "c": ""},
        ),
        (
            '<CommandReply Name="X" Status="SUCCESS" Message="m"><Parameter Name="Name" Value="Y"/>'
            "</CommandReply>",
            {"Name": "Y", "Status": "SUCCESS", "Message": "m"},
        ),
        ('<Command Name="X"/>', {}),
        ("5", {}),
        ("", {}),
    ],
)
def test_parameters(content: str, found: dict[str, str]) -> None:
    assert parameters(of_slicer(content)) == found
    assert parameters(igtl.String(content)) == found


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><Command Name="&c;"/>'


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.replace("!DOCTYPE", "!doctype"),
        '<!ENTITY a SYSTEM "file:///etc/passwd"><a/>',
        "<a",
        "<a></b>",
        "<a>&undefined;</a>",
        "<a>\0</a>",
        "<a>\ud800</a>",
        "text",
        "",
        "<a>" * 100_000,
        f"<a>{' ' * (1 << 20)}</a>",
    ],
    ids=range(12),
)
def test_what_is_not_safe_xml_is_no_xml(text: str) -> None:
    assert root_of(text) is None


def test_what_is_xml() -> None:
    for text in ("<a/>", "\ufeff \n<a b='ü'>x</a>\0", "<?xml version='1.0'?><!-- c --><a/>"):
        root: Any = root_of(text)
        assert root.tag == "a"
    assert root_of("<a>" * 50_000 + "</a>" * 50_000) is not None


@given(st.text() | st.text("<>/!?&;=\"' aN-[]\0"))
def test_no_text_of_a_peer_raises(text: str) -> None:
    reply = igtl.String(text)
    assert verdict(reply, "Start") in (None, NO_REASON)
    assert isinstance(parameters(reply), dict)


def test_arguments_of_a_command_are_its_attributes_and_parameters() -> None:
    xml = '<Command Name="SetDepth" Depth="40"><Parameter Name="Unit" Value="mm"/></Command>'
    assert parameters(igtl.Command(1, "SetDepth", xml)) == {"Depth": "40", "Unit": "mm"}
    assert parameters(igtl.Command(1, "SetDepth", "40")) == {}


@pytest.mark.parametrize("what", ["<Command/>", igtl.Status(1), None])
def test_parameters_are_those_of_commands(what: Any) -> None:
    with pytest.raises(igtl.MessageError, match=r"are those of a Command, .* not of a"):
        parameters(what)
