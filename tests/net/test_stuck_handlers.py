"""Handlers that never end: they cost a thread or a task, and keep nobody from going on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from itertools import count

import pytest

import igtl
import igtl.aio
from tests.net.raw import dial
from tests.net.scripts import command, fence, order, stubborn
from tests.net.shells import Shell
from tests.net.waiting import PATIENCE, eventually, within

BLOCKING = """
import sys, threading, igtl
server = igtl.Server(0)
begun = threading.Event()
@server.on_command("Stick")
def stick(client, command):
    print("stuck", flush=True)
    begun.set()
    threading.Event().wait()
link = igtl.connect(server.endpoint)
try:
    link.command("Stick", timeout=0.2)
except igtl.TimeoutError:
    begun.wait()
    print("late", flush=True)
"""
AIO = """
import asyncio, igtl.aio
async def main():
    server = igtl.aio.Server(0)
    begun = asyncio.Event()
    @server.on_command("Stick")
    async def stick(client, command):
        print("stuck", flush=True)
        begun.set()
        await asyncio.Event().wait()
    link = await igtl.aio.connect(server.endpoint)
    try:
        await link.command("Stick", timeout=0.2)
    except igtl.TimeoutError:
        await begun.wait()
        print("late", flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("script", [BLOCKING, AIO], ids=["blocking", "aio"])
def test_a_program_ends_though_a_handler_is_stuck(script: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert ended.stdout.split() == ["stuck", "late"]
    assert "never awaited" not in ended.stderr


def test_a_stuck_handler_keeps_no_other_client_waiting(shell: Shell) -> None:
    server, gate = shell.serve(command_timeout=0.05), threading.Event()
    server.on_command("Stick")(stubborn(shell, gate))
    server.on_command("Do")(lambda client, command: "done")
    try:
        with dial(server.port) as peer, dial(server.port) as other:
            peer.send(command(1, b"Stick"))
            assert "took longer" in str(peer.receive())
            numbers = count(1)  # a slow machine may need longer than 0.05 s as well
            eventually(lambda: "done" in str(order(other, next(numbers), b"Do")))
            peer.send(command(2, b"Do"))  # behind the stuck one: order is kept
            assert "took longer" in str(peer.receive())
    finally:
        gate.set()


def test_handlers_of_several_clients_that_are_stuck_let_the_server_close(shell: Shell) -> None:
    server, gate = shell.serve(), threading.Event()
    server.on_command("Stick")(stubborn(shell, gate))
    peers = [dial(server.port) for _ in range(4)]
    try:
        for peer in peers:
            peer.send(command(1, b"Stick"))
            assert fence(peer) == []
        with within():
            server.close()
        for peer in peers:
            assert peer.closed_by_peer()
    finally:
        gate.set()
        for peer in peers:
            peer.close()


# ---- asyncio alone


def test_a_coroutine_that_takes_too_long_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        cancelled = asyncio.Event()
        async with igtl.aio.Server(0, command_timeout=0.05) as server:

            @server.on_command("Sleep")
            async def sleep(client: igtl.Peer, command: igtl.Command) -> None:
                try:
                    await asyncio.sleep(1000)
                finally:
                    cancelled.set()

            asked = 0
            async with igtl.aio.connect(server.endpoint) as link, asyncio.timeout(PATIENCE):
                while not cancelled.is_set():  # too late before it has begun: it is not called
                    asked += 1
                    with pytest.raises(igtl.CommandError, match=r"longer than 0\.05 s"):
                        await link.command("Sleep")
            assert server.counters.errors == asked

    asyncio.run(run())
    assert "Traceback" not in caplog.text


def test_a_coroutine_that_times_out_by_itself_fails_at_once() -> None:
    async def run() -> None:
        async with igtl.aio.Server(0) as server:

            @server.on_command("Ask")
            async def ask(client: igtl.Peer, command: igtl.Command) -> None:
                raise TimeoutError("the robot does not answer")

            async with igtl.aio.connect(server.endpoint) as link:
                with pytest.raises(igtl.CommandError, match="the robot does not answer"):
                    await link.command("Ask")

    asyncio.run(run())


def test_a_coroutine_at_work_is_cancelled_when_the_server_closes() -> None:
    async def run() -> None:
        began, ended = asyncio.Event(), asyncio.Event()
        async with igtl.aio.Server(0) as server:

            @server.on_command("Sleep")
            async def sleep(client: igtl.Peer, command: igtl.Command) -> None:
                began.set()
                try:
                    await asyncio.sleep(1000)
                finally:
                    ended.set()

            link = await igtl.aio.connect(server.endpoint)
            asking = asyncio.ensure_future(link.command("Sleep", timeout=PATIENCE))
            await began.wait()
        assert ended.is_set()
        with pytest.raises(igtl.ClosedError):
            await asking
        await link.close()

    asyncio.run(run())


def test_a_coroutine_may_close_its_server() -> None:
    async def run() -> None:
        server = igtl.aio.Server(0)

        @server.on_command("Close")
        async def close(client: igtl.Peer, command: igtl.Command) -> None:
            await server.close()

        async with igtl.aio.connect(server.endpoint) as link:
            with pytest.raises(igtl.ClosedError):
                await link.command("Close", timeout=PATIENCE)
        await server.close()

    with within(PATIENCE):
        asyncio.run(run())


def test_a_handler_may_close_its_server() -> None:
    with igtl.Server(0) as server:
        server.on_command("Close")(lambda client, command: server.close())
        with dial(server.port) as peer, within():
            peer.send(command(1, b"Close"))
            assert peer.closed_by_peer()
            eventually(lambda: server.closed)


def test_handlers_threads_end_with_their_server() -> None:
    def at_work() -> int:
        return sum(
            one.name == f"igtl server {server.port} handlers" for one in threading.enumerate()
        )

    with igtl.Server(0) as server:
        assert at_work() == 0
        server.on_command("Do")(lambda client, command: None)
        with dial(server.port) as peer:
            peer.send(command(1, b"Do"))
            assert isinstance(peer.receive(), igtl.CommandReply)
            assert at_work() == 1
    eventually(lambda: at_work() == 0)
