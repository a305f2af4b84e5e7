"""SENSOR's units: bits worked out by hand, both ways."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from igtl.errors import MessageError
from igtl.messages.unit import format_unit, parse_unit
from tests.messages.strategies import units

# prefix (4 bits), then six pairs from the high end: unit (6 bits), exponent (4 bits)
BITS = {
    # prefix   m = 1, exponent 1: 000001 0001
    "m": 0b0000_000001_0001 << 50,
    "g": 0b0000_000010_0001 << 50,
    "s": 0b0000_000011_0001 << 50,
    "mm": 0b1011_000001_0001 << 50,  # milli is 11
    "kg": 0b0011_000010_0001 << 50,  # kilo is 3: there is no unit of its own
    "um": 0b1100_000001_0001 << 50,
    "dam": 0b0001_000001_0001 << 50,
    "fs": 0b1111_000011_0001 << 50,
    "PBq": 0b0111_011001_0001 << 50,  # becquerel is 25
    "m2": 0b0000_000001_0010 << 50,
    "s-1": 0b0000_000011_1111 << 50,  # -1 as two's complement of 4 bits
    "m-8": 0b0000_000001_1000 << 50,
    "m7": 0b0000_000001_0111 << 50,
    "N": 0b0000_001011_0001 << 50,  # 11
    "rad": 0b0000_001000_0001 << 50,  # 8
    "ohm": 0b0000_010010_0001 << 50,  # 18
    "Sv": 0b0000_011011_0001 << 50,  # 27
    "m s-2": (0b0000_000001_0001 << 50) | (0b000011_1110 << 40),
    "kg m s-2": (0b0011_000010_0001 << 50) | (0b000001_0001 << 40) | (0b000011_1110 << 30),
    "m g s A K mol": (
        (0b0000_000001_0001 << 50)
        | (0b000010_0001 << 40)
        | (0b000011_0001 << 30)
        | (0b000100_0001 << 20)
        | (0b000101_0001 << 10)
        | 0b000110_0001
    ),
    "": 0,
}
NAMES = "m g s A K mol cd rad sr Hz N Pa J W C V F ohm S Wb T H lm lx Bq Gy Sv"  # 1 to 27
PREFIXES = {"da": 1, "h": 2, "k": 3, "M": 4, "G": 5, "T": 6, "P": 7}
PREFIXES |= {"d": 9, "c": 10, "m": 11, "u": 12, "n": 13, "p": 14, "f": 15}


@pytest.mark.parametrize("text", BITS)
def test_bits_by_hand(text: str) -> None:
    assert f"{parse_unit(text):064b}" == f"{BITS[text]:064b}"
    assert format_unit(BITS[text]) == text


@pytest.mark.parametrize(("number", "name"), list(enumerate(NAMES.split(), start=1)))
def test_every_unit_with_every_prefix(number: int, name: str) -> None:
    for prefix, code in {"": 0, **PREFIXES}.items():
        text = prefix + name
        bits = code << 60 | (number << 4 | 1) << 50
        assert format_unit(bits) == text
        assert parse_unit(text) == bits, text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("m/s2", "m s-2"),
        ("m/s/s", "m s-1 s-1"),
        ("kg*m/s2", "kg m s-2"),
        ("kg.m.s-2", "kg m s-2"),
        ("kg·m·s^-2", "kg m s-2"),
        ("N/m^2", "N m-2"),
        ("1/s", "s-1"),
        ("/s", "s-1"),
        ("m^1", "m"),
        ("  mm ", "mm"),
        ("µm", "um"),  # micro sign
        ("μm", "um"),  # Greek mu
        ("Ω", "ohm"),
        ("kΩ", "kohm"),
        ("s/m s", "s m-1 s-1"),  # all behind the stroke divides
    ],
)
def test_other_ways_to_write_it(text: str, same: str) -> None:
    assert format_unit(parse_unit(text)) == same


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("inch", r"unit 'inch': 'inch' is not understood, expected a unit of m g s"),
        ("m m m m m m m", "has 7 factors, at most 6 are possible"),
        ("m8", "exponents go from -8 to 7"),
        ("m-9", "exponents go from -8 to 7"),
        ("1/m9", "exponents go from -8 to 7"),
        ("m km", "'km' has a prefix, but one prefix scales the whole unit: put it on the first"),
        ("mm2", "'mm2' has a prefix, .* without an exponent"),
        ("ms-1", "'ms-1' has a prefix"),
        ("1/ms", "'ms' has a prefix"),  # milli of 1/s would be another number
        ("kk", "is not understood"),
        ("m^", "is not understood"),
        ("2m", "is not understood"),
        ("0x12", "is not understood"),
        ("0xzz00000000000000", "is not understood"),
    ],
)
def test_what_64_bits_cannot_say_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        parse_unit(text)


@pytest.mark.parametrize("value", [None, 5, b"mm", ["mm"]])
def test_a_unit_is_text(value: object) -> None:
    with pytest.raises(MessageError, match=r"unit is .*, expected text such as 'mm' or 'N'"):
        parse_unit(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bits",
    [
        0b1000_000001_0001 << 50,  # there is no prefix 8
        0b0000_011100_0001 << 50,  # there is no unit 28
        0b0000_000000_0001 << 50,  # an exponent of nothing
        0b1011_000000_0000 << 50,  # milli nothing
        0b1011_000001_0010 << 50,  # milli (square metre), which "mm2" would not mean
    ],
)
def test_other_bits_are_shown_as_they_are(bits: int) -> None:
    assert format_unit(bits) == f"0x{bits:016x}"
    assert parse_unit(format_unit(bits)) == bits


@given(units())
def test_units_come_back(text: str) -> None:
    assert format_unit(parse_unit(text)) == text


@given(st.integers(0, (1 << 64) - 1))
@example((1 << 64) - 1)
@example(0b0000_000000_0000_000001_0001 << 40)  # the first pair is empty
def test_any_bits_are_a_text_that_is_read(bits: int) -> None:
    text = format_unit(bits)
    assert format_unit(parse_unit(text)) == text


@given(st.text())
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    try:
        bits = parse_unit(text)
    except MessageError:
        return
    assert 0 <= bits < 1 << 64
