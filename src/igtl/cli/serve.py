"""`igtl serve`: devices, simulated ones and files, sent to every client that connects."""

from __future__ import annotations

import queue
import shutil
import textwrap
import time
import traceback
from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import igtl
from igtl import sources
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.doubts import doubts
from igtl.cli.formats import line
from igtl.cli.stage import Stage
from igtl.cli.table import aligned
from igtl.cli.terminal import printable, say, warn
from igtl.sources import Source
from igtl.sources.encoded import EncodedSource
from igtl.sources.listing import Kind, kinds
from igtl.sources.opening import maker_of
from igtl.sources.options import option_names, takes
from igtl.sources.source import close_source
from igtl.video import CODEC_NAMES
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Serve messages to every client that connects: those of trackers, cameras and
simulated devices, recordings, films, or images from files.

SOURCE is a name (see below), or the path of a file or folder. What stands
behind a colon says which one: camera:1. Several sources are played at once,
each at its own rate. A source rests while nobody is connected, and starts anew
for the first client to come.

Clients may also ask: for one message (`igtl get`, GET_TYPE), for a stream at a
pace of their own (`igtl stream`, STT_TYPE), for the clock (`igtl ping`)."""

EXAMPLES = """\
sources (igtl serve --list shows all, with their options):
  tracker      three moving tools: a TRANSFORM of each, a TDATA of all
  ultrasound   images of a phantom, where the moving probe is: IMAGE, TRANSFORM
  position     a point on an ellipse: POSITION
  camera:0     what a camera sees: IMAGE (needs igtl[cameras])
  aruco:0      where the ArUco markers are that a camera sees: TRANSFORM, TDATA
  ndi:PORT     an NDI tracker: TRANSFORM, TDATA (needs igtl[trackers])
  PATH         DICOM, NRRD, MHA, NIfTI ...: IMAGE (needs igtl[images]);
               recordings (.mcap), sequences, films, folders of pictures
  others       from installed packages, by entry points of "igtl.sources"

examples:
  igtl serve tracker ultrasound             two devices at localhost:18944
  igtl serve scan.nrrd --mode slices        slice by slice, ten a second
  igtl serve ct/ --device CT --rate 0.5     a DICOM volume, every two seconds
  igtl serve tracker --host 0.0.0.0         for other machines too
  igtl serve ct/ --on-request               only who asks gets it
  igtl serve aruco:0 --set size=40 --set calibration=camera.yml
  igtl serve ndi:/dev/ttyUSB0 --set roms=probe.rom,needle.rom
  igtl serve ultrasound --codec H264        VIDEO instead of IMAGE
  igtl serve position --port 18000 --interval 100"""

_PATIENCE_S = 1.0
_MOST_KINDS = 1000
_OF_IMAGES = ("mode", "coordinates", "series")
_TYPED = {"rate": "--rate", "device_name": "--device", **{one: f"--{one}" for one in _OF_IMAGES}}
_PACE_OF_VIDEO = type(igtl.Start(igtl.Video)), type(igtl.Stop(igtl.Video))


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="what to serve, see below")
    parser.add_argument("--list", action=_List, help="show what sources there are, and end")
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
        "--set",
        type=arguments.pair,
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the source, see --list; may be repeated",
    )
    parser.add_argument(
        "--codec",
        choices=CODEC_NAMES,
        help="send IMAGE as VIDEO, compressed like this (needs igtl[video], but for I420)",
    )
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


class _List(Action):
    """Shows all kinds of sources and ends, as --help does."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, SUPPRESS, nargs=0, **options)

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        for kind in kinds():
            for text in _lines_of(kind, shutil.get_terminal_size().columns - 1):
                say(text)
        parser.exit()


def _lines_of(kind: Kind, width: int) -> Iterator[str]:
    """A kind of source in lines that are no wider; words stay whole."""
    wrap = partial(
        textwrap.wrap, width=max(40, width), break_long_words=False, break_on_hyphens=False
    )
    needs = f"   (needs {kind.needs})" if kind.needs else ""
    yield from wrap(printable(f"{kind.usage}{needs}"), subsequent_indent="  ")
    yield from wrap(printable(kind.summary), initial_indent=" " * 4, subsequent_indent=" " * 4)
    if kind.options:
        options = f"    --set {', '.join(kind.options)}"
        yield from wrap(printable(options), subsequent_indent=" " * 10)


def run(options: Namespace) -> int:
    """Serve until Ctrl-C, or until no source is left."""
    events: queue.SimpleQueue[Exception | str] = queue.SimpleQueue()
    with ExitStack() as stack:
        opened: list[Source] = []
        for text, given in _plan(options):
            opened.append(sources.open(text, **given))
            stack.callback(close_source, opened[-1])
        server = stack.enter_context(
            igtl.Server(options.port, options.host, profile=options.profile)
        )
        if options.codec:
            opened = _compressed(server, opened, options.codec)
            for source in opened:
                stack.callback(close_source, source)
        _tell_events(server, events)
        first = [source.messages(0.0) for source in opened]
        for messages in first:  # who asks at once need not wait for the first tick
            server.offer(*messages)
        for text in doubts(opened, first, options.codec):
            warn(text)
        give = server.offer if options.on_request else server.publish
        stack.enter_context(Stage(server, opened, events.put, give))
        _announce(server, opened, options)
        return _follow(events, len(opened))


def _follow(events: queue.SimpleQueue[Exception | str], playing: int) -> int:
    """Show what happens until the last source has failed."""
    while playing:
        match _next(events):
            case str() as text:
                say(text)
            case Warning() as warning:
                warn(str(warning))
            case error:
                playing -= 1
                text = str(error)
                if not isinstance(
                    error, igtl.OpenIGTLinkError
                ):  # whoever made the source may mend it
                    traceback.print_exception(error)
                    text = f"a source failed: {error!r}"
                warn(f"{text}{' (the other sources go on)' if playing else ''}")
    return status.FAILED


def _plan(options: Namespace) -> list[tuple[str, dict[str, object]]]:
    """What to open, each with the options that it takes.

    Raises:
        SourceError: there is no such source, or an option is for none of them.
    """
    given = _given(options)
    makers = {text: maker_of(text) for text in options.sources}
    for name in given:
        if not any(takes(make, name) for make in makers.values()):
            known = "; ".join(f"{text} takes {_known(make)}" for text, make in makers.items())
            typed = "--interval" if name == "rate" and options.interval else _typed(name)
            raise igtl.SourceError(f"there is no {typed} here: {known}")
    return [
        (text, {name: value for name, value in given.items() if takes(makers[text], name)})
        for text in options.sources
    ]


def _known(make: Callable[..., object]) -> str:
    return ", ".join(map(_typed, option_names(make))) or "no options"


def _typed(name: str) -> str:
    """An option of a source as people write it on the command line."""
    return _TYPED.get(name, f"--set {name}")


def _given(options: Namespace) -> dict[str, object]:
    """All options for sources, by the names that they have there."""
    if options.device is not None and len(options.sources) > 1:
        raise igtl.SourceError("--device names one source, but there are several: leave it out")
    named = {
        "rate": 1000 / options.interval if options.interval else options.rate,
        "device_name": options.device,
        **{name: getattr(options, name) for name in _OF_IMAGES},
    }
    given = {name: value for name, value in named.items() if value is not None}
    for name, value in options.set:
        if name in given:
            raise igtl.SourceError(f"{name} is given twice")
        given[name] = value
    return given


def _compressed(server: igtl.Server, opened: Sequence[Source], codec: str) -> list[Source]:
    """The same sources with VIDEO for IMAGE; who comes or asks can begin to decode at once."""
    encoded = [EncodedSource(source, codec, lambda: server.clients) for source in opened]

    @server.on_message
    def asked(peer: igtl.Peer, message: igtl.Message) -> None:
        if isinstance(message, _PACE_OF_VIDEO):
            for source in encoded:
                source.request_key(peer, getattr(message, "interval", 0.0))

    @server.on_get(igtl.Video)
    def still(peer: igtl.Peer, query: igtl.Message) -> igtl.Video | None:
        stills = (source.still(query.device_name) for source in encoded)
        return next((one for one in stills if one is not None), None)

    return list(encoded)


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
