from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from igtl.codec.buffers import Buffer
from igtl.codec.frame import parse
from igtl.viewer.items import Items, has_items, value_of

TOOLS = [igtl.Tool(f"T{n}", np.eye(4)) for n in range(5)]


def received(message: igtl.Message) -> Any:
    return igtl.decode(igtl.encode(message))


def items_of(message: Any, name: str) -> Items:
    items = value_of(message, name)
    assert isinstance(items, Items)
    return items


@pytest.mark.parametrize("count", [0, 1, 5])
def test_they_are_those_of_the_field(count: int) -> None:
    sent = igtl.TrackingData(TOOLS[:count])
    for message in (sent, received(sent)):
        items = items_of(message, "tools")
        assert (len(items), tuple(items)) == (count, message.tools)
        assert [items[at] for at in range(-count, count)] == [*message.tools, *message.tools]
        assert items[1:3] == message.tools[1:3]
        assert items[::-2] == message.tools[::-2]
        with pytest.raises(IndexError):
            items[count]


def test_those_that_nobody_reads_are_not_made() -> None:
    message = received(igtl.TrackingData(TOOLS * 10_000))
    assert items_of(message, "tools")[-1].name == "T4"
    assert "tools" not in vars(message)


def test_other_fields_are_as_they_are() -> None:
    message = igtl.Sensor([1, 2], "mm")
    assert value_of(message, "values") is message.values
    assert (has_items(igtl.Point), has_items(igtl.Sensor), has_items(igtl.Image)) == (
        True,
        False,
        False,
    )


def test_a_type_that_takes_its_content_apart_itself_is_asked() -> None:
    class Doubled(igtl.TrackingData):
        @classmethod
        def _decode(cls, content: Buffer) -> dict[str, Any]:
            tools = super()._decode(content)["tools"]
            return {"tools": (*tools, *tools)}

    assert not has_items(Doubled)
    message = Doubled._received(parse(igtl.encode(igtl.TrackingData(TOOLS))))
    assert len(value_of(message, "tools")) == 10


def test_their_text_is_that_of_the_first() -> None:
    tools = received(igtl.TrackingData(TOOLS * 1000))
    first = ", ".join(map(repr, tools.tools[:4]))
    assert repr(items_of(tools, "tools")) == f"[{first}, ... 4,996 more]"
    assert repr(items_of(received(igtl.TrackingData(TOOLS[:1])), "tools")) == f"[{TOOLS[0]!r}]"
    assert repr(items_of(received(igtl.TrackingData([])), "tools")) == "[]"
