"""Many messages of one type and device at once: columns in, wire bytes out.

Making half a million message objects a second is more than Python does; making one array of them
is not. What is received from a series are single messages, as from any sender.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec import time
from igtl.codec.buffers import Buffer
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.codec.layout import frozen, numbers
from igtl.errors import MessageError
from igtl.messages.common import raw_name
from igtl.messages.message import Message, decode, encode_buffers

__all__ = ["Sendable", "Series", "encode_all"]

M = TypeVar("M", bound=Message)

_HEADER = [
    ("version", ">u2"),
    ("type", "S12"),
    ("name", "S20"),
    ("time", ">u8"),
    ("size", ">u8"),
    ("crc", ">u8"),
]


class Series(Sequence[M], Generic[M]):
    """Messages of one type and device, made from columns. Publish or send it like a message.

        Series(Transform, matrix=matrices, timestamps=times, device_name="Probe")

    Args:
        cls: a type that is declared with fields of fixed size, such as `Transform`.
        columns: for each field of the type as many values as there are messages, such as
            matrix: (n, 4, 4) or (n, 3, 4).
        timestamps: (n,) seconds since 1970 UTC; None: all get the time of sending.
        device_name: of all of them.

    Raises:
        MessageError: values that do not fit, columns of different lengths, or another type.
    """

    def __init__(
        self,
        cls: type[M],
        *,
        timestamps: ArrayLike | None = None,
        device_name: str = "",
        **columns: Any,
    ) -> None:
        if not cls.is_fixed():
            raise MessageError(f"a Series takes types of fixed size, which {cls.__name__} is not")
        if columns.keys() != set(cls.names):
            raise MessageError(
                f"a Series of {cls.__name__} takes {', '.join(cls.names)}, not {', '.join(columns)}"
            )
        content = cls.wire.layout.pack_columns(columns)
        n, size = content.shape
        records = np.zeros(n, np.dtype([*_HEADER, ("content", "u1", (size,))]))
        records["version"], records["type"] = 1, cls.wire_type.encode()
        records["name"], records["size"] = raw_name(device_name), size
        records["time"] = 0 if timestamps is None else _times(timestamps, n)
        records["crc"] = _checksums(content)
        records["content"] = content
        self._records = frozen(records)

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> M: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[M]: ...
    def __getitem__(self, index: int | slice) -> M | Sequence[M]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return decode(self._records[index].tobytes())  # type: ignore[return-value]

    def __repr__(self) -> str:
        size = self._records.dtype.itemsize - HEADER_SIZE
        return f"<Series of {len(self)} messages, content of {size} bytes each>"

    def to_buffer(self, now: float) -> Buffer:
        """All messages' bytes; `now` (s) is the time of those that were given none."""
        records = self._records
        if now and not records["time"].all():
            records = records.copy()
            records["time"][records["time"] == 0] = time.to_wire(now)
        return records.tobytes()


#: What can be sent: a message, many at once, or one as it came, byte for byte.
Sendable: TypeAlias = Message | Series[Any] | Frame


def _times(timestamps: ArrayLike, n: int) -> NDArray[np.uint64]:
    seconds = numbers(timestamps, np.dtype(np.float64), "timestamps")
    if seconds.shape != (n,):
        raise MessageError(f"timestamps have shape {seconds.shape}, expected ({n},)")
    if not np.all((seconds >= 0) & (seconds < 1 << 32)):
        raise MessageError("timestamps must be between 0 and 2**32 seconds since 1970")
    return (seconds * (1 << 32)).astype(np.uint64)


def _checksums(content: NDArray[np.uint8]) -> list[int]:
    n, size = content.shape
    data = content.tobytes()
    return [crc64(data[at : at + size]) for at in range(0, n * size, size)]


def encode_all(messages: Iterable[Sendable], now: float) -> tuple[list[Buffer], int]:
    """The bytes of messages and series, in pieces, and how many messages they are."""
    pieces: list[Buffer] = []
    count = 0
    for message in messages:
        if isinstance(message, Series):
            pieces.append(message.to_buffer(now))
            count += len(message)
        else:
            pieces += encode_buffers(message, now=now)
            count += 1
    return pieces, count
