"""`igtl info`: what is in a recording."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from igtl.cli import arguments, status
from igtl.cli.amounts import shown_size
from igtl.cli.arguments import Parser
from igtl.cli.holdings import HEADINGS, RIGHT, cells, plain_survey
from igtl.cli.summary import counted
from igtl.cli.table import aligned
from igtl.cli.terminal import Progress, printable, say, warn
from igtl.recording.check import Check, check
from igtl.recording.recording import Recording, read
from igtl.recording.survey import GAP, Survey, survey

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
What is in a recording: devices, types, counts, rates, how evenly messages came,
gaps, sizes of images, what was lost. Several files, such as those of a split
recording, are taken as one. Without --check only the indexes are read, which
takes a second or so for any size."""

EXAMPLES = """\
std and p99 are of the times between arrivals: their standard deviation, and
what 99 of 100 stay below. A gap is more than five times (--gap) the usual
interval, the median. Times are seconds since the first message.

--check ends with status 1 if anything is not as it was written or sent. What
a damaged file still holds, igtl recover puts into a sound one.

examples:
  igtl info session.mcap
  igtl info session.mcap --check
  igtl info session-*.mcap --device 'Probe*'
  igtl info session.mcap --json | jq '.streams[] | {device, rate}'"""

#: So many lines of one kind are shown; --json has all.
_MOST_LINES = 20
_CONNECTION = HEADINGS.index("connection")


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="recordings (.mcap)")
    parser.add_argument(
        "--type",
        type=arguments.comma_list,
        action="extend",
        default=[],
        metavar="T",
        help="only these types; repeat it, or separate by commas",
    )
    parser.add_argument(
        "--device",
        type=arguments.comma_list,
        action="extend",
        default=[],
        metavar="D",
        help="only these devices; * and ? stand for any characters",
    )
    parser.add_argument(
        "--gap",
        type=arguments.number,
        default=GAP,
        metavar="X",
        help=f"a gap is longer than X usual intervals (default: {GAP:.0f})",
    )
    parser.add_argument("--check", action="store_true", help="read all, verify all checksums")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: Namespace) -> int:
    """Look, perhaps read all, show."""
    with read(*options.files) as whole:
        recording = whole.select(type=options.type, device=options.device)
        checked = _check(recording) if options.check else None
        found = survey(recording, gap=options.gap)
        if options.json:
            say(json.dumps(plain_survey(found, checked), allow_nan=False))
        else:
            for text in _lines(found, checked):
                say(text)
        if not found.streams:
            warn("there are no messages in it" + (" like that" if whole.channels else ""))
    return status.DONE if checked is None or _is_sound(found, checked) else status.FAILED


def _check(recording: Recording) -> Check:
    """Read all of it."""
    total = sum(channel.bytes for channel in recording.channels)
    with Progress() as progress:

        def show(so_far: Check) -> None:
            share = 100 * so_far.bytes // max(1, total)
            size = shown_size(so_far.bytes)
            progress.show(f"checking: {so_far.messages:,} messages, {size}, {share} %")

        return check(recording, show)


def _is_sound(found: Survey, checked: Check) -> bool:
    return found.complete and not (found.damage or checked.wrong or checked.missing)


def _lines(found: Survey, checked: Check | None) -> Iterator[str]:
    yield from _head(found)
    if found.streams:
        yield ""
        yield from _table(found)
    for lines in (_events(found), _losses(found), _damage(found), _checked(checked)):
        several = list(lines)
        if several:
            yield ""
            yield from several[:_MOST_LINES]
            if len(several) > _MOST_LINES:
                yield f"... and {len(several) - _MOST_LINES} more: --json has all"


def _head(found: Survey) -> Iterator[str]:
    names = ", ".join(printable(str(path)) for path in found.paths)
    state = "complete" if found.complete else "not complete: cut off, or still being written"
    author = f", by {printable(found.library)}" if found.library else ""
    yield f"{names}: {shown_size(found.size)}, {state}{author}"
    messages = f"{found.messages:,} {'message' if found.messages == 1 else 'messages'}"
    start = datetime.fromtimestamp(found.start_ns / 1e9, UTC)
    yield f"{messages} in {found.duration:.3f} s from {start:%Y-%m-%d %H:%M:%S} UTC on"


def _table(found: Survey) -> Iterator[str]:
    """A line a stream; the connections only if there are several."""
    rows = [HEADINGS, *map(cells, found.streams)]
    right = set(RIGHT)
    if len({row[_CONNECTION] for row in rows}) <= 2:
        rows = [row[:_CONNECTION] + row[_CONNECTION + 1 :] for row in rows]
    yield from aligned(rows, right=right)


def _events(found: Survey) -> Iterator[str]:
    """What happened to connections; what is only counted is in the losses."""
    for event in found.events:
        if event.event not in ("dropped", "skipped", "checksum"):
            details = ", ".join(f"{name} {value}" for name, value in event.details.items())
            text = f"{event.connection} {event.event}" if event.connection else event.event
            time = (event.time_ns - found.start_ns) / 1e9
            yield printable(f"{time:10.3f} s  {text}{f': {details}' if details else ''}")


def _losses(found: Survey) -> Iterator[str]:
    if found.dropped:
        yield f"{counted(found.dropped, 'message')} dropped: the recorder could not keep up"
    if found.skipped:
        yield f"{counted(found.skipped, 'message')} lost before they came to the recorder"
    if found.checksum_errors:
        yield f"{counted(found.checksum_errors, 'message')} came with a wrong checksum"
    if found.foreign:
        yield printable(f"left out, not OpenIGTLink: {', '.join(found.foreign)}")


def _damage(found: Survey) -> Iterator[str]:
    for one in found.damage:
        lost = f", {counted(one.lost, 'message')} lost" if one.lost else ""
        where = f"{printable(str(one.path))} at byte {one.position:,}"
        yield f"damage: {where}, {shown_size(one.size)}: {one.text}{lost}"


def _checked(checked: Check | None) -> Iterator[str]:
    if checked is None:
        return
    size = shown_size(checked.bytes)
    wrong = f"{checked.checksum_errors:,} wrong" if checked.wrong else "all right"
    yield f"checked {checked.messages:,} messages, {size}: checksums {wrong}"
    for (connection, wire_type, device), count in checked.wrong.items():
        text = f"{count:,} of {wire_type} of device {device!r} over {connection}"
        yield printable(f"wrong: {text}")
    if checked.missing:
        yield f"{counted(checked.missing, 'message')} missing, by their running numbers"
