"""Asking a server for something: what may be asked for, and a link that may be asked."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

import igtl
from igtl.cli.fields import class_of
from igtl.messages.query import Companion
from igtl.net.client import connect as open_link

__all__ = ["ANSWER_S", "asking", "class_to_ask", "connect", "greet"]

ANSWER_S = 5.0
"""Seconds for an answer, unless told otherwise."""

_CONNECT_S = 5.0
#: 3D Slicer says at once who it is, and must not be asked: it is given so long for that, in s.
_GREETING_S = 0.3


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
    """A link over which questions may be sent."""
    with connect(options) as link:
        greet(link, options.profile)
        yield link
