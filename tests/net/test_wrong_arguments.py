"""Arguments that make no sense are said to make none, not stumbled over."""

from __future__ import annotations

from typing import Any

import pytest

import igtl
from tests.net.raw import RawPeer
from tests.net.shells import Link, Shell


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"reconnect": 5}, "reconnect is 5, expected True, False or igtl.Reconnect"),
        ({"keep_alive": True}, "keep-alive of True s: expected a time-out above 0 s"),
        ({"keep_alive": "1"}, "keep-alive of '1' s"),
    ],
)
def test_of_connecting(shell: Shell, options: dict[str, Any], wanted: str) -> None:
    with pytest.raises(igtl.MessageError, match=wanted):
        shell.connect("127.0.0.1:1", **options)


@pytest.mark.parametrize("what", ["get", "stream", "latest"])
def test_of_asking(pair: tuple[Link, RawPeer], what: str) -> None:
    link, _ = pair
    with pytest.raises(igtl.MessageError, match=r"give a class such as igtl\.Image"):
        getattr(link, what)("IMAGE")


def test_of_queries(pair: tuple[Link, RawPeer]) -> None:
    link, _ = pair
    with pytest.raises(igtl.MessageError, match=r"GET_IMAGE cannot carry that: .*foo"):
        link.get(igtl.Image, foo=1)
    with pytest.raises(igtl.MessageError, match=r"STT_IMAGE cannot carry that: .*foo"):
        link.stream(igtl.Image, foo=1)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
def test_of_ping(pair: tuple[Link, RawPeer], count: Any) -> None:
    link, _ = pair
    with pytest.raises(igtl.MessageError, match="expected 1 question or more"):
        link.ping(count)


def test_methods_of_the_house_are_private() -> None:
    names = {"unsubscribe", "raise_if_broken", "nothing_of", "greet", "start", "begin"}
    for client in (igtl.Client, igtl.aio.Client):
        assert names.isdisjoint(dir(client))
