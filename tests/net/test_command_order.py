"""When commands are executed, how often, and what happens when that takes too long."""

from __future__ import annotations

import threading
from itertools import count

import igtl
from tests.net.raw import RawPeer, dial
from tests.net.scripts import command, error_of, fence, held, order, reply_to, stubborn
from tests.net.shells import Service, Shell
from tests.net.waiting import PATIENCE, eventually, within


def test_a_handler_that_takes_too_long_fails_and_its_late_result_is_dropped(shell: Shell) -> None:
    server, gate, ended = shell.serve(command_timeout=0.05), threading.Event(), threading.Event()
    late = held(shell, gate, "late")
    server.on_command("Slow")(late)
    server.on_command("Next")(lambda client, command: ended.set())
    with dial(server.port) as peer:
        assert error_of(order(peer, 1, b"Slow")) == "it took longer than 0.05 s"
        gate.set()
        numbers = count(2)  # a slow machine may need longer than 0.05 s as well
        eventually(lambda: order(peer, next(numbers), b"Next").metadata["Status"] == "SUCCESS")
        assert fence(peer) == []
        assert error_of(order(peer, 1, b"Slow"))  # the reply that is remembered
        assert server.counters.errors == next(numbers) - 2


def test_a_command_that_waited_too_long_is_not_executed_after_all(shell: Shell) -> None:
    server, gate, executed = shell.serve(command_timeout=0.1), threading.Event(), list[str]()

    def note(client: igtl.Peer, command: igtl.Command) -> None:
        executed.append(command.name)

    server.on_command("Slow")(stubborn(shell, gate))
    server.on_command("Next")(note)
    server.on_command("Last")(note)
    with dial(server.port) as peer:
        peer.send(command(1, b"Slow") + command(2, b"Next"))
        assert {reply_to(peer).command_id for _ in range(2)} == {1, 2}
        gate.set()
        numbers = count(3)  # a slow machine may need longer than 0.1 s as well
        eventually(lambda: order(peer, next(numbers), b"Last").metadata["Status"] == "SUCCESS")
    assert set(executed) == {"Last"}


def test_commands_of_one_client_are_executed_one_after_another(
    server: Service, peer: RawPeer
) -> None:
    at_work, order_of = threading.Semaphore(1), list[int]()

    @server.on_command("Do")
    def do(client: igtl.Peer, command: igtl.Command) -> None:
        assert at_work.acquire(blocking=False)
        order_of.append(command.command_id)
        at_work.release()

    peer.send(b"".join(command(number, b"Do") for number in range(1, 51)))
    replies = [reply_to(peer) for _ in range(50)]
    assert [one.command_id for one in replies] == order_of == [*range(1, 51)]
    assert all(one.metadata["Status"] == "SUCCESS" for one in replies)


def test_commands_of_two_clients_are_executed_side_by_side(
    shell: Shell, server: Service, peer: RawPeer
) -> None:
    gate = threading.Event()
    server.on_command("Wait")(held(shell, gate, "waited"))

    @server.on_command("Open")
    def open_gate(client: igtl.Peer, command: igtl.Command) -> None:
        gate.set()

    peer.send(command(1, b"Wait"))
    with dial(server.port) as other:
        assert order(other, 1, b"Open").metadata["Status"] == "SUCCESS"
    assert reply_to(peer).content == "waited"


def test_a_command_that_is_repeated_is_executed_once(server: Service, peer: RawPeer) -> None:
    executed = []

    @server.on_command("Do")
    def do(client: igtl.Peer, command: igtl.Command) -> str:
        executed.append(command.command_id)
        return f"time {len(executed)}"

    first = order(peer, 9, b"Do")
    assert order(peer, 9, b"Do").content == first.content == "time 1"
    assert order(peer, 10, b"Do").content == "time 2"
    assert executed == [9, 10]


def test_a_command_repeated_while_it_is_executed_is_replied_to_once(
    shell: Shell, server: Service, peer: RawPeer
) -> None:
    gate = threading.Event()
    server.on_command("Do")(held(shell, gate, "done"))
    peer.send(command(9, b"Do") * 3)
    assert fence(peer) == []
    gate.set()
    assert reply_to(peer).content == "done"
    assert fence(peer) == []


def test_too_many_commands_that_wait_are_refused(
    shell: Shell, server: Service, peer: RawPeer
) -> None:
    gate, count = threading.Event(), 150
    server.on_command("Do")(held(shell, gate))
    peer.send(b"".join(command(number, b"Do") for number in range(1, count + 1)))
    busy = fence(peer)
    assert 49 <= len(busy) <= 50  # a hundred wait, and perhaps one has begun
    for one in busy:
        assert isinstance(one, igtl.CommandReply)
        assert error_of(one) == "busy: too many requests wait"
    gate.set()
    for _ in range(count - len(busy)):
        assert reply_to(peer).metadata["Status"] == "SUCCESS"


# ---- who is gone, and the end


def test_a_client_that_is_gone_meanwhile_harms_nobody(shell: Shell, server: Service) -> None:
    gate, ended = threading.Event(), threading.Event()
    server.on_command("Wait")(held(shell, gate))
    server.on_command("Then")(lambda client, command: ended.set())
    with dial(server.port) as peer:
        peer.send(command(1, b"Wait") + command(2, b"Then"))
        assert fence(peer) == []
    eventually(lambda: not server.clients)
    gate.set()
    assert ended.wait(PATIENCE)  # what was told to be done is done
    with dial(server.port) as other:
        assert order(other, 1, b"Then").metadata["Status"] == "SUCCESS"
    assert server.counters.errors == 0


def test_closing_waits_for_no_handler(shell: Shell) -> None:
    server, gate = shell.serve(), threading.Event()
    server.on_command("Wait")(held(shell, gate))
    with dial(server.port) as peer:
        peer.send(command(1, b"Wait"))
        assert fence(peer) == []
        with within():
            server.close()
        gate.set()
