from __future__ import annotations

import math

import numpy as np
import pytest

import igtl
from tests.net.raw import LITTLE_ROOM, dial, image, pose
from tests.net.scripts import SLICER_HELLO, client_info, fence
from tests.net.shells import Shell
from tests.net.waiting import PATIENCE


@pytest.mark.parametrize("says", [b"", SLICER_HELLO, client_info(b"<ClientInfo/>")])
def test_idle_clients_are_sent_a_status_again_and_again(shell: Shell, says: bytes) -> None:
    server = shell.serve(keep_alive=0.1)
    with dial(server.port) as peer:
        peer.send(says)
        for _ in range(3):
            status = peer.receive()
            assert isinstance(status, igtl.Status)
            assert status.code == igtl.StatusCode.OK
    assert server.counters.errors == 0


def test_clients_that_get_data_are_sent_nothing_more(shell: Shell) -> None:
    server = shell.serve(keep_alive=1e6)
    with dial(server.port) as peer:
        assert server.wait_for_clients(timeout=PATIENCE)
        server.publish(pose(1))
        assert [one.wire_type for one in fence(peer)] == ["TRANSFORM"]


def test_without_keep_alive_an_idle_client_hears_nothing(shell: Shell) -> None:
    server = shell.serve(stall_timeout=0.02)  # so often silent clients are looked after
    with dial(server.port) as peer, dial(server.port) as stalled:
        stalled.send(b"half a header")
        assert stalled.closed_by_peer()
        assert fence(peer) == []


@pytest.mark.parametrize("policy", ["wait", "drop-oldest", "newest"])
def test_clients_that_do_not_read_are_not_sent_more(shell: Shell, policy: str) -> None:
    server = shell.serve(keep_alive=0.02, when_full=policy, queue_messages=2)
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow, dial(server.port) as peer:
        assert server.wait_for_clients(2, PATIENCE)
        server.clients[0].send(image(20_000_000))
        for _ in range(5):  # time passes
            assert isinstance(peer.receive(), igtl.Status)
        assert server.clients[0].queued <= 2
        while not isinstance(message := slow.receive(), igtl.Image):
            pass
        assert np.array_equal(message.pixels, image(20_000_000).pixels)
        assert server.counters.errors == 0


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("option", ["keep_alive", "command_timeout"])
def test_times_that_make_no_sense_are_refused(shell: Shell, option: str, seconds: float) -> None:
    with pytest.raises(igtl.MessageError, match=f"{option} is .*, expected more than 0 s"):
        shell.serve(0, **{option: seconds})
