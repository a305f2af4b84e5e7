"""`igtl convert`: from recordings, sequences and captures to files of other formats."""

from __future__ import annotations

import json
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from igtl.cli import arguments, status
from igtl.cli.amounts import shown_size
from igtl.cli.arguments import Parser
from igtl.cli.moments import check_part, moment
from igtl.cli.terminal import Progress, printable, say, warn
from igtl.convert import Converted, LeftOut, convert
from igtl.convert.formats import listing, plan
from igtl.errors import RecordingError

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Turn a recording, an image sequence or a network capture into a file of another
format; the endings of both names say which. What a format cannot hold is left
out, counted and told. Recordings and sequences can be turned into each other;
from tables, arrays, films and NIfTI volumes there is no way back
(`igtl convert --formats`)."""

EXAMPLES = """\
Several files get names from TARGET: s.poses.csv and s.sensors.csv, or
ct-001.nrrd, ct-002.nrrd. Files get their names when they are complete: a
conversion that fails, or that Ctrl-C ends, leaves none. Times are seconds since
the first message, or 1:20 for a minute and 20 seconds. In .npz, arrays are
called DEVICE/matrices, DEVICE/images ...; where devices of one name differ in
type or connection, CONNECTION/TYPE/DEVICE/..., unless --type or --connection
leaves one of them.

examples:
  igtl convert session.mcap session.igs.mha       for PLUS and 3D Slicer
  igtl convert session.mcap poses.csv --type TRANSFORM,TDATA
  igtl convert session-*.mcap session.npz         all parts, for numpy.load
  igtl convert session.mcap us.mp4 --device US
  igtl convert session.mcap session.foxglove.mcap
  igtl convert traffic.pcap session.mcap          from tcpdump or Wireshark
  igtl convert session.mcap part.mcap --from 1:20 --to 2:00"""

_PAUSE_S = 0.1
_MOST_FILES = 5
_OWN = ("compress", "image", "clock", "max_age", "fps", "codec", "most", "ports")

Show: TypeAlias = Callable[[int, float | None], object]


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.usage = "%(prog)s SOURCE [SOURCE ...] TARGET [option ...]\n       %(prog)s --formats"
    parser.add_argument(
        "paths",
        metavar="SOURCE... TARGET",
        nargs="*",
        type=Path,
        help="what to read, also all files of a split recording, and what to write",
    )
    parser.add_argument("--formats", action="store_true", help="show all formats, and end")
    parser.add_argument("--overwrite", action="store_true", help="even if TARGET is there already")
    parser.add_argument("--json", action="store_true", help="say what was done as a JSON object")
    _add_selection(parser)
    own = parser.add_argument_group("for some formats only")
    own.add_argument(
        "--compress", action="store_const", const=True, help="pack arrays and pixels (slower)"
    )
    own.add_argument("--image", metavar="D", help="device of the pictures, where there are several")
    own.add_argument(
        "--clock",
        choices=("timestamp", "arrival"),
        help="by which times sequences put poses to images (default: timestamp)",
    )
    own.add_argument(
        "--max-age",
        type=arguments.seconds,
        metavar="S",
        help="how old a pose in a sequence may be, else it is MISSING (default: 0.5)",
    )
    own.add_argument(
        "--fps", type=arguments.number, metavar="N", help="of .mp4 (default: as pictures came)"
    )
    own.add_argument("--codec", choices=("h264", "h265", "av1"), help="of .mp4 (default: h264)")
    own.add_argument(
        "--most", type=arguments.count, metavar="N", help="volume files at most (default: 1000)"
    )
    own.add_argument(
        "--ports", type=_ports, metavar="P", help="TCP ports of a capture, separated by commas"
    )


def _add_selection(parser: Parser) -> None:
    which = parser.add_argument_group("which messages")
    arguments.add_selection(which, "connection")
    which.add_argument(
        "--from", dest="start", type=moment, default=0.0, metavar="S", help="begin there"
    )
    which.add_argument("--to", dest="end", type=moment, metavar="S", help="end before that")


def run(options: Namespace) -> int:
    """Convert, and say what came of it."""
    if options.formats:
        say(listing(shutil.get_terminal_size().columns - 1))
        return status.DONE
    if len(options.paths) < 2:
        warn("SOURCE and TARGET are needed, such as: igtl convert session.mcap session.csv")
        return status.USAGE
    check_part(options.start, options.end)
    own = {name: getattr(options, name) for name in _OWN}
    own = {name: value for name, value in own.items() if value is not None}
    try:
        plan(options.paths[:-1], options.paths[-1], own)
    except RecordingError as error:
        warn(str(error))
        return status.USAGE
    started = time.monotonic()
    done = _converted(options, own)
    _tell(done, time.monotonic() - started, as_json=options.json)
    return status.DONE


def _converted(options: Namespace, own: dict[str, Any]) -> Converted:
    with _meter() as show:
        return convert(
            options.paths[:-1],
            options.paths[-1],
            device=options.device,
            type=[name.upper() for name in options.type],
            connection=options.connection,
            start=options.start,
            end=options.end,
            overwrite=options.overwrite,
            progress=show,
            **own,
        )


def _tell(done: Converted, seconds: float, *, as_json: bool) -> None:
    for line in (*_left_out(done.left_out), *done.notes):
        warn(line)
    if as_json:
        say(json.dumps(_plain(done) | {"seconds": round(seconds, 3)}))
        return
    for line in _files(done.files):
        say(line)
    read = f"{done.read:,} message{'s' * (done.read != 1)}"
    warn(f"{done.written:,} of {read} in {seconds:.1f} s")


def _left_out(all_of_them: Sequence[LeftOut]) -> Iterator[str]:
    """A line for each reason."""
    for reason in dict.fromkeys(one.reason for one in all_of_them):
        told = (f"{one.count:,} {one.type}" for one in all_of_them if one.reason == reason)
        yield f"{', '.join(told)} left out: {reason}"


def _files(files: Sequence[Path]) -> Iterator[str]:
    """The files with their sizes, a line each; many in one line."""
    sizes = [file.stat().st_size for file in files]
    if len(files) > _MOST_FILES:
        count, size = f"{len(files):,} files", shown_size(sum(sizes))
        yield printable(f"{files[0]} ... {files[-1].name}, {count} ({size})")
        return
    for file, one in zip(files, sizes, strict=True):
        yield printable(f"{file} ({shown_size(one)})")


def _plain(done: Converted) -> dict[str, Any]:
    return {
        "read": done.read,
        "written": done.written,
        "left_out": [asdict(one) for one in done.left_out],
        "files": [str(file) for file in done.files],
        "notes": list(done.notes),
    }


@contextmanager
def _meter() -> Iterator[Show | None]:
    """Shows how far it is: with rich where that is there, on a terminal only."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
    except ImportError:
        with Progress() as line:
            yield _throttled(lambda read, part, rate: line.show(_text(read, part, rate)))
        return
    columns = BarColumn(), TextColumn("{task.description}", markup=False)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(read: int, part: float | None, rate: float) -> None:
            total = None if part is None else 1.0
            bar.update(task, description=_text(read, part, rate), completed=part or 0, total=total)

        yield _throttled(show)


def _throttled(show: Callable[[int, float | None, float], object]) -> Show:
    """Calls `show` a few times a second, with the messages a second so far."""
    started = time.monotonic()
    after = started

    def call(read: int, part: float | None) -> None:
        nonlocal after
        now = time.monotonic()
        if now >= after:
            after = now + _PAUSE_S
            show(read, part, read / max(now - started, 1e-6))

    return call


def _text(read: int, part: float | None, rate: float) -> str:
    """One line of progress: messages, messages a second, and the time left.

    Examples:
        >>> _text(500, 0.25, 100.0)
        '25% | 500 messages | 100/s | 15 s left'
        >>> _text(500, None, 100.0)
        '500 messages | 100/s'
    """
    parts = [f"{read:,} messages", f"{rate:,.0f}/s"]
    if part:
        left = read / rate * (1 / part - 1)
        parts = [f"{part:.0%}", *parts, f"{left:,.0f} s left"]
    return " | ".join(parts)


def _ports(text: str) -> list[int]:
    return [arguments.port(one) for one in arguments.comma_list(text)]
