from __future__ import annotations

from typing import Any

import pytest

import igtl
from igtl.codec.buffers import Buffer
from igtl.messages import registry
from igtl.viewer.details import details
from igtl.viewer.row import Row
from tests.viewer.sent import frame_of, spoilt


def row_of(*messages: igtl.Message) -> Row:
    row = Row("STRING", "Note", 0.0)
    for time, message in enumerate(messages, 1):
        row.count(frame_of(message), float(time))
    return row


def test_a_malformed_message_with_the_fields_of_the_one_before() -> None:
    row = row_of(igtl.String("one", device_name="Note", timestamp=1.0))
    assert details(row)["error"] is None
    row.count(spoilt(frame_of(igtl.String("two", device_name="Note", timestamp=2.0))), 2.0)
    told = details(row)
    assert "checksum" in told["error"]
    assert (told["fields"]["text"], told["header"]["time"], told["received"]) == ("one", 2.0, 2.0)


def test_nothing_is_known_of_what_is_forgotten() -> None:
    row = row_of(igtl.String("one", device_name="Note"))
    row.forget()
    told = details(row)
    assert (told["received"], told["fields"], told["metadata"], told["error"]) == (
        1.0,
        {},
        {},
        None,
    )


def test_of_long_texts_and_metadata_the_beginning_is_told() -> None:
    command = igtl.Command(1, "Do", "<a/>" * 10_000, metadata={"why": "x" * 3000, "who": "y"})
    told = details(row_of(command))
    assert told["fields"]["content"] == {"characters": 40_000, "first": "<a/>" * 500}
    assert told["metadata"] == {"why": {"characters": 3000, "first": "x" * 2000}, "who": "y"}
    many = igtl.String("one", metadata={str(n): "v" for n in range(300)})
    cut = details(row_of(many))["metadata"]
    assert (cut["items"], list(cut["first"])) == (300, [str(n) for n in range(64)])


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> type[igtl.Message]:
    """A type of which another message comes while one is taken apart."""
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))

    @igtl.message("TESTBUSY")
    class Busy(igtl.String):
        row: Row
        next: igtl.Message

        @classmethod
        def _decode(cls, content: Buffer) -> dict[str, Any]:
            cls.row.count(frame_of(cls.next), 2.0)
            return super()._decode(content)

    return Busy


def test_all_of_it_is_of_one_message(busy: Any) -> None:
    busy.row = Row("TESTBUSY", "Note", 0.0)
    busy.next = busy("two", device_name="Note", timestamp=2.0)
    busy.row.count(frame_of(busy("one", device_name="Note", timestamp=1.0)), 1.0)
    told = details(busy.row)
    assert (told["fields"]["text"], told["header"]["time"], told["received"]) == ("one", 1.0, 1.0)
