"""What is left of damaged bytes: where sound records go on, and which messages still make sense.

A recording says many things twice: a message's size stands in its record and in its own header,
what its header begins with stands in its channel, its time in its record, its body has a CRC-64
and its chunk a CRC-32. What agrees in all of that is sound. If a single bit of a chunk changed, its
CRC-32 even tells which.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np

from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER, HEADER_SIZE
from igtl.codec.time import nanoseconds
from igtl.recording.filing import KEY_SIZE, Key, key_of
from igtl.recording.layout import MESSAGE_HEAD, RECORD, Chunk, Opcode
from igtl.recording.soundness import record_end, starts_record
from igtl.recording.walk import Offsets, channels_of, walk

__all__ = ["holds_chunk", "mended", "next_record", "salvage_chunk"]

#: How records begin: an opcode of the specification, and a length below 2**40.
_BEGINNING = re.compile(rb"[\x01-\x0f](?=.{5}\0\0\0)", re.DOTALL)
_CHUNK_BEGINNING = re.compile(rb"\x06(?=.{5}\0\0\0)", re.DOTALL)
_MESSAGE_BEGINNING = re.compile(rb"\x05(?=.{5}\0\0\0)", re.DOTALL)
#: A file whose first bytes are damaged is believed to be a recording if a chunk begins so early.
_EARLY = 64 << 20
#: So many places where one may begin are looked at.
_CANDIDATES = 100_000
_HEAD = MESSAGE_HEAD.size
_POLYNOMIAL = 0xEDB8_8320  # of the CRC-32, its lowest power in the highest bit
_ALL = 0xFFFF_FFFF
#: Bytes of zeros by which the search for a flipped bit goes at once.
_STRIDE = 1024


def next_record(data: memoryview, position: int) -> int | None:
    """Where the next sound record of the file begins, at `position` or behind; None: nowhere.

    Records within a chunk count, so that what follows a broken chunk's head is found.
    """
    for found in _BEGINNING.finditer(data, position):
        if starts_record(data, found.start()):
            return found.start()
    return None


def holds_chunk(data: memoryview) -> bool:
    """Whether a sound chunk stands near the beginning: it is MCAP, whatever it begins with."""
    for found in islice(_CHUNK_BEGINNING.finditer(data, 0, _EARLY), _CANDIDATES):
        end = record_end(data, found.start())
        if end is not None:
            chunk = Chunk.parse(data[found.start() + RECORD.size : end])
            if chunk.crc and (chunk.compression or zlib.crc32(chunk.records) == chunk.crc):
                return True
    return False


def salvage_chunk(records: memoryview, keys: Mapping[int, Key]) -> Offsets:
    """(n,) where the sound messages are among records of which some are damaged, ascending.

    Messages whose CRC-64 is wrong are among them if the chunk notes that some of their channel
    came so; which of them were damaged since cannot be told then.

    Args:
        records: of a chunk, not compressed.
        keys: what the messages of each channel have in common.
    """
    return np.array([one.offset for one in _kept(list(_messages(records, keys)))], np.int64)


def mended(records: memoryview, crc: int) -> memoryview | None:
    """The records as they were, if one bit of them changed; None if more did.

    Args:
        records: of a chunk, not compressed, whose CRC-32 is not `crc`.
        crc: their CRC-32 as the chunk has it.
    """
    bit = _flipped_bit(zlib.crc32(records) ^ crc, len(records) * 8)
    if bit is None:
        return None
    whole = bytearray(records)
    whole[-1 - bit // 8] ^= 0x80 >> bit % 8
    right = memoryview(whole).toreadonly()
    return right if _is_whole(right) else None


class _Message(NamedTuple):
    """A message that makes sense."""

    offset: int
    end: int
    channel: int
    is_right: bool
    """Whether its CRC-64 is."""
    is_erased: bool
    """Whether its body and its CRC-64 are zeros, which agree: the CRC of zeros is 0."""
    noted: Counter[int]
    """How many wrong ones the chunk notes, by channel; of the event that this is."""


def _is_whole(records: memoryview) -> bool:
    """Whether nothing but sound records follow each other, and all that they say agrees."""
    walked = walk(records, 0, len(records))
    channels = channels_of(walked.described)
    keys = {one.id: key for one in channels if (key := key_of(one)) is not None}
    found = list(_messages(records, keys))
    sound = {one.offset for one in found}
    others = [at for at in walked.messages.tolist() if at not in sound]
    wrong = Counter(one.channel for one in found if not one.is_right)
    return (
        walked.end == len(records)
        and len(channels) == len(walked.described)
        and wrong == _noted(found)
        and not any(_channel_at(records, at) in keys for at in others)
    )


def _channel_at(records: memoryview, at: int) -> int:
    """The channel of a message record."""
    return int.from_bytes(records[at + RECORD.size : at + RECORD.size + 2], "little")


def _kept(found: list[_Message]) -> list[_Message]:
    """Without those whose body was damaged since it came."""
    noted = _noted(found)
    whole = [one for one in found if not one.is_erased]
    return [one for one in whole if one.is_right or noted[one.channel]]


def _noted(found: list[_Message]) -> Counter[int]:
    return sum((one.noted for one in found), Counter())


def _messages(records: memoryview, keys: Mapping[int, Key]) -> Iterator[_Message]:
    """The messages that agree with themselves, whatever is between them."""
    channels = {(key.connection, key.wire_type, key.device_name): n for n, key in keys.items()}
    at: int | None = 0
    while at is not None:
        message = _message(records, at, keys, channels)
        if message is not None:
            yield message
            at = message.end
            continue
        end = record_end(records, at) if starts_record(records, at) else None
        at = end if end is not None else _next_message(records, at + 1, keys, channels)


def _next_message(
    records: memoryview,
    position: int,
    keys: Mapping[int, Key],
    channels: Mapping[tuple[str, str, str], int],
) -> int | None:
    for found in _MESSAGE_BEGINNING.finditer(records, position):
        if _message(records, found.start(), keys, channels) is not None:
            return found.start()
    return None


def _message(
    records: memoryview,
    at: int,
    keys: Mapping[int, Key],
    channels: Mapping[tuple[str, str, str], int],
) -> _Message | None:
    """The message at a position, if everything about it fits."""
    if at + _HEAD > len(records):
        return None
    opcode, length, channel, _, time_ns, published = MESSAGE_HEAD.unpack_from(records, at)
    start, end = at + _HEAD, at + RECORD.size + length
    if opcode != Opcode.MESSAGE or not start <= end <= len(records):
        return None
    key = keys.get(channel)
    if key is None:
        noted = _event(records[start:end], channels)
        return None if noted is None else _Message(at, end, channel, True, False, noted)
    if end - start < HEADER_SIZE or records[start : start + KEY_SIZE] != key.prefix:
        return None
    *_, raw_time, size, crc = HEADER.unpack_from(records, start)
    sent = nanoseconds(raw_time) if raw_time else time_ns
    if size != end - start - HEADER_SIZE or published != sent:
        return None
    right = crc64(records[start + HEADER_SIZE : end]) == crc
    return _Message(at, end, channel, right, right and not crc and size > 0, Counter())


def _event(data: memoryview, channels: Mapping[tuple[str, str, str], int]) -> Counter[int] | None:
    """How many messages of a channel came with a wrong CRC-64, by an event; None if it is none."""
    try:
        event = json.loads(bytes(data))
        if event["event"] != "checksum":
            return Counter()
        key = event["connection"], event["type"], event["device"]
        return Counter({channels[key]: int(event["count"])})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _flipped_bit(syndrome: int, bits: int) -> int | None:
    """Which of `bits` changed, counted from the end, for a CRC-32 to change by `syndrome`.

    Each bit further in front steps the CRC on once more. These steps are undone from the syndrome
    for a stride, and done in strides from the last bit; where both meet is the bit.
    """
    undone: dict[int, int] = {}
    value = syndrome
    for step in range(8 * _STRIDE):
        undone.setdefault(value, step)
        high = value >> 31
        value = (value ^ (_POLYNOMIAL if high else 0)) << 1 & _ALL | high
    zeros, value = bytes(_STRIDE), _POLYNOMIAL
    for strides in range(bits // (8 * _STRIDE) + 1):
        if value in undone:
            bit = strides * 8 * _STRIDE + undone[value]
            return bit if bit < bits else None
        value = zlib.crc32(zeros, value ^ _ALL) ^ _ALL
    return None
