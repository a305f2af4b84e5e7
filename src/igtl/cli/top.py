"""`igtl top`: a live table of servers and devices in the terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import igtl
from igtl.cli import arguments, status, typed
from igtl.cli.arguments import Parser
from igtl.cli.keys import Keyboard
from igtl.cli.table import aligned
from igtl.cli.terminal import say, warn
from igtl.cli.top_rows import COLUMNS, glances
from igtl.codec.frame import Frame
from igtl.net.follower import Follower
from igtl.viewer.board import Board

if TYPE_CHECKING:
    from rich.live import Live

    from igtl.cli.top_screen import Screen

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "quiet_log", "run"]

DESCRIPTION = """\
Watch servers and their devices in the terminal: rates, bandwidth, age, latency,
losses and the last value of each, live. Servers that are not there are waited
for. Needs igtl[cli]."""

EXAMPLES = """\
Keys: arrows choose a device and the column to sort by, Enter inspects a device
(with a small picture of an IMAGE; VIDEO is not decoded here, igtl view shows
it), p pauses, / filters, r counts anew, ? shows all keys, q quits.

Latency is the time of arrival minus the message's own: below 0, the clocks
differ. Drops are gaps in the message ids of a device that numbers its messages.
States: live; once (it came once or twice); silent (it stopped); stale (it
comes, but its own time stands still); bad (malformed, or no valid pose).

Without a terminal, or with --seconds, it prints the table once and ends.

examples:
  igtl top                                localhost:18944
  igtl top tracker.local plus.local:18945
  igtl top localhost --seconds 10         one table, after 10 s
  igtl top localhost --json | jq '.rows[] | {device, rate}'"""

_SNAPSHOT_S = 2.0
_REFRESH_S = 0.25
_TICK_S = 0.1
#: For so long a server may be tried before looking begins, and how often that is looked at.
_PATIENCE_S, _LOOK_S = 5.0, 0.01
_SNAPSHOT_COLUMNS = (
    "device", "type", "messages", "rate", "bandwidth", "age", "latency", "drops", "errors",
    "state", "last value",
)  # fmt: skip


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "endpoints",
        metavar="ENDPOINT",
        nargs="*",
        default=["localhost"],
        help=arguments.ENDPOINT_HELP,
    )
    arguments.add_profile(parser)
    parser.add_argument(
        "--seconds",
        type=arguments.duration,
        metavar="S",
        help="look for S seconds, print the table once and end (without a terminal: 2)",
    )
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")


def run(options: Namespace) -> int:
    """Watch until q or Ctrl-C, or for a while."""
    board = Board()
    followers = _followers(board, options.endpoints, options.profile)
    with ExitStack() as stack:
        for follower in followers:
            stack.callback(follower.close)
            follower.start()
        if options.seconds is None and not options.json and _on_terminal():
            return _watch(board)
        _look(followers, options.seconds or _SNAPSHOT_S)
        return _tell(board, as_json=options.json)


def _followers(board: Board, texts: Sequence[str], profile: str) -> list[Follower]:
    """One for each server that was typed, which counts what comes."""
    return [_follower(board, endpoint, profile) for endpoint in typed.endpoints(texts)]


def _follower(board: Board, endpoint: str, profile: str) -> Follower:
    number = board.connect(endpoint)

    def take(frames: list[Frame], received: float) -> None:
        for frame in frames:
            board.count(number, frame, received)

    return Follower(endpoint, take, profile=profile, changed=partial(board.state, number))


def _on_terminal() -> bool:
    """Whether there is one that can be drawn on."""
    capable = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return sys.stdout is not None and sys.stdout.isatty() and capable


# ---- once


def _look(followers: Sequence[Follower], seconds: float) -> None:
    """Wait so long, from when it is known of each server whether it is there."""
    patience = time.monotonic() + _PATIENCE_S
    while time.monotonic() < patience and any(one.state.state == "connecting" for one in followers):
        time.sleep(_LOOK_S)
    time.sleep(seconds)


def _tell(board: Board, *, as_json: bool) -> int:
    """Print what came, once; the exit status."""
    now = time.time()
    if as_json:
        say(json.dumps(board.plain(now), allow_nan=False))
    elif board.rows():
        for line in _table(board, now):
            say(line)
    for connection in board.connections:
        if connection.state.state != "connected":
            warn(connection.state.text)
        elif not len(connection.rows):
            warn(f"{connection.endpoint} has sent nothing: 'igtl devices' asks what it has")
    states = {connection.state.state for connection in board.connections}
    if "connected" not in states and not board.rows():
        return status.FAILED
    return status.DONE if board.rows() else status.INCOMPLETE


def _table(board: Board, now: float) -> list[str]:
    for row in board.rows():
        row.look()
    columns = [COLUMNS[heading] for heading in _SNAPSHOT_COLUMNS]
    if len(board.connections) > 1:
        columns.insert(0, COLUMNS["on"])
    lines = [[column.text(shown) for column in columns] for shown in glances(board, now)]
    right = [index for index, column in enumerate(columns) if column.right]
    servers = [
        f"{one.id + 1} is {one.endpoint}" for one in board.connections[1:] and board.connections
    ]
    return [*aligned([[column.heading for column in columns], *lines], right=right), *servers]


# ---- live


def _watch(board: Board) -> int:
    """Show the board until somebody quits."""
    try:
        from rich.console import Console
        from rich.live import Live

        from igtl.cli.top_screen import Screen
    except ImportError as error:
        raise igtl.MissingExtraError.of("rich", "cli", "igtl top") from error
    console, screen, keyboard = Console(), Screen(board), Keyboard()
    with ExitStack() as stack:
        stack.enter_context(quiet_log())
        stack.enter_context(keyboard)
        live = stack.enter_context(Live(console=console, screen=True, auto_refresh=False))
        _go_on(screen, keyboard, live)
    return status.DONE


def _go_on(screen: Screen, keyboard: Keyboard, live: Live) -> None:
    """Draw and obey."""
    due = 0.0
    while not screen.control.over:
        if time.monotonic() >= due:
            due = time.monotonic() + _REFRESH_S
            _draw(screen, live)
        for key in _keys(keyboard):
            due = 0.0
            if key == "suspend":
                live.stop()
                keyboard.stand_by()
                live.start()
            else:
                screen.press(key)


def _keys(keyboard: Keyboard) -> list[str]:
    if keyboard.usable:
        return keyboard.read()
    time.sleep(_TICK_S)
    return []


def _draw(screen: Screen, live: Live) -> None:
    from igtl.cli.top_lines import Page, Room

    console = live.console
    width, height = console.size
    colours = console.color_system in ("256", "truecolor") and not console.no_color
    room = Room(width, height, colours, not console.options.ascii_only)
    live.update(Page(screen.lines(room)), refresh=True)


@contextmanager
def quiet_log() -> Iterator[None]:
    """Nothing is logged onto the screen, which shows what happens by itself."""
    log = logging.getLogger("igtl")
    before, log.handlers = log.handlers, [logging.NullHandler()]
    try:
        yield
    finally:
        log.handlers = before
