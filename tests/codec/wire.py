"""Bytes of the wire made without igtl: from commented tables, by `struct` and the protocol's text.

TEXT = table('''
    00 03          # US-ASCII
    00 02 'ab'     # two bytes
''')
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence

__all__ = ["checksum", "extended", "floats", "metadata", "packet", "shorts", "table"]

# Text in quotes; a comment; hex digits, perhaps so many times.
_TOKEN = re.compile(r"'([^'\n]*)'|#[^\n]*|((?:[0-9a-fA-F]{2})+)(?:\*(\d+))?|\s+")


def table(text: str) -> bytes:
    """The bytes that a commented table says: `00 2f`, `00*20`, `'text'`, `# comment`."""
    pieces: list[bytes] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"not understood: {text[at : at + 20]!r}")
        quoted, digits, times = token.groups()
        if quoted is not None:
            pieces.append(quoted.encode("ascii"))
        elif digits:
            pieces.append(bytes.fromhex(digits) * int(times or 1))
        at = token.end()
    return b"".join(pieces)


def floats(*values: float) -> bytes:
    """Numbers as big-endian f32."""
    return struct.pack(f">{len(values)}f", *values)


def shorts(*values: int) -> bytes:
    """Numbers as big-endian u16."""
    return struct.pack(f">{len(values)}H", *values)


def packet(
    wire_type: str | bytes,
    body: bytes = b"",
    *,
    version: int = 1,
    device_name: bytes = b"",
    raw_time: int = 0,
    crc: int | None = None,
) -> bytes:
    """One message: V u16, type char[12], name char[20], time u64, size u64, CRC u64, body."""
    raw_type = wire_type.encode() if isinstance(wire_type, str) else wire_type
    crc = checksum(body) if crc is None else crc
    header = struct.pack(">H12s20sQQQ", version, raw_type, device_name, raw_time, len(body), crc)
    return header + body


def metadata(*entries: tuple[bytes, int, bytes]) -> tuple[bytes, bytes]:
    """Metadata header and metadata of (key, encoding, value)."""
    header = struct.pack(">H", len(entries))
    for key, encoding, value in entries:
        header += struct.pack(">HHI", len(key), encoding, len(value))
    return header, b"".join(key + value for key, _, value in entries)


def extended(
    content: bytes,
    entries: Sequence[tuple[bytes, int, bytes]] = (),
    *,
    message_id: int = 0,
    more: bytes = b"",
) -> bytes:
    """A version 2 body: extended header (`more` makes it longer than 12), content, metadata."""
    header, values = metadata(*entries)
    sizes = struct.pack(">HHII", 12 + len(more), len(header), len(values), message_id)
    return sizes + more + content + header + values


def _remainders(polynomial: int) -> Iterable[int]:
    """For each byte at the high end of 64 bits, what is left of it after eight divisions."""
    for byte in range(256):
        value = byte << 56
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> 63 else 0)
            value &= (1 << 64) - 1
        yield value


_TABLE = tuple(_remainders(0x42F0E1EBA9EA3693))


def checksum(data: bytes) -> int:
    """CRC-64/ECMA-182 a byte at a time: not reflected, init 0, no final xor."""
    crc = 0
    for byte in data:
        crc = crc << 8 & (1 << 64) - 1 ^ _TABLE[crc >> 56 ^ byte]
    return crc
