"""Where in a block the contents of messages are, without making messages of them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.codec import extended
from igtl.codec.buffers import SMALL
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER_SIZE
from igtl.errors import DecodeError
from igtl.messages.pose import status_of
from igtl.recording.layout import MESSAGE_HEAD
from igtl.recording.recording import Part
from igtl.recording.walk import Offsets, gather

__all__ = ["NO_CONTENTS", "Contents", "contents_of", "intact", "says_valid", "validity"]

_HEADER = np.dtype(
    [("version", ">u2"), ("names", "V32"), ("time", ">u8"), ("size", ">u8"), ("crc", ">u8")]
)
#: Metadata with only a count of none take so many bytes.
_NONE = 2
#: In front of the content of header version 2, see `igtl.codec.extended`.
_EXTENDED = np.dtype([("size", ">u2"), ("header", ">u2"), ("metadata", ">u4"), ("id", ">u4")])


class Contents(NamedTuple):
    """The contents of some messages, in file order."""

    data: memoryview
    """The block's records."""
    starts: Offsets
    """(n,) where contents begin in it."""
    sizes: NDArray[np.int64]
    """(n,) bytes of them."""
    bodies: Offsets
    """(n,) where the bodies begin, extended headers included."""
    ends: Offsets
    """(n,) where the bodies end: metadata lie between content and end."""
    times: NDArray[np.uint64]
    """(n,) arrival, ns since 1970."""
    stamps: NDArray[np.uint64]
    """(n,) time of the header, as on the wire."""
    left_out: int
    """Messages without a content that makes sense, or whose checksum is wrong."""

    def only(self, mask: NDArray[np.bool_]) -> Contents:
        """Some of them."""
        if mask.all():
            return self
        return Contents(
            self.data,
            self.starts[mask],
            self.sizes[mask],
            self.bodies[mask],
            self.ends[mask],
            self.times[mask],
            self.stamps[mask],
            self.left_out + int((~mask).sum()),
        )

    def rows(self, size: int) -> NDArray[np.uint8]:
        """(n, size) bytes: the beginnings of all contents, each of at least that size."""
        return gather(self.data, self.starts, size).view(np.uint8).reshape(-1, size)


NO_CONTENTS = Contents(
    memoryview(b""),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.uint64),
    np.empty(0, np.uint64),
    0,
)


def contents_of(part: Part, *, verify: bool) -> Contents:
    """The contents of a part's messages.

    Args:
        part: messages of a block.
        verify: leave out those whose CRC-64 is wrong.
    """
    data = part.messages.data
    at = part.messages.offsets + MESSAGE_HEAD.size
    headers = gather(data, at, HEADER_SIZE).view(_HEADER)
    bodies, sizes, keep = at + HEADER_SIZE, part.sizes.copy(), np.ones(len(at), np.bool_)
    starts, ends = bodies.copy(), bodies + sizes
    if verify and not part.vouched:
        keep &= intact(part, headers["crc"])
    newer = headers["version"] > 1
    if newer.any():
        keep &= _unwrap(data, starts, sizes, newer)
    stamps = headers["time"].astype(np.uint64)
    times = part.messages.heads["time"]
    return Contents(data, starts, sizes, bodies, ends, times, stamps, 0).only(keep)


def _unwrap(
    data: memoryview, starts: Offsets, sizes: NDArray[np.int64], newer: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Take the extended headers and metadata off those bodies; (n,) whether they fit."""
    fit = ~newer | (sizes >= _EXTENDED.itemsize)
    some = newer & fit
    found = gather(data, starts[some], _EXTENDED.itemsize).view(_EXTENDED)
    before = found["size"].astype(np.int64)
    behind = found["header"].astype(np.int64) + found["metadata"]
    starts[some] += before
    sizes[some] -= before + behind
    fit[some] = (before >= _EXTENDED.itemsize) & (sizes[some] >= 0)
    return fit


def intact(part: Part, announced: NDArray[np.uint64] | None = None) -> NDArray[np.bool_]:
    """(n,) whether the CRC-64 of each body is that of its header."""
    data, at = part.messages.data, part.messages.offsets + MESSAGE_HEAD.size
    if announced is None:
        announced = gather(data, at, HEADER_SIZE).view(_HEADER)["crc"]
    found = np.zeros(len(at), np.uint64)
    starts, first = at + HEADER_SIZE, int(part.sizes[0])
    if 0 < first < SMALL and (part.sizes == first).all():
        bodies = map(itemgetter(0), Struct(f"{first}s").iter_unpack(_packed(data, starts, first)))
        found[:] = list(map(crc64, bodies))
    else:
        ends = (starts + part.sizes).tolist()
        spans = zip(starts.tolist(), ends, strict=True)
        found[:] = [crc64(data[start:end]) for start, end in spans]
    same: NDArray[np.bool_] = found == announced
    return same


def _packed(data: memoryview, starts: Offsets, size: int) -> bytes:
    return gather(data, starts, size).tobytes()


def validity(contents: Contents) -> NDArray[np.bool_]:
    """(n,) whether the metadata of messages leave their poses standing."""
    valid = np.ones(len(contents.sizes), np.bool_)
    behind = contents.starts + contents.sizes
    said: dict[bytes, bool] = {}
    for number in np.flatnonzero(contents.ends - behind > _NONE).tolist():
        body, end = int(contents.bodies[number]), int(contents.ends[number])
        raw = bytes(contents.data[int(behind[number]) : end])
        if raw not in said:
            said[raw] = _says_valid(contents.data[body:end])
        valid[number] = said[raw]
    return valid


def says_valid(metadata: Mapping[str, str]) -> bool:
    """Whether metadata leave a pose standing: trackers go on sending when they see no tool."""
    return status_of(metadata) in ("", "OK")


def _says_valid(body: memoryview) -> bool:
    """The same of one body with its extended header."""
    try:
        return says_valid(extended.split(body).metadata)
    except DecodeError:  # decoding the message would say so
        return False
