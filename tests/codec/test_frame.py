from __future__ import annotations

import pytest

from igtl.codec.frame import HEADER, HEADER_SIZE, Frame, check_header, parse
from igtl.errors import ChecksumError, DecodeError, FramingError
from tests.codec.wire import checksum, packet, table

MESSAGE = table(
    """
    00 01                        # header version
    'TDATA' 00*7                 # type
    'Tracker' 00*13              # device name
    65 53 f1 00  80 00 00 00     # 1,700,000,000.5 s
    00 00 00 00  00 00 00 09     # a body of 9 bytes
    6c 40 df 5f  0b 49 73 47     # CRC-64/ECMA-182 of the body
    '123456789'
    """
)


@pytest.mark.parametrize("data", [MESSAGE, memoryview(MESSAGE)], ids=["bytes", "view"])
def test_parse_by_hand(data: bytes | memoryview) -> None:
    frame = parse(data)
    assert frame.version == 1
    assert frame.raw_type == b"TDATA" + bytes(7)
    assert frame.raw_name == b"Tracker" + bytes(13)
    assert frame.raw_time == 0x6553F10080000000
    assert frame.body_size == 9
    assert frame.crc == 0x6C40DF5F0B497347
    assert frame.body == b"123456789"
    assert frame.type_name == "TDATA"
    assert frame.device_name == "Tracker"
    assert frame.timestamp == 1_700_000_000.5
    frame.verify()
    assert frame.to_bytes() == MESSAGE
    assert b"".join(frame.buffers()) == MESSAGE


def test_the_bytes_of_a_frame_are_those_that_came() -> None:
    """Whatever is behind the NUL of a name, and whatever the checksum says."""
    odd = packet(b"X\0abcdefghij", b"b", version=7, device_name=b"N\0junk", crc=5)
    frame = parse(odd)
    assert (frame.type_name, frame.device_name) == ("X", "N")
    assert frame.timestamp is None
    assert frame.to_bytes() == odd


def test_a_large_body_is_not_copied() -> None:
    data = packet("X", bytes(1 << 20))
    body = parse(data).body
    assert isinstance(body, memoryview)
    assert body.obj is data


@pytest.mark.parametrize("crc", [0, 1, 0x6C40DF5F0B497346])
def test_a_wrong_checksum_is_told(crc: int) -> None:
    """0 is a checksum like others: it does not mean "unchecked"."""
    frame = parse(packet("TDATA", b"123456789", device_name=b"T", crc=crc))
    with pytest.raises(ChecksumError, match=rf"TDATA of device 'T'.*6c40df5f0b497347.*{crc:016x}"):
        frame.verify()
    assert issubclass(ChecksumError, DecodeError)


@pytest.mark.parametrize("size", [0, 1, 57])
def test_less_than_a_header_is_refused(size: int) -> None:
    with pytest.raises(FramingError, match=f"{size} bytes are fewer than a header's 58"):
        parse(MESSAGE[:size])


@pytest.mark.parametrize("size", [58, 66, 68])
def test_another_size_than_the_header_says_is_refused(size: int) -> None:
    data = (MESSAGE + b"0")[:size]
    with pytest.raises(FramingError, match=f"body of 9 bytes, but {size - 58} bytes follow it"):
        parse(data)


def test_version_0_is_refused() -> None:
    with pytest.raises(FramingError, match="header version is 0, expected 1 or more"):
        parse(packet("TDATA", version=0))


@pytest.mark.parametrize("version", [1, 2, 3, 65535])
def test_other_versions_are_taken(version: int) -> None:
    assert parse(packet("TDATA", version=version)).version == version


def test_a_body_over_the_limit_is_refused() -> None:
    fields = (1, b"IMAGE" + bytes(7), b"CT", 0, 1 << 63, 0)
    with pytest.raises(
        FramingError, match=r"IMAGE of device 'CT' .*9223372036854775808 bytes, over"
    ):
        check_header(fields, 1 << 30)
    check_header((*fields[:4], 100, 0), 100)
    with pytest.raises(FramingError, match="over the limit of 100: raise max_body"):
        check_header((*fields[:4], 101, 0), 100)


def test_another_protocol_is_told_apart() -> None:
    """The first bytes of a web server's answer, read as a header."""
    answer = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html"
    with pytest.raises(FramingError, match=r"does not look like OpenIGTLink .*right port\?"):
        check_header(HEADER.unpack(answer[:58]), 1 << 30)


def test_a_label_for_people_has_no_control_characters() -> None:
    frame = parse(packet(b"X\x1b[2J'", device_name=b"a\nb"))
    assert frame.label == r"X\x1b[2J' of device 'a\nb'"


def test_a_header_has_58_bytes() -> None:
    assert HEADER_SIZE == 58
    assert checksum(MESSAGE[58:]) == parse(MESSAGE).crc


def test_a_frame_can_be_made_of_its_fields() -> None:
    frame = Frame(1, b"X" + bytes(11), bytes(20), 0, 1, checksum(b"b"), b"b")
    assert frame.to_bytes() == packet("X", b"b")
