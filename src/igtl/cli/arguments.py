"""What all verbs share of argparse: the parser, its look, and kinds of numbers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

__all__ = [
    "ENDPOINT_HELP",
    "PROFILES",
    "Parser",
    "add_endpoint",
    "add_format",
    "add_profile",
    "add_selection",
    "comma_list",
    "count",
    "duration",
    "number",
    "pair",
    "port",
    "recording",
    "seconds",
]

ENDPOINT_HELP = "where the server is: host:port, host, or unix:///path (default port: 18944)"

PROFILES = ("auto", "igtl", "slicer", "plus", "plus-strings", "v1")
"""As `igtl.connect` takes them. Written out, so that help needs no message types."""

_LONGEST_S = 2_147_483
"""No system waits for more than 2^31 ms at once, and STT_TDATA holds no longer interval."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose help has examples, and colours where the terminal has them."""

    def __init__(self, prog: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=_formatter,
            allow_abbrev=False,
        )

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Options and positional arguments in any order.

        What is no option is answered with the one that looks like it, or all that there are.
        """
        options, rest = self.parse_known_intermixed_args(list(arguments))
        if rest:
            hints = (self._hint(one) for one in rest if one.startswith("--"))
            self.error(f"unrecognized arguments: {' '.join(rest)}{next(hints, '')}")
        return options

    def _hint(self, typed: str) -> str:
        there = [one[2:] for one in self._option_string_actions if one.startswith("--")]
        close = get_close_matches(typed[2:].partition("=")[0], there, n=1)
        return f"; did you mean --{close[0]}?" if close else f"; there are --{', --'.join(there)}"

    def error(self, message: str) -> NoReturn:
        """End with status 2 and two lines: what is wrong, and where the help is."""
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")


def _formatter(prog: str, **options: Any) -> argparse.HelpFormatter:
    """Help in colours on a terminal where rich is installed; else as argparse makes it."""
    if sys.stdout is not None and sys.stdout.isatty():
        try:
            from rich_argparse import RawDescriptionRichHelpFormatter
        except ImportError:
            pass
        else:

            class Formatter(RawDescriptionRichHelpFormatter):
                help_markup = text_markup = False  # "[cli]" is no markup

            return Formatter(prog, **options)
    return argparse.RawDescriptionHelpFormatter(prog, **options)


def add_endpoint(parser: argparse.ArgumentParser) -> None:
    """The server to connect to, which has to be given."""
    parser.add_argument("endpoint", metavar="ENDPOINT", help=ENDPOINT_HELP)


def add_profile(parser: argparse.ArgumentParser) -> None:
    """What kind of program is at the other end."""
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default="auto",
        help="what is at the other end; auto looks at what it sends first (default: auto)",
    )


def add_selection(parser: argparse._ActionsContainer, *more: str) -> None:
    """Declare which messages are wanted: `--type`, `--device`, and `more` of the kind."""
    for name in ("type", "device", *more):
        parser.add_argument(
            f"--{name}",
            type=comma_list,
            action="extend",
            default=[],
            metavar=name[0].upper(),
            help=f"only these {name}s, separated by commas; may be repeated; * and ? stand for any "
            "characters",
        )


def add_format(look: argparse._MutuallyExclusiveGroup) -> None:
    """How messages are printed."""
    from igtl.cli.formats import FORMATS

    look.add_argument("--format", choices=FORMATS, default="line", help="default: line")
    look.add_argument(
        "--json", dest="format", action="store_const", const="json", help="same as --format json"
    )


def number(text: str) -> float:
    """A number above 0."""
    value = _float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def seconds(text: str) -> float:
    """A duration in s, 0 included."""
    value = _float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return _bearable(text, value)


def duration(text: str) -> float:
    """A duration in s, above 0."""
    return _bearable(text, number(text))


def _bearable(text: str, value: float) -> float:
    if value > _LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"{text} s is too long, expected {_LONGEST_S} s (24 days) at most"
        )
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def port(text: str) -> int:
    """A port number; 0 stands for any free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 0xFFFF:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, expected 0 to 65535")
    return int(text)


def comma_list(text: str) -> list[str]:
    """Names separated by commas."""
    return [name for name in text.split(",") if name]


def recording(text: str) -> Path:
    """The name of a recording that is to be written; a folder, or a device, may have any name."""
    path = Path(text)
    if path.suffix.lower() != ".mcap" and not (path.exists() and not path.is_file()):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name of a recording, expected one that ends in .mcap; `igtl convert` "
            "makes files of other formats from it"
        )
    return path


def pair(text: str) -> tuple[str, str]:
    """A name and a value, as NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
