"""`igtl record`: everything that servers send, as it comes, in one file."""

from __future__ import annotations

import json
import queue
import shlex
import sys
import time
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import igtl
from igtl.cli import amounts, arguments, status, typed
from igtl.cli.arguments import Parser
from igtl.cli.feeds import Feed, Sieve
from igtl.cli.listen import doubt_types
from igtl.cli.session import Session
from igtl.cli.signals import undisturbed
from igtl.cli.table import aligned
from igtl.cli.terminal import Progress, printable, say, warn
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Record everything that servers send into one file: the bytes of each message as
they came, when, and over which connection. The file is MCAP; it can be read at
any moment, and however the recording ends."""

EXAMPLES = """\
At least one server must be there at first. Others, and those that go away, are
waited for; what is missing is noted in the file. Ctrl-C ends the recording in
good order. What comes faster than the disk writes it is dropped, counted and
noted.

examples:
  igtl record localhost                       into igtl-DATE-TIME.mcap
  igtl record tracker.local plus.local:18945 -o session.mcap
  igtl record localhost --type TRANSFORM --device 'Probe*' --for 10m
  igtl record localhost -o night.mcap --split 2GB
  igtl record localhost --no-reconnect        until the server closes"""

_TICK_S = 0.2
_LINE_EVERY_S = 10.0
_MOST_ROWS = 50

News = queue.SimpleQueue[str]


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("endpoints", metavar="ENDPOINT", nargs="+", help=arguments.ENDPOINT_HELP)
    parser.add_argument(
        "-o",
        "--output",
        type=arguments.recording,
        metavar="FILE",
        help="the file to write, its name ends in .mcap (default: igtl-DATE-TIME.mcap)",
    )
    parser.add_argument("--overwrite", action="store_true", help="even if FILE is there already")
    parser.add_argument(
        "--for",
        dest="duration",
        type=amounts.duration,
        metavar="TIME",
        help="end after so long: 90s, 10m, 1h30m (default: Ctrl-C ends)",
    )
    parser.add_argument(
        "--split",
        type=amounts.share,
        metavar="SIZE",
        help="go on with a new file after so much: 10MB, 2GB, 10m, 1h",
    )
    parser.add_argument(
        "--flush",
        type=arguments.duration,
        default=1.0,
        metavar="S",
        help="seconds that a power cut may cost (default: 1)",
    )
    parser.add_argument(
        "--reconnect",
        action=BooleanOptionalAction,
        default=True,
        help="wait for servers that go away, and, if at least one is there at first, for those "
        "that are not (default: yes)",
    )
    arguments.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="what was recorded, as a JSON object")
    which = parser.add_argument_group("which messages")
    arguments.add_selection(which)


def run(options: Namespace) -> int:
    """Record until the time is over, nothing more comes, or Ctrl-C."""
    doubt_types(options.type)
    news: News = queue.SimpleQueue()
    feeds = _feeds(options, news)
    with ExitStack() as stack:
        for feed in feeds:
            stack.callback(feed.close)
        _connect(feeds, waits=options.reconnect)
        with undisturbed():  # or nobody ended the file that is begun
            recorder = _recorder(options)
            stack.callback(recorder.close)
        session = Session(recorder, feeds, options.duration)
        session.start(Sieve(options.type, options.device))
        if not options.json:
            say(_beginning(recorder, feeds, options))
        try:
            outcome = _watch(session, news, lines=not options.json)
        except KeyboardInterrupt:
            outcome = status.INTERRUPTED
        except SystemExit as end:  # a signal, see `terminable`
            outcome = int(str(end.code))
        finally:
            session.end()
        _tell(session, as_json=options.json)
        return session.judge(outcome)


def _feeds(options: Namespace, news: News) -> list[Feed]:
    """One for each endpoint that was typed."""
    return [
        Feed(endpoint, options.profile, reconnect=options.reconnect, tell=news.put)
        for endpoint in typed.endpoints(options.endpoints)
    ]


def _connect(feeds: Sequence[Feed], *, waits: bool) -> None:
    """Connect to all servers at once; those that are not there are waited for, unless none is."""
    with ThreadPoolExecutor(len(feeds)) as pool:
        errors = [error for error in pool.map(Feed.connect, feeds) if error is not None]
    for error in errors:
        if len(errors) == len(feeds) or not waits:
            raise error
        warn(f"{error}; trying again")


def _recorder(options: Namespace) -> igtl.Recorder:
    path = options.output or Path(time.strftime("igtl-%Y%m%d-%H%M%S.mcap"))
    split = options.split
    return igtl.Recorder(
        path,
        flush=options.flush,
        split_bytes=split if isinstance(split, int) else None,
        split_seconds=split if isinstance(split, float) else None,
        overwrite=options.overwrite,
    )


def _beginning(recorder: igtl.Recorder, feeds: Sequence[Feed], options: Namespace) -> str:
    names = ", ".join(feed.endpoint for feed in feeds)
    end = "" if options.duration is None else f" for {amounts.shown_duration(options.duration)}"
    return f"recording {names} into {_name(recorder.path)}{end}; Ctrl-C ends"


def _watch(session: Session, news: News, *, lines: bool) -> int:
    """Show how it goes until it ends; the exit status."""
    plain = lines and not (sys.stderr is not None and sys.stderr.isatty())
    next_line = time.monotonic() + _LINE_EVERY_S
    with Progress(pause=0) as progress:
        while (outcome := session.outcome()) is None:
            text = session.gauge.text()
            progress.show(text)
            if plain and time.monotonic() >= next_line:
                next_line += _LINE_EVERY_S
                say(text)
            with suppress(queue.Empty):
                warn(news.get(timeout=_TICK_S))
    while not news.empty():
        warn(news.get())
    return outcome


def _tell(session: Session, *, as_json: bool) -> None:
    """Say what was recorded."""
    recorder = session.recorder
    if as_json:
        say(json.dumps(session.facts()))
        return
    rows = [
        (
            printable(key.connection),
            printable(key.wire_type),
            printable(key.device_name),
            f"{count:,}",
        )
        for key, count in recorder.counts.items()
    ]
    headings = [("connection", "type", "device", "messages")] * bool(rows)
    for line in aligned([*headings, *rows[:_MOST_ROWS]], right={3}):
        say(line)
    if len(rows) > _MOST_ROWS:
        say(f"and {counted(len(rows) - _MOST_ROWS, 'device')} more")
    for line in session.absences():
        say(line)
    say(session.gauge.total())
    if recorder.messages:
        names = " ".join(map(_name, recorder.paths))
        say(f"`igtl info {names}` tells more, `igtl replay {names}` plays it again")


def _name(path: Path) -> str:
    """A path as it can be typed here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
