"""`igtl demo`: an operating room, its page, and a table of what arrives, on this machine."""

from __future__ import annotations

import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import igtl
from igtl.cli import arguments, page, status
from igtl.cli.arguments import Parser
from igtl.cli.reception import Filter, Patience, arrivals
from igtl.cli.stage import Stage
from igtl.cli.table import Table, live
from igtl.cli.terminal import say, warn
from igtl.sources.room import RoomSource
from igtl.viewer.guard import Guard

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
See it work: a server sends a simulated operating room, with tracked tools, an
ultrasound scanner that sweeps through a phantom, the phantom's CT, a planned
path and a target; a page shows it to browsers, and a table what arrives over
TCP. Meanwhile, other programs can connect too. Needs igtl[cli], and igtl[view]
for the page."""

EXAMPLES = """\
examples:
  igtl demo                      until Ctrl-C
  igtl demo --open               and shows the page in a browser
  igtl listen localhost:18944    message by message, from another terminal
  igtl demo --once               ends by itself when every device was seen

3D Slicer: in the module OpenIGTLinkIF add a connector of type Client, hostname
localhost, port 18944, and tick Active. Then show the volumes CT and Ultrasound,
and the transforms."""

_PORT = 18944
_HOST = "127.0.0.1"
#: `--once` looks for so long at least, to see rates, and so long at most.
_LEAST_S, _MOST_S = 3.0, 20.0
#: The page is given so long to end.
_PATIENCE_S = 2.0


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "--once",
        action="store_true",
        help="end when every device was seen, and print the table once; status 3 when one was not",
    )
    parser.add_argument(
        "--port",
        type=arguments.port,
        metavar="PORT",
        help=f"default: {_PORT}, or any free one when that is taken",
    )
    parser.add_argument(
        "--page-port",
        type=arguments.port,
        metavar="PORT",
        help=f"of the page; default: {page.PORT}, or any free one when that is taken",
    )
    parser.add_argument("--no-page", action="store_true", help="the table alone; so does --once")
    parser.add_argument("--open", action="store_true", help="show the page in a browser")


def run(options: Namespace) -> int:
    """Serve and listen until Ctrl-C, or once."""
    room = RoomSource()
    with (
        _server(options.port) as server,
        Stage(server, [room], lambda what: warn(str(what))),
        igtl.connect(server.endpoint) as link,
    ):
        table = Table(f"igtl demo: what arrives from {link.endpoint}")
        if options.once:
            return _watch_once(link, table, _all_of(room))
        with (
            _page(server.endpoint, options) as about_page,
            live(table, "", about_page, *_notes(server.port)),
        ):
            return _watch(link, table)


def _all_of(room: RoomSource) -> set[tuple[str, str]]:
    """The types and names of all devices."""
    return {(one.wire_type, one.device_name) for one in room.messages(0.0)}


def _server(port: int | None) -> igtl.Server:
    """A server on the port that was asked for, or on the usual one if that is free."""
    if port is not None:
        return igtl.Server(port)
    try:
        return igtl.Server(_PORT)
    except igtl.ConnectError:
        server = igtl.Server(0)
        warn(f"port {_PORT} is taken: the demo uses {server.port}")
        return server


@contextmanager
def _page(endpoint: str, options: Namespace) -> Iterator[str]:
    """The page of `igtl view`, served as long as this lasts; a line for people about it."""
    if options.no_page:
        yield "No page:                --no-page"
    elif find_spec("aiohttp") is None:
        yield "No page:                it needs aiohttp: pip install 'igtl[view]'"
    else:
        with _served(endpoint, options.page_port) as address:
            say(f"open {address}")
            if options.open:
                page.show(address)
            yield f"In a browser:           {address}"


@contextmanager
def _served(endpoint: str, port: int | None) -> Iterator[str]:
    """Serves the page to browsers of this machine, in a thread of its own; its address."""
    from igtl.viewer.session import Session

    with Session(Path()) as session:
        shown = page.listening(session, _HOST, port, Guard(_HOST))
        session.follow(endpoint)
        thread = threading.Thread(target=shown.serve, name="page", daemon=True)
        thread.start()
        try:
            yield f"http://{_HOST}:{shown.port}/"
        finally:
            shown.close()
            thread.join(_PATIENCE_S)


def _notes(port: int) -> tuple[str, ...]:
    return (
        f"From another terminal:  igtl listen localhost:{port}",
        "From 3D Slicer:         module OpenIGTLinkIF, a connector of type Client,",
        f"                        hostname localhost, port {port}, Active",
        "Ctrl-C ends.",
    )


def _watch(link: igtl.Client, table: Table) -> int:
    """Count until the server closes, which it does not."""
    for arrival in arrivals(link, Filter()):
        table.add(arrival)
    return status.FAILED


def _watch_once(link: igtl.Client, table: Table, missing: set[tuple[str, str]]) -> int:
    """Count until everything was seen, print the table, and say what was not."""
    start = time.monotonic()
    with Patience(link, _MOST_S) as patience:
        for arrival in arrivals(link, Filter(), patience):
            table.add(arrival)
            if isinstance(arrival.message, igtl.Message):
                missing.discard((arrival.message.wire_type, arrival.device_name))
            elapsed = time.monotonic() - start
            if elapsed > (_MOST_S if missing else _LEAST_S):
                break
    for text in table.lines():
        say(text)
    if missing:
        names = ", ".join(f"{name} ({kind})" for kind, name in sorted(missing))
        warn(f"did not arrive within {_MOST_S:g} s: {names}")
    return status.INCOMPLETE if missing else status.DONE
