"""From a block's messages to frames, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import repeat
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import SMALL
from igtl.codec.frame import HEADER, HEADER_SIZE, Frame
from igtl.recording.block import Messages
from igtl.recording.entry import Entry
from igtl.recording.layout import MESSAGE, MESSAGE_HEAD
from igtl.recording.walk import gather

__all__ = ["body_sizes", "cut", "entries"]

_make_frame = partial(tuple.__new__, Frame)
_make_entry = partial(tuple.__new__, Entry)
#: Where a header says how large its body is.
_SIZE_AT = HEADER.size - 16
#: Fewer messages of one size are cut one by one.
_WORTHWHILE = 8


@lru_cache(maxsize=1024)
def _whole(size: int) -> Struct:
    """A message with a body of `size` bytes."""
    return Struct(f"{HEADER.format}{size}s")


def body_sizes(messages: Messages) -> NDArray[np.int64]:
    """(n,) bytes of the bodies; -1 where header and record say different things."""
    lengths = messages.heads["length"].astype(np.int64)
    sizes = lengths - (MESSAGE.size + HEADER_SIZE)
    whole = sizes >= 0
    if not whole.all():
        sizes[~whole] = -1
        sizes[whole] = body_sizes(messages.only(whole))
        return sizes
    at = messages.offsets + (MESSAGE_HEAD.size + _SIZE_AT)
    announced = gather(messages.data, at, 8).view(">u8")
    sizes[announced != sizes.astype(np.uint64)] = -1
    return sizes


def cut(messages: Messages, sizes: NDArray[np.int64]) -> Iterator[Frame]:
    """The frames of messages whose bodies have these sizes, none of them -1, in order.

    Small bodies are bytes, large ones views of the file.
    """
    if not len(sizes):
        return iter(())
    first = int(sizes[0])
    if first < SMALL and (sizes == first).all():
        return _alike(messages.data, messages.offsets, first)
    distinct, which, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    together = (distinct < SMALL) & (counts >= _WORTHWHILE)
    others = ~together[which]
    one_by_one = _one_by_one(messages.data, messages.offsets[others], sizes[others])
    sources = {
        size: _alike(messages.data, messages.offsets[sizes == size], size) if alike else one_by_one
        for size, alike in zip(distinct.tolist(), together.tolist(), strict=True)
    }
    return map(next, map(sources.__getitem__, sizes.tolist()))


def _alike(data: memoryview, offsets: NDArray[np.int64], size: int) -> Iterator[Frame]:
    """Frames with small bodies of one size."""
    packed = gather(data, offsets + MESSAGE_HEAD.size, HEADER_SIZE + size).tobytes()
    return map(_make_frame, _whole(size).iter_unpack(packed))


def _one_by_one(
    data: memoryview, offsets: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[Frame]:
    """Frames with large bodies, which are not copied, or of sizes that are rare."""
    starts = offsets + (MESSAGE_HEAD.size + HEADER_SIZE)
    places = zip(starts.tolist(), (starts + sizes).tolist(), strict=True)
    for start, end in places:
        body = data[start:end]
        fields = HEADER.unpack_from(data, start - HEADER_SIZE)
        yield _make_frame((*fields, body if end - start >= SMALL else body.tobytes()))


def entries(
    messages: Messages, frames: Iterator[Frame], connection_of: Callable[[int], str]
) -> Iterator[Entry]:
    """Entries for messages and their frames."""
    times, channels = messages.heads["time"].tolist(), messages.heads["channel"]
    if (channels == channels[:1]).all():
        names: Iterator[str] = repeat(connection_of(int(channels[0])) if len(channels) else "")
    else:
        names = map(connection_of, channels.tolist())
    return map(_make_entry, zip(times, names, frames, strict=False))
