"""Which class is behind which wire type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from igtl.codec import text
from igtl.codec.frame import TYPE_SIZE
from igtl.errors import MessageError

if TYPE_CHECKING:
    from igtl.messages.message import Message

__all__ = ["class_of", "message", "message_types", "named", "sure"]

M = TypeVar("M", bound="Message")

_classes: dict[bytes, type[Message]] = {}
#: Types of which any content of the right size is valid: that size and the class, under the 12
#: bytes that a header has. These need no look at their content when they arrive.
sure: dict[bytes, tuple[int, type[Message]]] = {}


def message(wire_type: str, *aliases: str) -> Callable[[type[M]], type[M]]:
    """Class decorator that registers a message type under its name on the wire.

    Args:
        wire_type: the name to write, 1 to 12 characters of ASCII.
        aliases: other names under which the same content is read; also written on request.

    Raises:
        MessageError: the name does not fit, or another class has it.
    """

    def register(cls: type[M]) -> type[M]:
        names = [_free(name, cls) for name in (wire_type, *aliases)]
        _classes.update(dict.fromkeys(names, cls))
        cls.declare(wire_type, aliases)
        return cls

    return register


def _free(name: str, cls: type[Message]) -> bytes:
    """The bytes of a name that `cls` may have."""
    data = text.encode_fixed(name, TYPE_SIZE, "wire type")
    if not name or not name.isascii():
        raise MessageError(f"wire type {name!r} is not 1 to {TYPE_SIZE} ASCII characters")
    taken = _classes.get(data, cls)
    if (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise MessageError(f"wire type {name!r} belongs to {taken.__name__} already")
    return data


def class_of(raw_type: bytes) -> type[Message] | None:
    """The class for a header's 12 bytes of type, whatever follows a NUL in them."""
    return _classes.get(raw_type.partition(b"\0")[0])


def message_types() -> Mapping[str, type[Message]]:
    """All known wire types, queries included, and their classes."""
    return {name.decode(): cls for name, cls in sorted(_classes.items())}


def named(wire_type: str) -> type[Message]:
    """The class of a wire type.

    Raises:
        MessageError: igtl does not know the type; the text names similar ones.
    """
    cls = _classes.get(wire_type.encode())
    if cls is None:
        close = get_close_matches(wire_type.upper(), message_types(), n=3, cutoff=0.5)
        hint = f", did you mean {' or '.join(close)}?" if close else ""
        raise MessageError(f"message type {wire_type!r} is not known{hint}")
    return cls
