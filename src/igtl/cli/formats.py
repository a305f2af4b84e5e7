"""How `listen` writes a message: one aligned line, the classic receiver's lines, or JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import igtl
from igtl.cli.terminal import printable
from igtl.codec.declaration import shown
from igtl.viewer.items import Items, value_of
from igtl.viewer.plain import plain_message
from igtl.viewer.summary import summary

__all__ = [
    "FORMATS",
    "Format",
    "classic",
    "classic_head",
    "field_lines",
    "json_line",
    "line",
    "time_of_day",
]

Format = Callable[[igtl.Message, float], str]
"""Text for a message and the time of its arrival, in seconds since 1970 UTC."""

_TYPE_WIDTH, _NAME_WIDTH = 12, 20
#: Times before 1973 are those of devices that count from their own start.
_FIRST_DATE_S = 1e8


def line(message: igtl.Message, arrival: float) -> str:
    """One line: time, type, device, and what matters.

    The time is the local time of day of the message's timestamp; of its arrival, marked with "~",
    when it has none; and seconds when the device counts from its own start.
    """
    columns = (
        time_of_day(message.timestamp or None, arrival),
        printable(message.wire_type).ljust(_TYPE_WIDTH),
        printable(message.device_name).ljust(_NAME_WIDTH),
        printable(summary(message)),
    )
    return " ".join(columns).rstrip()


def time_of_day(timestamp: float | None, arrival: float) -> str:
    """13 characters: "12:34:56.789 ", or "12:34:56.789~" for the time of arrival."""
    if timestamp is not None and timestamp < _FIRST_DATE_S:
        return f"{timestamp:10.3f} s "
    milliseconds = round((arrival if timestamp is None else timestamp) * 1000)
    seconds, rest = divmod(milliseconds, 1000)
    mark = "~" if timestamp is None else " "
    return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{rest:03}{mark}"


def json_line(message: igtl.Message, arrival: float) -> str:
    """One JSON object with every field, `arrival` included; pure ASCII."""
    return json.dumps({**plain_message(message), "arrival": arrival}, allow_nan=False)


def classic_head(endpoint: str) -> str:
    """What the receivers of the C++ library's examples say when they are connected."""
    host, _, port = endpoint.rpartition(":")
    where = endpoint if endpoint.startswith("unix:") else f"{host.strip('[]')} {port}"
    return f"Connected to the server : {where}"


def classic(message: igtl.Message, arrival: float) -> str:
    """The lines of a receiver written in C++: numbers as its streams print them.

    Every field is a line `name = value`; a matrix is a line a row, and the fields of a record are
    named as in `tools[0].name`.
    """
    head = f"Receiving {printable(message.wire_type)} data type."
    return "\n".join([head, *field_lines(message)])


def field_lines(message: igtl.Message) -> Iterator[str]:
    """The fields of a message in lines of text, printable whatever is in them."""
    for name in message.names:
        yield from _classic_field(name, value_of(message, name))


def _classic_field(name: str, value: Any) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, np.ndarray) and value.shape == (4, 4):
        yield f"{name} ="
        yield from (f"  {_classic_vector(row)}" for row in value)
    elif isinstance(value, (igtl.Record, igtl.Message)):
        names = value.names if isinstance(value, igtl.Message) else value.__dict__
        for inner in names:
            yield from _classic_field(f"{name}.{inner}", getattr(value, inner))
    elif _holds_records(value):
        for index, one in enumerate(value):
            yield from _classic_field(f"{name}[{index}]", one)
    else:
        yield f"{name} = {printable(_classic_value(value))}"


def _holds_records(value: Any) -> bool:
    if isinstance(value, Items):
        return len(value) > 0
    return isinstance(value, tuple) and any(
        isinstance(one, (igtl.Record, igtl.Message)) for one in value
    )


def _classic_value(value: Any) -> str:
    match value:
        case str():
            return value
        case bool() | int():
            return str(int(value))
        case float():
            return f"{value:g}"
        case np.ndarray() if value.ndim == 1 and value.size <= 16 and value.dtype.kind in "iuf":
            return _classic_vector(value)
        case np.ndarray():
            return f"{' x '.join(map(str, value.shape))} {value.dtype.name}"
        case tuple() | Items():
            return _classic_vector(value)
    return shown({"": value}).removeprefix("=")


def _classic_vector(values: Sequence[Any] | np.ndarray[Any, Any]) -> str:
    """Numbers to six digits, as C++ streams print them: `%g`."""
    floats = (float, np.floating)
    texts = (f"{one:g}" if isinstance(one, floats) else str(one) for one in values)
    return f"({', '.join(texts)})"


FORMATS: dict[str, Format] = {"line": line, "classic": classic, "json": json_line}
"""By the name that the command line gives them."""
