"""GET_, STT_, STP_ and RTS_: made from the class that they are about."""

from __future__ import annotations

from typing import Any

import pytest

import igtl
from tests.codec.wire import packet, table

# Kind, class, name on the wire.
QUERIES = [
    (igtl.Get, igtl.Transform, "GET_TRANS"),
    (igtl.Start, igtl.Transform, "STT_TRANS"),
    (igtl.Stop, igtl.Transform, "STP_TRANS"),
    (igtl.Get, igtl.Image, "GET_IMAGE"),
    (igtl.Start, igtl.Image, "STT_IMAGE"),
    (igtl.Stop, igtl.Image, "STP_IMAGE"),
    (igtl.Get, igtl.Capability, "GET_CAPABIL"),
    (igtl.Get, igtl.ColorTable, "GET_COLORT"),
    (igtl.Get, igtl.VideoMeta, "GET_VMETA"),
    (igtl.Get, igtl.Status, "GET_STATUS"),
    (igtl.Stop, igtl.Bind, "STP_BIND"),
    (igtl.Stop, igtl.PolyData, "STP_POLYDATA"),
    (igtl.Start, igtl.Sensor, "STT_SENSOR"),
]


@pytest.mark.parametrize(("kind", "cls", "wire_type"), QUERIES, ids=lambda one: str(one)[-12:])
def test_queries_are_a_header_and_nothing_else(kind: Any, cls: Any, wire_type: str) -> None:
    """With version 1: several servers do not read the 14 bytes of an empty version 2 body."""
    data = packet(wire_type, device_name=b"CT")
    query = kind(cls, device_name="CT")
    assert igtl.encode(query) == data
    assert len(data) == 58
    again = igtl.decode(data)
    assert isinstance(again, kind)
    assert again.target is cls
    assert (again.wire_type, again.device_name) == (wire_type, "CT")
    assert again == query


@pytest.mark.parametrize(
    ("wire_type", "target"),
    [
        ("GET_TRANSFOR", igtl.Transform),
        ("STP_TRANSFOR", igtl.Transform),
        ("GET_QTRANS", igtl.Position),
    ],
)
def test_other_names_are_accepted(wire_type: str, target: type[igtl.Message]) -> None:
    query = igtl.decode(packet(wire_type))
    assert isinstance(query, igtl.Get | igtl.Stop)
    assert query.target is target
    assert query.wire_type == wire_type
    assert igtl.encode(query.replace(device_name="x"))[2:14].rstrip(b"\0") == wire_type.encode()
    assert igtl.encode(type(query)(target, wire_type=wire_type)) == packet(wire_type)


@pytest.mark.parametrize(("status", "raw"), [(0, 0), (1, 1), (-1, 255), (127, 127)])
def test_ready_by_hand(status: int, raw: int) -> None:
    data = packet("RTS_TDATA", bytes([raw]), device_name=b"T")
    assert igtl.encode(igtl.Ready(igtl.TrackingData, status, device_name="T")) == data
    ready = igtl.decode(data)
    assert isinstance(ready, igtl.Ready)
    assert (ready.target, ready.status) == (igtl.TrackingData, status)


def test_ready_of_another_size_is_refused() -> None:
    for body in (b"", b"\0\0"):
        with pytest.raises(igtl.DecodeError, match=f"content of {len(body)} bytes, expected 1"):
            igtl.decode(packet("RTS_IMAGE", body))
    with pytest.raises(igtl.MessageError, match="status is 128, expected -128 to 127"):
        igtl.Ready(igtl.Image, 128)


@pytest.mark.parametrize("more", [b"\0", b"\7", b"some text"])
def test_what_a_peer_adds_to_a_query_is_kept_and_means_nothing(more: bytes) -> None:
    """The document gives STT_SENSOR an optional byte."""
    data = packet("STT_SENSOR", more)
    start = igtl.decode(data)
    assert isinstance(start, igtl.Start)
    assert igtl.encode(start) == data
    assert igtl.encode(start.replace(device_name="x"))[58:] == more


def test_kinds_are_told_apart() -> None:
    kinds = [igtl.Get, igtl.Start, igtl.Stop, igtl.Ready]
    for kind in kinds:
        message = igtl.decode(igtl.encode(kind(igtl.Image)))
        assert [isinstance(message, one) for one in kinds] == [one is kind for one in kinds]
        assert not isinstance(message, igtl.Image)


@pytest.mark.parametrize(
    ("kind", "target", "text"),
    [
        (igtl.Start, igtl.String, r"STT_\* does not exist for 'String'; it does for Bind, Image, "),
        (igtl.Ready, igtl.Command, r"RTS_\* does not exist for 'Command'"),
        (igtl.Get, "IMAGE", r"GET_\* does not exist for 'IMAGE'; it does for Bind, Capability,"),
        (igtl.Get, igtl.Get, r"GET_\* does not exist for 'Get'"),
        (igtl.Stop, None, r"STP_\* does not exist for None"),
    ],
)
def test_queries_that_there_are_not(kind: Any, target: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        kind(target)


def test_queries_take_the_fields_of_their_type_only() -> None:
    image: Any = igtl.Image
    with pytest.raises(TypeError, match="no field 'interval'"):
        igtl.Start(image, interval=0.02)
    with pytest.raises(TypeError, match="no field 'status'"):
        igtl.Get(image, status=1)


def test_a_query_carries_metadata_with_version_2() -> None:
    query = igtl.Get(igtl.Image, metadata={"a": "b"})
    body = table(
        """
        00 0c  00 0a  00 00 00 02  00 00 00 00     # extended header
        00 01  00 01  00 03  00 00 00 01  'ab'     # metadata, no content
        """
    )
    assert igtl.encode(query) == packet("GET_IMAGE", body, version=2)
