from __future__ import annotations

from typing import Any

import pytest

import igtl
from tests.codec.wire import checksum, packet, table


def received(content: bytes) -> igtl.String:
    message = igtl.decode(packet("STRING", content))
    assert isinstance(message, igtl.String)
    return message


@pytest.mark.parametrize(
    ("text", "encoding", "content"),
    [
        ("Hello", None, table("00 03  00 05  'Hello'")),  # US-ASCII where it is enough
        ("grüß", None, table("00 6a  00 06  'gr' c3bc c39f")),  # else UTF-8
        ("grüß", 4, table("00 04  00 04  'gr' fc df")),  # Latin-1
        ("Hello", 106, table("00 6a  00 05  'Hello'")),
        ("é", 1013, table("03 f5  00 02  00 e9")),  # UTF-16, big-endian
        ("", None, table("00 03  00 00")),
        ("a\0b", None, table("00 03  00 03  'a' 00 'b'")),
    ],
)
def test_strings_by_hand(text: str, encoding: int | None, content: bytes) -> None:
    message = igtl.String(text, encoding)
    assert igtl.encode(message) == packet("STRING", content)
    again = received(content)
    assert again.text == text
    assert again.encoding == int.from_bytes(content[:2], "big")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (table("00 03  00 01  e9"), "é"),  # says ASCII, is Latin-1
        (table("00 6a  00 01  e9"), "é"),
        (table("00 00  00 02  c3 a9"), "é"),
        (table("ff ff  00 01  'x'"), "x"),
    ],
)
def test_odd_encodings_are_read_leniently_and_kept(content: bytes, text: str) -> None:
    message = received(content)
    assert message.text == text
    assert igtl.encode(message)[58:] == content
    assert igtl.encode(message.replace(device_name="x"))[58:] == content


@pytest.mark.parametrize("length", [0, 4, 6, 65535])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"a text of {length} bytes, but 5 are there"):
        received(b"\0\3" + length.to_bytes(2, "big") + b"Hello")


def test_up_to_65535_bytes() -> None:
    assert received(bytes(igtl.String("x" * 65535).raw_content)).text == "x" * 65535
    for text in ("x" * 65536, "ü" * 32768):
        with pytest.raises(igtl.MessageError, match=r"text takes 65536 bytes, .* room for 65535"):
            igtl.String(text)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((5,), "text is int, expected str"),
        ((b"Hello",), "text is bytes, expected str"),
        (("ü", 3), "text cannot be written as ascii.*use UTF-8"),
        (("€", 4), "text cannot be written as latin-1"),
        (("a", 9999), "text: encoding 9999 is not one igtl writes"),
        (("a", "utf-8"), "text: encoding 'utf-8' is not one igtl writes"),
        (("\ud800",), "text cannot be written as utf-8"),
    ],
)
def test_wrong_values_are_refused(given: Any, reason: str) -> None:
    with pytest.raises(igtl.MessageError, match=reason):
        igtl.String(*given)


# PLUS alone has CLIENTINFO: no other implementation's bytes exist for it, so by hand.
CLIENT_INFO = table(
    """
    # header
    00 02                          # version 2
    'CLIENTINFO' 00*2              # type
    'Navigator' 00*11              # device name
    65 53 f1 00  40 00 00 00       # 1,700,000,000.25 s
    00 00 00 00  00 00 00 77       # body: 12 + 4 + 101 + 2 = 119
    5c 14 1a 9e  d8 6d 59 30       # CRC-64 of the body
    # extended header
    00 0c  00 02  00 00 00 00      # its size; metadata header 2, metadata 0
    00 00 00 00                    # no message id
    # content
    00 03                          # encoding: US-ASCII
    00 65                          # 101 bytes
    '<ClientInfo ClientHeaderVersion="2">'
    '<MessageTypes><Message Type="IMAGE"/></MessageTypes>'
    '</ClientInfo>'
    # metadata
    00 00                          # no entries
    """
)
WANTED = (
    '<ClientInfo ClientHeaderVersion="2"><MessageTypes><Message Type="IMAGE"/></MessageTypes>'
    "</ClientInfo>"
)


def test_the_checksum_of_the_fixture() -> None:
    assert checksum(CLIENT_INFO[58:]) == int.from_bytes(CLIENT_INFO[50:58], "big")


def test_client_info_by_hand() -> None:
    message = igtl.ClientInfo(
        WANTED, device_name="Navigator", timestamp=1_700_000_000.25, header_version=2
    )
    assert igtl.encode(message).hex() == CLIENT_INFO.hex()


def test_client_info_is_read() -> None:
    message = igtl.decode(CLIENT_INFO)
    assert type(message) is igtl.ClientInfo
    assert (message.text, message.encoding) == (WANTED, 3)
    assert (message.device_name, message.timestamp) == ("Navigator", 1_700_000_000.25)
    assert message.replace(text="u").text == "u"


def test_client_info_is_no_string() -> None:
    assert not isinstance(igtl.decode(CLIENT_INFO), igtl.String)
    assert igtl.encode(igtl.ClientInfo("a"))[2:14] == b"CLIENTINFO\0\0"
    with pytest.raises(
        igtl.MessageError, match=r"text takes 65536 .* a CLIENTINFO .* ask for less"
    ):
        igtl.ClientInfo("x" * 65536)
