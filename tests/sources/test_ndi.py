from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl.errors import MissingExtraError, SourceError
from igtl.messages import Message, TrackingData, Transform
from igtl.sources import feed
from igtl.sources.ndi import NdiSource
from igtl.sources.opening import open_source
from igtl.sources.source import close_source
from tests.sources.ndi_device import Frame, Lost, NdiDevice, Pose, crc16

HALF = 0.5**0.5
STRAIGHT = Pose((1.0, 0.0, 0.0, 0.0), (1.5, -2.25, -1000.125))
ABOUT_X = Pose((HALF, HALF, 0.0, 0.0), (10.0, 20.0, 30.0))
"""A quarter of a turn: y becomes z."""
ABOUT_Z = Pose((HALF, 0.0, 0.0, HALF), (-7.0, 8.0, 9.0))
"""A quarter of a turn: x becomes y."""

MATRICES: dict[Pose, Any] = {
    STRAIGHT: [[1, 0, 0, 1.5], [0, 1, 0, -2.25], [0, 0, 1, -1000.125], [0, 0, 0, 1]],
    ABOUT_X: [[1, 0, 0, 10], [0, 0, -1, 20], [0, 1, 0, 30], [0, 0, 0, 1]],
    ABOUT_Z: [[0, -1, 0, -7], [1, 0, 0, 8], [0, 0, 1, 9], [0, 0, 0, 1]],
}
SEEN: Frame = {10: STRAIGHT, 11: ABOUT_X}

Connect = Callable[[NdiDevice], str]
over_tcp_and_terminal = pytest.mark.parametrize(
    "connect", [NdiDevice.listen, NdiDevice.plug_into_terminal], ids=["tcp", "serial"]
)


def matrix_of(message: Message) -> NDArray[Any]:
    assert isinstance(message, Transform)
    return message.matrix


def tools_of(messages: Any) -> dict[str, NDArray[Any]]:
    data = messages[-1]
    assert isinstance(data, TrackingData)
    return {tool.name: tool.matrix for tool in data.tools}


def test_the_scripted_device_has_the_checksum_of_the_guide() -> None:
    assert crc16(b"OKAY") == 0xA896  # the guide's example
    assert crc16(b"RESET") == 0xBE6F


@over_tcp_and_terminal
def test_poses_of_tools_come_as_they_are(connect: Connect) -> None:
    frames: list[Frame] = [{}, SEEN, {10: ABOUT_Z, 11: STRAIGHT}]
    with NdiDevice([10, 11], frames) as device:
        source = open_source(f"ndi:{connect(device)}", names="Probe,Needle", rate="50")
        assert (source.rate, source.name.partition(":")[0]) == (50.0, "ndi")
        assert isinstance(source, NdiSource)
        for frame in frames[1:]:
            messages = source.messages(0.0)
            assert [one.device_name for one in messages] == [
                "ProbeToTracker",
                "NeedleToTracker",
                "Tracker",
            ]
            for message, pose in zip(messages, frame.values(), strict=False):
                assert isinstance(pose, Pose)
                np.testing.assert_allclose(matrix_of(message), MATRICES[pose], atol=1e-6)
                assert dict(message.metadata) == {
                    "TransformStatus": "OK",
                    "TransformValid": "true",
                }
            tools = tools_of(messages)
            assert list(tools) == ["Probe", "Needle"]
            np.testing.assert_array_equal(tools["Needle"], matrix_of(messages[1]))
            assert len({one.timestamp for one in messages}) == 1
        close_source(source)
        assert device.commands[-1] == "TSTOP:"


def test_tools_that_are_not_seen_say_so() -> None:
    frames: list[Frame] = [
        {},
        {10: Lost(), 11: Lost(out_of_volume=True), 12: ABOUT_X},
        {10: "disabled"},
    ]
    with NdiDevice([10, 11, 12], frames) as device:
        source = NdiSource(device.listen())
        messages = source.messages(0.0)
        assert [one.device_name for one in messages[:-1]] == [
            f"Tool{number}ToTracker" for number in (1, 2, 3)
        ]
        assert [one.metadata["TransformStatus"] for one in messages[:-1]] == [
            "MISSING",
            "OUT_OF_VOLUME",
            "OK",
        ]
        assert [one.metadata["TransformValid"] for one in messages[:-1]] == [
            "false",
            "false",
            "true",
        ]
        np.testing.assert_array_equal(matrix_of(messages[0]), np.eye(4))
        assert list(tools_of(messages)) == ["Tool3"]
        again = source.messages(0.0)
        assert {one.metadata["TransformStatus"] for one in again[:-1]} == {"MISSING"}
        assert tools_of(again) == {}
        source.close()


def test_tools_that_are_not_seen_can_be_left_out() -> None:
    with NdiDevice([10, 11], [{}, {10: Lost(), 11: ABOUT_X}]) as device:
        source = NdiSource(device.listen(), missing="omit")
        messages = source.messages(0.0)
        assert [one.device_name for one in messages] == ["Tool2ToTracker", "Tracker"]
        assert [dict(one.metadata) for one in messages] == [{}, {}]
        source.close()


def test_many_tools_have_an_answer_that_is_no_text() -> None:
    """Its length is above 127, which no UTF-8 text can have there."""
    tools = range(1, 10)
    with NdiDevice(tools, [{}, dict.fromkeys(tools, ABOUT_Z)]) as device:
        source = NdiSource(device.listen())
        found = tools_of(source.messages(0.0))
        assert list(found) == [f"Tool{number}" for number in tools]
        for matrix in found.values():
            np.testing.assert_allclose(matrix, MATRICES[ABOUT_Z], atol=1e-6)
        source.close()


def test_wireless_tools_are_loaded_from_their_files(tmp_path: Path) -> None:
    definitions = {"needle.rom": bytes(range(256)) * 2 + b"end", "Pointer.rom": b"\x01" * 64}
    for name, data in definitions.items():
        (tmp_path / name).write_bytes(data)
    paths = ",".join(str(tmp_path / name) for name in definitions)
    with NdiDevice([10], [{}, {10: STRAIGHT, 11: ABOUT_X, 12: ABOUT_Z}]) as device:
        source = open_source(f"ndi:{device.listen()}", roms=paths)
        found = tools_of(source.messages(0.0))
        source.close()  # type: ignore[attr-defined]
    assert list(found) == ["Tool1", "Needle", "Pointer"]
    np.testing.assert_allclose(found["Pointer"], MATRICES[ABOUT_Z], atol=1e-6)
    for written, data in zip(device.roms.values(), definitions.values(), strict=True):
        assert written[: len(data)] == data
        assert set(written[len(data) :]) <= {0}


def test_tools_that_would_be_called_the_same_are_refused(tmp_path: Path) -> None:
    definitions = [tmp_path / name for name in ("StylusLong1.rom", "StylusLong12.rom")]
    for path in definitions:
        path.write_bytes(bytes(64))
    roms = ",".join(map(str, definitions))
    with NdiDevice([], [{}, {10: STRAIGHT, 11: ABOUT_X}]) as device:
        port = device.listen()
        with pytest.raises(SourceError, match="several tools have the same name"):
            NdiSource(port, roms=roms)
    with NdiDevice([], [{}, {10: STRAIGHT, 11: ABOUT_X}]) as device:
        source = NdiSource(device.listen(), roms=roms, names="A,B")
        names = [one.device_name for one in source.messages(0.0)]
        assert names == ["AToTracker", "BToTracker", "Tracker"]
        source.close()


@pytest.mark.parametrize("command", ["INIT", "PHSR", "TSTART", "BX"])
def test_a_tracker_that_does_not_answer_is_given_up(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed.Feed.__init__, "__kwdefaults__", {"patience": 0.3})
    monkeypatch.setattr(feed, "_CLOSING_S", 0.1)
    with (
        NdiDevice([10], [], silent_at=command) as device,
        pytest.raises(SourceError, match=r"NDI tracker 127.0.0.1:\d+ gives no answer for 0.3 s"),
    ):
        NdiSource(device.listen())


@over_tcp_and_terminal
def test_a_tracker_that_is_unplugged_is_one_clear_line(connect: Connect) -> None:
    with NdiDevice([10], []) as device:
        source = NdiSource(connect(device))
        device.unplug()
        with pytest.raises(SourceError, match=r"cannot do BX: .*; is it plugged in, switched on"):
            source.messages(0.0)
        source.close()


def test_refusals_of_the_tracker_are_told(tmp_path: Path) -> None:
    with NdiDevice([], []) as device, pytest.raises(SourceError, match="has no tool: plug one in"):
        NdiSource(device.listen())
    with (
        NdiDevice([10], []) as device,
        pytest.raises(SourceError, match=r"2 names \(A, B\) for 1 tools \(Tool1\)"),
    ):
        NdiSource(device.listen(), names="A,B")
    assert device.ended.wait(5)


@pytest.mark.parametrize(
    ("port", "options", "complaint"),
    [
        ("/dev/nothing", {}, "cannot open /dev/nothing: no such serial port"),
        ("127.0.0.1:1", {}, r"cannot do INIT: .* is it plugged in"),
        ("host:port", {}, "'host:port' is no NDI tracker, expected a serial port"),
        (":8765", {}, "':8765' is no NDI tracker"),
        ("x", {"missing": "hide"}, "missing is 'hide', expected 'tell' or 'omit'"),
        ("x", {"names": "A,A"}, "names are 'A,A', expected each only once"),
        ("x", {"names": "Ultrasound12"}, "'Ultrasound12' is too long: .* fit into 20 bytes"),
        ("x", {"roms": "no.rom"}, "cannot read the tool definition no.rom: No such file"),
        ("x", {"roms": __file__}, "is no tool definition: .* bytes, expected 1024 at most"),
        ("x", {"rate": "0"}, "rate is 0.0, expected ticks"),
        ("x", {"baud": "9600"}, "has no option 'baud'; its options: port, roms, names"),
    ],
)
def test_wrong_options_are_one_line(port: str, options: dict[str, object], complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint) as told:
        open_source(f"ndi:{port}", **options)
    assert "\n" not in str(told.value)


def test_the_port_has_to_be_told() -> None:
    with pytest.raises(SourceError, match="source 'ndi' needs its port: ndi:PORT"):
        open_source("ndi")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ndicapy", None)
    with pytest.raises(MissingExtraError, match=r"needs ndicapi: pip install 'igtl\[trackers\]'"):
        NdiSource("host:8765")
