"""Servers that behave in one way or another when they are asked."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import igtl

__all__ = ["HELLO_OF_SLICER", "Questions", "asked_of", "silent_server", "slicer_server"]

Questions = queue.SimpleQueue[igtl.Message]

#: What 3D Slicer says to everybody who connects.
HELLO_OF_SLICER = igtl.Status(0, metadata={"dummy": "dummy"}, header_version=2)


@contextmanager
def silent_server() -> Iterator[tuple[igtl.Server, Questions]]:
    """A server that takes questions and commands and answers none, and what it was asked."""
    asked: Questions = queue.SimpleQueue()
    with igtl.Server(port=0) as server:
        for cls in (igtl.Get, type(igtl.Get(igtl.Status)), igtl.Start, igtl.Stop, igtl.Command):
            server.on_message(cls)(lambda client, question: asked.put(question))
        yield server, asked


@contextmanager
def slicer_server() -> Iterator[tuple[igtl.Server, Questions]]:
    """A server that says hello as 3D Slicer does."""
    with silent_server() as (server, asked):

        @server.on_connect
        def greet(client: igtl.Peer) -> None:
            client.send(HELLO_OF_SLICER.replace(timestamp=0.0))

        yield server, asked


def asked_of(questions: Questions) -> list[str]:
    """The wire types of what was asked so far."""
    found = []
    while not questions.empty():
        found.append(questions.get().wire_type)
    return found
