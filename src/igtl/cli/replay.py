"""`igtl replay`: a recording, sent again to every client that connects."""

from __future__ import annotations

import argparse
import math
import queue
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.delivery import Delivery
from igtl.cli.durations import span
from igtl.cli.moments import check_part, moment, shown_moment
from igtl.cli.panel import KEYS_HELP, Panel, shown_speed
from igtl.cli.terminal import printable, say, warn
from igtl.recording.recording import Recording, read
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = f"""\
Send what was recorded again, to every client that connects: the same bytes in
the same order at the same pace. It begins with the first client, and ends when
all have read everything. Nothing is lost: for a client that is too slow all
wait, but one that reads nothing at all for 20 s is thrown out.

{KEYS_HELP}

Clients control it by COMMAND: Pause, Resume, Seek (Time in s), SetSpeed (Speed,
a number or max), GetPosition; all reply where it is."""

EXAMPLES = """\
examples:
  igtl replay session.mcap                       as it was, at localhost:18944
  igtl replay session.mcap --speed 2 --loop
  igtl replay session.mcap --speed max --wait 2  for two clients
  igtl replay session.mcap --from 1:20 --to 2:00 --device 'Probe*'
  igtl replay part-001.mcap part-002.mcap        a recording that was split
  igtl command localhost Seek --param Time=80    from another terminal"""

#: So many devices are named where none fits.
_MOST_NAMES = 10


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a recording, or its parts")
    parser.add_argument("--port", type=arguments.port, default=18944, help="0 takes a free one")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets other machines in"
    )
    arguments.add_profile(parser)
    _add_pace(parser.add_argument_group("when"))
    _add_selection(parser.add_argument_group("what"))


def _add_pace(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="2, 0.5, ...; max: without waiting"
    )
    group.add_argument("--loop", action="store_true", help="begin again at the end, until Ctrl-C")
    begin = group.add_mutually_exclusive_group()
    begin.add_argument(
        "--wait",
        type=arguments.count,
        default=1,
        metavar="N",
        help="begin when N clients are there (default: 1)",
    )
    begin.add_argument(
        "--no-wait", dest="wait", action="store_const", const=0, help="begin at once"
    )
    group.add_argument(
        "--when-full",
        choices=("wait", "drop-oldest", "newest", "disconnect"),
        default="wait",
        help="what a client costs that is too slow: the others' time, its oldest messages, all "
        "but its newest of each device, or its connection (default: wait)",
    )


def _add_selection(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--from", dest="start", type=moment, default=0.0, metavar="T", help="80, 1:20, 1:02:03.5"
    )
    group.add_argument("--to", dest="end", type=moment, metavar="T", help="since its start, too")
    arguments.add_selection(group, "connection")
    group.add_argument(
        "--times",
        choices=("kept", "now"),
        default="kept",
        help="the times in the headers: as recorded, or moved to now (default: kept)",
    )


def run(options: Namespace) -> int:
    """Play the recording until its end, q or Ctrl-C."""
    with _recording(options) as recording:
        return _play(_player(recording, options), recording, options)


def _play(player: igtl.Player, recording: Recording, options: Namespace) -> int:
    damage = _warn_of_damage(recording)
    news: queue.SimpleQueue[str] = queue.SimpleQueue()
    with igtl.Server(
        options.port, options.host, when_full=options.when_full, profile=options.profile
    ) as server:
        player.control(server)
        delivery = Delivery(server, news)
        with Panel(player, server, news) as panel:
            _announce(server, player, panel, options)
            panel.attend(lambda: len(server.clients) < options.wait, lambda: "waiting for clients")
            if not panel.quit:
                with _playing(player, delivery) as thread:
                    panel.attend(thread.is_alive)
                    panel.clear()
                    if not panel.quit:
                        panel.attend(delivery.goes_on, delivery.left)
    panel.clear()
    if not damage:  # which may have been met since
        _warn_of_damage(recording)
    late = f", {span(player.late)} late at most" if player.late else ""
    say(f"{delivery.summary()}{late}")
    return status.DONE


def _recording(options: Namespace) -> Recording:
    """The recording, if there is something to play in it.

    Raises:
        MessageError: the part that was asked for is not in it.
        RecordingError: nothing that was asked for is in it; a file was named twice.
    """
    check_part(options.start, options.end)
    recording = read(*options.files)
    if options.start > recording.duration:
        raise igtl.MessageError(
            f"--from {shown_moment(options.start)} is behind the end of a recording of "
            f"{shown_moment(recording.duration)}"
        )
    chosen = {"device": options.device, "type": options.type, "connection": options.connection}
    if not len(recording.select(**chosen)):
        raise igtl.RecordingError(_nothing(recording, options))
    return recording


def _nothing(recording: Recording, options: Namespace) -> str:
    """That there is nothing to play, and what there is, for people."""
    name, channels = printable(options.files[0]), recording.channels
    if not channels:
        return f"there are no messages in {name}"
    there = sorted({f"{one.wire_type} of {one.device_name!r}" for one in channels})
    more = f" and {len(there) - _MOST_NAMES} more" * (len(there) > _MOST_NAMES)
    text = f"there are {', '.join(there[:_MOST_NAMES])}{more}"
    if options.connection:
        text += f", over {', '.join(sorted({one.connection for one in channels})[:_MOST_NAMES])}"
    return f"nothing that was asked for is in {name}: {text}"


def _warn_of_damage(recording: Recording) -> bool:
    """Say, in one line, if not all is there that was recorded; whether that is so."""
    for scan in recording.scans:
        if scan.damage or not scan.complete:
            what = "is damaged" if scan.complete else "is cut off, or still being written"
            warn(f"{scan.path} {what}: what is whole is played; `igtl info` tells more")
            return True
    return False


def _player(recording: Recording, options: Namespace) -> igtl.Player:
    return igtl.Player(
        recording,
        speed=options.speed,
        loop=options.loop,
        start=options.start,
        end=options.end,
        device=options.device,
        type=options.type,
        connection=options.connection,
        times=options.times,
    )


def _announce(server: igtl.Server, player: igtl.Player, panel: Panel, options: Namespace) -> None:
    names = ", ".join(map(printable, options.files))
    part = f"{shown_moment(player.start)} to {shown_moment(player.end)}"
    again = ", again and again" * options.loop
    say(f"{names}: {part} at {shown_speed(player.speed)}{again}")
    say(f"Listening on {server.endpoint}. Ctrl-C ends.")
    if panel.has_keys:
        say(KEYS_HELP)
    if options.wait:
        say(f"Begins with {counted(options.wait, 'client')}...")


@contextmanager
def _playing(player: igtl.Player, delivery: Delivery) -> Iterator[threading.Thread]:
    """Play in a thread of its own; what it raises is raised when the block was left in order."""
    errors: list[Exception] = []

    def play() -> None:
        try:
            player.play(delivery.give)
        except Exception as error:  # noqa: BLE001 - told by the main thread
            errors.append(error)

    thread = threading.Thread(target=play, name="igtl player", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        player.stop()
    if errors:
        raise errors[0]


def _speed(text: str) -> float:
    return math.inf if text == "max" else arguments.number(text)
