"""Which class is behind which wire type, the types that users add, and the byte tables."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.codec.layout import F32, F64, U8, U16, Choice, Reserved, Text
from igtl.codec.tails import Array, TerminatedText
from igtl.messages.message import HEADER_ROWS
from tests.codec.wire import packet, table
from tests.own_types import own_types

# Sizes of contents from the protocol's documents. None: the table ends with a part of open size.
SIZES = {
    "TRANSFORM": 48,
    "POSITION": 28,
    "QTRANS": 28,
    "IMAGE": None,
    "STATUS": None,
    "CAPABILITY": None,
    "STRING": None,
    "CLIENTINFO": None,
    "POINT": None,
    "TRAJ": None,
    "TDATA": None,
    "QTDATA": None,
    "IMGMETA": None,
    "LBMETA": None,
    "COLORT": None,
    "COLORTABLE": None,
    "SENSOR": None,
    "NDARRAY": None,
    "BIND": None,
    "POLYDATA": None,
    "COMMAND": None,
    "RTS_COMMAND": None,
    "QUERY": None,
    "VIDEO": None,
    "VIDEOMETA": None,
    "STT_TDATA": 36,
    "STT_QTDATA": 36,
    "STT_VIDEO": 8,
}
# Where the open part begins, or the size of one record of it.
STARTS = {
    "IMAGE": 72,
    "STATUS": 30,
    "CAPABILITY": 0,
    "STRING": 4,
    "CLIENTINFO": 4,
    "COLORT": 2,
    "COLORTABLE": 2,
    "SENSOR": 10,
    "NDARRAY": 2,
    "BIND": 2,
    "POLYDATA": 40,
    "COMMAND": 138,
    "RTS_COMMAND": 138,
    "QUERY": 38,
    "VIDEO": 76,
}
RECORDS = {
    "POINT": 136,
    "TRAJ": 150,
    "TDATA": 70,
    "QTDATA": 50,
    "IMGMETA": 260,
    "LBMETA": 116,
    "VIDEOMETA": 322,
}
# What the documents list beside each type.
QUERIES = {
    "TRANS": "GET STT STP RTS",
    "TRANSFOR": "GET STT STP RTS",
    "POSITION": "GET STT STP RTS",
    "QTRANS": "GET STT STP RTS",
    "IMAGE": "GET STT STP RTS",
    "STATUS": "GET",
    "CAPABIL": "GET RTS",
    "STRING": "GET",
    "POINT": "GET",
    "TRAJ": "GET",
    "TDATA": "GET STT STP RTS",
    "QTDATA": "GET STT STP RTS",
    "IMGMETA": "GET",
    "LBMETA": "GET",
    "COLORT": "GET",
    "SENSOR": "GET STT STP RTS",
    "NDARRAY": "GET STT STP RTS",
    "BIND": "GET STT STP RTS",
    "POLYDATA": "GET STT STP RTS",
    "VIDEO": "GET STT STP RTS",
    "VMETA": "GET",
}


def test_every_type_of_the_protocol_is_known() -> None:
    queries = {f"{kind}_{name}" for name, kinds in QUERIES.items() for kind in kinds.split()}
    assert set(own_types()) == set(SIZES) | queries


@pytest.mark.parametrize("wire_type", sorted(own_types()))
def test_rows_follow_each_other_without_gaps(wire_type: str) -> None:
    """And their sizes add up to what the documents say."""
    rows = igtl.describe(wire_type)
    at: int | None = 0
    for row in rows:
        assert row.name
        assert row.type
        if "." in row.name:  # within the first record of those that fill the rest
            at = row.offset if at is None else at
        assert row.offset == at
        at = None if row.size is None or at is None else at + row.size
    if wire_type.startswith("RTS_") and wire_type != "RTS_COMMAND":
        assert [(row.offset, row.size, row.name) for row in rows] == [(0, 1, "status")]
    elif wire_type in RECORDS:
        assert at == RECORDS[wire_type]
    elif wire_type in SIZES:
        assert at == SIZES[wire_type]
        open_part = next((row for row in rows if row.size is None), None)
        assert (open_part.offset if open_part else None) == STARTS.get(wire_type)


def test_rows_of_a_transform() -> None:
    assert igtl.describe("TRANSFORM") == [
        igtl.layout.Row(0, 48, "matrix", "f32[12]", "upper 3x4, column by column [mm]")
    ]


def test_rows_of_the_header() -> None:
    at = 0
    for row in HEADER_ROWS:
        assert row.offset == at
        assert row.size is not None
        at += row.size
    assert at == 58


@pytest.mark.parametrize(
    ("wire_type", "hint"),
    [
        ("TRANSFORN", "did you mean TRANSFORM"),
        ("image", "did you mean IMAGE"),
        ("POLYDATE", "did you mean POLYDATA"),
        ("42", "is not known$"),
    ],
)
def test_describe_suggests_similar_names(wire_type: str, hint: str) -> None:
    with pytest.raises(igtl.MessageError, match=f"message type '{wire_type}' .*{hint}"):
        igtl.describe(wire_type)


def make_force() -> Any:
    @igtl.message("FORCE", "FORCE_OLD")
    class Force(igtl.Message):
        """Force at the needle tip."""

        force: np.ndarray[Any, Any] = igtl.field(F32[3], unit="N", doc="x y z")
        sensor: int = igtl.field(U8, default=0)
        _reserved = igtl.field(Reserved(1))
        name: str = igtl.field(Text(4, full=True), default="", kw_only=True)

    return Force


FORCE = table(
    """
    3f 80 00 00  c0 00 00 00  00 00 00 00  # 1, -2, 0 N
    07 00                                  # sensor; reserved
    'tip1'
    """
)


@pytest.mark.usefixtures("forgotten")
class TestTypesOfUsers:
    def test_declared_type_is_written_and_read(self) -> None:
        force = make_force()
        message = force((1, -2, 0), 7, name="tip1", device_name="Arm")
        data = packet("FORCE", FORCE, device_name=b"Arm")
        assert igtl.encode(message) == data
        again: Any = igtl.decode(data)
        assert type(again) is force
        assert again == message
        assert again.force.tolist() == [1.0, -2.0, 0.0]
        assert (again.sensor, again.name, again.device_name) == (7, "tip1", "Arm")
        assert repr(again) == (
            "Force(force=[ 1., -2.,  0.], sensor=7, name='tip1', device_name='Arm')"
        )
        assert again.replace(sensor=8).sensor == 8

    def test_declared_type_is_described(self) -> None:
        make_force()
        rows = [(row.offset, row.size, row.name, row.type) for row in igtl.describe("FORCE")]
        assert rows == [
            (0, 12, "force", "f32[3]"),
            (12, 1, "sensor", "u8"),
            (13, 1, "_reserved", "byte"),
            (14, 4, "name", "char[4]"),
        ]
        assert igtl.describe("FORCE")[0].doc == "x y z [N]"
        assert {"FORCE", "FORCE_OLD"} <= set(igtl.message_types())

    def test_declared_type_has_its_other_name(self) -> None:
        force = make_force()
        again = igtl.decode(packet("FORCE_OLD", FORCE))
        assert isinstance(again, force)
        assert again.wire_type == "FORCE_OLD"
        assert force((0, 0, 0), wire_type="FORCE_OLD").wire_type == "FORCE_OLD"

    @pytest.mark.parametrize("size", [0, 17, 19])
    def test_declared_type_of_another_size_is_refused(self, size: int) -> None:
        make_force()
        for version in (1, 2):
            body = FORCE.ljust(19, b"\0")[:size]
            if version == 2:
                body = bytes((0, 12, 0, 2)) + bytes(8) + body + bytes(2)
            with pytest.raises(
                igtl.DecodeError, match=f"FORCE of device 'A': content of {size} by"
            ):
                igtl.decode(packet("FORCE", body, version=version, device_name=b"A"))

    def test_declared_type_checks_its_values(self) -> None:
        force = make_force()
        with pytest.raises(igtl.MessageError, match="force has 2 values, expected 3"):
            force((1, 2))
        with pytest.raises(igtl.MessageError, match="sensor is 256"):
            force((1, 2, 3), 256)
        with pytest.raises(TypeError, match="Force needs 'force'"):
            force()

    def test_a_type_may_be_of_open_length(self) -> None:
        @igtl.message("SIGNAL")
        class Signal(igtl.Message):
            """Samples of a signal."""

            rate: float = igtl.field(F64, unit="Hz")
            samples: Any = igtl.field(Array(F32), doc="in V")

        data = packet("SIGNAL", table("40 00 00 00 00 00 00 00  3f 80 00 00  40 00 00 00"))
        assert igtl.encode(Signal(2.0, [1, 2])) == data
        again = igtl.decode(data)
        assert isinstance(again, Signal)
        assert (again.rate, again.samples.tolist()) == (2.0, [1.0, 2.0])
        with pytest.raises(igtl.DecodeError, match=r"SIGNAL .*5 bytes are not a whole number of 4"):
            igtl.decode(packet("SIGNAL", bytes(13)))

    def test_a_type_may_have_records_and_choices(self) -> None:
        class Kind(IntEnum):
            """Of an event."""

            START = 1

        class Event(igtl.Record):
            """Something that happened."""

            kind: int = igtl.field(Choice(U8, Kind))
            name: str = igtl.field(Text(3))

        @igtl.message("EVENTS")
        class Events(igtl.Message):
            """What happened."""

            count: int = igtl.field(U16)
            events: Any = igtl.field(igtl.Records(Event))

        message = Events(2, [Event(1, "a"), Event(9, "bb")])
        assert bytes(message.raw_content) == b"\0\2\1a\0\0\x09bb\0"
        again = igtl.decode(igtl.encode(message))
        assert isinstance(again, Events)
        assert again.events == (Event(1, "a"), Event(9, "bb"))
        assert again.events[0].kind is Kind.START

    def test_a_name_belongs_to_one_class(self) -> None:
        with pytest.raises(igtl.MessageError, match="wire type 'IMAGE' belongs to Image already"):

            @igtl.message("IMAGE")
            class Other(igtl.Message):
                """Another image."""

        with pytest.raises(igtl.MessageError, match="wire type 'IMAGE' belongs to Image already"):

            @igtl.message("MYIMAGE", "IMAGE")
            class Another(igtl.Message):
                """Another image."""

        assert "MYIMAGE" not in igtl.message_types()
        assert igtl.message_types()["IMAGE"] is igtl.Image
        assert igtl.Image.wire_type == "IMAGE"

    def test_the_same_class_may_come_again(self) -> None:
        """When its module is loaded again."""
        first, second = make_force(), make_force()
        assert igtl.message_types()["FORCE"] is second
        assert first is not second

    def test_a_class_that_comes_again_with_other_fields_is_read_as_declared_last(self) -> None:
        force = make_force()
        again: Any = type(
            "Force",
            (igtl.Message,),
            {"n": igtl.field(U8), "data": igtl.field(Array(F32)), "__module__": force.__module__},
        )
        again.__qualname__ = force.__qualname__
        igtl.message("FORCE")(again)
        with pytest.raises(igtl.DecodeError, match="17 bytes are not a whole number of 4"):
            igtl.decode(packet("FORCE", FORCE))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("", "wire type '' is not 1 to 12 ASCII characters"),
            ("A" * 13, "takes 13 bytes, but the wire has room for 12"),
            ("KRÄFTE", "wire type 'KRÄFTE' is not 1 to 12 ASCII characters"),
            ("A\0B", "contains a NUL"),
            (b"FORCE", "wire type is bytes, expected str"),
        ],
    )
    def test_a_name_has_1_to_12_characters(self, name: Any, text: str) -> None:
        with pytest.raises(igtl.MessageError, match=text):

            @igtl.message(name)
            class Wrong(igtl.Message):
                """Cannot be written."""

    def test_only_the_last_field_may_be_open(self) -> None:
        with pytest.raises(TypeError, match="only the last field may be of open length"):

            @igtl.message("WRONG")
            class Wrong(igtl.Message):
                """Cannot be read."""

                text: str = igtl.field(TerminatedText())
                number: int = igtl.field(U8)

        assert "WRONG" not in igtl.message_types()

    @pytest.mark.parametrize(
        "name", ["device_name", "timestamp", "wire_type", "names", "replace", "raw_content"]
    )
    def test_names_that_every_message_has_are_taken(self, name: str) -> None:
        with pytest.raises(TypeError, match=f"Wrong declares '{name}', which every message has"):
            type("Wrong", (igtl.Message,), {name: igtl.field(U8)})

    def test_a_class_that_is_not_registered_cannot_be_sent(self) -> None:
        class Lost(igtl.Message):
            """Without @igtl.message."""

            number: int = igtl.field(U8)

        with pytest.raises(
            igtl.MessageError, match=r"Lost has no wire type: declare it with @igtl"
        ):
            igtl.encode(Lost(1))

    def test_a_type_may_have_queries(self) -> None:
        force = igtl.messages.queries("GET RTS")(make_force())
        get = igtl.Get(force, device_name="Arm")
        assert igtl.encode(get) == packet("GET_FORCE", device_name=b"Arm")
        assert igtl.decode(packet("RTS_FORCE", b"\1")) == igtl.Ready(force, 1)
        with pytest.raises(igtl.MessageError, match=r"STT_\* does not exist for 'Force'"):
            igtl.Start(force)

    def test_before_a_type_is_declared_it_is_unknown(self) -> None:
        data = packet("FORCE", FORCE)
        assert isinstance(igtl.decode(data), igtl.Unknown)
        force = make_force()
        assert isinstance(igtl.decode(data), force)
