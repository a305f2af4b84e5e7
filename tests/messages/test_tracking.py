"""TDATA, QTDATA and the queries that start them, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet, table

TDATA = table(
    """
    'Probe' 00*15                             # name char[20]
    02 00                                     # 6D; reserved
    00 00 00 00  3f 80 00 00  00 00 00 00     # first column: 0 1 0
    bf 80 00 00  00 00 00 00  00 00 00 00     # second column: -1 0 0
    00 00 00 00  00 00 00 00  3f 80 00 00     # third column: 0 0 1
    41 20 00 00  c1 a0 00 00  3f 00 00 00     # translation: 10, -20, 0.5 mm
    """
)
MATRIX = np.array([[0, -1, 0, 10], [1, 0, 0, -20], [0, 0, 1, 0.5], [0, 0, 0, 1]])
QTDATA = table(
    """
    'Needle' 00*14                            # name char[20]
    04 00                                     # 5D; reserved
    41 20 00 00  c1 a0 00 00  3f 00 00 00     # 10, -20, 0.5 mm
    00 00 00 00  3f 00 00 00  00 00 00 00  bf 80 00 00    # x y z w: 0 0.5 0 -1
    """
)


def test_tdata_by_hand() -> None:
    assert len(TDATA) == 70
    tools = (igtl.Tool("Probe", MATRIX), igtl.Tool("Probe", MATRIX[:3], type=2))
    data = packet("TDATA", TDATA * 2)
    assert igtl.encode(igtl.TrackingData(tools)) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.TrackingData)
    assert message.tools == tools
    assert message.tools[0].name == "Probe"
    assert message.tools[0].type is igtl.ToolType.SIX_D
    assert message.tools[0].matrix.tolist() == MATRIX.tolist()


def test_qtdata_by_hand() -> None:
    assert len(QTDATA) == 50
    tool = igtl.QuaternionTool(
        "Needle", MATRIX[:3, 3], np.array([0, 0.5, 0, -1]), type=igtl.ToolType.FIVE_D
    )
    data = packet("QTDATA", QTDATA)
    assert igtl.encode(igtl.QuaternionTrackingData((tool,))) == data
    message = igtl.decode(data)
    assert isinstance(message, igtl.QuaternionTrackingData)
    (again,) = message.tools
    assert again == tool
    assert again.position.tolist() == [10, -20, 0.5]
    assert again.quaternion.tolist() == [0, 0.5, 0, -1]


@pytest.mark.parametrize(
    ("number", "name"), [(1, "TRACKER"), (2, "SIX_D"), (3, "THREE_D"), (4, "FIVE_D"), (9, None)]
)
def test_types_of_tools(number: int, name: str | None) -> None:
    message = igtl.decode(packet("TDATA", TDATA[:20] + bytes([number]) + TDATA[21:]))
    assert isinstance(message, igtl.TrackingData)
    (tool,) = message.tools
    assert tool.type == number
    assert getattr(tool.type, "name", None) == name


def test_699_bytes_are_not_tools() -> None:
    with pytest.raises(igtl.DecodeError, match="699 bytes are not a whole number of 70-byte Tool"):
        igtl.decode(packet("TDATA", bytes(699)))
    with pytest.raises(igtl.DecodeError, match="51 bytes are not a whole number of 50-byte Quat"):
        igtl.decode(packet("QTDATA", bytes(51)))
    message = igtl.decode(packet("TDATA", bytes(700)))
    assert isinstance(message, igtl.TrackingData)
    assert len(message.tools) == 10


START = table("00 00 00 14  'Patient' 00*25")  # 20 ms; coordinate name char[32]


@pytest.mark.parametrize("cls", [igtl.TrackingData, igtl.QuaternionTrackingData])
def test_start_by_hand(cls: type[igtl.Message]) -> None:
    wire_type = f"STT_{cls.wire_type}"
    start = igtl.Start(cls, interval=0.02, coordinate_name="Patient")
    assert igtl.encode(start) == packet(wire_type, START)
    again: Any = igtl.decode(packet(wire_type, START))
    assert issubclass(type(again), igtl.Start)
    assert again.target is cls
    assert (again.interval, again.coordinate_name) == (0.02, "Patient")
    for size in (35, 37):
        with pytest.raises(igtl.DecodeError, match=f"content of {size} bytes, expected 36"):
            igtl.decode(packet(wire_type, START.ljust(37, b"\0")[:size]))


def test_start_as_fast_as_possible() -> None:
    assert igtl.encode(igtl.Start(igtl.TrackingData)) == packet("STT_TDATA", bytes(36))


def test_an_interval_is_in_whole_milliseconds() -> None:
    start: Any = igtl.Start(igtl.TrackingData, interval=0.0123)
    assert start.interval == 0.012
    negative: Any = igtl.decode(packet("STT_TDATA", b"\xff\xff\xff\xff" + bytes(32)))
    assert negative.interval == -0.001
    with pytest.raises(igtl.MessageError, match="interval is 3000000000, expected -2147483648 to"):
        igtl.Start(igtl.TrackingData, interval=3_000_000)
    with pytest.raises(igtl.MessageError, match=r"coordinate_name .* takes 32 bytes"):
        igtl.Start(igtl.TrackingData, coordinate_name="x" * 32)


def test_wrong_tools_are_refused() -> None:
    wrong: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
        (igtl.Tool, ("x" * 20, MATRIX), {}, r"name 'x+' takes 20 bytes, .* room for 19"),
        (igtl.Tool, ("a", np.eye(3)), {}, r"matrix has shape \(3, 3\)"),
        (igtl.Tool, ("a", MATRIX), {"type": 256}, "type is 256, expected 0 to 255"),
        (igtl.QuaternionTool, ("a", (1, 2)), {}, "position has 2 values, expected 3"),
        (igtl.TrackingData, ((MATRIX,),), {}, r"tools\[0\] is .*, expected a Tool"),
    ]
    for cls, args, named, text in wrong:
        with pytest.raises(igtl.MessageError, match=text):
            cls(*args, **named)


def test_an_error_says_which_tool_is_meant() -> None:
    full = packet("TDATA", TDATA + b"x" * 20 + TDATA[20:])
    message = igtl.decode(full)
    assert isinstance(message, igtl.TrackingData)
    with pytest.raises(igtl.MessageError, match=r"tools\[1\]\.name 'x+' takes 20 bytes"):
        igtl.TrackingData(message.tools)
