"""Servers that are followed: there, not there yet, gone, and back."""

from __future__ import annotations

import queue
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

import igtl
from igtl.net.follower import Follower, LinkState
from tests.net.waiting import PATIENCE, eventually, within

States = queue.SimpleQueue[LinkState]


def free_port() -> int:
    with igtl.Server(port=0) as server:
        return server.port


class Followed:
    """A follower, and what it told."""

    def __init__(self, endpoint: str, profile: str = "auto") -> None:
        self.states: States = queue.SimpleQueue()
        self.frames: list[igtl.Frame] = []
        self.times: list[float] = []
        self.follower = Follower(endpoint, self.take, profile=profile, changed=self.states.put)

    def take(self, frames: list[igtl.Frame], received: float) -> None:
        self.frames += frames
        self.times += [received] * len(frames)

    def await_state(self, state: str) -> LinkState:
        """The next of that name; those before it are skipped."""
        while (told := self.states.get(timeout=PATIENCE)).state != state:
            pass
        return told

    @property
    def texts(self) -> list[str]:
        messages = [igtl.decode(frame.to_bytes()) for frame in self.frames]
        return [one.text for one in messages if isinstance(one, igtl.String)]


@contextmanager
def following(endpoint: str) -> Iterator[Followed]:
    followed = Followed(endpoint)
    followed.follower.start()
    try:
        yield followed
    finally:
        followed.follower.close()


def test_what_comes_is_taken() -> None:
    with igtl.Server(port=0) as server, following(server.endpoint) as followed:
        assert followed.states.get(timeout=PATIENCE).state == "connecting"
        state = followed.await_state("connected")
        assert state.text == f"connected to {server.endpoint}"
        assert state.address == f"127.0.0.1:{server.port}"
        server.wait_for_clients()
        server.publish(*(igtl.String(str(n)) for n in range(100)))
        eventually(lambda: len(followed.frames) == 100)
        assert followed.texts == [str(n) for n in range(100)]
        assert followed.times == sorted(followed.times)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    port = free_port()
    with following(f"localhost:{port}") as followed:
        state = followed.await_state("waiting")
        assert state.text == (
            f"no OpenIGTLink server at localhost:{port}: connection refused. Is it running, and "
            "listening on this port? It is tried again and again"
        )
        with igtl.Server(port=port) as server:
            followed.await_state("connected")
            server.wait_for_clients()
            server.publish(igtl.String("late"))
            eventually(lambda: followed.texts == ["late"])


def test_a_server_that_comes_back_is_followed_again() -> None:
    port = free_port()
    with ExitStack() as stack:
        with igtl.Server(port=port) as server:
            followed = stack.enter_context(following(server.endpoint))
            followed.await_state("connected")
            server.wait_for_clients()
            server.publish(igtl.String("before"))
            eventually(lambda: followed.texts == ["before"])
        gone = followed.await_state("waiting")
        assert gone.text == (f"127.0.0.1:{port} closed the connection. It is tried again and again")
        with igtl.Server(port=port) as server:
            followed.await_state("connected")
            server.wait_for_clients()
            server.publish(igtl.String("after"))
            eventually(lambda: followed.texts == ["before", "after"])


def test_what_is_no_openigtlink_is_said() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        followed = stack.enter_context(following(f"127.0.0.1:{listener.getsockname()[1]}"))
        client = stack.enter_context(listener.accept()[0])
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 4)
        state = followed.await_state("waiting")
    assert "does not look like OpenIGTLink" in state.text
    assert "is this the right port?" in state.text


def test_the_kind_of_program_is_told_once_it_shows() -> None:
    with igtl.Server(port=0) as server, following(server.endpoint) as followed:
        assert followed.await_state("connected").profile == "igtl"
        server.wait_for_clients()
        server.publish(igtl.Transform(np.eye(4), metadata={"TransformStatus": "OK"}))
        assert followed.await_state("connected").profile == "plus"


def test_closing_ends_it() -> None:
    with igtl.Server(port=0) as server:
        with following(server.endpoint) as followed:
            followed.await_state("connected")
        assert followed.await_state("over").text == f"{server.endpoint} is not followed any more"


def test_closing_does_not_wait_for_a_server_that_is_not_there() -> None:
    with following(f"localhost:{free_port()}") as followed:
        followed.await_state("waiting")
        with within():
            followed.follower.close()
        followed.await_state("over")


def test_what_takers_raise_does_not_end_it() -> None:
    taken: queue.SimpleQueue[int] = queue.SimpleQueue()

    def take(frames: list[igtl.Frame], received: float) -> None:
        taken.put(len(frames))
        raise RuntimeError("not today")

    with igtl.Server(port=0) as server:
        follower = Follower(server.endpoint, take)
        follower.start()
        for _ in range(2):
            server.wait_for_clients()
            server.publish(igtl.String("x"))
            assert taken.get(timeout=PATIENCE) == 1
        follower.close()


@pytest.mark.parametrize("endpoint", ["", "ws://localhost", "localhost:port"])
def test_what_is_no_endpoint_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(igtl.EndpointError):
        Followed(endpoint)


def test_an_unknown_profile_is_refused_at_once() -> None:
    with pytest.raises(igtl.MessageError, match="expected one of"):
        Followed("localhost", profile="slcer")
