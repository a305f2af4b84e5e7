"""The same message under another id, and as a child of a BIND: the same bytes, where they are."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.codec.buffers import join
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.profile import IGTL, SLICER, V1
from igtl.protocol.rewriting import numbered
from tests.codec.wire import extended, packet
from tests.messages.samples import sample
from tests.own_types import own_types


def large(**common: object) -> igtl.Image:
    pixels = np.zeros((300, 300), np.uint8)
    pixels[::7] = 9
    pixels.flags.writeable = False
    return igtl.Image(pixels, device_name="CT", **common)  # type: ignore[arg-type]


MESSAGES = [sample(cls) for cls in own_types().values()]
MESSAGES += [one.replace(metadata={"key": "value"}, message_id=5) for one in MESSAGES[:9]]
MESSAGES += [large(), large(metadata={"k": "v" * 20_000}), large(message_id=9)]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: one.wire_type)
def test_numbered_is_what_encoding_anew_gives(message: igtl.Message) -> None:
    item = Outgoing(message, 1.0)
    found = igtl.decode(join(numbered(item.buffers, 77)))
    assert found == item.message().replace(header_version=2, message_id=77)
    assert (found.message_id, found.metadata) == (77, message.metadata)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: one.wire_type)
def test_a_part_is_the_content_and_the_name(message: igtl.Message) -> None:
    bound = igtl.Bind([Outgoing(message, 1.0).part()])
    (child,) = igtl.decode(igtl.encode(bound)).children  # type: ignore[attr-defined]
    assert bytes(child.raw_content) == bytes(message.raw_content)
    assert (child.wire_type, child.device_name) == (message.wire_type, message.device_name)


def test_a_longer_extended_header_is_passed_on() -> None:
    body = extended(b"content", [(b"k", 3, b"v")], message_id=1)
    body = (16).to_bytes(2) + body[2:12] + b"more" + body[12:]
    item = Outgoing(igtl.decode(packet("ODD", body, version=2)), 0.0)
    found = igtl.decode(join(numbered(item.buffers, 2)))
    assert (found.message_id, dict(found.metadata), found.raw_content) == (
        2,
        {"k": "v"},
        b"content",
    )
    assert b"more" in igtl.encode(found)
    assert bytes(item.part().raw_content) == b"content"


def test_large_arrays_stay_where_they_are() -> None:
    item = Outgoing(large(), 0.0)
    pixels = np.frombuffer(item.buffers[-1], np.uint8)
    for buffers in (
        item.numbered(1, IGTL).buffers,
        item.as_answer().buffers,
        Outgoing(igtl.Bind([item.part()]), 0.0).buffers,
    ):
        arrays = [np.frombuffer(piece, np.uint8) for piece in buffers]
        assert any(np.shares_memory(one, pixels) for one in arrays)


def test_only_who_reads_version_2_is_given_a_number() -> None:
    assert Outgoing(large(), 0.0).numbered(1, V1).message().header_version == 1


def test_what_has_a_number_is_not_adapted_again() -> None:
    item = Outgoing(large(coordinates="LPS"), 0.0).numbered(1, SLICER)
    assert item.for_peer(SLICER) is item
    assert getattr(item.message(), "coordinates", "") == "RAS"
