"""What only asyncio has: cancellation, tasks, coroutines as handlers, one loop for everything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
from collections.abc import AsyncIterator, Iterator

import pytest

import igtl
import igtl.aio
from tests.net.raw import (
    LITTLE_ROOM,
    RawPeer,
    RawServer,
    dial,
    image,
    number_of,
    numbers_of,
    pose,
    poses,
    wire,
)
from tests.net.waiting import PATIENCE, background, within


@pytest.fixture(autouse=True)
async def no_task_left() -> AsyncIterator[None]:
    """Whatever is closed leaves no task in the loop."""
    before = asyncio.all_tasks()
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() - before <= {asyncio.current_task()}


@pytest.fixture
def listener() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
async def pair(listener: RawServer) -> AsyncIterator[tuple[igtl.aio.Client, RawPeer]]:
    """A client, and a bare socket as its server."""
    link = await igtl.aio.connect(listener.endpoint)
    peer = listener.accept()
    yield link, peer
    peer.close()
    await link.close()


@pytest.fixture
async def server() -> AsyncIterator[igtl.aio.Server]:
    async with igtl.aio.Server(0) as made:
        yield made


async def until(task: asyncio.Task[object], turns: int) -> None:
    """Let the loop run so many times, or until the task is done."""
    for _ in range(turns):
        await asyncio.sleep(0)
        if task.done():
            return


async def test_receiving_may_be_cancelled_at_any_time_and_no_message_is_lost(
    pair: tuple[igtl.aio.Client, RawPeer],
) -> None:
    link, peer = pair
    received = []
    for number in range(400):
        task = asyncio.create_task(link.receive(PATIENCE))
        await asyncio.sleep(0)
        peer.send(wire(pose(number)))
        select.select([], [peer.sock], [])
        await until(task, number % 7)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            received.append(number_of(await task))
    while len(received) < 400:
        received.append(number_of(await link.receive(PATIENCE)))
    assert received == [*range(400)]


async def test_a_server_may_be_cancelled_at_any_time_and_no_message_is_lost(
    server: igtl.aio.Server,
) -> None:
    received = []
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


async def test_short_patience_loses_no_message(pair: tuple[igtl.aio.Client, RawPeer]) -> None:
    link, peer = pair
    background(lambda: peer.send_in(wire(*poses(300)), 50))
    received: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(received) < 300:
            with contextlib.suppress(igtl.TimeoutError):
                received.append(number_of(await link.receive(0.0002)))
    assert received == [*range(300)]


async def test_iteration_may_be_cancelled_and_taken_up_again(
    pair: tuple[igtl.aio.Client, RawPeer],
) -> None:
    link, peer = pair
    received: list[int] = []
    come = asyncio.Event()

    async def iterate() -> None:
        async for message in link:
            received.append(number_of(message))
            come.set()

    for number in range(50):
        task = asyncio.create_task(iterate())
        come.clear()
        peer.send(wire(pose(number)))
        await asyncio.wait_for(come.wait(), PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert received == [*range(50)]


async def test_sending_that_is_cancelled_leaves_no_torn_stream(
    pair: tuple[igtl.aio.Client, RawPeer],
) -> None:
    """Half a message may be out: nothing may follow it."""
    link, peer = pair
    task = asyncio.create_task(link.send(image(12_000_000), timeout=PATIENCE))
    await asyncio.to_thread(select.select, [peer.sock], [], [], PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(igtl.ClosedError):
        await link.send(pose(1))
    with pytest.raises(ValueError, match="bytes"):
        await asyncio.to_thread(peer.receive)


async def test_the_latest_is_the_newest_though_the_loop_was_busy(
    pair: tuple[igtl.aio.Client, RawPeer],
) -> None:
    link, peer = pair
    for number in range(0, 200_000, 20_000):  # more than one read each
        peer.send(wire(*poses(1000, number)))  # nothing else runs in the loop meanwhile
        assert number_of(await link.latest(igtl.Transform)) == number + 999


@pytest.mark.parametrize("what", ["receive", "latest", "iteration", "frames"])
async def test_closing_ends_what_another_task_waits_for(
    pair: tuple[igtl.aio.Client, RawPeer], what: str
) -> None:
    link, _ = pair

    async def wait() -> list[object]:
        if what == "receive":
            return [await link.receive()]
        if what == "latest":
            return [await link.latest(igtl.Transform, timeout=PATIENCE)]
        return [one async for one in (link if what == "iteration" else link.frames())]

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    with within(3):
        await link.close()
        if what in ("iteration", "frames"):
            assert await task == []
        else:
            with pytest.raises(igtl.ClosedError, match="this side closed the link"):
                await task


async def test_closing_that_is_cancelled_can_be_closed_again(
    pair: tuple[igtl.aio.Client, RawPeer],
) -> None:
    link, peer = pair
    await link.send(pose(1))
    received, _ = background(peer.receive_rest_and_close)
    closing = asyncio.create_task(link.close())
    await asyncio.sleep(0)
    closing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await closing
    await link.close()
    assert numbers_of(received.result(PATIENCE)) == [1]


async def test_connecting_is_awaited_or_entered(server: igtl.aio.Server) -> None:
    async with igtl.aio.connect(server.endpoint) as one:
        other = await igtl.aio.connect(server.endpoint)
        async with other:
            assert await server.wait_for_clients(2, PATIENCE)
            await server.publish(pose(1))
            for link in (one, other):
                assert number_of(await link.receive(PATIENCE)) == 1
    assert one.closed
    assert other.closed


async def test_connecting_may_be_cancelled(silent: RawServer) -> None:
    task = asyncio.create_task(_connect(silent.endpoint, timeout=0.5))
    await until(task, 20)
    with within(0.4):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_connecting_that_is_cancelled_too_late_leaves_no_connection(
    listener: RawServer,
) -> None:
    for turns in range(12):
        task = asyncio.create_task(_connect(listener.endpoint))
        await asyncio.sleep(0)
        peer = listener.accept()  # the loop stands still until the connection is there
        await until(task, turns)
        task.cancel()
        try:
            await (await task).close()
        except asyncio.CancelledError:
            pass
        assert await asyncio.to_thread(peer.closed_by_peer)


async def _connect(endpoint: str, timeout: float = 5.0) -> igtl.aio.Client:
    link: igtl.aio.Client = await igtl.aio.connect(endpoint, timeout=timeout)
    return link


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
    with within(3):
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
        with within(3):
            await server.close()
    assert left == ["ended"]


async def test_a_coroutine_handler_may_close_its_server() -> None:
    server = igtl.aio.Server(0)

    @server.on_message
    async def close(*_: object) -> None:
        await server.close()

    with dial(server.port) as peer:
        peer.send(wire(pose(1)))
        with within(3):
            async for _ in server:
                pass
        assert await asyncio.to_thread(peer.closed_by_peer)
    await server.close()
