"""A message as it came: the parsed 58-byte header and the bytes of the body.

    0   2        14             34          42         50     58
    | V | TYPE12 | DEVICE_NAME20 | TIME 32.32 | BODY u64 | CRC u64 | body ...

All numbers are big-endian (protocol document, "Message header"). V is the version of the header:
1 for protocols 1 and 2, 2 for protocol 3, whose body starts with an extended header.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from igtl.codec import crc, text, time
from igtl.codec.buffers import SMALL, Buffer, Buffers
from igtl.errors import ChecksumError, FramingError

__all__ = ["HEADER", "HEADER_SIZE", "NAME_SIZE", "TYPE_SIZE", "Frame", "check_header", "parse"]

HEADER = struct.Struct(">H12s20sQQQ")
HEADER_SIZE = HEADER.size
TYPE_SIZE, NAME_SIZE = 12, 20
#: Versions of the header so far are 1 and 2; far beyond them it is something else.
_LIKELY_VERSIONS = 0xFF


class Frame(NamedTuple):
    """A received message before anybody asks what it means.

    Whoever only passes messages on (a hub, a recorder) moves frames and never re-encodes; types
    that igtl does not know pass unharmed. The first six fields are those of the header, in order.
    """

    version: int
    raw_type: bytes
    raw_name: bytes
    raw_time: int
    body_size: int
    crc: int
    body: Buffer

    @property
    def type_name(self) -> str:
        """Wire type, such as "TRANSFORM"."""
        return text.decode_fixed(self.raw_type)

    @property
    def device_name(self) -> str:
        """Device name, as in the header (at most 20 bytes)."""
        return text.decode_fixed(self.raw_name)

    @property
    def timestamp(self) -> float | None:
        """Seconds since 1970 UTC, None when the sender gave no time."""
        return time.from_wire(self.raw_time) if self.raw_time else None

    @property
    def label(self) -> str:
        """Type and device for people, with control characters that a peer put in escaped."""
        return f"{repr(self.type_name)[1:-1]} of device {self.device_name!r}"

    def buffers(self) -> Buffers:
        """The bytes as they came, in two pieces."""
        return HEADER.pack(*self[:6]), self.body

    def to_bytes(self) -> bytes:
        """The bytes as they came, in one piece."""
        return b"".join(self.buffers())

    def verify(self) -> None:
        """Check the body against the CRC-64 of the header.

        Raises:
            ChecksumError: they differ. A CRC of 0 does not mean "unchecked".
        """
        found = crc.crc64(self.body)
        if found != self.crc:
            raise ChecksumError(
                f"{self.label}: checksum of the "
                f"{self.body_size}-byte body is {found:016x}, its header says {self.crc:016x}: "
                "bytes were damaged, or the sender computes another CRC"
            )


def parse(data: Buffer) -> Frame:
    """The frame in `data`, which holds exactly one message. The checksum is not looked at.

    Raises:
        FramingError: `data` is not one whole message.
    """
    if len(data) < HEADER_SIZE:
        raise FramingError(f"{len(data)} bytes are fewer than a header's {HEADER_SIZE}")
    fields: tuple[int, bytes, bytes, int, int, int] = HEADER.unpack_from(data)
    body = (data if len(data) < SMALL else memoryview(data))[HEADER_SIZE:]
    check_header(fields, max_body=1 << 64)
    if fields[4] != len(body):
        raise FramingError(
            f"header announces a body of {fields[4]} bytes, but {len(body)} bytes follow it"
        )
    return Frame(*fields, body)


def check_header(fields: tuple[int, bytes, bytes, int, int, int], max_body: int) -> None:
    """Refuse a header before anything is allocated for its body.

    Raises:
        FramingError: version 0, or a body larger than `max_body` bytes.
    """
    version, raw_type, raw_name, _, size, _ = fields
    if version == 0:
        raise FramingError("header version is 0, expected 1 or more: this is not OpenIGTLink")
    if size > max_body and version > _LIKELY_VERSIONS:
        raise FramingError(
            f"what came does not look like OpenIGTLink (as a header it has version {version} and a "
            f"body of {size} bytes): is this the right port?"
        )
    if size > max_body:
        raise FramingError(
            f"{text.decode_fixed(raw_type)} of device {text.decode_fixed(raw_name)!r} announces a "
            f"body of {size} bytes, over the limit of {max_body}: raise max_body if this is right"
        )
