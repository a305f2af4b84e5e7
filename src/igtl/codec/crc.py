"""The checksum of a message's body."""

from __future__ import annotations

from collections.abc import Iterable

import fastcrc

from igtl.codec.buffers import Buffer

__all__ = ["crc64", "crc64_of"]

#: crc64(data, initial=0) -> int. CRC-64/ECMA-182: polynomial 0x42F0E1EBA9EA3693, init 0, neither
#: reflected nor inverted (protocol document, "Header"). Not the CRC-64 of xz. Takes any
#: contiguous buffer.
crc64 = fastcrc.crc64.ecma_182


def crc64_of(buffers: Iterable[Buffer]) -> int:
    """Checksum of `buffers` as if they were one."""
    crc = 0
    for buffer in buffers:
        crc = crc64(buffer, crc)
    return crc
