from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.sources.image_file import read_image
from tests.cli.conftest import Call, Serve, Start
from tests.cli.program import stream_of
from tests.cli.servers import asked_of, silent_server, slicer_server
from tests.net.waiting import PATIENCE

CT = igtl.Image(
    np.arange(60, dtype=np.int16).reshape(3, 4, 5),
    spacing=(1, 2, 3),
    origin=(4, 5, 6),
    device_name="CT",
    timestamp=7,
)
POSE = np.array([[1.0, 0, 0, 10], [0, 1, 0, 20], [0, 0, 1, 30]])
PROBE = igtl.Transform(POSE, device_name="Probe", timestamp=7)


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    """A server that sends nothing by itself, but has an image and a pose."""
    with igtl.Server(port=0) as server:
        server.offer(CT, PROBE)
        yield server


@pytest.mark.parametrize("name", ["TRANSFORM", "transform", "Transform"])
def test_the_answer_is_one_line_as_listen_shows_it(
    name: str, server: igtl.Server, call: Call
) -> None:
    assert call("get", server.endpoint, name, "Probe") == (
        0,
        "     7.000 s  TRANSFORM    Probe                "
        "(   10.00,    20.00,    30.00) mm  turned   0.0 deg\n",
        "",
    )


def test_without_a_device_the_server_chooses(server: igtl.Server, call: Call) -> None:
    ended = call("get", server.endpoint, "image", "--json")
    assert ended.status == 0
    found = json.loads(ended.out)
    assert found["device_name"] == "CT"
    assert found["pixels"] == CT.pixels.tolist()


def test_classic_lines(server: igtl.Server, call: Call) -> None:
    ended = call("get", server.endpoint, "TRANSFORM", "--format", "classic")
    assert ended.out == (
        f"Connected to the server : 127.0.0.1 {server.port}\n"
        "Receiving TRANSFORM data type.\n"
        "matrix =\n  (1, 0, 0, 10)\n  (0, 1, 0, 20)\n  (0, 0, 1, 30)\n  (0, 0, 0, 1)\n"
    )


def test_what_is_not_there_has_status_1(server: igtl.Server, call: Call) -> None:
    ended = call("get", server.endpoint, "IMAGE", "MR")
    assert (ended.status, ended.out) == (1, "")
    asked = f"GET_IMAGE of device 'MR' from {server.endpoint}"
    assert ended.err.startswith(f"igtl: not available: {asked}: ")
    assert ended.err.count("\n") == 1


def test_no_answer_in_time_has_status_3(call: Call) -> None:
    with silent_server() as (server, asked):
        ended = call("get", server.endpoint, "IMAGE", "--timeout", "0.2")
        assert asked.get(timeout=PATIENCE).wire_type == "GET_IMAGE"
    assert ended == (3, "", f"igtl: GET_IMAGE from {server.endpoint}: no answer within 0.2 s\n")
    assert asked_of(asked) == []


def test_a_server_that_closes_instead_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(stream_of(PROBE))
    closed = f"igtl: no answer: {server.endpoint} closed the connection\n"
    assert call("get", server.endpoint, "IMAGE") == (3, "", closed)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("TRANFORM", "message type 'TRANFORM' is not known, did you mean TRANSFORM"),
        ("TrackngData", "did you mean TrackingData"),
        ("GET_IMAGE", "GET_IMAGE is a query itself: give what it is for, IMAGE"),
        ("COMMAND", "COMMAND cannot be asked for: there is no GET_COMMAND, but GET_x for BIND,"),
    ],
)
def test_a_wrong_type_is_explained_before_anybody_is_asked(
    name: str, complaint: str, call: Call
) -> None:
    ended = call("get", "nobody.invalid", name)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_3d_slicer_is_recognised_and_not_asked(call: Call) -> None:
    with slicer_server() as (server, asked):
        ended = call("get", server.endpoint, "IMAGE")
    assert ended.status == 2
    assert "GET_IMAGE is not sent to a peer of profile 'slicer'" in ended.err
    assert asked_of(asked) == []


def test_a_profile_that_is_given_goes_before_what_is_recognised(call: Call) -> None:
    with slicer_server() as (server, asked):
        ended = call("get", server.endpoint, "IMAGE", "--profile", "igtl", "--timeout", "0.2")
        assert asked.get(timeout=PATIENCE).wire_type == "GET_IMAGE"
    assert ended.status == 3
    assert asked_of(asked) == []


@pytest.mark.parametrize("name", ["ct.igtl", "CT.BIN"])
def test_bytes_are_saved_as_they_came(
    name: str, server: igtl.Server, call: Call, tmp_path: Path
) -> None:
    ended = call("get", server.endpoint, "IMAGE", "-o", str(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    assert data == igtl.encode(CT)
    assert ended.status == 0
    assert ended.out.startswith("     7.000 s  IMAGE        CT ")
    assert ended.err == f"igtl: saved as {tmp_path / name} ({len(data)} bytes)\n"


@pytest.mark.parametrize("ending", [".mha", ".nrrd", ".nii", ".nii.gz"])
def test_images_are_saved_with_their_place(
    ending: str, server: igtl.Server, call: Call, tmp_path: Path
) -> None:
    path = tmp_path / f"ct{ending}"
    assert call("get", server.endpoint, "IMAGE", "--output", str(path)).status == 0
    found = read_image(path)
    assert found.pixels.tolist() == CT.pixels.tolist()
    assert np.allclose(found.ijk_to_ras, CT.ijk_to_ras)


@pytest.mark.parametrize(("name", "values"), [("IMAGE", CT.pixels), ("TRANSFORM", PROBE.matrix)])
def test_arrays_are_saved_for_numpy(
    name: str, values: np.ndarray, server: igtl.Server, call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "x.npy"
    assert call("get", server.endpoint, name, "-o", str(path)).status == 0
    found = np.load(path)
    assert found.dtype == values.dtype
    assert found.tolist() == values.tolist()


def test_fields_are_saved_as_json(server: igtl.Server, call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert call("get", server.endpoint, "TRANSFORM", "-o", str(path)).status == 0
    assert json.loads(path.read_text())["matrix"][0] == [1, 0, 0, 10]


@pytest.mark.parametrize(
    ("name", "file", "complaint"),
    [
        ("IMAGE", "x.txt", "for this type, names end in one of .igtl, .bin, .json, .npy, .mha,"),
        ("TDATA", "x.mha", "cannot save TDATA as"),
        ("TDATA", "x.npy", "names end in one of .igtl, .bin, .json\n"),
        ("IMAGE", ".mha", "cannot save IMAGE as"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_before_anybody_is_asked(
    name: str, file: str, complaint: str, call: Call, tmp_path: Path
) -> None:
    ended = call("get", "nobody.invalid", name, "-o", str(tmp_path / file))
    assert ended.status == 2
    assert complaint in ended.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unless_told(
    server: igtl.Server, call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "ct.npy"
    path.write_bytes(b"mine")
    asked = ("get", server.endpoint, "IMAGE", "-o", str(path))
    ended = call(*asked)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        f"igtl: {path} is there already: choose another name, or overwrite it on purpose "
        "(--overwrite)\n"
    )
    assert path.read_bytes() == b"mine"
    assert call(*asked, "--overwrite").status == 0
    assert np.load(path).shape == (3, 4, 5)


def test_a_folder_that_is_not_there_is_one_clear_line(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "no" / "ct.mha"
    ended = call("get", "nobody.invalid", "IMAGE", "-o", str(path))
    assert ended == (1, "", f"igtl: cannot write {path}: there is no folder {path.parent}\n")


def test_ctrl_c_ends_it_cleanly(start: Start) -> None:
    with silent_server() as (server, asked):
        program = start("get", server.endpoint, "IMAGE", "--timeout", "60")
        asked.get(timeout=20)
        assert program.interrupt() == (130, "", "")
