"""Queries: what a client sends to get data, and the short answers to them.

Every type may have four companions on the wire: GET_x asks for one x, STT_x starts a stream of
them, STP_x stops it, RTS_x says whether that worked (protocol document version 2, "Query
mechanism"). In Python they are made from the type's class:

    Get(Image, device_name="CT")  Start(TrackingData, interval=0.02)  Stop(Image)  Ready(Image)

`message.target` is the class that a query is about; `isinstance(message, Get)` tells the kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from igtl.codec.buffers import Buffer
from igtl.codec.declaration import field
from igtl.codec.layout import I8
from igtl.errors import MessageError
from igtl.messages.message import Message
from igtl.messages.registry import message

__all__ = ["Companion", "Get", "Ready", "Start", "Stop", "companion", "queries"]

C = TypeVar("C", bound="Companion")
M = TypeVar("M", bound=Message)


class Companion(Message):
    """Base of the four kinds of queries and answers."""

    #: What the wire type begins with.
    prefix: ClassVar[str] = ""
    #: The class of messages that this one is about.
    target: ClassVar[type[Message]] = Message
    _of: ClassVar[dict[type[Message], type[Companion]]] = {}

    def __new__(cls, target: type[Message], *args: Any, **named: Any) -> Self:
        """The companion of `target`: an instance of that type's own subclass."""
        made = cls._of.get(target)
        if made is None or not issubclass(made, cls):
            known = ", ".join(sorted(one.__name__ for one in cls._of))
            raise MessageError(
                f"{cls.prefix}* does not exist for {getattr(target, '__name__', target)!r}; "
                f"it does for {known}"
            )
        return object.__new__(made)

    def __init__(self, target: type[Message], *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)

    @classmethod
    def of(cls, target: type[Message]) -> type[Companion] | None:
        """The class of this kind of query for `target`; None when the type has none."""
        return cls._of.get(target)

    def _remade(self, values: dict[str, Any]) -> Self:
        return type(self)(self.target, **values)

    def __repr__(self) -> str:
        kind = next(one for one in type(self).__mro__ if one in _KINDS)
        shown = super().__repr__().partition("(")[2]
        return f"{kind.__name__}({self.target.__name__}{', ' if shown != ')' else ''}{shown}"


class _Bare(Companion):
    """A query without content, unless a subclass declares fields.

    Content that a peer adds all the same is kept and means nothing.
    """

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        return super()._decode(content) if cls.names else {}


class Get(_Bare):
    """GET_x: asks for one x. An empty device name asks for any."""

    prefix = "GET_"
    _of: ClassVar[dict[type[Message], type[Companion]]] = {}

    if TYPE_CHECKING:  # constructor and fields are those of the target's own query

        def __init__(self, target: type[Message], *args: Any, **named: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...


class Start(_Bare):
    """STT_x: asks for a stream of x."""

    prefix = "STT_"
    _of: ClassVar[dict[type[Message], type[Companion]]] = {}

    if TYPE_CHECKING:  # constructor and fields are those of the target's own query

        def __init__(self, target: type[Message], *args: Any, **named: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...


class Stop(_Bare):
    """STP_x: ends a stream of x."""

    prefix = "STP_"
    _of: ClassVar[dict[type[Message], type[Companion]]] = {}

    if TYPE_CHECKING:  # constructor and fields are those of the target's own query

        def __init__(self, target: type[Message], *args: Any, **named: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...


class Ready(Companion):
    """RTS_x: whether a query could be obeyed.

    Args:
        status: 0 success, anything else failure.
    """

    prefix = "RTS_"
    _of: ClassVar[dict[type[Message], type[Companion]]] = {}

    status: int = field(I8, default=0, doc="0 success, 1 error")

    if TYPE_CHECKING:  # constructor and fields are those of the target's own query

        def __init__(self, target: type[Message], *args: Any, **named: Any) -> None: ...


_KINDS: tuple[type[Companion], ...] = (Get, Start, Stop, Ready)


def companion(target: type[Message], *names: str) -> Callable[[type[C]], type[C]]:
    """Class decorator: this is how that kind of query looks for `target`.

    Args:
        names: the target's name behind the prefix, and others accepted when reading; None given
            takes the target's wire type.
    """

    def register(cls: type[C]) -> type[C]:
        wire_types = [cls.prefix + name for name in names or (target.wire_type,)]
        cls.target = target
        cls._of[target] = cls
        return message(*wire_types)(cls)

    return register


def queries(kinds: str, *names: str) -> Callable[[type[M]], type[M]]:
    """Class decorator: the queries that a type has, where their content is the usual one.

    Args:
        kinds: some of "GET STT STP RTS".
        names: what follows the prefix, when it is not the wire type; further ones are accepted.
    """

    def register(cls: type[M]) -> type[M]:
        for kind in _KINDS:
            if kind.prefix.rstrip("_") in kinds.split():
                about = (kind.__doc__ or "").replace("_x:", f"_{(names or (cls.wire_type,))[0]}:")
                doc = about.replace(" x.", f" {cls.wire_type}.").replace(
                    " x,", f" {cls.wire_type},"
                )
                made = type(kind.__name__ + cls.__name__, (kind,), {"__doc__": doc})
                companion(cls, *names)(made)
        return cls

    return register
