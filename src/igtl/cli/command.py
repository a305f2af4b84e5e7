"""`igtl command`: tell a server to do something, and show what it replies."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import ANSWER_S, asking, check_order
from igtl.cli.table import aligned
from igtl.cli.terminal import printable, say, warn
from igtl.protocol.replies import parameters, root_of, verdict

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Tell a server to do something (COMMAND) and show its reply: the parameters in
it, or else its content. Status 1 when the server says that it failed."""

EXAMPLES = """\
CONTENT is XML by habit, and may be left out. --param makes the XML for you, as
PLUS reads it: <Command Name="NAME" Depth="50"/>.

Servers made with igtl know Version and RequestDeviceIds; a command that they do
not know is answered with the names of those that they do.

examples:
  igtl command localhost Version
  igtl command localhost RequestDeviceIds
  igtl command plus.local StartRecording --profile plus
  igtl command localhost SetDepth --param Depth=50 --param Unit=mm
  igtl command localhost SetMode '<Command Name="SetMode"><Fast/></Command>'
  igtl command localhost Calibrate --device Robot --json"""


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument("name", metavar="NAME", help="of the command")
    parser.add_argument("content", metavar="CONTENT", nargs="?", help="of the command, see below")
    parser.add_argument(
        "--param",
        type=arguments.pair,
        action="append",
        metavar="NAME=VALUE",
        help="a parameter instead of CONTENT; may be repeated",
    )
    parser.add_argument(
        "--device", default="", metavar="D", help="who is meant, where a server has several"
    )
    parser.add_argument(
        "--timeout",
        type=arguments.duration,
        default=ANSWER_S,
        metavar="S",
        help="seconds to wait for the reply (default: 5)",
    )
    arguments.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="the reply as one JSON object")


def run(options: Namespace) -> int:
    """Send the command and show the reply."""
    check_order(options.endpoint, options.name, "NAME")
    if options.content is not None and options.param:
        raise igtl.MessageError("--param makes the content: give CONTENT or --param, not both")
    content = dict(options.param) if options.param else options.content or ""
    show = _show_json if options.json else _show_text
    with asking(options) as link:
        try:
            reply = link.command(
                options.name, content, device=options.device, timeout=options.timeout
            )
        except igtl.TimeoutError as error:
            warn(str(error))
            return status.INCOMPLETE
        except igtl.CommandError as error:
            show(error.reply, options.name, error)
            return status.FAILED
    show(reply, options.name, None)
    return status.DONE


def _show_json(reply: igtl.CommandReply, name: str, error: igtl.CommandError | None) -> None:
    """Print all of the reply. Servers write an error to many places: it is shown in one."""
    reason = None if error is None else verdict(reply, name) or str(error)
    facts = {
        "success": error is None,
        "error": reason,
        "name": reply.name if error is None else name,
        "device_name": reply.device_name,
        "content": "" if reason and _says(reply.content, reason) else reply.content,
        "parameters": _without(reason, parameters(reply)),
        "metadata": _without(reason, reply.metadata),
    }
    say(json.dumps(facts))


def _says(content: str, text: str) -> bool:
    """Whether XML, or any content, has a text in it."""
    root = root_of(content)
    if root is None:
        return text in content
    parts = list(root.iter())
    texts = [value for part in parts for value in (part.text or "", *part.attrib.values())]
    return any(text == one.strip() for one in texts)


def _without(reason: str | None, values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if not reason or value.strip() != reason}


def _show_text(reply: igtl.CommandReply, name: str, error: igtl.CommandError | None) -> None:
    """Print what the reply says; on standard error that it failed, or that it says nothing."""
    if error is not None:
        warn(str(error))
        return
    lines = list(_lines(reply))
    for text in lines:
        say(text)
    if not lines:
        warn("done; the reply says nothing more")


def _lines(reply: igtl.CommandReply) -> Iterator[str]:
    """Parameters, a line each; or the content, unless it only says that all went well."""
    found = parameters(reply)
    if found:
        yield from aligned([(printable(name), printable(found[name])) for name in found])
        return
    root = root_of(reply.content)
    if root is None or any(part.tag != "Result" for part in root):
        yield from map(printable, reply.content.splitlines())
