"""`igtl stream`: ask a server to send messages of one type, until told to stop."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import ANSWER_S, asking, class_to_ask
from igtl.cli.printing import Printer, report, tell_people
from igtl.cli.summary import counted
from igtl.cli.terminal import warn

if TYPE_CHECKING:
    from igtl.net.client import Stream

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Ask a server for a stream of messages (STT_TYPE) and show each as `igtl listen`
does; at the end it is told to stop (STP_TYPE). TYPE is a wire type (TDATA) or a
Python class (TrackingData), in capitals or not. Without DEVICE, all of them."""

EXAMPLES = """\
TDATA, QTDATA, POLYDATA, VIDEO and BIND take an interval; servers send others as
fast as they have them.

examples:
  igtl stream localhost TDATA --interval 0.02
  igtl stream tracker.local tdata --interval 0.1 --count 10 --json
  igtl stream localhost:18944 image CT --timeout 5

3D Slicer and many simple servers answer no such questions: use `igtl listen`."""


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument("type", metavar="TYPE", help="what to ask for, see above")
    parser.add_argument("device", metavar="DEVICE", nargs="?", help="of which device")
    parser.add_argument(
        "--interval",
        type=arguments.seconds,
        metavar="S",
        help="seconds from one to the next; 0 is as fast as possible (default: the server's)",
    )
    parser.add_argument("--count", type=arguments.count, metavar="N", help="end after N of them")
    parser.add_argument(
        "--timeout",
        type=arguments.number,
        metavar="S",
        help="end when nothing has come for S seconds; also for the server's consent (default: 5)",
    )
    arguments.add_profile(parser)
    arguments.add_format(parser.add_mutually_exclusive_group())


def run(options: Namespace) -> int:
    """Show what comes until the server ends it, enough has come, or Ctrl-C."""
    cls = class_to_ask(options.type, igtl.Start)
    fields = _fields(cls, options.interval)
    with asking(options) as link:
        try:
            frames = link.stream(cls, options.device, timeout=options.timeout or ANSWER_S, **fields)
        except igtl.TimeoutError as error:
            warn(str(error))
            return status.INCOMPLETE
        except igtl.NotAvailable as error:
            warn(f"not available: {error}")
            return status.FAILED
        with frames:
            printer = Printer(options.format, link.endpoint)
            if options.format != "classic":
                tell_people(f"streaming from {link.endpoint}; Ctrl-C ends")
            return _show(frames, printer, options)


def _fields(cls: type[igtl.Message], interval: float | None) -> dict[str, Any]:
    """What the query says besides the device; MessageError when it has no room for it."""
    if interval is None:
        return {}
    query = igtl.Start.of(cls)
    if query is None or "interval" not in query.names:
        raise igtl.MessageError(
            f"STT_{cls.wire_type} has no interval: the server decides; leave --interval out"
        )
    return {"interval": interval}


def _show(frames: Stream[igtl.Message], printer: Printer, options: Namespace) -> int:
    """Show messages; says why they ended, unless because enough have come. The exit status."""
    count = 0
    try:
        for message in _messages(frames, options.timeout):
            printer.show(message, time.time())
            count += 1
            if count == options.count:
                return status.DONE
    except igtl.TimeoutError:
        warn(f"nothing came for {options.timeout:g} s, after {_of(count, options.count)}")
        return status.INCOMPLETE
    finally:
        if frames.dropped:
            warn(f"{counted(frames.dropped, 'message')} came faster than they could be shown")
    warn(f"{options.endpoint} closed the connection after {_of(count, options.count)}")
    return status.DONE if options.count is None else status.INCOMPLETE


def _of(count: int, wanted: int | None) -> str:
    return counted(count, "message") if wanted is None else f"{count} of {wanted} messages"


def _messages(frames: Stream[igtl.Message], timeout: float | None) -> Iterator[igtl.Message]:
    """Every message until the server closes; those that are malformed are reported.

    Raises:
        TimeoutError: nothing came for `timeout` s.
        NotAvailable: the server ended the stream.
        ClosedError, FramingError: the connection broke.
    """
    while True:
        try:
            yield frames.receive(timeout)
        except igtl.FramingError:
            raise
        except igtl.DecodeError as error:
            report(error)
        except igtl.ClosedError:
            yield from frames  # nothing more; but this says so where the connection broke
            return
