from __future__ import annotations

import asyncio
import contextlib
import select

import pytest

import igtl
import igtl.aio
from tests.net.aio.turns import until
from tests.net.raw import RawPeer, RawServer, image, number_of, numbers_of, pose, poses, wire
from tests.net.waiting import PATIENCE, background, within


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
    with within():
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
    task = asyncio.create_task(_connect(silent.endpoint, timeout=PATIENCE))
    await until(task, 20)
    with within():
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


async def test_handlers_may_be_coroutine_functions(
    pair: tuple[igtl.aio.Client, RawPeer], caplog: pytest.LogCaptureFixture
) -> None:
    link, peer = pair
    told: list[str] = []

    @link.on_event
    async def tell(event: igtl.LinkEvent) -> None:
        await asyncio.sleep(0)
        told.append(event.kind)

    @link.on_event
    async def fail(_event: igtl.LinkEvent) -> None:
        await asyncio.sleep(0)
        raise ValueError("of the user's own")

    peer.close()
    assert [message async for message in link] == []
    for _ in range(5):
        await asyncio.sleep(0)
    assert told == ["ended"]
    assert link.counters.errors == 1
    assert "failed; the link goes on" in caplog.text
