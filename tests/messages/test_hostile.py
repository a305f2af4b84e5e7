"""Whatever bytes a peer sends: a message of which everything can be read, or DecodeError.

Contents are wrapped with a right checksum, so that they reach the decoder of their type; warnings
of numpy are errors here. What is allocated stays in proportion to what was sent.
"""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import igtl
from tests.codec.wire import extended, packet
from tests.messages.samples import sample, samples
from tests.messages.values import fields, read_all
from tests.own_types import own_types

SAMPLES = samples()
CLASSES = sorted(set(own_types().values()), key=lambda cls: cls.__name__)
BARE = [cls for cls in CLASSES if cls.names in ((), ("status",))]
FULL = [cls for cls in CLASSES if cls not in BARE]

Wrap = Callable[[str, bytes], bytes]


def version_1(wire_type: str, content: bytes) -> bytes:
    return packet(wire_type, content, device_name=b"Peer")


def version_2(wire_type: str, content: bytes) -> bytes:
    body = extended(content, [(b"k", 3, b"v")], message_id=7)
    return packet(wire_type, body, version=2, device_name=b"Peer")


def taken(data: bytes) -> igtl.Message | None:
    """What `data` is decoded to, after all of it was read; None when it is refused."""
    try:
        message = igtl.decode(data)
    except igtl.DecodeError:
        return None
    read_all(message)
    assert igtl.encode(message) == data
    assert message == igtl.decode(data)
    return message


def content_of(cls: type[igtl.Message]) -> bytes:
    return bytes(sample(cls).raw_content)


@pytest.mark.parametrize("wire_type", sorted(SAMPLES))
def test_the_samples_are_valid(wire_type: str) -> None:
    content = bytes(SAMPLES[wire_type].raw_content)
    for wrap in (version_1, version_2):
        message = taken(wrap(wire_type, content))
        assert message is not None
        assert message.wire_type == wire_type


@pytest.mark.parametrize("wire_type", sorted(SAMPLES))
def test_every_truncation_of_a_message_is_refused(wire_type: str) -> None:
    data = version_2(wire_type, bytes(SAMPLES[wire_type].raw_content))
    for size in range(len(data)):
        with pytest.raises(igtl.DecodeError):
            igtl.decode(data[:size])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_truncation_of_a_content(cls: type[igtl.Message]) -> None:
    """With a header that fits it. Contents of one fixed size are refused."""
    content = content_of(cls)
    refused = 0
    for size in range(len(content)):
        refused += taken(version_1(cls.wire_type, content[:size])) is None
        taken(version_2(cls.wire_type, content[:size]))
    if cls.rows() and all(row.size is not None for row in cls.rows()):
        shorter = 2 if cls is igtl.Position else 0  # 12 and 24 bytes are legal
        assert refused == len(content) - shorter


@pytest.mark.parametrize("cls", FULL, ids=lambda cls: cls.__name__)
def test_a_byte_more_than_the_content(cls: type[igtl.Message]) -> None:
    """Refused by all but those that end with text, and STT_VIDEO, whose 9th byte is known."""
    more = taken(version_1(cls.wire_type, content_of(cls) + b"\0"))
    lenient = (igtl.Status, igtl.Video, type(igtl.Start(igtl.Video)))
    assert (more is not None) is (cls in lenient)


# Numbers that counts and sizes are likely to be wrong by.
EXTREMES = [b"\0", b"\1", b"\x7f", b"\xff", b"\x80", b"\0\0", b"\xff\xff", b"\0\1", b"\x80\0"]
EXTREMES += [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff" * 8, b"\0" * 8]


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with a few bytes overwritten, put in, or taken out."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        piece = draw(st.sampled_from(EXTREMES) | st.binary(min_size=1, max_size=8))
        end = draw(st.sampled_from([at, at + len(piece), at + 1, len(data)]))
        data = data[:at] + piece + data[end:]
    return data


def contents(cls: type[igtl.Message]) -> SearchStrategy[bytes]:
    """Bytes that are nearly, or not at all, a content of a class."""
    return mutations(content_of(cls)) | st.binary(max_size=400)


@pytest.mark.parametrize("cls", FULL, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_damaged_contents(cls: type[igtl.Message], data: st.DataObject) -> None:
    content = data.draw(contents(cls))
    one = taken(version_1(cls.wire_type, content))
    other = taken(version_2(cls.wire_type, content))
    assert (one is None) is (other is None)


@given(st.data())
def test_damaged_contents_of_queries(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(BARE))
    content = data.draw(contents(cls))
    message = taken(version_1(cls.wire_type, content))
    if not issubclass(cls, igtl.Ready):  # what a peer adds to a query means nothing
        assert isinstance(message, cls)
        assert bytes(message.raw_content) == content


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damaged_version_2_bodies(wire_type: str, data: st.DataObject) -> None:
    body = extended(
        bytes(SAMPLES[wire_type].raw_content),
        [(b"key", 106, b"value"), (b"k", 3, b"")],
        message_id=5,
    )
    damaged = data.draw(mutations(body[:12] + body[-30:]) | mutations(body) | st.binary())
    taken(packet(wire_type, damaged, version=data.draw(st.integers(2, 65535))))


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damaged_messages(wire_type: str, data: st.DataObject) -> None:
    """As a whole: what is not caught by the checksum has to be caught by somebody."""
    taken(data.draw(mutations(version_1(wire_type, bytes(SAMPLES[wire_type].raw_content)))))


@given(st.binary(max_size=12), st.binary(max_size=20), st.integers(0, (1 << 64) - 1), st.binary())
@example(b"TRANSFORM\0\xff\xff", b"\xff" * 20, (1 << 64) - 1, bytes(48))
@example(b"", b"", 0, b"")
@example(b"\xff" * 12, b"\xe9" * 20, 1, b"")
def test_any_header(wire_type: bytes, name: bytes, raw_time: int, body: bytes) -> None:
    message = taken(packet(wire_type, body, device_name=name, raw_time=raw_time))
    if message is not None:
        again = igtl.decode(igtl.encode(message, version=2))
        assert type(again) is type(message)
        assert igtl.encode(again)[2:42] == igtl.encode(message)[2:42]


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(igtl.DecodeError):
        igtl.decode(data)


HOSTILE = {
    # 2^32 - 1 points, cells of each kind, attributes
    "POLYDATA points": ("POLYDATA", b"\xff" * 4 + bytes(36)),
    "POLYDATA cells": ("POLYDATA", bytes(4) + b"\xff" * 32 + bytes(4)),
    "POLYDATA count": ("POLYDATA", bytes(4) + b"\xff\xff\xff\xff\0\0\0\4" + bytes(32)),
    "POLYDATA attributes": ("POLYDATA", bytes(36) + b"\xff" * 4),
    "POLYDATA items": ("POLYDATA", bytes(36) + b"\0\0\0\1" + b"\0\xff" + b"\xff" * 4 + b"a\0"),
    "POLYDATA cell": ("POLYDATA", bytes(4) + b"\0\0\0\2\0\0\0\x08" + bytes(28) + b"\xff" * 8),
    # 65535^3 voxels of 255 components of float64
    "IMAGE": ("IMAGE", b"\0\1\xff\x0b\1\1" + b"\xff" * 6 + bytes(48) + bytes(6) + b"\xff" * 6),
    "IMAGE empty": ("IMAGE", b"\0\1\xff\x0b\1\1" + b"\xff" * 6 + bytes(60)),
    "NDARRAY 255": ("NDARRAY", b"\x0d\xff" + b"\xff" * 510),
    "NDARRAY 64": ("NDARRAY", b"\x0d\x40" + b"\xff" * 128),
    "NDARRAY 4": ("NDARRAY", b"\x0d\x04" + b"\xff" * 8),
    "NDARRAY no bytes": ("NDARRAY", b"\x0d\x20\0\0" + b"\xff" * 62),
    "BIND": ("BIND", b"\xff\xff" + bytes(20) + b"\xff\xff"),
    "BIND child": ("BIND", b"\0\1STRING" + bytes(6) + b"\xff" * 8 + b"\0\2A\0"),
    "BIND names": ("BIND", b"\0\1STRING" + bytes(6) + bytes(8) + b"\xff\xffA\0"),
    "GET_BIND": ("GET_BIND", b"\xff\xff" + bytes(12)),
    "COMMAND": ("COMMAND", bytes(132) + b"\0\3\xff\xff\xff\xff"),
    "STRING": ("STRING", b"\0\3\xff\xff"),
    "QUERY": ("QUERY", bytes(36) + b"\xff\xff"),
    "SENSOR": ("SENSOR", b"\xff\0" + bytes(8)),
}


def peak_of(data: bytes) -> tuple[int, igtl.Message | None]:
    """The most memory in use while `data` was decoded and its fields were read."""
    message = taken(data)  # before, for all that is imported and cached
    tracemalloc.start()
    try:
        again = igtl.decode(data)
        fields(again)
    except igtl.DecodeError:
        assert message is None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak, message


@pytest.mark.parametrize("wrap", [version_1, version_2])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_counts_allocate_nothing(name: str, wrap: Wrap) -> None:
    peak, message = peak_of(wrap(*HOSTILE[name]))
    assert peak < 64 * 1024
    assert (message is None) is (name != "IMAGE empty")


def test_hostile_metadata_allocates_nothing() -> None:
    body = struct.pack(">HHII", 12, 65535, 0, 1) + b"\xff" * 65535
    peak, message = peak_of(packet("STATUS", body, version=2))
    assert message is None
    assert peak < 10 * len(body)


LARGE = {
    # Cells of 0 and 1 points in turn: the slowest to take apart.
    "cells": (
        "POLYDATA",
        struct.pack(">10I", 0, 20_000, 120_000, *[0] * 7) + b"\0\0\0\0\0\0\0\1\0\0\0\0" * 10_000,
        11,
    ),
    # Seven bytes for each attribute: its header, and a name that is empty.
    "attributes": (
        "POLYDATA",
        struct.pack(">10I", *[0] * 9, 2_000) + b"\0\1\0\0\0\0" * 2_000 + bytes(2_000),
        100,
    ),
    # 21 bytes for each child: type, size 0, and a name that is empty.
    "children": (
        "BIND",
        struct.pack(">H", 2_000)
        + b"GET_IMAGE".ljust(20, b"\0") * 2_000
        + b"\x07\xd0"
        + bytes(2_000),
        40,
    ),
    "names": ("CAPABILITY", b"A" * 120_000, 12),
    "records": ("POINT", bytes(136) * 900, 8),
    "pixels": (
        "IMAGE",
        b"\0\1\1\3\1\1\1\0\1\0\0\1" + bytes(54) + b"\1\0\1\0\0\1" + bytes(65536),
        0.2,
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_contents_take_memory_in_proportion(name: str) -> None:
    wire_type, content, factor = LARGE[name]
    peak, message = peak_of(version_1(wire_type, content))
    assert message is not None
    assert peak < factor * len(content)


def nested(depth: int) -> bytes:
    """A BIND within a BIND, so often."""
    content = b"\0\0\0\0"
    for _ in range(depth):
        content = b"\0\1BIND" + bytes(8) + struct.pack(">Q", len(content)) + b"\0\0" + content
    return content


@pytest.mark.parametrize("depth", [0, 1, 7])
def test_bind_within_bind(depth: int) -> None:
    message = taken(version_1("BIND", nested(depth)))
    for _ in range(depth):
        assert isinstance(message, igtl.Bind)
        (message,) = message.children
    assert isinstance(message, igtl.Bind)
    assert message.children == ()


@pytest.mark.parametrize("depth", [8, 100, 2_000])
def test_bind_without_end_is_refused(depth: int) -> None:
    with pytest.raises(igtl.DecodeError, match="nested more than 8 deep"):
        igtl.decode(version_1("BIND", nested(depth)))


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 7), st.data())
def test_one_flipped_bit_is_always_noticed(wire_type: str, bit: int, data: st.DataObject) -> None:
    """In the body: by the checksum."""
    message = version_2(wire_type, bytes(SAMPLES[wire_type].raw_content))
    at = data.draw(st.integers(58, len(message) - 1))
    damaged = bytearray(message)
    damaged[at] ^= 1 << bit
    with pytest.raises(igtl.ChecksumError, match=f"{wire_type} of device 'Peer': checksum"):
        igtl.decode(damaged)
