"""`igtl view`: a page for browsers that shows what servers send, or what was recorded."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import igtl
from igtl.cli import arguments, page, status, typed
from igtl.cli.arguments import Parser
from igtl.cli.terminal import printable, say
from igtl.convert.formats import FORMATS, ending_of
from igtl.net.endpoint import own_address
from igtl.viewer.guard import Guard, is_loopback, new_token

if TYPE_CHECKING:
    from igtl.viewer.session import Session

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
Serve a page that shows what servers send, live, or a recording: devices,
images, a 3-D scene, plots, and a timeline. Any number of browsers may look.
Servers that are not there are waited for. Needs igtl[view]."""

EXAMPLES = """\
The page is for this machine only, unless --host says otherwise: then its
address has a token in it, which who looks must know.

examples:
  igtl view                               what localhost:18944 sends
  igtl view tracker.local plus.local:18945 --open
  igtl view session.mcap                  a recording, or with its other parts
  igtl view localhost --record-to data    where the page's recordings are made
  igtl view localhost --host 0.0.0.0      for browsers on other machines, too"""

_SHORTEST_TOKEN = 8
#: What `igtl serve` reads, but for folders, and what is not in the table of formats.
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".mov", ".avi", ".mkv")


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "what",
        metavar="ENDPOINT|FILE",
        nargs="*",
        default=["localhost"],
        help="servers as host:port, host, or unix:///path (default: localhost:18944); or a "
        "recording, or its parts",
    )
    parser.add_argument(
        "--port",
        type=arguments.port,
        metavar="N",
        help="of the page; 0 takes a free one (default: 8080, or a free one if that is taken)",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets other machines in"
    )
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.add_argument(
        "--record-to",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where recordings go that are started from the page (default: here)",
    )
    parser.add_argument(
        "--token",
        type=_token,
        metavar="TEXT",
        help="what browsers must know (default: nothing on this machine, a new one beyond it)",
    )
    arguments.add_profile(parser)


def run(options: Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from igtl.viewer.session import Session

    files = _files(options.what)
    endpoints = [] if files else typed.endpoints(options.what)
    folder = _folder(options.record_to)
    token = options.token or (None if is_loopback(options.host) else new_token())
    with Session(folder, _tell) as session:
        if files:
            session.play(files)
        shown = page.listening(session, options.host, options.port, Guard(options.host, token))
        address = _address(options.host, shown.port, token)
        say(f"open {address}")
        if (number := _own_number(options.host)) is not None:
            say(f"  or {_address(number, shown.port, token)}")
        _follow(session, endpoints, options.profile)
        if options.open:
            page.show(address)
        shown.serve()
    return status.INTERRUPTED


def _follow(session: Session, endpoints: Sequence[str], profile: str) -> None:
    what = ", ".join(endpoints) if session.playing is None else session.playing.name
    say(f"showing {printable(what)}; Ctrl-C ends")
    for endpoint in endpoints:
        session.follow(endpoint, profile)


# ---- what was typed


def _files(what: Sequence[str]) -> list[Path]:
    """The recording's files; none where endpoints were typed.

    Raises:
        MessageError: what was typed is neither; the text says what to do.
        OSError: a file is not there.
    """
    files = [text for text in what if _is_file(text)]
    if files and len(files) < len(what):
        other = next(text for text in what if text not in files)
        raise igtl.MessageError(
            f"{files[0]} is a file and {other} an endpoint: view one or the other; `igtl replay "
            f"{shlex.quote(files[0])}` is a server that sends a recording"
        )
    for text in files:
        _check_file(Path(text))
    return list(map(Path, files))


def _is_file(text: str) -> bool:
    """Whether somebody who types this means a file."""
    path = Path(text)
    if "://" in text:
        return False
    known = bool(ending_of(path)) or path.suffix.lower() in _PICTURES
    return known or os.sep in text or (path.exists() and text != "localhost")


def _check_file(path: Path) -> None:
    """Refuse what is no recording, by its name; MessageError, OSError."""
    name = shlex.quote(str(path))
    if not path.exists():
        raise igtl.MessageError(
            f"there is no file {path}; a server is typed as host:port, a recording as its path"
        )
    if path.is_dir():
        parts = sorted(path.glob("*.mcap"))
        hint = f"; give its recordings: {name}/*.mcap" if parts else " or a server as host:port"
        raise igtl.MessageError(f"{path} is a folder, expected a recording{hint}")
    if path.suffix.lower() == ".mcap":
        return
    ending = ending_of(path)
    if any(ending in one.endings and one.read for one in FORMATS):
        made = shlex.quote(str(path)[: -len(ending)] + ".mcap")
        raise igtl.MessageError(
            f"{path} is no recording; `igtl convert {name} {made}` makes one of it"
        )
    if not ending and path.suffix.lower() not in _PICTURES:
        raise igtl.MessageError(
            f"{path} is no recording, expected a file whose name ends in .mcap, or a server as "
            "host:port"
        )
    raise igtl.MessageError(
        f"{path} is no recording; `igtl serve {name}` sends it, then `igtl record localhost` makes "
        "a recording of it, and `igtl view localhost` shows it at once"
    )


def _folder(path: Path) -> Path:
    if not path.is_dir():
        what = "a file" if path.exists() else "not there"
        raise igtl.MessageError(f"--record-to {path} is {what}, expected a folder; make it first")
    return path.resolve()


def _token(text: str) -> str:
    if len(text) < _SHORTEST_TOKEN or text.lower() == "none":
        raise argparse.ArgumentTypeError(
            f"{text!r} is no token, expected {_SHORTEST_TOKEN} characters or more; without "
            "--token there is none on this machine, and a new one beyond it"
        )
    return text


# ---- what people see


def _address(host: str, port: int, token: str | None) -> str:
    """The page's address, as it can be opened."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            host = platform.node() or "localhost"
        elif address.version == 6:
            host = f"[{host}]"
    return f"http://{host}:{port}/" + (f"?token={quote(token, safe='')}" if token else "")


def _own_number(host: str) -> str | None:
    """This machine's address where all are listened on: others may not know its name."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            return own_address(address.version)
    return None


def _tell(text: str) -> None:
    """Say what happened to a link; in any thread."""
    with suppress(OSError):  # nobody reads it any more
        say(printable(text))
