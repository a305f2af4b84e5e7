from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from tests.cli.conftest import Call

MARK = '[{"name": "A", "position": [1, 2, 3]}]'
TOOL = '[{"name": "P", "type": "THREE_D", "matrix": [[1,0,0,5],[0,1,0,6],[0,0,1,7]]}]'
MATRIX = [[1, 0, 0, 5], [0, 1, 0, 6], [0, 0, 1, 7]]
CHILDREN = (
    '[{"wire_type": "STATUS", "device_name": "S", "code": "BUSY"},'
    ' {"wire_type": "TDATA", "tools": ' + TOOL + "}]"
)
TRIANGLE = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
HEAT = '[{"name": "a", "kind": "scalars", "data": [1, 2, 3]}]'
POSE = np.array(MATRIX, np.float64)


def xyz(*values: float) -> NDArray[np.float64]:
    return np.array(values, np.float64)


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    """A server that takes what comes, questions as well."""
    with igtl.Server(port=0) as server:
        with contextlib.suppress(igtl.TimeoutError):
            server.receive(timeout=0)
        yield server


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["TRANSFORM", "matrix=1,0,0,5,0,1,0,6,0,0,1,7"], igtl.Transform(POSE)),
        (["transform", "matrix=1 0 0 5; 0 1 0 6; 0 0 1 7; 0 0 0 1"], igtl.Transform(POSE)),
        (["Transform", f"matrix={MATRIX}"], igtl.Transform(POSE)),
        (["POSITION", "position=-1,2,3.5"], igtl.Position(xyz(-1, 2, 3.5))),
        (["POSITION", "position=1,2,3", "quaternion=none"], igtl.Position(xyz(1, 2, 3), None)),
        (["QTRANS", "position=1,2,3"], igtl.Position(xyz(1, 2, 3), wire_type="QTRANS")),
        (["STRING", "text=1,2 = [x]"], igtl.String("1,2 = [x]")),
        (["CLIENTINFO", "text=<ClientInfo/>"], igtl.ClientInfo("<ClientInfo/>")),
        (["STRING", "text=hi", "encoding=106"], igtl.String("hi", 106)),
        (["STATUS"], igtl.Status()),
        (["STATUS", "code=not_ready", "text=wait"], igtl.Status(13, text="wait")),
        (["STATUS", "code=77", "subcode=-1"], igtl.Status(77, -1)),
        (
            ["CAPABILITY", "types=IMAGE,STRING"],
            igtl.Capability(
                (
                    "IMAGE",
                    "STRING",
                )
            ),
        ),
        (["POINT", f"points={MARK}"], igtl.Point((igtl.PointElement("A", position=xyz(1, 2, 3)),))),
        (["TDATA", f"tools={TOOL}"], igtl.TrackingData((igtl.Tool("P", POSE, type=3),))),
        (
            ["QTDATA", 'tools={"name": "P", "position": [1, 2, 3]}'],
            igtl.QuaternionTrackingData((igtl.QuaternionTool("P", xyz(1, 2, 3)),)),
        ),
        (
            ["TRAJ", 'trajectories=[{"name": "T", "type": "ENTRY_ONLY", "entry": [1, 2, 3]}]'],
            igtl.Trajectory((igtl.TrajectoryElement("T", type=1, entry=xyz(1, 2, 3)),)),
        ),
        (
            ["IMGMETA", 'images=[{"name": "Head", "id": "CT", "size": [4, 5, 6]}]'],
            igtl.ImageMeta((igtl.ImageMetaElement("Head", "CT", size=(4, 5, 6)),)),
        ),
        (
            ["LBMETA", 'labels=[{"name": "Liver", "id": "L", "label": 3}]'],
            igtl.LabelMeta((igtl.LabelMetaElement("Liver", "L", label=3),)),
        ),
        (
            ["VIDEOMETA", 'videos=[{"name": "Scope", "device_name": "S"}]'],
            igtl.VideoMeta((igtl.VideoMetaElement("Scope", "S"),)),
        ),
        (["SENSOR", "values=1.5", "unit=mm"], igtl.Sensor([1.5], "mm")),
        (["SENSOR", "values=1,2"], igtl.Sensor([1, 2])),
        (
            ["NDARRAY", "array=[[1, 2], [3, 400]]"],
            igtl.NDArray(np.array([[1, 2], [3, 400]], np.int16)),
        ),
        (["NDARRAY", "array=1,2.5"], igtl.NDArray(np.array([1, 2.5]))),
        (["IMAGE", "pixels=[[1, 2], [3, 4]]"], igtl.Image(np.array([[1, 2], [3, 4]], np.uint8))),
        (
            ["IMAGE", "pixels=[[1]]", "spacing=2", "origin=1,2,3", "coordinates=LPS"],
            igtl.Image(np.array([[1]], np.uint8), spacing=2, origin=(1, 2, 3), coordinates="LPS"),
        ),
        (["COLORT", f"table={list(range(256))}"], igtl.ColorTable(np.arange(256, dtype="u1"))),
        (["COMMAND", "command_id=3", "name=Go"], igtl.Command(3, "Go")),
        (["RTS_COMMAND", "command_id=3", "content=<a/>"], igtl.CommandReply(3, content="<a/>")),
        (["QUERY", "query_id=3", "data_type=IMAGE"], igtl.Query(3, "IMAGE")),
        (
            ["BIND", f"children={CHILDREN}"],
            igtl.Bind(
                [
                    igtl.Status(6, device_name="S"),
                    igtl.TrackingData((igtl.Tool("P", POSE, type=3),)),
                ]
            ),
        ),
        (
            ["POLYDATA", f"points={TRIANGLE}", "polygons=[[0, 1, 2]]", f"attributes={HEAT}"],
            igtl.PolyData(
                TRIANGLE,
                polygons=[[0, 1, 2]],
                attributes=[igtl.Attribute("a", "scalars", [1, 2, 3])],
            ),
        ),
        (["GET_IMAGE"], igtl.Get(igtl.Image)),
        (["STT_TDATA", "interval=0.02"], igtl.Start(igtl.TrackingData, interval=0.02)),
        (["STP_TDATA"], igtl.Stop(igtl.TrackingData)),
        (["RTS_CAPABIL", "status=1"], igtl.Ready(igtl.Capability, 1)),
        (["STT_VIDEO", "codec=VP90"], igtl.Start(igtl.Video, codec="VP90")),
        (
            ["GET_BIND", "types=IMAGE,STRING", "device_names=A,B"],
            igtl.Get(igtl.Bind, ("IMAGE", "STRING"), ("A", "B")),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_type_that_can_be_typed(
    typed: list[str], meant: igtl.Message, server: igtl.Server, call: Call
) -> None:
    ended = call("send", server.endpoint, *typed, "--timestamp", "none")
    assert (ended.status, ended.err) == (0, "")
    assert server.receive(timeout=5)[1] == meant


def test_every_type_is_typed_in_some_test() -> None:
    cases = test_every_type_that_can_be_typed.pytestmark[0].args[1]  # type: ignore[attr-defined]
    typed = {type(message) for _, message in cases}
    own = {cls for cls in igtl.message_types().values() if cls.__module__.startswith("igtl.")}
    queries = (igtl.Get, igtl.Start, igtl.Stop, igtl.Ready)
    assert {cls for cls in own if not issubclass(cls, queries)} - typed == {igtl.Video}


def test_a_type_of_a_user(force: igtl.Message, server: igtl.Server, call: Call) -> None:
    typed = ("testforce", "force=1,2,3", "--device", "Needle", "--timestamp", "none")
    assert call("send", server.endpoint, *typed).status == 0
    assert server.receive(timeout=5)[1] == force


def test_what_every_message_has(server: igtl.Server, call: Call) -> None:
    ended = call(
        *("send", server.endpoint, "STRING", "text=hi", "--device", "Note", "--message-id", "7"),
        *("--metadata", "a=b=c", "--metadata", "d=", "--timestamp", "2026-11-22T10:00:00+00:00"),
    )
    assert ended.status == 0
    assert server.receive(timeout=5)[1] == igtl.String(
        "hi",
        device_name="Note",
        message_id=7,
        metadata={"a": "b=c", "d": ""},
        timestamp=1795341600,
        header_version=2,
    )


def test_it_prints_what_was_sent(server: igtl.Server, call: Call) -> None:
    ended = call(
        *("send", server.endpoint, "STRING", "text=hi", "--device", "N", "--timestamp", "5")
    )
    assert ended.out == "sent      5.000 s  STRING       N                    hi\n"


def test_a_message_gets_the_time_of_now_and_can_be_repeated(
    server: igtl.Server, call: Call
) -> None:
    again = ("--repeat", "3", "--interval", "0.05", "--header-version", "2")
    start = time.time()
    ended = call("send", server.endpoint, "STATUS", *again)
    assert ended.out.count("\n") == 3
    messages = [server.receive(timeout=5)[1] for _ in range(3)]
    assert [message.header_version for message in messages] == [2, 2, 2]
    first, second, third = (message.timestamp or 0 for message in messages)
    assert start - 0.01 < first < second < third
    assert third - start > 0.09


def test_arrays_come_from_files(server: igtl.Server, call: Call, tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    for typed in ("NDARRAY", f"array={tmp_path}/x.npy"), ("IMAGE", f"pixels={tmp_path}/x.npy"):
        assert call("send", server.endpoint, *typed).status == 0
    first, second = (server.receive(timeout=5)[1] for _ in range(2))
    assert isinstance(first, igtl.NDArray)
    assert first.array.dtype.name == "float32"
    assert first.array.tolist() == array.tolist()
    assert isinstance(second, igtl.Image)
    assert second.pixels.tolist() == [array.tolist()]


@pytest.mark.parametrize(
    ("typed", "coordinates", "spacing", "origin"),
    [
        ([], "RAS", (1, 2, 3), (1, 2, 3)),
        (["coordinates=LPS"], "LPS", (1, 2, 3), (-1, -2, 3)),
        (["spacing=4"], "RAS", (4, 4, 4), (1, 2, 3)),
        (["origin=5,6,7"], "RAS", (1, 2, 3), (5, 6, 7)),
    ],
)
def test_images_come_from_files_with_their_geometry(
    typed: list[str],
    coordinates: str,
    spacing: tuple[int, int, int],
    origin: tuple[int, int, int],
    server: igtl.Server,
    call: Call,
    tmp_path: Path,
) -> None:
    from igtl.sources.image_file import write_image

    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    image = igtl.Image(pixels, components=1, spacing=(1, 2, 3), origin=(1, 2, 3))
    write_image(image, tmp_path / "scan.mha")
    ended = call("send", server.endpoint, "IMAGE", f"pixels={tmp_path}/scan.mha", *typed)
    assert (ended.status, ended.err) == (0, "")
    arrived = server.receive(timeout=5)[1]
    assert isinstance(arrived, igtl.Image)
    assert arrived.device_name == "scan"
    assert arrived.pixels.tolist() == pixels.tolist()
    assert arrived.coordinates == coordinates
    assert np.allclose(arrived.origin, origin)
    assert np.allclose(arrived.spacing, spacing)


def test_encoded_data_comes_from_a_file(server: igtl.Server, call: Call, tmp_path: Path) -> None:
    (tmp_path / "frame").write_bytes(b"\0\0\1")
    typed = ("VIDEO", "codec=H264", f"data={tmp_path}/frame", "frame_type=1", "size=4,5,1")
    assert call("send", server.endpoint, *typed).status == 0
    arrived = server.receive(timeout=5)[1]
    assert isinstance(arrived, igtl.Video)
    assert (bytes(arrived.data), arrived.size) == (b"\0\0\1", (4, 5, 1))


def test_a_saved_message_is_sent_again(server: igtl.Server, call: Call, tmp_path: Path) -> None:
    message = igtl.Unknown("ODD", b"xyz", device_name="D", timestamp=5)
    (tmp_path / "1.igtl").write_bytes(igtl.encode(message))
    assert call("send", server.endpoint, f"{tmp_path}/1.igtl").status == 0
    assert call("send", server.endpoint, f"{tmp_path}/1.igtl", "--device", "E").status == 0
    assert server.receive(timeout=5)[1] == message
    assert server.receive(timeout=5)[1] == message.replace(device_name="E")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (["TRANFORM"], "'TRANFORM' is not known, did you mean TRANSFORM"),
        (["QQQQQQQQ"], "'igtl describe' lists all"),
        (["STRING"], "STRING needs text=... (text)"),
        (["STRING", "txt=x"], "STRING has no field 'txt', did you mean 'text'?"),
        (["STRING", "hello"], "'hello' is not understood, expected FIELD=VALUE"),
        (["GET_IMAGE", "x=1"], "GET_IMAGE has no field 'x'; its fields: none"),
        (["TRANSFORM", "matrix=1,2,3"], "matrix has 3 numbers, expected 16 or 12"),
        (["TRANSFORM", "matrix=abc"], "matrix is 'abc', expected 16 or 12 numbers"),
        (["POSITION", "position=1,2"], "position has 2 values, expected 3"),
        (["POSITION", "position=a,b,c"], "position is 'a,b,c', expected 3 numbers"),
        (["STATUS", "code=FINE"], "code is 'FINE', expected a number or one of INVALID, OK"),
        (["STATUS", "code=99999"], "code is 99999, expected 0 to 65535"),
        (["POINT", "points=1"], 'points is 1, expected JSON: [{"name": ...'),
        (["POINT", "points=[{]"], "points is no valid JSON"),
        (["POINT", 'points=[{"nme": 1}]'], "PointElement has no field 'nme', did you mean 'name'"),
        (["TDATA", 'tools=[{"name": "A"}]'], "Tool needs matrix=..."),
        (["BIND", 'children=[{"text": "A"}]'], "has no wire_type"),
        (["POLYDATA", "points=[[0,0,0]]", 'attributes={"nam": 1}'], "an attribute: "),
        (["NDARRAY", 'array=["a"]'], "array is ['a'], expected a .npy file, or JSON"),
        (["IMAGE", "pixels=/nowhere/x.mha"], "/nowhere/x.mha"),
        (["VIDEO", "codec=H264", "size=1", "frame_type=1", "data=/dev/null"], "size is 1, "),
        (["STRING", "text=x", "--device", "x" * 21], "the wire has room for 20"),
        (["STRING", "text=x", "--metadata", "a=b", "--header-version", "1"], "header version 2"),
    ],
)
def test_a_wrong_message_is_explained_with_status_2(
    typed: list[str], complaint: str, server: igtl.Server, call: Call
) -> None:
    ended = call("send", server.endpoint, *typed)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("typed", [["/nowhere/1.igtl"], ["NDARRAY", "array=/nowhere/x.npy"]])
def test_a_missing_file_is_one_clear_line(typed: list[str], call: Call) -> None:
    ended = call("send", "localhost", *typed)
    assert ended.status == 1
    assert ended.err == f"igtl: {typed[-1].rpartition('=')[2]}: No such file or directory\n"


def test_no_server_has_status_1(call: Call) -> None:
    with igtl.Server(port=0) as server:
        endpoint = server.endpoint
    assert call("send", endpoint, "STATUS").status == 1


def test_what_a_kind_of_server_cannot_take_is_not_sent(server: igtl.Server, call: Call) -> None:
    ended = call("send", server.endpoint, "GET_IMAGE", "--profile", "slicer")
    assert (ended.status, ended.out) == (2, "")
    assert "GET_IMAGE is not sent to a peer of profile 'slicer'" in ended.err
