"""Who watches what: encoded pictures, each with its number in place of its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from igtl.codec.buffers import Buffer
from igtl.viewer.broadcast import Broadcast, Coded, Watcher
from tests.viewer.sent import opened

PATIENCE = 10.0


def broadcast(unshown: int = 3, kept: int = 10, most_bytes: int = 1000) -> Broadcast:
    made = Broadcast(most_unshown=unshown, most_kept=kept, too_late="too slow")
    made.limit(most_bytes)
    return made


def put(made: Broadcast, *numbers: int, keys: tuple[int, ...] = (), size: int = 1) -> None:
    for number in numbers:
        head: partial[dict[str, Any]] = partial(dict, seq=number, key=number in keys)
        made.put(Coded(head, bytes([number]) * size, number in keys))


async def news_of(watcher: Watcher) -> list[Buffer] | str | None:
    """What there is for a browser by now; "" for nothing."""
    task = asyncio.create_task(watcher.next())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if task.done():
        return task.result()
    task.cancel()
    return ""


async def taken(watcher: Watcher) -> list[int | str | None]:
    """All that is there for a browser that shows it at once."""
    found: list[int | str | None] = []
    while (news := await news_of(watcher)) != "":
        if not isinstance(news, list):
            return [*found, news]
        head, data = opened(news)
        assert data[0] == head["seq"]
        found.append(head["seq"])
        watcher.shown(head["seq"])
    return found


async def test_who_begins_is_given_all_since_the_last_key_frame() -> None:
    made = broadcast()
    put(made, *range(1, 9), keys=(1, 4))
    late, watcher = Watcher(made), Watcher(made)
    assert await taken(watcher) == [4, 5, 6, 7, 8]
    put(made, 9)
    assert await taken(watcher) == [9]
    assert await taken(late) == [4, 5, 6, 7, 8, 9]
    news = await Watcher(made).next()
    assert isinstance(news, list)
    assert opened(news)[0]["skipped"] == 0


async def test_where_that_is_too_much_the_next_key_frame_is_waited_for() -> None:
    for made in (broadcast(kept=3), broadcast(most_bytes=35)):
        put(made, *range(1, 9), keys=(1,), size=10)
        watcher = Watcher(made)
        assert await taken(watcher) == []
        assert watcher.has_to_begin
        put(made, 9, keys=(9,), size=10)
        assert await taken(watcher) == [9]
        assert not watcher.has_to_begin


async def test_what_was_let_go_of_makes_room() -> None:
    made = broadcast(most_bytes=35)
    put(made, *range(1, 9), keys=(1, 6), size=10)
    assert await taken(Watcher(made)) == [6, 7, 8]
    made.clear("a gap")
    put(made, *range(9, 12), keys=(9,), size=10)
    assert await taken(Watcher(made)) == [9, 10, 11]


async def test_one_picture_is_kept_however_large() -> None:
    made = broadcast(most_bytes=5)
    put(made, 1, keys=(1,), size=10)
    assert await taken(Watcher(made)) == [1]


async def test_a_browser_that_shows_nothing_is_given_so_many() -> None:
    made = broadcast()
    watcher = Watcher(made)
    put(made, *range(1, 7), keys=(1,))
    seen = [
        opened(news)[0]["seq"] for _ in range(3) if isinstance(news := await watcher.next(), list)
    ]
    assert seen == [1, 2, 3]
    assert await news_of(watcher) == ""
    watcher.shown(2)
    assert await taken(watcher) == [4, 5, 6]


async def test_one_that_falls_behind_goes_on_with_a_key_frame() -> None:
    made = broadcast(kept=4)
    watcher = Watcher(made)
    put(made, 1, keys=(1,))
    assert await taken(watcher) == [1]
    put(made, 2, 3, 4, 5)  # no more are kept
    assert await taken(watcher) == [2, 3, 4, 5]
    put(made, 6, 7, 8, 9, 10)
    assert await taken(watcher) == ["too slow"]
    put(made, 11)
    assert await news_of(watcher) == ""  # it was told
    put(made, 12, 13, keys=(12,))
    news = await watcher.next()
    assert isinstance(news, list)
    assert opened(news)[0] == {"seq": 12, "key": True, "skipped": 6}
    assert await taken(watcher) == [13]


async def test_one_that_is_a_little_behind_passes_over_to_a_new_key_frame() -> None:
    made = broadcast()
    watcher = Watcher(made)
    put(made, 1, 2, keys=(1,))
    assert await taken(watcher) == [1, 2]
    put(made, 3, 4, 5, 6, keys=(5,))
    assert await taken(watcher) == [5, 6]


async def test_behind_a_gap_nothing_of_before_is_given_and_it_is_told_why() -> None:
    made = broadcast()
    put(made, 1, 2, keys=(1,))
    seen, begins = Watcher(made), Watcher(made)
    assert await taken(seen) == [1, 2]
    made.clear("a gap")
    assert await taken(seen) == ["a gap"]
    assert await taken(begins) == ["a gap"]
    put(made, 5, 6, keys=(5,))
    assert await taken(seen) == [5, 6]
    assert await taken(begins) == [5, 6]
    made.clear("a gap")
    assert await taken(seen) == ["a gap"]
    put(made, 7, keys=(7,))
    assert isinstance(await seen.next(), list)
    made.clear("a gap")  # the same again
    assert await news_of(seen) == "a gap"


async def test_behind_a_gap_what_builds_on_what_is_lost_is_not_given() -> None:
    made = broadcast()
    seen, begins = Watcher(made), Watcher(made)
    put(made, 1, keys=(1,))
    assert await taken(seen) == [1]
    made.clear("a gap")
    put(made, 2)
    assert await taken(seen) == ["a gap"]
    assert await taken(begins) == ["a gap"]
    put(made, 3, keys=(3,))
    assert await taken(seen) == [3]
    assert await taken(begins) == [3]


async def test_a_tighter_limit_holds_at_once() -> None:
    made = broadcast(most_bytes=100)
    behind = Watcher(made)
    put(made, 1, 2, 3, keys=(1, 3), size=30)
    made.limit(30)
    assert await taken(behind) == [3]
    put(made, 4, size=30)
    assert await taken(Watcher(made)) == []


@pytest.mark.parametrize(
    ("happens", "news"),
    [
        (lambda made, watcher: put(made, 9, keys=(9,)), list),
        (lambda made, watcher: made.clear("a gap"), str),
        (lambda made, watcher: watcher.close(), type(None)),
        (lambda made, watcher: made.close("it failed"), type(None)),
    ],
)
async def test_who_waits_is_woken(
    happens: Callable[[Broadcast, Watcher], None], news: type
) -> None:
    made = broadcast()
    watcher = Watcher(made)
    waiting = asyncio.create_task(watcher.next())
    await asyncio.sleep(0)
    await asyncio.to_thread(happens, made, watcher)
    assert isinstance(await asyncio.wait_for(waiting, PATIENCE), news)


async def test_who_could_take_no_more_is_woken_when_it_has_shown_some() -> None:
    made = broadcast(unshown=1)
    watcher = Watcher(made)
    put(made, 1, 2, keys=(1,))
    await watcher.next()
    waiting = asyncio.create_task(watcher.next())
    await asyncio.sleep(0)
    watcher.shown(1)
    assert isinstance(await asyncio.wait_for(waiting, PATIENCE), list)


async def test_all_ends() -> None:
    made = broadcast()
    put(made, 1, keys=(1,))
    one, other = Watcher(made), Watcher(made)
    one.close()
    assert await taken(one) == [None]
    assert one.why == ""
    made.close("it failed")
    assert await taken(other) == [None]
    assert other.why == "it failed"
