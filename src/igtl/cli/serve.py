"""`igtl serve`: simulated devices and image files, sent to every client that connects."""

from __future__ import annotations

import queue
import time
from argparse import Namespace
from collections.abc import Sequence

import igtl
from igtl import sources
from igtl.cli import arguments
from igtl.cli.arguments import Parser
from igtl.cli.formats import line
from igtl.cli.stage import Stage
from igtl.cli.summary import counted
from igtl.cli.table import aligned
from igtl.cli.terminal import printable, say, warn
from igtl.sources import Source

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Serve messages to every client that connects: those of simulated devices, or
images from files.

SOURCE is a name (see below), or the path of an image file or of a folder of
DICOM files. Several sources are played at once, each at its own rate. A source
rests while nobody is connected, and starts anew for the first client to come.

Clients may also ask: for one message (`igtl get`, GET_TYPE), for a stream at a
pace of their own (`igtl stream`, STT_TYPE), for the clock (`igtl ping`)."""

EXAMPLES = """\
sources:
  tracker      three moving tools: a TRANSFORM of each, a TDATA of all
  ultrasound   images of a phantom, where the moving probe is: IMAGE, TRANSFORM
  position     a point on an ellipse: POSITION
  PATH         DICOM, NRRD, MHA, NIfTI ...: IMAGE (needs igtl[images])
  others       from installed packages, by entry points of "igtl.sources"

examples:
  igtl serve tracker ultrasound             two devices at localhost:18944
  igtl serve scan.nrrd --mode slices        slice by slice, ten a second
  igtl serve ct/ --device CT --rate 0.5     a DICOM volume, every two seconds
  igtl serve tracker --host 0.0.0.0         for other machines too
  igtl serve ct/ --on-request               only who asks gets it
  igtl serve position --port 18000 --interval 100"""

_PATIENCE_S = 1.0
_MOST_KINDS = 1000


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="what to serve, see below")
    parser.add_argument("--port", type=arguments.port, default=18944, help="0 takes a free one")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets other machines in"
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--rate", type=arguments.number, metavar="HZ", help="ticks per second, of every source"
    )
    pace.add_argument(
        "--interval", type=arguments.number, metavar="MS", help="the same as ms between ticks"
    )
    parser.add_argument("--device", metavar="NAME", help="device name, for a single source")
    parser.add_argument(
        "--on-request", action="store_true", help="send to nobody who does not ask, see above"
    )
    arguments.add_profile(parser)
    files = parser.add_argument_group("image files")
    files.add_argument(
        "--mode", choices=("volume", "slices", "film"), help="default: what suits the file"
    )
    files.add_argument(
        "--coordinates", choices=("RAS", "LPS"), help="default: RAS, as 3D Slicer expects"
    )
    files.add_argument(
        "--series", type=arguments.count, metavar="N", help="of a folder with several; 1 is largest"
    )


def run(options: Namespace) -> int:
    """Serve until Ctrl-C."""
    opened = [_open(text, options) for text in options.sources]
    events: queue.SimpleQueue[Exception | str] = queue.SimpleQueue()
    with igtl.Server(options.port, options.host, profile=options.profile) as server:
        _tell_events(server, events)
        for source in opened:  # who asks at once need not wait for the first tick
            server.offer(*source.messages(0.0))
        give = server.offer if options.on_request else server.publish
        with Stage(server, opened, events.put, give):
            _announce(server, opened, options)
            while True:
                _show(_next(events))


def _open(text: str, options: Namespace) -> Source:
    """One source, with the options that it takes."""
    given = {
        "rate": 1000 / options.interval if options.interval else options.rate,
        "device_name": options.device,
    }
    if options.device is not None and len(options.sources) > 1:
        raise igtl.SourceError("--device names one source, but there are several: leave it out")
    of_files = {name: getattr(options, name) for name in ("mode", "coordinates", "series")}
    if text not in sources.source_names():
        given |= of_files
    elif len(options.sources) == 1 and (wrong := [n for n, v in of_files.items() if v]):
        raise igtl.SourceError(f"--{wrong[0]} is for image files, not for {text!r}")
    return sources.open(text, **{name: one for name, one in given.items() if one is not None})


def _announce(server: igtl.Server, opened: Sequence[Source], options: Namespace) -> None:
    if options.sources == ["position"]:
        say(f"Position information generation interval: {1000 / opened[0].rate:g}")
        if options.port == 0:
            say(f"Port: {server.port}")
    else:
        for text in aligned([_description(source) for source in opened], right={1}):
            say(text)
        say(f"Listening on {server.endpoint}{_reach(options.host)}. Ctrl-C ends.")
    say("Waiting for connection...")


def _description(source: Source) -> tuple[str, str, str]:
    text = getattr(source, "description", "")
    return printable(source.name), f"{source.rate:.6g}/s", printable(text)


def _reach(host: str) -> str:
    if host in ("127.0.0.1", "localhost", "::1"):
        return ", for this machine only (see --host)"
    return ""


def _tell_events(server: igtl.Server, events: queue.SimpleQueue[Exception | str]) -> None:
    """Put a line into `events` when a client comes, leaves, or sends something new."""
    known: set[tuple[str, str, str]] = set()

    @server.on_connect
    def came(peer: igtl.Peer) -> None:
        events.put(f"{peer.address} connected ({counted(len(server.clients) + 1, 'client')})")

    @server.on_disconnect
    def left(peer: igtl.Peer) -> None:
        dropped = f", {peer.counters.dropped} dropped" if peer.counters.dropped else ""
        sent = f"{counted(peer.counters.messages_sent, 'message')}{dropped}"
        here = counted(len(server.clients), "client")
        events.put(f"{peer.address} left after {sent} ({here})")
        if not server.clients:
            events.put("Waiting for connection...")

    @server.on_message
    def sent(peer: igtl.Peer, message: igtl.Message) -> None:
        kind = peer.address, message.wire_type, message.device_name
        if kind not in known and len(known) < _MOST_KINDS:
            known.add(kind)
            events.put(f"{peer.address} sends {line(message, time.time())}")


def _next(events: queue.SimpleQueue[Exception | str]) -> Exception | str:
    """The next event. Waits in pieces: not every system lets Ctrl-C end a wait without end."""
    while True:
        try:
            return events.get(timeout=_PATIENCE_S)
        except queue.Empty:
            continue


def _show(event: Exception | str) -> None:
    match event:
        case str():
            say(event)
        case Warning():
            warn(str(event))
        case _:
            raise event
