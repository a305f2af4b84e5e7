"""Text: STRING, and CLIENTINFO, which is the same with XML for PLUS in it."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from igtl.codec import text as wire_text
from igtl.codec.buffers import Buffer
from igtl.codec.layout import U16, Layout, Row
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import queries
from igtl.messages.registry import message

__all__ = ["ClientInfo", "String"]

_PREFIX = Layout([("encoding", U16, "MIBenum: 3 US-ASCII, 106 UTF-8"), ("length", U16, "bytes")])
_LIMIT = 0xFFFF


class _Text(Message):
    """What STRING and CLIENTINFO share: their layout."""

    names = ("text", "encoding")

    text: str
    encoding: int

    #: What to do about a text that is too long.
    _advice: ClassVar[str]

    def _fill(self, text: str, encoding: int | None, common: Common) -> None:
        if not isinstance(text, str):
            raise MessageError(f"text is {type(text).__name__}, expected str")
        encoding = wire_text.encoding_of(text) if encoding is None else encoding
        data = wire_text.encode(text, encoding, "text")
        if len(data) > _LIMIT:
            raise MessageError(
                f"text takes {len(data)} bytes, but a {self.wire_type} has room for {_LIMIT}: "
                f"{self._advice}"
            )
        self._build(_PREFIX.pack({"encoding": encoding, "length": len(data)}) + data, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _PREFIX.unpack(content)
        data = bytes(content[_PREFIX.size :])
        if len(data) != head["length"]:
            raise DecodeError(f"a text of {head['length']} bytes, but {len(data)} are there")
        return {"text": wire_text.decode(data, head["encoding"]), "encoding": head["encoding"]}

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        return [*_PREFIX.rows(), Row(_PREFIX.size, None, "text", "char[length]", "without a NUL")]


@queries("GET")
@message("STRING")
class String(_Text):
    """Text: STRING.

    Args:
        text: up to 65,535 bytes.
        encoding: MIBenum of the character set; None takes US-ASCII (3) where that is enough, else
            UTF-8 (106).
    """

    _advice = "send several"

    def __init__(self, text: str, encoding: int | None = None, **common: Unpack[Common]) -> None:
        self._fill(text, encoding, common)


@message("CLIENTINFO")
class ClientInfo(_Text):
    """What a client wants to get from PLUS: CLIENTINFO, in the layout of STRING.

    PLUS alone has this type. `igtl.protocol.plus.Subscription` writes and reads the XML.

    Args:
        text: XML, `<ClientInfo ...>`, up to 65,535 bytes. It replaces what was wanted before.
        encoding: as for `String`.
    """

    _advice = "ask for less"

    def __init__(self, text: str, encoding: int | None = None, **common: Unpack[Common]) -> None:
        self._fill(text, encoding, common)
