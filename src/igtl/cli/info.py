"""`igtl info`: what is in a recording."""

from __future__ import annotations

import json
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from igtl.cli import arguments, status
from igtl.cli.amounts import shown_size
from igtl.cli.arguments import Parser
from igtl.cli.holdings import plain_survey, table
from igtl.cli.terminal import Progress, printable, say, warn
from igtl.recording.check import Check, check
from igtl.recording.events import Event
from igtl.recording.recording import Recording, read
from igtl.recording.survey import GAP, Survey, survey
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
What is in a recording: devices, types, counts, rates, how evenly messages came,
gaps, sizes of images, what was lost. Several files, such as those of a split
recording, are taken as one. Without --check only the indexes are read, which
takes a second or so for any size."""

EXAMPLES = """\
jitter and p99 are of the times between arrivals: their standard deviation, and
what 99 of 100 stay below. A gap is more than five times (--gap) the usual
interval, the median. Times are seconds since the first message. A terminal
shows as many columns as fit; a pipe gets all.

--check ends with status 1 if anything is not as it was written or sent. What
a damaged file still holds, igtl recover puts into a sound one.

examples:
  igtl info session.mcap
  igtl info session.mcap --check
  igtl info session-*.mcap --device 'Probe*'
  igtl info session.mcap --json | jq '.streams[] | {device, rate}'"""

#: So many lines of one kind are shown; --json has all.
_MOST_LINES = 20


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="recordings (.mcap)")
    arguments.add_selection(parser)
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
        recording = whole.select(type=_types(whole, options.type), device=options.device)
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


def _types(recording: Recording, wanted: Iterable[str]) -> list[str]:
    """The types that are meant, whatever their case; says so of one that is not there."""
    there = sorted({key.wire_type for scan in recording.scans for key in scan.keys.values()})
    meant: list[str] = []
    for name in wanted:
        found = [one for one in there if fnmatchcase(one.upper(), name.upper())]
        if not found:
            close = get_close_matches(name.upper(), there, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(there)}"
            warn(f"no message is of type {name!r}; {hint}")
        meant += found or [name]
    return meant


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
    yield from _head(found, checked)
    if found.streams:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        yield ""
        yield from table(found.streams, width)
    for lines in (_events(found), _losses(found), _damage(found), _checked(found, checked)):
        several = list(lines)
        if several:
            yield ""
            yield from several[:_MOST_LINES]
            if len(several) > _MOST_LINES:
                yield f"... and {len(several) - _MOST_LINES} more: --json has all"


def _head(found: Survey, checked: Check | None) -> Iterator[str]:
    names = ", ".join(printable(str(path)) for path in found.paths)
    author = f", by {printable(found.library)}" if found.library else ""
    yield f"{names}: {shown_size(found.size)}, {_state(found, checked)}{author}"
    if not found.messages:
        yield "no messages"
        return
    messages = counted(found.messages, "message")
    start = datetime.fromtimestamp(found.start_ns / 1e9, UTC)
    yield f"{messages} in {found.duration:.3f} s from {start:%Y-%m-%d %H:%M:%S} UTC on"


def _state(found: Survey, checked: Check | None) -> str:
    """What is known of the files as a whole."""
    if not found.complete:
        return "not complete: cut off, or still being written"
    if found.damage:
        return "damaged"
    return "complete, not checked (--check)" if checked is None else "complete"


def _events(found: Survey) -> Iterator[str]:
    """What happened to connections; what is only counted is in the losses."""
    for event in found.events:
        if event.event not in ("dropped", "skipped", "checksum"):
            time = round((event.time_ns - found.zero_ns) / 1e9, 1) + 0.0  # no -0.0
            yield printable(f"{time:8,.1f} s  {_told(event)}")


def _told(event: Event) -> str:
    """What happened, in words."""
    what = f"{event.connection} {event.event}" if event.connection else event.event
    details = dict(event.details)
    gap = details.pop("gap", None)
    if event.event == "restored" and isinstance(gap, (int, float)):
        what += f" after {gap:.1f} s"
    text = details.pop("text", "")
    if event.event in ("connected", "restored"):  # of these, it is but the address
        text = ""
    told = [str(text)] if text else []
    told += [f"{name} {value}" for name, value in details.items()]
    return f"{what}: {', '.join(told)}" if told else what


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


def _checked(found: Survey, checked: Check | None) -> Iterator[str]:
    if checked is None:
        return
    size = shown_size(checked.bytes)
    right = (
        f"checksums {checked.checksum_errors:,} wrong" if checked.wrong else "checksums all right"
    )
    if found.lost or checked.missing:
        right = f"what is left; of that, {right}"
    yield f"checked {counted(checked.messages, 'message')}, {size}: {right}"
    for (connection, wire_type, device), count in checked.wrong.items():
        text = f"{count:,} of {wire_type} of device {device!r} over {connection}"
        yield printable(f"wrong: {text}")
    if checked.missing:
        yield f"{counted(checked.missing, 'message')} missing in all, by their running numbers"
