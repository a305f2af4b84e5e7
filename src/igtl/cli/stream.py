"""`igtl stream`: ask a server to send messages of one type, until told to stop."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import ANSWER_S, asking, check_order, class_to_ask
from igtl.cli.printing import Printer, report, tell_people
from igtl.cli.terminal import warn
from igtl.viewer.summary import counted

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
        type=arguments.duration,
        metavar="S",
        help="end when nothing has come for S seconds (default: 5 for the server's consent, and 5 "
        "for the first message; after it, wait for ever)",
    )
    arguments.add_profile(parser)
    arguments.add_format(parser.add_mutually_exclusive_group())


def run(options: Namespace) -> int:
    """Show what comes until the server ends it, enough has come, or Ctrl-C."""
    check_order(options.endpoint, options.type, "TYPE")
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
            return _show(Reception(link, frames), printer, options)


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


class Reception:
    """The messages of a stream, and what else came meanwhile."""

    def __init__(self, link: igtl.Client, frames: Stream[igtl.Message]) -> None:
        self.frames = frames
        self.count = 0
        self._counters = link.counters
        self._before = link.counters.messages_received

    def messages(self, timeout: float | None) -> Iterator[igtl.Message]:
        """Every message until the server closes; those that are malformed are reported.

        Args:
            timeout: seconds to wait for each; None waits for ever, but not for the first.

        Raises:
            TimeoutError: nothing came in time.
            NotAvailable: the server ended the stream.
            ClosedError, FramingError: the connection broke.
        """
        while True:
            try:
                message = self.frames.receive(timeout if timeout or self.count else ANSWER_S)
            except igtl.FramingError:
                raise
            except igtl.DecodeError as error:
                report(error)
            except igtl.ClosedError:
                yield from self.frames  # nothing more; but this says so where the connection broke
                return
            else:
                self.count += 1
                yield message

    def silence(self, options: Namespace) -> str:
        """That nothing came any more."""
        text = f"nothing came for {options.timeout or ANSWER_S:g} s, after {self.of(options.count)}"
        others = self._counters.messages_received - self._before
        if self.count or others <= 0:
            return text
        return f"{text} (but {counted(others, 'other message')}: igtl listen shows them)"

    def of(self, wanted: int | None) -> str:
        """How many messages came, of how many."""
        if wanted is None:
            return counted(self.count, "message")
        return f"{self.count} of {wanted} messages"


def _show(reception: Reception, printer: Printer, options: Namespace) -> int:
    """Show messages; says why they ended, unless because enough have come. The exit status."""
    try:
        for message in reception.messages(options.timeout):
            printer.show(message, time.time())
            if reception.count == options.count:
                return status.DONE
    except igtl.TimeoutError:
        warn(reception.silence(options))
        return status.INCOMPLETE
    except igtl.ClosedError as error:
        warn(f"{error}, after {reception.of(options.count)}")
        return status.FAILED if options.count is None else status.INCOMPLETE
    finally:
        if reception.frames.dropped:
            dropped = counted(reception.frames.dropped, "message")
            warn(f"{dropped} came faster than they could be shown")
    warn(f"{options.endpoint} closed the connection after {reception.of(options.count)}")
    return status.DONE if options.count is None else status.INCOMPLETE
