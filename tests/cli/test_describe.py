from __future__ import annotations

import json

import pytest

import igtl
from igtl.codec.frame import HEADER_SIZE
from tests.cli.conftest import Call
from tests.own_types import own_types


def test_the_bytes_of_a_type(call: Call) -> None:
    ended = call("describe", "POSITION")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(
        "POSITION, in Python Position\n"
        "\n"
        "content, behind the 58-byte header (offsets count from the content):\n"
        "\n"
        "  offset  bytes  type    field\n"
        "       0     12  f32[3]  position    x y z [mm]\n"
        "      12     16  f32[4]  quaternion  "
    )
    assert "igtl send ENDPOINT POSITION:\n  position=    numbers\n" in ended.out
    assert "queries: GET_POSITION " in ended.out


@pytest.mark.parametrize("name", sorted(own_types()))
def test_every_type_is_described_from_its_declaration(name: str, call: Call) -> None:
    facts = json.loads(call("describe", name, "--json").out)
    cls = igtl.message_types()[name]
    assert facts["wire_type"] == cls.wire_type
    assert facts["content"] == [row._asdict() for row in cls.rows()]
    text = call("describe", name).out
    assert all(f" {row.name} " in text or f" {row.name}\n" in text for row in cls.rows())


def test_the_overview_has_the_header_and_all_types(call: Call) -> None:
    lines = call("describe").out.splitlines()
    assert lines[0] == f"header, {HEADER_SIZE} bytes in front of every message:"
    first_words = {line.split()[0] for line in lines if line}
    queries = (igtl.Get, igtl.Start, igtl.Stop, igtl.Ready)
    own = {c.wire_type for c in own_types().values() if not issubclass(c, queries)}
    assert own <= first_words
    facts = json.loads(call("describe", "--json").out)
    assert sum(row["size"] for row in facts["header"]) == HEADER_SIZE
    assert own == {one["wire_type"] for one in facts["types"]}
    sizes = {one["wire_type"]: one["size"] for one in facts["types"]}
    assert (sizes["TRANSFORM"], sizes["IMAGE"]) == (48, None)


def test_a_class_names_its_type_too(call: Call) -> None:
    assert call("describe", "trackingdata").out.startswith("TDATA, in Python TrackingData\n")
    assert call("describe", "GET_TDATA").out.startswith("GET_TDATA, in Python Get(TrackingData)\n")


def test_an_unknown_type_is_corrected(call: Call) -> None:
    ended = call("describe", "IMGE")
    assert (ended.status, ended.out) == (2, "")
    assert "'IMGE' is not known, did you mean IMAGE" in ended.err
