from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from igtl.codec.buffers import Buffer
from igtl.viewer.broadcast import Broadcasts, Watcher
from igtl.viewer.pictures import Pictures, PictureStream
from tests.viewer.sent import Log, Rows, frame_of, opened
from tests.viewer.test_encoding import psnr
from tests.viewer.test_h264 import Browser, moving

PATIENCE = 10.0


class Source:
    """A device that sends pictures, and the broadcasts of them."""

    def __init__(self) -> None:
        self.broadcasts = Broadcasts()
        self._pictures, self._rows = Pictures(Log()), Rows()

    def send(self, pixels: NDArray[Any]) -> PictureStream:
        frame = frame_of(igtl.Image(pixels, device_name="US"))
        row = self._rows.of(frame)
        self._pictures.take(row, frame, 1.0)
        stream = self._pictures.of(row.id)
        assert stream is not None
        return stream


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.broadcasts.close()


async def got(watcher: Watcher) -> tuple[dict[str, Any], bytes]:
    envelope = await asyncio.wait_for(watcher.next(), PATIENCE)
    assert envelope is not None
    return opened(envelope)


def grey(value: int) -> NDArray[np.uint8]:
    return np.full((32, 32), value, np.uint8)


async def test_what_is_watched_is_what_was_sent(source: Source) -> None:
    browser, watcher = Browser(), None
    for number, sent in enumerate(moving(5, (120, 161)), 1):
        stream = source.send(sent)
        watcher = watcher or source.broadcasts.watch(stream)
        head, data = await got(watcher)
        watcher.shown(head["seq"])
        assert (head["seq"], head["key"], "codec" in head) == (number, number == 1, number == 1)
        assert (head["width"], head["height"], head["components"]) == (161, 120, 3)
        assert (head["format"], head["skipped"]) == ("h264", 0)
        assert psnr(browser.show(data, (120, 161)), sent) > 30


async def test_all_watch_the_same_bytes(source: Source) -> None:
    stream = source.send(grey(1))
    watchers = [source.broadcasts.watch(stream) for _ in range(3)]
    for one in watchers:
        head, _ = await got(one)
        assert head["key"]
        one.shown(head["seq"])
    source.send(grey(2))
    packets = [await packet(one, 2) for one in watchers]
    assert packets[0] is packets[1] is packets[2]


async def packet(watcher: Watcher, seq: int) -> Buffer:
    """That of one picture, as it is handed on; those before it are shown."""
    while True:
        envelope = await asyncio.wait_for(watcher.next(), PATIENCE)
        assert envelope is not None
        head, _ = opened(envelope)
        watcher.shown(head["seq"])
        if head["seq"] == seq:
            return envelope[1]


async def test_one_who_does_not_show_gets_three_and_then_a_key_frame(source: Source) -> None:
    stream = source.send(grey(0))
    slow, fast = source.broadcasts.watch(stream), source.broadcasts.watch(stream)
    seen: list[int] = []
    for value in range(1, 20):
        head, _ = await got(fast)
        fast.shown(head["seq"])
        seen.append(head["seq"])
        source.send(grey(value))
    heads = [(await got(slow))[0] for _ in range(3)]
    waiting = asyncio.ensure_future(slow.next())
    third = source.broadcasts.watch(stream)  # for which a key frame is made now
    await got(third)
    assert not waiting.done()
    assert heads[0]["key"]
    slow.shown(heads[-1]["seq"])
    source.send(grey(99))  # which builds on pictures that it does not have
    envelope = await asyncio.wait_for(waiting, PATIENCE)
    assert envelope is not None
    head, data = opened(envelope)
    assert head["key"]
    assert head["skipped"] == head["seq"] - heads[-1]["seq"] - 1 > 10
    assert abs(int(Browser().show(data, (32, 32))[5, 5, 0]) - 99) <= 2


async def test_key_frames_are_not_made_more_often_than_twice_a_second(source: Source) -> None:
    loop = asyncio.get_running_loop()
    stream, begun = source.send(grey(0)), loop.time()
    keys = 0
    for _ in range(4):
        watcher = source.broadcasts.watch(stream)
        head, _ = await got(watcher)
        keys += head["key"]
    assert keys == 4
    assert loop.time() - begun >= 1.5


async def test_one_who_joins_a_still_picture_sees_it(source: Source) -> None:
    stream = source.send(grey(77))
    first = source.broadcasts.watch(stream)
    head, _ = await got(first)
    first.shown(head["seq"])
    second = source.broadcasts.watch(stream)
    head, data = await got(second)
    assert (head["seq"], head["key"]) == (1, True)
    assert abs(int(Browser().show(data, (32, 32))[5, 5, 0]) - 77) <= 2


async def test_pictures_that_came_meanwhile_are_counted(source: Source) -> None:
    stream = source.send(grey(0))
    watcher = source.broadcasts.watch(stream)
    await got(watcher)
    for value in range(50):
        source.send(np.full((1080, 1920), value, np.uint8))
    last, skipped = 1, 0
    while last < 51:
        head, _ = await got(watcher)
        assert head["seq"] == last + head["skipped"] + 1
        last, skipped = head["seq"], skipped + head["skipped"]
        watcher.shown(last)
    assert skipped > 0


async def test_another_size_is_announced(source: Source) -> None:
    watcher = source.broadcasts.watch(source.send(grey(0)))
    first, _ = await got(watcher)
    source.send(np.zeros((1080, 1920, 3), np.uint8))
    second, _ = await got(watcher)
    assert second["key"]
    assert (second["width"], second["height"], second["components"]) == (1920, 1080, 3)
    assert second["codec"] != first["codec"]


async def test_16_bits_are_shown_by_a_range_that_only_grows(source: Source) -> None:
    def picture(low: int, high: int) -> NDArray[np.uint16]:
        return np.repeat([[low, 2000, high]], 32, 0).repeat(32, 1).astype(np.uint16)

    browser, watcher = Browser(), None
    for low, high, expected in ((1000, 3000, [1000, 3000]), (1500, 2500, [1000, 3000]),
                                (0, 4000, [0, 4000])):  # fmt: skip
        stream = source.send(picture(low, high))
        watcher = watcher or source.broadcasts.watch(stream)
        head, data = await got(watcher)
        watcher.shown(head["seq"])
        assert (head["range"], head["dtype"]) == (expected, "uint16")
        values = browser.show(data, (32, 96))[16, [16, 48, 80], 0] / 255
        found = head["range"][0] + values * (head["range"][1] - head["range"][0])
        np.testing.assert_allclose(found, [low, 2000, high], atol=60)


async def test_the_middle_of_a_volume_is_watched(source: Source) -> None:
    volume = np.stack([grey(value) for value in (10, 120, 240)])
    head, data = await got(source.broadcasts.watch(source.send(volume)))
    assert head["volume"] == {"size": [32, 32, 3], "axis": "k", "slice": 1}
    assert abs(int(Browser().show(data, (32, 32))[5, 5, 0]) - 120) <= 2


async def test_video_is_watched_too(source: Source) -> None:
    log, rows = Log(), Rows()
    pictures = Pictures(log)
    with igtl.video.Encoder("H264", key_interval=1) as encoder:
        frame = frame_of(encoder.encode(igtl.Image(grey(90), device_name="Cam")))
    row = rows.of(frame)
    pictures.take(row, frame, 1.0)
    stream = pictures.of(row.id)
    assert stream is not None
    stream.want(PATIENCE)
    watcher = source.broadcasts.watch(stream)
    pictures.take(row, frame, 1.0)
    head, data = await got(watcher)
    assert (head["device"], head["components"]) == ("Cam", 1)
    assert abs(int(Browser().show(data, (32, 32))[5, 5, 0]) - 90) <= 3
    pictures.close()


async def test_nothing_is_encoded_when_nobody_watches(source: Source) -> None:
    stream = source.send(grey(0))
    watcher = source.broadcasts.watch(stream)
    await got(watcher)
    thread = watcher._broadcast._thread
    assert thread is not None
    watcher.close()
    await asyncio.to_thread(thread.join, PATIENCE)
    assert not thread.is_alive()
    assert await watcher.next() is None
    assert not stream.bell.is_awaited
    again = source.broadcasts.watch(stream)
    assert (await got(again))[0]["key"]


async def test_what_cannot_be_encoded_is_said(source: Source) -> None:
    stream = source.send(np.zeros((2, 17000), np.uint8))
    watcher = source.broadcasts.watch(stream)
    assert await asyncio.wait_for(watcher.next(), PATIENCE) is None
    assert "17000 x 2" in watcher.why
    source.send(grey(0))
    assert (await got(source.broadcasts.watch(stream)))[0]["key"]


async def test_closing_ends_it_for_all(source: Source) -> None:
    stream = source.send(grey(0))
    watchers = [source.broadcasts.watch(stream) for _ in range(2)]
    thread = watchers[0]._broadcast._thread
    source.broadcasts.close()
    for one in watchers:
        assert await asyncio.wait_for(one.next(), PATIENCE) is None
        assert one.why
    assert thread is not None
    assert not thread.is_alive()
