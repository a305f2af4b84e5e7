"""What stands above the table: how it goes on the whole, and how it stands with the servers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.text import Text

from igtl.cli.amounts import shown_size
from igtl.cli.terminal import printable
from igtl.cli.top_lines import Line, fitted, folded, line
from igtl.cli.top_rows import Glance
from igtl.viewer.board import Connection
from igtl.viewer.summary import counted

__all__ = ["bar", "nothing", "servers"]

#: So many servers have lines of their own.
_MOST_SERVERS = 5
_STYLES = {"connected": "green", "over": "bold red"}
_KINDS = {"slicer": ", 3D Slicer", "plus": ", PLUS", "plus-strings": ", PLUS"}


def bar(
    connections: Sequence[Connection], rows: Sequence[Glance], now: float, title: str, width: int
) -> Line:
    """One line: what is watched, and how much comes."""
    facts = _facts(rows)
    if errors := sum(one.errors for one in rows):
        facts.append(counted(errors, "error"))
    end = f"  {'  '.join(facts)} "
    who = f" {title}  {_who(connections)}"
    clock = time.strftime(" %H:%M:%S ", time.localtime(now))
    if len(who) + len(end) + len(clock) <= width:
        end += clock
    return line(fitted(who, max(1, width - len(end))) + end, "reverse")


def _facts(rows: Sequence[Glance]) -> list[str]:
    rate, bandwidth = sum(one.rate for one in rows), sum(one.bandwidth for one in rows)
    return [counted(len(rows), "device"), f"{rate:,.1f}/s", f"{shown_size(bandwidth)}/s"]


def _who(connections: Sequence[Connection]) -> str:
    if len(connections) == 1:
        return f"{connections[0].endpoint}  {_linked(connections[0])}"
    there = sum(one.state.state == "connected" for one in connections)
    return f"{there} of {counted(len(connections), 'server')} connected"


def _linked(one: Connection) -> str:
    return one.state.state + _KINDS.get(one.state.profile, "")


def servers(connections: Sequence[Connection], rows: Sequence[Glance], width: int) -> list[Line]:
    """A line or two for each of several servers; of a single one, only what is wrong."""
    if len(connections) == 1:
        state = connections[0].state
        wrong = bool(rows) and state.state != "connected"
        return folded(printable(state.text), width, "yellow") if wrong else []
    lines = [one for each in connections[:_MOST_SERVERS] for one in _server(each, rows, width)]
    if len(connections) > _MOST_SERVERS:
        more = counted(len(connections) - _MOST_SERVERS, "more server")
        lines.append(line(f"   and {more}", "dim"))
    return lines


def _server(one: Connection, rows: Sequence[Glance], width: int) -> list[Line]:
    number = one.id + 1
    style = _STYLES.get(one.state.state, "yellow")
    if one.state.state != "connected":
        return folded(f"{number:>2} {printable(one.state.text)}", width, style)[:2]
    facts = "  ".join(_facts([shown for shown in rows if shown.server == number]))
    head = f"{number:>2} {one.endpoint}  "
    return [Line(Text.assemble(head, (_linked(one), style), f"  {facts}"))]


def nothing(connections: Sequence[Connection], width: int) -> Iterator[Line]:
    """Why there is nothing to see yet, and what to do."""
    for one in connections:
        text = one.state.text
        if one.state.state == "connected":
            text = f"{one.endpoint} is connected and has sent nothing so far. Some servers send "
            text += "only what they are asked for: 'igtl devices' shows what that is"
        yield line("")
        yield from folded(printable(text), width, _STYLES.get(one.state.state, "yellow"))
