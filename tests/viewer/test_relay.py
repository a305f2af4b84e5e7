"""What a sender encoded comes out as it went in, from key frame to key frame."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.codec.frame import Frame
from igtl.viewer.envelope import pack
from igtl.viewer.pictures import Pictures
from igtl.viewer.relay import Relay
from igtl.viewer.video_stream import VideoStream
from tests.video.pictures import COMPRESSED, coloured, grey, image_of
from tests.viewer.sent import Log, Rows, frame_of, opened, spoilt
from tests.viewer.test_broadcast import PATIENCE, news_of

ALL = frozenset(("avc1", "vp09", "av01"))
NAMES = {"H264": "avc1.42C00A", "VP90": "vp09.00.10.08", "AV10": "av01.0.00M.08"}

passed_on = pytest.mark.parametrize("codec", NAMES)


def videos(codec: str, count: int, key_interval: int = 30) -> list[igtl.Video]:
    with igtl.video.Encoder(codec, key_interval=key_interval) as encoder:
        return [encoder.encode(image_of(grey(n), timestamp=n + 1.0)) for n in range(count)]


class Sender:
    """A device that sends video, and its row."""

    def __init__(self) -> None:
        self.log, self._rows = Log(), Rows()
        self.pictures = Pictures(self.log)

    def send(self, *messages: igtl.Message | Frame) -> Relay:
        """The next messages; what browsers watch."""
        for message in messages:
            frame = message if isinstance(message, Frame) else frame_of(message)
            self.row = self._rows.of(frame, 7.0)
            self.pictures.take(self.row, frame, 7.0)
        stream = self.pictures.of(self.row.id)
        assert isinstance(stream, VideoStream)
        assert stream._thread is None  # nothing is decoded
        return stream.relay


@pytest.fixture
def sender() -> Iterator[Sender]:
    made = Sender()
    yield made
    made.pictures.close()


class Browser:
    """Shows all at once."""

    def __init__(self, relay: Relay, codecs: frozenset[str] = ALL) -> None:
        self.watcher = relay.watch(codecs)
        self.heads: list[dict[str, Any]] = []
        self.notes: list[str] = []

    async def took(self) -> list[bytes]:
        """The frames that came by now."""
        found = []
        while (news := await news_of(self.watcher)) != "" and news is not None:
            if isinstance(news, str):
                self.notes.append(news)
                continue
            head, data = opened(news)
            self.heads.append(head)
            self.watcher.shown(head["seq"])
            found.append(data)
        return found


def bytes_of(videos: list[igtl.Video]) -> list[bytes]:
    return [bytes(video.data) for video in videos]


@passed_on
async def test_the_bytes_that_come_out_are_those_that_went_in(sender: Sender, codec: str) -> None:
    sent = videos(codec, 8, key_interval=5)
    browser = Browser(sender.send(sent[0]))
    assert await browser.took() == bytes_of(sent[:1])
    for video in sent[1:]:
        sender.send(video)
        assert await browser.took() == bytes_of([video])
    assert [head["key"] for head in browser.heads] == [n in (0, 5) for n in range(8)]
    assert {(head["components"], head["dtype"]) for head in browser.heads} == {(1, "uint8")}
    assert [head.get("codec") for head in browser.heads if head["key"]] == [NAMES[codec]] * 2


@pytest.mark.parametrize("coordinates", ["RAS", "LPS"])
async def test_the_head_says_what_a_decoded_picture_says(sender: Sender, coordinates: str) -> None:
    matrix = np.array([[0, 2, 0, 10], [3, 0, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1.0]])
    place = {"ijk_to_world": matrix, "coordinates": coordinates}
    image = image_of(coloured(0, 97, 65), timestamp=5.0, **place)
    with igtl.video.Encoder("H264") as encoder:
        video = encoder.encode(image)
    browser = Browser(sender.send(video))
    await browser.took()
    still = Pictures(sender.log)
    row = Rows().of(frame_of(image), 7.0)
    still.take(row, frame_of(image), 7.0)
    stream = still.of(row.id)
    assert stream is not None
    picture = stream.newest()
    assert picture is not None
    expected = opened(pack(picture.slice().head()))[0]
    more = {"format": "sent", "key": True, "codec": "avc1.42C00A"}
    assert browser.heads == [expected | more]


async def test_who_joins_in_the_middle_is_given_all_since_the_key_frame(sender: Sender) -> None:
    sent = videos("H264", 12, key_interval=5)
    browser = Browser(sender.send(*sent))
    assert await browser.took() == bytes_of(sent[10:])
    assert [head["seq"] for head in browser.heads] == [11, 12]


async def test_what_is_kept_has_an_end(sender: Sender) -> None:
    sent = videos("H264", 130, key_interval=125)
    relay = sender.send(*sent[:110])
    assert await Browser(relay).took() == bytes_of(sent[:110])
    sender.send(*sent[110:124])
    late = Browser(relay)
    assert await late.took() == []
    sender.send(*sent[124:])
    assert await late.took() == bytes_of(sent[125:])


async def test_a_browser_may_hold_back_so_many(sender: Sender) -> None:
    watcher = sender.send(*videos("H264", 25)).watch(ALL)
    seen = 0
    while isinstance(await news_of(watcher), list):
        seen += 1
    assert seen == 20  # H.264 may want 16 to bring them into order


async def test_the_more_devices_the_less_is_kept_of_each(sender: Sender) -> None:
    padding = bytes(7 << 20)
    sent = [
        video.replace(data=bytes(video.data) + padding, device_name="First")
        for video in videos("H264", 2)
    ]
    relay = sender.send(*sent)
    assert await Browser(relay).took() == bytes_of(sent)
    (small,) = videos("H264", 1)
    sender.send(*(small.replace(device_name=f"Other{n}") for n in range(15)))
    assert await Browser(relay).took() == bytes_of(sent)
    sender.send(*(small.replace(device_name=f"Another{n}") for n in range(15)))
    assert await Browser(relay).took() == []


async def test_before_the_first_key_frame_nothing_comes(sender: Sender) -> None:
    sent = videos("H264", 8, key_interval=5)
    browser = Browser(sender.send(*sent[2:4]))
    assert await browser.took() == []
    assert browser.notes == ["no key frame has come yet"]
    sender.send(*sent[4:])
    assert await browser.took() == bytes_of(sent[5:])


async def test_behind_a_gap_the_next_key_frame_comes_and_it_is_told(sender: Sender) -> None:
    sent = videos("H264", 12, key_interval=5)
    browser = Browser(sender.send(*sent[:3]))
    assert await browser.took() == bytes_of(sent[:3])
    sender.send(sent[4])
    assert await browser.took() == []
    assert browser.notes == ["frame 5 came after 3; waiting for a key frame"]
    sender.send(*sent[5:7])
    assert await browser.took() == bytes_of(sent[5:7])
    assert [head["skipped"] for head in browser.heads] == [0, 0, 0, 1, 0]


async def test_behind_a_dropped_key_frame_the_one_after_it_comes(sender: Sender) -> None:
    sent = videos("VP90", 12, key_interval=5)
    browser = Browser(sender.send(*sent[:5], *sent[6:]))
    assert await browser.took() == bytes_of(sent[10:])


async def test_a_damaged_message_is_a_gap(sender: Sender) -> None:
    sent = [video.replace(metadata={}) for video in videos("H264", 8, key_interval=5)]
    browser = Browser(sender.send(*sent[:3]))
    await browser.took()
    sender.send(spoilt(frame_of(sent[3])), sent[4])
    assert await browser.took() == []
    assert "checksum" in browser.notes[0]
    assert browser.notes[0].endswith("; waiting for a key frame")
    assert len(sender.log.errors) == 1
    sender.send(*sent[5:])
    assert await browser.took() == bytes_of(sent[5:])


async def test_another_size_and_another_codec_begin_anew(sender: Sender) -> None:
    small, other = videos("H264", 3), videos("VP90", 3)
    with igtl.video.Encoder("H264") as encoder:
        large = [encoder.encode(image_of(grey(n, 640, 480))) for n in range(3)]
    browser = Browser(sender.send(*small))
    await browser.took()
    sender.send(*large)
    assert await browser.took() == bytes_of(large)
    assert (browser.heads[-1]["width"], browser.heads[-1]["height"]) == (640, 480)
    sender.send(*other)
    assert await browser.took() == bytes_of(other)
    assert [head["codec"] for head in browser.heads if head["key"]] == [
        *("avc1.42C00A", "avc1.42C01E", "vp09.00.10.08")
    ]


@pytest.mark.parametrize("codec", [*COMPRESSED, "I420"])
async def test_a_browser_that_does_not_decode_it_is_told(sender: Sender, codec: str) -> None:
    for codecs in (ALL - {NAMES.get(codec, "")[:4]}, frozenset(("avc1",))):
        relay = sender.send(*videos(codec, 2))
        watcher = relay.watch(codecs)
        if codec == "H264" and "avc1" in codecs:
            continue
        assert await watcher.next() is None
        assert watcher.why == f"this browser does not decode the sender's {codec}"


async def test_a_browser_is_told_of_a_kind_of_codec_that_has_no_name(sender: Sender) -> None:
    (key,) = videos("VP90", 1)
    deep = key.replace(data=bytes([key.data[0] | 0x10]) + bytes(key.data[1:]))  # of 10 bits
    browser = Browser(sender.send(key))
    assert len(await browser.took()) == 1
    sender.send(deep)
    assert await browser.watcher.next() is None
    assert browser.watcher.why == "this browser does not decode the sender's VP90"
    assert await Browser(sender.send(key)).took() == bytes_of([key])


async def test_nobody_is_refused_before_it_is_known_what_comes(sender: Sender) -> None:
    (good,) = videos("H264", 1)
    browser = Browser(sender.send(spoilt(frame_of(good))))
    assert await browser.took() == []
    assert "checksum" in browser.notes[0]
    sender.send(good)
    assert await browser.took() == bytes_of([good])


async def test_one_who_watches_is_told_when_the_sender_changes_to_such_a_codec(
    sender: Sender,
) -> None:
    sent = [video.replace(metadata={}) for video in videos("H264", 3)]
    browser = Browser(sender.send(*sent[:2]))
    assert len(await browser.took()) == 2
    waiting = asyncio.create_task(browser.watcher.next())
    await asyncio.sleep(0)
    sender.send(*videos("X265", 2))
    assert await asyncio.wait_for(waiting, PATIENCE) is None
    assert "X265" in browser.watcher.why
    assert await Browser(sender.send(sent[2])).took() == []
    again = videos("H264", 2)
    assert await Browser(sender.send(*again)).took() == bytes_of(again)


async def test_a_jump_is_a_gap(sender: Sender) -> None:
    sent = [video.replace(metadata={}) for video in videos("H264", 12, key_interval=5)]
    browser = Browser(sender.send(*sent[:8]))
    await browser.took()
    sender.pictures.lost("the recording goes on elsewhere", [sender.row])
    sender.send(*sent[2:7])
    assert await browser.took() == bytes_of(sent[5:7])


async def test_frames_that_are_no_pictures_are_not_passed_on(sender: Sender) -> None:
    (good,) = videos("H264", 1)
    browser = Browser(sender.send(good.replace(size=(96, 64, 2)), good.replace(size=(96, 0, 1))))
    assert await browser.took() == []
    assert "96 x 64 x 2 pixels is no picture" in browser.notes[0] or "96 x 0" in browser.notes[0]
    bare = bytes(good.data)[bytes(good.data).index(b"\0\0\1\x65") :]  # without parameter sets
    sender.send(good.replace(data=bare))
    assert await browser.took() == []
    assert browser.watcher.why == ""  # a later key frame may say more
    sender.send(good)
    assert await browser.took() == bytes_of([good])


async def test_what_is_forgotten_is_not_given_to_who_joins(sender: Sender) -> None:
    sent = videos("H264", 12, key_interval=5)
    relay = sender.send(*sent[:8])
    sender.row.forget()
    browser = Browser(relay)
    assert await browser.took() == []
    sender.send(*sent[8:])
    assert await browser.took() == bytes_of(sent[10:])
