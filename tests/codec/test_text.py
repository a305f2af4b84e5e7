from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from igtl.codec import text
from igtl.errors import MessageError

VALID = st.text(st.characters(exclude_categories=["Cs"]))


def test_ascii_is_named_where_it_is_enough() -> None:
    assert text.encoding_of("") == 3
    assert text.encoding_of("Probe") == 3
    assert text.encoding_of("Schädel") == 106


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        (4, b"\xe4\xdf"),
        (106, b"\xc3\xa4\xc3\x9f"),
        (1013, b"\x00\xe4\x00\xdf"),
        (1014, b"\xe4\x00\xdf\x00"),
        (1018, b"\0\0\0\xe4\0\0\0\xdf"),
        (1019, b"\xe4\0\0\0\xdf\0\0\0"),
    ],
)
def test_character_sets_by_number(encoding: int, data: bytes) -> None:
    assert text.encode("äß", encoding, "text") == data
    assert text.decode(data, encoding) == "äß"


@pytest.mark.parametrize(
    ("encoding", "character", "data"),
    [
        (17, "日", b"\x93\xfa"),  # Shift_JIS
        (18, "日", b"\xc6\xfc"),  # EUC-JP
        (2025, "中", b"\xd6\xd0"),  # GB2312
        (38, "한", b"\xc7\xd1"),  # EUC-KR
    ],
)
def test_character_sets_of_east_asia(encoding: int, character: str, data: bytes) -> None:
    assert text.encode(character, encoding, "text") == data
    assert text.decode(data, encoding) == character


@given(VALID)
@example("\ufeffa")
def test_utf_8_round_trip(value: str) -> None:
    assert text.decode(text.encode(value, 106, "text"), 106) == value


@given(st.binary(), st.integers(0, 0xFFFF) | st.sampled_from([3, 4, 17, 18, 19, 106, 1013, 1015]))
@example(b"\xd8\x00", 1013)
@example(b"abc", 1015)
def test_any_bytes_are_text(data: bytes, encoding: int) -> None:
    assert isinstance(text.decode(data, encoding), str)


def test_a_stray_byte_makes_it_latin_1() -> None:
    assert text.decode(b"5 \xb5m", 3) == "5 µm"
    assert text.decode(b"5 \xb5m", 106) == "5 µm"
    assert text.decode(b"5 \xc2\xb5m", 3) == "5 µm"
    assert text.decode(b"\xb5", 9999) == "µ"


def test_a_character_that_the_set_lacks_is_refused() -> None:
    with pytest.raises(MessageError, match=r"content cannot be written as ascii.*UTF-8 \(106\)"):
        text.encode("ä", 3, "content")


def test_an_unknown_character_set_is_refused() -> None:
    with pytest.raises(MessageError, match=r"text: encoding 2252 .*3 \(ascii\), 4 \(latin-1\)"):
        text.encode("a", 2252, "text")


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(MessageError, match="text is bytes, expected str"):
        text.encode(b"a", 3, "text")  # type: ignore[arg-type]
    with pytest.raises(MessageError, match="name is int, expected str"):
        text.encode_fixed(7, 20, "name")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["a" * 21, "ä" * 10 + "a", "漢" * 7])
def test_too_long_is_counted_in_bytes_and_refused(value: str) -> None:
    with pytest.raises(MessageError, match="takes 21 bytes, but the wire has room for 20: shorten"):
        text.encode_fixed(value, 20, "device_name")


@pytest.mark.parametrize("value", ["a" * 20, "ä" * 10, ""])
def test_what_fits_exactly_is_taken(value: str) -> None:
    assert text.decode_fixed(text.encode_fixed(value, 20, "device_name")) == value


def test_a_nul_inside_is_refused() -> None:
    with pytest.raises(MessageError, match="contains a NUL character"):
        text.encode_fixed("a\0b", 20, "name")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(MessageError, match="is not valid text: surrogates not allowed"):
        text.encode_fixed("\ud800", 20, "name")
    with pytest.raises(MessageError, match="cannot be written as utf-8"):
        text.encode("\ud800", 106, "text")


def test_fixed_text_ends_at_the_first_nul() -> None:
    assert text.decode_fixed(b"US\0garbage\xff") == "US"
    assert text.decode_fixed(b"\0") == ""
    assert text.decode_fixed(b"x" * 20) == "x" * 20
    assert text.decode_fixed(b"\xe4") == "ä"
