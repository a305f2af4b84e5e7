"""From `sys.argv` to an exit status: finds the verb, runs it, says what went wrong in one line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from igtl import errors
from igtl.cli import status
from igtl.cli.arguments import Parser
from igtl.cli.signals import terminable, undisturbed
from igtl.cli.terminal import leave_closed_pipe, prepare_streams, warn

__all__ = ["VERBS", "main"]

VERBS = {
    "demo": "a server, a client and a live table of what arrives",
    "serve": "send simulated devices or image files to all who connect",
    "view": "a page for browsers: what servers send, or a recording, to look at",
    "listen": "show, save or count what a server sends",
    "top": "a live table of devices in the terminal: sort, pause, inspect",
    "devices": "what is on a port: devices, types, rates, sizes of images",
    "get": "ask a server for one message, show or save it",
    "stream": "ask a server for messages of one type, at a pace",
    "command": "tell a server to do something",
    "ping": "the round trip to a server, and how its clock differs",
    "send": "send one message, its fields given by hand or from files",
    "record": "keep everything that servers send, as it comes, in one file",
    "info": "what a recording holds: devices, rates, gaps, losses",
    "replay": "a server that sends a recording again, at its own pace",
    "recover": "all that a damaged or cut off recording still holds",
    "convert": "recordings to sequences and back; to tables, volumes and films",
    "describe": "the byte table of a message type",
    "bench": "measure how fast igtl is on this machine",
}
"""What there is, in the order in which people meet it. Modules are imported when they run."""

_DESCRIPTION = """\
OpenIGTLink on the command line: serve, watch and send poses, images and other
messages of image-guided therapy."""

_EPILOG = f"""\
`igtl VERB --help` explains a verb, with examples. To begin:

  igtl demo                         everything at once, on this machine
  igtl serve tracker ultrasound     two simulated devices at localhost:18944
  igtl devices localhost:18944      what there is, from another terminal
  igtl listen localhost:18944       every message
  igtl record localhost:18944       keep them; `igtl replay` sends them again

{status.EXPLAINED}"""


class Verb(Protocol):
    """What a verb's module offers."""

    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: Parser) -> None:
        """Declare what the verb takes."""

    def run(self, options: Namespace) -> int:
        """Do it; the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, see `igtl.cli.status`.

    Args:
        arguments: what stands behind `igtl`; None takes those of the process.
    """
    prepare_streams()
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return status.INTERRUPTED
    except BrokenPipeError:
        leave_closed_pipe()
        return status.DONE
    except (errors.EndpointError, errors.MessageError, errors.SourceError) as error:
        warn(str(error))
        return status.USAGE
    except status.Incomplete as outcome:
        warn(str(outcome))
        return status.INCOMPLETE
    except errors.OpenIGTLinkError as error:
        warn(str(error))
        return status.FAILED
    except OSError as error:
        warn(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return status.FAILED


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else "--help"
    if first.startswith("-"):
        _top_parser().parse_args([first])
        return status.DONE
    if first not in VERBS:
        _top_parser().error(_unknown(first))
    from igtl.cli.log import show_log

    show_log()
    verb: Verb = import_module(f"igtl.cli.{first}")
    parser = Parser(f"igtl {first}", verb.DESCRIPTION, f"{verb.EXAMPLES}\n\n{status.EXPLAINED}")
    verb.add_arguments(parser)
    with undisturbed():  # argparse stumbles when it is interrupted
        options = parser.parse(arguments[1:])
    with terminable():
        return verb.run(options)


def _top_parser() -> Parser:
    parser = Parser("igtl", _DESCRIPTION, _EPILOG)
    from igtl import __version__

    parser.add_argument("--version", action="version", version=f"igtl {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=ArgumentParser)
    for name, summary in VERBS.items():
        verbs.add_parser(name, help=summary)
    return parser


def _unknown(verb: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(VERBS)}"
    return f"there is no verb {verb!r}; {hint}"
