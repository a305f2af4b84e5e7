from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

import igtl
from igtl import layout
from igtl.codec.crc import crc64
from igtl.codec.frame import HEADER, parse
from igtl.errors import ChecksumError, RecordingError
from igtl.messages import registry
from igtl.recording.entry import Entry
from igtl.recording.recording import Recording, read
from igtl.recording.writer import FileWriter
from tests.recording.stock import MIXED, START, Item, write_stock

#: The mixed messages, over one connection.
ONE = tuple(item._replace(connection="c") for item in MIXED)
TURN = np.array(((0.0, -1, 0, 10), (1, 0, 0, 20), (0, 0, 1, 30), (0, 0, 0, 1)))


def recorded(path: Path, *messages: igtl.Message | bytes, connection: str = "c") -> Recording:
    """Messages, a second apart."""
    datas = [one if isinstance(one, bytes) else igtl.encode(one) for one in messages]
    items = [Item(START + i * 10**9, connection, data) for i, data in enumerate(datas)]
    return read(write_stock(path / "a.mcap", items, chunk_size=1500))


def body(wire_type: str, content: bytes, version: int = 1) -> bytes:
    """A message put together by hand."""
    head = HEADER.pack(version, wire_type.encode(), b"Probe", 3 << 31, len(content), crc64(content))
    return head + content


@pytest.fixture
def force(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[igtl.Message]]:
    """A type that a user declared, with every kind of field."""
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))

    @igtl.message("TESTALL")
    class All(igtl.Message):
        count: int = igtl.field(layout.U16)
        signed: int = igtl.field(layout.I8)
        _gap = igtl.field(layout.Reserved(3))
        force: NDArray[np.float64] = igtl.field(layout.F32[3])
        cells: tuple[int, ...] = igtl.field(layout.I32[2])
        step: float = igtl.field(layout.Scaled(layout.I32, 0.001))
        when: float | None = igtl.field(layout.Time)
        every: float = igtl.field(layout.Duration)
        note: str = igtl.field(layout.Text(8))

    yield All
    registry.sure.pop(b"TESTALL".ljust(12, b"\0"), None)


def test_values_of_bytes_made_by_hand(tmp_path: Path) -> None:
    content = struct.pack(">12f", 0, 1, 0, -1, 0, 0, 0, 0, 1, 10, 20, 30)
    extended = struct.pack(">HHII", 12, 2, 0, 7) + content + bytes(2)
    longer = struct.pack(">HHII", 16, 2, 0, 7) + b"more" + content + bytes(2)
    messages = [
        body("TRANSFORM", content),
        body("TRANSFORM", extended, 2),
        body("TRANSFORM", longer, 2),
    ]
    with recorded(tmp_path, *messages) as recording:
        columns = recording.columns(igtl.Transform, "Probe")
        assert_array_equal(columns["matrix"], [TURN, TURN, TURN])
        assert_array_equal(columns.times, [1.7e9, 1.7e9 + 1, 1.7e9 + 2])
        assert_array_equal(columns.timestamps, [1.5, 1.5, 1.5])
        assert (columns.left_out, list(columns), len(columns)) == (0, ["matrix"], 1)
        assert columns["matrix"].dtype == np.float64
        with pytest.raises(KeyError, match="'pose': there are matrix"):
            columns["pose"]


def same_as_decoded(recording: Recording, cls: type[igtl.Message], device: str) -> int:
    """Compare columns with messages decoded one by one; how many there are."""
    columns = recording.columns(cls, device)
    chosen = recording.select(type=cls, device=device)
    entries = list(chosen.entries())
    messages = [entry.message for entry in entries]
    assert_array_equal(columns.times, [entry.time for entry in entries])
    stamps = [np.nan if one.timestamp is None else one.timestamp for one in messages]
    assert_array_equal(columns.timestamps, stamps)
    for name in cls.names:
        for got, message in zip(columns[name], messages, strict=True):
            expected = getattr(message, name)
            if expected is None:
                assert np.isnan(got).all()
            else:
                assert_array_equal(got, expected)
    return len(messages)


@given(
    poses=st.lists(
        st.tuples(
            st.lists(st.floats(width=32, allow_nan=False), min_size=12, max_size=12),
            st.none() | st.floats(0, 4e9),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_columns_are_what_decoding_gives(
    tmp_path_factory: pytest.TempPathFactory, poses: list[Any]
) -> None:
    messages = [
        igtl.Transform(
            np.array(values).reshape(3, 4),
            timestamp=stamp,
            device_name="Probe",
            metadata={"a": "b" * i} if extended else {},
        )
        for i, (values, stamp, extended) in enumerate(poses)
    ]
    with recorded(tmp_path_factory.mktemp("columns"), *messages) as recording:
        assert same_as_decoded(recording, igtl.Transform, "Probe") == len(poses)


@pytest.mark.parametrize(
    ("cls", "device"),
    [
        (igtl.Transform, "Probe"),
        (igtl.Transform, "Reference"),
        (igtl.Position, "Stylus"),
        (igtl.String, "Log"),
        (igtl.Status, "Probe"),
        (igtl.Image, "US"),
    ],
)
def test_columns_of_mixed_messages(cls: type[igtl.Message], device: str, tmp_path: Path) -> None:
    with read(write_stock(tmp_path / "a.mcap", ONE, chunk_size=1500)) as recording:
        assert same_as_decoded(recording, cls, device) > 10
        assert same_as_decoded(recording[0.5:0.9], cls, device) > 3


def test_every_kind_of_field(force: type[igtl.Message], tmp_path: Path) -> None:
    messages = [
        force(
            count=i,
            signed=-i,
            force=(i, 0.5, -1),
            cells=(i, -7),
            step=i / 1000,
            when=None if i == 2 else 5.5 + i,
            every=i / 2,
            note=f"n{i}",
            device_name="D",
        )
        for i in range(5)
    ]
    with recorded(tmp_path, *messages) as recording:
        assert same_as_decoded(recording, force, "D") == 5
        columns = recording.columns(force)
        assert columns["count"].tolist() == [0, 1, 2, 3, 4]
        assert columns["cells"].tolist() == [[i, -7] for i in range(5)]
        assert columns["step"].tolist() == [0, 0.001, 0.002, 0.003, 0.004]
        assert_array_equal(columns["when"], [5.5, 6.5, np.nan, 8.5, 9.5])
        assert columns["every"].tolist() == [0, 0.5, 1, 1.5, 2]
        assert columns["note"].tolist() == ["n0", "n1", "n2", "n3", "n4"]


def test_positions_of_all_three_sizes(tmp_path: Path) -> None:
    short = body("POSITION", struct.pack(">6f", 1, 2, 3, 0.5, 0.5, 0.5))
    point = body("QTRANS", struct.pack(">3f", 4, 5, 6))
    whole = body("POSITION", struct.pack(">7f", 7, 8, 9, 0, 0, 0.6, 0.8))
    odd = body("POSITION", bytes(13))
    with recorded(tmp_path, short, point, odd, whole) as recording:
        columns = recording.columns(igtl.Position, "Probe")
        assert columns["position"].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        expected = np.array([[0.5, 0.5, 0.5, 0.5], [np.nan] * 4, [0, 0, 0.6, 0.8]])
        assert_allclose(columns["quaternion"], expected, rtol=1e-7)
        assert columns.left_out == 1
        poses = recording.poses("Probe")
        assert_allclose(poses.matrices[0, :3, :3], [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-7)
        assert_array_equal(poses.matrices[1], np.eye(4) + np.pad([[4], [5], [6]], ((0, 1), (3, 0))))
        turned = np.array(((0.28, -0.96, 0, 7), (0.96, 0.28, 0, 8), (0, 0, 1, 9), (0, 0, 0, 1)))
        assert_allclose(poses.matrices[2], turned, atol=1e-7)
        assert_array_equal(poses.times, [1.7e9, 1.7e9 + 1, 1.7e9 + 3])
        assert (poses.timestamps.tolist(), poses.left_out) == ([1.5] * 3, 1)


def test_numbers_that_are_none_come_without_a_warning(tmp_path: Path) -> None:
    signalling = bytes.fromhex("7f800001")
    with recorded(tmp_path, body("TRANSFORM", signalling * 12)) as recording:
        assert np.isnan(recording.columns(igtl.Transform)["matrix"][0, :3]).all()


def test_types_of_varying_size(tmp_path: Path) -> None:
    sensors = [igtl.Sensor([i, 2.0 * i], "N", device_name="Force") for i in range(3)]
    arrays = [igtl.NDArray(np.zeros((2, i)), device_name="Net") for i in range(3)]
    with recorded(tmp_path, *sensors, *arrays) as recording:
        assert recording.columns(igtl.Sensor)["values"].tolist() == [[0, 0], [1, 2], [2, 4]]
        assert recording.columns(igtl.Sensor)["unit"].tolist() == ["N"] * 3
        shapes = [one.shape for one in recording.columns(igtl.NDArray)["array"]]
        assert shapes == [(2, 0), (2, 1), (2, 2)]


def test_a_header_of_another_type_than_its_channel_is_left_out(tmp_path: Path) -> None:
    items = [item for item in ONE if item.data[2:8] == b"STRING"]
    path = write_stock(tmp_path / "a.mcap", items, enable_crcs=False)
    data = bytearray(path.read_bytes())
    data[data.index(items[3].data) + 2] ^= 1
    path.write_bytes(data)
    with read(path) as recording:
        columns = recording.columns(igtl.String, "Log")
        assert (len(columns.times), columns.left_out) == (len(items) - 1, 1)


def test_what_is_too_much_for_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("igtl.recording.columns._MOST_BYTES", 100)
    image = igtl.Image(np.zeros((10, 10), np.uint8), device_name="US")
    with (
        recorded(tmp_path, image) as recording,
        pytest.raises(RecordingError, match=r"iterate over recording.select\(type=igtl.Image"),
    ):
        recording.columns(igtl.Image, "US")


def test_wrong_checksums_are_left_out(tmp_path: Path) -> None:
    good = igtl.encode(igtl.Transform(TURN, device_name="Probe"))
    bad = good[:-1] + b"\x01"
    short = body("TRANSFORM", bytes(47))
    with recorded(tmp_path, good, bad, good, short) as recording:
        columns = recording.columns(igtl.Transform, "Probe")
        assert (len(columns.times), columns.left_out) == (2, 2)
        assert_array_equal(columns["matrix"], [TURN, TURN])
        unchecked = recording.columns(igtl.Transform, "Probe", verify=False)
        assert (len(unchecked.times), unchecked.left_out) == (3, 1)
        poses = recording.poses("Probe")
        assert (len(poses.times), poses.left_out) == (2, 2)


def test_wrong_checksums_that_our_writer_noted_are_left_out(tmp_path: Path) -> None:
    good = igtl.encode(igtl.Transform(TURN, device_name="Probe"))
    bad = good[:-1] + b"\x01"
    with FileWriter(tmp_path / "a.mcap") as writer:
        for number, data in enumerate((good, bad, good)):
            writer.add(Entry(START + number, "c", parse(data)))
            if number == 0:
                writer.cut_chunk()  # nothing is wrong in this one, so its messages are believed
    with read(tmp_path / "a.mcap") as recording:
        assert [part.vouched for part in recording.parts()] == [True, False]
        columns = recording.columns(igtl.Transform, "Probe")
        assert (len(columns.times), columns.left_out) == (2, 1)
        assert [event.event for event in recording.events] == ["checksum"]
        messages = iter(recording)
        next(messages)
        with pytest.raises(ChecksumError):
            next(messages)


def test_which_device(tmp_path: Path) -> None:
    with read(write_stock(tmp_path / "a.mcap", ONE)) as recording:
        with pytest.raises(RecordingError, match=r"of which device.*'Probe', 'Reference'"):
            recording.columns(igtl.Transform)
        with pytest.raises(RecordingError, match=r"no TRANSFORM of device 'Prob'.*'Probe'"):
            recording.columns(igtl.Transform, "Prob")
        with pytest.raises(RecordingError, match="there are: none"):
            recording.columns(igtl.Sensor)
        assert len(recording.columns(igtl.Position).times) > 10
        assert recording[:0.035].columns(igtl.String).times.tolist() == [(START + 30_000_000) / 1e9]


def test_what_is_no_class_and_no_name(tmp_path: Path) -> None:
    with recorded(tmp_path, igtl.Transform(TURN, device_name="Probe")) as recording:
        with pytest.raises(RecordingError, match=r"'Probe' is str, expected a message class"):
            recording.columns("Probe")  # type: ignore[arg-type]
        with pytest.raises(RecordingError, match=r"is type, expected the name of a device"):
            recording.poses(igtl.Transform)  # type: ignore[arg-type]


def test_devices_of_one_name_over_several_connections_are_not_mixed(tmp_path: Path) -> None:
    tracked = igtl.TrackingData((igtl.Tool("A", TURN),), device_name="T")
    datas = [igtl.encode(one) for one in (igtl.Transform(TURN, device_name="Probe"), tracked)]
    times = {"a:1": (0, 4), "b:2": (3, 7)}
    items = [
        Item(START + second * 10**9, connection, data)
        for connection, seconds in times.items()
        for second in seconds
        for data in datas
    ]
    with read(write_stock(tmp_path / "a.mcap", items)) as recording:
        several = r"'Probe' came over several .*'a:1', 'b:2'; .*select\(connection='a:1'\)"
        with pytest.raises(RecordingError, match=several):
            recording.poses("Probe")
        with pytest.raises(RecordingError, match=several):
            recording.columns(igtl.Transform, "Probe")
        with pytest.raises(RecordingError, match="TDATA of 'T' came over several"):
            recording.poses("A")
        for name in ("Probe", "A"):
            found = recording.select(connection="b:2").poses(name)
            assert_array_equal(found.times, [1.7e9 + 3, 1.7e9 + 7])


def test_a_connection_that_follows_another_goes_on_with_it(tmp_path: Path) -> None:
    data = igtl.encode(igtl.Transform(TURN, device_name="Probe"))
    items = [Item(START + i * 10**9, "ab"[i >= 2], data) for i in range(4)]
    with read(write_stock(tmp_path / "a.mcap", items)) as recording:
        assert len(recording.poses("Probe").times) == 4


def test_poses_are_shown_in_a_few_words(tmp_path: Path) -> None:
    probe, other = igtl.Transform(TURN, device_name="Probe"), igtl.Tool("A", TURN)
    tracked = igtl.TrackingData((other,), device_name="T")
    with recorded(tmp_path, probe, probe, tracked) as recording:
        assert repr(recording.poses("Probe")) == "<Poses: 2 of Probe>"
        assert repr(recording.poses("A")) == "<Poses: 1 of A>"


def test_a_device_whose_name_has_brackets(tmp_path: Path) -> None:
    other = igtl.Transform(np.eye(4), device_name="P1x")
    with recorded(tmp_path, igtl.Transform(TURN, device_name="P[1]*"), other) as recording:
        assert_array_equal(recording.columns(igtl.Transform, "P[1]*")["matrix"], [TURN])


def test_poses_of_a_transform(tmp_path: Path) -> None:
    later = igtl.Transform(np.eye(4), device_name="Probe", timestamp=7, message_id=1)
    with recorded(tmp_path, igtl.Transform(TURN, device_name="Probe"), later) as recording:
        times, timestamps, matrices, valid, left_out, _ = recording.poses("Probe")
        assert_array_equal(matrices, [TURN, np.eye(4)])
        assert_array_equal(times, [1.7e9, 1.7e9 + 1])
        assert_array_equal(timestamps, [np.nan, 7])
        assert (valid.tolist(), left_out) == ([True, True], 0)


def test_poses_that_their_metadata_call_invalid(tmp_path: Path) -> None:
    said = [
        {"TransformStatus": "OK"},
        {"TransformStatus": "missing"},
        {"TransformValid": "false"},
        {"TransformValid": "true", "TransformStatus": "OUT_OF_VIEW"},
        {"TransformValid": "0"},
        {"Other": "INVALID"},
        {},
        {"TransformStatus": "OK", "TransformValid": "1"},
    ]
    messages: list[igtl.Message] = []
    for metadata in said:
        named = {"device_name": "Probe", "metadata": metadata, "header_version": 2}
        messages.append(igtl.Transform(TURN, **named))  # type: ignore[arg-type]
    tools = igtl.TrackingData(
        (igtl.Tool("A", TURN), igtl.Tool("A", TURN)), device_name="T", metadata=said[1]
    )
    still = igtl.Position((1, 2, 3), device_name="P", metadata=said[2])
    with recorded(tmp_path, *messages, tools, still) as recording:
        valid = recording.poses("Probe").valid
        assert valid.tolist() == [True, False, False, False, False, True, True, True]
        assert recording.poses("A").valid.tolist() == [False, False]
        assert recording.poses("P").valid.tolist() == [False]


def test_poses_of_tools(tmp_path: Path) -> None:
    still = np.eye(4)
    messages = [
        igtl.TrackingData((igtl.Tool("A", TURN), igtl.Tool("B", still)), device_name="T"),
        igtl.TrackingData((igtl.Tool("B", TURN),), device_name="T", metadata={"k": "v"}),
        igtl.TrackingData((), device_name="T"),
        igtl.TrackingData((igtl.Tool("BB", still), igtl.Tool("A", still)), device_name="T"),
        igtl.QuaternionTrackingData(
            (igtl.QuaternionTool("Q", (1, 2, 3), (0, 0, 2, 2)),), device_name="T"
        ),
    ]
    with recorded(tmp_path, *messages) as recording:
        assert_array_equal(recording.poses("A").matrices, [TURN, still])
        assert_array_equal(recording.poses("A").times, [1.7e9, 1.7e9 + 3])
        assert_array_equal(recording.poses("B").matrices, [still, TURN])
        assert_array_equal(recording.poses("BB").times, [1.7e9 + 3])
        turned = [[[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]]
        assert_allclose(recording.poses("Q").matrices, turned, atol=1e-12)
        with pytest.raises(RecordingError, match="devices: none; tools: 'A', 'B', 'BB', 'Q'"):
            recording.poses("C")


def test_tools_in_every_order_come_in_the_order_of_messages(tmp_path: Path) -> None:
    messages = []
    for i in range(200):
        pose = np.eye(4)
        pose[0, 3] = i
        others = tuple(igtl.Tool(f"O{n}", TURN) for n in range(i * 7 % 5))
        messages.append(igtl.TrackingData((*others, igtl.Tool("A", pose)), device_name="T"))
    with recorded(tmp_path, *messages) as recording:
        assert recording.poses("A").matrices[:, 0, 3].tolist() == list(range(200))


def test_names_of_tools_are_compared_as_text(tmp_path: Path) -> None:
    def tracked(name: bytes) -> bytes:
        return body("TDATA", name.ljust(20, b"\0") + b"\x02\0" + bytes(48))

    names = [b"Tool\0garbage", b"Tool", b"Toolbox", b"T\xe4t", "Tät".encode(), b"x" * 20]
    with recorded(tmp_path, *map(tracked, names)) as recording:
        assert len(recording.poses("Tool").times) == 2
        assert len(recording.poses("Tät").times) == 2
        assert len(recording.poses("x" * 20).times) == 1
        with pytest.raises(RecordingError, match="no TDATA"):
            recording.poses("x" * 19)


def test_poses_that_are_not_clear(tmp_path: Path) -> None:
    messages = [
        igtl.Transform(TURN, device_name="Probe"),
        igtl.Position((1, 2, 3), device_name="Probe"),
        igtl.TrackingData((igtl.Tool("A", TURN),), device_name="One"),
        igtl.TrackingData((igtl.Tool("A", TURN),), device_name="Two"),
    ]
    with recorded(tmp_path, *messages) as recording:
        with pytest.raises(RecordingError, match="sends TRANSFORM and POSITION"):
            recording.poses("Probe")
        assert len(recording.select(type="POSITION").poses("Probe").times) == 1
        with pytest.raises(RecordingError, match="several devices have a tool 'A'"):
            recording.poses("A")
        assert len(recording.select(device="One").poses("A").times) == 1
