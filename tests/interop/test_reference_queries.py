"""The reference's example clients that ask, answered by handlers of our servers."""

from __future__ import annotations

from queue import SimpleQueue

import numpy as np

import igtl
from tests.interop.conftest import StartClient
from tests.interop.example_values import image_metas, label_metas
from tests.interop.peers import TIMEOUT_S
from tests.net.shells import Service, Shell


def answering(shell: Shell, *answers: igtl.Message) -> tuple[Service, SimpleQueue[igtl.Message]]:
    """A server of ours that answers GET_ and STT_, and the queries that came to it."""
    server = shell.serve()
    queries: SimpleQueue[igtl.Message] = SimpleQueue()

    def answer(peer: igtl.Peer, query: igtl.Message) -> None:
        queries.put(query)
        if isinstance(query, (igtl.Get, igtl.Start)):
            peer.send(*answers)

    server.on_message(answer)
    return server, queries


def test_image_descriptions_are_given(shell: Shell, start_client: StartClient) -> None:
    images = image_metas([1.25, 1_600_000_000.5, 3.75])
    server, queries = answering(shell, igtl.ImageMeta(tuple(images), device_name="Archive"))
    client = start_client("ImageMetaClient", server.port)
    for _ in range(2):
        query = queries.get(timeout=TIMEOUT_S)
        assert isinstance(query, igtl.Get)
        assert (query.target, query.device_name) == (igtl.ImageMeta, "Client")
        client.expect_lines(
            """
            Receiving IMGMETA data type.
            ========== Element #0 ==========
             Name       : IMAGE_DESCRIPTION_0
             DeviceName : IMAGE_0
             Modality   : CT
             PatientName: PATIENT_0
             PatientID  : PATIENT_ID_0
             TimeStamp  : 1.250000
             Size       : ( 512, 512, 64)
             ScalarType : 5
            ================================
            ========== Element #1 ==========
             Name       : IMAGE_DESCRIPTION_1
             DeviceName : IMAGE_1
             Modality   : MRI
             PatientName: PATIENT_1
             PatientID  : PATIENT_ID_1
             TimeStamp  : 1600000000.500000
             Size       : ( 256, 128, 32)
             ScalarType : 5
            ================================
            ========== Element #2 ==========
             Name       : IMAGE_DESCRIPTION_2
             DeviceName : IMAGE_2
             Modality   : PET
             PatientName: PATIENT_2
             PatientID  : PATIENT_ID_2
             TimeStamp  : 3.750000
             Size       : ( 256, 256, 32)
             ScalarType : 5
            ================================
            """
        )


def test_label_descriptions_are_given(shell: Shell, start_client: StartClient) -> None:
    server, queries = answering(shell, igtl.LabelMeta(tuple(label_metas()[:2])))
    client = start_client("LabelMetaClient", server.port)
    query = queries.get(timeout=TIMEOUT_S)
    assert isinstance(query, igtl.Get)
    assert query.target is igtl.LabelMeta
    client.expect_lines(
        """
        Receiving LBMETA data type.
        ========== Element #0 ==========
         Name       : LABEL_DESCRIPTION_0
         DeviceName : LABEL_0
         Label      : 1
         RGBA       : ( 255, 0, 0, 255 )
         Size       : ( 512, 512, 64)
         Owner      : IMAGE_0
        ================================
        ========== Element #1 ==========
         Name       : LABEL_DESCRIPTION_1
         DeviceName : LABEL_1
         Label      : 2
         RGBA       : ( 0, 255, 0, 255 )
         Size       : ( 256, 128, 32)
         Owner      : IMAGE_1
        ================================
        """
    )


def test_poly_data_is_given(shell: Shell, start_client: StartClient) -> None:
    points = [[0.0, 1.5, -2.25], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1000.5]]
    normals = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.5]]
    answer = igtl.PolyData(
        points,
        vertices=[[3, 1]],
        lines=[[0, 1], [1, 2, 3]],
        polygons=[[0, 1, 2], [3, 2, 1, 0]],
        triangle_strips=np.array([[1, 2, 3]]),
        attributes=[
            igtl.Attribute("heat", "scalars", [0.25, 1, 2, 3]),
            igtl.Attribute("out", "normals", normals),
        ],
    )
    server, queries = answering(shell, answer)
    client = start_client("PolyDataClient", server.port)
    query = queries.get(timeout=TIMEOUT_S)
    assert isinstance(query, igtl.Get)
    assert query.target is igtl.PolyData
    # The first index of each cell is printed twice.
    client.expect_lines(
        """
        ========== PolyData Contents ==========
          ------ Points ------
          point[0] = (0, 1.5, -2.25)
          point[1] = (1, 0, 0)
          point[2] = (0, 1, 0)
          point[3] = (0, 0, 1000.5)
          ------ Vertices ------
          cell[0] = (3, 3, 1)
          ------ Lines ------
          cell[0] = (0, 0, 1)
          cell[1] = (1, 1, 2, 3)
          ------ Polygons ------
          cell[0] = (0, 0, 1, 2)
          cell[1] = (3, 3, 2, 1, 0)
          ------ TriangleStrips ------
          cell[0] = (1, 1, 2, 3)
          ------ Attributes #0 ------
          Name = heat
          Type = POINT_SCALAR
          data[0] = (0.25)
          data[1] = (1)
          data[2] = (2)
          data[3] = (3)
          ------ Attributes #1 ------
          Name = out
          Type = POINT_NORMAL
          data[0] = (0, 0, 1)
          data[1] = (0, 1, 0)
          data[2] = (1, 0, 0)
          data[3] = (-1, 0, 0.5)
        ================================
        """
    )


def assert_starts(query: igtl.Message, target: type[igtl.Message], device_name: str) -> None:
    """It asks for a stream of 20 messages a second."""
    assert isinstance(query, igtl.Start)
    assert (query.target, query.device_name) == (target, device_name)
    assert (query.interval, query.coordinate_name) == (0.05, "Patient")


def assert_stops(query: igtl.Message, target: type[igtl.Message]) -> None:
    """It asks for the end of a stream."""
    assert isinstance(query, igtl.Stop)
    assert query.target is target


def test_tracking_is_started_and_stopped(shell: Shell, start_client: StartClient) -> None:
    matrix = np.array([[0, -1, 0, 1.5], [1, 0, 0, -2.25], [0, 0, 1, 1 / 3], [0, 0, 0, 1]])
    tools = igtl.Tool("Probe", matrix, type=1), igtl.Tool("Tip", np.eye(4), type=3)
    ready = igtl.Ready(igtl.TrackingData)
    server, queries = answering(shell, ready, *[igtl.TrackingData(tools)] * 9)
    client = start_client("TrackingDataClient", server.port, "20")
    assert_starts(queries.get(timeout=TIMEOUT_S), igtl.TrackingData, "TDataClient")
    client.expect("^Receiving : RTS_TDATA$")
    for _ in range(9):
        client.expect_lines(
            """
            Receiving TDATA data type.
            ========== Element #0 ==========
             Name       : Probe
             Type       : 1
             Matrix :
            =============
            0, -1, 0, 1.5
            1, 0, 0, -2.25
            0, 0, 1, 0.333333
            0, 0, 0, 1
            =============
            ================================
            ========== Element #1 ==========
             Name       : Tip
             Type       : 3
             Matrix :
            =============
            1, 0, 0, 0
            0, 1, 0, 0
            0, 0, 1, 0
            0, 0, 0, 1
            =============
            ================================
            """
        )
    assert_stops(queries.get(timeout=TIMEOUT_S), igtl.TrackingData)


def test_tracking_by_quaternions_is_started_and_stopped(
    shell: Shell, start_client: StartClient
) -> None:
    position, quaternion = np.array([1.5, -2.5, 1000.25]), np.array([0, -0.6, 0, 0.8])
    tool = igtl.QuaternionTool("Tip", position, quaternion, type=4)
    server, queries = answering(shell, *[igtl.QuaternionTrackingData((tool,))] * 10)
    client = start_client("QuaternionTrackingDataClient", server.port, "20")
    assert_starts(queries.get(timeout=TIMEOUT_S), igtl.QuaternionTrackingData, "QTDataClient")
    for _ in range(10):
        client.expect_lines(
            """
            Receiving QTDATA data type.
            ========== Element #0 ==========
             Name       : Tip
             Type       : 4
             Position   : 1.5, -2.5, 1000.25
             Quaternion : 0, -0.6, 0, 0.8
            ================================
            """
        )
    assert_stops(queries.get(timeout=TIMEOUT_S), igtl.QuaternionTrackingData)
