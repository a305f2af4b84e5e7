"""BIND and its queries: the tables, names and paddings, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import floats, packet, table

TRANSFORM = floats(1, 0, 0, 0, 1, 0, 0, 0, 1, 10, 20, 30)
BIND = (
    table(
        """
        00 03                                              # three children
        'STRING' 00*6      00 00 00 00  00 00 00 07        # 7 bytes: odd
        'TRANSFORM' 00*3   00 00 00 00  00 00 00 30        # 48 bytes
        'GET_IMAGE' 00*3   00 00 00 00  00 00 00 00        # no bytes
        00 0e                                              # 14 bytes of names
        'Label' 00  'Probe' 00  00                         # the third has none
        00                                                 # 13 bytes would be odd
        00 03  00 03  'odd'                                # STRING: US-ASCII, 3 bytes
        00                                                 # padded to even
        """
    )
    + TRANSFORM
)


def children() -> list[igtl.Message]:
    pose = np.eye(4)
    pose[:3, 3] = 10, 20, 30
    return [
        igtl.String("odd", device_name="Label"),
        igtl.Transform(pose, device_name="Probe"),
        igtl.Get(igtl.Image),
    ]


def received(content: bytes, **header: Any) -> igtl.Bind:
    message = igtl.decode(packet("BIND", content, **header))
    assert isinstance(message, igtl.Bind)
    return message


def test_bind_by_hand() -> None:
    data = packet("BIND", BIND, device_name=b"Frame")
    assert igtl.encode(igtl.Bind(children(), device_name="Frame")) == data
    message = received(BIND)
    assert list(message.children) == children()
    assert [child.device_name for child in message.children] == ["Label", "Probe", ""]
    assert isinstance(message.children, tuple)


def test_children_are_decoded_as_their_types() -> None:
    string, transform, query = received(BIND).children
    assert isinstance(string, igtl.String)
    assert string.text == "odd"
    assert isinstance(transform, igtl.Transform)
    assert transform.matrix[:3, 3].tolist() == [10, 20, 30]
    assert isinstance(query, igtl.Get)
    assert query.target is igtl.Image


def test_children_have_no_time_metadata_or_id() -> None:
    message = igtl.Bind([igtl.Status(timestamp=5.0, device_name="A")], timestamp=6.0)
    again = igtl.decode(igtl.encode(message, version=2))
    assert isinstance(again, igtl.Bind)
    assert again.timestamp == 6.0
    (child,) = again.children
    assert (child.timestamp, child.metadata, child.message_id) == (None, {}, 0)
    assert child.header_version == 1
    for more in ({"metadata": {"a": "b"}}, {"message_id": 1}):
        with pytest.raises(igtl.MessageError, match=r"children\[1\] has metadata or a message id"):
            igtl.Bind([igtl.Status(), igtl.Status(**more)])


def test_an_odd_last_child_may_lack_its_padding() -> None:
    content = table("00 01  'STRING' 00*6  00*7 05  00 02  00 00  00 03  00 01 'x'")
    for message in (received(content), received(content + b"\0")):
        assert list(message.children) == [igtl.String("x")]
    assert bytes(igtl.Bind([igtl.String("x")]).raw_content) == content + b"\0"


@pytest.mark.parametrize("size", [4, 3, 2], ids=["even", "odd", "without the last NUL"])
def test_the_table_of_names_may_be_odd(size: int) -> None:
    """The reference pads it; other writers do not."""
    names = b"ab\0\0"[:size]
    content = table("00 01  'GET_STATUS' 00*2  00*8") + size.to_bytes(2, "big") + names
    (child,) = received(content).children
    assert child.device_name == "ab"


def test_unknown_children_are_kept() -> None:
    content = table("00 01  'SOMETHING' 00*3  00*7 03  00 02 'N' 00  01 02 03 00")
    message = received(content)
    assert list(message.children) == [igtl.Unknown("SOMETHING", b"\1\2\3", device_name="N")]
    assert bytes(igtl.Bind(message.children).raw_content) == content


def test_bind_within_bind() -> None:
    inner = igtl.Bind([igtl.String("x", device_name="a")], device_name="Inner")
    outer = igtl.Bind([igtl.Status(), inner])
    again = igtl.decode(igtl.encode(outer))
    assert again == outer
    assert isinstance(again, igtl.Bind)
    assert again.children[1].device_name == "Inner"
    assert again.children[1] == inner


def test_names_of_received_children_keep_their_bytes() -> None:
    """Twenty characters of Latin-1 would be forty bytes of UTF-8, which no header holds."""
    child = igtl.decode(packet("GET_STATUS", device_name=b"\xe4" * 20))
    message = igtl.Bind([child])
    assert bytes(message.raw_content)[24:44] == b"\xe4" * 20
    assert igtl.decode(igtl.encode(message)) == message


def test_a_received_bind_can_be_changed() -> None:
    message = received(BIND)
    fewer = message.replace(children=message.children[1:])
    assert list(igtl.Bind(children()[1:]).children) == list(fewer.children)
    assert fewer == igtl.Bind(children()[1:])


def test_no_children() -> None:
    assert bytes(igtl.Bind([]).raw_content) == bytes(4)
    assert received(bytes(4)).children == ()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (igtl.Status(), "children are Status, expected a sequence of messages"),
        (5, "children are int, expected a sequence"),
        ([igtl.Status(), "x"], r"children\[1\] is 'x', expected a message"),
        ([igtl.Status] * 1, r"children\[0\] is <class .*, expected a message"),
    ],
)
def test_only_messages_are_children(given: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Bind(given)


def test_too_many_children_are_refused() -> None:
    query = igtl.Get(igtl.Image)
    with pytest.raises(igtl.MessageError, match="count is 65536, expected 0 to 65535"):
        igtl.Bind([query] * 65536)
    named = query.replace(device_name="x" * 19)
    assert len(igtl.Bind([named] * 3276).children) == 3276
    with pytest.raises(igtl.MessageError, match="names take 65540 bytes, at most 65534 are poss"):
        igtl.Bind([named] * 3277)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "0 bytes are left for count"),
        (b"\0\1", "1 children do not fit 2 bytes"),
        (BIND[:62], "the size of the table of names is missing"),
        (BIND[:70], "a table of names of 14 bytes, but 6 are there"),
        (BIND[:-1], "child b'Probe' of 48 bytes ends outside the content"),
        (BIND + b"\0", "1 bytes are left behind the last child"),
        (table("00 01  'STRING' 00*6  ff*8  00 00"), "of 18446744073709551615 bytes ends outside"),
        (table("00 02  'GET_IMAGE' 00*11  'GET_IMAGE' 00*11  00 01 'a'"), "does not hold 2 names"),
        (table("00 01  'GET_IMAGE' 00*11  00 16") + b"x" * 21 + b"\0", "device name of 21 bytes"),
        (table("00 01  'TRANSFORM' 00*3  00*7 02  00 02  00*4"), "TRANSFORM of device '': content"),
    ],
)
def test_malformed_binds_are_refused(content: bytes, text: str) -> None:
    with pytest.raises(igtl.DecodeError, match=f"BIND of device '': .*{text}"):
        received(content)


WANTED = table(
    """
    00 02                      # two types
    'IMAGE' 00*7  'STRING' 00*6
    00 08                      # 8 bytes of names
    'US' 00  'Note' 00
    """
)
ODD_WANTED = table("00 01  'IMAGE' 00*7  00 03 'US' 00")  # as the reference writes it
TYPES: Any = {"types": ("IMAGE", "STRING"), "device_names": ("US", "Note")}


def test_get_bind_by_hand() -> None:
    assert igtl.encode(igtl.Get(igtl.Bind, **TYPES)) == packet("GET_BIND", WANTED)
    get: Any = igtl.decode(packet("GET_BIND", WANTED))
    assert issubclass(type(get), igtl.Get)
    assert (get.types, get.device_names) == (("IMAGE", "STRING"), ("US", "Note"))
    odd: Any = igtl.decode(packet("GET_BIND", ODD_WANTED))
    assert (odd.types, odd.device_names) == (("IMAGE",), ("US",))


def test_start_bind_by_hand() -> None:
    start = table("00 00 00 00  40 00 00 00") + WANTED  # 0.25 s
    assert igtl.encode(igtl.Start(igtl.Bind, interval=0.25, **TYPES)) == packet("STT_BIND", start)
    again: Any = igtl.decode(packet("STT_BIND", start))
    assert (again.interval, again.types) == (0.25, ("IMAGE", "STRING"))


@pytest.mark.parametrize("content", [b"", bytes(4)], ids=["nothing", "none"])
def test_asking_for_nothing_asks_for_everything(content: bytes) -> None:
    get: Any = igtl.decode(packet("GET_BIND", content))
    assert (get.types, get.device_names) == ((), ())
    start: Any = igtl.decode(packet("STT_BIND", bytes(8) + content))
    assert (start.interval, start.types, start.device_names) == (0.0, (), ())
    assert igtl.encode(igtl.Get(igtl.Bind)) == packet("GET_BIND")
    assert igtl.encode(igtl.Start(igtl.Bind)) == packet("STT_BIND", bytes(8))


def test_ready_bind_is_unsigned() -> None:
    ready: Any = igtl.decode(packet("RTS_BIND", b"\xff"))
    assert ready.status == 255
    assert igtl.encode(igtl.Ready(igtl.Bind, 255)) == packet("RTS_BIND", b"\xff")
    signed: Any = igtl.decode(packet("RTS_IMAGE", b"\xff"))
    assert signed.status == -1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"types": ("IMAGE",)}, "1 types, but 0 device names: give pairs"),
        ({"types": ("A" * 13,), "device_names": ("",)}, "wire type .* takes 13 bytes"),
        ({"types": ("A",), "device_names": ("x" * 21,)}, "device name .* takes 21 bytes"),
        ({"types": ("A",) * 65536, "device_names": ("",) * 65536}, "count is 65536, expected 0"),
    ],
)
def test_wrong_wishes_are_refused(given: Any, text: str) -> None:
    for kind in (igtl.Get, igtl.Start):
        with pytest.raises(igtl.MessageError, match=text):
            kind(igtl.Bind, **given)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\0", "the number of types is missing"),
        (b"\0\1IMAGE", "1 types do not fit 7 bytes"),
        (WANTED[:26], "size of the table of names is missing"),
        (WANTED[:-1], "a table of names of 8 bytes, but 7 are there"),
        (WANTED + b"\0", "1 bytes are left behind the names"),
        (b"\0\1" + bytes(12) + b"\0\0" + b"x", "1 bytes are left behind the names"),
    ],
)
def test_malformed_wishes_are_refused(content: bytes, text: str) -> None:
    with pytest.raises(igtl.DecodeError, match=f"GET_BIND .*{text}"):
        igtl.decode(packet("GET_BIND", content))
    with pytest.raises(igtl.DecodeError, match=f"STT_BIND .*{text}"):
        igtl.decode(packet("STT_BIND", bytes(8) + content))
    with pytest.raises(igtl.DecodeError, match="7 bytes are left for interval"):
        igtl.decode(packet("STT_BIND", bytes(7)))
