"""Physical units of SENSOR, packed into 64 bits.

Bits 60-63 are a prefix for the whole; then six pairs from the high end, each a unit (6 bits) and
its exponent (4 bits, two's complement). Source: protocol document, "Unit".
"""

from __future__ import annotations

import re

from igtl.errors import MessageError

__all__ = ["format_unit", "parse_unit"]

_PREFIXES = {"da": 1, "h": 2, "k": 3, "M": 4, "G": 5, "T": 6, "P": 7}
_PREFIXES |= {"d": 9, "c": 10, "m": 11, "u": 12, "µ": 12, "μ": 12, "n": 13, "p": 14, "f": 15}
_PREFIX_NAMES = {number: name for name, number in reversed(_PREFIXES.items())}

_UNITS = [
    "m",
    "g",
    "s",
    "A",
    "K",
    "mol",
    "cd",
    "rad",
    "sr",
    "Hz",
    "N",
    "Pa",
    "J",
    "W",
    "C",
    "V",
    "F",
    "ohm",
    "S",
    "Wb",
    "T",
    "H",
    "lm",
    "lx",
    "Bq",
    "Gy",
    "Sv",
]
_NUMBERS = {name: number for number, name in enumerate(_UNITS, start=1)} | {"Ω": 18}
_PAIRS = 6

#: Bits that are not a unit, as `format_unit` gives them.
_BITS = re.compile(r"0x[0-9a-fA-F]{16}")
_FACTOR = re.compile(r"(?P<name>[^\d*/.^\s-]+)(?:\^?(?P<exponent>-?\d+))?")


def parse_unit(text: str) -> int:
    """The 64 bits of a unit such as "mm", "N", "m/s2", "kg m s-2", "" (none), "0x..." (the bits).

    Factors are separated by spaces, "*" or "."; all behind a "/" divide. One prefix is possible,
    on the first factor.

    Raises:
        MessageError: not understood, or more than the 64 bits can say.
    """
    if not isinstance(text, str):
        raise MessageError(f"unit is {text!r}, expected text such as 'mm' or 'N'")
    if _BITS.fullmatch(text):
        return int(text, 16)
    over, *under = text.split("/")
    factors = [(f, 1) for f in _split(over) if f != "1"] + [
        (f, -1) for p in under for f in _split(p)
    ]
    if len(factors) > _PAIRS:
        raise MessageError(
            f"unit {text!r} has {len(factors)} factors, at most {_PAIRS} are possible"
        )
    bits = 0
    for index, (factor, sign) in enumerate(factors):
        prefix, number, exponent = _factor(factor, text)
        if prefix and (index > 0 or sign * exponent != 1):
            raise MessageError(
                f"unit {text!r}: {factor!r} has a prefix, but one prefix scales the whole unit: "
                "put it on the first factor, without an exponent"
            )
        if not -8 <= sign * exponent <= 7:
            raise MessageError(f"unit {text!r}: exponents go from -8 to 7")
        bits |= prefix << 60
        bits |= (number << 4 | sign * exponent & 0xF) << 50 - 10 * index
    return bits


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s*.·]+", text) if part]


def _factor(factor: str, text: str) -> tuple[int, int, int]:
    """Prefix, number and exponent of one factor."""
    match = _FACTOR.fullmatch(factor)
    if match is not None:
        name, exponent = match["name"], int(match["exponent"] or 1)
        if name in _NUMBERS:
            return 0, _NUMBERS[name], exponent
        for prefix, number in _PREFIXES.items():
            if name.startswith(prefix) and name[len(prefix) :] in _NUMBERS:
                return number, _NUMBERS[name[len(prefix) :]], exponent
    raise MessageError(
        f"unit {text!r}: {factor!r} is not understood, expected a unit of {' '.join(_UNITS)} "
        "with a prefix (k, m, u ...) and an exponent, such as mm, s2, N/m2"
    )


def format_unit(bits: int) -> str:
    """A unit's 64 bits as text that `parse_unit` reads; "0x..." when the bits are not a unit."""
    prefix = bits >> 60
    parts = []
    for index in range(_PAIRS):
        pair = bits >> 50 - 10 * index & 0x3FF
        number, exponent = pair >> 4, (pair & 0xF) - ((pair & 8) << 1)
        if pair == 0:
            continue
        if not 1 <= number <= len(_UNITS):
            return f"0x{bits:016x}"
        parts.append(_UNITS[number - 1] + (f"{exponent}" if exponent != 1 else ""))
    text = " ".join(parts)
    if prefix and not (parts and prefix in _PREFIX_NAMES and parts[0][-1].isalpha()):
        return f"0x{bits:016x}"
    return _PREFIX_NAMES.get(prefix, "") + text
