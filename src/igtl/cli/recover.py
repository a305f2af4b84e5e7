"""`igtl recover`: what a damaged recording still holds, in a new one."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from igtl.cli import arguments, status
from igtl.cli.amounts import shown_size
from igtl.cli.arguments import Parser
from igtl.cli.table import aligned
from igtl.cli.terminal import Progress, printable, say
from igtl.recording.recovery import Recovered, recover
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Write all that is left of a damaged or cut off recording into a new one, with
the times of every message. What is lost is counted per device, by the numbers
that messages have. The damaged file is not changed."""

EXAMPLES = """\
Ends with status 3 if messages are lost, or may be.

examples:
  igtl recover session.mcap                      to session-recovered.mcap
  igtl recover session.mcap -o whole.mcap --overwrite
  igtl recover session.mcap --json | jq .lost"""

#: So many places of damage are shown; --json has all.
_MOST_LINES = 20


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a recording (.mcap)")
    parser.add_argument(
        "-o",
        "--output",
        metavar="TARGET",
        type=arguments.recording,
        help="the new file, its name ends in .mcap (default: FILE with -recovered in its name)",
    )
    parser.add_argument("--overwrite", action="store_true", help="even if TARGET is there already")
    parser.add_argument("--json", action="store_true", help="say what was found as a JSON object")


def run(options: Namespace) -> int:
    """Recover, and say what came of it."""
    file: Path = options.file
    target = options.output or file.parent / f"{file.stem}-recovered{file.suffix}"
    with Progress() as progress:

        def show(done: int, total: int) -> None:
            progress.show(f"recovering: {shown_size(done)}, {100 * done // max(1, total)} %")

        found = recover(file, target, overwrite=options.overwrite, progress=show)
    if options.json:
        say(json.dumps(_plain(found)))
    else:
        for line in _lines(found):
            say(printable(line))
    return status.DONE if _all_is_there(found) else status.INCOMPLETE


def _all_is_there(found: Recovered) -> bool:
    return found.lost == found.doubtful == 0 and found.is_exact


def _lines(found: Recovered) -> Iterator[str]:
    yield from _damage(found)
    yield from _channels(found)
    yield from _verdict(found)
    yield f"{found.target}: {counted(found.kept, 'message')}"


def _damage(found: Recovered) -> Iterator[str]:
    for one in found.damage[:_MOST_LINES]:
        yield f"damage at byte {one.position:,}, {shown_size(one.size)}: {one.text}"
    if len(found.damage) > _MOST_LINES:
        yield f"... and {len(found.damage) - _MOST_LINES} more: --json has all"
    if not found.is_complete:
        yield "the file has no end: it was cut off, or is still being written"


def _channels(found: Recovered) -> Iterator[str]:
    """A line for each that lost something."""
    rows = [
        (one.wire_type, one.device_name, one.connection, f"{one.kept:,} kept", f"{one.lost:,} lost")
        for one in found.channels
        if one.lost
    ]
    if rows:
        yield from aligned(rows, right=(3, 4))


def _verdict(found: Recovered) -> Iterator[str]:
    if found.is_intact:
        yield "nothing is damaged: the new file holds the same"
    elif found.lost:
        more = "" if found.is_exact else ", perhaps more"
        yield f"{counted(found.lost, 'message')} lost{more}"
    elif found.is_exact:
        yield "no message is lost"
    else:
        yield "no message is known to be lost, but there may have been more"
    if found.doubtful:
        yield f"{counted(found.doubtful, 'message')} with a wrong checksum more than came so"
    if found.unusable:
        yield f"{shown_size(found.unusable)} belong to no whole message"
    if found.foreign:
        yield f"{counted(found.foreign, 'message')} of other programs left out"


def _plain(found: Recovered) -> dict[str, Any]:
    """All of it, for programs."""
    plain = asdict(found) | {"source": str(found.source), "target": str(found.target)}
    plain["damage"] = [
        {"position": one.position, "size": one.size, "text": one.text} for one in found.damage
    ]
    return plain | {"is_intact": found.is_intact}
