"""What our encoder makes, as another decoder sees it, and who watches it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from igtl.codec.buffers import Buffer
from igtl.errors import MessageError
from igtl.video.bitstream import codec_string
from igtl.viewer.broadcast import Watcher
from igtl.viewer.h264 import Broadcasts, encoder
from igtl.viewer.picture_stream import PictureStream
from tests.viewer.sent import Device, frame_of, opened
from tests.viewer.test_encoding import psnr, scene

Pixels = NDArray[np.uint8]
PATIENCE = 10.0


class Browser:
    """A decoder that begins with the first packet that it is given."""

    def __init__(self) -> None:
        self._context: Any = av.CodecContext.create("h264", "r")
        self._context.flags |= av.codec.context.Flags.low_delay
        self.frame: Any = None

    def show(self, data: bytes, size: tuple[int, int]) -> Pixels:
        """(row, column, 3): the picture of a packet, which needs no other one to come out."""
        (self.frame,) = self._context.decode(av.Packet(data))
        rgb: Pixels = self.frame.to_ndarray(format="rgb24")
        return rgb[: size[0], : size[1]]


def moving(count: int, size: tuple[int, int]) -> list[Pixels]:
    wide = scene(size[0], size[1] + 4 * count)
    return [wide[:, 4 * number : 4 * number + size[1]] for number in range(count)]


@pytest.mark.parametrize("size", [(480, 640), (481, 641), (33, 17), (16, 16)])
def test_every_packet_is_a_picture_at_once(size: tuple[int, int]) -> None:
    browser = Browser()
    with encoder() as made:
        for number, sent in enumerate(moving(6, size)):
            data, is_key = made.compress(sent)
            assert is_key == (number == 0)
            assert psnr(browser.show(data, size), sent) > 30


def test_grey_is_grey_from_black_to_white() -> None:
    sent = np.repeat(np.arange(256, dtype=np.uint8), 4)[np.newaxis].repeat(64, axis=0)
    with encoder() as made:
        data, _ = made.compress(sent)
    found = Browser().show(data, sent.shape)
    assert np.abs(found.astype(int) - sent[..., np.newaxis]).max() <= 4


@pytest.mark.parametrize(("shape", "colour_range"), [((32, 32, 3), 1), ((32, 32), 2)])
def test_the_stream_says_what_its_colours_are(shape: tuple[int, ...], colour_range: int) -> None:
    """All four, or browsers take it for BT.709 of 16 to 235 (seen in Chromium)."""
    browser = Browser()
    with encoder() as made:
        browser.show(made.compress(np.zeros(shape, np.uint8))[0], (32, 32))
    said = browser.frame
    found = said.colorspace, said.color_primaries, said.color_trc, said.color_range
    assert tuple(map(int, found)) == (6, 1, 13, colour_range)


def test_a_key_frame_is_made_when_asked_for_and_one_can_begin_with_it() -> None:
    pictures = moving(6, (64, 64))
    with encoder() as made:
        packets = [made.compress(one) for one in pictures[:3]]
        made.request_key()
        packets += [made.compress(one) for one in pictures[3:]]
    assert [is_key for _, is_key in packets] == [True, False, False, True, False, False]
    late = Browser()
    for sent, (data, _) in zip(pictures[3:], packets[3:], strict=True):
        assert psnr(late.show(data, (64, 64)), sent) > 30


def test_another_size_or_colour_begins_anew() -> None:
    with encoder() as made:
        kinds = [(32, 32, 3), (32, 32, 3), (64, 32, 3), (64, 32)]
        keys = [made.compress(np.zeros(kind, np.uint8))[1] for kind in kinds]
    assert keys == [True, False, True, True]


@pytest.mark.parametrize(
    ("size", "expected"), [((480, 640), "avc1.42C01F"), ((1080, 1920), "avc1.42C02A")]
)
def test_the_codec_has_its_name_from_the_stream(size: tuple[int, int], expected: str) -> None:
    with encoder() as made:
        data, _ = made.compress(np.zeros(size, np.uint8))
        assert codec_string("H264", data, 1) == expected  # constrained baseline, levels 3.1 and 4.2


@pytest.mark.parametrize("size", [(2, 17_000), (40_000, 40_000)])
def test_what_is_too_large_is_refused_and_the_encoder_goes_on(size: tuple[int, int]) -> None:
    with encoder() as made:
        with pytest.raises(MessageError, match=f"{size[1]} x {size[0]} pixels: .* cannot encode"):
            made.compress(np.zeros(size, np.uint8))  # pages of zeros that nobody reads take no room
        assert made.compress(np.zeros((2, 2), np.uint8))[1]


# ---- watched


class Source:
    """A device that sends pictures, and the broadcasts of them."""

    def __init__(self) -> None:
        self.broadcasts, self._device = Broadcasts(), Device()

    def send(self, pixels: NDArray[Any]) -> PictureStream:
        return self._device.send(igtl.Image(pixels, device_name="US"))


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.broadcasts.close()


async def got(watcher: Watcher) -> tuple[dict[str, Any], bytes]:
    return opened(await envelope(watcher))


async def envelope(watcher: Watcher) -> list[Buffer]:
    found = await asyncio.wait_for(watcher.next(), PATIENCE)
    assert isinstance(found, list)
    return found


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
        pieces = await envelope(watcher)
        head, _ = opened(pieces)
        watcher.shown(head["seq"])
        if head["seq"] == seq:
            return pieces[1]


async def test_one_who_does_not_show_gets_three_and_then_a_key_frame(source: Source) -> None:
    stream = source.send(grey(0))
    slow, fast = source.broadcasts.watch(stream), source.broadcasts.watch(stream)
    heads = []
    for value in range(1, 20):
        await got_shown(fast)
        if value <= 3:
            heads.append((await got(slow))[0])
        source.send(grey(value))
    waiting = asyncio.ensure_future(slow.next())
    third = source.broadcasts.watch(stream)  # for which a key frame is made now
    await got(third)
    assert not waiting.done()
    assert heads[0]["key"]
    slow.shown(heads[-1]["seq"])
    source.send(grey(99))
    found = await asyncio.wait_for(waiting, PATIENCE)
    assert isinstance(found, list)
    head, data = opened(found)
    assert head["key"]
    assert head["skipped"] == head["seq"] - heads[-1]["seq"] - 1 > 10
    browser = Browser()
    shown = browser.show(data, (32, 32))
    if head["seq"] == 20:  # that of the third, on which the next one builds
        shown = browser.show((await got(slow))[1], (32, 32))
    assert abs(int(shown[5, 5, 0]) - 99) <= 2


async def test_key_frames_are_not_made_more_often_than_twice_a_second(source: Source) -> None:
    loop = asyncio.get_running_loop()
    stream, begun = source.send(grey(0)), loop.time()
    first, keys = source.broadcasts.watch(stream), 0
    for value in range(4):
        head, _ = await got(source.broadcasts.watch(stream))
        keys += head["key"]
        for number in range(4):  # so that the key frame is not kept any more
            stream = source.send(grey(10 * value + number))
            while (await got_shown(first)) < stream.seq:
                pass
    assert keys == 4
    assert loop.time() - begun >= 1.5


async def got_shown(watcher: Watcher) -> int:
    """The number of the next picture, which is shown."""
    head, _ = await got(watcher)
    watcher.shown(head["seq"])
    return int(head["seq"])


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
    device = Device()
    with igtl.video.Encoder("H264", key_interval=1) as encoder:
        frame = frame_of(encoder.encode(igtl.Image(grey(90), device_name="Cam")))
    stream = device.send(frame)
    stream.want(PATIENCE)
    watcher = source.broadcasts.watch(stream)
    device.send(frame)
    head, data = await got(watcher)
    assert (head["device"], head["components"]) == ("Cam", 1)
    assert abs(int(Browser().show(data, (32, 32))[5, 5, 0]) - 90) <= 3
    device.pictures.close()


async def test_nothing_is_encoded_when_nobody_watches(source: Source) -> None:
    stream = source.send(grey(0))
    watcher = source.broadcasts.watch(stream)
    await got(watcher)
    thread = source.broadcasts._of[stream]._thread
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
    thread = source.broadcasts._of[stream]._thread
    source.broadcasts.close()
    for one in watchers:
        assert await asyncio.wait_for(one.next(), PATIENCE) is None
        assert one.why
    assert thread is not None
    assert not thread.is_alive()
