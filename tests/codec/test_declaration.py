from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

from igtl.codec.declaration import Declared, Field, Record, Records, Tail, Wire, field, same, shown
from igtl.codec.layout import F32, F64, POSE, U8, U16, Reserved, Row, Text
from igtl.codec.tails import Array, Names, TerminatedText
from igtl.errors import DecodeError, MessageError


class Needle(Record):
    """A needle."""

    name: str = field(Text(8), doc="its name")
    _reserved = field(Reserved(1))
    gauge: int = field(U8, default=18, doc="of the needle")
    tip: Any = field(F32[3], default=(0.0, 0.0, 0.0), unit="mm", doc="x y z")
    owner: str = field(Text(4), default="", kw_only=True)


NEEDLE = b"Chiba\0\0\0" + bytes.fromhex("00 12") + bytes(12) + b"OR\0\0"


def test_a_record_is_made_in_the_order_of_its_signature() -> None:
    assert str(inspect.signature(Needle)) == "(name, gauge=18, tip=(0.0, 0.0, 0.0), *, owner='')"
    needle = Needle("Chiba", 18, (0, 0, 0), owner="OR")
    assert needle == Needle(name="Chiba", owner="OR")
    assert (needle.name, needle.gauge, needle.tip.tolist()) == ("Chiba", 18, [0.0, 0.0, 0.0])


def test_a_record_lies_on_the_wire_in_the_order_of_its_declaration() -> None:
    assert Needle.wire.pack(vars(Needle("Chiba", owner="OR"))) == NEEDLE
    assert Needle.of(Needle.wire.unpack(NEEDLE)) == Needle("Chiba", owner="OR")


def test_fields_without_a_default_come_first_in_the_constructor() -> None:
    odd: Any = type("Odd", (Record,), {"a": field(U8, default=1), "b": field(U8)})
    assert str(inspect.signature(odd)) == "(b, a=1)"
    assert odd.wire.pack(vars(odd(5))) == b"\1\5"


def test_a_record_holds_the_values_of_the_wire() -> None:
    assert Needle("a", tip=(0.1, 0, 0)).tip.tolist() == [float(np.float32(0.1)), 0.0, 0.0]


def test_rows_come_from_the_declaration() -> None:
    assert Needle.wire.rows() == [
        Row(0, 8, "name", "char[8]", "its name"),
        Row(8, 1, "_reserved", "byte", ""),
        Row(9, 1, "gauge", "u8", "of the needle"),
        Row(10, 12, "tip", "f32[3]", "x y z [mm]"),
        Row(22, 4, "owner", "char[4]", ""),
    ]


@pytest.mark.parametrize(
    ("args", "named", "text"),
    [
        ((), {}, "Needle needs 'name'"),
        (
            ("a", 1, (0, 0, 0), "OR"),
            {},
            r"takes 3 positional arguments \(name, gauge, tip\), got 4",
        ),
        (("a",), {"length": 3}, "no field 'length'; its fields: name, gauge, tip, owner"),
        (("a",), {"name": "b"}, "Needle got 'name' twice"),
    ],
)
def test_calls_that_do_not_fit_the_signature(
    args: tuple[Any, ...], named: dict[str, Any], text: str
) -> None:
    with pytest.raises(TypeError, match=text):
        Needle(*args, **named)


def test_values_that_do_not_fit_are_named() -> None:
    with pytest.raises(MessageError, match=r"name 'Franseen' takes 8 bytes, .* room for 7"):
        Needle("Franseen")
    with pytest.raises(MessageError, match="gauge is 256, expected 0 to 255"):
        Needle("a", 256)
    with pytest.raises(MessageError, match="tip has 2 values, expected 3"):
        Needle("a", tip=(1, 2))


def test_records_are_immutable() -> None:
    needle = Needle("a")
    with pytest.raises(AttributeError, match=r"Needle is immutable.*\.replace\(gauge=\.\.\.\)"):
        needle.gauge = 20  # type: ignore[misc]
    with pytest.raises(AttributeError, match="'gauge' cannot be deleted"):
        del needle.gauge
    with pytest.raises(ValueError, match="read-only"):
        needle.tip[0] = 1.0
    assert needle.gauge == 18


def test_replace_makes_another_record() -> None:
    needle = Needle("a", owner="OR")
    assert needle.replace(gauge=20) == Needle("a", 20, owner="OR")
    assert needle.replace() == needle
    assert needle.gauge == 18
    with pytest.raises(TypeError, match="no field 'length'"):
        needle.replace(length=3)


def test_records_are_equal_by_value() -> None:
    needle = Needle("a", tip=(np.nan, 0, 0))
    assert needle == Needle("a", tip=(np.nan, 0, 0))
    assert hash(needle) == hash(Needle("a", tip=(np.nan, 0, 0)))
    assert needle != Needle("a", tip=(0, 0, 0))
    assert needle != Needle("b", tip=(np.nan, 0, 0))
    assert needle != "a"


@pytest.mark.parametrize(
    "again", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy, copy.copy]
)
def test_records_are_pickled_and_copied(again: Any) -> None:
    needle = Needle("a", tip=(1, 2, 3))
    other = again(needle)
    assert other == needle
    assert not other.tip.flags.writeable


def test_a_record_shows_its_fields() -> None:
    assert repr(Needle("a")) == "Needle(name='a', gauge=18, tip=[0., 0., 0.], owner='')"


class Bare(Declared):
    """Nothing declared."""


def wire(**fields: Field) -> Wire:
    return Wire(fields)


def test_nothing_declared_is_an_empty_wire() -> None:
    assert Bare.wire.names == ()
    assert Bare.wire.pack({}) == b""
    assert Bare.wire.rows() == []


class Open(Record):
    """A record of open length."""

    count: int = field(U8)
    text: str = field(TerminatedText(), default="none", doc="up to the end")


def test_a_tail_fills_what_is_left() -> None:
    assert Open.wire.pack({"count": 1, "text": "ab"}) == b"\1ab\0"
    assert Open.wire.unpack(b"\1ab\0") == {"count": 1, "text": "ab"}
    assert Open.wire.rows(5) == [
        Row(5, 1, "count", "u8", ""),
        Row(6, None, "text", "char[] + NUL", "up to the end"),
    ]
    assert Open(7).text == "none"


def test_the_size_of_fixed_fields_is_checked() -> None:
    fixed = wire(a=field(U16), b=field(U8))
    fixed.check(bytes(3))
    for size in (0, 2, 4):
        with pytest.raises(DecodeError, match=f"content of {size} bytes, expected 3"):
            fixed.check(bytes(size))
    open_ = wire(a=field(U16), b=field(Names(12)))
    open_.check(bytes(2))
    open_.check(bytes(14))
    with pytest.raises(DecodeError, match="content of 1 bytes, expected at least 2"):
        open_.check(bytes(1))
    with pytest.raises(DecodeError, match="11 bytes are not a whole number of 12-byte names"):
        open_.check(bytes(13))


@pytest.mark.parametrize(
    "fields",
    [
        {"a": field(Names(12)), "b": field(U8)},
        {"a": field(Names(12)), "b": field(Array(F64))},
        {"a": field(Records(Needle)), "b": field(Reserved(1))},
    ],
    ids=["first", "two", "before reserved"],
)
def test_only_the_last_field_may_be_open(fields: dict[str, Field]) -> None:
    with pytest.raises(TypeError, match="only the last field may be of open length"):
        Wire(fields)


def test_an_open_field_in_the_middle_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="only the last field may be of open length"):

        class Wrong(Record):
            """Cannot be read."""

            a: str = field(TerminatedText())
            b: int = field(U8)


class TestRecords:
    records = Records(Needle)

    def test_as_many_as_fit(self) -> None:
        two = (Needle("Chiba", owner="OR"), Needle("b", 20))
        data = self.records.encode(two, "needles")
        assert data[:26] == NEEDLE
        assert len(data) == 52
        assert self.records.decode(memoryview(data)) == two
        assert self.records.decode(b"") == ()

    def test_a_whole_number(self) -> None:
        self.records.check(bytes(52))
        with pytest.raises(
            DecodeError, match="53 bytes are not a whole number of 26-byte Needle records"
        ):
            self.records.check(bytes(53))

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (Needle("a"), r"needles is Needle\(.*\), expected a sequence of Needle"),
            (5, "needles is 5, expected a sequence of Needle"),
            ([Needle("a"), "b"], r"needles\[1\] is 'b', expected a Needle"),
            ("ab", r"needles\[0\] is 'a', expected a Needle"),
        ],
    )
    def test_only_such_records(self, value: object, text: str) -> None:
        with pytest.raises(MessageError, match=text):
            self.records.encode(value, "needles")

    def test_rows_show_the_first_record(self) -> None:
        head, *rows = self.records.rows(100, "needles", "all of them")
        assert head == Row(100, None, "needles", "n x Needle (26 bytes each)", "all of them")
        assert rows[0] == Row(100, 8, "needles[0].name", "char[8]", "its name")
        assert rows[-1] == Row(122, 4, "needles[0].owner", "char[4]", "")


def test_a_new_kind_of_tail_says_what_it_cannot() -> None:
    class Blob(Tail):
        name = "bytes"

        def decode(self, data: Any) -> bytes:
            return bytes(data)

    blob = wire(data=field(Blob()))
    blob.check(b"anything")
    assert blob.unpack(b"anything") == {"data": b"anything"}
    with pytest.raises(NotImplementedError):
        blob.pack({"data": b""})


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0]), np.array([2.0]), False),
        (np.array([1, 2]), np.array([1, 2]), True),
        (np.array([1.0]), 1.0, False),
        ("a", "a", True),
        ((1, 2), (1, 3), False),
    ],
)
def test_same(one: object, other: object, equal: bool) -> None:
    assert same(one, other) is equal


def test_shown_keeps_it_short() -> None:
    assert shown({"a": 1, "m": np.eye(2)}) == "a=1, m=[[1., 0.], [0., 1.]]"
    assert shown({"p": np.zeros((480, 640), np.uint8)}) == "p=<480x640 uint8>"
    assert len(shown({"t": "x" * 10_000})) < 500


def test_a_pose_may_have_a_default() -> None:
    class Posed(Record):
        """With a pose that needs not be given."""

        pose: Any = field(POSE, default=np.eye(4))

    assert Posed().pose.tolist() == np.eye(4).tolist()
