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
from typing import TYPE_CHECKING, Any, ClassVar, Self

from igtl.codec import extended, text, time
from igtl.codec.buffers import SMALL, Buffer, Buffers, compact, join, total
from igtl.codec.crc import crc64, crc64_of
from igtl.codec.declaration import Declared, field, shown
from igtl.codec.extended import Metadata
from igtl.codec.frame import HEADER, NAME_SIZE, TYPE_SIZE, Frame, parse
from igtl.codec.layout import U16, U32, Row, Text, Time
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import DEFAULTS, NAMES, Common, checked, raw_name
from igtl.messages.registry import class_of, named, sure

__all__ = [
    "HEADER_ROWS",
    "Message",
    "Unknown",
    "decode",
    "decode_frame",
    "decode_sound",
    "describe",
    "encode",
    "encode_buffers",
]


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

    #: All names on the wire, the one that is written first.
    wire_types: ClassVar[tuple[str, ...]] = ()
    #: Lowest header version that carries this type.
    lowest_version: ClassVar[int] = 1
    #: Names of the fields that the constructor takes.
    names: ClassVar[tuple[str, ...]] = ()

    _raw_type: ClassVar[bytes] = b""
    #: Fields of a content that is known to be valid.
    _unpack: ClassVar[Callable[[Buffer], dict[str, Any]]]

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
        #: The type's name on the wire.
        wire_type = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "wire" in vars(cls) and "names" not in vars(cls):
            cls.names = cls.wire.names
        taken = [name for name in cls.wire.names if name in NAMES or hasattr(Message, name)]
        if taken:
            raise TypeError(
                f"{cls.__name__} declares {taken[0]!r}, which every message has already: "
                "give the field another name"
            )

    @classmethod
    def declare(cls, wire_type: str, aliases: tuple[str, ...]) -> None:
        """Take the names on the wire; the decorator `igtl.message` calls this."""
        cls.wire_type, cls.wire_types = wire_type, (wire_type, *aliases)
        cls.__doc__ = f"{(cls.__doc__ or '').rstrip()}\n{_COMMON_DOC}"
        cls._raw_type = wire_type.encode().ljust(TYPE_SIZE, b"\0")
        sure.pop(cls._raw_type, None)  # of the same class before its module was loaded again
        if cls._is_declared():
            cls._unpack = cls.wire.unpack
            if cls.wire.tail is None and cls.names:
                sure[cls._raw_type] = cls.wire.layout.size, cls
        else:
            cls._unpack = cls._decode

    def __init__(self, *args: Any, device_name: str = "", **named: Any) -> None:
        common = {name: named.pop(name) for name in NAMES & named.keys()} if named else {}
        values = self.wire.bind(type(self).__name__, args, named)
        if device_name != "":
            common["device_name"] = device_name
        self._build(self._encode(values), common)

    def _build(self, content: Buffer | Buffers, common: Mapping[str, Any] | Common) -> None:
        """Fill a new message with its content and checked common fields."""
        _set_content(self, (content,) if isinstance(content, (bytes, memoryview)) else content)
        _set_frame(self, None)
        if common:
            self.__dict__.update(checked(type(self), common))

    @classmethod
    def _is_declared(cls) -> bool:
        """Whether the content is just the declared fields."""
        return cls._decode.__func__ is Message._decode.__func__  # type: ignore[attr-defined]

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
    def is_fixed(cls) -> bool:
        """Whether every message of this type has the same size, and any bits of it are valid."""
        return cls._raw_type in sure

    @classmethod
    def knows(cls, raw_type: bytes) -> bool:
        """Whether a header's 12 bytes of type could be a message of this class."""
        return issubclass(class_of(raw_type) or Unknown, cls)

    @classmethod
    def _received(cls, frame: Frame) -> Self:
        """The message in a frame whose checksum was verified; DecodeError when it is malformed."""
        self = cls._shell(frame)
        try:
            if cls._is_declared():
                cls.wire.check(self._content[0])
            else:
                self.__dict__.update(cls._decode(self._content[0]))
        except DecodeError as error:
            raise DecodeError(f"{frame.label}: {error}") from error
        return self

    @classmethod
    def _shell(cls, frame: Frame) -> Self:
        """The message in a frame, its content not looked at yet."""
        self = _new(cls)
        _set_frame(self, frame)
        if frame.version > 1:
            content, message_id, metadata = extended.split(frame.body)
            _set_content(self, (content,))
            self.__dict__.update(message_id=message_id, metadata=metadata)
        if frame.raw_type != cls._raw_type:
            self.__dict__["wire_type"] = frame.type_name
        return self

    def _look_up(self, name: str) -> Any:
        """Give what was not asked for before: common fields, or all fields of the content."""
        if name == "header_version":  # not kept: it may change with what `replace` adds
            return self._frame.version if self._frame else self._version(None)
        if name in NAMES:
            value = self.__dict__[name] = self._common(name)
            return value
        if name in self.names:
            self.__dict__.update(type(self)._unpack(self.raw_content))
            return self.__dict__[name]
        if name == "_content" and self._frame is not None:
            return (self._frame.body,)
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}", name=name, obj=self
        )

    if not TYPE_CHECKING:  # type checkers would let every misspelt field pass
        __getattr__ = _look_up

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *NAMES, *self.names})

    def _common(self, name: str) -> Any:
        frame = self._frame
        if frame is None or name in ("metadata", "message_id"):
            return DEFAULTS[name]
        if name == "timestamp":
            return frame.timestamp
        return self._long_name(frame)

    def _long_name(self, frame: Frame) -> str:
        """The device's name; a full field may begin a longer one in the metadata (PLUS)."""
        name = frame.device_name
        if 0 not in frame.raw_name:
            longer = self.metadata.get("IGTL_DEVICE_NAME", "")
            if longer.startswith(name):
                return longer
        return name

    @property
    def raw_content(self) -> Buffer:
        """The content's bytes: the body without extended header and metadata."""
        if self._frame is not None and self._frame[0] == 1:
            return self._frame[6]
        return self._content[0] if len(self._content) == 1 else join(self._content)

    @property
    def timestamp_ns(self) -> int | None:
        """Nanoseconds since 1970 UTC, None when not given. Exact to the wire's 0.23 ns."""
        raw = self._raw_time(0.0)
        return time.nanoseconds(raw) if raw else None

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed; the content is encoded again only when it changes."""
        if changes.keys() <= NAMES:
            copy = _new(type(self))
            copy._build(self._content, self._given() | changes)
            return copy
        fields = {name: getattr(self, name) for name in self.names}
        return self._remade(fields | self._given() | changes)

    def _remade(self, values: dict[str, Any]) -> Self:
        """A message of the same class with these values."""
        return type(self)(**values)

    def _given(self) -> dict[str, Any]:
        """The common fields as a constructor takes them."""
        given = {name: self.__dict__[name] for name in NAMES & self.__dict__.keys()}
        if self._frame is not None:
            given |= {"device_name": self._given_name(self._frame), "timestamp": self.timestamp}
            if self._frame.version != self.lowest_version:
                given["header_version"] = min(self._frame.version, 2)
        return given

    @staticmethod
    def _given_name(frame: Frame) -> str:
        """The name in a header; one that is not UTF-8 is shortened to fit when it is written so."""
        name = frame.device_name
        while len(name.encode()) > NAME_SIZE:
            name = name[:-1]
        return name

    def _version(self, asked: int | None) -> int:
        """Header version to write.

        Raises:
            MessageError: `asked` is not 1 or 2, or cannot carry what this message has.
        """
        own = self.__dict__
        needed = 2 if own.get("metadata") or own.get("message_id") else 1
        if asked is None:
            return max(needed, own.get("header_version") or self.lowest_version)
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

    def _raw_wire_type(self) -> bytes:
        if self._frame is not None:
            return self._frame.raw_type
        raw_type = self.wire_type.encode() if "wire_type" in self.__dict__ else self._raw_type
        if not raw_type:
            name = type(self).__name__
            raise MessageError(f"{name} has no wire type: declare it with @igtl.message(...)")
        return raw_type

    def _raw_name(self) -> bytes:
        return raw_name(self.device_name) if self._frame is None else self._frame.raw_name

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
        return hash((self.wire_type, self.device_name, self._raw_time(0.0)))

    def __reduce__(self) -> tuple[Any, ...]:
        return decode, (encode(self),)

    def __repr__(self) -> str:
        fields = {name: getattr(self, name) for name in self.names}
        fields |= {name: value for name in DEFAULTS if (value := getattr(self, name))}
        return f"{type(self).__name__}({shown(fields)})"

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table of the content, from the declaration."""
        return cls.wire.rows()

    @classmethod
    def _more_parameters(cls) -> list[Any]:
        from inspect import Parameter

        given = DEFAULTS | {"header_version": None}
        return [Parameter(n, Parameter.KEYWORD_ONLY, default=v) for n, v in given.items()]


_COMMON_DOC = """
    Every message also takes, by name: `device_name` (up to 20 bytes), `timestamp` (seconds since
    1970 UTC; None: the time of sending), `metadata` (a mapping of str to str), `message_id` and
    `header_version` (1 or 2). `igtl.Message` explains them.
    """
_NOTHING: dict[str, Any] = {}
_new = object.__new__
# Slots are filled through their descriptors: assignment is closed, messages being immutable.
_set_frame: Callable[[Message, Frame | None], None] = Message.__dict__["_frame"].__set__
_set_content: Callable[[Message, Buffers], None] = Message.__dict__["_content"].__set__


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
        self._build(bytes(content), common)
        self.__dict__["wire_type"] = wire_type

    @property
    def content(self) -> Buffer:
        """The content's bytes."""
        return self.raw_content

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return {}

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        own = {"wire_type": self.wire_type, "content": self.content}
        return type(self)(**own | self._given() | changes)

    def __repr__(self) -> str:
        size = len(self.content)
        return f"Unknown({self.wire_type!r}, <{size} bytes>, device_name={self.device_name!r})"


def decode_frame(frame: Frame) -> Message:
    """The message in a frame.

    Raises:
        ChecksumError: the body does not match the header's CRC.
        DecodeError: the content is not valid for its type.
    """
    version, raw_type, _, _, size, crc, body = frame
    if crc64(body) != crc:
        frame.verify()
    found = sure.get(raw_type)
    if found is None or found[0] != size or version != 1:
        return decode_sound(frame)
    message = _new(found[1])
    _set_frame(message, frame)
    return message


def decode_sound(frame: Frame) -> Message:
    """The message in a frame whose checksum is known to be right.

    Raises:
        DecodeError: the content is not valid for its type.
    """
    return (class_of(frame.raw_type) or Unknown)._received(frame)


def decode(data: bytes | bytearray | memoryview) -> Message:
    """The message in `data`, which holds exactly one.

    Arrays of the message are views of `data`: do not write to it afterwards.

    Raises:
        DecodeError: anything is wrong with it; nothing else is ever raised for bytes.
        MessageError: these are no bytes.
    """
    if not isinstance(data, bytes):
        try:
            data = memoryview(data).cast("B").toreadonly()
        except TypeError as error:
            raise MessageError(
                f"{data!r:.60} is {type(data).__name__}, expected the bytes of one message, in one "
                "piece"
            ) from error
    return decode_frame(parse(data))


def encode_buffers(
    message: Message | Frame, *, version: int | None = None, now: float = 0.0
) -> Buffers:
    """The message's bytes in as few pieces as is cheap to send; large arrays are not copied.

    Args:
        message: a frame gives the bytes as they came, unchecked.
        version: header version to write; None keeps the message's own.
        now: seconds since 1970 that stand in for a timestamp that was not given; 0 gives none.

    Raises:
        MessageError: the message does not fit that header version.
    """
    if not isinstance(message, Message):
        if isinstance(message, Frame):
            return compact(message.buffers())
        raise no_message(message)
    frame = message._frame
    if frame is not None and (version is None or version == frame.version):
        return compact(frame.buffers())
    version = message._version(version)
    body = message._body(version)
    small = len(body) == 1 and len(body[0]) < SMALL
    header = HEADER.pack(
        version,
        message._raw_wire_type(),
        message._raw_name(),
        message._raw_time(now),
        len(body[0]) if small else total(body),
        crc64(body[0]) if small else crc64_of(body),
    )
    return (header + body[0],) if small else compact((header, *body))


def no_message(thing: Any) -> MessageError:
    """What to say to somebody who sends something else."""
    return MessageError(
        f"{thing!r:.60} is {type(thing).__name__}, expected a message such as "
        "igtl.Transform(matrix, device_name='Probe')"
    )


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
    return named(wire_type).rows()
