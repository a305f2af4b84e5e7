"""Which frame is of which device, and which message id it has."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from igtl.protocol.matching import is_of, message_id_of, names_its_items
from tests.codec.wire import extended, packet
from tests.protocol.conversation import QUERIED

LONG = "StylusTipToTrackerReference"


def pose(device: str, **more: str) -> igtl.Transform:
    return igtl.Transform(np.eye(4), device_name=device, metadata=more)


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (igtl.encode(igtl.Status(message_id=7)), 7),
        (igtl.encode(igtl.Status(message_id=(1 << 32) - 1)), (1 << 32) - 1),
        (igtl.encode(igtl.Status(header_version=2)), 0),
        (igtl.encode(igtl.Status(2, 7, "error")), 0),
        (packet("STATUS", b"\1" * 11, version=2), 0),
        (packet("STATUS", extended(b"", message_id=9), version=3), 9),
    ],
    ids=["some", "largest", "none", "version 1", "too short", "version 3"],
)
def test_message_id(data: bytes, number: int) -> None:
    assert message_id_of(parse(data)) == number


@pytest.mark.parametrize(
    ("message", "device", "same"),
    [
        (pose("A"), "A", True),
        (pose("A"), "B", False),
        (pose(""), "", True),
        (pose("A"), "", False),
        (pose("A"), "AB", False),
        (pose(LONG[:20], IGTL_DEVICE_NAME=LONG), LONG, True),
        (pose(LONG[:20], IGTL_DEVICE_NAME=LONG), LONG[:20], True),
        (pose(LONG[:20], IGTL_DEVICE_NAME=LONG), LONG + "2", False),
        (pose(LONG[:20]), LONG, False),
        (pose("A", IGTL_DEVICE_NAME="AB"), "AB", False),
    ],
)
def test_device(message: igtl.Message, device: str, same: bool) -> None:
    assert is_of(parse(igtl.encode(message)), device) is same


def test_a_malformed_frame_is_of_the_name_in_its_header() -> None:
    frame = parse(packet("STATUS", b"", device_name=LONG[:20].encode(), crc=5))
    assert is_of(frame, LONG[:20])
    assert not is_of(frame, LONG)


def test_types_that_name_what_they_hold() -> None:
    found = {cls.wire_type for cls in QUERIED if names_its_items(cls)}
    assert found == {"TDATA", "QTDATA", "IMGMETA", "LBMETA", "VIDEOMETA", "CAPABILITY"}
