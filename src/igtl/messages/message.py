"""What every message is: a meaning on top of bytes.

A message is its content in wire form, seen as fields. A constructor checks and encodes what it is
given, so a wrong value is reported where it was made; a received message keeps the frame it came
in. Either way a field is decoded when somebody reads it, and a message that is passed on goes out
as the same bytes.

A message class declares its fields (`igtl.codec.declaration`) and registers its wire type with
`message`. Types whose meaning is not simply their wire fields (IMAGE, POLYDATA, ...) override
`_decode` and write their own constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypedDict, TypeVar, Unpack

from igtl.codec import extended, text, time
from igtl.codec.buffers import Buffer, Buffers, compact, join, total
from igtl.codec.crc import crc64, crc64_of
from igtl.codec.declaration import Declared, field, shown
from igtl.codec.extended import Metadata
from igtl.codec.frame import HEADER, NAME_SIZE, TYPE_SIZE, Frame, parse
from igtl.codec.layout import U16, U32, Row, Text, Time
from igtl.errors import DecodeError, MessageError

__all__ = [
    "HEADER_ROWS",
    "Common",
    "Message",
    "Unknown",
    "decode",
    "decode_frame",
    "describe",
    "encode",
    "encode_buffers",
    "message",
    "message_types",
    "registered",
]

M = TypeVar("M", bound="Message")


class Common(TypedDict, total=False):
    """What every constructor takes by name, besides the fields of its type."""

    device_name: str
    timestamp: float | None
    metadata: Mapping[str, str]
    message_id: int
    header_version: int | None
    wire_type: str


class Message(Declared):
    """Base of all messages. Immutable; fields are read-only views where they are arrays.

    Args:
        device_name: who speaks, up to 20 bytes.
        timestamp: when the data was acquired, in seconds since 1970 UTC. None: not given (0 on the
            wire); `send` and `publish` then fill in the time of sending.
        metadata: keys and values that travel along (needs header version 2).
        message_id: 32-bit number (needs header version 2).
        header_version: 1 or 2; None takes 1 unless something needs 2.
        wire_type: one of the class's other wire types, such as "QTRANS" for `Position`.
    """

    __slots__ = ("_content", "_frame")

    #: Lowest header version that carries this type.
    lowest_version: ClassVar[int] = 1
    #: Names of the fields that the constructor takes.
    names: ClassVar[tuple[str, ...]] = ()

    _wire_types: ClassVar[tuple[str, ...]] = ()
    _raw_type: ClassVar[bytes] = b""

    if TYPE_CHECKING:  # for the signature that type checkers see; the values lie in the header
        device_name: str = field(Text(20), default="", kw_only=True)
        timestamp: float | None = field(Time, default=None, kw_only=True)
        metadata: Mapping[str, str] = field(U32, default=extended.EMPTY, kw_only=True)
        message_id: int = field(U32, default=0, kw_only=True)
        header_version: int | None = field(U16, default=None, kw_only=True)
        wire_type: str = field(Text(12), default="", kw_only=True)

        @property
        def _frame(self) -> Frame | None: ...
        @property
        def _content(self) -> Buffers: ...
    else:
        #: The type's name on the wire; set by `message`.
        wire_type = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "wire" in vars(cls) and "names" not in vars(cls):
            cls.names = cls.wire.names

    def __init__(self, *args: Any, **named: Any) -> None:
        common = {name: named.pop(name) for name in _COMMON if name in named} if named else {}
        values = self.wire.bind(type(self).__name__, args, named)
        self._build(self._encode(values), common)  # type: ignore[arg-type]

    def _build(self, content: Buffer | Buffers, common: Common) -> None:
        """Fill a new message with its content and checked common fields."""
        _set_content(self, (content,) if isinstance(content, (bytes, memoryview)) else content)
        _set_frame(self, None)
        if common:
            self.__dict__.update(_checked(type(self), common))

    @classmethod
    def _encode(cls, values: dict[str, Any]) -> Buffer | Buffers:
        """Content for the values of the declared fields; MessageError when one does not fit."""
        return cls.wire.pack(values)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        """Fields of `content`, by name; DecodeError when it is malformed."""
        cls.wire.check(content)
        return cls.wire.unpack(content)

    @classmethod
    def _check(cls, content: Buffer) -> dict[str, Any] | None:
        """Make sure that `_decode` will succeed; fields that were decoded to find out.

        Raises:
            DecodeError: it would not.
        """
        if cls._decode.__func__ is not Message._decode.__func__:  # type: ignore[attr-defined]
            return cls._decode(content)
        cls.wire.check(content)
        return None

    @classmethod
    def _received(cls, frame: Frame) -> Self:
        """The message in a frame whose checksum was verified; DecodeError when it is malformed."""
        self = cls._shell(frame)
        try:
            fields = cls._check(self._content[0])
        except DecodeError as error:
            raise DecodeError(
                f"{frame.type_name} of device {frame.device_name!r}: {error}"
            ) from error
        if fields is not None:
            self.__dict__.update(fields)
        return self

    @classmethod
    def knows(cls, raw_type: bytes) -> bool:
        """Whether a header's 12 bytes of type could be a message of this class."""
        return issubclass(_class_of(raw_type), cls)

    @classmethod
    def _shell(cls, frame: Frame) -> Self:
        """The message in a frame, its content not looked at yet."""
        self = _new(cls)
        _set_frame(self, frame)
        if frame.version == 1:
            _set_content(self, (frame.body,))
        else:
            content, message_id, metadata = extended.split(frame.body)
            _set_content(self, (content,))
            self.__dict__.update(message_id=message_id, metadata=metadata)
        if frame.raw_type != cls._raw_type:
            self.__dict__["wire_type"] = frame.type_name
        return self

    def __getattr__(self, name: str) -> Any:
        """Decode what was not read before: common fields, or all fields of the content."""
        if name in _COMMON:
            value = self._common(name)
            self.__dict__[name] = value
            return value
        if name in self.names:
            self.__dict__.update(self._decode(self.raw_content))
            return self.__dict__[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _common(self, name: str) -> Any:
        frame = self._frame
        if name == "header_version":
            return frame.version if frame else self._version(None)
        if frame is None or name in ("metadata", "message_id"):
            return _DEFAULTS[name]
        if name == "timestamp":
            return frame.timestamp
        return self._long_name(frame)

    def _long_name(self, frame: Frame) -> str:
        """The device's name; a full field may be the start of a longer one in the metadata (PLUS)."""
        name = frame.device_name
        if 0 not in frame.raw_name:
            longer = self.metadata.get("IGTL_DEVICE_NAME", "")
            if longer.startswith(name):
                return longer
        return name

    @property
    def raw_content(self) -> Buffer:
        """The content's bytes: the body without extended header and metadata."""
        return self._content[0] if len(self._content) == 1 else join(self._content)

    @property
    def timestamp_ns(self) -> int | None:
        """Nanoseconds since 1970 UTC, None when not given. Exact to the wire's 0.23 ns."""
        raw = self._raw_time(0.0)
        return time.nanoseconds(raw) if raw else None

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed; the content is encoded again only when it changes."""
        if changes.keys() <= _COMMON:
            copy = _new(type(self))
            copy._build(self._content, self._given() | changes)  # type: ignore[arg-type]
            return copy
        fields = {name: getattr(self, name) for name in self.names}
        return type(self)(**fields | self._given() | changes)

    def _given(self) -> dict[str, Any]:
        """The common fields as a constructor takes them."""
        given = {name: self.__dict__[name] for name in _COMMON if name in self.__dict__}
        if self._frame is not None:
            given |= {"device_name": self._frame.device_name, "timestamp": self.timestamp}
            given |= {"header_version": min(self._frame.version, 2)}
        return given

    def _version(self, asked: int | None) -> int:
        """Header version to write.

        Raises:
            MessageError: `asked` is not 1 or 2, or cannot carry what this message has.
        """
        needed = 2 if self.metadata or self.message_id else 1
        if asked is None:
            asked = max(needed, self.lowest_version)
        if asked not in (1, 2):
            raise MessageError(f"header version {asked!r} cannot be written, expected 1 or 2")
        if asked < needed:
            raise MessageError("metadata and message ids need header version 2, 1 was asked for")
        return asked

    def _raw_time(self, now: float) -> int:
        """The 64 bits of the time; `now` stands in for a time that was not given."""
        if self._frame is not None:
            return self._frame.raw_time
        seconds = self.__dict__.get("timestamp")
        return time.to_wire(now if seconds is None else seconds)

    def _raw_name(self) -> bytes:
        return self._frame.raw_name if self._frame is not None else self.device_name.encode()

    def _body(self, version: int) -> Buffers:
        if version == 1:
            return self._content
        before, behind = extended.wrap(self.message_id, Metadata.of(self.metadata))
        return before, *self._content, behind

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return encode(self) == encode(other)

    def __hash__(self) -> int:
        return hash((self.wire_type, self._raw_name(), self._raw_time(0.0)))

    def __reduce__(self) -> tuple[Any, ...]:
        return decode, (encode(self),)

    def __repr__(self) -> str:
        fields = {name: getattr(self, name) for name in self.names}
        common = {name: getattr(self, name) for name in _COMMON - {"header_version", "wire_type"}}
        given = {name: common[name] for name in _DEFAULTS if common[name]}
        return f"{type(self).__name__}({shown(fields | given)})"

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table of the content, from the declaration."""
        return cls.wire.rows()

    @classmethod
    def _more_parameters(cls) -> list[Any]:
        from inspect import Parameter

        return [Parameter(n, Parameter.KEYWORD_ONLY, default=v) for n, v in _DEFAULTS.items()]


_DEFAULTS: dict[str, Any] = {
    "device_name": "",
    "timestamp": None,
    "metadata": extended.EMPTY,
    "message_id": 0,
}
_COMMON = _DEFAULTS.keys() | {"header_version", "wire_type"}

_new = object.__new__
# Slots are filled through their descriptors: assignment is closed, messages being immutable.
_set_frame: Callable[[Message, Frame | None], None] = Message.__dict__["_frame"].__set__
_set_content: Callable[[Message, Buffers], None] = Message.__dict__["_content"].__set__


def _checked(cls: type[Message], common: Common) -> Mapping[str, Any]:
    """The common fields as they are kept.

    Raises:
        MessageError: one of them does not fit the header.
    """
    unknown = common.keys() - _COMMON
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {sorted(unknown)[0]!r}")
    kept: dict[str, Any] = dict(common)
    if "device_name" in kept:
        text.encode_fixed(kept["device_name"], NAME_SIZE, "device_name")
    if kept.get("timestamp") is not None:
        kept["timestamp"] = _seconds(kept["timestamp"])
    if "metadata" in kept:
        kept["metadata"] = Metadata.of(kept["metadata"])
    if not 0 <= kept.get("message_id", 0) < 1 << 32:
        raise MessageError(f"message_id is {kept['message_id']}, expected 0 to 2**32 - 1")
    if kept.get("header_version", 1) not in (None, 1, 2):
        raise MessageError(f"header_version is {kept['header_version']!r}, expected 1, 2 or None")
    if "wire_type" in kept and kept["wire_type"] not in cls._wire_types:
        raise MessageError(f"wire_type is {kept['wire_type']!r}, expected one of {cls._wire_types}")
    if kept.get("header_version", 1) is None:
        del kept["header_version"]
    return kept


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise MessageError(f"timestamp is {value!r}, expected seconds since 1970 or None") from None
    time.to_wire(seconds)
    return seconds


_registry: dict[bytes, type[Message]] = {}


def message(wire_type: str, *aliases: str) -> Callable[[type[M]], type[M]]:
    """Class decorator that registers a message type under its name on the wire.

    Args:
        wire_type: the name to write, 1 to 12 bytes of ASCII.
        aliases: other names under which the same content is read; also written on request.

    Raises:
        MessageError: the name does not fit, or another class has it.
    """

    def register(cls: type[M]) -> type[M]:
        cls.wire_type, cls._wire_types = wire_type, (wire_type, *aliases)
        for name in cls._wire_types:
            data = text.encode_fixed(name, TYPE_SIZE, "wire type")
            if not name or not name.isascii():
                raise MessageError(f"wire type {name!r} is not 1 to {TYPE_SIZE} ASCII characters")
            taken = _registry.setdefault(data, cls)
            if taken.__qualname__ != cls.__qualname__ or taken.__module__ != cls.__module__:
                raise MessageError(f"wire type {name!r} is {taken.__name__} already")
            _registry[data] = _padded[data.ljust(TYPE_SIZE, b"\0")] = cls
        cls._raw_type = wire_type.encode().ljust(TYPE_SIZE, b"\0")
        return cls

    return register


#: The same registry under the 12 bytes of a header.
_padded: dict[bytes, type[Message]] = {}


def registered(wire_type: str) -> type[Message] | None:
    """The class of a wire type, None when igtl does not know it."""
    return _registry.get(wire_type.encode())


def message_types() -> Mapping[str, type[Message]]:
    """All known wire types, queries included, and their classes."""
    return {name.decode(): cls for name, cls in sorted(_registry.items())}


class Unknown(Message):
    """A message of a type that igtl does not know: its bytes, kept as they are.

    Args:
        wire_type: its name on the wire.
        content: its content's bytes.
    """

    def __init__(self, wire_type: str, content: bytes, **common: Any) -> None:
        if not wire_type or not isinstance(content, (bytes, bytearray, memoryview)):
            raise MessageError("Unknown takes the name of a type and the bytes of its content")
        text.encode_fixed(wire_type, TYPE_SIZE, "wire type")
        self._build(bytes(content), common)  # type: ignore[arg-type]
        self.__dict__["wire_type"] = wire_type

    @property
    def content(self) -> Buffer:
        """The content's bytes."""
        return self.raw_content

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return {}

    def replace(self, **changes: Any) -> Self:
        own = {"wire_type": self.wire_type, "content": self.content}
        return type(self)(**own | self._given() | changes)

    def __repr__(self) -> str:
        return f"Unknown({self.wire_type!r}, <{len(self.content)} bytes>, device_name={self.device_name!r})"


def decode_frame(frame: Frame) -> Message:
    """The message in a frame.

    Raises:
        ChecksumError: the body does not match the header's CRC.
        DecodeError: the content is not valid for its type.
    """
    if crc64(frame[6]) != frame[5]:
        frame.verify()
    return (_padded.get(frame[1]) or _class_of(frame[1]))._received(frame)


def _class_of(raw_type: bytes) -> type[Message]:
    """The class for a header's 12 bytes of type, whatever follows a NUL in them."""
    return _registry.get(raw_type.partition(b"\0")[0], Unknown)


def decode(data: bytes | bytearray | memoryview) -> Message:
    """The message in `data`, which holds exactly one.

    Arrays of the message are views of `data`: do not write to it afterwards.

    Raises:
        DecodeError: anything is wrong with it; nothing else is ever raised for bytes.
    """
    if not isinstance(data, bytes):
        data = memoryview(data).cast("B").toreadonly()
    return decode_frame(parse(data))


def encode_buffers(message: Message, *, version: int | None = None, now: float = 0.0) -> Buffers:
    """The message's bytes in as few pieces as is cheap to send; large arrays are not copied.

    Args:
        version: header version to write; None keeps the message's own.
        now: seconds since 1970 that stand in for a timestamp that was not given; 0 gives none.

    Raises:
        MessageError: the message does not fit that header version.
    """
    frame = message._frame
    if frame is not None and (version is None or version == frame.version):
        return compact(frame.buffers())
    if version is None:
        version = message.__dict__.get("header_version")
    version = message._version(version)
    body = message._body(version)
    header = HEADER.pack(
        version,
        message.wire_type.encode(),
        message._raw_name(),
        message._raw_time(now),
        total(body),
        crc64_of(body),
    )
    return compact((header, *body))


def encode(message: Message, version: int | None = None) -> bytes:
    """The message's bytes.

    Args:
        version: header version to write, 1 or 2. None: a decoded message keeps its own; a new one
            takes what it was made with, or 1 unless it carries what only 2 can.

    Raises:
        MessageError: the message does not fit that header version.
    """
    return join(encode_buffers(message, version=version))


#: The header that is in front of every body.
HEADER_ROWS = (
    Row(0, 2, "version", "u16", "of this header: 1, or 2 with extended header and metadata"),
    Row(2, 12, "type", "char[12]", "wire type"),
    Row(14, 20, "device_name", "char[20]", "who speaks"),
    Row(34, 8, "timestamp", "time 32.32", "seconds since 1970 UTC; 0 when not given"),
    Row(42, 8, "body_size", "u64", "bytes behind this header"),
    Row(50, 8, "crc", "u64", "CRC-64/ECMA-182 of the body"),
)


def describe(wire_type: str) -> list[Row]:
    """The byte table of a type's content, as (offset, size, name, type, doc) rows.

    Raises:
        MessageError: igtl does not know the type; the text names similar ones.
    """
    cls = registered(wire_type)
    if cls is None:
        from difflib import get_close_matches

        close = get_close_matches(wire_type.upper(), message_types(), n=3, cutoff=0.5)
        raise MessageError(
            f"message type {wire_type!r} is not known"
            + (f", did you mean {' or '.join(close)}?" if close else "")
        )
    return cls.rows()
