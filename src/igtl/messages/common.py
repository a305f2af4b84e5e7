"""What every message has besides its content: the fields of the header, metadata and message id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict

from igtl.codec import text, time
from igtl.codec.extended import EMPTY, Metadata
from igtl.codec.frame import NAME_SIZE
from igtl.codec.layout import U32
from igtl.errors import MessageError

if TYPE_CHECKING:
    from igtl.messages.message import Message

__all__ = ["DEFAULTS", "NAMES", "Common", "checked", "raw_name"]


class Common(TypedDict, total=False):
    """What every constructor takes by name, besides the fields of its type."""

    device_name: str
    timestamp: float | None
    metadata: Mapping[str, str]
    message_id: int
    header_version: int | None
    wire_type: str


#: Values of what was not given.
DEFAULTS: dict[str, Any] = {
    "device_name": "",
    "timestamp": None,
    "metadata": EMPTY,
    "message_id": 0,
}
NAMES = frozenset(Common.__annotations__)


def checked(cls: type[Message], common: Mapping[str, Any]) -> dict[str, Any]:
    """The common fields as a message of `cls` keeps them.

    Raises:
        MessageError: one of them does not fit the header.
        TypeError: there is no such field.
    """
    kept = {}
    for name, value in common.items():
        check = _CHECKS.get(name)
        if check is None:
            known = ", ".join([*cls.names, *_CHECKS])
            raise TypeError(f"{cls.__name__} has no field {name!r}; its fields: {known}")
        kept[name] = check(cls, value)
    if kept.get("header_version", 1) is None:
        del kept["header_version"]
    if kept.get("header_version") == 1 and (kept.get("metadata") or kept.get("message_id")):
        raise MessageError("metadata and message ids need header version 2, 1 was asked for")
    return kept


def raw_name(name: str) -> bytes:
    """A device name's bytes; MessageError when they do not fit the header."""
    if not isinstance(name, str):
        raise MessageError(f"device_name is {type(name).__name__}, expected str")
    return _raw_name(name)


@lru_cache(maxsize=1024)
def _raw_name(name: str) -> bytes:
    return text.encode_fixed(name, NAME_SIZE, "device_name")


def _device_name(cls: type[Message], name: str) -> str:
    raw_name(name)
    return name


def _timestamp(cls: type[Message], value: Any) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        raise MessageError(f"timestamp is {value!r}, expected seconds since 1970 or None") from None
    time.to_wire(seconds)
    return seconds


def _metadata(cls: type[Message], value: Mapping[str, str]) -> Metadata:
    return Metadata.of(value)


def _message_id(cls: type[Message], value: int) -> int:
    U32.encode(value, "message_id")
    return value


def _header_version(cls: type[Message], value: int | None) -> int | None:
    if value not in (None, 1, 2):
        raise MessageError(f"header_version is {value!r}, expected 1, 2 or None")
    return value


def _wire_type(cls: type[Message], value: str) -> str:
    if value not in cls.wire_types:
        raise MessageError(f"wire_type is {value!r}, expected one of {', '.join(cls.wire_types)}")
    return value


_CHECKS: dict[str, Callable[[type[Message], Any], Any]] = {
    "device_name": _device_name,
    "timestamp": _timestamp,
    "metadata": _metadata,
    "message_id": _message_id,
    "header_version": _header_version,
    "wire_type": _wire_type,
}
