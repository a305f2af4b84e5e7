"""What is copied of a message that waits for slow clients, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from igtl.codec.buffers import Buffer
from igtl.protocol.outgoing import Outgoing
from tests.net.raw import RawServer, image, wire
from tests.net.waiting import PATIENCE


def shares(pieces: Sequence[Buffer], array: NDArray[Any]) -> bool:
    """Whether one of the pieces is the array's own memory."""
    return any(np.shares_memory(np.frombuffer(piece, np.uint8), array) for piece in pieces)


def noise(*shape: int) -> NDArray[np.uint16]:
    values = np.random.default_rng(1).integers(0, 60_000, shape)
    return values.astype(np.uint16)


def test_a_read_only_array_goes_out_from_where_it_lies() -> None:
    pixels = noise(1, 500, 500)
    pixels.flags.writeable = False
    outgoing = Outgoing(igtl.Image(pixels), 0.0)
    assert shares(outgoing.buffers, pixels)
    assert b"".join(outgoing.buffers) == wire(igtl.Image(pixels))


def test_an_array_that_can_be_written_to_is_copied_once() -> None:
    pixels = noise(1, 500, 500)
    message = igtl.Image(pixels)
    before = wire(message)
    outgoing = Outgoing(message, 0.0)
    pixels[:] = 0
    assert not shares(outgoing.buffers, pixels)
    assert b"".join(outgoing.buffers) == before


def test_what_a_client_received_is_passed_on_from_where_it_lies() -> None:
    with (
        RawServer() as listener,
        igtl.connect(listener.endpoint) as link,
        listener.accept() as peer,
    ):
        peer.send(wire(image(500_000)))
        message = link.receive(PATIENCE)
    assert isinstance(message, igtl.Image)
    assert shares(Outgoing(message, 0.0).buffers, message.pixels)


@pytest.mark.parametrize("shape", [(1, 40, 40), (1, 80, 102), (1, 400, 400)])
def test_no_change_of_an_array_reaches_a_message_of_any_size(shape: tuple[int, ...]) -> None:
    pixels = noise(*shape)
    message = igtl.Image(pixels)
    before = wire(message)
    outgoing = Outgoing(message, 0.0)
    pixels += 1
    assert b"".join(outgoing.buffers) == before
