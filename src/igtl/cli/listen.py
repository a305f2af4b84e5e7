"""`igtl listen`: show, save or count what a server sends."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import connect
from igtl.cli.printing import Printer, tell_people
from igtl.cli.reception import Arrival, Filter, Patience, arrivals
from igtl.cli.saving import Folder
from igtl.cli.summary import counted
from igtl.cli.table import Table, live
from igtl.cli.terminal import warn

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Connect to a server and show every message that it sends: on one line each, or
in a live table of its devices. Malformed messages are reported on standard
error, and listening goes on."""

EXAMPLES = """\
A time is that of the message's own timestamp; with "~" behind it, that of its
arrival. In the table, drops are gaps in the message ids of a device that
numbers its messages.

examples:
  igtl listen                                   what localhost:18944 sends
  igtl listen tracker.local --live              devices, rates and losses
  igtl listen :18000 --type TRANSFORM --device 'Probe*' --count 10
  igtl listen localhost --json | jq .matrix     for programs
  igtl listen localhost --type IMAGE --save scans
  igtl listen localhost:18000 --format classic  as C++ example receivers do"""

_CONNECT_S = 5.0

Taker = Callable[[Arrival], object]


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "endpoint", metavar="ENDPOINT", nargs="?", default="localhost", help=arguments.ENDPOINT_HELP
    )
    which = parser.add_argument_group("which messages")
    which.add_argument(
        "--type",
        type=arguments.comma_list,
        action="extend",
        default=[],
        metavar="T",
        help="only these types; repeat it, or separate by commas",
    )
    which.add_argument(
        "--device",
        type=arguments.comma_list,
        action="extend",
        default=[],
        metavar="D",
        help="only these devices; * and ? stand for any characters",
    )
    which.add_argument("--count", type=arguments.count, metavar="N", help="end after N of them")
    which.add_argument(
        "--timeout",
        type=arguments.number,
        metavar="S",
        help="end when nothing has come for S seconds; also for connecting (default: 5)",
    )
    arguments.add_profile(parser)
    how = parser.add_argument_group("what to do with them")
    look = how.add_mutually_exclusive_group()
    arguments.add_format(look)
    look.add_argument("--live", action="store_true", help="a table that keeps up (needs igtl[cli])")
    how.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="write each to a file: its bytes as .igtl, images as .mha too",
    )


def run(options: Namespace) -> int:
    """Listen until the server closes, enough has come, or Ctrl-C."""
    wanted = Filter(options.type, options.device)
    _doubt_types(options.type)
    folder = Folder(options.save) if options.save else None
    with ExitStack() as stack:
        link = stack.enter_context(connect(options, timeout=options.timeout or _CONNECT_S))
        patience = Patience(link, options.timeout) if options.timeout else None
        if patience is not None:
            stack.enter_context(patience)
        look = stack.enter_context(_live(link)) if options.live else _lines(link, options.format)
        takers = [look] + ([folder.add] if folder else [])
        count = _take(arrivals(link, wanted, patience), takers, options.count)
    return _ended(link, options, count, timed_out=patience is not None and patience.ended)


def _take(wanted: Iterable[Arrival], takers: Iterable[Taker], most: int | None) -> int:
    """Hand everything to the takers, up to `most` messages that are well-formed; how many."""
    count = 0
    for arrival in wanted:
        for take in takers:
            take(arrival)
        count += isinstance(arrival.message, igtl.Message)
        if count == most:
            break
    return count


def _ended(link: igtl.Client, options: Namespace, count: int, *, timed_out: bool) -> int:
    """Say why it ended, unless because enough has come; the exit status."""
    enough = options.count is None or count == options.count
    if options.count is not None and enough:
        return status.DONE
    wanted = f" of {options.count}" if options.count else ""
    came = f"{count}{wanted} messages" if wanted else counted(count, "message")
    if timed_out:
        others = link.counters.messages_received - count
        what = f"nothing that was asked for (but {counted(others, 'other message')})" * (others > 0)
        silence = f"{what or 'nothing'} came from {link.endpoint} for {options.timeout:g} s"
        warn(f"{silence}, after {came}")
        return status.INCOMPLETE
    warn(f"{link.endpoint} closed the connection after {came}")
    return status.DONE if enough else status.INCOMPLETE


@contextmanager
def _live(link: igtl.Client) -> Iterator[Taker]:
    """Count into a table that the terminal shows meanwhile."""
    table = Table(f"{link.endpoint} ({link.peer_address})")
    with live(table, "Ctrl-C ends."):
        yield table.add


def _lines(link: igtl.Client, form: str) -> Taker:
    """Print in one of the formats."""
    printer = Printer(form, link.endpoint)
    if form != "classic":
        tell_people(f"listening to {link.endpoint}; Ctrl-C ends")
    return printer.add


def _doubt_types(types: Iterable[str]) -> None:
    """Warn of types that igtl does not know: a peer may, but it may be a slip as well."""
    from difflib import get_close_matches

    known = igtl.message_types()
    for name in types:
        if name.upper() not in known and not set("*?[") & set(name):
            close = get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            warn(f"type {name!r} is not known{hint}")
