"""The reference's example clients that ask (GET_), answered by our servers."""

from __future__ import annotations

import numpy as np

import igtl
from tests.interop.conftest import StartClient
from tests.interop.example_values import image_metas, label_metas
from tests.net.shells import Shell

IMAGES = image_metas([1.25, 1_600_000_000.5, 3.75])
#: What ImageMetaClient prints of them.
PRINTED_IMAGES = """
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
#: What LabelMetaClient prints of the first two labels.
PRINTED_LABELS = """
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
MESH = igtl.PolyData(
    [[0.0, 1.5, -2.25], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1000.5]],
    vertices=[[3, 1]],
    lines=[[0, 1], [1, 2, 3]],
    polygons=[[0, 1, 2], [3, 2, 1, 0]],
    triangle_strips=np.array([[1, 2, 3]]),
    attributes=[
        igtl.Attribute("heat", "scalars", [0.25, 1, 2, 3]),
        igtl.Attribute("out", "normals", [[0.0, 0, 1], [0.0, 1, 0], [1.0, 0, 0], [-1, 0, 0.5]]),
    ],
)
#: What PolyDataClient prints of it: the first index of each cell twice.
PRINTED_MESH = """
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
#: Makes header version 2, which the clients do not understand.
METADATA = {"Site": "Room 2"}


def test_published_image_descriptions_are_given(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    server.publish(igtl.ImageMeta(IMAGES, device_name="Archive", metadata=METADATA))
    client = start_client("ImageMetaClient", server.port)
    for _ in range(2):
        client.expect_lines(PRINTED_IMAGES)


def test_image_descriptions_of_several_devices_are_one_list(
    shell: Shell, start_client: StartClient
) -> None:
    server = shell.serve()
    server.offer(
        igtl.ImageMeta(IMAGES[:1], device_name="Archive", metadata=METADATA),
        igtl.ImageMeta(IMAGES[1:], device_name="Scanner"),
    )
    start_client("ImageMetaClient", server.port).expect_lines(PRINTED_IMAGES)


def test_image_descriptions_are_computed(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()

    @server.on_get(igtl.ImageMeta)
    def describe(client: igtl.Peer, query: igtl.Get) -> igtl.Message:
        assert query.device_name == "Client"
        return igtl.ImageMeta(IMAGES, metadata=METADATA)

    start_client("ImageMetaClient", server.port).expect_lines(PRINTED_IMAGES)


def test_newest_label_descriptions_are_given(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()
    for labels in (label_metas(), label_metas()[:2]):
        server.offer(igtl.LabelMeta(labels, device_name="Atlas"))
    start_client("LabelMetaClient", server.port).expect_lines(PRINTED_LABELS)


def test_label_descriptions_that_are_not_there_are_refused(
    shell: Shell, start_client: StartClient
) -> None:
    client = start_client("LabelMetaClient", shell.serve().port)
    client.expect("^Invalid response from the server:Client$")
    assert client.wait_for_end() == 0


def test_poly_data_of_the_name_that_is_asked_for_is_given(
    shell: Shell, start_client: StartClient
) -> None:
    server = shell.serve()
    server.publish(
        igtl.PolyData([[0, 0, 0]], device_name="Other"),
        MESH.replace(device_name="Client", metadata=METADATA),
    )
    client = start_client("PolyDataClient", server.port)
    for _ in range(2):
        client.expect_lines(PRINTED_MESH)


def test_poly_data_is_computed_for_any_name(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()

    @server.on_get(igtl.PolyData)
    def mesh(client: igtl.Peer, query: igtl.Get) -> igtl.Message:
        assert query.device_name == "Client"
        return MESH.replace(device_name="Liver", metadata=METADATA)

    client = start_client("PolyDataClient", server.port)
    for _ in range(2):
        client.expect_lines(PRINTED_MESH)


def test_poly_data_of_another_name_is_refused(shell: Shell, start_client: StartClient) -> None:
    """PolyDataClient asks for the device Client; RTS_POLYDATA ends it."""
    server = shell.serve()
    server.publish(MESH.replace(device_name="Liver"))
    client = start_client("PolyDataClient", server.port)
    client.expect("^Invalid response from the server:Client$")
    assert client.wait_for_end() == 0
    assert "POLYDATA data type" not in client.output


def test_a_handler_for_get_takes_the_answers_over(shell: Shell, start_client: StartClient) -> None:
    server = shell.serve()

    @server.on_message(igtl.Get)
    def answer(client: igtl.Peer, query: igtl.Get) -> None:
        assert (query.target, query.device_name) == (igtl.LabelMeta, "Client")
        client.send(igtl.LabelMeta(label_metas()[:2]))

    server.offer(igtl.LabelMeta(label_metas()))
    client = start_client("LabelMetaClient", server.port)
    for _ in range(2):
        client.expect_lines(PRINTED_LABELS)
    assert "LABEL_2" not in client.output
