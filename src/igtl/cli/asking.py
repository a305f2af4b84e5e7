"""Asking a server for something: what may be asked for, and a link that may be asked."""

from __future__ import annotations

import re
import time
from argparse import Namespace
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import igtl
from igtl.cli import status
from igtl.cli.fields import class_of
from igtl.messages.query import Companion
from igtl.net.client import connect as open_link

__all__ = [
    "ANSWER_S",
    "asking",
    "check_order",
    "class_to_ask",
    "connect",
    "greet",
    "how_it_ended",
]

ANSWER_S = 5.0
"""Seconds for an answer, unless told otherwise."""

_CONNECT_S = 5.0
#: 3D Slicer says at once who it is, and must not be asked: it is given so long for that, in s.
_GREETING_S = 0.3
_LIKE_AN_ENDPOINT = re.compile(
    r"(tcp|unix)://.+|localhost|[\w.-]*:\d+|\d{2,5}|\[[\da-fA-F:]+\](:\d+)?"
)


def class_to_ask(name: str, kind: type[Companion]) -> type[igtl.Message]:
    """The class of a wire type, or of that name, for which there is such a query.

    Args:
        name: in capitals or not.
        kind: `igtl.Get` or `igtl.Start`.

    Raises:
        MessageError: there is no such type, or no such query for it; the text names similar ones.
    """
    cls = class_of(name)
    if issubclass(cls, Companion):
        wanted = cls.target.wire_type
        raise igtl.MessageError(f"{name} is a query itself: give what it is for, {wanted}")
    if kind.of(cls) is None:
        types = igtl.message_types().values()
        known = sorted({one.wire_type for one in types if kind.of(one) is not None})
        raise igtl.MessageError(
            f"{cls.wire_type} cannot be asked for: there is no {kind.prefix}{cls.wire_type}, "
            f"but {kind.prefix}x for {', '.join(known)}"
        )
    return cls


def check_order(endpoint: str, name: str, what: str) -> None:
    """Find out whether an endpoint was typed behind what belongs behind it.

    Args:
        endpoint: what stands first.
        name: what stands behind it.
        what: what should, as the help calls it.

    Raises:
        MessageError: they are interchanged.
    """
    if _LIKE_AN_ENDPOINT.fullmatch(name) and not _LIKE_AN_ENDPOINT.fullmatch(endpoint):
        raise igtl.MessageError(
            f"{name!r} is where {what} should be: ENDPOINT comes first, as in '{name} {endpoint}'"
        )


def connect(options: Namespace, *, timeout: float = _CONNECT_S) -> igtl.Client:
    """A link to the endpoint that was typed, of the profile that was typed."""
    return open_link(options.endpoint, timeout=timeout, profile=options.profile)


def greet(link: igtl.Client, profile: str) -> None:
    """Wait a moment for what the server says first, where that shows whether it may be asked."""
    if profile == "auto":
        heard = link.counters
        link.wait_for(lambda: heard.messages_received > 0, time.monotonic() + _GREETING_S)


@contextmanager
def asking(options: Namespace) -> Iterator[igtl.Client]:
    """A link over which questions may be sent.

    Raises:
        Incomplete: the server ended the connection instead of answering.
    """
    with connect(options) as link:
        try:
            greet(link, options.profile)
            yield link
        except igtl.ClosedError as error:
            raise status.Incomplete(f"no answer: {how_it_ended(link)}") from error


def how_it_ended(link: igtl.Client) -> str:
    """Why a link that the server ended is over, as a sentence; for who takes nothing more from it.

    Raises:
        FramingError: the server does not speak OpenIGTLink.
    """
    try:
        if link.closed:
            deque(link.frames(), maxlen=0)  # raises at the end, unless it was in order
    except igtl.ClosedError as error:
        return str(error)
    return f"{link.endpoint} closed the connection"
