"""`igtl listen`: show, save or count what a server sends."""

from __future__ import annotations

import threading
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
from igtl.cli.table import Table, live
from igtl.cli.terminal import warn
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "doubt_types", "run"]

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
#: After so many seconds without anything, people at a terminal are told why that may be.
_QUIET_S = 3.0

Taker = Callable[[Arrival], object]


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "endpoint", metavar="ENDPOINT", nargs="?", default="localhost", help=arguments.ENDPOINT_HELP
    )
    which = parser.add_argument_group("which messages")
    arguments.add_selection(which)
    which.add_argument("--count", type=arguments.count, metavar="N", help="end after N of them")
    which.add_argument(
        "--timeout",
        type=arguments.duration,
        metavar="S",
        help="end when nothing has come for S seconds (default: wait for ever); also for "
        "connecting (default: 5)",
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
    doubt_types(options.type)
    folder = _folder(options.save) if options.save else None
    with ExitStack() as stack:
        link = stack.enter_context(connect(options, timeout=options.timeout or _CONNECT_S))
        patience = Patience(link, options.timeout) if options.timeout else None
        if patience is not None:
            stack.enter_context(patience)
        look = stack.enter_context(_live(link)) if options.live else _lines(link, options.format)
        if not options.live:
            stack.enter_context(_hint(link))
        takers = [look] + ([folder.add] if folder else [])
        heard = _Heard(options.count)
        try:
            heard.take(arrivals(link, wanted, patience), takers)
        except igtl.ClosedError as error:
            warn(f"{error}, after {heard.messages}")
            return status.FAILED if options.count is None else status.INCOMPLETE
    return _ended(link, options, heard, timed_out=patience is not None and patience.ended)


class _Heard:
    """How many well-formed messages came, of how many; None wants all."""

    def __init__(self, wanted: int | None) -> None:
        self.count, self.wanted = 0, wanted

    def take(self, arrived: Iterable[Arrival], takers: Iterable[Taker]) -> None:
        """Hand everything to the takers, until enough has come."""
        for arrival in arrived:
            for take in takers:
                take(arrival)
            self.count += isinstance(arrival.message, igtl.Message)
            if self.count == self.wanted:
                break

    @property
    def messages(self) -> str:
        """How many, in words."""
        if self.wanted is None:
            return counted(self.count, "message")
        return f"{self.count:,} of {counted(self.wanted, 'message')}"


def _ended(link: igtl.Client, options: Namespace, heard: _Heard, *, timed_out: bool) -> int:
    """Say why it ended, unless because enough has come; the exit status."""
    count, came = heard.count, heard.messages
    if count == heard.wanted:
        return status.DONE
    if timed_out:
        others = link.counters.messages_received - count
        what = f"nothing that was asked for (but {counted(others, 'other message')})" * (others > 0)
        silence = f"{what or 'nothing'} came from {link.endpoint} for {options.timeout:g} s"
        warn(f"{silence}, after {came}")
        return status.INCOMPLETE
    warn(f"{link.endpoint} closed the connection after {came}")
    return status.DONE if heard.wanted is None else status.INCOMPLETE


@contextmanager
def _hint(link: igtl.Client) -> Iterator[None]:
    """Tell people what they can do, once, when nothing at all has come for a while."""

    def tell() -> None:
        if not link.closed and not link.counters.messages_received:
            text = f"{link.endpoint} has sent nothing so far: 'igtl devices' asks what it has"
            tell_people(text)

    timer = threading.Timer(_QUIET_S, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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


def _folder(path: Path) -> Folder:
    """What takes the messages. MessageError where there is a file."""
    if path.exists() and not path.is_dir():
        raise igtl.MessageError(
            f"{path} is a file: --save takes a folder, for a file a message; `igtl record` makes "
            "recordings, of all messages in one file"
        )
    return Folder(path)


def doubt_types(types: Iterable[str]) -> None:
    """Warn of types that igtl does not know: a peer may, but it may be a slip as well."""
    from difflib import get_close_matches

    known = igtl.message_types()
    for name in types:
        if name.upper() not in known and not set("*?[") & set(name):
            close = get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            warn(f"type {name!r} is not known{hint}")
