from __future__ import annotations

import sys

import pytest
from rich.console import Console

import igtl
from igtl.cli.table import Table, aligned, live
from tests.cli.arrival import arrival_of, malformed

NOTE = igtl.String("hello", device_name="Note")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def table_of(*arrivals: igtl.Message) -> Table:
    clock = Clock()
    table = Table("title", clock)
    for message in arrivals:
        table.add(arrival_of(message))
        clock.now += 0.5
    return table


def drawn(table: Table, width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(table.rendered(width))
        return console.export_text()


def test_columns_are_aligned() -> None:
    lines = [("name", "n"), ("Probe", "7"), ("A", "100")]
    assert aligned(lines, right={1}) == ["name     n", "Probe    7", "A      100"]


def test_as_plain_text() -> None:
    assert table_of(*[NOTE] * 5).lines() == [
        "device  type    messages   rate  bandwidth    age  drops  errors",
        "Note    STRING         5  2.0/s    134 B/s  0.5 s      -       0",
        "5 messages, 335 B, 0 malformed, in 00:00:02",
    ]


def test_an_empty_table_is_a_table() -> None:
    assert table_of().lines()[-1] == "0 messages, 0 B, 0 malformed, in 00:00:00"
    assert "device" in drawn(table_of(), 80)


def test_malformed_messages_are_counted() -> None:
    table = table_of(NOTE)
    table.add(malformed(NOTE))
    assert table.lines()[1].split()[-1] == "1"
    assert "1 malformed" in table.lines()[-1]


def test_numbers_stay_whole_in_80_columns() -> None:
    names = ("A" * 20, "B" * 20)
    messages = [igtl.Unknown("TYPEOFTWELVE", b"x", device_name=name) for name in names]
    text = drawn(table_of(*messages * 3), 80)
    assert " type          messages   rate  bandwidth    age  drops  errors\n" in text
    assert text.count("TYPEOFTWELVE         3  1.0/s     59 B/s  0.5 s      -       0\n") == 1
    assert "AAAAAAAAAAA\u2026" in text


def test_a_wide_one_shows_the_latest_message() -> None:
    assert "hello" in drawn(table_of(NOTE), 130)
    assert "hello" not in drawn(table_of(NOTE), 100)


def test_what_peers_write_is_no_markup_and_no_command() -> None:
    evil = "[red]\x1b[2J"
    text = drawn(table_of(igtl.String(evil, device_name=evil)), 140)
    assert text.count("[red]\\x1b[2J") == 2


def test_without_rich_the_live_table_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.live", None)
    with (
        pytest.raises(igtl.MissingExtraError, match=r"pip install 'igtl\[cli\]'"),
        live(table_of()),
    ):
        pass


def test_a_rate_that_is_not_known_yet_is_not_shown() -> None:
    assert table_of(NOTE, NOTE).lines()[1].split()[3:5] == ["-", "-"]
