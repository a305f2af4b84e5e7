from __future__ import annotations

import asyncio
import threading

from igtl.viewer.bell import Bell


async def test_a_ring_from_another_thread_wakes_all_who_wait() -> None:
    bell, there = Bell(), threading.Event()
    waiting = [asyncio.create_task(bell.wait(there.is_set, 10)) for _ in range(3)]
    await asyncio.sleep(0)

    def ring() -> None:
        there.set()
        bell.ring()

    await asyncio.to_thread(ring)
    assert await asyncio.gather(*waiting) == [True, True, True]


async def test_what_is_there_already_is_not_waited_for() -> None:
    assert await Bell().wait(lambda: True, -1)


async def test_a_wait_ends_in_time() -> None:
    assert not await Bell().wait(lambda: False, 0.01)


async def test_rings_for_other_things_do_not_end_a_wait() -> None:
    bell = Bell()
    looked: list[bool] = []

    def is_there() -> bool:
        looked.append(True)
        bell.ring()
        return len(looked) == 4

    assert await bell.wait(is_there, 10)


async def test_a_thousand_rings_wake_once() -> None:
    bell, looks = Bell(), 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return looks == 2

    waiting = asyncio.create_task(bell.wait(look, 10))
    await asyncio.sleep(0)
    for _ in range(1000):
        bell.ring()
    await waiting
    await asyncio.sleep(0)
    assert looks == 2


async def test_threads_have_an_event() -> None:
    bell, event = Bell(), threading.Event()
    bell.add(event)
    bell.ring()
    assert event.is_set()
    event.clear()
    bell.remove(event)
    bell.ring()
    assert not event.is_set()


def test_a_loop_that_is_closed_waits_no_more() -> None:
    bell = Bell()

    async def leave() -> None:
        task = asyncio.create_task(bell.wait(lambda: False, 10))
        await asyncio.sleep(0)
        bell._waiters.add(asyncio.get_running_loop().create_future())
        task.cancel()

    asyncio.run(leave())
    bell.ring()
