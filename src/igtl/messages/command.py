"""Asking a device to do something: COMMAND, its reply, and the undocumented QUERY."""

from __future__ import annotations

from typing import Any, Unpack

from igtl.codec import text
from igtl.codec.buffers import Buffer
from igtl.codec.layout import U16, U32, Layout, Row, Text
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.registry import message

__all__ = ["Command", "CommandReply", "Query"]

_PREFIX = Layout(
    [
        ("command_id", U32, "the reply carries the same"),
        ("name", Text(128), "the command; in a reply the error, if any"),
        ("encoding", U16, "MIBenum: 3 US-ASCII, 106 UTF-8"),
        ("length", U32, "bytes of the content"),
    ]
)
#: The reference stops at this many bytes of content; more is read, but not written.
_LIMIT = 0xFFFF


class _Command(Message):
    """What COMMAND and RTS_COMMAND share: their layout."""

    lowest_version = 2
    names = ("command_id", "name", "content")

    command_id: int
    name: str
    content: str

    def _fill(self, command_id: int, name: str, content: str, common: Common) -> None:
        if not isinstance(content, str):
            raise MessageError(f"content is {type(content).__name__}, expected str, XML by habit")
        encoding = text.encoding_of(content)
        data = text.encode(content, encoding, "content")
        if len(data) > _LIMIT:
            raise MessageError(f"content takes {len(data)} bytes, peers read {_LIMIT} at most")
        head = {"command_id": command_id, "name": name, "encoding": encoding, "length": len(data)}
        self._build(_PREFIX.pack(head) + data, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _PREFIX.unpack(content)
        data = bytes(content[_PREFIX.size :])
        if len(data) != head["length"]:
            raise DecodeError(f"a content of {head['length']} bytes, but {len(data)} are there")
        fields = {name: head[name] for name in ("command_id", "name")}
        return fields | {"content": text.decode(data, head["encoding"])}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_PREFIX.rows(), Row(_PREFIX.size, None, "content", "char[length]", "XML by habit")]


@message("COMMAND")
class Command(_Command):
    """Asks a device to do something: COMMAND. Written with header version 2.

    Args:
        command_id: 32-bit number that the reply will carry.
        name: what to do, up to 127 bytes.
        content: arguments, XML by habit, up to 65,535 bytes.
    """

    def __init__(
        self, command_id: int, name: str, content: str = "", **common: Unpack[Common]
    ) -> None:
        self._fill(command_id, name, content, common)


@message("RTS_COMMAND")
class CommandReply(_Command):
    """What came of a command: RTS_COMMAND. Written with header version 2.

    Args:
        command_id: that of the command.
        name: empty or the command's name when it succeeded, else the error, up to 127 bytes.
        content: result, XML by habit, up to 65,535 bytes.
    """

    def __init__(
        self, command_id: int, name: str = "", content: str = "", **common: Unpack[Common]
    ) -> None:
        self._fill(command_id, name, content, common)


_QUERY = Layout(
    [
        ("query_id", U32, "chosen by the sender"),
        ("data_type", Text(32), "wire type that is asked for"),
        ("length", U16, "bytes of the uid"),
    ]
)


@message("QUERY")
class Query(Message):
    """QUERY, which no document describes: the reference alone has it.

    Args:
        query_id: 32-bit number.
        data_type: wire type that is asked for, up to 31 bytes.
        uid: of the item that is asked for, up to 65,535 bytes.
    """

    names = ("query_id", "data_type", "uid")

    query_id: int
    data_type: str
    uid: str

    def __init__(
        self, query_id: int, data_type: str, uid: str = "", **common: Unpack[Common]
    ) -> None:
        data = text.encode_fixed(uid, 0xFFFF, "uid")
        head = {"query_id": query_id, "data_type": data_type, "length": len(data)}
        self._build(_QUERY.pack(head) + data, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _QUERY.unpack(content)
        data = bytes(content[_QUERY.size :])
        if len(data) != head.pop("length"):
            raise DecodeError(f"the length of the uid is not that of the {len(data)} bytes there")
        return head | {"uid": text.decode(data)}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_QUERY.rows(), Row(_QUERY.size, None, "uid", "char[length]", "without a NUL")]
