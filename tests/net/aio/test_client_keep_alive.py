"""A loop that is held up is no silence of the peer."""

from __future__ import annotations

import threading

import pytest

import igtl
import igtl.aio
from tests.net.raw import RawServer, number_of, poses, wire
from tests.net.waiting import PATIENCE, eventually, linux_only, taken_by_kernel


@linux_only
async def test_what_came_while_the_loop_was_held_up_counts(listener: RawServer) -> None:
    """The peer was asked, and answered; nobody was there to look until its time was over."""
    busy = threading.Event()
    async with igtl.aio.connect(listener.endpoint, keep_alive=0.2) as link:
        peer = listener.accept()
        for message in poses(6):
            with pytest.raises(igtl.TimeoutError):
                await link.receive(0.12)  # it is being asked
            assert peer.receive().wire_type == "GET_STATUS"
            peer.send(wire(message))
            eventually(lambda: taken_by_kernel(peer.sock))
            busy.wait(0.3)  # holds the loop up
            assert number_of(await link.receive(PATIENCE)) == number_of(message)
        peer.close()
