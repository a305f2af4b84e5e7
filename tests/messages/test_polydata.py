"""POLYDATA by hand: mixed cells, attributes of every kind, the padding of their names."""

from __future__ import annotations

import copy
import pickle
import struct
from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import floats, packet, table

POLYDATA = table(
    """
    00 00 00 03                               # points
    00 00 00 01  00 00 00 10                  # vertices: one cell, 16 bytes
    00 00 00 02  00 00 00 1c                  # lines: two cells, 28 bytes
    00 00 00 01  00 00 00 10                  # polygons
    00 00 00 00  00 00 00 00                  # no triangle strips
    00 00 00 02                               # attributes
    00 00 00 00  3f 80 00 00  40 00 00 00     # point 0: 0 1 2
    40 40 00 00  40 80 00 00  40 a0 00 00     # point 1: 3 4 5
    bf 80 00 00  00 00 00 00  3f 00 00 00     # point 2: -1 0 0.5
    00 00 00 03  00 00 00 00  00 00 00 01  00 00 00 02   # one poly-vertex of three points
    00 00 00 02  00 00 00 00  00 00 00 01                # a line of two points
    00 00 00 03  00 00 00 02  00 00 00 01  00 00 00 00   # a line of three
    00 00 00 03  00 00 00 00  00 00 00 01  00 00 00 02   # a triangle
    00 01  00 00 00 03                        # point scalars, 1 component, 3 items
    11 03  00 00 00 04                        # vectors of cells (0x10 + 1), 3 components, 4 items
    'heat' 00  'flow' 00                      # names: 10 bytes, even
    3f 80 00 00  40 00 00 00  40 40 00 00     # heat: 1 2 3
    00*48                                     # flow of four cells
    """
)
POINTS: Any = [[0, 1, 2], [3, 4, 5], [-1, 0, 0.5]]


def received(content: bytes) -> igtl.PolyData:
    message = igtl.decode(packet("POLYDATA", content))
    assert isinstance(message, igtl.PolyData)
    return message


def test_polydata_by_hand() -> None:
    message = igtl.PolyData(
        POINTS,
        vertices=[[0, 1, 2]],
        lines=[[0, 1], [2, 1, 0]],
        polygons=np.array([[0, 1, 2]]),
        attributes=[
            igtl.Attribute("heat", "scalars", [1, 2, 3]),
            igtl.Attribute("flow", "vectors", np.zeros((4, 3)), cell=True),
        ],
    )
    assert igtl.encode(message).hex() == packet("POLYDATA", POLYDATA).hex()


def test_polydata_is_read() -> None:
    message = received(POLYDATA)
    assert message.points.tolist() == POINTS
    assert message.points.dtype == np.float32
    assert [cell.tolist() for cell in message.vertices] == [[0, 1, 2]]
    assert [cell.tolist() for cell in message.lines] == [[0, 1], [2, 1, 0]]
    assert [cell.tolist() for cell in message.polygons] == [[0, 1, 2]]
    assert len(message.triangle_strips) == 0
    heat, flow = message.attributes
    assert (heat.name, heat.kind, heat.cell, heat.data.tolist()) == (
        "heat",
        "scalars",
        False,
        [1, 2, 3],
    )
    assert (flow.name, flow.kind, flow.cell, flow.data.shape) == ("flow", "vectors", True, (4, 3))


def test_points_alone() -> None:
    message = igtl.PolyData(POINTS)
    assert bytes(message.raw_content) == b"\0\0\0\3" + bytes(36) + floats(*np.ravel(POINTS))
    assert received(bytes(40)).points.shape == (0, 3)
    assert igtl.PolyData(np.zeros((0, 3))) == received(bytes(40))


# Kind, number on the wire, components.
KINDS = [
    ("scalars", 0, 1),
    ("scalars", 0, 4),
    ("vectors", 1, 3),
    ("normals", 2, 3),
    ("tensors", 3, 9),
    ("rgba", 4, 4),
    ("texture", 5, 1),
    ("texture", 5, 3),
]


@pytest.mark.parametrize(("kind", "number", "components"), KINDS)
@pytest.mark.parametrize("cell", [False, True])
def test_attributes_of_every_kind(kind: str, number: int, components: int, cell: bool) -> None:
    items = 2 if cell else 3
    data = np.arange(items * components, dtype=np.float32).reshape(items, components)
    message = igtl.PolyData(
        POINTS,
        lines=[[0, 1], [1, 2]],
        attributes=[igtl.Attribute("abc", kind, data, cell=cell)],
    )
    header = struct.pack(">BBI", number + 0x10 * cell, components, items)
    behind = header + b"abc\0" + floats(*data.ravel())
    assert bytes(message.raw_content).endswith(behind)
    (again,) = received(bytes(message.raw_content)).attributes
    assert (again.kind, again.cell) == (kind, cell)
    assert np.array_equal(again.data, data if components > 1 else data.ravel())


@pytest.mark.parametrize(
    ("names", "raw"),
    [
        (["abc"], b"abc\0"),
        (["ab"], b"ab\0\0"),
        (["ab", "cd"], b"ab\0cd\0"),
        (["ab", "c"], b"ab\0c\0\0"),
        (["", ""], b"\0\0"),
        ([""], b"\0\0"),
        (["ä"], b"\xc3\xa4\0\0"),
        (["x" * 255], b"x" * 255 + b"\0"),
    ],
)
def test_names_are_padded_as_a_whole(names: list[str], raw: bytes) -> None:
    attributes = [igtl.Attribute(name, "scalars", [1, 2, 3]) for name in names]
    content = bytes(igtl.PolyData(POINTS, attributes=attributes).raw_content)
    assert content == (
        b"\0\0\0\3" + bytes(32) + struct.pack(">I", len(names)) + floats(*np.ravel(POINTS))
        + struct.pack(">BBI", 0, 1, 3) * len(names) + raw + floats(1, 2, 3) * len(names)
    )  # fmt: skip
    assert [one.name for one in received(content).attributes] == names


class TestCells:
    def test_lists_and_arrays(self) -> None:
        lists = igtl.Cells([[0, 1, 2], [3, 4, 5]])
        for same in (np.array([[0, 1, 2], [3, 4, 5]]), lists, ((0, 1, 2), np.array([3, 4, 5]))):
            assert igtl.Cells(same) == lists
        assert lists.data.tolist() == [3, 0, 1, 2, 3, 3, 4, 5]
        assert lists != igtl.Cells([[0, 1, 2]])
        assert lists != [[0, 1, 2], [3, 4, 5]]
        assert hash(lists) == hash(igtl.Cells([[0, 1, 2], [3, 4, 5]]))

    def test_a_sequence_of_arrays(self) -> None:
        cells = igtl.Cells([[0], [], [1, 2, 3]])
        assert len(cells) == 3
        assert [cell.tolist() for cell in cells] == [[0], [], [1, 2, 3]]
        assert cells[2].dtype == np.uint32
        assert cells[-3].tolist() == [0]
        assert cells[1:] == igtl.Cells([[], [1, 2, 3]])
        assert len(cells[:0]) == 0
        with pytest.raises(IndexError):
            cells[3]
        assert repr(cells) == "Cells([[0], [], [1, 2, 3]])"
        assert repr(igtl.Cells([[0]] * 6)).endswith("[0]] and 2 more)")
        assert pickle.loads(pickle.dumps(cells)) == copy.deepcopy(cells) == cells

    def test_as_array(self) -> None:
        assert igtl.Cells([[0, 1], [2, 3]]).as_array().tolist() == [[0, 1], [2, 3]]
        assert igtl.Cells().as_array().shape == (0, 0)
        assert received(POLYDATA).polygons.as_array().tolist() == [[0, 1, 2]]
        # Two and three points take as many numbers as one and four: the sum does not tell.
        for mixed in ([[0, 1], [2, 3, 4]], [[0], [1, 2, 3, 4]], [[0, 1], [2], [3, 4, 5]]):
            with pytest.raises(ValueError, match="cells have different numbers of points"):
                igtl.Cells(mixed).as_array()

    def test_large_indices(self) -> None:
        assert igtl.Cells([[0xFFFFFFFF]])[0].tolist() == [0xFFFFFFFF]

    @pytest.mark.parametrize(
        ("cells", "text"),
        [
            (5, "cells are 5, expected sequences of point indices"),
            ([[0.5]], r"a cell is \[0.5\], expected point indices .integers of 0 and more"),
            ([[-1]], r"a cell is \[-1\]"),
            ([[1 << 32]], r"a cell is \[4294967296\]"),
            ([[1 << 70]], r"a cell is \["),
            (["ab"], "a cell is 'ab'"),
            ([1, 2], r"a cell has shape \(\), expected a row"),
            (np.array([1, 2]), r"a cell has shape \(\), expected a row"),
            ([[[1, 2]]], r"a cell has shape \(1, 2\), expected a row of point indices"),
            ([[[1, 2], [3]]], r"a cell is \[\[1, 2\], \[3\]\]"),
            (np.zeros((2, 2)), "expected point indices"),
            (np.full((2, 2), -1), "expected point indices"),
        ],
    )
    def test_what_is_not_a_cell_is_refused(self, cells: Any, text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            igtl.Cells(cells)
        with pytest.raises(igtl.MessageError, match=text):
            igtl.PolyData(np.zeros((9, 3)), lines=cells)


class TestArguments:
    @pytest.mark.parametrize(
        ("points", "text"),
        [
            (np.zeros((3, 2)), r"points have shape \(3, 2\), expected \(n, 3\)"),
            ([1, 2, 3], r"points have shape \(3,\)"),
            ([], r"points have shape \(0,\)"),
            ([["a", "b", "c"]], "points is .*, expected real numbers"),
            ([[1e39, 0, 0]], "points is beyond the range of float32"),
            ([[1j, 0, 0]], "expected real numbers"),
        ],
    )
    def test_points(self, points: Any, text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            igtl.PolyData(points)

    def test_cells_name_points_that_there_are(self) -> None:
        for kind in ("vertices", "lines", "polygons", "triangle_strips"):
            cells: Any = {kind: [[0], [0, 3]]}
            with pytest.raises(igtl.MessageError, match=f"{kind} name point 3, but there are 3"):
                igtl.PolyData(POINTS, **cells)
            fine: Any = {kind: [[0], [0, 2]]}
            assert len(getattr(igtl.PolyData(POINTS, **fine), kind)) == 2
        # A cell of 4 points is not point 4; no points at all are named here.
        assert len(igtl.PolyData(POINTS, lines=[[0, 1, 2, 0]]).lines) == 1
        assert len(igtl.PolyData(np.zeros((0, 3)), lines=[[], []]).lines) == 2

    def test_one_item_for_each_point_or_cell(self) -> None:
        values = igtl.Attribute("heat", "scalars", [1, 2])
        with pytest.raises(
            igtl.MessageError, match="'heat' has 2 items, expected 3, one for each p"
        ):
            igtl.PolyData(POINTS, attributes=[values])
        cells = igtl.Attribute("heat", "scalars", [1, 2], cell=True)
        with pytest.raises(igtl.MessageError, match="expected 3, one for each cell"):
            igtl.PolyData(POINTS, lines=[[0]], polygons=[[0], [1]], attributes=[cells])
        igtl.PolyData(POINTS, lines=[[0]], polygons=[[1]], attributes=[cells])

    def test_attributes_are_attributes(self) -> None:
        wrong: Any = ["heat"]
        with pytest.raises(
            igtl.MessageError, match="attributes hold 'heat', expected an Attribute"
        ):
            igtl.PolyData(POINTS, attributes=wrong)


class TestAttribute:
    @pytest.mark.parametrize(
        ("given", "text"),
        [
            (("a", "colour", [1]), "attribute kind is 'colour', expected one of scalars, vectors,"),
            (("a", "vectors", [1, 2, 3]), r"of vectors has shape \(3,\), expected \(n, 3\)"),
            (("a", "vectors", np.zeros((2, 2))), r"has shape \(2, 2\), expected \(n, 3\)"),
            (("a", "rgba", np.zeros((2, 3))), r"expected \(n, 4\)"),
            (("a", "tensors", np.zeros((2, 3, 3))), r"shape \(2, 3, 3\), expected \(n, 9\)"),
            (("a", "scalars", 5), r"shape \(\), expected \(n, m\)"),
            (("a", "scalars", np.zeros((2, 256))), r"shape \(2, 256\)"),
            (("a", "scalars", np.zeros((2, 0))), r"shape \(2, 0\)"),
            (("a", "texture", np.zeros((2, 2, 2))), r"shape \(2, 2, 2\), expected \(n, m\)"),
            (("x" * 256, "scalars", [1]), "attribute name .* takes 256 bytes, .* room for 255"),
            (("a\0", "scalars", [1]), "contains a NUL"),
            ((5, "scalars", [1]), "attribute name is int, expected str"),
            (("a", "scalars", ["x"]), "attribute 'a' is .*, expected real numbers"),
            (("a", "scalars", [1e39]), "attribute 'a' is beyond the range of float32"),
        ],
    )
    def test_wrong_ones_are_refused(self, given: Any, text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):
            igtl.Attribute(*given)

    def test_they_are_values(self) -> None:
        data = np.array([1.0, np.nan], np.float32)
        one = igtl.Attribute("heat", "scalars", data)
        data[0] = 5
        assert one.data[0] == 1.0
        assert one == igtl.Attribute("heat", "scalars", [1, np.nan])
        assert hash(one) == hash(igtl.Attribute("heat", "scalars", [1, np.nan]))
        assert one != igtl.Attribute("heat", "scalars", [1, 2])
        assert one != igtl.Attribute("heat", "scalars", [1, np.nan], cell=True)
        assert one.replace(name="cold").name == "cold"
        assert pickle.loads(pickle.dumps(one)) == one
        with pytest.raises(AttributeError, match="Attribute is immutable"):
            one.name = "cold"  # type: ignore[misc]
        with pytest.raises(ValueError, match="read-only"):
            one.data[0] = 5
        assert repr(one) == "Attribute(name='heat', kind='scalars', data=[ 1., nan], cell=False)"


CELLS_END = 40 + 36 + 60
ONE_LINE = struct.pack(">10I", 0, 0, 0, 1, 12, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (POLYDATA[:39], "39 bytes are left for points, .* which take 40"),
        (POLYDATA[:75], "points take 36 bytes, but 35 are left"),
        (POLYDATA[:100], "lines take 28 bytes, but 8 are left"),
        (POLYDATA[: CELLS_END + 11], "attribute headers take 12 bytes, but 11 are left"),
        (POLYDATA[: CELLS_END + 16], "name of attribute 0 has no end"),
        (POLYDATA[: CELLS_END + 17], "name of attribute 1 has no end"),
        (POLYDATA[:-1], "attribute b'flow' take 48 bytes, but 47 are left"),
        (POLYDATA + b"\0", "1 bytes are left behind the last attribute"),
        (ONE_LINE + struct.pack(">3I", 3, 0, 0), "lines: 12 bytes do not hold exactly 1 cells"),
        (ONE_LINE + struct.pack(">3I", 1, 0, 0), "do not hold exactly 1 cells"),
        (ONE_LINE + struct.pack(">3I", 0xFFFFFFFF, 0, 0), "do not hold exactly 1 cells"),
        (struct.pack(">10I", *[0, 1, 0] + [0] * 7), "vertices: 0 bytes do not hold exactly 1 ce"),
        (struct.pack(">10I", *[0, 0, 4] + [0] * 7) + bytes(4), "do not hold exactly 0 cells"),
        (struct.pack(">10I", *[0, 1, 6] + [0] * 7) + bytes(6), "6 bytes, which is not a multiple"),
        (bytes(39) + b"\1" + b"\x06\1\0\0\0\0a\0", "attribute of kind 6 with 1 components"),
        (bytes(39) + b"\1" + b"\x20\1\0\0\0\0a\0", "attribute of kind 32"),
        (bytes(39) + b"\1" + b"\0\0\0\0\0\0a\0", "attribute of kind 0 with 0 components"),
        (bytes(39) + b"\1" + b"\0\1\0\0\0\0ab\0", "padding of the attributes' names take 1"),
        (bytes(39) + b"\1" + b"\0\1\0\0\0\0" + b"a" * 256 + b"\0", "attribute 0 has no end"),
    ],
)  # fmt: skip
def test_malformed_polydata_are_refused(content: bytes, text: str) -> None:
    with pytest.raises(igtl.DecodeError, match=f"POLYDATA of device '': .*{text}"):
        received(content)


def test_indices_of_a_peer_are_kept_as_they_are() -> None:
    message = received(ONE_LINE + struct.pack(">3I", 2, 7, 8))
    assert [cell.tolist() for cell in message.lines] == [[7, 8]]
    assert igtl.encode(message.replace(device_name="x"))[58:] == bytes(message.raw_content)


def test_start_polydata() -> None:
    assert igtl.encode(igtl.Start(igtl.PolyData)) == packet("STT_POLYDATA")
    quarter = packet("STT_POLYDATA", bytes.fromhex("0000000040000000"))
    assert igtl.encode(igtl.Start(igtl.PolyData, interval=0.25)) == quarter
    for data, interval in ((packet("STT_POLYDATA"), None), (quarter, 0.25)):
        start: Any = igtl.decode(data)
        assert issubclass(type(start), igtl.Start)
        assert start.interval == interval
    with pytest.raises(igtl.DecodeError, match="content of 4 bytes, expected 0 or 8"):
        igtl.decode(packet("STT_POLYDATA", bytes(4)))
