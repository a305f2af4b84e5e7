"""Whether a record of a file makes sense: its length, and what its content says about itself."""

from __future__ import annotations

from collections.abc import Callable

from igtl.codec.frame import HEADER, HEADER_SIZE
from igtl.errors import RecordingError
from igtl.recording.layout import (
    CHUNK_HEAD,
    INDEX_ENTRY,
    MAGIC,
    MESSAGE,
    RECORD,
    Channel,
    ChunkIndex,
    Fields,
    Opcode,
    Schema,
    Statistics,
)

__all__ = ["record_end", "starts_record"]

#: Longer records than these, other than chunks, messages and attachments, make no sense.
_LONGEST = 1 << 26
#: A longer chunk than this would not fit into a memory.
_LONGEST_CHUNK = 1 << 40
_LAST_OPCODE, _PRIVATE = max(Opcode), 0x80
#: What a message in JSON begins and ends with.
_BRACES = tuple(b"{}")
_SIZES = {Opcode.DATA_END: 4, Opcode.FOOTER: 20, Opcode.SUMMARY_OFFSET: 17}


def record_end(data: memoryview, at: int) -> int | None:
    """Where the record at a position ends; None if there is none, or none that makes sense.

    What is inside a chunk, and what a message carries, is not looked at.
    """
    end = _fits(data, at)
    if end is None:
        return None
    opcode, content = data[at], data[at + RECORD.size : end]
    try:
        sound = opcode >= _PRIVATE or _CHECKS[opcode](content)
    except (RecordingError, ValueError):
        return None
    sure = opcode in _SURE or (opcode == Opcode.MESSAGE and _explains_itself(content))
    believed = sure or (_goes_on(data, end, opcode) and not _looks_like_chunk(content))
    return end if sound and believed else None


def starts_record(data: memoryview, at: int) -> bool:
    """Whether a record stands at a position among damaged bytes, not only something like it."""
    end = record_end(data, at)
    return end is not None and (
        data[at] != Opcode.MESSAGE or _explains_itself(data[at + RECORD.size : end])
    )


def _fits(data: memoryview, at: int) -> int | None:
    """The end of a record that the file is long enough for."""
    if at + RECORD.size > len(data):
        return None
    opcode, length = RECORD.unpack_from(data, at)
    end: int = at + RECORD.size + length
    return end if _is_opcode(opcode) and end <= len(data) else None


def _is_opcode(opcode: int) -> bool:
    return 0 < opcode <= _LAST_OPCODE or opcode >= _PRIVATE


def _goes_on(data: memoryview, end: int, opcode: int) -> bool:
    """Whether what follows a record may follow it; it may be cut off."""
    if opcode == Opcode.FOOTER:
        return data[end : end + len(MAGIC)] == MAGIC[: len(data) - end]
    if len(data) - end < RECORD.size:
        return True
    following, length = RECORD.unpack_from(data, end)
    return _is_opcode(following) and length < _LONGEST_CHUNK


def _explains_itself(content: memoryview) -> bool:
    """Whether a message is one of OpenIGTLink, or JSON, as far as its size and ends say."""
    start = MESSAGE.size
    if len(content) > start and (content[start], content[-1]) == _BRACES:
        return True
    if len(content) < start + HEADER_SIZE:
        return False
    version, *_, size, _ = HEADER.unpack_from(content, start)
    return bool(version > 0 and size == len(content) - start - HEADER_SIZE)


def _chunk(content: memoryview) -> bool:
    fields = Fields(content)
    start, end, size, _ = CHUNK_HEAD.unpack(fields.take(CHUNK_HEAD.size))
    compression = bytes(fields.take(_short(fields.u32())))
    stored = fields.u64()
    return (
        start <= end
        and stored == len(fields.rest())
        and (compression.isalnum() if compression else size == stored)
    )


def _looks_like_chunk(content: memoryview) -> bool:
    """Whether nothing but the opcode says that this is no chunk."""
    try:
        return _chunk(content)
    except RecordingError:
        return False


def _message_index(content: memoryview) -> bool:
    fields = Fields(content)
    fields.u16()
    size = fields.u32()
    return size == len(fields.rest()) and size % INDEX_ENTRY.size == 0


def _texts(count: int) -> Callable[[memoryview], bool]:
    """A check for so many texts and nothing else."""

    def check(content: memoryview) -> bool:
        fields = Fields(content)
        for _ in range(count):
            fields.take(_short(fields.u32()))
        return not fields.rest()

    return check


def _attachment(content: memoryview) -> bool:
    fields = Fields(content)
    fields.take(16)
    for _ in range(2):
        fields.take(_short(fields.u32()))
    return fields.u64() + 4 == len(fields.rest())


def _parses(parse: Callable[[memoryview], object]) -> Callable[[memoryview], bool]:
    """A check whether something can be made of a record, and is as long as the record."""

    def check(content: memoryview) -> bool:
        if len(content) > _LONGEST:
            return False
        made = parse(content)
        pack: Callable[[], bytes] = getattr(made, "pack")  # noqa: B009 - each of them has it
        return len(pack()) == RECORD.size + len(content)

    return check


def _sized(size: int) -> Callable[[memoryview], bool]:
    return lambda content: len(content) == size


def _short(size: int) -> int:
    if size > _LONGEST:
        raise RecordingError(f"a text of {size} bytes")
    return size


_CHECKS: dict[int, Callable[[memoryview], bool]] = {
    Opcode.HEADER: _texts(2),
    Opcode.SCHEMA: _parses(Schema.parse),
    Opcode.CHANNEL: _parses(Channel.parse),
    Opcode.MESSAGE: lambda content: len(content) >= MESSAGE.size,
    Opcode.CHUNK: _chunk,
    Opcode.MESSAGE_INDEX: _message_index,
    Opcode.CHUNK_INDEX: _parses(ChunkIndex.parse),
    Opcode.ATTACHMENT: _attachment,
    Opcode.ATTACHMENT_INDEX: lambda content: 42 <= len(content) <= _LONGEST,
    Opcode.STATISTICS: _parses(Statistics.parse),
    Opcode.METADATA: _texts(2),
    Opcode.METADATA_INDEX: lambda content: 20 <= len(content) <= _LONGEST,
    **{opcode: _sized(size) for opcode, size in _SIZES.items()},
}
#: These say enough about themselves; what follows them may be damaged.
_SURE = frozenset({Opcode.CHUNK, Opcode.CHANNEL, Opcode.SCHEMA})
