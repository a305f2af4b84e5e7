"""Taking messages of a known class from our clients and servers, with a deadline."""

from __future__ import annotations

from typing import TypeVar

import igtl
from tests.interop.peers import TIMEOUT_S
from tests.net.shells import Link, Service

M = TypeVar("M", bound=igtl.Message)


def received(link: Link, cls: type[M], count: int = 1) -> list[M]:
    """The next messages of a client, all of one class."""
    return [_checked(link.receive(TIMEOUT_S), cls) for _ in range(count)]


def taken(service: Service, cls: type[M], count: int = 1) -> list[M]:
    """The next messages that come to a server, all of one class."""
    return [_checked(service.receive(TIMEOUT_S)[1], cls) for _ in range(count)]


def _checked(message: igtl.Message, cls: type[M]) -> M:
    assert isinstance(message, cls), f"expected a {cls.__name__}, got {message!r}"
    return message
