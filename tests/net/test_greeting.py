"""What happens between two programs before the first query: who are you, and what do you read?"""

from __future__ import annotations

import pytest

import igtl
import igtl.protocol.link
from tests.codec.wire import packet
from tests.net.raw import RawPeer, RawServer, pose, wire
from tests.net.scripts import SLICER_HELLO
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, background

#: What igtl's clients say before their first query: a query of a type that only igtl knows. No body
#: that a server of header version 1 could fail to read.
HELLO = packet("GET_IGTL", device_name=b"igtl-hello")


def sent(peer: RawPeer) -> bytes:
    """The next message, without its time."""
    data = peer.receive_any_bytes()
    return data[:34] + bytes(8) + data[42:]


def test_version_2_is_announced_before_the_first_query(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    for first in (True, False):
        asking, _ = background(lambda: link.get(igtl.String, "S", timeout=PATIENCE))
        if first:
            assert sent(peer) == HELLO
        assert sent(peer) == packet("GET_STRING", device_name=b"S")
        peer.send(wire(igtl.String("s", device_name="S")))
        assert asking.result(PATIENCE).text == "s"


def test_nothing_is_announced_by_who_only_sends(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    link.send(igtl.String("s", timestamp=1.0))
    assert peer.receive_any_bytes() == igtl.encode(igtl.String("s", timestamp=1.0))


def test_nothing_is_announced_where_version_2_came(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.send(wire(pose(1).replace(metadata={"a": "b"})))
    link.receive(PATIENCE)
    asking, _ = background(lambda: link.get(igtl.String, timeout=PATIENCE))
    query = peer.receive_any_bytes()
    assert query[:12] == b"\0\2GET_STRING"
    peer.send(wire(igtl.String("s")))
    assert asking.result(PATIENCE).text == "s"


def test_a_program_of_version_1_is_told_nothing(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint, profile="v1")
    with listener.accept() as peer:
        asking, _ = background(lambda: link.get(igtl.String, "S", timeout=PATIENCE))
        assert sent(peer) == packet("GET_STRING", device_name=b"S")
        peer.send(wire(igtl.String("s", device_name="S")))
        assert asking.result(PATIENCE).text == "s"


def test_metadata_survives_a_query_and_a_stream(shell: Shell) -> None:
    server = shell.serve()
    link = shell.connect(server.endpoint)
    server.offer(pose(1).replace(metadata={"a": "b"}))
    assert link.get(igtl.Transform).metadata == {"a": "b"}
    again = shell.connect(server.endpoint)
    with again.stream(igtl.Transform) as frames:
        assert frames.receive(PATIENCE).metadata == {"a": "b"}
        server.publish(pose(2).replace(metadata={"a": "c"}))
        assert frames.receive(PATIENCE).metadata == {"a": "c"}


def test_slicer_is_recognised_before_it_is_asked(
    shell: Shell, listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hello may still be under way when the first question is asked."""
    monkeypatch.setattr(igtl.protocol.link, "_GREETING", PATIENCE)
    link = shell.connect(listener.endpoint)
    with listener.accept() as peer:
        asking, _ = background(lambda: link.get(igtl.Transform, "Probe", timeout=PATIENCE))
        peer.send(SLICER_HELLO)
        with pytest.raises(igtl.MessageError, match="slicer"):
            asking.result(PATIENCE)
        link.send(igtl.String("that was all", timestamp=1.0))
        assert peer.receive_any_bytes()[2:8] == b"STRING"
