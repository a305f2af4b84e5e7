"""`igtl get`: ask a server for one message, show it, and save it if you like."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import ANSWER_S, asking, check_order, class_to_ask
from igtl.cli.one_file import Writer, writer_for
from igtl.cli.printing import Printer
from igtl.cli.terminal import warn
from igtl.recording.disk import check_free

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Ask a server for one message (GET_TYPE) and show the answer as `igtl listen`
does. TYPE is a wire type (IMAGE) or a Python class (TrackingData), in capitals
or not. Without DEVICE, the server chooses one."""

EXAMPLES = """\
files, by the ending of their name:
  .igtl .bin               the bytes as they came
  .mha .nrrd .nii .nii.gz  an image with its geometry (needs igtl[images])
  .npy                     the array of IMAGE, NDARRAY, TRANSFORM, SENSOR ...
  .json                    all fields; arrays of over 256 values are described

examples:
  igtl get localhost IMAGE CT
  igtl get localhost:18944 image CT -o ct.nrrd
  igtl get tracker.local transform ProbeToTracker --json
  igtl get localhost CAPABILITY                   what the server understands

3D Slicer and many simple servers answer no such questions: use `igtl listen`."""


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument("type", metavar="TYPE", help="what to ask for, see above")
    parser.add_argument("device", metavar="DEVICE", nargs="?", help="of which device")
    parser.add_argument(
        "--timeout",
        type=arguments.duration,
        default=ANSWER_S,
        metavar="S",
        help="seconds to wait for the answer (default: 5)",
    )
    arguments.add_profile(parser)
    arguments.add_format(parser.add_mutually_exclusive_group())
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="save the message, see below"
    )
    parser.add_argument("--overwrite", action="store_true", help="even if FILE is there already")


def run(options: Namespace) -> int:
    """Ask, show, save."""
    check_order(options.endpoint, options.type, "TYPE")
    cls = class_to_ask(options.type, igtl.Get)
    write = _writer(options, cls)
    with asking(options) as link:
        try:
            message = link.get(cls, options.device, timeout=options.timeout)
        except igtl.TimeoutError as error:
            warn(str(error))
            return status.INCOMPLETE
        except igtl.NotAvailable as error:
            warn(f"not available: {error}")
            return status.FAILED
        Printer(options.format, link.endpoint).show(message, time.time())
    if write is not None:
        check_free(options.output, overwrite=options.overwrite)
        write(message, options.output)
        warn(f"saved as {options.output} ({options.output.stat().st_size} bytes)")
    return status.DONE


def _writer(options: Namespace, cls: type[igtl.Message]) -> Writer | None:
    """What saves the message; says what is wrong with the file before anybody is asked."""
    if options.output is None:
        return None
    write = writer_for(options.output, cls)
    check_free(options.output, overwrite=options.overwrite)
    return write
