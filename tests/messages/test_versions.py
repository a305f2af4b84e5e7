"""Whole messages of header versions 1, 2 and beyond, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from tests.codec.wire import checksum, extended, packet, table

STATUS = table(
    """
    00 01                            # code u16: OK
    00 00 00 00  00 00 00 00         # subcode i64
    00*20                            # error name char[20]
    'ready' 00                       # text and its NUL
    """
)

VERSION_1 = table(
    """
    00 01                            # header version
    'STATUS' 00*6                    # type
    'Tracker' 00*13                  # device name
    65 53 f1 00  80 00 00 00         # 1,700,000,000.5 s since 1970
    00 00 00 00  00 00 00 24         # 36 bytes of body
    """
) + checksum(STATUS).to_bytes(8, "big") + STATUS  # fmt: skip

# The same content with all that version 2 can carry, in the order of the bytes.
BODY_2 = table(
    """
    00 0c  00 1a  00 00 00 14        # extended header 12, metadata header 26, metadata 20
    00 00 00 2a                      # message id 42
    00 01  00*8  00*20  'ready' 00   # the content as above
    00 03                            # three entries: sizes of key and value, encoding of the value
      00 04  00 03  00 00 00 03      # US-ASCII
      00 03  00 6a  00 00 00 02      # UTF-8
      00 04  00 03  00 00 00 04
    'Mode' 'off'
    'dia' c3b8
    'Site' 'left'
    """
)
VERSION_2 = table(
    """
    00 02                            # header version
    'STATUS' 00*6  'Tracker' 00*13
    65 53 f1 00  80 00 00 00
    00 00 00 00  00 00 00 5e         # 94 bytes of body: 12 + 36 + 26 + 20
    """
) + checksum(BODY_2).to_bytes(8, "big") + BODY_2  # fmt: skip


def status(data: bytes) -> igtl.Status:
    message = igtl.decode(data)
    assert isinstance(message, igtl.Status)
    assert (message.code, message.text) == (igtl.StatusCode.OK, "ready")
    return message


def test_version_1_by_hand() -> None:
    message = igtl.Status(text="ready", device_name="Tracker", timestamp=1_700_000_000.5)
    assert igtl.encode(message).hex() == VERSION_1.hex()
    again = status(VERSION_1)
    assert (again.device_name, again.timestamp) == ("Tracker", 1_700_000_000.5)
    assert (again.header_version, again.message_id, again.metadata) == (1, 0, {})


def test_version_2_by_hand() -> None:
    message = igtl.Status(
        text="ready",
        device_name="Tracker",
        timestamp=1_700_000_000.5,
        message_id=42,
        metadata={"Mode": "off", "dia": "ø", "Site": "left"},
    )
    assert igtl.encode(message).hex() == VERSION_2.hex()
    again = status(VERSION_2)
    assert (again.device_name, again.timestamp) == ("Tracker", 1_700_000_000.5)
    assert (again.header_version, again.message_id) == (2, 42)
    assert again.metadata == {"Mode": "off", "dia": "ø", "Site": "left"}


def test_version_2_without_metadata_still_has_its_header() -> None:
    """The reference reads past the body otherwise."""
    body = table("00 0c  00 02  00 00 00 00  00 00 00 00") + STATUS + table("00 00")
    message = igtl.Status(text="ready", header_version=2)
    assert igtl.encode(message) == packet("STATUS", body, version=2)
    assert igtl.encode(igtl.Status(text="ready"), version=2) == packet("STATUS", body, version=2)


def test_a_query_of_version_2_has_a_body_of_14_bytes() -> None:
    body = table("00 0c  00 02  00 00 00 00  00 00 00 00  00 00")
    data = packet("GET_IMAGE", body, version=2, device_name=b"CT")
    assert igtl.encode(igtl.Get(igtl.Image, device_name="CT"), version=2) == data
    again = igtl.decode(data)
    assert isinstance(again, igtl.Get)
    assert again.device_name == "CT"


ODD = {
    "longer extended header": extended(STATUS, message_id=9, more=b"\1\2\3\4"),
    "no metadata header": table("00 0c 00 00 00 00 00 00 00 00 00 09") + STATUS,
    "metadata twice": extended(STATUS, [(b"k", 3, b"1"), (b"k", 3, b"2")], message_id=9),
    "odd encodings": extended(
        STATUS,
        [(b"\xe4", 4, b"\xe4"), (b"u", 1013, b"\0\xe4"), (b"x", 9999, b"\xff")],
        message_id=9,
    ),
    "empty key": extended(STATUS, [(b"", 3, b"v")], message_id=9),
    "large metadata": extended(STATUS, [(b"k", 3, b"v" * 70_000)], message_id=9),
    "bytes behind the entries": table("00 0c 00 05 00 00 00 00 00 00 00 09")
    + STATUS
    + table("00 00 aa bb cc"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("version", [2, 3, 65535])
def test_odd_forms_are_understood_and_passed_on_unchanged(name: str, version: int) -> None:
    """Whatever is at least 2 has an extended header."""
    data = packet("STATUS", ODD[name], version=version, device_name=b"T\0junk", raw_time=12345)
    message = status(data)
    assert (message.header_version, message.message_id) == (version, 9)
    assert igtl.encode(message) == data
    assert igtl.encode(message, version=version) == data


def test_the_values_of_odd_metadata() -> None:
    def metadata(name: str) -> dict[str, str]:
        return dict(status(packet("STATUS", ODD[name], version=2)).metadata)

    assert metadata("metadata twice") == {"k": "2"}
    assert metadata("odd encodings") == {"ä": "ä", "u": "ä", "x": "ÿ"}
    assert metadata("empty key") == {"": "v"}
    assert metadata("large metadata") == {"k": "v" * 70_000}
    assert metadata("no metadata header") == {}


@pytest.mark.parametrize("name", ["metadata twice", "odd encodings", "empty key"])
def test_odd_metadata_survive_a_change_of_something_else(name: str) -> None:
    message = status(packet("STATUS", ODD[name], version=2)).replace(device_name="Other")
    assert igtl.encode(message) == packet("STATUS", ODD[name], version=2, device_name=b"Other")


def test_large_metadata_are_passed_on_but_not_written_anew() -> None:
    message = status(packet("STATUS", ODD["large metadata"], version=2))
    with pytest.raises(igtl.MessageError, match=r"metadata takes .* carry less"):
        igtl.encode(message.replace(device_name="Other"))


def test_version_3_is_written_as_2_when_anything_changes() -> None:
    """The reference misreads the body of a header that says 3."""
    message = status(packet("STATUS", ODD["metadata twice"], version=3))
    assert igtl.encode(message.replace(message_id=9))[:2] == b"\0\2"
    assert igtl.encode(message, version=2)[:2] == b"\0\2"
    with pytest.raises(igtl.MessageError, match="header version 3 cannot be written"):
        igtl.encode(igtl.Status(), version=3)


@pytest.mark.parametrize(
    ("raw_name", "metadata", "device_name"),
    [
        # PLUS: 20 bytes in the header are full, the whole name is in the metadata.
        (
            b"TrackedFrameOfUltras",
            b"TrackedFrameOfUltrasoundProbe",
            "TrackedFrameOfUltrasoundProbe",
        ),
        (b"TrackedFrameOfUltra\0", b"TrackedFrameOfUltrasoundProbe", "TrackedFrameOfUltra"),
        (b"TrackedFrameOfUltras", b"SomethingElse", "TrackedFrameOfUltras"),
        (b"Probe", b"ProbeToTracker", "Probe"),
        (b"TrackedFrameOfUltras", None, "TrackedFrameOfUltras"),
    ],
)
def test_a_full_name_may_go_on_in_the_metadata(
    raw_name: bytes, metadata: bytes | None, device_name: str
) -> None:
    entries = [] if metadata is None else [(b"IGTL_DEVICE_NAME", 3, metadata)]
    data = packet("STATUS", extended(STATUS, entries), version=2, device_name=raw_name)
    message = status(data)
    assert message.device_name == device_name
    changed = igtl.encode(message.replace(timestamp=1.0))
    assert changed[14:34] == data[14:34].ljust(20, b"\0")
    assert status(changed).device_name == device_name


@pytest.mark.parametrize(
    ("raw_name", "device_name"),
    [(b"\xc3\x9cS", "ÜS"), (b"\xdcS", "ÜS"), (b"US\0old name", "US"), (b"\0old", "")],
)
def test_names_are_read_leniently_and_passed_on(raw_name: bytes, device_name: str) -> None:
    data = packet("STATUS", STATUS, device_name=raw_name)
    message = status(data)
    assert message.device_name == device_name
    assert igtl.encode(message) == data
    assert igtl.encode(message, version=2)[2:42] == data[2:42]


def test_a_name_that_is_too_long_in_utf_8_does_not_stop_a_change() -> None:
    """Twenty characters of Latin-1 take forty bytes of UTF-8; as many as fit are kept."""
    message = status(packet("STATUS", STATUS, device_name=b"\xe4" * 20))
    assert message.device_name == "ä" * 20
    assert message.replace(timestamp=1.0).device_name == "ä" * 10


@pytest.mark.parametrize("raw_type", [b"STATUS\0junk!", b"STATUS\0\xff\xff\xff\xff\xff"])
def test_what_follows_the_type_is_ignored_and_passed_on(raw_type: bytes) -> None:
    data = packet(raw_type, STATUS)
    message = status(data)
    assert message.wire_type == "STATUS"
    assert igtl.encode(message) == data


def test_unknown_types_are_kept_as_bytes() -> None:
    data = packet("SOMETHING", b"\1\2\3", device_name=b"X", raw_time=99)
    message = igtl.decode(data)
    assert isinstance(message, igtl.Unknown)
    assert (message.wire_type, bytes(message.content)) == ("SOMETHING", b"\1\2\3")
    assert igtl.encode(message) == data
    assert igtl.encode(message, version=2)[2:42] == data[2:42]
    changed = message.replace(device_name="Y")
    assert igtl.encode(changed)[58:] == b"\1\2\3"
    assert message.replace(content=b"new").wire_type == "SOMETHING"


def test_unknown_types_of_version_2_keep_their_metadata() -> None:
    data = packet("SOMETHING", extended(b"\1\2\3", [(b"k", 3, b"v")], message_id=3), version=2)
    message = igtl.decode(data)
    assert isinstance(message, igtl.Unknown)
    assert bytes(message.content) == b"\1\2\3"
    assert (message.metadata, message.message_id) == ({"k": "v"}, 3)


def test_a_type_that_is_not_ascii_keeps_its_bytes() -> None:
    data = packet(b"\xff" * 12, b"abc")
    message = igtl.decode(data)
    assert message.wire_type == "ÿ" * 12
    assert igtl.encode(message, version=2)[2:14] == b"\xff" * 12
    bound = igtl.Bind([message])
    assert bytes(bound.raw_content)[2:14] == b"\xff" * 12
    assert igtl.decode(igtl.encode(bound)) == bound


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_like_object_is_decoded(kind: type) -> None:
    assert status(kind(VERSION_2)).message_id == 42


def test_a_body_of_version_2_is_not_taken_for_a_content_of_its_size() -> None:
    """48 bytes are a TRANSFORM, but not with an extended header among them."""
    with pytest.raises(igtl.DecodeError, match=r"TRANSFORM .*content of 34 bytes, expected 48"):
        igtl.decode(packet("TRANSFORM", extended(bytes(34)), version=2))


@pytest.mark.parametrize("wire_type", ["STATUS", "TRANSFORM", "GET_STATUS", "SOMETHING"])
def test_a_checksum_of_0_does_not_mean_unchecked(wire_type: str) -> None:
    data = packet(wire_type, b"\1" * 48, crc=0)
    with pytest.raises(
        igtl.ChecksumError, match=rf"{wire_type} of device ''.* says 0000000000000000"
    ):
        igtl.decode(data)


def test_large_arrays_are_views_of_what_was_decoded() -> None:
    data = bytearray(igtl.encode(igtl.Image(np.zeros((200, 200), np.uint8))))
    image = igtl.decode(data)
    assert isinstance(image, igtl.Image)
    data[-1] = 7
    assert image.pixels[0, 199, 199] == 7
    assert not image.pixels.flags.writeable
    assert isinstance(image.raw_content, memoryview)
    assert image.raw_content.readonly
