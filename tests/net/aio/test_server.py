from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

import igtl
import igtl.aio
from tests.net.aio.turns import until
from tests.net.raw import LITTLE_ROOM, dial, image, number_of, numbers_of, pose, poses, wire
from tests.net.waiting import PATIENCE, background, eventually, within


@pytest.mark.parametrize("handlers", [0, 1])
async def test_a_server_may_be_cancelled_at_any_time_and_no_message_is_lost(
    server: igtl.aio.Server, handlers: int
) -> None:
    received = []
    for _ in range(handlers):  # messages go another way where there are handlers
        server.on_message(lambda *_: None)
    with dial(server.port) as peer:
        for number in range(400):
            task = asyncio.create_task(server.receive(PATIENCE))
            await asyncio.sleep(0)
            peer.send(wire(pose(number)))
            await until(task, number % 40)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                received.append(number_of((await task)[1]))
        while len(received) < 400:
            received.append(number_of((await server.receive(PATIENCE))[1]))
    assert received == [*range(400)]


async def test_many_clients_live_in_one_loop_with_their_server(server: igtl.aio.Server) -> None:
    count = 40

    async def client(number: int) -> list[int]:
        async with igtl.aio.connect(server.endpoint) as link:
            await link.send(pose(number))
            received = [number_of(await link.receive(PATIENCE)) for _ in range(100)]
            await link.send(pose(number + 1000))
            return received

    clients = [asyncio.create_task(client(number)) for number in range(count)]
    assert await server.wait_for_clients(count, PATIENCE)
    for message in poses(100):
        await server.publish(message)
    received = [number_of((await server.receive(PATIENCE))[1]) for _ in range(2 * count)]
    assert sorted(received) == [*range(count), *range(1000, 1000 + count)]
    assert await asyncio.gather(*clients) == [[*range(100)]] * count


async def test_publishing_that_waits_keeps_no_other_task_waiting() -> None:
    async with igtl.aio.Server(0, when_full="wait", queue_messages=5) as server:
        with dial(server.port, receive_buffer=LITTLE_ROOM) as slow:
            assert await server.wait_for_clients(timeout=PATIENCE)
            sent = [image(200_000, number).replace(timestamp=1.0) for number in range(60)]
            publishing = asyncio.create_task(server.publish(*sent, timeout=PATIENCE))
            await until(publishing, 100)
            assert not publishing.done()
            received = await asyncio.to_thread(slow.receive_some, 60)
            await publishing
            assert received == sent


async def test_a_busy_loop_keeps_no_client_waiting(server: igtl.aio.Server) -> None:
    with dial(server.port, receive_buffer=LITTLE_ROOM) as peer:
        assert await server.wait_for_clients(timeout=PATIENCE)
        sent = [image(3_000_000, number).replace(timestamp=1.0) for number in range(5)]
        await server.publish(*sent)
        assert peer.receive_some(5) == sent  # in the loop's own thread


@pytest.mark.parametrize("what", ["receive", "iteration", "wait_for_clients"])
async def test_closing_a_server_ends_what_another_task_waits_for(what: str) -> None:
    server = igtl.aio.Server(0)

    async def wait() -> object:
        if what == "receive":
            return await server.receive()
        if what == "wait_for_clients":
            return await server.wait_for_clients()
        return [one async for one in server]

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    with within():
        await server.close()
        if what == "receive":
            with pytest.raises(igtl.ClosedError):
                await task
        else:
            assert not await task


async def test_several_tasks_may_wait_for_messages_of_one_server(server: igtl.aio.Server) -> None:
    tasks = [asyncio.create_task(server.receive(PATIENCE)) for _ in range(10)]
    await asyncio.sleep(0)
    with dial(server.port) as peer:
        peer.send(wire(*poses(10)))
        received = [number_of(message) for _, message in await asyncio.gather(*tasks)]
    assert sorted(received) == [*range(10)]


async def test_handlers_run_in_the_loop_and_in_order(server: igtl.aio.Server) -> None:
    received: list[int] = []
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    @server.on_message(igtl.Transform)  # type: ignore[untyped-decorator]
    def handle(_: igtl.Peer, message: igtl.Transform) -> None:
        assert asyncio.get_running_loop() is loop
        received.append(number_of(message))
        if len(received) == 300:
            done.set()

    with dial(server.port) as peer:
        peer.send(wire(*poses(300)))
        await asyncio.wait_for(done.wait(), PATIENCE)
    assert received == [*range(300)]


async def test_a_coroutine_function_gets_one_message_after_another(
    server: igtl.aio.Server,
) -> None:
    received: list[int] = []
    at_work: list[int] = []
    done = asyncio.Event()

    @server.on_message(igtl.Transform)  # type: ignore[untyped-decorator]
    async def handle(_: igtl.Peer, message: igtl.Transform) -> None:
        at_work.append(number_of(message))
        await asyncio.sleep(0)
        assert at_work == [number_of(message)]
        received.append(at_work.pop())
        if len(received) == 300:
            done.set()

    with dial(server.port) as peer:
        peer.send(wire(*poses(300)))
        await asyncio.wait_for(done.wait(), PATIENCE)
    assert received == [*range(300)]


async def test_clients_have_to_wait_for_a_handler_and_nothing_is_lost(
    server: igtl.aio.Server,
) -> None:
    count = 13_000
    received: list[int] = []
    gate, done = asyncio.Event(), asyncio.Event()

    @server.on_message(igtl.Transform)  # type: ignore[untyped-decorator]
    async def handle(_: igtl.Peer, message: igtl.Transform) -> None:
        await gate.wait()
        received.append(number_of(message))
        if len(received) == count:
            done.set()

    with dial(server.port) as peer:
        sending, _ = background(lambda: peer.send(wire(*poses(count))))
        await asyncio.to_thread(
            eventually, lambda: server.counters.messages_received > 10_000 or sending.done()
        )
        assert server.counters.messages_received < 12_000
        gate.set()
        await asyncio.wait_for(done.wait(), PATIENCE)
        sending.result(PATIENCE)
    assert received == [*range(count)]
    assert server.counters.dropped == 0


async def test_coroutine_functions_are_handlers(server: igtl.aio.Server) -> None:
    gate = asyncio.Event()

    @server.on_message(igtl.Transform)  # type: ignore[untyped-decorator]
    async def answer_when_told(peer: igtl.Peer, message: igtl.Transform) -> None:
        await gate.wait()
        peer.send(message)

    @server.on_message(igtl.String)  # type: ignore[untyped-decorator]
    async def tell(_: igtl.Peer, __: igtl.String) -> None:
        gate.set()

    with dial(server.port) as peer:
        peer.send(wire(*poses(5), igtl.String("go")))
        assert numbers_of(await asyncio.to_thread(peer.receive_some, 5)) == [*range(5)]


async def test_a_coroutine_handler_that_fails_is_logged_and_counted(
    server: igtl.aio.Server, caplog: pytest.LogCaptureFixture
) -> None:
    failed = asyncio.Event()

    @server.on_message
    async def fail(*_: object) -> None:
        failed.set()
        raise ZeroDivisionError("by design")

    with caplog.at_level(logging.ERROR, "igtl"), dial(server.port) as peer:
        peer.send(wire(pose(1)))
        await asyncio.wait_for(failed.wait(), PATIENCE)
        assert server.counters.errors == 1
    assert "by design" in caplog.text
    await server.close()
    assert server.counters.errors == 1


async def test_closing_a_server_ends_its_coroutine_handlers() -> None:
    server = igtl.aio.Server(0)
    entered = asyncio.Event()
    left: list[str] = []

    @server.on_message
    async def wait_for_ever(*_: object) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.append("ended")

    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        await asyncio.wait_for(entered.wait(), PATIENCE)
        peer.close()
        with within():
            await server.close()
    assert left == ["ended"]


async def test_a_coroutine_handler_may_close_its_server() -> None:
    server = igtl.aio.Server(0)

    @server.on_message
    async def close(*_: object) -> None:
        await server.close()

    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        with within():
            async for _ in server:
                pass
        assert await asyncio.to_thread(peer.closed_by_peer)
    await server.close()
