"""What every message has: device name, time, metadata, message id, header version."""

from __future__ import annotations

import math
import struct
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import igtl
from igtl.messages import encode_buffers
from tests.codec.wire import packet

# One class with a generic constructor, one with its own, one query.
MAKERS = [igtl.Status, partial(igtl.String, "x"), partial(igtl.Get, igtl.Image)]


def header_of(message: igtl.Message) -> tuple[Any, ...]:
    return struct.unpack_from(">H12s20sQQQ", igtl.encode(message))


@pytest.mark.parametrize("make", MAKERS, ids=["generic", "own", "query"])
class TestEveryConstructor:
    def test_defaults(self, make: Any) -> None:
        message = make()
        assert message.device_name == ""
        assert message.timestamp is None
        assert message.timestamp_ns is None
        assert message.metadata == {}
        assert message.message_id == 0
        assert message.header_version == 1
        assert header_of(message)[2:4] == (bytes(20), 0)

    def test_values_are_in_the_header(self, make: Any) -> None:
        message = make(device_name="Probe", timestamp=2.5, message_id=7, metadata={"a": "b"})
        assert (message.device_name, message.timestamp) == ("Probe", 2.5)
        assert (message.message_id, message.metadata) == (7, {"a": "b"})
        version, _, name, time, _, _ = header_of(message)
        assert (version, name, time) == (2, b"Probe".ljust(20, b"\0"), 0x280000000)

    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("device_name", "x" * 21, "takes 21 bytes, but the wire has room for 20: shorten it"),
            ("device_name", "ä" * 11, "takes 22 bytes"),
            ("device_name", None, "device_name is NoneType, expected str"),
            ("device_name", b"x", "device_name is bytes, expected str"),
            ("device_name", "a\0b", "contains a NUL character"),
            ("timestamp", -1.0, "must be between 0 and 2.*32 seconds since 1970"),
            ("timestamp", math.nan, "must be between 0"),
            ("timestamp", math.inf, "must be between 0"),
            ("timestamp", 2.0**32, "must be between 0"),
            ("timestamp", 1.7e18, "must be between 0"),  # nanoseconds
            ("timestamp", "now", "timestamp is 'now', expected seconds since 1970 or None"),
            ("timestamp", 10**400, "timestamp is 10+, expected seconds"),
            ("metadata", "a=b", "metadata is str, expected a mapping"),
            ("metadata", {"a": 1}, "expected str: str"),
            ("metadata", {"a": "x" * 65535}, "over the limit of 65535"),
            ("message_id", -1, "message_id is -1, expected 0 to 4294967295"),
            ("message_id", 1 << 32, "message_id is 4294967296"),
            ("message_id", "7", "message_id is '7', expected an integer"),
            ("message_id", 1.0, "message_id is 1.0, expected an integer"),
            ("header_version", 0, "header_version is 0, expected 1, 2 or None"),
            ("header_version", 3, "header_version is 3, expected 1, 2 or None"),
            ("header_version", "2", "header_version is '2', expected 1, 2 or None"),
            ("wire_type", "OTHER", "wire_type is 'OTHER', expected one of "),
        ],
    )
    def test_values_that_do_not_fit(self, make: Any, name: str, value: Any, text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            make(**{name: value})

    def test_there_is_no_other_field(self, make: Any) -> None:
        with pytest.raises(TypeError, match="no field 'devicename'"):
            make(devicename="Probe")

    def test_version_1_cannot_carry_what_version_2_has(self, make: Any) -> None:
        for more in ({"metadata": {"a": "b"}}, {"message_id": 3}):
            with pytest.raises(igtl.MessageError, match="need header version 2, 1 was asked for"):
                make(header_version=1, **more)
            with pytest.raises(igtl.MessageError, match="need header version 2, 1 was asked for"):
                igtl.encode(make(**more), version=1)
        assert make(header_version=1, metadata={}, message_id=0).header_version == 1

    @pytest.mark.parametrize(
        ("given_fields", "version"),
        [
            ({}, 1),
            ({"header_version": None}, 1),
            ({"header_version": 1}, 1),
            ({"header_version": 2}, 2),
            ({"message_id": 1}, 2),
            ({"metadata": {"a": ""}}, 2),
            ({"message_id": 0, "metadata": {}}, 1),
            ({"message_id": 1, "header_version": 2}, 2),
        ],
    )
    def test_the_version_is_1_unless_2_is_needed(
        self, make: Any, given_fields: dict[str, Any], version: int
    ) -> None:
        message = make(**given_fields)
        assert message.header_version == version
        assert header_of(message)[0] == version

    def test_replace_chooses_the_version_anew(self, make: Any) -> None:
        message = make()
        assert message.header_version == 1
        more = message.replace(metadata={"a": "b"})
        assert (more.header_version, header_of(more)[0]) == (2, 2)
        assert header_of(more.replace(metadata={}))[0] == 1
        asked = make(header_version=2)
        assert header_of(asked.replace(device_name="x"))[0] == 2

    def test_a_decoded_message_keeps_its_version(self, make: Any) -> None:
        for version in (1, 2):
            message = igtl.decode(igtl.encode(make(), version=version))
            changed = message.replace(device_name="x")
            assert (changed.header_version, header_of(changed)[0]) == (version, version)
            more = message.replace(message_id=5)
            assert (more.header_version, header_of(more)[0]) == (2, 2)

    def test_encode_writes_the_version_that_it_is_told(self, make: Any) -> None:
        for message in (make(), igtl.decode(igtl.encode(make()))):
            for version in (1, 2):
                data = igtl.encode(message, version=version)
                assert data[:2] == bytes((0, version))
                assert igtl.decode(data).replace(header_version=1) == message
            for wrong in (0, 3, "1"):
                with pytest.raises(igtl.MessageError, match="cannot be written, expected 1 or 2"):
                    igtl.encode(message, version=wrong)  # type: ignore[arg-type]


@given(st.integers(0, (1 << 64) - 1))
@example((1 << 64) - 1)
@example(1)
def test_the_64_bits_of_a_time_are_kept(raw: int) -> None:
    data = packet("GET_STATUS", raw_time=raw)
    message = igtl.decode(data)
    assert igtl.encode(message) == data
    assert igtl.encode(message, version=2)[34:42] == raw.to_bytes(8, "big")
    assert message == igtl.decode(data)
    if raw:
        assert message.timestamp is not None
        assert abs(message.timestamp - raw / 2**32) < 1e-6
        assert message.timestamp_ns == (raw * 10**9 + 2**31) >> 32
        assert abs(header_of(message.replace(device_name="x"))[3] - raw) < 2048  # 0.5 us
    else:
        assert (message.timestamp, message.timestamp_ns) == (None, None)


@pytest.mark.parametrize("timestamp", [None, 0, 0.0])
def test_no_time_is_0_on_the_wire(timestamp: float | None) -> None:
    message = igtl.Status(timestamp=timestamp)
    assert header_of(message)[3] == 0
    assert message.timestamp_ns is None
    assert igtl.decode(igtl.encode(message)).timestamp is None


@pytest.mark.parametrize("timestamp", [5, np.float64(5.0), np.int64(5), True + 4.0])
def test_a_time_is_any_number(timestamp: Any) -> None:
    message = igtl.Status(timestamp=timestamp)
    assert message.timestamp == 5.0
    assert type(message.timestamp) is float
    assert message.timestamp_ns == 5_000_000_000


def test_times_of_this_century_are_exact() -> None:
    """To the last bit of the float that was given."""
    seconds = 1_700_000_000.123_456_7
    assert igtl.decode(igtl.encode(igtl.Status(timestamp=seconds))).timestamp == seconds


def test_the_time_of_sending_stands_in_for_none() -> None:
    def raw_time(message: igtl.Message, now: float) -> int:
        return int.from_bytes(bytes(encode_buffers(message, now=now)[0])[34:42], "big")

    assert raw_time(igtl.Status(), 2.0) == 2 << 32
    assert raw_time(igtl.Status(timestamp=1.0), 2.0) == 1 << 32
    assert raw_time(igtl.Status(), 0.0) == 0
    received = igtl.decode(packet("GET_STATUS", raw_time=3 << 32))
    assert raw_time(received, 2.0) == 3 << 32


def test_metadata_cannot_be_changed() -> None:
    values = {"a": "b"}
    message = igtl.Status(metadata=values)
    values["a"] = "changed"
    assert message.metadata == {"a": "b"}
    with pytest.raises(TypeError, match="does not support item assignment"):
        message.metadata["a"] = "changed"  # type: ignore[index]


def test_an_integer_like_id_is_taken() -> None:
    assert igtl.Status(message_id=np.uint32(7)).message_id == 7  # type: ignore[arg-type]
