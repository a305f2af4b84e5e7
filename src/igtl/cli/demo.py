"""`igtl demo`: a server, a client and a table of what arrives, on this machine."""

from __future__ import annotations

import time
from argparse import Namespace

import igtl
from igtl import sources
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.reception import Filter, Patience, arrivals
from igtl.cli.stage import Stage
from igtl.cli.table import Table, live
from igtl.cli.terminal import say, warn
from igtl.sources import Source
from igtl.sources.samples import sample_ct

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
See it work: a server sends a tracker, an ultrasound scanner that looks into a
phantom, and a real CT slice; a client receives them over TCP; a table shows
what arrives. Meanwhile, other programs can connect too. Needs
igtl[cli,images]."""

EXAMPLES = """\
examples:
  igtl demo                      until Ctrl-C
  igtl listen localhost:18944    message by message, from another terminal
  igtl demo --once               ends by itself when every device was seen

3D Slicer: in the module OpenIGTLinkIF add a connector of type Client, hostname
localhost, port 18944, and tick Active. Then show the volumes CT and Ultrasound,
and the transforms."""

_PORT = 18944
_CT_RATE_HZ = 1.0
_EXPECTED = {
    ("TRANSFORM", "ProbeToTracker"),
    ("TRANSFORM", "NeedleToTracker"),
    ("TRANSFORM", "ReferenceToTracker"),
    ("TDATA", "Tracker"),
    ("IMAGE", "Ultrasound"),
    ("IMAGE", "CT"),
}
#: `--once` looks for so long at least, to see rates, and so long at most.
_LEAST_S, _MOST_S = 3.0, 20.0


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


def run(options: Namespace) -> int:
    """Serve and listen until Ctrl-C, or once."""
    opened = _sources()
    with (
        _server(options.port) as server,
        Stage(server, opened, lambda what: warn(str(what))),
        igtl.connect(server.endpoint) as link,
    ):
        table = Table(f"igtl demo: what arrives from {link.endpoint}")
        if options.once:
            return _watch_once(link, table)
        with live(table, *_notes(server.port)):
            return _watch(link, table)


def _sources() -> list[Source]:
    ct = sources.open(str(sample_ct()), device_name="CT", rate=_CT_RATE_HZ)
    return [sources.open("tracker"), sources.open("ultrasound"), ct]


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


def _notes(port: int) -> tuple[str, ...]:
    return (
        "",
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


def _watch_once(link: igtl.Client, table: Table) -> int:
    """Count until everything was seen, print the table, and say what was not."""
    missing = set(_EXPECTED)
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
