from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet, table

SENSOR = table(
    """
    03                          # three values
    00                          # status, reserved
    30 84 11 0f 80 00 00 00     # kg m s-2: 0011  000010 0001  000001 0001  000011 1110  0...
    3f f8 00 00 00 00 00 00     # 1.5
    c0 00 00 00 00 00 00 00     # -2
    7f f0 00 00 00 00 00 00     # infinite
    """
)


def test_the_unit_of_the_fixture() -> None:
    bits = "0011" + "0000100001" + "0000010001" + "0000111110" + "0" * 30
    assert int(bits, 2).to_bytes(8, "big") == SENSOR[2:10]


def test_sensor_by_hand() -> None:
    sensor = igtl.Sensor([1.5, -2, math.inf], "kg m/s2", device_name="Force")
    assert igtl.encode(sensor) == packet("SENSOR", SENSOR, device_name=b"Force")
    again = igtl.decode(packet("SENSOR", SENSOR))
    assert isinstance(again, igtl.Sensor)
    assert again.values.tolist() == [1.5, -2.0, math.inf]
    assert again.values.dtype == np.float64
    assert (again.unit, again.status) == ("kg m s-2", 0)


def test_the_reserved_byte_and_odd_units_are_kept() -> None:
    data = packet("SENSOR", b"\0\x09" + b"\x80" + bytes(7))
    sensor = igtl.decode(data)
    assert isinstance(sensor, igtl.Sensor)
    assert (sensor.status, sensor.unit, sensor.values.shape) == (9, "0x8000000000000000", (0,))
    assert igtl.encode(sensor.replace(values=[], device_name="")) == data


@pytest.mark.parametrize("count", [0, 2, 4, 255])
def test_another_number_of_values_is_refused(count: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"{count} values take {8 * count} bytes, not 24"):
        igtl.decode(packet("SENSOR", bytes([count]) + SENSOR[1:]))


def test_up_to_255_values() -> None:
    assert len(igtl.Sensor(np.arange(255)).values) == 255
    with pytest.raises(igtl.MessageError, match=r"256 values, .* room for 255: use NDArray"):
        igtl.Sensor(np.arange(256))


@pytest.mark.parametrize(
    ("values", "unit", "text"),
    [
        (5.0, "", r"values has shape \(\), expected \(n,\)"),
        ([[1.0]], "", r"values has shape \(1, 1\)"),
        (["a"], "", "expected real numbers"),
        ([1j], "", "expected real numbers"),
        ([1.0], "furlong", "'furlong' is not understood"),
        ([1.0], None, "unit is None, expected text"),
    ],
)
def test_wrong_values_are_refused(values: Any, unit: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Sensor(values, unit)
    with pytest.raises(igtl.MessageError, match="status is 256, expected 0 to 255"):
        igtl.Sensor([], status=256)
