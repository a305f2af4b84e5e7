"""What hypothesis makes messages of: one strategy for each type.

Most follow from the type's declaration; `BY_HAND` has those whose fields are not simply what lies
on the wire. A type with neither is a LookupError, and with it a failing test. Every value that is
made here can be carried exactly, so it has to be read back as it was given.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

import igtl
from igtl.codec import layout, tails
from igtl.codec.declaration import Record, Records, Tail
from igtl.codec.layout import WireType
from igtl.messages.unit import format_unit
from tests.own_types import own_types

__all__ = ["common_fields", "fields_of", "make", "messages", "messages_of", "texts"]

Fields = dict[str, Any]


def texts(room: int) -> SearchStrategy[str]:
    """Text without a NUL of at most `room` bytes in UTF-8."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    cut = st.text(characters, max_size=room).map(
        lambda t: t.encode()[:room].decode(errors="ignore")
    )
    return cut | st.just("x" * room)


def integers(bits: int, *, signed: bool = False) -> SearchStrategy[int]:
    """Integers of so many bits."""
    low = -(1 << bits - 1) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


SINGLE = st.floats(width=32, allow_nan=False)
DOUBLE = st.floats(allow_nan=False)
# Multiples of 2^-20 s, so that both 32.32 fixed point and float64 hold them.
SECONDS = st.integers(0, (1 << 52) - 1).map(lambda count: count / (1 << 20))
TIMES = st.none() | SECONDS.filter(bool)


def rows(numbers: SearchStrategy[float]) -> SearchStrategy[Any]:
    """(4, 4) float64 with [0, 0, 0, 1] as its last row."""
    upper = st.lists(numbers, min_size=12, max_size=12)
    return upper.map(lambda m: np.vstack((np.reshape(m, (3, 4)), (0.0, 0.0, 0.0, 1.0))))


def of_kind(kind: WireType | Tail) -> SearchStrategy[Any]:
    """Values of a declared field."""
    match kind:
        case layout.Number(is_float=True):
            return SINGLE if kind.size == 4 else DOUBLE
        case layout.Number():
            return integers(8 * struct.calcsize(kind.codes), signed=kind.codes.islower())
        case layout.Numbers():
            return st.lists(of_kind(kind.number), min_size=kind.count, max_size=kind.count)
        case layout.Text():
            return texts(kind._room)
        case layout.Choice():
            return st.sampled_from(list(kind.names)) | of_kind(kind.number)
        case layout.Scaled():
            return of_kind(kind.number).map(lambda count: round(count * kind.step, 9))
        case layout.Fixed():
            return TIMES if kind is layout.Time else SECONDS
        case layout.Pose():
            return rows(SINGLE)
        case Records():
            return st.lists(records(kind.record), max_size=2)
        case tails.Names():
            return st.lists(texts(kind.size), max_size=3)
        case tails.TerminatedText():
            return texts(60)
        case tails.Array():
            return st.lists(DOUBLE, max_size=5)
    raise LookupError(f"no strategy for a field of {kind}: add one")


def records(cls: type[Record]) -> SearchStrategy[Record]:
    """Records of a class."""
    kinds = {name: of_kind(one.kind) for name, one in cls.wire.fields.items()}
    return st.fixed_dictionaries(kinds).map(lambda fields: cls(**fields))


@st.composite
def string_fields(draw: st.DrawFn) -> Fields:
    """Text in one of the character sets that have its characters."""
    codec, encoding = draw(st.sampled_from([("ascii", 3), ("latin-1", 4), ("utf-8", 106)]))
    if codec == "utf-8":
        encoding = draw(st.sampled_from([106, 1013, 1014, 1015, 1017]))
    return {"text": draw(st.text(st.characters(codec=codec), max_size=40)), "encoding": encoding}


SIDES = st.integers(1, 4)
# Multiples of 1/8 below 2^9: sums with halves of small sizes are exact in float32.
EIGHTHS = st.integers(-4095, 4095).map(lambda count: count / 8)
PIXELS = ["i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4"]
PIXELS += ["<f4", ">f4", "<f8", ">f8"]


@st.composite
def image_fields(draw: st.DrawFn) -> Fields:
    """Any pixels, as a part of a volume that may be larger."""
    shape = draw(st.tuples(SIDES, SIDES, SIDES))
    components = draw(st.integers(1, 5))
    full = shape if components == 1 else (*shape, components)
    offset, more = draw(st.tuples(SIDES, SIDES, SIDES)), draw(st.tuples(SIDES, SIDES, SIDES))
    sizes = zip(offset, shape[::-1], more, strict=True)
    return {
        "pixels": draw(hnp.arrays(draw(st.sampled_from(PIXELS)), full)),
        "components": components,
        "ijk_to_world": draw(rows(EIGHTHS)),
        "coordinates": draw(st.sampled_from(["RAS", "LPS"])),
        "sub_volume_offset": offset,
        "volume_size": tuple(map(sum, sizes)),
    }


@st.composite
def video_fields(draw: st.DrawFn) -> Fields:
    """Any bytes in the name of any codec."""
    frame_type = draw(integers(8))
    return {
        "codec": draw(st.text("AVHP024569XI", min_size=4, max_size=4)),
        "data": draw(st.binary(max_size=40)),
        "frame_type": frame_type,
        "size": draw(st.tuples(SIDES, SIDES, SIDES)),
        "grey": draw(st.booleans()) and frame_type > 0,
        "ijk_to_world": draw(rows(EIGHTHS)),
        "coordinates": draw(st.sampled_from(["RAS", "LPS"])),
        "endian": draw(st.sampled_from([1, 2])),
    }


@st.composite
def color_tables(draw: st.DrawFn) -> Fields:
    """All six forms; the entries are a short pattern, repeated."""
    shape: tuple[int, ...] = (draw(st.sampled_from([256, 256, 65536])),)
    dtype = draw(st.sampled_from(["u1", "<u2", ">u2", "rgb"]))
    if dtype == "rgb":
        shape, dtype = (*shape, 3), "u1"
    pattern = draw(hnp.arrays(dtype, 7))
    return {"table": np.resize(pattern, shape)}


PREFIXES = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15]


@st.composite
def units(draw: st.DrawFn) -> str:
    """Units in the way in which they are read back."""
    pairs = draw(st.lists(st.tuples(st.integers(1, 27), st.integers(-8, 7)), max_size=6))
    bits = 0
    if pairs and pairs[0][1] == 1:
        bits = draw(st.sampled_from([0, *PREFIXES])) << 60
    for place, (number, exponent) in enumerate(pairs):
        bits |= (number << 4 | exponent & 15) << 50 - 10 * place
    return format_unit(bits)


NUMBERS = ["i1", "u1", "<i2", ">u2", ">i4", "<u4", "<f4", ">f8", "<c16", ">c16"]


@st.composite
def ndarray_fields(draw: st.DrawFn) -> Fields:
    """Up to five dimensions, of length 0 too."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=3))
    return {"array": draw(hnp.arrays(draw(st.sampled_from(NUMBERS)), shape))}


COMPONENTS = {"scalars": 1, "vectors": 3, "normals": 3, "tensors": 9, "rgba": 4, "texture": 2}


@st.composite
def attributes(draw: st.DrawFn, points: int, cells: int) -> igtl.Attribute:
    """Values for so many points, or cells."""
    kind, cell = draw(st.sampled_from(list(COMPONENTS))), draw(st.booleans())
    width = draw(st.integers(1, 4)) if kind in ("scalars", "texture") else COMPONENTS[kind]
    items = cells if cell else points
    shape = (items,) if width == 1 else (items, width)
    return igtl.Attribute(draw(texts(255)), kind, draw(hnp.arrays("f4", shape)), cell=cell)


@st.composite
def polydata_fields(draw: st.DrawFn) -> Fields:
    """Mixed cells, with attributes of points and cells."""
    count = draw(st.integers(0, 5))
    indices = st.integers(0, max(count - 1, 0))
    cell = st.lists(indices, max_size=4 if count else 0)
    kinds = ["vertices", "lines", "polygons", "triangle_strips"]
    cells = {kind: igtl.Cells(draw(st.lists(cell, max_size=3))) for kind in kinds}
    total = sum(map(len, cells.values()))
    return {
        "points": draw(hnp.arrays("f4", (count, 3))),
        "attributes": tuple(draw(st.lists(attributes(count, total), max_size=3))),
        **cells,
    }


COMMAND = st.fixed_dictionaries(
    {"command_id": integers(32), "name": texts(127), "content": st.text(max_size=60)}
)


@st.composite
def wanted_fields(draw: st.DrawFn) -> Fields:
    """Which children GET_BIND and STT_BIND ask for."""
    pairs = draw(st.lists(st.tuples(texts(12), texts(20)), max_size=4))
    return {
        "types": tuple(one for one, _ in pairs),
        "device_names": tuple(one for _, one in pairs),
    }


@st.composite
def start_bind_fields(draw: st.DrawFn) -> Fields:
    return draw(wanted_fields()) | {"interval": draw(SECONDS)}


GET_IMAGE, GET_BIND = type(igtl.Get(igtl.Image)), type(igtl.Get(igtl.Bind))
START_BIND, START_POLYDATA = type(igtl.Start(igtl.Bind)), type(igtl.Start(igtl.PolyData))
START_VIDEO = type(igtl.Start(igtl.Video))


def bind_fields() -> SearchStrategy[Fields]:
    """Children of several types, a BIND among them."""
    leaves = [igtl.String, igtl.Transform, igtl.Position, igtl.NDArray, igtl.Status, GET_IMAGE]
    named = st.fixed_dictionaries({"device_name": texts(20)})
    simple = st.sampled_from(leaves).flatmap(lambda cls: messages_of(cls, named)) | UNKNOWN
    nested = st.lists(simple, max_size=2).map(igtl.Bind)
    return st.fixed_dictionaries({"children": st.lists(simple | nested, max_size=3).map(tuple)})


BY_HAND: dict[type[igtl.Message], SearchStrategy[Fields]] = {
    igtl.Position: st.fixed_dictionaries(
        {
            "position": st.lists(SINGLE, min_size=3, max_size=3),
            "quaternion": st.none() | st.lists(SINGLE, min_size=4, max_size=4),
        }
    ),
    igtl.Image: image_fields(),
    igtl.String: string_fields(),
    igtl.ClientInfo: string_fields(),
    igtl.ColorTable: color_tables(),
    igtl.Sensor: st.fixed_dictionaries(
        {"values": st.lists(DOUBLE, max_size=5), "unit": units(), "status": integers(8)}
    ),
    igtl.NDArray: ndarray_fields(),
    igtl.PolyData: polydata_fields(),
    igtl.Command: COMMAND,
    igtl.CommandReply: COMMAND,
    igtl.Query: st.fixed_dictionaries(
        {"query_id": integers(32), "data_type": texts(31), "uid": texts(60)}
    ),
    igtl.Video: video_fields(),
    igtl.Bind: st.deferred(bind_fields),
    GET_BIND: wanted_fields(),
    START_BIND: start_bind_fields(),
    START_POLYDATA: st.fixed_dictionaries({"interval": st.none() | SECONDS}),
    START_VIDEO: st.fixed_dictionaries(
        {
            "codec": st.sampled_from(["H264", "VP90", "X265", "O265", "AV10", "I420"]),
            "interval": integers(32).map(lambda count: round(count * 0.001, 9)),
        }
    ),
}


def fields_of(cls: type[igtl.Message]) -> SearchStrategy[Fields]:
    """What a constructor takes by name.

    Raises:
        LookupError: the class is new here.
    """
    if cls in BY_HAND:
        return BY_HAND[cls]
    if cls.names != cls.wire.names:
        raise LookupError(f"{cls.__name__} decodes by itself: add a strategy to BY_HAND")
    return st.fixed_dictionaries({n: of_kind(one.kind) for n, one in cls.wire.fields.items()})


@st.composite
def common_fields(draw: st.DrawFn) -> Fields:
    """What every message has; as much of it as the header's version can carry."""
    version = draw(st.sampled_from([None, 1, 2]))
    fields: Fields = {
        "device_name": draw(texts(20)),
        "timestamp": draw(TIMES),
        "header_version": version,
    }
    if version != 1:
        fields["metadata"] = draw(st.dictionaries(texts(9).filter(bool), texts(9), max_size=3))
        fields["message_id"] = draw(integers(32))
    return fields


def make(cls: type[igtl.Message], fields: Fields) -> igtl.Message:
    """A message of a class, which may be that of a query."""
    if issubclass(cls, igtl.Get | igtl.Start | igtl.Stop | igtl.Ready):
        return cls(cls.target, **fields)
    return cls(**fields)


def messages_of(
    cls: type[igtl.Message], common: SearchStrategy[Fields] | None = None
) -> SearchStrategy[igtl.Message]:
    """Messages of a class."""
    both = st.tuples(fields_of(cls), common_fields() if common is None else common)
    return both.map(lambda pair: make(cls, pair[0] | pair[1]))


UNKNOWN = st.builds(
    igtl.Unknown,
    st.text("QWERTY_", min_size=1, max_size=12),
    st.binary(max_size=40),
)


def messages() -> SearchStrategy[igtl.Message]:
    """Messages of any type, unknown ones included."""
    classes = sorted(set(own_types().values()), key=lambda cls: cls.__name__)
    return st.sampled_from(classes).flatmap(messages_of) | UNKNOWN
