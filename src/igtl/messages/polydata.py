"""Surfaces, lines and points with values on them: POLYDATA, and the query that streams it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec import text
from igtl.codec.buffers import Buffer
from igtl.codec.declaration import Record
from igtl.codec.layout import U32, Duration, Layout, Row, frozen, numbers
from igtl.codec.scalars import bytes_of
from igtl.errors import DecodeError, MessageError
from igtl.messages.common import Common
from igtl.messages.message import Message
from igtl.messages.query import Start, companion, queries
from igtl.messages.registry import message

__all__ = ["Attribute", "Cells", "PolyData"]

_KINDS_OF_CELLS = ("vertices", "lines", "polygons", "triangle_strips")
_HEAD = Layout(
    [("points", U32, "number of points")]
    + [
        (f"{kind}_{what}", U32, doc)
        for kind in _KINDS_OF_CELLS
        for what, doc in (("count", "number of cells"), ("size", "bytes of them"))
    ]
    + [("attributes", U32, "number of attributes")]
)
_ATTRIBUTE = struct.Struct(">BBI")
_FLOAT = np.dtype(np.float32)

#: Attributes: name, number on the wire, and components of an item (0: any).
_ATTRIBUTES = {
    "scalars": (0, 0),
    "vectors": (1, 3),
    "normals": (2, 3),
    "tensors": (3, 9),
    "rgba": (4, 4),
    "texture": (5, 0),
}
_ATTRIBUTE_NAMES = {number: name for name, (number, _) in _ATTRIBUTES.items()}
#: Added to an attribute's number when it belongs to cells instead of points.
_CELL = 0x10


class Cells(Sequence[NDArray[np.uint32]]):
    """Cells of one kind, each an array of point indices. A sequence of (m,) uint32 arrays.

    Args:
        cells: sequences of point indices, or one (n, m) array for n cells of m points.
    """

    __slots__ = ("_data", "_starts")
    _data: NDArray[np.uint32]
    _starts: NDArray[np.int64]

    def __init__(self, cells: Iterable[ArrayLike] | ArrayLike = ()) -> None:
        if isinstance(cells, Cells):
            self._data, self._starts = cells._data, cells._starts
        elif isinstance(cells, np.ndarray) and cells.ndim == 2:
            self._data, self._starts = _uniform(_indices(cells))
        elif isinstance(cells, Iterable):
            self._data, self._starts = _ragged([_indices(cell) for cell in cells])
        else:
            raise MessageError(f"cells are {cells!r}, expected sequences of point indices")

    @classmethod
    def of(cls, data: Buffer, count: int, what: str) -> Cells:
        """Cells in wire form; DecodeError unless `data` holds exactly `count` of them."""
        cells = cls()
        cells._data = frozen(np.frombuffer(data, ">u4")) if len(data) else _NO_DATA
        cells._starts = _starts(cells._data, count, what)
        return cells

    @property
    def data(self) -> NDArray[np.uint32]:
        """Wire form: for each cell its number of points, then their indices (VTK's legacy form)."""
        return self._data

    def as_array(self) -> NDArray[np.uint32]:
        """(n, m) array, when all cells have as many points.

        Raises:
            ValueError: they differ.
        """
        if not len(self):
            return np.zeros((0, 0), np.uint32)
        m = int(self._data[0])
        if len(self._data) != len(self) * (m + 1) or np.any(self._data[self._starts] != m):
            raise ValueError("cells have different numbers of points: iterate over them")
        cells: NDArray[np.uint32] = self._data.reshape(-1, m + 1)[:, 1:].astype(np.uint32)
        return cells

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Cells([self[i] for i in range(*index.indices(len(self)))])
        start = self._starts[index]
        return self._data[start + 1 : start + 1 + int(self._data[start])].astype(np.uint32)

    def __iter__(self) -> Iterator[NDArray[np.uint32]]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and np.array_equal(self._data, other._data)

    def __hash__(self) -> int:
        return len(self)

    def __repr__(self) -> str:
        few = [cell.tolist() for cell in self[:4]]
        return f"Cells({few}{f' and {len(self) - 4} more' if len(self) > 4 else ''})"


_NO_DATA = frozen(np.zeros(0, ">u4"))


def _indices(value: ArrayLike) -> NDArray[np.uint32]:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.zeros(())
    if array.size and (array.dtype.kind not in "iu" or array.min() < 0 or array.max() > 0xFFFFFFFF):
        raise MessageError(f"a cell is {value!r}, expected point indices (integers of 0 and more)")
    indices: NDArray[np.uint32] = array.astype(">u4")
    return indices


def _uniform(array: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    n, m = array.shape
    data = np.empty((n, m + 1), ">u4")
    data[:, 0], data[:, 1:] = m, array
    return frozen(data.reshape(-1)), np.arange(n, dtype=np.int64) * (m + 1)


def _ragged(cells: list[NDArray[np.uint32]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    pieces: list[NDArray[np.uint32]] = [_NO_DATA]
    for cell in cells:
        if cell.ndim != 1:
            raise MessageError(f"a cell has shape {cell.shape}, expected a row of point indices")
        pieces += [np.array([len(cell)], ">u4"), cell]
    lengths = np.array([0] + [len(cell) + 1 for cell in cells], np.int64)
    return frozen(np.concatenate(pieces).astype(">u4")), np.cumsum(lengths)[
        :-1
    ] if cells else lengths[:0]


def _starts(data: NDArray[np.uint32], count: int, what: str) -> NDArray[np.int64]:
    """Where each cell begins in its wire form.

    Raises:
        DecodeError: the numbers of points do not add up to `count` cells.
    """
    width = len(data) // count if count else 0
    if width and width * count == len(data):
        starts = np.arange(count, dtype=np.int64) * width
        if np.all(data[starts] == width - 1):
            return starts
    lengths = data.astype(np.uint32).data  # native, not a list: no 30 bytes an index
    found: list[int] = []
    at = 0
    while at < len(lengths) and len(found) < count:
        found.append(at)
        at += 1 + lengths[at]
    if at != len(lengths) or len(found) != count:
        raise DecodeError(f"{what}: {len(data) * 4} bytes do not hold exactly {count} cells")
    return np.array(found, np.int64)


class Attribute(Record):
    """Values on the points or cells of a POLYDATA.

    Args:
        name: up to 255 bytes.
        kind: "scalars", "vectors" (3), "normals" (3), "tensors" (9), "rgba" (4, 0 to 1), "texture".
        data: (n,) or (n, components) float32, one item for each point, or cell.
        cell: the items belong to cells: vertices, lines, polygons, strips in this order.
    """

    name: str
    kind: str
    data: NDArray[np.float32]
    cell: bool

    def __init__(self, name: str, kind: str, data: ArrayLike, *, cell: bool = False) -> None:
        if kind not in _ATTRIBUTES:
            raise MessageError(
                f"attribute kind is {kind!r}, expected one of {', '.join(_ATTRIBUTES)}"
            )
        text.encode_fixed(name, 0xFF, "attribute name")
        array = numbers(data, _FLOAT, f"attribute {name!r}").copy()
        components = array.shape[1] if array.ndim == 2 else 1
        wanted = _ATTRIBUTES[kind][1]
        fits = components == wanted if wanted else 1 <= components <= 0xFF
        if array.ndim not in (1, 2) or not fits:
            raise MessageError(
                f"attribute {name!r} of {kind} has shape {array.shape}, "
                f"expected (n, {wanted or 'm'})"
            )
        self.__dict__.update(name=name, kind=kind, data=frozen(array), cell=cell)

    def pack(self) -> bytes:
        """Its header on the wire."""
        items, components = len(self.data), 1 if self.data.ndim == 1 else self.data.shape[1]
        return _ATTRIBUTE.pack(_ATTRIBUTES[self.kind][0] + _CELL * self.cell, components, items)


@queries("GET STP RTS")
@message("POLYDATA")
class PolyData(Message):
    """A surface, lines or points, with values on them: POLYDATA.

    The reference C++ library reads point scalars, vectors, normals and tensors; 3D Slicer needs all
    vertices in one cell.

    Args:
        points: (n, 3) mm. Read back as float32.
        vertices, lines, polygons, triangle_strips: `Cells`, or what makes them: sequences of point
            indices, or an (n, m) array.
        attributes: a sequence of `Attribute`.
    """

    names = ("points", *_KINDS_OF_CELLS, "attributes")

    points: NDArray[np.float32]
    vertices: Cells
    lines: Cells
    polygons: Cells
    triangle_strips: Cells
    attributes: tuple[Attribute, ...]

    def __init__(
        self,
        points: ArrayLike,
        *,
        vertices: Iterable[ArrayLike] | ArrayLike = (),
        lines: Iterable[ArrayLike] | ArrayLike = (),
        polygons: Iterable[ArrayLike] | ArrayLike = (),
        triangle_strips: Iterable[ArrayLike] | ArrayLike = (),
        attributes: Sequence[Attribute] = (),
        **common: Unpack[Common],
    ) -> None:
        xyz = numbers(points, _FLOAT, "points")
        if xyz.ndim != 2 or xyz.shape[1] != 3:
            raise MessageError(f"points have shape {xyz.shape}, expected (n, 3)")
        cells = [Cells(one) for one in (vertices, lines, polygons, triangle_strips)]
        for kind, one in zip(_KINDS_OF_CELLS, cells, strict=True):
            _check_indices(kind, one, len(xyz))
        _check_attributes(attributes, len(xyz), sum(map(len, cells)))
        head = {"points": len(xyz), "attributes": len(attributes)}
        for kind, one in zip(_KINDS_OF_CELLS, cells, strict=True):
            head |= {f"{kind}_count": len(one), f"{kind}_size": one.data.nbytes}
        pieces: list[Buffer] = [_HEAD.pack(head), bytes_of(xyz.astype(">f4"))]
        pieces += [bytes_of(one.data) for one in cells if len(one)]
        pieces += [one.pack() for one in attributes]
        names = b"".join(one.name.encode() + b"\0" for one in attributes)
        pieces.append(names + b"\0" * (len(names) % 2))
        pieces += [bytes_of(one.data.astype(">f4")) for one in attributes]
        self._build(pieces, common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        head = _HEAD.unpack(content)
        reader = _Reader(content, _HEAD.size)
        fields: dict[str, Any] = {}
        points = np.frombuffer(reader.take(12 * head["points"], "points"), ">f4")
        fields["points"] = frozen(points.astype(np.float32).reshape(-1, 3))
        for kind in _KINDS_OF_CELLS:
            size = head[f"{kind}_size"]
            if size % 4:
                raise DecodeError(f"{kind} take {size} bytes, which is not a multiple of 4")
            fields[kind] = Cells.of(reader.take(size, kind), head[f"{kind}_count"], kind)
        fields["attributes"] = tuple(_read_attributes(reader, head["attributes"]))
        reader.finish()
        return fields

    @classmethod
    def rows(cls) -> list[Row]:
        """The byte table."""
        cells = "for each cell its number of points, then their indices"
        return [
            *_HEAD.rows(),
            Row(_HEAD.size, None, "points", "n x f32[3]", "x y z [mm]"),
            *(Row(None, None, kind, "u32[]", cells) for kind in _KINDS_OF_CELLS),
            Row(None, None, "attribute headers", "n x {u8, u8, u32}", "kind, components, items"),
            Row(
                None, None, "attribute names", "char[]", "each with a NUL, together padded to even"
            ),
            Row(None, None, "attribute data", "f32[]", "items of each attribute"),
        ]


def _check_indices(kind: str, cells: Cells, points: int) -> None:
    if not len(cells):
        return
    counts = np.zeros(len(cells.data), bool)
    counts[cells._starts] = True
    highest = cells.data[~counts].max(initial=0)
    if highest >= points and len(cells.data) > len(cells):
        raise MessageError(f"{kind} name point {highest}, but there are {points} points")


def _check_attributes(attributes: Sequence[Attribute], points: int, cells: int) -> None:
    for one in attributes:
        if not isinstance(one, Attribute):
            raise MessageError(f"attributes hold {one!r}, expected an Attribute")
        wanted = cells if one.cell else points
        if len(one.data) != wanted:
            raise MessageError(
                f"attribute {one.name!r} has {len(one.data)} items, expected {wanted}, "
                f"one for each {'cell' if one.cell else 'point'}"
            )


class _Reader:
    """Takes pieces off a content from front to back, never more than there are."""

    def __init__(self, data: Buffer, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int, what: str) -> Buffer:
        left = len(self._data) - self._at
        if size > left:
            raise DecodeError(f"{what} take {size} bytes, but {left} are left")
        self._at += size
        return self._data[self._at - size : self._at]

    def text(self, what: str) -> bytes:
        """Up to the next NUL, which is taken too."""
        piece, end, _ = bytes(self._data[self._at : self._at + 0x100]).partition(b"\0")
        if not end:
            raise DecodeError(f"{what} has no end")
        self._at += len(piece) + 1
        return piece

    def finish(self) -> None:
        if self._at != len(self._data):
            raise DecodeError(
                f"{len(self._data) - self._at} bytes are left behind the last attribute"
            )


def _read_attributes(reader: _Reader, count: int) -> Iterator[Attribute]:
    headers = list(
        _ATTRIBUTE.iter_unpack(reader.take(_ATTRIBUTE.size * count, "attribute headers"))
    )
    raw_names = [reader.text(f"name of attribute {index}") for index in range(count)]
    if sum(len(name) + 1 for name in raw_names) % 2:
        reader.take(1, "padding of the attributes' names")
    for (number, components, items), raw_name in zip(headers, raw_names, strict=True):
        kind = _ATTRIBUTE_NAMES.get(number & ~_CELL)
        if kind is None or components == 0:
            raise DecodeError(f"attribute of kind {number} with {components} components")
        data = np.frombuffer(reader.take(4 * components * items, f"attribute {raw_name!r}"), ">f4")
        array = data.astype(np.float32).reshape((-1, components) if components > 1 else -1)
        name, cell = text.decode_fixed(raw_name), bool(number & _CELL)
        yield Attribute.of({"name": name, "kind": kind, "data": frozen(array), "cell": cell})


_INTERVAL = Layout([("interval", Duration, "between messages; nothing: as fast as possible [s]")])


@companion(PolyData)
class StartPolyData(Start):
    """STT_POLYDATA: asks for a stream of poly data.

    Args:
        interval: seconds between messages; None writes nothing, which leaves it to the server.
    """

    names = ("interval",)
    interval: float | None

    def __init__(
        self,
        target: type[Message] = PolyData,
        interval: float | None = None,
        **common: Unpack[Common],
    ) -> None:
        self._build(b"" if interval is None else _INTERVAL.pack({"interval": interval}), common)

    @classmethod
    def _decode(cls, content: Buffer) -> dict[str, Any]:
        if not content:
            return {"interval": None}
        if len(content) != _INTERVAL.size:
            raise DecodeError(f"content of {len(content)} bytes, expected 0 or {_INTERVAL.size}")
        return _INTERVAL.unpack(content)
