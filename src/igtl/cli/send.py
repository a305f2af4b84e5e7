"""`igtl send`: one message, its fields typed by hand or read from files."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import check_order, connect
from igtl.cli.formats import line
from igtl.cli.terminal import say
from igtl.cli.values import message_from

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Connect to a server, send it a message and print what was sent.

TYPE is a wire type (TRANSFORM, GET_IMAGE ...), a Python class (TrackingData),
or the path of an .igtl file that `igtl listen --save` wrote. `igtl describe
TYPE` says which fields a type has. What the server answers is not waited for:
for that there are `igtl get`, `stream` and `command`."""

EXAMPLES = """\
values:
  text        text="hello world"
  numbers     position=1,2,3
  a matrix    matrix=1,0,0,10,0,1,0,20,0,0,1,30     12 or 16, row by row
  nested      points='[{"name": "A", "position": [1, 2, 3]}]'     JSON
  from files  pixels=scan.mha  pixels=slice.npy  array=x.npy  data=frame.h264

examples:
  igtl send localhost STRING text="hello" --device Note
  igtl send localhost:18944 POSITION position=10,20,30 --device Probe
  igtl send localhost IMAGE pixels=scan.mha
  igtl send localhost STATUS code=NOT_READY text="warming up"
  igtl send localhost POINT points='[{"name": "A", "position": [1, 2, 3]}]'
  igtl send localhost GET_IMAGE --device CT
  igtl send localhost STRING text=tick --metadata by=me --repeat 9 --interval 2
  igtl send localhost saved/000001_IMAGE_CT.igtl"""

#: A large image may take a while on a slow link.
_SEND_S = 60.0


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument("type", metavar="TYPE", help="what to send, see above")
    parser.add_argument(
        "fields", metavar="FIELD=VALUE", nargs="*", default=[], help="its fields, see below"
    )
    common = parser.add_argument_group("what every message has")
    common.add_argument("--device", metavar="NAME", help="device name, up to 20 bytes")
    common.add_argument(
        "--timestamp",
        type=_timestamp,
        metavar="T",
        help="seconds since 1970 UTC, or a date such as 2026-11-22T10:00:00+01:00, or none for a "
        "message without (default: now)",
    )
    common.add_argument(
        "--metadata",
        type=arguments.pair,
        action="append",
        metavar="NAME=VALUE",
        help="may be repeated",
    )
    common.add_argument("--message-id", type=arguments.count, metavar="N")
    common.add_argument(
        "--header-version",
        type=int,
        choices=(1, 2),
        help="default: 1, or 2 when something needs it",
    )
    arguments.add_profile(parser)
    again = parser.add_argument_group("again")
    again.add_argument("--repeat", type=arguments.count, default=1, metavar="N", help="times")
    again.add_argument(
        "--interval",
        type=arguments.seconds,
        default=1.0,
        metavar="S",
        help="seconds from one to the next (default: 1)",
    )


def _timestamp(text: str) -> float:
    """Seconds since 1970 UTC; 0 stands for none, as on the wire."""
    if text.lower() == "none":
        return 0.0
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is neither seconds since 1970 nor a date such as 2026-11-22T10:00:00"
        ) from None


def run(options: Namespace) -> int:
    """Send it, as often as asked."""
    check_order(options.endpoint, options.type, "TYPE")
    message = _message(options.type, options.fields, _common(options))
    with connect(options) as link:
        start = time.monotonic()
        for number in range(options.repeat):
            time.sleep(max(0.0, start + number * options.interval - time.monotonic()))
            _send(link, message, options.timestamp)
    return status.DONE


def _common(options: Namespace) -> dict[str, Any]:
    given = {
        "device_name": options.device,
        "metadata": dict(options.metadata) if options.metadata else None,
        "message_id": options.message_id,
        "header_version": options.header_version,
    }
    return {name: value for name, value in given.items() if value is not None}


def _message(type_name: str, fields: Sequence[str], common: dict[str, Any]) -> igtl.Message:
    path = Path(type_name)
    if path.suffix != ".igtl":
        return message_from(type_name, fields, common)
    if fields:
        raise igtl.MessageError(f"{path} has its fields already: {fields[0]!r} cannot be given")
    message = igtl.decode(path.read_bytes())
    return message.replace(**common) if common else message


def _send(link: igtl.Client, message: igtl.Message, timestamp: float | None) -> None:
    """Send the message; without a time of its own, with the time of now."""
    now = time.time()
    if timestamp is not None:
        message = message.replace(timestamp=timestamp)
    elif message.timestamp is None:
        message = message.replace(timestamp=now)
    link.send(message, timeout=_SEND_S)
    say(f"sent {line(message, now)}")
