"""Whole programs: Ctrl-C anywhere ends them, and a peer that is killed is noticed."""

from __future__ import annotations

import signal

import pytest

import igtl
from tests.net.program import program, waits
from tests.net.raw import LITTLE_ROOM, RawServer, dial, image
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, background, eventually, linux_only, within

pytestmark = linux_only

#: Programs that wait for ever. They print "ready" and their server's port, if they have one.
WAITING = {
    "iteration": """
        with igtl.connect(endpoint) as link:
            ready()
            for message in link: pass
    """,
    "receive in time": """
        with igtl.connect(endpoint) as link:
            ready()
            link.receive(timeout=100)
    """,
    "get": """
        with igtl.connect(endpoint) as link:
            ready()
            link.get(igtl.Image, timeout=100)
    """,
    "stream": """
        with igtl.connect(endpoint) as link:
            ready()
            with link.stream(igtl.Image, timeout=100) as frames:
                for message in frames: pass
    """,
    "asyncio get": """
        async def main():
            async with igtl.aio.connect(endpoint) as link:
                ready()
                await link.get(igtl.Image, timeout=100)
        asyncio.run(main())
    """,
    "send": """
        with igtl.connect(endpoint) as link:
            ready()
            while True: link.send(large, timeout=100)
    """,
    "server": """
        with igtl.Server(0) as server:
            ready(server.port)
            for peer, message in server: pass
    """,
    "server that waits for clients": """
        with igtl.Server(0) as server:
            ready(server.port)
            server.wait_for_clients(2)
    """,
    "server whose client does not read": """
        with igtl.Server(0, when_full="wait", queue_messages=1) as server:
            ready(server.port)
            server.wait_for_clients(1)
            while True: server.publish(large, timeout=100)
    """,
    "asyncio": """
        async def main():
            async with igtl.aio.connect(endpoint) as link:
                ready()
                async for message in link: pass
        asyncio.run(main())
    """,
    "asyncio send": """
        async def main():
            async with igtl.aio.connect(endpoint) as link:
                ready()
                while True: await link.send(large, timeout=100)
        asyncio.run(main())
    """,
    "asyncio without with": """
        async def main():
            global link
            link = await igtl.aio.connect(endpoint)
            ready()
            await link.receive()
        asyncio.run(main())
    """,
    "asyncio server": """
        async def main():
            async with igtl.aio.Server(0) as server:
                ready(server.port)
                async for peer, message in server: pass
        asyncio.run(main())
    """,
    "asyncio server whose client does not read": """
        async def main():
            async with igtl.aio.Server(0, when_full="wait", queue_messages=1) as server:
                ready(server.port)
                await server.wait_for_clients(1)
                while True: await server.publish(large, timeout=2)
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("what", WAITING)
def test_ctrl_c_ends_a_program_and_says_nothing_but_that(what: str) -> None:
    with RawServer() as listener, program(WAITING[what], listener.endpoint) as (process, port):
        client = dial(port, receive_buffer=LITTLE_ROOM) if port else listener.accept()
        with client:
            eventually(lambda: waits(process))
            if "not read" not in what:
                background(client.close_with_peer)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.strip().endswith("KeyboardInterrupt")
    for complaint in ("Exception ignored", "never retrieved", "destroyed", "Error:", "Warning"):
        assert complaint not in errors.replace("CancelledError", "")
    if not what.startswith("asyncio"):
        assert errors.count("Traceback") == 1


def test_ctrl_c_ends_a_program_that_connects(silent: RawServer) -> None:
    body = """
        ready()
        igtl.connect(endpoint, timeout=100)
    """
    with program(body, silent.endpoint) as (process, _):
        eventually(lambda: waits(process))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert errors.strip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1


@pytest.mark.parametrize("kind", [signal.SIGKILL])
def test_a_server_process_that_is_killed_in_the_middle_of_a_message_is_noticed(
    shell: Shell, kind: signal.Signals
) -> None:
    body = """
        huge = igtl.Image(np.zeros((25, 1000, 1000), np.uint8))
        with igtl.Server(0, when_full="wait", queue_messages=1) as server:
            ready(server.port)
            server.wait_for_clients()
            while True: server.publish(huge, timeout=100)
    """
    with program(body, "") as (process, port):
        link = shell.connect(f"127.0.0.1:{port}")
        assert isinstance(link.receive(PATIENCE), igtl.Image)
        eventually(lambda: waits(process))  # the client takes no more: half an image is out
        process.send_signal(kind)
        process.wait(PATIENCE)
        with within(), pytest.raises(igtl.ClosedError, match="in the middle of a message"):
            receive_for_ever(link)


def receive_for_ever(link: Link) -> None:
    while True:
        assert isinstance(link.receive(PATIENCE), igtl.Image)


def test_a_program_that_closes_nothing_ends_all_the_same(listener: RawServer) -> None:
    body = """
        server = igtl.Server(0)
        link = igtl.connect(server.endpoint)
        server.wait_for_clients()
        server.publish(large)
        ready(server.port)
    """
    with program(body, "") as (process, _):
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_a_client_is_there_for_a_process_that_sends_and_ends(shell: Shell) -> None:
    """What was sent arrives though the program ends at once."""
    server = shell.serve()
    body = """
        with igtl.connect(endpoint) as link:
            link.send(large, large, large)
        ready()
    """
    with program(body, server.endpoint) as (process, _):
        assert process.wait(PATIENCE) == 0
    for _ in range(3):
        message = server.receive(PATIENCE)[1]
        assert isinstance(message, igtl.Image)
        assert message.pixels.nbytes == image(4_000_000).pixels.nbytes
