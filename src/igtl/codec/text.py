"""Text on the wire.

The document says ASCII; real peers send UTF-8 and Latin-1. So text is written as UTF-8 and read
leniently: what is not UTF-8 is read as Latin-1, which every byte sequence is.
"""

from __future__ import annotations

from igtl.errors import MessageError

__all__ = [
    "ASCII",
    "LATIN_1",
    "UTF_8",
    "decode",
    "decode_fixed",
    "encode",
    "encode_fixed",
    "encoding_of",
]

#: IANA MIBenum numbers of the character sets that STRING, COMMAND and metadata name.
ASCII, LATIN_1, UTF_8 = 3, 4, 106
_CODECS = {ASCII: "ascii", LATIN_1: "latin-1", UTF_8: "utf-8"}
_CODECS |= {17: "shift_jis", 18: "euc_jp", 2025: "gb2312", 38: "euc_kr"}
_CODECS |= {1013: "utf-16-be", 1014: "utf-16-le", 1015: "utf-16"}
_CODECS |= {1017: "utf-32", 1018: "utf-32-be", 1019: "utf-32-le"}


def encoding_of(text: str) -> int:
    """The MIBenum to write for `text`: US-ASCII when that is enough, else UTF-8."""
    return ASCII if text.isascii() else UTF_8


def encode(text: str, encoding: int, what: str) -> bytes:
    """`text` in the character set numbered `encoding` (MIBenum).

    Raises:
        MessageError: not a str, an unknown character set, or one that lacks a character of `text`.
    """
    if not isinstance(text, str):
        raise MessageError(f"{what} is {type(text).__name__}, expected str")
    codec = _CODECS.get(encoding)
    if codec is None:
        known = ", ".join(f"{number} ({name})" for number, name in sorted(_CODECS.items()))
        raise MessageError(f"{what}: encoding {encoding!r} is not one igtl writes: {known}")
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise MessageError(
            f"{what} cannot be written as {codec}: {error}; use UTF-8 (106)"
        ) from None


def decode(data: bytes, encoding: int = UTF_8) -> str:
    """Text of `data`, by its MIBenum where it is known and fits, else as UTF-8, else as Latin-1."""
    for codec in (_CODECS.get(encoding, "utf-8"), "utf-8"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def encode_fixed(text: str, size: int, what: str) -> bytes:
    """`text` as UTF-8 in at most `size` bytes.

    Raises:
        MessageError: longer than that (never cut silently), not a str, or with a NUL inside.
    """
    if not isinstance(text, str):
        raise MessageError(f"{what} is {type(text).__name__}, expected str")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise MessageError(f"{what} {text!r} is not valid text: {error.reason}") from None
    if len(data) > size:
        raise MessageError(
            f"{what} {text!r} takes {len(data)} bytes, but the wire has room for {size}: shorten it"
        )
    if b"\0" in data:
        raise MessageError(
            f"{what} {text!r} contains a NUL character, which would end it: remove it"
        )
    return data


def decode_fixed(data: bytes) -> str:
    """Text of a NUL-padded field; a field without a NUL is full."""
    data = data.partition(b"\0")[0]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
