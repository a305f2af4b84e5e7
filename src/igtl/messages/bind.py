"""Several messages in one: BIND, and its queries."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from igtl.codec import text
from igtl.codec.buffers import Buffer, total
from igtl.codec.crc import crc64
from igtl.codec.declaration import field
from igtl.codec.frame import NAME_SIZE, TYPE_SIZE, Frame
from igtl.codec.layout import U8, U16, Duration, Layout, Row
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message, decode_sound
from igtl.messages.query import Get, Ready, Start, companion, queries
from igtl.messages.registry import message

__all__ = ["Bind"]

_COUNT = Layout([("count", U16, "number of children")])
_CHILD = struct.Struct(f">{TYPE_SIZE}sQ")
_U16 = struct.Struct(">H")
#: A child may be a BIND itself, but not without end.
_DEPTH = 8


@queries("STP")
@message("BIND")
class Bind(Message):
    """Several messages that belong together: BIND.

    Children travel without headers: of the common fields only their device names are kept, and
    their time is that of the whole.

    Args:
        children: a sequence of messages, without metadata.
    """

    names = ("children",)

    children: tuple[Message, ...]

    def __init__(self, children: Sequence[Message], **common: Unpack[Common]) -> None:
        if isinstance(children, Message) or not isinstance(children, Sequence):
            raise MessageError(
                f"children are {type(children).__name__}, expected a sequence of messages"
            )
        table, bodies = [], []
        for index, child in enumerate(children):
            if not isinstance(child, Message):
                raise MessageError(f"children[{index}] is {child!r}, expected a message")
            if child.metadata or child.message_id:
                raise MessageError(
                    f"children[{index}] has metadata or a message id, which children cannot carry"
                )
            size = total(child._content)
            table.append(_CHILD.pack(child._raw_wire_type(), size))
            bodies += [*child._content, b"\0" * (size % 2)]
        head = _COUNT.pack({"count": len(table)}) + b"".join(table)
        self._build((head + _pack_names(map(_raw_name, children)), *bodies), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return {"children": _children(content, _DEPTH)}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [
            *_COUNT.rows(),
            Row(2, None, "types", "n x {char[12], u64}", "wire type and size of each child's body"),
            Row(None, 2, "name_size", "u16", "bytes of the names, even"),
            Row(None, None, "names", "char[]", "each with a NUL, together padded to an even size"),
            Row(
                None,
                None,
                "bodies",
                "byte[]",
                "contents of the children, each padded to an even size",
            ),
        ]


def _children(content: Buffer, depth: int) -> tuple[Message, ...]:
    """Take a BIND's content apart.

    Raises:
        DecodeError: it does not fit together, a child is malformed, or nested too deep.
    """
    if depth == 0:
        raise DecodeError(f"BIND nested more than {_DEPTH} deep")
    count = _COUNT.unpack(content)["count"]
    if _COUNT.size + count * _CHILD.size > len(content):
        raise DecodeError(f"{count} children do not fit {len(content)} bytes")
    entries = list(_CHILD.iter_unpack(content[_COUNT.size : _COUNT.size + count * _CHILD.size]))
    names, at = _unpack_names(content, _COUNT.size + count * _CHILD.size, count)
    children = []
    for (raw_type, size), name in zip(entries, names, strict=True):
        if at + size > len(content):
            raise DecodeError(f"child {name!r} of {size} bytes ends outside the content")
        children.append(_child(raw_type, name, content[at : at + size], depth))
        at += size + size % 2
    if at < len(content):
        raise DecodeError(f"{len(content) - at} bytes are left behind the last child")
    return tuple(children)


def _child(raw_type: bytes, name: bytes, body: Buffer, depth: int) -> Message:
    if len(name) > NAME_SIZE:
        raise DecodeError(f"device name of {len(name)} bytes, at most {NAME_SIZE} are possible")
    frame = Frame(1, raw_type, name.ljust(NAME_SIZE, b"\0"), 0, len(body), crc64(body), body)
    if frame.type_name != Bind.wire_type:
        return decode_sound(frame)
    child = Bind._shell(frame)
    child.__dict__["children"] = _children(body, depth - 1)
    return child


def _raw_name(child: Message) -> bytes:
    """A child's device name; as it came, when it was received."""
    return child._raw_name().partition(b"\0")[0]


def _pack_names(names: Iterable[bytes]) -> bytes:
    """Size of the table of names, and the table."""
    table = b"".join(name + b"\0" for name in names)
    table += b"\0" * (len(table) % 2)
    if len(table) > 0xFFFF:
        raise MessageError(f"the device names take {len(table)} bytes, at most 65534 are possible")
    return _U16.pack(len(table)) + table


def _unpack_names(data: Buffer, at: int, count: int) -> tuple[list[bytes], int]:
    """`count` names of the table at `at`, and where it ends. The reference writes odd sizes too.

    Raises:
        DecodeError: the table is cut off, or holds fewer names.
    """
    if at + _U16.size > len(data):
        raise DecodeError("the size of the table of names is missing")
    (size,) = _U16.unpack_from(data, at)
    start, end = at + _U16.size, at + _U16.size + size
    if end > len(data):
        raise DecodeError(f"a table of names of {size} bytes, but {len(data) - start} are there")
    names = bytes(data[start:end]).split(b"\0", count)
    if len(names) < count:
        raise DecodeError(f"a table of {size} bytes does not hold {count} names")
    return names[:count], end


class _Wanted:
    """The part that GET_BIND and STT_BIND share: which children, by type and name."""

    @staticmethod
    def pack(types: Sequence[str], device_names: Sequence[str]) -> bytes:
        """Bytes for what is asked for; none when that is everything."""
        if len(types) != len(device_names):
            raise MessageError(
                f"{len(types)} types, but {len(device_names)} device names: give pairs"
            )
        if not types:
            return b""
        raw = [
            text.encode_fixed(one, TYPE_SIZE, "wire type").ljust(TYPE_SIZE, b"\0") for one in types
        ]
        names = [text.encode_fixed(name, NAME_SIZE, "device name") for name in device_names]
        return _COUNT.pack({"count": len(types)}) + b"".join(raw) + _pack_names(names)

    @staticmethod
    def unpack(data: Buffer) -> dict[str, Any]:
        """Types and names; both empty when everything is asked for."""
        if not data:
            return {"types": (), "device_names": ()}
        if len(data) < _U16.size:
            raise DecodeError("the number of types is missing")
        (count,) = _U16.unpack_from(data)
        end = _U16.size + count * TYPE_SIZE
        if end > len(data):
            raise DecodeError(f"{count} types do not fit {len(data)} bytes")
        raw = bytes(data[_U16.size : end])
        types = [raw[at : at + TYPE_SIZE] for at in range(0, len(raw), TYPE_SIZE)]
        names, at = _unpack_names(data, end, count)
        if at != len(data):
            raise DecodeError(f"{len(data) - at} bytes are left behind the names")
        return {
            "types": tuple(map(text.decode_fixed, types)),
            "device_names": tuple(map(text.decode_fixed, names)),
        }


@companion(Bind)
class GetBind(Get):
    """GET_BIND: asks for some messages, bound together.

    Args:
        types: wire types of the children; empty for everything.
        device_names: their device names, one for each type.
    """

    names = ("types", "device_names")
    types: tuple[str, ...]
    device_names: tuple[str, ...]

    def __init__(
        self,
        target: type[Message] = Bind,
        types: Sequence[str] = (),
        device_names: Sequence[str] = (),
        **common: Unpack[Common],
    ) -> None:
        self._build(_Wanted.pack(types, device_names), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return _Wanted.unpack(content)


_INTERVAL = Layout([("interval", Duration, "between messages; 0 as fast as possible [s]")])


@companion(Bind)
class StartBind(Start):
    """STT_BIND: asks for a stream of messages, bound together.

    Args:
        interval: seconds between them; 0 is as fast as possible.
        types: wire types of the children; empty for everything.
        device_names: their device names, one for each type.
    """

    names = ("interval", "types", "device_names")
    interval: float
    types: tuple[str, ...]
    device_names: tuple[str, ...]

    def __init__(
        self,
        target: type[Message] = Bind,
        interval: float = 0.0,
        types: Sequence[str] = (),
        device_names: Sequence[str] = (),
        **common: Unpack[Common],
    ) -> None:
        self._build(
            _INTERVAL.pack({"interval": interval}) + _Wanted.pack(types, device_names), common
        )

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return _INTERVAL.unpack(content) | _Wanted.unpack(content[_INTERVAL.size :])


@companion(Bind)
class ReadyBind(Ready):
    """RTS_BIND: whether a query could be obeyed; its status is unsigned."""

    status: int = field(U8, default=0, doc="0 success, 1 error")
