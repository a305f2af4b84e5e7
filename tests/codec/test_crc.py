from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from igtl.codec.crc import crc64, crc64_of
from tests.codec.wire import checksum


def test_check_value() -> None:
    assert crc64(b"123456789") == 0x6C40DF5F0B497347


def test_nothing_has_checksum_zero() -> None:
    assert crc64(b"") == 0
    assert crc64_of([]) == 0


@given(st.binary())
def test_is_the_polynomial_division_of_the_protocol(data: bytes) -> None:
    assert crc64(data) == checksum(data)


@given(st.lists(st.binary(max_size=20)))
def test_pieces_have_the_checksum_of_the_whole(pieces: list[bytes]) -> None:
    assert crc64_of(pieces) == crc64(b"".join(pieces))
    assert crc64_of(map(memoryview, pieces)) == crc64(b"".join(pieces))
