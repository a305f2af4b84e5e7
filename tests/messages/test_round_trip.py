"""What was sent is what arrives, for every type, by messages that hypothesis makes."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from tests.messages.strategies import UNKNOWN, common_fields, fields_of, make, messages_of
from tests.messages.values import fields, plain
from tests.own_types import own_types

TYPES = own_types()
CLASSES = sorted(set(TYPES.values()), key=lambda cls: cls.__name__)
BARE = [cls for cls in CLASSES if cls.names in ((), ("status",))]
FULL = [cls for cls in CLASSES if cls not in BARE]


def shown(values: object) -> str:
    return repr(plain(values))


def check(message: igtl.Message) -> None:
    """All that must hold of any message."""
    data = igtl.encode(message)
    again = igtl.decode(data)
    assert type(again) is type(message)
    assert igtl.encode(again) == data
    assert shown(fields(again)) == shown(fields(message))
    assert again == message
    assert hash(again) == hash(message)
    assert again.header_version == message.header_version
    assert igtl.encode(again.replace(**fields(again))) == data
    assert igtl.encode(pickle.loads(pickle.dumps(message))) == data


@pytest.mark.parametrize("cls", FULL, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_every_type_with_a_content_of_its_own(cls: type[igtl.Message], data: st.DataObject) -> None:
    given, common = data.draw(fields_of(cls)), data.draw(common_fields())
    message = make(cls, given | common)
    check(message)
    asked = {name: given[name] for name in cls.names}
    assert shown(asked) == shown(fields(message, common=False))


@given(st.sampled_from(BARE).flatmap(messages_of))
def test_queries_and_short_answers(message: igtl.Message) -> None:
    check(message)


@given(UNKNOWN)
def test_unknown_types(message: igtl.Unknown) -> None:
    check(message)


@pytest.mark.parametrize("version", [1, 2])
@given(data=st.data())
def test_the_header_version_does_not_touch_the_content(version: int, data: st.DataObject) -> None:
    plain_common = st.fixed_dictionaries({"device_name": st.just("CT"), "timestamp": st.just(1.5)})
    cls = data.draw(st.sampled_from(CLASSES))
    message = data.draw(messages_of(cls, plain_common))
    again = igtl.decode(igtl.encode(message, version=version))
    assert again.header_version == version
    assert shown(fields(again)) == shown(fields(message))
    assert bytes(again.raw_content) == bytes(message.raw_content)


@pytest.mark.parametrize("wire_type", sorted(TYPES))
def test_every_name_on_the_wire_has_strategy_and_class(wire_type: str) -> None:
    cls = TYPES[wire_type]
    fields_of(cls)
    assert wire_type in cls.wire_types


def test_a_type_that_decodes_by_itself_needs_a_strategy() -> None:
    class Odd(igtl.Message):
        names = ("a",)

    with pytest.raises(LookupError, match="Odd decodes by itself: add a strategy"):
        fields_of(Odd)


def test_a_new_kind_of_field_needs_a_strategy() -> None:
    class Kind(igtl.layout.WireType):
        codes, name = "B", "new"

    class Odd(igtl.Message):
        a: int = igtl.field(Kind())

    with pytest.raises(LookupError, match="no strategy for a field of"):
        fields_of(Odd)


@pytest.mark.parametrize(
    ("wire_type", "cls"),
    [
        ("QTRANS", igtl.Position),
        ("COLORTABLE", igtl.ColorTable),
    ],
)
def test_other_names_of_a_type_are_kept(wire_type: str, cls: type[igtl.Message]) -> None:
    values: dict[type[igtl.Message], Any] = {
        igtl.Position: (1.0, 2.0, 3.0),
        igtl.ColorTable: np.zeros(256, np.uint8),
    }
    message = cls(values[cls], wire_type=wire_type)
    data = igtl.encode(message)
    assert data[2:14] == wire_type.encode().ljust(12, b"\0")
    again = igtl.decode(data)
    assert isinstance(again, cls)
    assert again.wire_type == wire_type
    assert igtl.encode(again.replace(device_name="x"))[2:14] == data[2:14]
    assert again != cls(values[cls])
