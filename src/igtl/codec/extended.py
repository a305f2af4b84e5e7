"""What header version 2 adds around the content: extended header, message id and metadata.

    0              2                 4                8        12
    | EXT_SIZE u16 | META_HDR_SIZE u16 | META_SIZE u32 | MSG_ID u32 | ...
    ... | content | metadata header | metadata |

    EXT_SIZE is 12; what a larger extended header has behind these 12 bytes is skipped.

    metadata header: COUNT u16, then COUNT x { KEY_SIZE u16, VALUE_ENCODING u16, VALUE_SIZE u32 }
    metadata:        key0 value0 key1 value1 ...    (no terminators)

Source: protocol document version 3, "Extended header" and "Metadata".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from igtl.codec import text
from igtl.codec.buffers import Buffer
from igtl.errors import DecodeError, MessageError

__all__ = ["EMPTY", "Extended", "Metadata", "split", "wrap"]

_EXTENDED = struct.Struct(">HHII")
_COUNT = struct.Struct(">H")
_ENTRY = struct.Struct(">HHI")
#: The reference keeps 16 bits of the metadata's size; igtl writes no more than they can say.
_LIMIT = 0xFFFF


class Metadata(Mapping[str, str]):
    """Keys and values that travel with a message, in their order. Immutable.

    A key that occurs twice is read as its last value; `entries` keeps all of them as they came:
    (key, MIBenum of the value's encoding, value) in bytes.
    """

    __slots__ = ("_values", "entries")

    def __init__(self, entries: tuple[tuple[bytes, int, bytes], ...] = ()) -> None:
        self.entries = entries
        self._values = {text.decode(k): text.decode(v, encoding) for k, encoding, v in entries}

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Metadata:
        """Metadata for `values`, written as US-ASCII where that is enough, else as UTF-8.

        Raises:
            MessageError: a key or value is not a str or too long, or all together exceed 64 KiB.
        """
        if isinstance(values, Metadata):
            return values
        if not isinstance(values, Mapping):
            raise MessageError(
                f"metadata is {type(values).__name__}, expected a mapping of str to str"
            )
        made = cls(tuple(_entry(key, value) for key, value in values.items()))
        made.pack()
        return made

    def pack(self) -> tuple[bytes, bytes]:
        """Metadata header and metadata, as bytes; MessageError when they are too large."""
        header_size = _COUNT.size + _ENTRY.size * len(self.entries)
        body = b"".join(k + v for k, _, v in self.entries)
        if header_size > _LIMIT or len(body) > _LIMIT:
            raise MessageError(
                f"metadata takes {header_size} + {len(body)} bytes, over the limit of "
                f"{_LIMIT} each that peers can read: carry less, or send it as a STRING"
            )
        sizes = b"".join(_ENTRY.pack(len(k), encoding, len(v)) for k, encoding, v in self.entries)
        return _COUNT.pack(len(self.entries)) + sizes, body

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))


EMPTY = Metadata()


def _entry(key: str, value: str) -> tuple[bytes, int, bytes]:
    if {type(key), type(value)} != {str}:
        raise MessageError(
            f"metadata {key!r}: {value!r} is {type(key).__name__}: {type(value).__name__}, "
            "expected str: str"
        )
    if not key:
        raise MessageError("metadata has an empty key: give it a name")
    name = f"metadata {key!r}"
    encoding = text.encoding_of(value)
    entry = text.encode(key, text.UTF_8, name), encoding, text.encode(value, encoding, name)
    if len(entry[0]) > _LIMIT or len(entry[2]) > _LIMIT:
        raise MessageError(f"metadata key {key[:40]!r}... and its value must be under 64 KiB")
    return entry


class Extended(NamedTuple):
    """A version 2 body taken apart."""

    content: Buffer
    message_id: int
    metadata: Metadata


def split(body: Buffer) -> Extended:
    """Take a version 2 body apart; the content is a slice of it.

    Raises:
        DecodeError: a size in it does not fit.
    """
    if len(body) < _EXTENDED.size:
        raise DecodeError(
            f"version 2 body of {len(body)} bytes is shorter than its "
            f"{_EXTENDED.size}-byte extended header"
        )
    size, header_size, metadata_size, message_id = _EXTENDED.unpack_from(body)
    end = len(body) - header_size - metadata_size
    if size < _EXTENDED.size or end < size:
        raise DecodeError(
            f"extended header of {size}, metadata header of {header_size} and metadata of "
            f"{metadata_size} bytes do not fit a body of {len(body)} bytes"
        )
    metadata = _read_metadata(bytes(body[end:]), header_size) if header_size else EMPTY
    return Extended(body[size:end], message_id, metadata)


def _read_metadata(data: bytes, header_size: int) -> Metadata:
    """Metadata of `data`, which is the metadata header (`header_size` bytes) and the metadata."""
    if header_size < _COUNT.size:
        raise DecodeError(f"metadata header of {header_size} bytes is too short for its count")
    (count,) = _COUNT.unpack_from(data)
    if count == 0:
        return EMPTY
    if _COUNT.size + count * _ENTRY.size > header_size:
        raise DecodeError(
            f"{count} metadata entries do not fit a metadata header of {header_size} bytes"
        )
    entries = []
    at = header_size
    for index in range(count):
        key_size, encoding, value_size = _ENTRY.unpack_from(data, _COUNT.size + index * _ENTRY.size)
        middle, end = at + key_size, at + key_size + value_size
        if end > len(data):
            raise DecodeError(
                f"metadata entry {index} ends at byte {end - header_size} "
                f"of {len(data) - header_size}"
            )
        entries.append((data[at:middle], encoding, data[middle:end]))
        at = end
    return Metadata(tuple(entries))


def wrap(message_id: int, metadata: Metadata) -> tuple[bytes, bytes]:
    """What goes before and behind the content in a version 2 body.

    Without metadata its header is written all the same: else the reference reads past the body.
    """
    header, body = metadata.pack()
    before = _EXTENDED.pack(_EXTENDED.size, len(header), len(body), message_id)
    return before, header + body
