"""The tests' own idea of the wire, which everything else is compared with."""

from __future__ import annotations

import pytest

from tests.codec.wire import checksum, extended, packet, table


def test_a_table_is_hex_text_and_comments() -> None:
    assert table("00 0aFF # 00 'no'\n 'it''#' 01*3\n") == b"\x00\x0a\xffit#\x01\x01\x01"


def test_a_table_with_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood: '0x12'"):
        table("00 0x12")


def test_checksum_has_the_catalogued_check_value() -> None:
    assert checksum(b"123456789") == 0x6C40DF5F0B497347


def test_packet_by_hand() -> None:
    assert packet("STP_TDATA", device_name=b"T", raw_time=1 << 63) == table(
        """
        00 01                       # header version
        'STP_TDATA' 00*3            # type
        'T' 00*19                   # device name
        80 00*7                     # 2^31 s
        00*8                        # no body
        00*8                        # whose checksum is 0
        """
    )


def test_extended_by_hand() -> None:
    assert extended(b"c", [(b"k", 3, b"vv")], message_id=5, more=b"..") == table(
        """
        00 0e  00 0a  00 00 00 03  00 00 00 05  '..'  # sizes, message id, two bytes more
        'c'
        00 01  00 01  00 03  00 00 00 02              # one entry: 1 byte of key, 2 of value
        'kvv'
        """
    )
