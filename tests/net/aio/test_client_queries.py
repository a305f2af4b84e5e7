"""Questions in one loop: tasks side by side, and tasks that are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import igtl
import igtl.aio
from tests.net.aio.turns import until
from tests.net.raw import RawPeer, RawServer, number_of, pose, wire
from tests.net.waiting import PATIENCE

Pair = tuple[igtl.aio.Client, RawPeer]


@pytest.fixture
async def known(listener: RawServer) -> AsyncIterator[Pair]:
    """As `pair`, but the client knows what its server is and asks at once."""
    async with igtl.aio.connect(listener.endpoint, profile="igtl") as link:
        with listener.accept() as peer:
            yield link, peer


async def received_by(peer: RawPeer) -> igtl.Message:
    """The next message that a bare peer gets, without holding the loop up."""
    return await asyncio.to_thread(peer.receive)


async def test_one_task_iterates_while_another_asks(pair: Pair) -> None:
    link, peer = pair
    seen: list[int] = []

    async def iterate() -> None:
        async for message in link:
            seen.append(number_of(message))  # noqa: PERF401 (seen is looked at meanwhile)

    iterating = asyncio.create_task(iterate())
    for turn in range(20):
        asking = asyncio.create_task(link.get(igtl.String, timeout=PATIENCE))
        assert (await received_by(peer)).wire_type == "GET_STRING"
        peer.send(wire(pose(2 * turn), igtl.String(str(turn)), pose(2 * turn + 1)))
        assert (await asking).text == str(turn)
    peer.close()
    await asyncio.wait_for(iterating, PATIENCE)
    assert seen == [*range(40)]


@pytest.mark.parametrize("turns", range(6))
async def test_a_question_that_is_cancelled_is_forgotten(known: Pair, turns: int) -> None:
    """Its answer is news then, and the link goes on."""
    link, peer = known
    asking: asyncio.Task[object] = asyncio.create_task(link.get(igtl.String, timeout=PATIENCE))
    await until(asking, turns)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    if turns:
        assert (await received_by(peer)).wire_type == "GET_STRING"
        peer.send(wire(igtl.String("late")))
        late = await link.receive(PATIENCE)
        assert isinstance(late, igtl.String)
        assert late.text == "late"
    again = asyncio.create_task(link.get(igtl.Transform, timeout=PATIENCE))
    assert (await received_by(peer)).wire_type == "GET_TRANS"
    peer.send(wire(pose(5)))
    assert number_of(await again) == 5


async def test_a_stream_whose_opening_is_cancelled_is_stopped(pair: Pair) -> None:
    link, peer = pair
    stream = link.stream(igtl.Transform, timeout=PATIENCE)
    entering: asyncio.Task[object] = asyncio.create_task(stream.__aenter__())
    assert (await received_by(peer)).wire_type == "STT_TRANS"
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert (await received_by(peer)).wire_type == "STP_TRANS"


async def test_a_task_that_takes_from_a_stream_may_be_cancelled(pair: Pair) -> None:
    link, peer = pair

    async def answer() -> None:
        assert (await received_by(peer)).wire_type == "STT_TRANS"
        peer.send(wire(pose(1)))

    answering = asyncio.create_task(answer())
    async with link.stream(igtl.Transform, timeout=PATIENCE) as frames:
        await answering
        assert number_of(await frames.receive(PATIENCE)) == 1
        taking: asyncio.Task[object] = asyncio.create_task(anext(frames))
        await until(taking, 3)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        peer.send(wire(pose(2)))
        assert number_of(await frames.receive(PATIENCE)) == 2
    assert (await received_by(peer)).wire_type == "STP_TRANS"
