from __future__ import annotations

import json

from tests.cli.conftest import Call, Start

NAMES = [
    "pack TRANSFORM",
    "unpack TRANSFORM",
    "pack 1080p RGB",
    "unpack 1080p RGB",
    "TRANSFORM stream",
    "1080p RGB stream",
    "1080p RGB throughput",
    "round trip, median",
    "round trip, 99 %",
]


def test_every_figure_is_measured(call: Call) -> None:
    ended = call("bench", "--seconds", "0.5", "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert [figure["name"] for figure in found["figures"]] == NAMES
    assert all(figure["value"] > 0 for figure in found["figures"])
    assert {"igtl", "python", "machine"} <= found.keys()


def test_figures_are_shown_as_they_come_and_ctrl_c_ends_it(start: Start) -> None:
    program = start("bench", "--seconds", "0.5")
    assert [program.line().startswith(name) for name in NAMES[:4]] == [True] * 4
    assert program.interrupt()[::2] == (130, "")
